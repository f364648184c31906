/** Reads the tables of docs/results: estimates with 95% intervals by way of training. */

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Number of seeds. */
  readonly n: number;
  readonly command: string;
}

/** The cells of a line of CSV; a cell in double quotes may contain commas. */
function cells(line: string): string[] {
  return Array.from(line.matchAll(/("[^"]*"|[^",]*)(?:,|$)/g), ([, cell]) => cell.replaceAll('"', ''));
}

/**
 * @param csv has the columns name, column, statistic, value, low, high, n, seeds, command
 * @returns the estimates of one `column` by name
 */
export function estimatesOf(csv: string, column: string): ReadonlyMap<string, Estimate> {
  const found = new Map<string, Estimate>();
  for (const line of csv.trimEnd().split('\n').slice(1)) {
    const [name, of, , value, low, high, n, , command] = cells(line);
    if (of === column) {
      found.set(name, { value: Number(value), low: Number(low), high: Number(high), n: Number(n), command });
    }
  }
  return found;
}

/** A number as the results write it: with a sign, and a real minus. */
export function signedText(x: number): string {
  const text = Math.abs(x).toFixed(2);
  return Number(text) === 0 ? text : `${x < 0 ? '−' : '+'}${text}`;
}

/** Such as `+0.32 [0.23, 0.38]`. */
export function estimateText({ value, low, high }: Estimate): string {
  const bound = (x: number): string => signedText(x).replace('+', '');
  return `${signedText(value)} [${bound(low)}, ${bound(high)}]`;
}

/** What an interval of differences shows. */
export function verdictOf({ low, high }: Estimate): 'gain' | 'loss' | 'none shown' {
  return low > 0 ? 'gain' : high < 0 ? 'loss' : 'none shown';
}
