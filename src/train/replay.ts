/** A run made again without records, in any host: what `unbraid verify` compares with a receipt. */

import { checkOptions, shown } from '../given.ts';
import type { Chain } from '../record/chain.ts';
import { createReceipt, type Receipt } from '../record/receipt.ts';
import { unbraidVersion } from '../version.ts';
import { type Config, resolveConfig } from './config.ts';
import { runTraining, type TrainOptions, type TrainRecord, trainOptionTypes } from './trainer.ts';

export interface ReplayOptions extends Omit<TrainOptions, 'record' | 'checkpoint'> {
  /** Ends after this iteration with a receipt that has no outcome. */
  readonly until?: number;
}

const { record: _record, checkpoint: _checkpoint, ...sharedTypes } = trainOptionTypes;
const optionTypes = { ...sharedTypes, until: 'number' } as const satisfies Record<keyof ReplayOptions, string>;

/**
 * Trains by `config` and gives the receipt, up to `until` if that is less than the whole run. A receipt's own config goes through
 * `resolveConfig` first.
 *
 * @throws if the config or an option is not what it should be, and as `runTraining` does
 */
export async function replay(config: Config, options: ReplayOptions = {}): Promise<Receipt> {
  checkOptions('replay', options, optionTypes);
  resolveConfig(config);
  const { until = config.iterations, signal, ...rest } = options;
  if (!Number.isSafeInteger(until) || until < 0) {
    throw new Error(`replay: until must be an integer >= 0, got ${shown(until)}; give the iteration of a checkpoint`);
  }
  if (until >= config.iterations) return (await runTraining(config, { ...rest, ...(signal && { signal }) })).receipt;
  const enough = new AbortController();
  const reached: { chain?: Chain } = {};
  const record: TrainRecord = {
    // An interruption at this point leaves a checkpoint of this very iteration.
    metrics: (iteration) => {
      if (iteration === until) enough.abort();
    },
    checkpoint: (checkpoint) => {
      reached.chain = checkpoint.chain;
    },
    coupling: () => {},
  };
  const either = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal;
  try {
    await runTraining(config, { ...rest, record, signal: either });
  } catch (error) {
    if (error !== enough.signal.reason || !reached.chain) throw error;
    return createReceipt(unbraidVersion, config, reached.chain, null);
  }
  throw new Error(`replay: the run did not stop after iteration ${until}; report this`);
}
