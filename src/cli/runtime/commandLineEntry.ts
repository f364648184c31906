/** Runs in Node, Deno or Bun: reads a job from stdin, does it, and writes what happens to stdout as JSON lines. */
import process from 'node:process';
import * as unbraid from '../../index.ts';
import type { JobFunction, Message, Product } from './job.ts';

function send(message: Message): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

let text = '';
for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
// The source never imports workers; here they are found where the build puts them.
const workers = new URL('../../../workers/spawn.node.js', import.meta.url);
const { module, input } = JSON.parse(text) as { module: string; input: unknown };
try {
  const { spawnWorker } = (await import(workers.href)) as Pick<Product, 'spawnWorker'>;
  const { default: job } = (await import(module)) as { default: JobFunction };
  send({ result: await job({ unbraid, spawnWorker }, input, (progress) => send({ progress })) });
} catch (error) {
  send({ error: error instanceof Error ? error.message : String(error) });
}
