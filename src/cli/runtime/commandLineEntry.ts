/** Entry in Node, Deno or Bun: reads a job from stdin, runs it, and writes its messages to stdout as lines of JSON. */
import process from 'node:process';
import { spawnWorker } from '../../../workers/spawn.node.ts';
import type { JobFunction, Message } from './job.ts';
import { library as unbraid } from './library.ts';

function send(message: Message): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

let text = '';
for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
const { module, input } = JSON.parse(text) as { module: string; input: unknown };
try {
  const { default: job } = (await import(module)) as { default: JobFunction };
  send({ result: await job({ unbraid, spawnWorker }, input, (progress) => send({ progress })) });
} catch (error) {
  send({ error: error instanceof Error ? error.message : String(error) });
}
