// All kernels of the engine: those of the edge build, and those that only training and measurement need.
export { gatherStates } from './batch';
export { cholesky, choleskySolve } from './cholesky';
export { contrastiveLoss } from './classifierLoss';
export * from './edge';
export { perSampleOuter, perSampleProduct, perSampleScatter, perSampleSum } from './gram';
export { gramPairwise } from './gramPairs';
export { gramRows } from './gramRows';
export { gramAdd, gramPut, mirrorTile } from './gramSums';
export { exp1, log1 } from './math';
export { copyRows } from './memory';
export { policyKl } from './policyKl';
export { logProbGradient } from './policyLoss';
export { permute, randomNormal, randomUniform } from './random';
export { gatherRowValues, recogniseStates, scatterRowValues } from './states';
