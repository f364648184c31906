/**
 * unbraid: train small policies with GRPO in WebAssembly, measure gradient coupling, and test what removes it, with
 * controls.
 *
 * This entry trains, evaluates, measures and verifies. `unbraid/layers` builds networks, `unbraid/learn` has the parts
 * of a training loop, `unbraid/env` environments, `unbraid/coupling` Gram matrices and gradient surgery,
 * `unbraid/statistics` intervals, `unbraid/record` receipts, checkpoints and run folders, `unbraid/workers` worker
 * threads, `unbraid/volunteer` work for a gateway, `unbraid/edge` a trained policy in hosts without files and threads.
 * Every entry runs in any runtime.
 *
 * @module unbraid
 */

export { type Config, type ConfigKey, configTable, resolveConfig } from './config/config.ts';
export type { Part, PartName } from './config/customModule.ts';
export { type Preset, presetKeys, presetTable } from './config/presets.ts';
export {
  type CouplingMeasurement,
  type CouplingOptions,
  type CouplingSummary,
  type LayerCoupling,
  type MeasuredCoupling,
  measureCoupling,
  type SimilarityBin,
} from './coupling/measure.ts';
export type { CouplingDiagnostics, EmbeddingCosines, LayerDiagnostics } from './coupling/pairDiagnostics.ts';
export type { ClassStatistics } from './coupling/pairTable.ts';
export type { Spillover } from './coupling/spillover.ts';
export type { TryCandidates } from './credit/labels/counterfactual.ts';
export type { Critic } from './credit/labels/critic.ts';
export type { CustomLabelSource } from './credit/labels/custom.ts';
export {
  createLabelSource,
  type LabelConfig,
  type Labelling,
  type LabelSource,
  type LabelTools,
} from './credit/labels/labels.ts';
export type { Arena } from './engine/kernels/arena.ts';
export { type ArenaOptions, createArena } from './engine/kernels/createArena.ts';
export type { Width } from './engine/kernels/load.ts';
export type { ModuleSource } from './engine/kernels/moduleFrom.ts';
export type { Blueprint } from './engine/policy/blueprint.ts';
export type { ComposeNetwork } from './engine/policy/custom.ts';
export type { PolicyConfig } from './engine/policy/heads.ts';
export { createPolicy, type Policy } from './engine/policy/policy.ts';
export type { MakeEnvironment, Note } from './env/registry.ts';
export type { TrackedState } from './record/actionProbabilities.ts';
export type { Branches } from './rollout/branch.ts';
export { type EvaluateOptions, type Evaluation, evaluate } from './rollout/success.ts';
export type { EpisodeMean } from './statistics/episodes.ts';
export type { CustomOptions, MakeLabelSource } from './train/custom.ts';
export { estimateSeconds } from './train/estimate.ts';
export type { Metrics } from './train/iteration.ts';
export type { BySplit, Progress, RandomResults, ReturnBySplit, SuccessBySplit } from './train/run.ts';
export type { TrainHooks } from './train/runLog.ts';
export { type TrainOptions, type TrainOutcome, train } from './train/trainer.ts';
export { type FileDifference, type Verdict, type VerifyOptions, verify } from './train/verify.ts';
export { numericsVersion, unbraidVersion } from './version.ts';
