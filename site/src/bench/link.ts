/** A result as text for the fragment of a link: `Chromium 140, 2 cores|peak=0.21~1.05;...`. */
import type { Machine } from './machines.ts';
import { allTasks } from './tasks.ts';

const key = '#result=';
const longest = 4000;
const longestName = 80;
const known: ReadonlySet<string> = new Set(allTasks.map(({ id }) => id));

export function fragmentOf({ name, ms, noise }: Machine): string {
  const parts = Object.entries(ms).map(([id, value]) => `${id}=${value.toPrecision(4)}~${(noise[id] ?? 1).toFixed(3)}`);
  return key + encodeURIComponent(`${name.replaceAll('|', ' ')}|${parts.join(';')}`);
}

const isPositive = (value: number): boolean => value > 0 && value < 1e9;

/** The result of a fragment; null if it holds none or a damaged one. Its name is shown as text. */
export function machineOfFragment(fragment: string): Machine | null {
  if (!fragment.startsWith(key) || fragment.length > longest) return null;
  let text: string;
  try {
    text = decodeURIComponent(fragment.slice(key.length));
  } catch {
    return null;
  }
  const bar = text.indexOf('|');
  if (bar < 0) return null;
  const ms: Record<string, number> = {};
  const noise: Record<string, number> = {};
  for (const part of text.slice(bar + 1).split(';')) {
    const [, id = '', value, spread] = /^([\w-]+)=([\d.e+-]+)~([\d.]+)$/.exec(part) ?? [];
    if (!known.has(id) || !isPositive(Number(value)) || !isPositive(Number(spread))) return null;
    ms[id] = Number(value);
    noise[id] = Number(spread);
  }
  const name = text.slice(0, bar).replace(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069]/gu, '?');
  return { name: name.slice(0, longestName) || 'Result of the link', note: '', ms, noise };
}
