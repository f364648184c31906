/** Honest runs from which corruptions and forgeries are made. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { changes, config, makeRun, realUnbraid } from '../cli/realRun.ts';
import type { Base } from '../record/forgery.ts';

/** Text observations, a vocabulary, and a source of labels with a memory. */
const textConfig: Config = resolveConfig({
  ...changes,
  env: 'household',
  policy: 'attention',
  observation: 'text',
  method: 'classifier+cloning',
  labels: 'anchor',
  maxSteps: 8,
  iterations: 3,
});

/** Config keys of a run in which each phase lasts long enough for a signal. */
export const slowChanges = {
  ...changes,
  iterations: 6,
  evalEvery: 2,
  couplingEvery: 3,
  evalEpisodes: 800,
  couplingPairs: 48,
  coldStartUpdates: 300,
} as const;

/** Folders of honest runs by name; `other` differs from `finished` in its seed alone. */
export type Bases = Readonly<Record<Base | 'other', string>>;

/** Makes the runs in folders of `root`. */
export async function makeBases(root: string): Promise<Bases> {
  const at = (name: string): string => join(root, name);
  await makeRun(at('finished'));
  await makeRun(at('other'), { ...config, seed: 2 });
  await makeRun(at('text'), textConfig);
  await makeRun(at('cut'), config, 3);
  cpSync(at('finished'), at('measured'), { recursive: true });
  const { code, stderr } = await realUnbraid('coupling', at('measured'), '--samples', '8');
  if (code !== 0) throw new Error(`makeBases: coupling must end with 0, got ${code}: ${stderr}`);
  return {
    finished: at('finished'),
    other: at('other'),
    text: at('text'),
    'cut short': at('cut'),
    measured: at('measured'),
  };
}
