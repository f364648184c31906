/**
 * Gradient coupling: Gram matrices of per-sample gradients, pairs of good and bad samples, gradient surgery on a Gram
 * matrix, and the danger-zone experiment.
 *
 * @module unbraid/coupling
 */

export { choleskySolver } from '../coupling/choleskySolver.ts';
export { type Gram, gramMatrix, gramTotal } from '../coupling/gram.ts';
export {
  type Decoupled,
  type DecouplePath,
  decoupleAdvantages,
  type SolveDefinite,
} from '../coupling/remedies/decouple.ts';
export { type GradVac, gradVac } from '../coupling/remedies/gradVac.ts';
export { pcGrad } from '../coupling/remedies/pcGrad.ts';
export { taskOrders } from '../coupling/remedies/tasks.ts';
export { upGrad } from '../coupling/remedies/upGrad.ts';
export { collectSamplePairs, type SamplePairOptions } from '../coupling/samplePairStates.ts';
export type { LabelledStates, PairClass, PairSample, SamplePairs } from '../coupling/samplePairs.ts';
export type { Samples } from '../coupling/samples.ts';
export type { DangerCurve, DangerRecord, DangerRow } from '../record/dangerRecord.ts';
export { runDanger } from '../study/danger/danger.ts';
export type { DangerOptions } from '../study/danger/experiment.ts';
