import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trainIn } from '../../../src/cli/train/trainRun.ts';
import { replayIn } from '../../../src/cli/verify/replayRun.ts';
import { type Config, resolveConfig } from '../../../src/config/config.ts';
import { type Crew, openCrew } from '../../../src/parallel/crew.ts';
import { spawnWorker } from '../../../workers/spawn.node.ts';
import { forgedFiles } from '../../record/forgedFiles.ts';
import { forgedNumbers } from '../../record/forgedNumbers.ts';
import { type Bases, makeBases } from '../../reliability/bases.ts';
import { type Commands, openCommands } from '../../reliability/commands.ts';
import { unclearText, verdictOf, wrongOnForgery, wrongOnHonest } from '../../reliability/verdict.ts';
import { unbraid } from '../fakeEngine.ts';
import { changes, config, makeRun, realUnbraid } from '../realRun.ts';

let root: string;
let bases: Bases;
let commands: Commands;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-forgery-'));
  bases = await makeBases(root);
  commands = openCommands(20_000);
});
afterAll(() => {
  commands.close();
  rmSync(root, { recursive: true });
});

function copyOf(base: keyof Bases): string {
  const directory = join(root, 'copy');
  rmSync(directory, { recursive: true, force: true });
  cpSync(bases[base], directory, { recursive: true });
  return directory;
}

describe('a forgery is not equal', () => {
  test.each([...forgedNumbers, ...forgedFiles].map((forgery) => [forgery.name, forgery] as const))(
    '%s',
    async (_, forgery) => {
      const directory = copyOf(forgery.base);
      forgery.forge(directory, bases.other);
      const outcome = await commands.run('verify', directory, '--json');
      if ('failed' in outcome) throw new Error(`${outcome.failed}: ${outcome.reason}`);
      expect(unclearText(outcome) ?? wrongOnForgery(forgery, outcome)).toBeNull();
    },
  );

  test('all of them differ by name', () => {
    const names = [...forgedNumbers, ...forgedFiles].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(40);
  });
});

async function expectEqual(directory: string): Promise<void> {
  const outcome = await realUnbraid('verify', directory, '--json');
  expect(unclearText(outcome) ?? wrongOnHonest(directory, outcome)).toBeNull();
}

describe('an honest run is equal, and every file of its folder is named', () => {
  test.each(['finished', 'other', 'text', 'cut short', 'measured'] as const)('%s', async (base) => {
    await expectEqual(copyOf(base));
  });

  const configs: [string, Partial<Config>][] = [
    ['all checkpoints kept', { keepCheckpoints: 100, checkpointEvery: 1 }],
    ['no checkpoint kept but the last', { keepCheckpoints: 1 }],
    ['evaluated and measured at every iteration', { evalEvery: 1, couplingEvery: 1 }],
    ['no iterations', { iterations: 0 }],
    ['no cold start', { coldStart: 0 }],
    ['a reference policy', { beta: 0.1 }],
  ];
  test.each(configs)('%s', async (_, more) => {
    const directory = join(root, 'config');
    rmSync(directory, { recursive: true, force: true });
    await makeRun(directory, resolveConfig({ ...changes, ...more }));
    await expectEqual(directory);
  });

  test.each([0, 1, 2, 3, 4, 5])('interrupted after iteration %i and left, then resumed', async (iteration) => {
    for (const keepCheckpoints of [2, 100]) {
      const directory = join(root, `interrupted-${iteration}-${keepCheckpoints}`);
      await makeRun(directory, { ...config, keepCheckpoints }, iteration === 0 ? undefined : iteration);
      await expectEqual(directory);
      expect((await realUnbraid('train', '--resume', directory)).code).toBe(0);
      await expectEqual(directory);
    }
  });

  test('without its receipt', async () => {
    for (const base of ['finished', 'text', 'measured'] as const) {
      const directory = copyOf(base);
      rmSync(join(directory, 'receipt.json'));
      await expectEqual(directory);
    }
  });

  test('without its result and receipt, as one killed before it wrote them', async () => {
    const directory = copyOf('finished');
    for (const name of ['receipt.json', 'result.json']) rmSync(join(directory, name));
    await expectEqual(directory);
    rmSync(join(directory, 'coupling-end.json'));
    await expectEqual(directory);
  });

  test.each(['train', 'in-domain', 'out-of-domain'])('after eval and coupling of the split %s', async (split) => {
    for (const base of ['finished', 'text', 'cut short'] as const) {
      const directory = copyOf(base);
      for (const command of [
        ['coupling', directory, '--split', split, '--samples', '12'],
        ['eval', directory, '--split', split, '--episodes', '4'],
      ]) {
        expect((await realUnbraid(...command)).code).toBe(0);
      }
      await expectEqual(directory);
    }
  });

  test('after coupling in an earlier version, which did not measure contrast, spectrum and embeddings', async () => {
    const directory = copyOf('measured');
    const path = join(directory, 'coupling.json');
    const { contrast, kernelTargetAlignment, distinctSamples, effectiveRank, topShare, embeddingCosine, ...record } =
      JSON.parse(readFileSync(path, 'utf8'));
    const further = [contrast, kernelTargetAlignment, distinctSamples, effectiveRank, topShare, embeddingCosine.cka];
    for (const value of further) expect(value).toBeTypeOf('number');
    for (const layer of record.layers) {
      delete layer.contrast;
      delete layer.kernelTargetAlignment;
    }
    writeFileSync(path, `${JSON.stringify(record)}\n`);
    await expectEqual(directory);
  });

  test('after coupling, then resumed to its end', async () => {
    const directory = copyOf('cut short');
    await realUnbraid('coupling', directory, '--samples', '8');
    expect((await realUnbraid('train', '--resume', directory)).code).toBe(0);
    // coupling.json is of iteration 3, whose checkpoint is not kept. Its statements can still be replayed.
    await expectEqual(directory);
  });

  test('beside temporary files, pages and files of the system', async () => {
    const directory = copyOf('finished');
    for (const name of ['config.json.123.tmp', 'report.html', '.DS_Store', 'checkpoints/.DS_Store']) {
      writeFileSync(join(directory, name), 'x');
    }
    await expectEqual(directory);
  });
});

describe('the number of threads changes no verdict', () => {
  let crew: Crew;
  beforeAll(async () => {
    crew = await openCrew(spawnWorker, 2);
  });
  afterAll(() => crew.close());

  /** Verifies in this process on two real threads. */
  async function verifyOnTwo(directory: string, ...more: string[]): ReturnType<typeof unbraid> {
    return unbraid(['verify', directory, ...more, '--json'], {
      replayIn: (runtime, given, how) => replayIn(runtime, given, { ...how, withCrew: (_count, use) => use(crew) }),
    });
  }

  const small = { groupsPerIteration: 2, numGenerations: 2, iterations: 8, checkpointEvery: 3 };
  const batches: [string, Partial<Config>][] = [
    ['batches of 8 episodes', {}],
    ['batches of 4 episodes', small],
  ];
  test.each(batches)('%s', async (_, more) => {
    const given = resolveConfig({ ...changes, ...more });
    const [one, two] = ['one', 'two'].map((name) => join(root, `threads-${name}-${given.iterations}`));
    await makeRun(one, given);
    const signal = new AbortController().signal;
    await trainIn('0.1.0')(given, { directory: two, resume: false, crew, onProgress: () => undefined, signal });
    for (const directory of [one, two]) {
      await expectEqual(directory);
      expect(wrongOnHonest(directory, await verifyOnTwo(directory))).toBeNull();
      for (const until of ['1', '3', '4']) {
        const outcome = await verifyOnTwo(directory, '--until', until);
        expect(verdictOf(outcome)?.equal, outcome.stderr).toBe(true);
      }
    }
  });

  test('a run of batches of 4 episodes, interrupted between checkpoints', async () => {
    const given = resolveConfig({ ...changes, ...small, env: 'household', policy: 'attention' });
    for (const iteration of [1, 2]) {
      const directory = join(root, `threads-cut-${iteration}`);
      await makeRun(directory, given, iteration);
      // Were it to depend on which thread is first where the replay ends, the verdict would not always be the same.
      for (let i = 0; i < 6; i++) expect(wrongOnHonest(directory, await verifyOnTwo(directory))).toBeNull();
    }
  });
});
