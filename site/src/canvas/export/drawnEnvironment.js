/**
 * An episode is one state, one action and a reward: 1 if the action is right. The state follows from the game's seed,
 * so that states occur in consecutive games as often as they were drawn. The split out-of-domain has the held-out
 * states, or all if none is held out.
 *
 * @param {import('./drawing.ts').Drawing} drawing
 * @returns {import('unbraid/env').CustomVectorEnvironment}
 */
export function drawnEnvironment({ name, version, states }) {
  const trained = states.filter((state) => !state.heldOut);
  const heldOut = states.filter((state) => state.heldOut);
  let current = states[0];

  function draw(seed, split) {
    const all = split === 'out-of-domain' && heldOut.length > 0 ? heldOut : trained;
    const total = all.reduce((sum, state) => sum + state.frequency, 0);
    // Multiples of the golden ratio are spread evenly over [0, 1).
    const turns = (seed % 1048576) * 0.6180339887498949;
    let rest = (turns - Math.floor(turns)) * total;
    for (const state of all) {
      rest -= state.frequency;
      if (rest < 0) return state;
    }
    return all[all.length - 1];
  }

  return {
    spec: { name, version, form: 'vector', vectorWidth: current.observation.length, actionCount: 4, maxSteps: 1 },
    reset({ seed, split }) {
      current = draw(seed, split);
      return { observation: current.observation };
    },
    step(action) {
      return { observation: current.observation, reward: action === current.right ? 1 : 0, terminated: true };
    },
  };
}

/** Plays episodes for another program: one JSON object a line, as docs/bridge.md of unbraid describes. */
export async function serve(make) {
  const { stdin, stdout } = globalThis.process;
  const live = new Map();
  const play = ({ env, action, seed, split }) => {
    if (!live.has(env)) live.set(env, make());
    const step = seed === undefined ? live.get(env).step(action) : live.get(env).reset({ seed, split });
    return { env, reward: 0, terminated: false, truncated: false, ...step };
  };
  const answers = {
    // An episode has one step, whatever limit a run sets.
    hello: ({ maxSteps }) => ({ protocol: 2, ...make().spec, ...(maxSteps !== undefined && { maxSteps }) }),
    reset: play,
    step: play,
    stepMany: ({ requests }) => ({ steps: requests.map(play) }),
    close({ env }) {
      live.delete(env);
      return {};
    },
  };
  stdin.setEncoding('utf8');
  let rest = '';
  for await (const part of stdin) {
    const lines = (rest + part).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const request = JSON.parse(line);
      stdout.write(`${JSON.stringify({ id: request.id, ...answers[request.op](request) })}\n`);
    }
  }
}
