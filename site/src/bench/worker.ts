/** The worker that measures this browser. */
import { expose } from 'comlink';
import peakUrl from '../../../wasm/peak.wasm?url';
import { type Measured, measureAll } from './measure.ts';

export interface BenchWorker {
  /** Reports each task as it ends. Reports use a channel of their own, so the last ones may arrive after the answer. */
  run(threads: readonly number[], report: (measured: Measured) => void): Promise<readonly Measured[]>;
}

const api: BenchWorker = {
  async run(threads, report) {
    const response = await fetch(peakUrl);
    if (!response.ok) throw new Error(`the server answered ${response.status} for peak.wasm`);
    const all: Measured[] = [];
    await measureAll(await response.arrayBuffer(), threads, (measured) => {
      all.push(measured);
      report(measured);
    });
    return all;
  },
};

expose(api);
