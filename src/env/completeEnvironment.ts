/**
 * Completes an environment of the user's own: what is left out gets a default, and every step is checked where it
 * enters the engine.
 */
import { checkChoice, checkObject, isInteger, isList, refuse, shown } from '../check/values.ts';
import type {
  CustomEnvironment,
  CustomStep,
  CustomTextEnvironment,
  CustomTokensEnvironment,
  CustomVectorEnvironment,
  CustomVectorSpec,
} from './custom.ts';
import type {
  Environment,
  EnvironmentSpec,
  Features,
  MaybePromise,
  Step,
  TextEnvironment,
  TextStep,
} from './environment.ts';
import { checkMaxSteps } from './limits.ts';
import { textHash } from './textHash.ts';

const caller = 'environment';
const longestName = 100;

function checkText(name: string, value: unknown): void {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longestName) return;
  refuse(caller, name, `a text of 1 to ${longestName} characters`, value, 'change the spec');
}

/** Names under which a spec may declare actions that are vectors of numbers. */
const continuousNames = ['actionSpace', 'actionWidth', 'actionLow', 'actionHigh'];

/** Rejects continuous actions, for which there is no policy. */
function checkDiscrete(spec: CustomVectorSpec): void {
  const advice = 'there are no continuous actions: let each id stand for one of a few values';
  const rule = 'the number of discrete actions, an integer >= 1';
  const continuous = continuousNames.find((name) => Object.hasOwn(spec, name));
  if (continuous !== undefined) {
    throw new Error(`${caller}: spec.actionCount must be ${rule}, got a spec with ${continuous}; ${advice}`);
  }
  if (!isInteger(spec.actionCount, 1, Number.MAX_SAFE_INTEGER)) {
    refuse(caller, 'spec.actionCount', rule, spec.actionCount, advice);
  }
}

/** Checks the shape of an environment; other sizes are checked where the policy is built. */
function checkEnvironment(given: CustomEnvironment): void {
  checkObject(caller, 'environment', given, 'return an object with spec, reset and step');
  checkObject(caller, 'spec', given.spec, 'describe the environment, e.g. { name, form: "vector", ... }');
  const { spec } = given;
  checkText('spec.name', spec.name);
  if (spec.version !== undefined) checkText('spec.version', spec.version);
  checkChoice(caller, 'spec.form', spec.form, ['vector', 'tokens', 'text']);
  checkMaxSteps(caller, spec);
  if (spec.form === 'vector') checkDiscrete(spec);
  if (spec.success !== undefined && spec.success !== null) {
    checkChoice(caller, 'spec.success', spec.success, ['return', 'step']);
  }
  for (const method of ['reset', 'step'] as const) {
    if (typeof given[method] !== 'function') refuse(caller, method, 'a function', given[method], 'implement it');
  }
  for (const method of ['stateHash', 'expertActions', 'achieved', 'taskOf', 'clone', 'close'] as const) {
    if (given[method] !== undefined && typeof given[method] !== 'function') {
      refuse(caller, method, 'a function', given[method], 'implement it or leave it out');
    }
  }
  if (spec.hasExpert === true && !given.expertActions) {
    refuse(caller, 'expertActions', 'a function where spec.hasExpert is true', undefined, 'implement it');
  }
}

function then<T, U>(value: MaybePromise<T>, use: (value: T) => U): MaybePromise<U> {
  return typeof (value as Promise<T>)?.then === 'function' ? (value as Promise<T>).then(use) : use(value as T);
}

function flag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  return refuse(caller, name, 'true or false', value, 'return a boolean');
}

function rewardOf(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return refuse(caller, 'reward', 'a finite number', value, 'check step()');
}

/** The parts of a step that all forms share; `steps` were taken in the episode. */
function endOf(
  step: CustomStep<unknown, unknown>,
  maxSteps: number,
  steps: number,
): Pick<Step, 'reward' | 'terminated' | 'truncated' | 'success'> {
  checkObject(caller, 'the step', step, 'return { observation, reward, terminated, truncated, info }');
  const terminated = flag('terminated', step.terminated);
  return {
    reward: rewardOf(step.reward),
    terminated,
    truncated: flag('truncated', step.truncated) || (!terminated && steps >= maxSteps),
    ...(step.success !== undefined && { success: step.success }),
  };
}

function goalsOf(goals: unknown): readonly number[] {
  const isGoal = (goal: unknown): boolean => isInteger(goal, 0, Number.MAX_SAFE_INTEGER);
  if (Array.isArray(goals) && goals.every(isGoal)) return goals;
  return refuse(caller, 'achieved()', 'an array of integers >= 0', goals, 'number the goals');
}

/** Optional methods, passed on. */
function optionalMethods(
  given: CustomEnvironment,
): Pick<Environment, 'expertActions' | 'achieved' | 'taskOf' | 'close'> {
  return {
    ...(given.expertActions && { expertActions: () => given.expertActions?.() ?? [] }),
    ...(given.achieved && { achieved: () => goalsOf(given.achieved?.()) }),
    ...(given.taskOf && { taskOf: (game) => given.taskOf?.(game) ?? '' }),
    ...(given.close && { close: async () => given.close?.() }),
  };
}

const noEpisode = (method: string): never => {
  throw new Error(`environment: ${method} needs an episode; call reset first`);
};

/** Index of an admissible action, checked here so that every environment may assume it. */
function checkAction(action: number, count: number): void {
  if (Number.isInteger(action) && action >= 0 && action < count) return;
  refuse(
    caller,
    'action',
    `the index of one of ${count} admissible actions`,
    action,
    'call reset after the end of an episode',
  );
}

/** @param start steps taken and the step shown, for a copy in the middle of an episode */
function completeStates(
  given: CustomVectorEnvironment | CustomTokensEnvironment,
  spec: EnvironmentSpec,
  start: { readonly steps: number; readonly shown: Step; readonly listed: readonly unknown[] } | null,
): Environment {
  let steps = start?.steps ?? 0;
  let current: Step | null = start?.shown ?? null;
  /**
   * The actions that the environment itself listed: at a step limit it may list none in a state that is otherwise the
   * same.
   */
  let listed: readonly unknown[] = start?.listed ?? [];
  const everyAction = spec.form === 'vector' ? Array.from({ length: spec.actionCount }, (_, id) => id) : null;
  const show = (step: CustomStep<Step['observation'] | readonly number[], number | Features>): Step => {
    const end = endOf(step, spec.maxSteps, steps);
    const ended = end.terminated || end.truncated;
    listed = step.info?.admissibleActions ?? [];
    const admissible = step.info?.admissibleActions ?? (ended ? [] : everyAction);
    if (!isList(admissible)) {
      refuse(
        caller,
        'info.admissibleActions',
        'an array of features of each action',
        admissible,
        'list the possible actions',
      );
    }
    current = {
      observation: step.observation as Step['observation'],
      ...end,
      info: { admissibleActions: admissible as Step['info']['admissibleActions'] },
    };
    return current;
  };
  const shown = (method: string): Step => current ?? noEpisode(method);
  const words = (features: ArrayLike<number>): string => {
    if (spec.form === 'vector') return Array.from(features).join(' ');
    return Array.from(features, (feature) => spec.vocabulary[feature % spec.vocabulary.length]).join(' ');
  };
  return {
    spec,
    reset(episode) {
      steps = 0;
      return then(given.reset(episode), show);
    },
    step(action) {
      const { info, terminated, truncated } = shown('step');
      checkAction(action, terminated || truncated ? 0 : info.admissibleActions.length);
      return then(given.step(action), (step) => {
        steps++;
        return show(step);
      });
    },
    observationText: () => words(shown('observationText').observation),
    actionTexts: () =>
      (shown('actionTexts').info.admissibleActions as readonly (number | Features)[]).map((action) =>
        typeof action === 'number' ? `action ${action}` : words(action),
      ),
    stateHash() {
      const { observation } = shown('stateHash');
      if (!given.stateHash) {
        return textHash(JSON.stringify([Array.from(observation), listed]));
      }
      const hash = given.stateHash();
      if (Number.isSafeInteger(hash) && hash >= 0) return hash;
      return refuse(caller, 'stateHash()', 'an integer in [0, 2^53)', hash, 'hash what the episode changed');
    },
    ...optionalMethods(given),
    ...(given.clone && {
      clone() {
        const copy = given.clone?.() as typeof given;
        checkEnvironment(copy);
        return completeStates(copy, spec, current && { steps, shown: current, listed });
      },
    }),
  };
}

/** The spec's field `success`; absent where the spec leaves it out. */
function successOf({ success }: Pick<EnvironmentSpec, 'success'>): Pick<EnvironmentSpec, 'success'> {
  return success === undefined ? {} : { success };
}

function completeText(given: CustomTextEnvironment): TextEnvironment {
  const { name, version = '1', maxSteps, hasExpert = given.expertActions !== undefined } = given.spec;
  let steps = 0;
  const show = (step: CustomStep<string, string>): TextStep => {
    const end = endOf(step, maxSteps, steps);
    const { observation } = step;
    const admissibleActions = step.info?.admissibleActions ?? (end.terminated || end.truncated ? [] : null);
    if (typeof observation !== 'string') refuse(caller, 'observation', 'a text', observation, 'check the environment');
    if (!Array.isArray(admissibleActions) || !admissibleActions.every((text) => typeof text === 'string')) {
      refuse(caller, 'info.admissibleActions', 'an array of texts', admissibleActions, 'list the possible actions');
    }
    return { observation, ...end, info: { admissibleActions } };
  };
  return {
    spec: { name, version, maxSteps, hasExpert, ...successOf(given.spec) },
    async reset(episode) {
      steps = 0;
      return show(await given.reset(episode));
    },
    async step(action) {
      const step = await given.step(action);
      steps++;
      return show(step);
    },
    ...(given.stateHash && { stateHash: () => given.stateHash?.() ?? 0 }),
    ...optionalMethods(given),
  };
}

/** A complete environment, in text form one that still needs a vocabulary. */
export type Completed =
  | { readonly form: 'vector' | 'tokens'; readonly environment: Environment }
  | { readonly form: 'text'; readonly environment: TextEnvironment };

/**
 * Checks an environment of a user's own and adds what it leaves out: step limit, state hash, texts, admissible actions
 * of a vector environment. Observations, actions and rewards are checked at each step.
 *
 * @throws if spec, reset or step is missing or of the wrong kind
 */
export function completeEnvironment(given: CustomEnvironment): Completed {
  checkEnvironment(given);
  const { spec } = given;
  const common = {
    name: spec.name,
    version: spec.version ?? '1',
    maxSteps: spec.maxSteps,
    hasExpert: spec.hasExpert ?? given.expertActions !== undefined,
    ...successOf(spec),
  };
  switch (spec.form) {
    case 'text':
      return { form: 'text', environment: completeText(given as CustomTextEnvironment) };
    case 'vector': {
      const { vectorWidth, actionCount } = spec;
      const full = { ...common, form: 'vector', vectorWidth, actionCount } as const;
      return { form: 'vector', environment: completeStates(given as CustomVectorEnvironment, full, null) };
    }
    case 'tokens': {
      const { vocabulary, stateSlots, actionSlots, layout = 'slots' } = spec;
      if (!isList(vocabulary))
        refuse(caller, 'spec.vocabulary', 'an array of words', shown(vocabulary), 'list the words');
      const full = { ...common, form: 'tokens', vocabulary, stateSlots, actionSlots, layout } as const;
      return { form: 'tokens', environment: completeStates(given as CustomTokensEnvironment, full, null) };
    }
  }
}
