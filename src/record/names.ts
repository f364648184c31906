/** Names of a run's files, and the text of latest.json. */
import { checkpointName } from './checkpoint.ts';
import { encodeJson } from './json.ts';

export const configName = 'config.json';
export const metricsName = 'metrics.jsonl';
export const resultName = 'result.json';
export const receiptName = 'receipt.json';
export const checkpointsName = 'checkpoints';
export const latestName = 'latest.json';
export const couplingStartName = 'coupling-start.json';
export const couplingEndName = 'coupling-end.json';
/** Written by runs with `diagnostics`. No hash covers it. */
export const actionProbabilitiesName = 'action-probabilities.json';
/** Why `verify` does not check it. */
export const actionProbabilitiesUnchecked = 'diagnostics of the run, which no hash covers';
/** Written by `unbraid coupling`, not by the run itself. */
export const couplingName = 'coupling.json';

/** The text of latest.json: the newest complete checkpoint, and the SHA-256 of its manifest. */
export function latestText(iteration: number, manifestSha256: unknown): string {
  const checkpoint = `${checkpointsName}/${checkpointName(iteration)}`;
  return `${encodeJson({ iteration, checkpoint, manifestSha256 }, latestName)}\n`;
}
