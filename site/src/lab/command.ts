/** The command that trains the same run outside the page. */
import { type Config, configTable, resolveConfig } from 'unbraid';

/** Keys with an option of their own. */
const named = [
  ['env', 'env'],
  ['policy', 'policy'],
  ['method', 'method'],
  ['labels', 'labels'],
  ['seed', 'seed'],
  ['iterations', 'iterations'],
  ['coldStart', 'cold-start'],
] as const satisfies readonly (readonly [keyof Config, string])[];

/** A name for the folder of a run, of letters, digits, dots and dashes. */
export function folderName(config: Partial<Config>): string {
  const { env, method, labels, seed } = resolveConfig(config);
  const source = config.labels === undefined ? '' : `-${labels}`;
  return `${env}-${method}${source}-s${seed}`.replaceAll(/[^A-Za-z0-9.]+/g, '-');
}

/** `unbraid train ...` with every key that differs from its default. Its values need no quotes in a shell. */
export function commandOf(config: Partial<Config>): string {
  const resolved = resolveConfig(config);
  const changed = configTable.filter(({ key, default: standard }) => {
    // resolveConfig derives the form of observations from the policy.
    return key !== 'observation' && resolved[key] !== standard;
  });
  const options = changed.map(({ key }) => {
    const option = named.find(([name]) => name === key)?.[1];
    return option ? `--${option} ${resolved[key]}` : `--set ${key}=${resolved[key]}`;
  });
  return ['unbraid train', ...options, `--out runs/${folderName(config)}`].join(' ');
}
