/** The names that `env` can have, and which of them start a program that is not part of this package. */

import { nearestName } from '../check/nearestName.ts';

/** The environments that run in this process. */
const builtIn = [
  {
    name: 'household',
    meaning: 'household tasks of six types with irreversible mistakes; tokens, text or vectors; has an expert',
  },
  {
    name: 'crafting',
    meaning: 'recipes to learn, wrong mixes ruin ingredients; tokens, text or vectors; has an expert',
  },
  { name: 'look-alike', meaning: 'two similar states that need different actions; vectors; has an expert' },
  {
    name: 'bandit',
    meaning: 'needs in similar scenarios, with adjustable similarity; vectors; has an expert',
  },
] as const;

export type BuiltInName = (typeof builtIn)[number]['name'];

/** The families of environments whose bridge program is part of this package: the part of a name before the slash. */
const shipped = [
  {
    family: 'textworld-express',
    script: 'textworld_express_bridge.py',
    meaning: 'a TextWorldExpress game, such as textworld-express/coin?numLocations=5; text; needs Python and Java',
  },
] as const;

/** Scheme of names that contain a command of the user's own. */
export const ownProgram = 'exec:';

/** Every form that a name can have, with its meaning. */
export const environmentTable: readonly { readonly name: string; readonly meaning: string }[] = [
  ...builtIn,
  ...shipped.map(({ family, meaning }) => ({ name: `${family}/<game>`, meaning })),
  {
    name: `${ownProgram}COMMAND ARG...`,
    meaning: 'any program that speaks the protocol of docs/bridge.md; text; started without a shell',
  },
];

export function isBuiltIn(env: string): env is BuiltInName {
  return builtIn.some(({ name }) => name === env);
}

/**
 * Pattern of the text after the family: a game and parameters of letters and digits. A name that matches is no path, no
 * option and no command.
 */
const game = /^[a-z]+(\?[A-Za-z]+=[A-Za-z0-9]+(&[A-Za-z]+=[A-Za-z0-9]+)*)?$/;

/** The bridge script that is started for a name of a shipped family; null for any other name. */
export function shippedScript(env: string): string | null {
  const slash = env.indexOf('/');
  const found = shipped.find(({ family }) => family === env.slice(0, slash));
  return found !== undefined && game.test(env.slice(slash + 1)) ? found.script : null;
}

/**
 * Whether a name can start code that is not part of this package. True for every name that is not known to be safe:
 * `exec:COMMAND`, a path, a module of another library, an unknown scheme.
 */
export function startsProgram(env: string): boolean {
  return !isBuiltIn(env) && shippedScript(env) === null;
}

/** Advice for a name that no environment has: the existing names, and the nearest of them. */
export function unknownEnvironment(env: string): string {
  const slash = env.indexOf('/');
  // Game and parameters of the given name are kept if they are valid.
  const games = shipped.map(({ family }) => `${family}/${slash < 0 ? 'coin' : env.slice(slash + 1)}`);
  const nearest = nearestName(env, [...builtIn.map(({ name }) => name), ...games]);
  const choice = environmentTable.map(({ name }) => name).join(', ');
  const advice = nearest === null ? '' : `; did you mean "${nearest}"?`;
  return `env: no environment has the name ${env}; choose from ${choice}${advice}`;
}
