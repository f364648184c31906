/** Runs in a page's worker: does the job there, so that the page stays awake to say what happens. */
import type { JobFunction, Message, Product } from './job.ts';

function send(message: Message): void {
  postMessage(message);
}

addEventListener('message', async ({ data }: MessageEvent<{ library: string; module: string; input: unknown }>) => {
  try {
    const unbraid = (await import(data.library)) as Product['unbraid'] & Pick<Product, 'spawnWorker'>;
    const { default: job } = (await import(data.module)) as { default: JobFunction };
    send({
      result: await job({ unbraid, spawnWorker: unbraid.spawnWorker }, data.input, (progress) => send({ progress })),
    });
  } catch (error) {
    send({ error: error instanceof Error ? error.message : String(error) });
  }
});
