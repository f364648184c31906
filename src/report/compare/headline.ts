import { baselineOf, formatEstimate, leaderOf, outOfDomainGain, resultEstimate, type Variant } from './variants.ts';

/** What was compared, in a heading's words. */
export function headline(variants: readonly Variant[]): string {
  const baseline = baselineOf(variants);
  const leader = leaderOf(variants);
  if (baseline === undefined) return 'Upper bounds and controls';
  return leader === undefined ? baseline.name : `${baseline.name} compared with ${leader.name}`;
}

/**
 * What the numbers say in two or three sentences: the best method's out-of-domain success against the baseline's, paired by seed, then both
 * couplings. Says so where the interval contains zero or cannot be given.
 */
export function summary(variants: readonly Variant[]): string {
  const baseline = baselineOf(variants);
  const leader = leaderOf(variants);
  if (baseline === undefined || leader === undefined) {
    return 'These records hold fewer than two methods, so they compare nothing; the table gives what was measured.';
  }
  const success = (variant: Variant): string =>
    formatEstimate(resultEstimate(variant, (result) => result.success.outOfDomain)).split(' ')[0];
  const rates = `Out-of-domain success: ${success(leader)} with ${leader.name}, ${success(baseline)} with ${baseline.name}`;
  return [rates + gainSentence(leader, baseline), choiceSentence(variants), couplingSentence(leader, baseline)]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function gainSentence(leader: Variant, baseline: Variant): string {
  const gain = outOfDomainGain(leader, baseline);
  if (gain === undefined) return '; they share no seed, so no paired difference can be given.';
  const difference = `${formatEstimate(gain, true)}`;
  if (gain.seeds === 1) {
    return ` (difference ${difference}); with one shared seed no interval can be given, so this shows no effect.`;
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

/** Picking the best of several by the same numbers makes its gain look larger than it is. */
function choiceSentence(variants: readonly Variant[]): string {
  const candidates = variants.filter((variant) => variant.role === 'method').length - 1;
  return candidates > 1
    ? `Of ${candidates} methods the best was picked by these same numbers, which flatters its gain.`
    : '';
}

function couplingSentence(leader: Variant, baseline: Variant): string {
  const cosines = (variant: Variant): string | undefined => {
    const start = resultEstimate(variant, (result) => result.coupling.start.goodBadCosine);
    const end = resultEstimate(variant, (result) => result.coupling.end.goodBadCosine);
    if (start === undefined || end === undefined) return undefined;
    return `from ${formatEstimate(start).split(' ')[0]} to ${formatEstimate(end).split(' ')[0]}`;
  };
  const [first, second] = [cosines(leader), cosines(baseline)];
  if (first === undefined || second === undefined) return '';
  return `The good-bad cosine went ${first} with ${leader.name} and ${second} with ${baseline.name}.`;
}
