/** Findings as short sentences: what a difference with its interval lets one say, by one fixed rule. */
import { type Quantity, signedText } from '../report/studyTables.ts';

/** Where the 95% interval of a difference lies: `open` holds zero, `few` has no interval because there are too few seeds for one. */
export type Verdict = 'above' | 'below' | 'open' | 'few';

export function verdictOf({ low, high }: Quantity): Verdict {
  if (low === null || high === null) return 'few';
  if (low > 0) return 'above';
  return high < 0 ? 'below' : 'open';
}

/** A difference to the baseline under a name. */
export interface Judged {
  readonly name: string;
  readonly difference: Quantity;
}

/** More names than this make a sentence that nobody reads. */
const NAMED = 6;

/** `+0.32`: interval and values stand in the tables, and what follows from them in the verdict. */
function signed(difference: Quantity): string {
  const text = signedText({ ...difference, low: null, high: null, values: [] });
  return text === '0.00' ? 'by less than 0.01' : text;
}

/**
 * Who lies above the baseline, who below, and of whom neither can be said: `Gain: A +0.32; B +0.28. No certain difference: C.` Largest
 * differences first; empty without any.
 *
 * @param words what `above` and `below` are called
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
