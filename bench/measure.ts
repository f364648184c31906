/**
 * One run of all benchmarks: starts the workers, compares their results with the engine's, and samples them in turn.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PEAK_OPERATIONS } from '../src/cli/profile/probe.ts';
import { bitDifference, difference } from './agreement.ts';
import { encodeInputs } from './inputs.ts';
import { measureJobs } from './jobs.ts';
import { openWorker, type Worker, workerSpecs } from './pool.ts';
import type { BenchResult, Measurement } from './result.ts';
import { gate, interleave, quietProbe, type Sample, type Subject } from './sampling.ts';
import { readInputs } from './serve.ts';

export interface MeasureOptions {
  /** Wanted number of valid samples by task and worker, and the largest number of rounds to reach it. */
  readonly samples: number;
  readonly rounds: number;
  readonly milliseconds: number;
  /** Tasks and workers to measure. */
  readonly wants: (task: string) => boolean;
  readonly peers: (worker: string) => boolean;
  readonly log: (line: string) => void;
}

/** Names of the ways to compute a Gram matrix. */
const ways: Readonly<Record<string, string>> = {
  vmap: 'vmap(grad) and J Jᵀ',
  formula: 'same formula',
  torchjd: 'TorchJD autogram',
};

/** Samples of the peak probe before any timing, until the clock of the processor is stable. */
const FIRST_PROBES = 60;
const PROBE_MS = 2;

interface Entry {
  readonly worker: Worker;
  readonly task: string;
  readonly subject: Subject;
  work: number;
  bytes: number;
  failed?: string;
}

function entryOf(worker: Worker, task: string, milliseconds: number): Entry {
  const samples: Sample[] = [];
  const entry: Entry = {
    worker,
    task,
    work: 0,
    bytes: 0,
    subject: {
      samples,
      take: async () => {
        const { microseconds, busy, work, bytes } = await worker.time(task, milliseconds);
        entry.work = work;
        entry.bytes = bytes;
        return { microseconds, busy };
      },
    },
  };
  return entry;
}

function measurementOf({ worker, task, subject, work, bytes, failed }: Entry, quiet: number): Measurement {
  const way = ways[task.split(':')[1] ?? ''];
  const name = way ? `${worker.spec.name}, ${way}` : worker.spec.name;
  const gated = failed === undefined ? gate(subject.samples, quiet) : null;
  const base = { task, worker: worker.spec.key, name, work, bytes };
  if (!gated) {
    const reason = failed ?? `none of ${subject.samples.length} samples was undisturbed`;
    return { ...base, microseconds: null, reason, peakRatio: 0, kept: 0, seen: subject.samples.length };
  }
  return { ...base, ...gated };
}

async function openAll(
  inputs: string,
  options: MeasureOptions,
): Promise<{ workers: Worker[]; missing: Record<string, string> }> {
  const workers: Worker[] = [];
  const missing: Record<string, string> = {};
  for (const spec of workerSpecs(inputs)) {
    const own = spec.key.startsWith('unbraid');
    if (!own && !options.peers(spec.key)) {
      missing[spec.key] = 'left out by --peers';
      continue;
    }
    try {
      workers.push(await openWorker(spec));
    } catch (error) {
      if (own) throw error;
      missing[spec.key] = `not installed or not usable: ${(error as Error).message}`;
      options.log(`${spec.name}: ${missing[spec.key]}`);
    }
  }
  return { workers, missing };
}

/** The probe, and a task that is only checked. */
const unsampled = ['peak', 'household'];

/** Task entries in groups that are sampled together: each task of the engine with its peers. */
function groupsOf([ours, ...peers]: readonly Worker[], { wants, milliseconds }: MeasureOptions): Entry[][] {
  return [...ours.tasks]
    .filter((task) => !unsampled.includes(task) && wants(task))
    .map((task) => [
      entryOf(ours, task, milliseconds),
      ...peers.flatMap((worker) =>
        [...worker.tasks]
          .filter((variant) => variant.split(':')[0] === task)
          .map((variant) => entryOf(worker, variant, milliseconds)),
      ),
    ]);
}

/** Marks the entries whose results differ from the engine's. */
async function checkGroup([own, ...others]: readonly Entry[], path: string): Promise<void> {
  if (others.length === 0) return;
  const prefix = `${own.task.replace(/Step$/, '')}/`;
  const start = Object.fromEntries(
    Object.entries(readInputs(path)).flatMap(([name, { values }]) =>
      name.startsWith(prefix) && values instanceof Float32Array ? [[name.slice(prefix.length), values]] : [],
    ),
  );
  const expected = await own.worker.check(own.task);
  for (const entry of others) {
    try {
      const other = await entry.worker.check(entry.task);
      const ours = entry.worker.spec.key === 'unbraid-off';
      const found = ours ? bitDifference(expected, other) : difference(expected, other, start);
      if (found) entry.failed = `its results are not ours: ${found}`;
    } catch (error) {
      entry.failed = (error as Error).message;
    }
  }
}

/** Measures the tasks and workers that `options` selects. */
export async function measureAll(
  options: MeasureOptions,
): Promise<Pick<BenchResult, 'measurements' | 'jobs' | 'versions' | 'missing' | 'peakGflops'>> {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-bench-'));
  const path = join(folder, 'inputs.safetensors');
  let workers: Worker[] = [];
  try {
    writeFileSync(path, await encodeInputs());
    const opened = await openAll(path, options);
    workers = opened.workers;
    // The narrow build's process has no merged operations: its probe is that of 128-bit vectors.
    const [, off] = workers;
    const probe = async (): Promise<number> => (await off.time('peak', PROBE_MS)).microseconds;
    const probes: number[] = [];
    for (let i = 0; i < FIRST_PROBES; i++) probes.push(await probe());
    const entries: Entry[] = [];
    for (const group of groupsOf(workers, options)) {
      await checkGroup(group, path);
      const sound = group.filter(({ failed }) => failed === undefined);
      try {
        await interleave(
          sound.map(({ subject }) => subject),
          probe,
          probes,
          options.samples,
          options.rounds,
        );
      } catch (error) {
        for (const entry of sound) entry.failed = (error as Error).message;
      }
      entries.push(...group);
      const shown = group.map((entry) => measurementOf(entry, quietProbe(probes)));
      const line = ({ worker, microseconds, kept, seen }: Measurement): string =>
        `${worker} ${microseconds?.toFixed(1) ?? 'none'} (${kept}/${seen})`;
      options.log(`${group[0].task}: ${shown.map(line).join(', ')}`);
    }
    const jobs = await measureJobs(workers, probe, options);
    const quiet = quietProbe(probes);
    return {
      jobs,
      measurements: entries.map((entry) => measurementOf(entry, quiet)),
      versions: Object.assign({}, ...workers.map((worker) => worker.versions)),
      missing: opened.missing,
      peakGflops: PEAK_OPERATIONS / quiet / 1e3,
    };
  } finally {
    for (const worker of workers) worker.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
