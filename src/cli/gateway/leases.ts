/**
 * Leases and votes of volunteers in Redis. Each function is one Lua script, so two gateways never see half of a change.
 * All keys consist of hashes that the gateway computed. Text of a client is only stored as a value.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { prefix } from '../queue/names.ts';
import type { Identity } from './identity.ts';

/** Equal results that decide a job. */
const QUORUM = 2;

/** Most places of a job. Those after the first `QUORUM` are for trusted identities, or replace refused results. */
const MOST_PLACES = 6;

/** A job that failed for this many identities is replayed, so that its submitter learns the reason. */
const MOST_FAILURES = 3;

/** Most leases that one identity holds at the same time. */
const MOST_LEASES = 64;

/** Time in ms for which votes, and the leases behind them, are kept: longer than a study takes. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/** Time in ms after which a lease that has ended is unknown. Before, its reuse has a message of its own. */
const ENDED_MS = 3600 * 1000;

/** Time in ms for which a disproved identity gets no job. */
const BANNED_MS = 30 * 24 * 3600 * 1000;

/**
 * Keys: `open` has jobs by the number of their taken places, `leases` has leases by the time of their end. The rest is
 * one hash or set for each job, lease or identity.
 */
const head = `
local base = ARGV[1]
local open, leases = base .. ':open', base .. ':leases'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function leaseKey(lease) return base .. ':lease:' .. lease end
local function jobKey(job) return base .. ':job:' .. job end
local function votesKey(job) return base .. ':votes:' .. job end
local function endLease(lease, state, again)
  redis.call('ZREM', leases, lease)
  local job, who, net = unpack(redis.call('HMGET', leaseKey(lease), 'job', 'who', 'net'))
  if not job then return end
  redis.call('HSET', leaseKey(lease), 'state', state)
  redis.call('PEXPIRE', leaseKey(lease), ${ENDED_MS})
  if redis.call('HINCRBY', base .. ':out', who, -1) < 1 then redis.call('HDEL', base .. ':out', who) end
  if redis.call('EXISTS', jobKey(job)) == 0 then return end
  redis.call('HINCRBY', jobKey(job), 'out', -1)
  redis.call('HSET', jobKey(job), 'at', now)
  if again then redis.call('SREM', base .. ':had:' .. job, who, net) end
  if state ~= 'used' and redis.call('ZSCORE', open, job) then redis.call('ZINCRBY', open, -1, job) end
end
local function endLate()
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', leases, 0, now, 'LIMIT', 0, 100)) do endLease(lease, 'late', true) end
end
local function ban(who, doubted)
  redis.call('SET', base .. ':banned:' .. who, 1, 'PX', ${BANNED_MS})
  redis.call('SREM', base .. ':checked', who)
  for _, job in ipairs(redis.call('SMEMBERS', base .. ':given:' .. who)) do
    local state = redis.call('HGET', jobKey(job), 'state')
    if redis.call('ZSCORE', open, job) then
      if redis.call('HDEL', votesKey(job), who) == 1 then redis.call('ZINCRBY', open, -1, job) end
    elseif state ~= 'replay' then
      table.insert(doubted, job)
    end
  end
  redis.call('DEL', base .. ':given:' .. who)
end
local function accept(job, sha, proven, doubted)
  redis.call('ZREM', open, job)
  redis.call('HSET', jobKey(job), 'state', 'accepted', 'sha', sha, 'proven', proven and 1 or 0)
  local votes = redis.call('HGETALL', votesKey(job))
  for i = 1, #votes, 2 do
    local who, same = votes[i], string.sub(votes[i + 1], 1, 64) == sha
    if same then redis.call('SADD', base .. ':checked', who) end
    if proven then
      redis.call('SREM', base .. ':given:' .. who, job)
      if not same then ban(who, doubted) end
    end
  end
end
`;

/** Opens a job, or continues with the votes that it has. ARGV: base, job */
const openScript = `${head}
local job = ARGV[2]
redis.call('HSETNX', jobKey(job), 'out', 0)
redis.call('HSET', jobKey(job), 'at', now)
if not redis.call('HGET', jobKey(job), 'state') then
  redis.call('ZADD', open, 'NX', redis.call('HLEN', votesKey(job)) + redis.call('HGET', jobKey(job), 'out'), job)
end
for _, key in ipairs({jobKey(job), votesKey(job), base .. ':had:' .. job, base .. ':bodies:' .. job}) do
  redis.call('PEXPIRE', key, ${KEPT_MS})
end`;

/** ARGV: base, lease, who, net, trusted, ms. Returns the job, or why there is none. */
const leaseScript = `${head}
local lease, who, net, trusted = ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
endLate()
if redis.call('EXISTS', base .. ':banned:' .. who) == 1 then return 'banned' end
if tonumber(redis.call('HGET', base .. ':out', who) or 0) >= ${MOST_LEASES} then return 'many' end
local known = redis.call('SISMEMBER', base .. ':checked', who) == 1
local most = (trusted or known) and ${MOST_PLACES - 1} or ${QUORUM - 1}
local found = redis.call('ZRANGEBYSCORE', open, '-inf', most, 'WITHSCORES', 'LIMIT', 0, 256)
for i = 1, #found, 2 do
  local job, places = found[i], tonumber(found[i + 1])
  local had = base .. ':had:' .. job
  local fits = trusted or places < ${QUORUM} or redis.call('HGET', jobKey(job), 'needs') == '1'
  if fits and redis.call('SISMEMBER', had, who) == 0 and (trusted or redis.call('SISMEMBER', had, net) == 0) then
    redis.call('SADD', had, who)
    if not trusted then redis.call('SADD', had, net) end
    redis.call('PEXPIRE', had, ${KEPT_MS})
    redis.call('ZINCRBY', open, 1, job)
    redis.call('HINCRBY', jobKey(job), 'out', 1)
    redis.call('HSET', jobKey(job), 'at', now)
    redis.call('HINCRBY', base .. ':out', who, 1)
    redis.call('ZADD', leases, now + ARGV[6], lease)
    redis.call('HSET', leaseKey(lease), 'job', job, 'who', who, 'net', trusted and who or net, 'state', 'out', 'since', now)
    redis.call('PEXPIRE', leaseKey(lease), ${KEPT_MS})
    return job
  end
end
return 'none'`;

/** ARGV: base, lease, who. Returns a code, the job and the age of the lease in ms. */
const claimScript = `${head}
endLate()
local job, who, state, since = unpack(redis.call('HMGET', leaseKey(ARGV[2]), 'job', 'who', 'state', 'since'))
if not job then return {'unknown'} end
if who ~= ARGV[3] then return {'foreign'} end
if state ~= 'out' then return {state} end
return {'out', job, now - since}`;

/** Gives a lease back, or ends it because its result was refused or its job failed. ARGV: base, lease, state */
const endScript = `${head}
local lease, state = ARGV[2], ARGV[3]
if not redis.call('ZSCORE', leases, lease) then return end
local job = redis.call('HGET', leaseKey(lease), 'job')
endLease(lease, state, state == 'returned')
if state ~= 'returned' then redis.call('HSET', leaseKey(lease), 'state', 'used') end
if state == 'failed' and redis.call('ZSCORE', open, job) then
  if redis.call('HINCRBY', jobKey(job), 'failures', 1) >= ${MOST_FAILURES} then
    redis.call('ZREM', open, job)
    redis.call('HSET', jobKey(job), 'state', 'replay')
  end
end`;

/**
 * Ends the lease, stores the vote and decides. ARGV: base, lease, who, sha, body, trusted, checks, drawn. Returns what
 * happened, and the jobs of identities that it disproves.
 *
 * An identity is checked once it agreed with a replay, a trusted identity or a checked one. If two that agree are not,
 * the job needs a third one that is; the first two of a queue are checked by a replay.
 */
const voteScript = `${head}
local lease, who, sha, trusted, checks = ARGV[2], ARGV[3], ARGV[4], ARGV[6], ARGV[7] == '1'
local job = redis.call('HGET', leaseKey(lease), 'job')
if not job or not redis.call('ZSCORE', leases, lease) then return {'late'} end
endLease(lease, 'used', false)
if redis.call('EXISTS', base .. ':banned:' .. who) == 1 then return {'banned'} end
if not redis.call('ZSCORE', open, job) then return {'over'} end
redis.call('HSET', votesKey(job), who, sha .. ':' .. trusted)
redis.call('HSETNX', base .. ':bodies:' .. job, sha, ARGV[5])
redis.call('SADD', base .. ':given:' .. who, job)
redis.call('PEXPIRE', base .. ':given:' .. who, ${BANNED_MS})
for _, key in ipairs({votesKey(job), base .. ':bodies:' .. job}) do redis.call('PEXPIRE', key, ${KEPT_MS}) end
local votes = redis.call('HGETALL', votesKey(job))
local count, kinds, tally, best, said, split, known = #votes / 2, 0, {}, nil, nil, false, false
for i = 1, #votes, 2 do
  local value, by = string.sub(votes[i + 1], 1, 64), string.sub(votes[i + 1], 66)
  if not tally[value] then kinds = kinds + 1 end
  tally[value] = (tally[value] or 0) + 1
  if tally[value] >= ${QUORUM} then best = value end
  if by == '1' then
    split = split or (said ~= nil and said ~= value)
    said = value
  end
  known = known or redis.call('SISMEMBER', base .. ':checked', votes[i]) == 1
end
local doubted = {}
local function replay()
  redis.call('ZREM', open, job)
  redis.call('HSET', jobKey(job), 'state', 'replay')
  return {'replay', job}
end
if said and not split and tally[said] >= ${QUORUM} then
  accept(job, said, true, doubted)
  return {'accepted', job, unpack(doubted)}
end
if kinds > 1 then
  if checks or split or count >= ${MOST_PLACES} then return replay() end
  redis.call('ZINCRBY', open, -1, job)
  return {'counted', job}
end
if best and checks then
  if ARGV[8] == '1' then return replay() end
  if known then
    accept(job, best, false, doubted)
    return {'accepted', job}
  end
  if redis.call('SCARD', base .. ':checked') == 0 then return replay() end
  redis.call('HSET', jobKey(job), 'needs', 1)
end
return {'counted', job}`;

/** The gateway has replayed a job. ARGV: base, job, sha. Returns the jobs of identities that this disproves. */
const provenScript = `${head}
local doubted = {}
accept(ARGV[2], ARGV[3], true, doubted)
return doubted`;

/**
 * Forgets a job whose result is stored. ARGV: base, job. Returns 0 if a vote behind the result has been disproved
 * meanwhile.
 */
const finishScript = `${head}
local job, sound = ARGV[2], 1
if redis.call('HGET', jobKey(job), 'proven') ~= '1' then
  for _, who in ipairs(redis.call('HKEYS', votesKey(job))) do
    if redis.call('EXISTS', base .. ':banned:' .. who) == 1 then sound = 0 end
  end
end
redis.call('ZREM', open, job)
redis.call('DEL', jobKey(job), votesKey(job), base .. ':had:' .. job, base .. ':bodies:' .. job)
return sound`;

/** Ends the leases whose time is over. Returns the number of those that are out. ARGV: base */
const sweepScript = `${head}
endLate()
return redis.call('ZCARD', leases)`;

export type Refusal = 'banned' | 'many' | 'none';
/** Why a lease cannot be used; `used` and `late` are states of a lease of this identity. */
export type ClaimRefusal = 'unknown' | 'foreign' | 'used' | 'late' | 'returned';
export type VoteEnd = 'late' | 'banned' | 'over' | 'counted' | 'replay' | 'accepted';

export interface JobState {
  /** What was decided; null while results are missing. */
  readonly state: 'accepted' | 'replay' | null;
  readonly sha: string | null;
  /** Number of its leases that are out. */
  readonly out: number;
  /** Whether equal results wait for that of a checked identity. */
  readonly needs: boolean;
  /** Time in ms since the last lease or vote, by the clock of Redis. */
  readonly idleMs: number;
}

/** What a lease is stored by. A reader of Redis therefore cannot use it. */
const leaseHash = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The leases and votes of one queue. */
export function openLeases(redis: Redis, queue: string) {
  const base = `${prefix}:${queue}:gateway`;
  /** Redis keeps scripts by their SHA-1, so that their text is sent once. */
  const call = async (script: string, ...given: (string | number | Buffer)[]): Promise<unknown> => {
    try {
      return await redis.evalsha(createHash('sha1').update(script).digest('hex'), 0, base, ...given);
    } catch (error) {
      if (!/^NOSCRIPT/.test((error as Error).message)) throw error;
      return redis.eval(script, 0, base, ...given);
    }
  };
  return {
    base,
    async open(job: string): Promise<void> {
      await call(openScript, job);
    },
    /** Leases a job that this identity and its network have not had. */
    async lease(
      { who, network, trusted }: Identity,
      ms: number,
    ): Promise<Refusal | { readonly job: string; readonly token: string }> {
      const token = randomBytes(16).toString('hex');
      const answer = String(await call(leaseScript, leaseHash(token), who, network, trusted ? 1 : 0, ms));
      if (answer === 'banned' || answer === 'many' || answer === 'none') return answer;
      return { job: answer, token };
    },
    /** The job of a lease that this identity holds. */
    async claim(
      token: string,
      { who }: Identity,
    ): Promise<ClaimRefusal | { readonly job: string; readonly ageMs: number }> {
      const [code, job, ageMs] = (await call(claimScript, leaseHash(token), who)) as [string, string?, number?];
      return code === 'out' ? { job: String(job), ageMs: Number(ageMs) } : (code as ClaimRefusal);
    },
    /** Ends a lease without a vote. Unless it was `returned`, its job is not leased to this identity again. */
    async end(token: string, state: 'returned' | 'refused' | 'failed'): Promise<void> {
      await call(endScript, leaseHash(token), state);
    },
    /**
     * @param checks whether the gateway replays jobs; without that, a trusted identity must be among those that agree
     * @param drawn whether it replays this one
     * @returns what happened, and the jobs whose results are in doubt
     */
    async vote(
      token: string,
      { who, trusted }: Identity,
      { sha, body, checks, drawn }: { sha: string; body: Buffer; checks: boolean; drawn: boolean },
    ): Promise<{ readonly end: VoteEnd; readonly job: string; readonly doubted: readonly string[] }> {
      const flags = [trusted, checks, drawn].map(Number);
      const [end, job = '', ...doubted] = (await call(voteScript, leaseHash(token), who, sha, body, ...flags)) as [
        VoteEnd,
        ...string[],
      ];
      return { end, job, doubted };
    },
    /** Accepts the result of the gateway itself. Returns the jobs whose results are in doubt. */
    async proven(job: string, sha: string): Promise<readonly string[]> {
      return (await call(provenScript, job, sha)) as string[];
    },
    /** Returns whether the accepted result stands. */
    async finish(job: string): Promise<boolean> {
      return (await call(finishScript, job)) === 1;
    },
    /** Closes a job to volunteers. Its votes stay for the time when it is open again. */
    async close(job: string): Promise<void> {
      await redis.zrem(`${base}:open`, job);
    },
    /** Ends late leases. Returns the number of those that are out. */
    async sweep(): Promise<number> {
      return Number(await call(sweepScript));
    },
    /** The accepted result as the volunteer sent it, gzipped. */
    body: (job: string, sha: string): Promise<Buffer | null> => redis.hgetBuffer(`${base}:bodies:${job}`, sha),
    async states(jobs: readonly string[]): Promise<readonly JobState[]> {
      if (jobs.length === 0) return [];
      const [seconds, microseconds] = await redis.time();
      const now = Number(seconds) * 1000 + Number(microseconds) / 1000;
      const pipeline = redis.pipeline();
      for (const job of jobs) pipeline.hmget(`${base}:job:${job}`, 'state', 'sha', 'out', 'at', 'needs');
      const answers = (await pipeline.exec()) ?? [];
      return answers.map(([, values]) => {
        const [state = null, sha = null, out = null, at = null, needs = null] = (values ?? []) as (string | null)[];
        const idleMs = now - Number(at ?? 0);
        return { state: state as JobState['state'], sha, out: Number(out ?? 0), needs: needs === '1', idleMs };
      });
    },
  };
}

export type Leases = ReturnType<typeof openLeases>;
