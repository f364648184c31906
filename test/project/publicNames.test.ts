/** The names and types of the public entries. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { OpenedPolicy } from '../../src/edge.ts';
import * as edge from '../../src/edge.ts';
import * as coupling from '../../src/entry/coupling.ts';
import * as env from '../../src/entry/env.ts';
import * as layers from '../../src/entry/layers.ts';
import * as learn from '../../src/entry/learn.ts';
import * as record from '../../src/entry/record.ts';
import * as statistics from '../../src/entry/statistics.ts';
import * as volunteer from '../../src/entry/volunteer.ts';
import * as unbraid from '../../src/index.ts';
import * as workersNode from '../../workers/workers.node.ts';
import * as workersWeb from '../../workers/workers.web.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

const entries = { unbraid, layers, learn, env, coupling, statistics, record, volunteer, edge, workers: workersNode };

const namesOf = (entry: object): string[] => Object.keys(entry).sort();

describe('names', () => {
  test('every name belongs to one entry', () => {
    const all = Object.values(entries).flatMap(namesOf);
    expect(all.filter((name, i) => all.indexOf(name) !== i)).toEqual([]);
  });

  test.each([
    [
      'unbraid',
      'configTable createArena createLabelSource createPolicy estimateSeconds evaluate measureCoupling numericsVersion presetKeys presetTable resolveConfig train unbraidVersion verify',
    ],
    ['edge', 'openPolicy openPolicyFrom'],
    ['volunteer', 'localRunner runVolunteerJob serveJobs volunteer workerRunner'],
    ['workers', 'openCrew relaxedCrew spawnFrom spawnWorker'],
    [
      'coupling',
      'choleskySolver collectSamplePairs decoupleAdvantages gradVac gramMatrix gramTotal pcGrad runDanger taskOrders upGrad',
    ],
    [
      'statistics',
      'interquartileMean meanInterval pairedBootstrap pairedDifference performanceProfile probabilityOfImprovement stratifiedBootstrap wilsonInterval',
    ],
  ] as const)('of %s', (entry, names) => {
    expect(namesOf(entries[entry]).join(' ')).toBe(names);
  });

  test('unbraid/workers has the same names in Node and in pages', () => {
    expect(namesOf(workersWeb)).toEqual(namesOf(workersNode));
  });

  test('package.json and typedoc.json have every entry', () => {
    const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: object };
    const { entryPoints } = JSON.parse(readFileSync(`${root}typedoc.json`, 'utf8')) as { entryPoints: string[] };
    const named = Object.keys(entries).map((name) => (name === 'unbraid' ? '.' : `./${name}`));
    expect(Object.keys(exports)).toEqual(expect.arrayContaining(named));
    expect(entryPoints).toHaveLength(named.length);
  });
});

describe('types', () => {
  test('train takes a part of a config and returns success, coupling and a receipt', () => {
    expectTypeOf(unbraid.train).parameter(0).toEqualTypeOf<Partial<unbraid.Config> | undefined>();
    expectTypeOf(unbraid.train).returns.resolves.toEqualTypeOf<unbraid.TrainOutcome>();
    expectTypeOf<unbraid.TrainOutcome['success']['outOfDomain']>().toEqualTypeOf<number | null>();
    expectTypeOf<unbraid.TrainOutcome['receipt']>().toEqualTypeOf<record.Receipt>();
    expectTypeOf<unbraid.Config['iterations']>().toEqualTypeOf<number>();
    expectTypeOf<unbraid.Config['observation']>().toExtend<string | null>();
  });

  test('a value that can be missing has null in its type', () => {
    expectTypeOf<unbraid.CouplingSummary['goodBadCosine']>().toEqualTypeOf<number | null>();
    expectTypeOf<unbraid.Progress['success']>().toEqualTypeOf<number | null>();
    expectTypeOf<unbraid.Policy['blueprint']>().toEqualTypeOf<unbraid.Blueprint | null>();
    expectTypeOf(coupling.collectSamplePairs).returns.resolves.toEqualTypeOf<coupling.SamplePairs | null>();
    expectTypeOf<record.Receipt['outcome']>().toEqualTypeOf<record.JsonRecord | null>();
  });

  test('what one function returns is what the next one takes', () => {
    expectTypeOf(unbraid.createArena).returns.resolves.toEqualTypeOf<unbraid.Arena>();
    expectTypeOf(unbraid.createPolicy).returns.toEqualTypeOf<unbraid.Policy>();
    expectTypeOf(layers.policyOn).returns.toEqualTypeOf<unbraid.Policy>();
    expectTypeOf(learn.lossSet).returns.toEqualTypeOf<learn.LossSet>();
    expectTypeOf(learn.update).parameter(1).toEqualTypeOf<readonly learn.LossSet[]>();
    expectTypeOf(env.createHousehold).returns.toExtend<env.Environment>();
    expectTypeOf(env.tokenized).returns.toExtend<env.Environment>();
    expectTypeOf(coupling.gramTotal).returns.toExtend<ArrayLike<number>>();
    expectTypeOf(coupling.upGrad).parameter(0).toEqualTypeOf<ArrayLike<number>>();
    expectTypeOf(statistics.meanInterval).returns.toEqualTypeOf<statistics.Interval>();
    expectTypeOf(record.unpackCheckpoint).returns.toEqualTypeOf<record.Checkpoint>();
    expectTypeOf<unbraid.TrainOptions['checkpoint']>().toEqualTypeOf<record.Checkpoint | undefined>();
    expectTypeOf(workersNode.spawnWorker).toExtend<workersNode.SpawnWorker>();
    expectTypeOf(workersWeb.spawnWorker).toExtend<workersNode.SpawnWorker>();
    expectTypeOf<OpenedPolicy['save']>().returns.toExtend<BodyInit>();
  });
});
