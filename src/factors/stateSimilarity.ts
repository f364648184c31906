/** Good-bad pairs by the similarity of their states. */
import { type SimilarityBin, similarityEdges } from '../coupling/measure.ts';
import { cosine, mean } from '../coupling/pairTable.ts';
import type { Bank } from './bank.ts';
import type { SampleNumbers } from './pairGroups.ts';

/** The words of a text, in lower case, once each. */
const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu));

/** Number of shared words divided by the number of all words of two states. */
function wordSimilarity(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  let both = 0;
  for (const word of left) if (right.has(word)) both++;
  return both / Math.max(1, left.size + right.size - both);
}

/**
 * Good-bad pairs in different states, for any actions, by similarity of the states: as given in the bank, otherwise
 * shared words over all words of the texts. Empty where neither is known.
 */
export function similarityBins(
  k: Float64Array,
  { samples, similarity }: Pick<Bank, 'samples' | 'similarity'>,
  { label, state }: SampleNumbers,
): SimilarityBin[] {
  const n = samples.length;
  if (!similarity && samples.some(({ text }) => text === null)) return [];
  const words = similarity ? [] : samples.map(({ text }) => wordsOf(text ?? ''));
  const bins = similarityEdges.slice(0, -1).map(() => ({ cosines: [] as number[], positive: 0 }));
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const goodBad = label[i] >= 0 && label[j] >= 0 && label[i] !== label[j];
      if (!goodBad || state[i] === state[j]) continue;
      const similar = similarity ? similarity[i * n + j] : wordSimilarity(words[i], words[j]);
      const bin = bins[Math.max(0, Math.min(bins.length - 1, Math.floor(similar * bins.length)))];
      bin.cosines.push(cosine(k[i * n + j], k[i * n + i], k[j * n + j]));
      if (k[i * n + j] > 0) bin.positive++;
    }
  }
  return bins
    .map(({ cosines, positive }, b) => ({
      lower: similarityEdges[b],
      upper: similarityEdges[b + 1],
      pairs: cosines.length,
      goodBadCosine: mean(cosines),
      positiveFraction: cosines.length === 0 ? 0 : positive / cosines.length,
    }))
    .filter(({ pairs }) => pairs > 0);
}
