/** What a run starts from: the head of its chain, and whether a checkpoint belongs to the same start. */

import { type Config, recordedConfig } from '../config/config.ts';
import type { EnvironmentSpec } from '../env/environment.ts';
import { brokenCheckpoint, type ChainHead, jsonSha256 } from '../record/chain.ts';
import type { Checkpoint } from '../record/checkpoint.ts';
import type { JsonRecord } from '../record/json.ts';
import { numericsVersion } from '../version.ts';
import { type CustomParts, headOf } from './custom.ts';

/** The head of the chain of a run. */
export function chainHead(
  config: Config,
  spec: EnvironmentSpec,
  vocabulary: JsonRecord | null,
  arithmetic: 'exact' | 'relaxed',
  parts: CustomParts,
): ChainHead {
  const custom = headOf(parts);
  return {
    numerics: numericsVersion,
    configSha256: jsonSha256(recordedConfig(config)),
    environment: `${spec.name} ${spec.version}`,
    ...(spec.packages && { packages: spec.packages }),
    vocabularySha256: vocabulary && jsonSha256(vocabulary),
    ...(arithmetic === 'relaxed' && { arithmetic }),
    ...(custom && { custom }),
  };
}

/**
 * Throws unless this version can reproduce a run bit for bit.
 *
 * @param unbraid version that made the run
 * @param exact what to train without, so that the arithmetic is exact
 */
export function requireReproducible(
  { numerics, arithmetic }: Pick<ChainHead, 'numerics' | 'arithmetic'>,
  unbraid: string,
  exact: string,
): void {
  if (arithmetic) {
    throw new Error(
      `verify: the run must have exact arithmetic, got ${arithmetic}, whose bits depend on the processor; train it without ${exact}`,
    );
  }
  if (numerics !== numericsVersion) {
    throw new Error(
      `verify: the run must have numerics version ${numericsVersion}, got ${numerics}; check it with the unbraid that made it, version ${unbraid} (CHANGELOG.md names a commit of each numerics version)`,
    );
  }
}

/** Throws unless a checkpoint matches its own link in the chain. */
export function requireWhole(checkpoint: Checkpoint): void {
  const broken = brokenCheckpoint(checkpoint);
  if (broken === null) return;
  throw new Error(
    `train: the checkpoint's ${broken} must match its own link in the chain of hashes; use another checkpoint of the run`,
  );
}

/**
 * Throws unless a checkpoint was made from the same start: only then does the run resume to the bits of an
 * uninterrupted one.
 */
export function requireSameStart(saved: ChainHead, current: ChainHead): void {
  if (saved.environment !== current.environment) {
    throw new Error(
      `train: the checkpoint was made in ${saved.environment}, but this is ${current.environment}; resume with the version of unbraid that made it`,
    );
  }
  const packages = [saved, current].map((head) => JSON.stringify(head.packages ?? {}));
  if (packages[0] !== packages[1]) {
    throw new Error(
      `train: the checkpoint was made with the packages ${packages[0]}, but these are ${packages[1]}; install the versions of the checkpoint`,
    );
  }
  if (saved.numerics !== current.numerics) {
    throw new Error(
      `train: the checkpoint has numerics version ${saved.numerics}, but this is ${current.numerics}; resume with the version of unbraid that made it`,
    );
  }
  if (JSON.stringify(saved.custom) !== JSON.stringify(current.custom)) {
    throw new Error(
      'train: the checkpoint was made with other custom parts (environment, policy or labelSource); pass the modules of its run',
    );
  }
  if (saved.configSha256 !== current.configSha256) {
    throw new Error('train: the checkpoint was made with another config; resume with the config of its run');
  }
  if (saved.arithmetic !== current.arithmetic) {
    const [was, is] = [saved, current].map(({ arithmetic }) => arithmetic ?? 'exact');
    throw new Error(
      `train: the checkpoint was made with ${was} arithmetic, but this is ${is}; resume with --arithmetic ${was}`,
    );
  }
  if (saved.vocabularySha256 !== current.vocabularySha256) {
    throw new Error("train: the checkpoint was made with another vocabulary; resume with its run's own tokenizer");
  }
}
