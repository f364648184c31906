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

/**
 * The families of environments whose bridge program is part of this package, by the prefix of their names. `example` is
 * a name without its parameters.
 */
const shipped = [
  {
    prefix: 'gym:',
    item: 'id',
    script: 'gym_bridge.py',
    example: 'gym:CartPole-v1',
    meaning: 'a Gymnasium environment with discrete actions, such as gym:CartPole-v1; vectors; needs Python',
  },
  {
    prefix: 'minigrid:',
    item: 'id',
    script: 'minigrid_bridge.py',
    example: 'minigrid:BabyAI-GoToLocal-v0',
    meaning: 'a MiniGrid or BabyAI environment, such as minigrid:BabyAI-GoToLocal-v0; text or vectors; needs Python',
  },
  {
    prefix: 'textworld:',
    item: 'game',
    script: 'textworld_bridge.py',
    example: 'textworld:coin_collector',
    meaning: 'generated TextWorld games, such as textworld:coin_collector?level=5; text; needs Python',
  },
  {
    prefix: 'textworld-express/',
    item: 'game',
    script: 'textworld_express_bridge.py',
    example: 'textworld-express/coin',
    meaning: 'a TextWorldExpress game, such as textworld-express/coin?numLocations=5; text; needs Python and Java',
  },
  {
    prefix: 'scienceworld:',
    item: 'task',
    script: 'scienceworld_bridge.py',
    example: 'scienceworld:find-living-thing',
    meaning: 'a ScienceWorld task, such as scienceworld:find-living-thing; text; needs Python and Java',
  },
  {
    prefix: 'minatar:',
    item: 'game',
    script: 'minatar_bridge.py',
    example: 'minatar:breakout',
    meaning: 'a MinAtar game, such as minatar:breakout; vectors; needs Python',
  },
] as const;

/** Scheme of names that contain a command of the user's own. */
export const ownProgram = 'exec:';

/** The bridge scripts of this package. */
export const bridgeScripts: readonly string[] = shipped.map(({ script }) => script);

/** Every form that a name can have, with its meaning. */
export const environmentTable: readonly { readonly name: string; readonly meaning: string }[] = [
  ...builtIn,
  ...shipped.map(({ prefix, item, meaning }) => ({ name: `${prefix}<${item}>`, meaning })),
  {
    name: `${ownProgram}COMMAND ARG...`,
    meaning: 'any program that speaks the protocol of docs/bridge.md; started without a shell',
  },
];

export function isBuiltIn(env: string): env is BuiltInName {
  return builtIn.some(({ name }) => name === env);
}

const parameter = String.raw`[A-Za-z_]\w*=[\w-]+(\.[\w-]+)*`;
const parameters = String.raw`(\?${parameter}(&${parameter})*)?`;

/**
 * Pattern of the text after the prefix: an id of letters, digits, `_`, `-` and single dots, and parameters of the same
 * characters. A name that matches is no path, no module, no option and no command.
 */
const plainId = new RegExp(String.raw`^\w[\w-]*(\.[\w-]+)*${parameters}$`);

/** Pattern of ids that name a module, a namespace or a path below the current one, such as `my_module:MyEnv-v0`. */
const moduleId = new RegExp(String.raw`^\w[\w-]*([./:][\w-]+)*${parameters}$`);

function scriptOf(env: string, id: RegExp): string | null {
  const found = shipped.find(({ prefix }) => env.startsWith(prefix) && id.test(env.slice(prefix.length)));
  return found?.script ?? null;
}

/** The bridge script that is started for a name of a shipped family with a plain id; null for any other name. */
export function shippedScript(env: string): string | null {
  return scriptOf(env, plainId);
}

/**
 * The bridge script for a name of a shipped family whose id may import a module or name a path. Such a name counts as a
 * program of the user.
 */
export function moduleScript(env: string): string | null {
  return scriptOf(env, moduleId);
}

/**
 * Whether a name can start code that is not part of this package. True for every name that is not known to be safe:
 * `exec:COMMAND`, a path, a module of another library, an unknown scheme.
 */
export function startsProgram(env: string): boolean {
  return !isBuiltIn(env) && shippedScript(env) === null;
}

/** The existing name nearest to a misspelt one; null if all differ too much. */
function nearestEnvironment(env: string): string | null {
  const at = env.search(/[:/]/);
  const builtInNames = builtIn.map(({ name }) => name);
  const heads = shipped.map(({ prefix }) => prefix.slice(0, -1));
  if (at >= 0) {
    // Id and parameters of the given name are kept.
    const nearest = heads.indexOf(nearestName(env.slice(0, at), heads) ?? '');
    return nearest < 0 ? null : `${shipped[nearest].prefix}${env.slice(at + 1)}`;
  }
  const examples = shipped.map(({ example }) => example);
  const nearest = nearestName(env, [...builtInNames, ...heads, ...examples]);
  return shipped.find((_, i) => heads[i] === nearest)?.example ?? nearest;
}

/** Advice for a name that no environment has: the existing names, and the nearest of them. */
export function unknownEnvironment(env: string): string {
  const nearest = nearestEnvironment(env);
  const choice = environmentTable.map(({ name }) => name).join(', ');
  const advice = nearest === null ? '' : `; did you mean "${nearest}"?`;
  return `env: no environment has the name ${env}; choose from ${choice}${advice}`;
}
