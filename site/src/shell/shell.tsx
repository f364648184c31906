/** The frame of every page: navigation, theme, content and footer. */
import { type ComponentChildren, render } from 'preact';
import './base.css';
import './isolate.ts';
import { chooseTheme, theme } from './theme.ts';

const routes = [
  ['Story', './'],
  ['Canvas', './canvas/'],
  ['Lab', './lab/'],
  ['Check', './verify/'],
  ['Benchmark', './bench/'],
  ['Volunteer', './volunteer/'],
  ['Docs', './docs/'],
] as const;

export type Route = (typeof routes)[number][0];

function ThemeButton() {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" class="act" onClick={() => chooseTheme(next)}>
      {next === 'dark' ? 'Dark' : 'Light'}
    </button>
  );
}

interface ShellProps {
  readonly route: Route;
  readonly children: ComponentChildren;
}

function Shell({ route, children }: ShellProps) {
  const up = route === 'Story' ? '' : '../';
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="bar">
        <a class="name" href={`${up}./`}>
          unbraid
        </a>
        <nav aria-label="Pages">
          {routes.map(([name, path]) => (
            <a key={name} href={up + path} aria-current={name === route ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <main id="content">{children}</main>
      <footer>
        <p>
          Everything on this page is computed in your browser by unbraid's WebAssembly kernels.{' '}
          {route === 'Volunteer'
            ? 'Results are sent to the gateway that you name, and to no other address.'
            : 'Nothing is sent anywhere.'}
        </p>
      </footer>
    </>
  );
}

/** Shows a page. */
export function showPage(route: Route, content: ComponentChildren): void {
  const root = document.getElementById('page');
  if (root) render(<Shell route={route}>{content}</Shell>, root);
}
