// A bridge whose answers come late: with 20 episodes one after another it would take 20 x 4 x 3 waits.
// The reward of a step is the number of requests that waited together with it.
import { createInterface } from 'node:readline';

const steps = new Map();
let waiting = [];

function flush() {
  const together = waiting.length;
  for (const { id, op, env } of waiting) {
    const taken = op === 'reset' ? 0 : (steps.get(env) ?? 0) + 1;
    steps.set(env, taken);
    const ended = taken === 3;
    const step = { env, observation: `at ${taken}`, reward: op === 'step' ? together : 0, terminated: ended };
    const admissibleActions = ended ? [] : ['go', 'wait'];
    process.stdout.write(`${JSON.stringify({ id, ...step, truncated: false, admissibleActions })}\n`);
  }
  waiting = [];
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const request = JSON.parse(line);
    if (request.op === 'hello') {
      process.stdout.write(`${JSON.stringify({ id: 0, protocol: 1, name: 'late', version: '1', maxSteps: 3 })}\n`);
    } else if (request.op === 'close') process.stdout.write(`${JSON.stringify({ id: request.id })}\n`);
    else if (waiting.push(request) === 1) setTimeout(flush, 100);
  })
  .on('close', () => process.exit(0));
