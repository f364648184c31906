/** Entry of the worker of a page. The job runs in the worker, so that the page can post messages. */
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
