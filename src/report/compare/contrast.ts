import type { CouplingRecord, RunResult } from '../../record/schemas.ts';

/** Mean cosines by class of pairs, where they were measured. */
type Cosines = Pick<RunResult['coupling']['end'], 'goodBadCosine' | 'goodGoodCosine' | 'badBadCosine'>;

/**
 * (good-good + bad-bad) / 2 - good-bad of the mean cosines; null where one of them was not measured. It follows from
 * the cosines, so records of all versions have it.
 */
export function contrastOf({ goodBadCosine, goodGoodCosine, badBadCosine }: Cosines): number | null {
  if (goodBadCosine === null || goodGoodCosine === null || badBadCosine === null) return null;
  return (goodGoodCosine + badBadCosine) / 2 - goodBadCosine;
}

/** The contrast in a coupling record. */
export function contrastIn({ classes }: Pick<CouplingRecord, 'classes'>): number | null {
  const { goodBad, goodGood, badBad } = classes;
  return contrastOf({
    goodBadCosine: goodBad.meanCosine,
    goodGoodCosine: goodGood.meanCosine,
    badBadCosine: badBad.meanCosine,
  });
}

/** The contrast in a line of metrics; null where the three cosines were not measured. */
export function contrastAt(line: Readonly<Record<string, number | null | undefined>>): number | null {
  return contrastOf({
    goodBadCosine: line['coupling/good_bad_cosine'] ?? null,
    goodGoodCosine: line['coupling/good_good_cosine'] ?? null,
    badBadCosine: line['coupling/bad_bad_cosine'] ?? null,
  });
}
