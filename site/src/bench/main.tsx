/** Benchmark this browser: kernels, steps and runs, beside results of other machines. */
import { signal } from '@preact/signals';
import { proxy, wrap } from 'comlink';
import { threadChoice } from '../session/threads.ts';
import { showPage } from '../shell/shell.tsx';
import { fragmentOf, machineOfFragment } from './link.ts';
import { type Machine, machines } from './machines.ts';
import type { BenchWorker, Measured } from './worker.ts';

const { most, reason } = threadChoice();
const threads = [1, 2, 4, 8].filter((count) => count <= most);
const measured = signal<readonly Measured[]>([]);
const progress = signal<readonly [done: number, total: number] | null>(null);
const problem = signal<string | null>(null);
const fromLink = machineOfFragment(location.hash);

/** The browser in words, from its user agent. */
function browserName(): string {
  const found = /(Firefox|Edg|Chrome|Version)\/([\d]+)/.exec(navigator.userAgent);
  const names: Readonly<Record<string, string>> = { Edg: 'Edge', Version: 'Safari' };
  const cores = `${navigator.hardwareConcurrency || 1} cores`;
  return found ? `${names[found[1]] ?? found[1]} ${found[2]}, ${cores}` : `this browser, ${cores}`;
}

async function run(): Promise<void> {
  measured.value = [];
  problem.value = null;
  progress.value = [0, 1];
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const broken = new Promise<never>((_, reject) => {
    worker.addEventListener('error', (event) => reject(new Error(event.message || 'its worker could not be loaded')));
  });
  try {
    const report = proxy((task: Measured, done: number, total: number) => {
      measured.value = [...measured.value, task];
      progress.value = [done, total];
    });
    await Promise.race([wrap<BenchWorker>(worker).run(threads, report), broken]);
    const ms = Object.fromEntries(measured.value.map((task) => [task.name, task.ms]));
    history.replaceState(null, '', fragmentOf({ name: browserName(), ms }));
  } catch (error) {
    problem.value = `The benchmark stopped: ${error instanceof Error ? error.message : String(error)}. Press Measure to begin again.`;
  }
  worker.terminate();
  progress.value = null;
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms < 1) return `${(1000 * ms).toPrecision(3)} µs`;
  return ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;
}

function Results() {
  const own = measured.value;
  const others: readonly Machine[] = fromLink ? [fromLink, ...machines] : machines;
  const tasks =
    own.length > 0 ? own.map(({ name }) => name) : [...new Set(others.flatMap(({ ms }) => Object.keys(ms)))];
  const peak = own.find(({ name }) => name.startsWith('peak'))?.gflops ?? null;
  if (tasks.length === 0) return null;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Results">
      <table>
        <thead>
          <tr>
            <th>task</th>
            <th>this browser</th>
            <th>GFLOP/s</th>
            <th>of the peak</th>
            {others.map(({ name }) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tasks.map((name) => {
            const task = own.find((of) => of.name === name);
            const share = task?.gflops && peak ? `${Math.round((100 * task.gflops) / peak)} %` : '–';
            return (
              <tr key={name}>
                <td>{name}</td>
                <td>{duration(task?.ms)}</td>
                <td>{task?.gflops ? task.gflops.toFixed(1) : '–'}</td>
                <td>{share}</td>
                {others.map((machine) => (
                  <td key={machine.name}>{duration(machine.ms[name])}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Benchmark() {
  const now = progress.value;
  return (
    <>
      <div class="prose">
        <h1>Benchmark this browser</h1>
        <p>
          How fast does this browser run the kernels and the trainer? Each kernel is measured beside the peak rate of
          128-bit vectors in the same page, so that the share tells about the code and not about the machine. A run is
          trained with one thread and with more.
        </p>
      </div>
      <div class="controls">
        <button type="button" class="act main" disabled={now !== null} onClick={() => void run()}>
          Measure (about {4 + 5 * threads.length} seconds)
        </button>
        {now && (
          <span role="status">
            <progress max={now[1]} value={now[0]} aria-label="Tasks measured" /> {now[0]} of {now[1]}
          </span>
        )}
        {measured.value.length > 0 && now === null && (
          <span class="quiet">The address of this page now holds the result.</span>
        )}
      </div>
      {reason !== null && <p class="quiet">{reason}</p>}
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
      <Results />
      <p class="quiet">
        A busy machine, a phone that is warm and a tab in the background are slower. Measure twice. How unbraid compares
        with other libraries is in the <a href="../docs/results/performance.html">documentation</a>.
      </p>
    </>
  );
}

showPage('Benchmark', <Benchmark />);
