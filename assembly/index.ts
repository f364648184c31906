export { activationBackward, activationForward } from './activations';
export { adamw, sumOfSquares } from './adamw';
export { attentionBackward, attentionForward, matchBackward, matchForward } from './attention';
export { gatherStates, indexBatch } from './batch';
export { binaryCrossEntropy, contrastiveLoss } from './classifierLoss';
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
export { perSampleOuter, perSampleProduct, perSampleScatter, perSampleSum } from './gram';
export { gramAdd, gramPairwise, gramRows, mirrorTile } from './gramPairs';
export { layerNormBackward, layerNormForward } from './layerNorm';
export { logSoftmax } from './logSoftmax';
export { exp1, log1, sigmoid1 } from './math';
export { matmulNN, matmulNT, matmulTN } from './matmul';
export { addInto, addScaled, copyBytes, copyRows, fill, heapBase, scaleBy } from './memory';
export { distinctPairs } from './pairs';
export { cloningLoss, logProbGradient, policyLoss } from './policyLoss';
export { permute, randomNormal, randomUniform, sampleActions } from './random';
export { gatherRowValues, recogniseStates, scatterRowValues } from './states';
export { addRows, clearRows } from './touchedRows';
