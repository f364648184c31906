/** What a visitor has chosen in the lab, in the address. */
import { computed, type Signal, signal } from '@preact/signals';
import { type Config, estimateSeconds, resolveConfig } from 'unbraid';
import type { Split } from 'unbraid/env';
import { threadChoice } from '../session/threads.ts';
import { choiceFromAddress, fromAddress, numberFromAddress, toAddress } from '../shell/urlState.ts';
import { composedOf, methodOf, methodWords } from './method.ts';
import type { Speed } from './session.ts';
import {
  bounds,
  configOf,
  demonstrationCounts,
  depths,
  environments,
  type LabelName,
  labelSources,
  type Settings,
  widths,
} from './settings.ts';

const names = <T extends string>(rows: readonly (readonly [T, ...unknown[]])[]): T[] => rows.map(([name]) => name);

function integerFromAddress(key: string, standard: number, [least, most]: readonly [number, number]): number {
  return Math.floor(numberFromAddress(key, standard, least, most));
}

/** Unknown terms of a link are left out. */
const methodFromAddress = (key: string): string => methodOf(composedOf(fromAddress(key) ?? 'grpo'));

const demonstrations = fromAddress('demonstrations');

export const settings = signal<Settings>({
  env: choiceFromAddress('env', names(environments)),
  method: methodFromAddress('method'),
  labels: choiceFromAddress('labels', names(labelSources)),
  hidden: Number(choiceFromAddress('hidden', ['64', ...widths.map(String)])),
  blocks: Number(choiceFromAddress('blocks', depths.map(String))),
  demonstrations: demonstrationCounts.map(String).includes(demonstrations ?? '') ? Number(demonstrations) : null,
  seed: integerFromAddress('seed', 1, bounds.seed),
  iterations: integerFromAddress('iterations', 60, bounds.iterations),
});

/** Method and labels of the run beside the first; null: there is none. */
export const beside = signal<Pick<Settings, 'method' | 'labels'> | null>(
  fromAddress('beside') === null
    ? null
    : { method: methodFromAddress('beside'), labels: choiceFromAddress('besideLabels', names(labelSources)) },
);

export const { most: mostThreads, reason: threadReason } = threadChoice();

/** A signal that the address holds; its first value stays out of the address. */
function inAddress<T extends string | number>(key: string, read: () => T, standard: T): Signal<T> {
  const held = signal(read());
  held.subscribe((value) => toAddress(key, value === standard ? null : `${value}`));
  return held;
}

const standardThreads = Math.min(2, mostThreads);
export const threads = inAddress(
  'threads',
  () => integerFromAddress('threads', standardThreads, [1, mostThreads]),
  standardThreads,
);
export const speed = inAddress<Speed>('speed', () => Number(choiceFromAddress('speed', ['0', '4', '1'])) as Speed, 0);

/** The game that the agent plays. */
export const game = inAddress('game', () => integerFromAddress('game', 1, [1, 9999]), 1);
export const split = inAddress<Split>(
  'split',
  () => choiceFromAddress('split', ['out-of-domain', 'in-domain', 'train']),
  'out-of-domain',
);

/** The iteration whose policy all views show; -1: the latest. */
export const at = inAddress('at', () => integerFromAddress('at', -1, [-1, bounds.iterations[1]]), -1);

/** The pair of samples that is looked at, as `row-column`; empty: none. */
export const pair = inAddress(
  'pair',
  () => (/^\d{1,2}-\d{1,2}$/.test(fromAddress('pair') ?? '') ? (fromAddress('pair') as string) : ''),
  '',
);

/** The parameter whose part of the gradients is looked at; empty: all. */
export const parameter = inAddress('parameter', () => (fromAddress('parameter') ?? '').slice(0, 60), '');

export function change(next: Partial<Settings>): void {
  settings.value = { ...settings.value, ...next };
  for (const [key, value] of Object.entries(next)) toAddress(key, value === null ? null : `${value}`);
}

export function changeBeside(next: { readonly method: string; readonly labels: LabelName } | null): void {
  beside.value = next;
  toAddress('beside', next?.method ?? null);
  toAddress('besideLabels', next?.labels ?? null);
}

/** The runs that Start begins. */
export const runs = computed<readonly Settings[]>(() => {
  const first = settings.value;
  return beside.value ? [first, { ...first, ...beside.value }] : [first];
});

/** Threads of each run: runs side by side share them. */
export const threadsOfRun = computed(() => Math.max(1, Math.floor(threads.value / runs.value.length)));

/** Seconds that the chosen runs take, roughly, or why they cannot be trained. */
export const plan = computed<{ readonly seconds: number } | { readonly flaw: string }>(() => {
  try {
    const configs = runs.value.map((of): Config => resolveConfig(configOf(of)));
    const each = configs.map((config) => estimateSeconds(config, config.iterations, threadsOfRun.value));
    const cores = navigator.hardwareConcurrency || 1;
    // Runs side by side take turns where the cores are fewer.
    const turns = Math.max(1, (each.length * threadsOfRun.value) / cores);
    return { seconds: Math.max(...each) * turns };
  } catch (error) {
    return { flaw: (error instanceof Error ? error.message : String(error)).replace(/^config: /, '') };
  }
});

/** The settings in one line. */
export function settingsWords(): string {
  const { env, hidden, seed, iterations } = settings.value;
  const place = environments.find(([name]) => name === env)?.[1].split(':')[0] ?? env;
  const methods = runs.value.map(({ method }) => methodWords(method)).join(' beside ');
  return `Settings: ${place}, ${methods}, width ${hidden}, seed ${seed}, ${iterations} iterations`;
}
