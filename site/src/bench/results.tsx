/** The results of all machines by task, as bars of speed. */
import type { Machine } from './machines.ts';
import { allTasks, type Task } from './tasks.ts';

function duration(ms: number): string {
  if (ms < 1) return `${(1000 * ms).toPrecision(3)} µs`;
  return ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;
}

const rate = (operations: number, ms: number): number => operations / ms / 1e6;

/** `1.30 times as fast as this browser`, from the times of both. */
function ratioWords(ms: number, reference: number, name: string): string {
  const ratio = reference / ms;
  if (Math.abs(ratio - 1) < 0.02) return `as fast as ${name}`;
  return ratio > 1
    ? `${ratio.toPrecision(3)} times as fast as ${name}`
    : `takes ${(1 / ratio).toPrecision(3)} times as long as ${name}`;
}

interface BarProps {
  readonly task: Task;
  readonly machine: Machine;
  readonly fastest: number;
  /** The result that the others are compared with. */
  readonly reference: Machine;
  readonly isOwn: boolean;
}

function Bar({ task, machine, fastest, reference, isOwn }: BarProps) {
  const ms = machine.ms[task.id];
  const peak = allTasks[0];
  const flops = task.operations === null ? null : rate(task.operations, ms);
  const share = flops === null || task === peak ? null : flops / rate(peak.operations ?? 1, machine.ms[peak.id]);
  const compared =
    machine === reference || !(task.id in reference.ms)
      ? null
      : ratioWords(ms, reference.ms[task.id], reference.name.split(',')[0]);
  const noise = machine.noise[task.id];
  const parts = [
    flops === null ? null : `${flops.toFixed(1)} GFLOP/s`,
    share === null || !Number.isFinite(share) ? null : `${Math.round(100 * share)}% of its peak`,
    noise > 1.1 ? `noisy: half of the repetitions took over ${noise.toFixed(1)} times as long` : null,
    compared,
  ].filter((part) => part !== null);
  return (
    <li data-own={isOwn || undefined}>
      <span class="word">{machine.name}</span>
      <span class="value">{duration(ms)}</span>
      <span class="track">
        <span class="fill" style={{ width: `${(100 * fastest) / ms}%` }} />
      </span>
      {parts.length > 0 && <span class="detail">{parts.join(' · ')}</span>}
    </li>
  );
}

interface ResultsProps {
  /** This browser's own result, as far as it is measured; null if it is not. */
  readonly own: Machine | null;
  readonly others: readonly Machine[];
}

export function Results({ own, others }: ResultsProps) {
  const all = own ? [own, ...others] : others;
  const tasks = allTasks.filter(({ id }) => (own ? id in own.ms : all.some(({ ms }) => id in ms)));
  return (
    <div class="benchmarks">
      {tasks.map((task) => {
        const shown = all.filter(({ ms }) => task.id in ms);
        const fastest = Math.min(...shown.map(({ ms }) => ms[task.id]));
        return (
          <section class="panel" key={task.id}>
            <h2>{task.name}</h2>
            <p class="quiet">{task.about}</p>
            <ul class="bars">
              {shown.map((machine) => (
                <Bar
                  key={machine.name + machine.note}
                  {...{ task, machine, fastest, reference: shown[0], isOwn: machine === own }}
                />
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}
