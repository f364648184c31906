/** An environment in a bridge program, in each of the three forms. */
import type { Environment, Features, Split, Step, TextEnvironment, TextStep } from '../environment.ts';
import { textHash } from '../textHash.ts';
import type { BridgeProcess } from './bridgeProcess.node.ts';
import type { FormSpec } from './hello.ts';
import { type PlayRequest, ProtocolError } from './messages.ts';
import { ProgramError } from './programError.node.ts';
import type { BridgeStep, ReadStep } from './steps.ts';

/** Number of times that a reset is sent if the program requests that it be repeated. */
const mostTries = 3;

/** Where an environment is. */
interface Place {
  /** Name of the bridge, for messages. */
  readonly name: string;
  /** Number of the environment in the requests. */
  readonly env: number;
  readonly program: BridgeProcess;
  readonly read: ReadStep;
  /** Called for each reset that is repeated. */
  readonly onRetry: () => void;
}

export type EnvironmentOf<F extends FormSpec> = F extends { readonly form: 'text' } ? TextEnvironment : Environment;

/** The episode that an environment plays. */
interface Player<S extends Step | TextStep> {
  reset(episode: { seed: number; split: Split }): Promise<S>;
  step(action: number): Promise<S>;
  stateHash(): number;
  /** The latest step. */
  shown(method: string): S;
  close(): Promise<void>;
}

function createPlayer<S extends Step | TextStep>(
  maxSteps: number,
  { name, env, program, read, onRetry }: Place,
): Player<S> {
  let current: BridgeStep<S> | undefined;
  let stepsTaken = 0;

  const play = async (request: PlayRequest): Promise<S> => {
    const stepNumber = request.op === 'reset' ? 0 : stepsTaken + 1;
    // The actions are unknown until the answer arrives.
    current = undefined;
    const after = await program.play(request, (received, of) => {
      const result = read(received, of);
      const { terminated, truncated } = result.step;
      if (stepNumber >= maxSteps && !terminated && !truncated) {
        throw new ProtocolError(`terminated or truncated must be true at step ${stepNumber} of ${maxSteps}`);
      }
      return result;
    });
    stepsTaken = stepNumber;
    current = after as BridgeStep<S>;
    return current.step;
  };

  const present = (method: string): BridgeStep<S> => {
    if (current !== undefined) return current;
    const before = method === 'step' ? 'call and await reset first' : 'call reset first';
    throw new Error(`bridge ${name}: ${method} needs an episode; ${before}`);
  };

  return {
    async reset({ seed, split }) {
      for (let tries = 1; ; tries++) {
        try {
          return await play({ op: 'reset', env, seed, split });
        } catch (error) {
          if (!(error instanceof ProgramError && error.retry)) throw error;
          if (tries === mostTries) {
            throw new Error(
              `${error.message}; the reset of seed ${seed}, split ${split} failed ${tries} times; check the program`,
              { cause: error },
            );
          }
          onRetry();
        }
      }
    },
    async step(action) {
      const { step, sent } = present('step');
      if (step.terminated || step.truncated) {
        throw new Error(`bridge ${name}: step after the end of the episode; call reset first`);
      }
      if (sent[action] === undefined) {
        throw new RangeError(
          `bridge ${name}: step needs the index of one of ${sent.length} admissible actions, got ${action}`,
        );
      }
      return play({ op: 'step', env, action: sent[action] });
    },
    stateHash: () => textHash(present('stateHash').stateText),
    shown: (method) => present(method).step,
    close: () => program.release(env),
  };
}

function textEnvironment(form: FormSpec & { readonly form: 'text' }, place: Place): TextEnvironment {
  const { reset, step, stateHash, close } = createPlayer<TextStep>(form.spec.maxSteps, place);
  return { spec: form.spec, reset, step, stateHash, close };
}

/** Names and values of a vector, or its values. */
function vectorText(values: ArrayLike<number>, names: readonly string[] | null): string {
  return Array.from(values, (x, i) => (names === null ? String(x) : `${names[i]} ${x}`)).join(', ');
}

function statesEnvironment(form: Exclude<FormSpec, { form: 'text' }>, place: Place): Environment {
  const { shown, ...player } = createPlayer<Step>(form.spec.maxSteps, place);
  const words = (features: Features): string => {
    const vocabulary = form.form === 'tokens' ? form.spec.vocabulary : [];
    return features.map((feature) => vocabulary[feature % vocabulary.length]).join(' ');
  };
  const actionText = (action: number | Features): string => {
    if (typeof action !== 'number') return words(action);
    return (form.form === 'vector' ? form.actionNames?.[action] : undefined) ?? `action ${action}`;
  };
  return {
    spec: form.spec,
    ...player,
    observationText() {
      const { observation } = shown('observationText');
      return form.form === 'vector' ? vectorText(observation, form.observationNames) : words(observation as Features);
    },
    actionTexts: () => (shown('actionTexts').info.admissibleActions as readonly (number | Features)[]).map(actionText),
  };
}

export function createEnvironment<F extends FormSpec>(form: F, place: Place): EnvironmentOf<F> {
  return (form.form === 'text' ? textEnvironment(form, place) : statesEnvironment(form, place)) as EnvironmentOf<F>;
}
