/** The records of a run in its folder, as the report of a comparison uses them. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readActionProbabilities } from '../../record/actionProbabilities.node.ts';
import { readText } from '../../record/files.node.ts';
import { couplingEndName, couplingStartName, metricsName, resultName } from '../../record/names.ts';
import { parseCoupling, parseMetrics, parseRunResult, type RunRecords } from '../../record/schemas.ts';

/** @throws Error that names the record that is missing or damaged */
export function readRun(directory: string): RunRecords {
  const path = (file: string): string => join(directory, file);
  const start = path(couplingStartName);
  const end = path(couplingEndName);
  const probabilities = readActionProbabilities(directory);
  return {
    name: basename(directory),
    metrics: parseMetrics(readText(path(metricsName))),
    result: parseRunResult(readText(path(resultName))),
    ...(existsSync(start) && { couplingStart: parseCoupling(readText(start)) }),
    ...(existsSync(end) && { couplingEnd: parseCoupling(readText(end)) }),
    ...(probabilities && { actionProbabilities: probabilities }),
  };
}
