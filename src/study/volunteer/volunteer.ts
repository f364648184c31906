/** Runs jobs of a gateway for others, in any runtime with `fetch`. */
import { checkInteger, checkKeys, refuse } from '../../check/values.ts';
import type { ReceivedJob } from '../checkJob.ts';
import { gatewayClient, type LeasedJob, type Refused } from './gatewayClient.ts';
import type { VolunteerRunner } from './workerRunner.ts';

/** A change of a volunteer's work. */
export type VolunteerEvent =
  /** A job begins. */
  | { readonly type: 'start'; readonly id: string; readonly job: ReceivedJob }
  /** The gateway has its result. `counted` is false if others had already finished the job. */
  | { readonly type: 'done'; readonly id: string; readonly counted: boolean }
  /** A job failed here, or the gateway refused its result. */
  | { readonly type: 'lost'; readonly id: string; readonly reason: string }
  /** There is no job, or no answer; the next try is after `seconds`. */
  | { readonly type: 'wait'; readonly seconds: number; readonly reason: string };

/** What a volunteer does. */
export interface VolunteerOptions {
  /** Address of the gateway. */
  readonly gateway: string | URL;
  /** Token of its operator, if it asks for one. */
  readonly token?: string;
  /** Number of jobs at the same time; default 1. */
  readonly threads?: number;
  /** Opens what runs the jobs of one thread: `workerRunner` or `localRunner`. */
  readonly openRunner: () => VolunteerRunner;
  /** Called with each change. */
  readonly onJob?: (event: VolunteerEvent) => void;
  /** Ends the work: running jobs stop and go back to the gateway. */
  readonly signal?: AbortSignal;
}

/** What a volunteer has done. */
export interface VolunteerOutcome {
  /** Number of results that the gateway has counted. */
  readonly done: number;
}

/** Tries to send one result. The lease ends meanwhile if the gateway does not answer. */
const MOST_TRIES = 5;

/** Longest pause in seconds after several failed jobs. */
const LONGEST_PAUSE = 300;

const known = { gateway: 0, token: 0, threads: 0, openRunner: 0, onJob: 0, signal: 0 };

function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal?.addEventListener('abort', end);
  });
}

function addressOf(gateway: unknown): URL {
  const text = String(gateway);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '') return url;
  return refuse('volunteer', 'gateway', 'an address with https: or http:', gateway, 'correct the address');
}

/**
 * Asks a gateway for jobs, runs them and sends the results, until the signal is aborted. A job from a gateway is
 * checked before it runs; it can only compute.
 *
 * @returns the number of results that were counted
 * @throws RangeError if an option is wrong; Error if the gateway refuses this client for good: an unknown token,
 *   another version, a wrong result
 */
export async function volunteer(options: VolunteerOptions): Promise<VolunteerOutcome> {
  checkKeys('volunteer', 'options', options, known);
  const { gateway, token, threads = 1, openRunner, onJob = () => {}, signal } = options;
  checkInteger('volunteer', 'threads', threads, 1, 256, 'use the number of cores, or fewer');
  if (typeof openRunner !== 'function') {
    refuse('volunteer', 'openRunner', 'a function', openRunner, 'pass localRunner, or one that returns a workerRunner');
  }
  const client = gatewayClient(addressOf(gateway), token);
  let done = 0;
  let failure: Error | null = null;

  const send = async ({ lease, id }: LeasedJob, result: Parameters<typeof client.submit>[1]): Promise<void> => {
    for (let tries = 1; ; tries++) {
      const sent = await client.submit(lease, result);
      if (typeof sent === 'boolean') {
        if (sent) done++;
        return onJob({ type: 'done', id, counted: sent });
      }
      if (sent.wait === null || tries === MOST_TRIES || signal?.aborted) {
        return onJob({ type: 'lost', id, reason: sent.reason });
      }
      onJob({ type: 'wait', seconds: sent.wait, reason: sent.reason });
      await pause(sent.wait, signal);
    }
  };
  const lane = async (): Promise<void> => {
    let runner: VolunteerRunner | null = null;
    let rest = 1;
    const stop = (): void => runner?.close();
    signal?.addEventListener('abort', stop);
    try {
      while (failure === null && !signal?.aborted) {
        const leased: LeasedJob | Refused = await client.lease();
        if (!('lease' in leased)) {
          if (leased.wait === null) throw new Error(leased.reason);
          onJob({ type: 'wait', seconds: leased.wait, reason: leased.reason });
          await pause(leased.wait, signal);
          continue;
        }
        const { lease, id, job } = leased;
        if (signal?.aborted) {
          await client.giveBack(lease, false);
          break;
        }
        onJob({ type: 'start', id, job });
        runner ??= openRunner();
        let result: Parameters<typeof client.submit>[1];
        try {
          result = await runner.run(job);
        } catch (error) {
          runner.close();
          runner = null;
          onJob({ type: 'lost', id, reason: error instanceof Error ? error.message : String(error) });
          await client.giveBack(lease, !signal?.aborted);
          // If all jobs fail, the cause is here.
          await pause(rest, signal);
          rest = Math.min(LONGEST_PAUSE, 2 * rest);
          continue;
        }
        rest = 1;
        await send(leased, result);
      }
    } catch (error) {
      failure ??= error as Error;
    } finally {
      signal?.removeEventListener('abort', stop);
      (runner as VolunteerRunner | null)?.close();
    }
  };
  await Promise.all(Array.from({ length: threads }, lane));
  if (failure !== null) throw failure;
  return { done };
}
