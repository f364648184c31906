/** The requests of a volunteer to a gateway. What the gateway answers is a stranger's. */
import { parseJson } from '../../check/parseJson.ts';
import { isJsonObject, type JsonRecord } from '../../record/json.ts';
import { numericsVersion, unbraidVersion } from '../../version.ts';
import { checkJob, jobStartsProgram, type ReceivedJob } from '../checkJob.ts';

/** Longest answer in UTF-16 code units. A job is a config. */
const MOST_ANSWER = 100_000;

/** Time in seconds after which a request is repeated, if the gateway names none. */
const STANDARD_WAIT = 30;

/** Longest time in seconds that a gateway can demand. */
const MOST_WAIT = 3600;

export interface LeasedJob {
  readonly lease: string;
  /** Hash of the job. */
  readonly id: string;
  readonly job: ReceivedJob;
}

/** An answer that is no success: `wait` seconds before the next try, or null if none will help. */
export interface Refused {
  readonly reason: string;
  readonly status: number;
  readonly wait: number | null;
}

interface Answered {
  readonly status: number;
  readonly wait: number;
  readonly body: unknown;
  readonly reason: string;
}

const temporary: readonly number[] = [0, 204, 408, 429, 500, 502, 503, 504];

const refused = ({ status, wait, reason }: Answered): Refused => ({
  ...{ status, reason },
  wait: temporary.includes(status) ? wait : null,
});

/** @param gateway its address; paths are added to it */
export function gatewayClient(gateway: URL, token: string | undefined) {
  const base = gateway.href.replace(/\/$/, '');
  /** Status 0: there was no answer. */
  const post = async (path: string, lease: string, body: string): Promise<Answered> => {
    try {
      const response = await fetch(base + path, {
        ...{ method: 'POST', body, redirect: 'error', credentials: 'omit', cache: 'no-store', mode: 'cors' },
        headers: {
          'Content-Type': 'application/json',
          ...(lease !== '' && { 'X-Unbraid-Lease': lease }),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
      });
      const { status } = response;
      const text = await response.text();
      if (text.length > MOST_ANSWER) throw new Error(`the answer must have at most ${MOST_ANSWER} characters`);
      const content = text === '' ? {} : parseJson(text);
      const named = Number(response.headers.get('Retry-After') ?? STANDARD_WAIT);
      const wait = named >= 1 ? Math.min(named, MOST_WAIT) : STANDARD_WAIT;
      const error = isJsonObject(content) && typeof content.error === 'string' ? content.error.slice(0, 500) : '';
      return { status, wait, body: content, reason: error || (status === 204 ? 'no job waits' : `status ${status}`) };
    } catch (error) {
      const reason = `no answer from the gateway: ${error instanceof Error ? error.message : String(error)}`;
      return { status: 0, wait: STANDARD_WAIT, body: {}, reason };
    }
  };
  return {
    /** Asks for a job. @throws RangeError if the job breaks the rules of jobs */
    async lease(): Promise<LeasedJob | Refused> {
      const request = JSON.stringify({ unbraid: unbraidVersion, numerics: numericsVersion });
      const answered = await post('/lease', '', request);
      const { status, body } = answered;
      if (status !== 200) return refused(answered);
      if (
        !isJsonObject(body) ||
        !/^[0-9a-f]{32}$/.test(String(body.lease)) ||
        !/^[0-9a-f]{64}$/.test(String(body.id))
      ) {
        return { status, reason: 'the answer is no job', wait: null };
      }
      const job = checkJob(body.job);
      if (jobStartsProgram(job)) return { status, reason: 'the job starts a program', wait: null };
      return { lease: String(body.lease), id: String(body.id), job };
    },
    /** Sends a result. Returns whether the gateway has counted it. */
    async submit(lease: string, result: JsonRecord): Promise<boolean | Refused> {
      const answered = await post('/submit', lease, JSON.stringify(result));
      if (answered.status !== 200) return refused(answered);
      return isJsonObject(answered.body) && answered.body.counted === true;
    },
    /** Gives a job back that will not be finished. @param failed whether it cannot be finished here */
    async giveBack(lease: string, failed: boolean): Promise<void> {
      await post('/return', lease, JSON.stringify({ failed }));
    },
  };
}
