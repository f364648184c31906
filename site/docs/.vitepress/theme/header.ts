/** The header of every page of the site, with the search. */
import { useData, withBase } from 'vitepress';
import { VPNavBarSearch } from 'vitepress/theme-without-fonts';
import { defineComponent, h, onMounted, ref } from 'vue';
import type { Theme } from '../../../src/shell/theme.ts';

const routes = [
  ['Story', '/'],
  ['Canvas', '/canvas/'],
  ['Lab', '/lab/'],
  ['Check', '/verify/'],
  ['Benchmark', '/bench/'],
  ['Volunteer', '/volunteer/'],
  ['Docs', '/docs/'],
] as const;

/** The button that chooses the theme. The module of the choice reads the page, so it is loaded in a browser only. */
const ThemeButton = defineComponent(() => {
  const theme = ref<Theme>('light');
  let choose: (next: Theme) => void = () => {};
  onMounted(async () => {
    const shared = await import('../../../src/shell/theme.ts');
    choose = shared.chooseTheme;
    shared.theme.subscribe((now) => {
      theme.value = now;
      document.documentElement.classList.toggle('dark', now === 'dark');
    });
  });
  return () => {
    const next = theme.value === 'dark' ? 'light' : 'dark';
    return h(
      'button',
      { type: 'button', class: 'act', onClick: () => choose(next) },
      next === 'dark' ? 'Dark' : 'Light',
    );
  };
});

export default defineComponent(() => {
  const { frontmatter } = useData();
  // target keeps the router of the documentation off the other pages.
  const link = ([name, path]: (typeof routes)[number]) =>
    h('a', { href: withBase(path), ...(name === 'Docs' ? { 'aria-current': 'page' } : { target: '_self' }) }, name);
  return () =>
    h('header', { class: 'VPNav bar', 'data-layout': frontmatter.value.layout }, [
      h('a', { class: 'name', href: withBase('/'), target: '_self' }, 'unbraid'),
      h(VPNavBarSearch),
      h('nav', { 'aria-label': 'Pages' }, routes.map(link)),
      h(ThemeButton),
    ]);
});
