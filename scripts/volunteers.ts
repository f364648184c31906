/**
 * The arithmetic of 100,000 volunteers: a simulation of the rules of the gateway, and measurements of the gateway on
 * this machine, from which the load is computed. Writes docs/results/fleet-volunteers.md.
 *
 *     node scripts/volunteers.ts               # the simulation again, with the stored measurements
 *     node scripts/volunteers.ts --measure     # also measures; needs redis-server
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { markdownTable } from '../bench/markdown.ts';
import type { Measured } from './volunteers/measure.ts';
import { abandoned, jobs, type Setting, simulate, volunteers } from './volunteers/simulate.ts';

const fileOf = (name: string): string => fileURLToPath(new URL(`../docs/results/${name}`, import.meta.url));
const stored = fileOf('fleet-volunteers.json');

const whole = (value: number): string => Math.round(value).toLocaleString('en-GB');

const base: Setting = { cheats: 0, wrong: 1, quorum: 2, spotCheck: 0, returns: false };
const settings: readonly (readonly [name: string, setting: Partial<Setting>])[] = [
  ['only disagreements are replayed', {}],
  ['only disagreements, half of their results wrong', { wrong: 0.5 }],
  ['spot checks 0.1%, half wrong', { spotCheck: 0.001, wrong: 0.5 }],
  ['**spot checks 5%, half wrong**', { spotCheck: 0.05, wrong: 0.5 }],
  ['spot checks 5%, a tenth wrong', { spotCheck: 0.05, wrong: 0.1 }],
  ['spot checks 5%, half wrong, new identities are free', { spotCheck: 0.05, wrong: 0.5, returns: true }],
  ['three results, only disagreements, half wrong', { quorum: 3, wrong: 0.5 }],
];

function simulated(): string {
  const rows = [0, 0.01, 0.05, 0.2].flatMap((cheats) =>
    (cheats === 0 ? [settings[0], settings[3]] : settings).map(([name, setting]) => {
      const of = simulate({ ...base, ...setting, cheats }, 1);
      return [
        ...[`${cheats * 100}%`, name, of.results.toFixed(3), of.leases.toFixed(3), (100 * of.replays).toFixed(2)],
        ...[whole(of.wrongEver), whole(of.wrongAtEnd), cheats === 0 ? '' : `${(100 * of.disproved).toFixed(0)}%`],
      ];
    }),
  );
  const head = ['cheats', 'rules and cheats', 'results per job', 'leases per job', 'replays per 100 jobs'];
  return markdownTable([...head, 'wrong for a time', 'wrong at the end', 'cheats disproved'], rows);
}

/** Uploads of a result, in bytes: the mean of 118 finished jobs of studies. */
const RESULT_BYTES = 5200;

function load({ leaseVoteCalls, requests, bytesPerLease, bytesPerIdentity }: Measured): string {
  const rows = [1, 5, 20].map((minutes) => {
    const perSecond = volunteers / (minutes * 60);
    const accepted = perSecond / 2;
    return [
      ...[`${minutes} min`, whole(2 * perSecond), (perSecond * RESULT_BYTES * 1e-6).toFixed(1), accepted.toFixed(0)],
      ...[`${Math.ceil((2 * perSecond) / requests)}`, `${whole((200 * perSecond) / leaseVoteCalls)}%`],
      ...[whole(accepted * 0.05 * minutes * 60), whole(accepted * 0.001 * minutes * 60)],
    ];
  });
  const head = ['length of a job', 'requests/s', 'uploads MB/s', 'jobs/s', 'gateways', 'share of one Redis'];
  const memory = ((volunteers * (bytesPerLease + bytesPerIdentity)) / 1e6).toFixed(0);
  return `${markdownTable([...head, 'cores that replay 5%', 'cores that replay 0.1%'], rows)}

Redis holds ${memory} MB for ${whole(volunteers)} open leases and as many checked identities.`;
}

function page(measured: Measured): string {
  const { leaseVoteCalls, bytesPerLease, bytesPerIdentity, bytesPerOpenJob, requests, idlePercent, idleJobs } =
    measured;
  return `# Volunteers: arithmetic

\`node scripts/volunteers.ts\` writes this page. [Volunteers](../fleet-volunteers.md) explains the rules and the terms.

## Cheats

A simulation of ${whole(volunteers)} identities and ${whole(jobs)} jobs with seed 1. All cheats send the same wrong result, which is the best case for
them. ${abandoned * 100}% of the leases end without a result. "Wrong for a time" counts jobs whose accepted result was wrong before a replay disproved an identity
behind it. "Wrong at the end" counts those that no replay has found. The jobs of disproved identities run again here. Where a study
has already collected such a result, its operator must start that.

${simulated()}

An identity that always sends wrong results never becomes a checked one, so its results are never accepted. Cheats whose wrong results
differ from each other never agree, so none of those is accepted either. The gateway has two results per job; three are shown for
comparison.

## Constants, measured

On a machine with two busy cores, Redis and clients included, so the numbers are lower limits. One run.

${markdownTable(
  ['quantity', 'value'],
  [
    ['calls of lease and vote per second, one Redis, 40 clients', whole(leaseVoteCalls)],
    ['requests over HTTP per second, one gateway, 20 connections', whole(requests)],
    [`processor time of an idle gateway with ${whole(idleJobs)} open jobs`, `${idlePercent.toFixed(1)}% of a core`],
    ['memory of Redis for an open job', `${whole(bytesPerOpenJob)} bytes`],
    ['memory of Redis for a lease', `${whole(bytesPerLease)} bytes`],
    ['memory of Redis for a checked identity', `${whole(bytesPerIdentity)} bytes`],
  ],
)}

## Load of ${whole(volunteers)} volunteers

Each volunteer runs one job after another. A job has two results of ${whole(RESULT_BYTES)} bytes, each with two requests. The numbers of gateways and the share of Redis
follow from the constants above. Replays run on the gateways, one thread each.

${load(measured)}
`;
}

const { values } = parseArgs({ options: { measure: { type: 'boolean', default: false } } });
if (values.measure) {
  const { measure } = await import('./volunteers/measure.ts');
  writeFileSync(stored, `${JSON.stringify(await measure(), null, 1)}\n`);
}
writeFileSync(fileOf('fleet-volunteers.md'), page(JSON.parse(readFileSync(stored, 'utf8')) as Measured));
