/** Volunteers on paper: the rules of the gateway, with cheats that agree with each other, which is their best case. */
import { randomStream } from '../../src/random.ts';

export interface Setting {
  /** Share of the identities that cheat. */
  readonly cheats: number;
  /** Share of its results that a cheat makes wrong. */
  readonly wrong: number;
  /** Equal results that decide a job. The gateway has 2. */
  readonly quorum: number;
  /** Share of accepted jobs that are replayed. */
  readonly spotCheck: number;
  /** Whether a disproved cheat comes back as a new identity. */
  readonly returns: boolean;
}

export interface Outcome {
  /** Means over jobs. */
  readonly results: number;
  readonly leases: number;
  readonly replays: number;
  /** Jobs whose accepted result is wrong at the end, and those that were wrong for a time. */
  readonly wrongAtEnd: number;
  readonly wrongEver: number;
  /** Share of the cheats that were disproved. */
  readonly disproved: number;
}

export const volunteers = 100_000;
export const jobs = 400_000;
/** Share of leases that end without a result. */
export const abandoned = 0.2;

export function simulate({ cheats, wrong, quorum, spotCheck, returns }: Setting, seed: number): Outcome {
  const stream = randomStream(seed, 'volunteers');
  const random = (): number => stream.uniform();
  const bad = Math.round(volunteers * cheats);
  const banned = new Uint8Array(volunteers);
  const checked = new Uint8Array(volunteers);
  /** Accepted jobs of a cheat whose result is wrong, and that no replay has confirmed. */
  const lies = new Map<number, number[]>();
  const isWrong = new Uint8Array(jobs);
  let [results, leases, replays, wrongEver, anyChecked] = [0, 0, 0, 0, false];

  const ban = (who: number): void => {
    for (const job of lies.get(who) ?? []) {
      if (isWrong[job] === 0) continue;
      isWrong[job] = 0;
      // The job runs again.
      results += quorum;
      leases += quorum / (1 - abandoned);
    }
    lies.delete(who);
    banned[who] = returns ? 0 : 1;
    checked[who] = 0;
    disproved.add(who);
  };
  const disproved = new Set<number>();
  const draw = (votes: ReadonlyMap<number, boolean>, needs: boolean): number => {
    for (;;) {
      const who = stream.below(volunteers);
      if (banned[who] === 0 && !votes.has(who) && (!needs || checked[who] === 1)) return who;
    }
  };
  const replay = (votes: ReadonlyMap<number, boolean>): void => {
    replays++;
    anyChecked = true;
    for (const [who, lie] of votes) {
      if (lie) ban(who);
      else checked[who] = 1;
    }
  };

  for (let job = 0; job < jobs; job++) {
    const votes = new Map<number, boolean>();
    for (;;) {
      const right = [...votes.values()].filter((lie) => !lie).length;
      const needs = Math.max(right, votes.size - right) >= quorum;
      const who = draw(votes, needs);
      leases++;
      if (random() < abandoned) continue;
      results++;
      votes.set(who, who < bad && random() < wrong);
      const count = [...votes.values()].filter(Boolean).length;
      if (count > 0 && count < votes.size) {
        replay(votes);
        break;
      }
      if (votes.size < quorum) continue;
      const known = [...votes.keys()].some((each) => checked[each] === 1);
      if (random() < spotCheck || (!known && !anyChecked)) {
        replay(votes);
        break;
      }
      if (!known) continue;
      for (const each of votes.keys()) checked[each] = 1;
      if (count > 0) {
        isWrong[job] = 1;
        wrongEver++;
        for (const each of votes.keys()) lies.set(each, [...(lies.get(each) ?? []), job]);
      }
      break;
    }
  }
  const wrongAtEnd = isWrong.reduce((sum, each) => sum + each, 0);
  const share = bad === 0 ? 0 : disproved.size / bad;
  return {
    ...{ results: results / jobs, leases: leases / jobs, replays: replays / jobs },
    ...{ wrongAtEnd, wrongEver, disproved: share },
  };
}
