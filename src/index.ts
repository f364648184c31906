/**
 * unbraid: train small policies with GRPO in WebAssembly, measure gradient coupling, and test what removes it, with controls.
 *
 * Everything here runs in any host. Run folders, bridges to other programs and reports are the command's part.
 */

export { type Config, configTable, resolveConfig } from './config/config.ts';
export { type Gram, gramMatrix, gramTotal } from './coupling/gram.ts';
export { type CouplingMeasurement, type CouplingSummary, measureCoupling } from './coupling/measure.ts';
export { type GradVac, gradVac } from './coupling/remedies/gradVac.ts';
export { pcGrad } from './coupling/remedies/pcGrad.ts';
export { taskOrders } from './coupling/remedies/tasks.ts';
export { upGrad } from './coupling/remedies/upGrad.ts';
export { collectSamplePairs as collectBank } from './coupling/samplePairStates.ts';
export type { Samples } from './coupling/samples.ts';
export { groupRelative } from './credit/advantages/groupRelative.ts';
export { createLabelSource, type LabelSource } from './credit/labels/labels.ts';
export { type Arena, createArena } from './engine/kernels/arena.ts';
export type { ModuleSource } from './engine/kernels/moduleFrom.ts';
export {
  concatenateSlots,
  matchMap,
  meanOverSlots,
  multiHeadAttention,
  selfAttentionBlock,
} from './engine/layers/attention.ts';
export type { Batch, Capacity, InputShape } from './engine/layers/batch.ts';
export { createNetwork } from './engine/layers/createNetwork.ts';
export { slotProjection, slotTokens, tokenTable } from './engine/layers/embedding.ts';
export { activation, addScaled, broadcast, linear } from './engine/layers/linear.ts';
export { matchLinear } from './engine/layers/matchLinear.ts';
export type { Builder, Heads, Layer, Network, Tensor } from './engine/layers/network.ts';
export { layerNorm } from './engine/layers/normalization.ts';
export { slotLinear } from './engine/layers/slotLinear.ts';
export { heads, type PolicyConfig } from './engine/policy/heads.ts';
export { loadParameters, parameterTensors } from './engine/policy/parameters.ts';
export { actionLogProbs, batchCapacity, createPolicy, type Policy, policyOn } from './engine/policy/policy.ts';
export { loadStates } from './engine/states/loadBatch.ts';
export { createStateList, inputShape, pushState, type StateList } from './engine/states/stateList.ts';
export { createBandit } from './env/bandit/bandit.ts';
export { craftingText, createCrafting } from './env/crafting/crafting.ts';
export type {
  CloneableEnvironment,
  Environment,
  EnvironmentSpec,
  Split,
  Step,
  TextEnvironment,
  TextStep,
} from './env/environment.ts';
export { createHousehold, householdText } from './env/household/household.ts';
export { createLookAlike } from './env/lookAlike.ts';
export { tokenized } from './env/text/tokenized.ts';
export { buildVocabulary, vocabularyFromJson, vocabularyToJson } from './env/text/tokenizer.ts';
export {
  type Crew,
  type CrewOptions,
  type EngineModules,
  type MemoryMode,
  openCrew,
  relaxedCrew,
  type SpawnWorker,
} from './parallel/crew.ts';
export type { WorkerHandle } from './parallel/crewMember.ts';
export { type RandomStream, randomStream } from './random.ts';
export { type Checkpoint, packCheckpoint, unpackCheckpoint } from './record/checkpoint.ts';
export { firstDifference, type Receipt, type ReceiptDifference } from './record/receipt.ts';
export { encodeReceipt, parseReceipt } from './record/receiptFile.ts';
export { decodeSafetensors, encodeSafetensors } from './record/safetensors.ts';
export { success } from './rollout/success.ts';
export {
  pairedBootstrap,
  performanceProfile,
  probabilityOfImprovement,
  type Resampling,
  type Strata,
  stratifiedBootstrap,
} from './statistics/bootstrap.ts';
export {
  type Interval,
  interquartileMean,
  meanInterval,
  pairedDifference,
  wilsonInterval,
} from './statistics/statistics.ts';
export { runDanger } from './study/danger/danger.ts';
export { type ReplayedRecords, replay, replayRecords } from './train/replay.ts';
export { type TrainOptions, type TrainOutcome, train } from './train/trainer.ts';
export { numericsVersion, unbraidVersion } from './version.ts';
