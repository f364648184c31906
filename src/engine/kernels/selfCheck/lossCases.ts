/** Calls of the softmax over actions and of losses. */
import { type Bench, type Cases, offsetsOf, scratchBytes } from './bench.ts';

/** States with 1 to 17 actions, and states whose numbers of actions differ by up to three. */
const lists = [
  ...[1, 3, 4, 9, 17].map((states) => offsetsOf(states, 1)),
  Array.from({ length: 18 }, (_, i) => (i * (i + 1)) / 2),
  ...[5, 6, 7, 8, 13, 16, 33].map((actions) => Array.from({ length: 6 }, (_, i) => i * actions)),
];

function policyLosses(bench: Bench, list: readonly number[], mask: number): void {
  const { kernels, floats, output, ints, positives } = bench;
  const states = list.length - 1;
  const rows = list[states];
  const offsets = ints(list);
  const logP = output(rows);
  kernels.logSoftmax(states, offsets, floats(rows, 5), mask, 0.7, logP);
  kernels.sampleActions(states, offsets, logP, 5, 6, ints(bench.below(states, 1000)), output(states), output(states));
  const chosen = ints(new Array(states).fill(0));
  kernels.logProbGradient(states, offsets, logP, chosen, output(rows));
  const [weights, good] = [positives(states), bench.bytes(some(bench, list))];
  kernels.cloningLoss(states, offsets, logP, good, weights, 0.3, output(rows), bench.sums(1));
  const [old, advantages] = [floats(states, 2), floats(states, 2)];
  for (const reference of [0, floats(states, 2)]) {
    kernels.policyLoss(
      ...([states, offsets, logP, chosen, old, reference, advantages, weights, 0.2, 0.3, 0.05, 0.01] as const),
      ...([output(rows), bench.sums(6), 0] as const),
    );
  }
  // Several samples of one state.
  const samples = offsetsOf(states);
  const count = samples[states];
  const [taken, oldLogP, ref] = [ints(new Array(count).fill(0)), floats(count, 2), floats(count, 2)];
  kernels.policyLoss(
    ...([
      states,
      offsets,
      logP,
      taken,
      oldLogP,
      ref,
      floats(count, 2),
      positives(count),
      0.2,
      0.3,
      0.05,
      0.01,
    ] as const),
    ...([output(rows), bench.sums(6), ints(samples)] as const),
  );
}

/** One byte for each action: the first of a state is 1, the others 0 or 1, so that no state is without an action. */
function some(bench: Bench, list: readonly number[]): number[] {
  return bench.below(list[list.length - 1], 2).map((bit, r) => (list.includes(r) ? 1 : bit));
}

export const losses: Cases = function* (bench) {
  const { kernels, ints, output } = bench;
  for (const list of lists) {
    policyLosses(bench, list, 0);
    policyLosses(bench, list, bench.bytes(some(bench, list)));
    yield;
  }
  // A sampled action depends on the last bits of few random numbers, so many are sampled.
  const many = Array.from({ length: 601 }, (_, i) => i * 7);
  const [offsets, logP, index] = [ints(many), output(4200), ints([...many.keys()])];
  kernels.logSoftmax(600, offsets, bench.floats(4200), 0, 1, logP);
  kernels.sampleActions(600, offsets, logP, 7, 8, index, output(600), output(600));
  yield;
};

export const classifierLosses: Cases = function* (bench) {
  const { kernels, floats, output, bytes, below } = bench;
  for (const rows of [...Array(18).keys(), 31, 33, 64, 65]) {
    const scratch = bench.scratch(scratchBytes);
    const labels = bytes(below(rows, 3).map((label) => label - 1));
    for (const counts of [0, bench.positives(rows)])
      kernels.binaryCrossEntropy(rows, floats(rows, 5), labels, 0.7, 1.3, output(rows), bench.sums(3), counts);
    for (const width of [3, 8, (rows % 17) + 1]) {
      const work = bench.scratch(rows * (2 * width + rows + 2) * 4);
      const [e, sides, dE] = [floats(rows * width), bytes(below(rows, 2)), output(rows * width)];
      kernels.contrastiveLoss(rows, width, e, sides, 0.2, 0.5, dE, bench.sums(1), work, scratch);
    }
    yield;
  }
};

/** Log-probabilities of two policies, with actions that both, or the earlier one alone, cannot take. */
export const policyDivergence: Cases = function* (bench) {
  const { kernels, ints, output, positives, values } = bench;
  for (const list of lists) {
    const states = list.length - 1;
    const rows = list[states];
    const [masked, oldMasked] = [some(bench, list), some(bench, list)];
    const logP = values(bench.below(rows, 900).map((x, r) => (masked[r] ? x / -90 : Number.NEGATIVE_INFINITY)));
    const oldLogP = values(
      bench.below(rows, 900).map((x, r) => (masked[r] && oldMasked[r] ? x / -90 : Number.NEGATIVE_INFINITY)),
    );
    kernels.policyKl(states, ints(list), logP, oldLogP, positives(states), 0.4, output(rows), bench.sums(1));
    yield;
  }
};
