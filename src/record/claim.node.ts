/** What a run's folder or a receipt's file says of its run, once everything in it agrees with everything else. */
import { join } from 'node:path';
import { brokenMetrics, brokenPart, type Link } from './chain.ts';
import { type Checkpoint, checkpointName } from './checkpoint.ts';
import { readBytes } from './files.node.ts';
import { type Damage, readReceiptFile, readRunReceipt } from './integrity.node.ts';
import { canonicalJson } from './json.ts';
import { metricsName, receiptName, resultName } from './layout.node.ts';
import { createReceipt, outcomeOf, type Receipt } from './receipt.ts';
import { openRun, type Run } from './run.node.ts';

export type Claim = { readonly receipt: Receipt } | { readonly damage: Damage };

/** What `read` gives, or the damage that its error tells of. */
function attempt<T>(file: string, read: () => T): { readonly value: T } | { readonly damage: Damage } {
  try {
    return { value: read() };
  } catch (error) {
    return { damage: { file, message: (error as Error).message } };
  }
}

/** The first kept checkpoint that is damaged or not the one that the chain stands for. */
function checkpointDamage(run: Run, links: readonly Link[]): Damage | null {
  for (const iteration of run.checkpoints) {
    const file = `checkpoints/${checkpointName(iteration)}`;
    const loaded = attempt(file, () => run.loadCheckpoint(iteration));
    if ('damage' in loaded) return loaded.damage;
    const own = loaded.value.chain.links.at(-1);
    // The link of an interruption is not in the chain of a run that went on.
    const link = links.find((other) => other.iteration === iteration) ?? own;
    const broken = link === undefined || link.link !== own?.link ? 'chain' : brokenPart(link, loaded.value);
    if (broken !== null) {
      return { file, message: `${join(run.directory, file)}: its ${broken} is not what the receipt's link stands for` };
    }
  }
  return null;
}

/** The receipt of a run without receipt.json: the chain of its newest checkpoint and, where the run has ended, its result. */
function receiptOf(run: Run, newest: Checkpoint): Receipt {
  const { links } = newest.chain;
  const ended = links.at(-1)?.iteration === run.config.iterations;
  return createReceipt(String(run.versions.unbraid), run.config, newest.chain, ended ? run.result : null);
}

function runClaim(directory: string): Claim {
  const stored = readRunReceipt(directory);
  if (stored && 'damage' in stored) return stored;
  const run = openRun(directory);
  if (run.latest === null) throw new Error(`verify: ${directory} has no checkpoint yet; there is nothing to compare`);
  const newest = attempt(`checkpoints/${checkpointName(run.latest)}`, () => run.loadCheckpoint());
  if ('damage' in newest) return newest;
  const receipt = stored?.receipt ?? receiptOf(run, newest.value);
  const damage = checkpointDamage(run, receipt.links);
  if (damage) return { damage };
  const path = join(directory, metricsName);
  const metrics = attempt(metricsName, () => readBytes(path));
  if ('damage' in metrics) return metrics;
  const broken = brokenMetrics(receipt.links, metrics.value);
  if (broken) {
    return { damage: { file: metricsName, message: `${path} does not match checkpoint ${broken.iteration}` } };
  }
  const { outcome } = receipt;
  if (outcome && canonicalJson(outcome) !== canonicalJson(outcomeOf(run.result ?? {}))) {
    const message = `${join(directory, resultName)} is not the outcome in ${receiptName}`;
    return { damage: { file: resultName, message } };
  }
  return { receipt };
}

/**
 * The receipt that a run's folder or a receipt's file claims, or the first file that contradicts it.
 *
 * @throws Error if there is nothing to compare: no checkpoint, an unreadable config
 */
export function readClaim(path: string, isFolder: boolean): Claim {
  return isFolder ? runClaim(path) : readReceiptFile(path);
}
