/** What a visitor has chosen stands in the query of the address, so that a link shows the same. */

const wait = 200;
let pending: ReturnType<typeof setTimeout> | undefined;
const changes = new Map<string, string | null>();

export function fromAddress(key: string): string | null {
  return new URLSearchParams(location.search).get(key);
}

/** A number of the address within bounds, or else the default. */
export function numberFromAddress(key: string, standard: number, least: number, most: number): number {
  const text = fromAddress(key);
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return value >= least && value <= most ? value : standard;
}

/** One of the options, or else the first. */
export function choiceFromAddress<const T extends string>(key: string, options: readonly T[]): T {
  const text = fromAddress(key);
  return options.find((option) => option === text) ?? options[0];
}

/** Writes a value; null removes it. Writes are collected, because browsers limit their number. */
export function toAddress(key: string, value: string | null): void {
  changes.set(key, value);
  clearTimeout(pending);
  pending = setTimeout(() => {
    const url = new URL(location.href);
    for (const [name, text] of changes) {
      if (text === null) url.searchParams.delete(name);
      else url.searchParams.set(name, text);
    }
    changes.clear();
    history.replaceState(null, '', url);
  }, wait);
}
