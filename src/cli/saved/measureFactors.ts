/** Opens a bank and measures it on this thread. */
import { statSync } from 'node:fs';
import { createArena } from '../../engine/kernels/createArena.ts';
import { pauses, runWithPauses } from '../../eventLoop.ts';
import { openBergson } from '../../factors/bergson.node.ts';
import { measureBank } from '../../factors/measureBank.ts';
import { openBank } from '../../factors/openBank.node.ts';
import type { FactorsEngine } from './factors.ts';

/** A folder is a store of Bergson. */
export const measureFactors: FactorsEngine['measureFactors'] = async (path, { onLayer, shell }) => {
  const bank = statSync(path).isDirectory() ? openBergson(path) : openBank(path);
  try {
    const { build } = await shell.kernels.settled('single');
    const arena = await createArena({ wide: build === 'wide' });
    const measure = measureBank(arena, bank, (done) => onLayer(done, bank.layers.length));
    const coupling = await runWithPauses(measure, pauses(shell.signal));
    const { model, logProb, notes } = bank;
    return { command: 'coupling', factors: path, model, logProb, notes, ...coupling };
  } finally {
    bank.close();
  }
};
