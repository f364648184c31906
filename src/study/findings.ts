/** Findings as short sentences. One fixed rule maps a difference and its interval to a statement. */
import { type Estimate, signedText } from '../report/studyTables.ts';

/**
 * Position of the 95% interval of a difference: above zero, below zero, `open` if it contains zero, `few` if there are
 * too few seeds for an interval.
 */
export type Verdict = 'above' | 'below' | 'open' | 'few';

export function verdictOf({ low, high }: Estimate): Verdict {
  if (low === null || high === null) return 'few';
  if (low > 0) return 'above';
  return high < 0 ? 'below' : 'open';
}

/** A difference to the baseline, with a name. */
export interface Judged {
  readonly name: string;
  readonly difference: Estimate;
}

/** Largest number of names in a sentence, so that it stays readable. */
const NAMED = 6;

/** `+0.32`, without the interval: the tables contain interval and values, and the verdict is based on them. */
function signed(difference: Estimate): string {
  const text = signedText({ ...difference, low: null, high: null, values: [] });
  return text === '0.00' ? 'by less than 0.01' : text;
}

/**
 * Lists the names above the baseline, below it, and without a certain difference: `Gain: A +0.32; B +0.28. No certain
 * difference: C.` Largest differences first; empty if there are none.
 *
 * @param words labels of `above` and `below`
 */
export function judgedText(words: { readonly above: string; readonly below: string }, all: readonly Judged[]): string {
  const heads = {
    ...words,
    open: 'No certain difference',
    few: 'Too few seeds for an interval',
  } as const satisfies Record<Verdict, string>;
  return (['above', 'below', 'open', 'few'] as const)
    .flatMap((verdict) => {
      const of = all
        .filter(({ difference }) => verdictOf(difference) === verdict)
        .toSorted((a, b) => Math.abs(b.difference.value) - Math.abs(a.difference.value));
      if (of.length === 0) return [];
      const named = of
        .slice(0, NAMED)
        .map(({ name, difference }) => (verdict === 'open' ? name : `${name} ${signed(difference)}`));
      const rest = of.length > NAMED ? [`${of.length - NAMED} more`] : [];
      return [`${heads[verdict]}: ${[...named, ...rest].join('; ')}.`];
    })
    .join(' ');
}
