/**
 * unbraid: train small policies with GRPO in WebAssembly, measure gradient coupling, and test what removes it, with controls.
 *
 * Everything here runs in any host. Run folders, bridges to other programs and reports are the command's part.
 */
export { groupRelative } from './advantage/groupRelative.ts';
export { type GradVac, gradVac } from './conflict/gradVac.ts';
export { pcGrad } from './conflict/pcGrad.ts';
export { taskOrders } from './conflict/tasks.ts';
export { upGrad } from './conflict/upGrad.ts';
export { collectBank } from './coupling/bankStates.ts';
export { type Gram, gramMatrix, gramTotal } from './coupling/gram.ts';
export { type CouplingMeasurement, type CouplingSummary, measureCoupling } from './coupling/measure.ts';
export type { Samples } from './coupling/samples.ts';
export { runDanger } from './danger/danger.ts';
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
export {
  pairedBootstrap,
  performanceProfile,
  probabilityOfImprovement,
  type Resampling,
  type Strata,
  stratifiedBootstrap,
} from './evaluate/bootstrap.ts';
export {
  type Interval,
  interquartileMean,
  meanInterval,
  pairedDifference,
  wilsonInterval,
} from './evaluate/statistics.ts';
export { success } from './evaluate/success.ts';
export { type Arena, createArena } from './kernels/arena.ts';
export type { ModuleSource } from './kernels/moduleFrom.ts';
export { createLabelSource, type LabelSource } from './labels/labels.ts';
export {
  concatenateSlots,
  matchMap,
  meanOverSlots,
  multiHeadAttention,
  selfAttentionBlock,
} from './layers/attention.ts';
export type { Batch, Capacity, InputShape } from './layers/batch.ts';
export { slotProjection, slotTokens, tokenTable } from './layers/embedding.ts';
export { activation, addScaled, broadcast, linear } from './layers/linear.ts';
export { matchLinear } from './layers/matchLinear.ts';
export { type Builder, createNetwork, type Heads, type Layer, type Network, type Tensor } from './layers/network.ts';
export { layerNorm } from './layers/normalization.ts';
export { slotLinear } from './layers/slotLinear.ts';
export {
  type Crew,
  type CrewOptions,
  type EngineModules,
  type MemoryMode,
  openCrew,
  relaxedCrew,
  type SpawnWorker,
  type WorkerHandle,
} from './parallel/crew.ts';
export { heads, type PolicyConfig } from './policy/heads.ts';
export { loadStates } from './policy/load.ts';
export { actionLogProbs, batchCapacity, createPolicy, type Policy, policyOn } from './policy/policy.ts';
export { type RandomStream, randomStream } from './random.ts';
export { type Checkpoint, packCheckpoint, unpackCheckpoint } from './record/checkpoint.ts';
export { firstDifference, type Receipt, type ReceiptDifference } from './record/receipt.ts';
export { encodeReceipt, parseReceipt } from './record/receiptFile.ts';
export { decodeSafetensors, encodeSafetensors } from './record/safetensors.ts';
export { createStateList, inputShape, pushState, type StateList } from './rollout/states.ts';
export { tokenized } from './text/tokenized.ts';
export { buildVocabulary, vocabularyFromJson, vocabularyToJson } from './text/tokenizer.ts';
export { loadParameters, parameterTensors } from './train/checkpointing.ts';
export { type Config, configTable, resolveConfig } from './train/config.ts';
export { type ReplayedRecords, replay, replayRecords } from './train/replay.ts';
export { type TrainOptions, type TrainOutcome, train } from './train/trainer.ts';
export { numericsVersion, unbraidVersion } from './version.ts';
