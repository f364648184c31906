/** Light or dark: the visitor's choice, or else that of the system. */
import { signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const key = 'unbraid-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme | null {
  try {
    const value = localStorage.getItem(key);
    return value === 'light' || value === 'dark' ? value : null;
  } catch {
    // A page without storage keeps the theme of the system.
    return null;
  }
}

export const theme = signal<Theme>(stored() ?? (system.matches ? 'dark' : 'light'));

function show(next: Theme): void {
  document.documentElement.dataset.theme = next;
  theme.value = next;
}

export function chooseTheme(next: Theme): void {
  show(next);
  try {
    localStorage.setItem(key, next);
  } catch {
    // The choice then lasts for this page alone.
  }
}

show(theme.value);
system.addEventListener('change', () => {
  if (stored() === null) show(system.matches ? 'dark' : 'light');
});
