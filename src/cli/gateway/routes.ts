/** What clients may ask of the gateway: a job, the end of a lease with a result, and without one. */
import { gzipSync } from 'node:zlib';
import { canonicalJson, isJsonObject, type JsonRecord } from '../../record/json.ts';
import type { ReceivedJob } from '../../study/checkJob.ts';
import { checkResult } from '../../study/checkResult.ts';
import { resultSha } from '../../study/resultIdentity.ts';
import { numericsVersion, unbraidVersion } from '../../version.ts';
import type { Leases } from './leases.ts';
import { type Answer, leaseBytes, type Route, refusal, resultBytes } from './server.ts';

export interface RouteParts {
  readonly leases: Leases;
  readonly leaseMs: number;
  /** Whether the gateway replays jobs, and whether it replays this one. */
  readonly checks: boolean;
  drawn(id: string): boolean;
  /** Seconds after which a client that got no job may ask again. */
  retry(): number;
  jobOf(id: string): Promise<ReceivedJob | null>;
  /** Called with each request for a job. */
  ask(): void;
  isEnding(): boolean;
  /** The state of a job has changed. @param seconds from the lease to the result */
  changed(id: string, seconds?: number): void;
  /** Adds jobs again whose results are in doubt. */
  requeue(ids: readonly string[]): Promise<void>;
  note(text: string): void;
}

const refusals: Readonly<Record<string, Answer>> = {
  unknown: refusal(403, 'the lease must be one of this gateway'),
  foreign: refusal(403, 'the lease must be your own'),
  used: refusal(403, 'the lease must be unused; lease a job for each result'),
  returned: refusal(403, 'the lease was given back; lease a job for each result'),
  late: refusal(410, 'the lease has ended; the job went to others'),
  banned: refusal(403, 'a result of this identity was wrong; ask the operator'),
};

export function gatewayRoutes(parts: RouteParts): Readonly<Record<string, Route>> {
  const { leases, leaseMs, checks, drawn, retry, jobOf, ask, isEnding, changed, requeue, note } = parts;
  return {
    '/lease': {
      lease: false,
      bytes: leaseBytes,
      async run(identity, _, body) {
        if (isEnding()) return refusal(503, 'the gateway ends; ask again later', 60);
        const { unbraid, numerics } = isJsonObject(body) ? body : {};
        if (unbraid !== unbraidVersion || numerics !== numericsVersion) {
          return refusal(409, `the version must be ${unbraidVersion} with numerics ${numericsVersion}; load it again`);
        }
        ask();
        const found = await leases.lease(identity, leaseMs);
        if (found === 'banned') return refusals.banned;
        if (found === 'many') return refusal(429, 'too many open leases; submit their results first', 30);
        if (found === 'none') return { status: 204, retry: retry() };
        const job = await jobOf(found.job);
        if (job === null) {
          await leases.end(found.token, 'returned');
          await leases.close(found.job);
          return { status: 204, retry: retry() };
        }
        return { status: 200, body: { lease: found.token, seconds: leaseMs / 1000, id: found.job, job } };
      },
    },
    '/submit': {
      lease: true,
      bytes: resultBytes,
      async before(identity, lease) {
        const claim = await leases.claim(lease, identity);
        return typeof claim === 'string' ? refusals[claim] : null;
      },
      async run(identity, lease, body) {
        const claim = await leases.claim(lease, identity);
        if (typeof claim === 'string') return refusals[claim];
        const job = await jobOf(claim.job);
        if (job === null) return refusals.late;
        let text: string;
        try {
          if (!isJsonObject(body)) throw new Error('it is no object');
          checkResult(job, body as JsonRecord);
          text = canonicalJson(body as JsonRecord);
        } catch (error) {
          await leases.end(lease, 'refused');
          return refusal(422, `the result must have the form of its job: ${(error as Error).message.slice(0, 200)}`);
        }
        const given = {
          sha: resultSha(job.kind, body as JsonRecord),
          body: gzipSync(text),
          checks,
          drawn: drawn(claim.job),
        };
        const { end, doubted } = await leases.vote(lease, identity, given);
        if (end === 'late' || end === 'banned') return refusals[end];
        changed(claim.job, Math.round(claim.ageMs) / 1000);
        note(`${identity.name}: result of job ${claim.job.slice(0, 12)}: ${end}`);
        await requeue(doubted);
        return { status: 200, body: { counted: end !== 'over' } };
      },
    },
    '/return': {
      lease: true,
      bytes: leaseBytes,
      async run(identity, lease, body) {
        const claim = await leases.claim(lease, identity);
        if (typeof claim === 'string') return refusals[claim];
        await leases.end(lease, isJsonObject(body) && body.failed === true ? 'failed' : 'returned');
        changed(claim.job);
        return { status: 200, body: {} };
      },
    },
  };
}
