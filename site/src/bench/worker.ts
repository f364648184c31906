/** The worker that measures this browser. */
import { expose } from 'comlink';
import peakUrl from '../../../wasm/peak.wasm?url';
import { type Measured, measureAll } from './measure.ts';

export interface BenchWorker {
  run(threads: readonly number[], report: (measured: Measured) => void): Promise<void>;
}

const api: BenchWorker = {
  async run(threads, report) {
    const response = await fetch(peakUrl);
    if (!response.ok) throw new Error(`the server answered ${response.status} for peak.wasm`);
    await measureAll(await response.arrayBuffer(), threads, report);
  },
};

expose(api);
