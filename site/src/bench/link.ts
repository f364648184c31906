/** A result as text for the fragment of a link: `Chromium 140|peak of 128-bit vectors=0.21;...`. */
import type { Machine } from './machines.ts';

const key = '#result=';
const longest = 4000;

export function fragmentOf({ name, ms }: Machine): string {
  const parts = Object.entries(ms).map(([task, value]) => `${task}=${value.toPrecision(4)}`);
  return key + encodeURIComponent(`${name}|${parts.join(';')}`);
}

/** The result of a fragment; null if it holds none. Text from it is shown as text. */
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
  for (const part of text
    .slice(bar + 1)
    .split(';')
    .slice(0, 20)) {
    const at = part.lastIndexOf('=');
    const value = Number(part.slice(at + 1));
    if (at < 1 || !(value > 0 && Number.isFinite(value))) return null;
    ms[part.slice(0, at).slice(0, 60)] = value;
  }
  return { name: text.slice(0, bar).slice(0, 60), ms };
}
