/** Benchmark this browser: kernels, steps and runs, beside results of other machines. */
import { signal } from '@preact/signals';
import { proxy, wrap } from 'comlink';
import { threadChoice } from '../session/threads.ts';
import { showPage } from '../shell/shell.tsx';
import './bench.css';
import { fragmentOf, machineOfFragment } from './link.ts';
import { type Machine, machines } from './machines.ts';
import type { Measured } from './measure.ts';
import { Results } from './results.tsx';
import { estimate, kernelTasks, policyTasks, runThreads } from './tasks.ts';
import type { BenchWorker } from './worker.ts';

const { most, reason } = threadChoice();
const threads = runThreads.filter((count) => count <= most);
const total = kernelTasks.length + policyTasks.length + threads.length;
const measured = signal<readonly Measured[]>([]);
const state = signal<'idle' | 'running' | 'done'>('idle');
const problem = signal<string | null>(null);
const fromLink = machineOfFragment(location.hash);
const linkIsDamaged = location.hash.startsWith('#result=') && fromLink === null;
let stopRun: (() => void) | null = null;

/** The browser in words, from its user agent. */
function browserName(): string {
  const found = /(Firefox|Edg|OPR|HeadlessChrome|Chrome|Version)\/(\d+)/.exec(navigator.userAgent);
  const names: Readonly<Record<string, string>> = {
    Edg: 'Edge',
    OPR: 'Opera',
    HeadlessChrome: 'Chromium',
    Version: 'Safari',
  };
  const cores = `${navigator.hardwareConcurrency || 1} cores`;
  return found ? `${names[found[1]] ?? found[1]} ${found[2]}, ${cores}` : `a browser, ${cores}`;
}

function ownMachine(name: string): Machine {
  const by = (of: (task: Measured) => number): Record<string, number> =>
    Object.fromEntries(measured.value.map((task) => [task.id, of(task)]));
  return { name, note: '', ms: by(({ ms }) => ms), noise: by(({ noise }) => noise) };
}

async function run(): Promise<void> {
  measured.value = [];
  problem.value = null;
  state.value = 'running';
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  try {
    measured.value = await new Promise<readonly Measured[]>((resolve, reject) => {
      stopRun = () => reject(new Error('it was stopped'));
      worker.addEventListener('error', (event) => reject(new Error(event.message || 'its worker could not be loaded')));
      const report = proxy((task: Measured) => {
        if (state.value === 'running') measured.value = [...measured.value, task];
      });
      wrap<BenchWorker>(worker).run(threads, report).then(resolve, reject);
    });
    state.value = 'done';
    history.replaceState(null, '', fragmentOf(ownMachine(browserName())));
  } catch (error) {
    problem.value = `The benchmark ended early: ${error instanceof Error ? error.message : String(error)}. Press Measure to begin anew.`;
    state.value = 'idle';
  }
  stopRun = null;
  worker.terminate();
}

/** Saves the result as a file, which `addMachine.ts` reads. */
function save(): void {
  const text = `${JSON.stringify(ownMachine(browserName()), null, 1)}\n`;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = 'unbraid-benchmark.json';
  link.click();
  URL.revokeObjectURL(link.href);
}

function Actions() {
  const running = state.value === 'running';
  return (
    <div class="controls">
      {running ? (
        <>
          <span class="measuring" role="status">
            <progress max={total} value={measured.value.length} aria-label="Tasks measured" /> {measured.value.length}{' '}
            of {total} tasks
          </span>
          <button type="button" class="act" onClick={() => stopRun?.()}>
            Stop
          </button>
        </>
      ) : (
        <button type="button" class="act main" onClick={() => void run()}>
          {state.value === 'done' ? 'Measure again' : 'Measure'} (about {estimate(threads)} seconds)
        </button>
      )}
      {state.value === 'done' && (
        <>
          <button type="button" class="act" onClick={save}>
            Save the result
          </button>
          <span class="quiet" role="status">
            The address of this page now carries the result: copy it to share it.
          </span>
        </>
      )}
    </div>
  );
}

function Benchmark() {
  const own = measured.value.length > 0 ? ownMachine('this browser') : null;
  const others = fromLink ? [fromLink, ...machines] : machines;
  return (
    <>
      <div class="prose">
        <h1>Benchmark this browser</h1>
        <p class="lead">How fast does this browser run the kernels and the trainer of unbraid?</p>
        <p>
          A longer bar is faster. Each number is the fastest of many short repetitions, because other programs only make
          a repetition slower. A kernel is also shown as a share of the peak rate that the same page reached, so that
          the share tells about the code and less about the machine.
        </p>
      </div>
      <Actions />
      {reason !== null && <p class="quiet">{reason}</p>}
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
      {linkIsDamaged && (
        <div class="problem" role="alert">
          <p>The link holds no readable result. Ask for it again, or measure here.</p>
        </div>
      )}
      <Results own={own} others={others} />
      <section class="prose">
        <h2>Where the other numbers are from</h2>
        {fromLink && (
          <p>
            <b>{fromLink.name}</b>: from the link of this page. Anyone can write such a link.
          </p>
        )}
        <ul class="sources">
          {machines.map(({ name, note }) => (
            <li key={name + note}>
              <b>{name}</b>: {note}
            </li>
          ))}
        </ul>
        <p class="quiet">
          Where a result is noisy, smaller differences than its noise tell nothing. A busy machine, a warm phone and a
          hidden tab are slower, so measure twice. How unbraid compares with other libraries, measured with more care,
          is in the <a href="../docs/results/performance.html">documentation</a>. Save a result and run{' '}
          <code>node site/scripts/addMachine.ts FILE</code> to add it here.
        </p>
      </section>
    </>
  );
}

showPage('Benchmark', <Benchmark />);
