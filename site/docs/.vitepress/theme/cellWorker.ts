/** Runs one cell: imports its module, and sends what it prints and the chart that it exports. */
import type { CellChart } from './cellChart.ts';

const cells = import.meta.glob<{ chart?: CellChart }>('../../cells/*.ts');

export type CellMessage =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'end'; readonly chart: CellChart | null }
  | { readonly kind: 'error'; readonly text: string };

const send = (message: CellMessage): void => postMessage(message);

console.log = (...values: unknown[]) => send({ kind: 'line', text: values.map(String).join(' ') });

async function run(name: string): Promise<void> {
  const { chart } = await cells[`../../cells/${name}.ts`]();
  send({ kind: 'end', chart: chart ?? null });
}

addEventListener('message', ({ data }: MessageEvent<string>) => {
  run(data).catch((error: unknown) => send({ kind: 'error', text: String(error) }));
});
