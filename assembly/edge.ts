// The kernels of the edge build: scoring, sampling and learning. assembly/index.ts exports these and the kernels
// for initial weights, the contrastive loss and Gram matrices, which the edge build does not contain.
export { activationBackward, activationForward } from './activations';
export { adamw, sumOfSquares } from './adamw';
export { attentionBackward, attentionForward, matchBackward, matchForward } from './attention';
export { indexBatch } from './batch';
export { binaryCrossEntropy } from './classifierLoss';
export { columnSum } from './columnSum';
export {
  addPeriodic,
  embeddingBag,
  embeddingBagBackward,
  gatherRows,
  meanPool,
  meanPoolBackward,
  scatterRows,
  segmentSum,
  slotEmbedding,
  slotEmbeddingBackward,
} from './embedding';
export { layerNormBackward, layerNormForward } from './layerNorm';
export { logSoftmax } from './logSoftmax';
export { sigmoid1 } from './math';
export { matmulNN, matmulNT, matmulTN } from './matmul';
export { addInto, addScaled, copyBytes, fill, heapBase, scaleBy } from './memory';
export { distinctPairs } from './pairs';
export { cloningLoss, policyLoss } from './policyLoss';
export { sampleActions } from './random';
export { addRows, clearRows } from './touchedRows';
