/** Numbers and tables as text for a terminal. */
import Table from 'cli-table3';

/** A share or cosine with two decimals; `-` if there is none. */
export function two(value: number | null | undefined): string {
  return typeof value === 'number' ? value.toFixed(2) : '-';
}

/** A difference with two decimals and its sign; `-` if there is none. */
export function signedTwo(value: number | null | undefined): string {
  if (typeof value !== 'number') return '-';
  const rounded = Math.round(value * 100) / 100 || 0;
  return `${rounded < 0 ? '' : '+'}${two(rounded)}`;
}

/** A whole number with commas between thousands: 182,000. */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** A duration: `850 ms`, `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A table without colours. The first column is aligned left, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
  });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}
