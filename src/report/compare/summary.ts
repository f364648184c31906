import type { RunResult } from '../../record/schemas.ts';
import { contrastOf } from './contrast.ts';
import { measureOf, scoresOf } from './scores.ts';
import { baselineOf, type ComparedVariant, formatSeedMean, leaderOf, outOfDomainGain, resultMean } from './variants.ts';

/** Heading of a report: the variants that are compared. */
export function heading(variants: readonly ComparedVariant[]): string {
  const baseline = baselineOf(variants);
  const leader = leaderOf(variants);
  if (baseline === undefined) return 'Upper bounds and controls';
  return leader === undefined ? baseline.name : `${baseline.name} compared with ${leader.name}`;
}

/**
 * Summary of two or three sentences: out-of-domain success (or return, where success means nothing) of the best method
 * against the baseline, paired by seed, then the coupling of both. It states if the interval includes zero or cannot be
 * computed.
 */
export function summary(variants: readonly ComparedVariant[]): string {
  const baseline = baselineOf(variants);
  const leader = leaderOf(variants);
  if (baseline === undefined || leader === undefined) {
    return 'These records contain fewer than two methods, so no comparison is possible. The table shows the measured values.';
  }
  const score = (variant: ComparedVariant): string =>
    formatSeedMean(resultMean(variant, (result) => scoresOf(result).outOfDomain)).split(' ')[0];
  const { name } = measureOf(variants);
  const rates = `Out-of-domain ${name}: ${score(leader)} with ${leader.name}, ${score(baseline)} with ${baseline.name}`;
  return [rates + gainSentence(leader, baseline), choiceSentence(variants), couplingSentence(leader, baseline)]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function gainSentence(leader: ComparedVariant, baseline: ComparedVariant): string {
  const gain = outOfDomainGain(leader, baseline);
  if (gain === undefined) return '; they share no seed, so no paired difference can be computed.';
  const difference = `${formatSeedMean(gain, true)}`;
  if (gain.seeds === 1) {
    return ` (difference ${difference}). One shared seed is too few for an interval: these runs do not show that the two differ.`;
  }
  if (gain.interval === undefined) {
    return `; the difference is ${difference}, paired by seed. ${gain.seeds} seeds are too few for an interval: these runs do not show that the two differ.`;
  }
  const paired = `paired over ${gain.seeds} seeds`;
  if (gain.interval.low > 0 || gain.interval.high < 0) {
    return `; the difference is ${difference} (95% interval, ${paired}).`;
  }
  return `; the difference is ${difference} (95% interval, ${paired}). The interval contains zero: these runs do not show that the two differ.`;
}

/** Adds a caution if the best of several methods was chosen by the numbers shown: its gain is then biased upwards. */
function choiceSentence(variants: readonly ComparedVariant[]): string {
  const candidates = variants.filter((variant) => variant.role === 'method').length - 1;
  return candidates > 1
    ? `The best of ${candidates} methods was selected by the same numbers, so its gain is biased upwards.`
    : '';
}

function couplingSentence(leader: ComparedVariant, baseline: ComparedVariant): string {
  type Pick = (coupling: RunResult['coupling']['end']) => number | null;
  const change = (variant: ComparedVariant, pick: Pick): string | undefined => {
    const start = resultMean(variant, ({ coupling }) => pick(coupling.start));
    const end = resultMean(variant, ({ coupling }) => pick(coupling.end));
    if (start === undefined || end === undefined) return undefined;
    return `from ${formatSeedMean(start).split(' ')[0]} to ${formatSeedMean(end).split(' ')[0]}`;
  };
  const sentence = (subject: string, pick: Pick): string => {
    const [first, second] = [change(leader, pick), change(baseline, pick)];
    if (first === undefined || second === undefined) return '';
    return `${subject} changed ${first} with ${leader.name} and ${second} with ${baseline.name}.`;
  };
  return [
    sentence('The good-bad cosine', ({ goodBadCosine }) => goodBadCosine),
    sentence('The contrast (cosine of pairs with equal labels minus good-bad)', contrastOf),
  ]
    .filter((text) => text !== '')
    .join(' ');
}
