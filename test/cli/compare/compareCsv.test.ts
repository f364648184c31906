import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { differencesCsv, runsCsv } from '../../../src/cli/compare/compareCsv.ts';
import { resolveConfig } from '../../../src/config/config.ts';
import { createRun } from '../../../src/record/run.node.ts';
import { parseCompare, parseRunResult, type RunResult } from '../../../src/record/schemas.ts';
import type { ComparedVariant } from '../../../src/report/compare/variants.ts';
import { resultOf, unbraid } from '../fakeEngine.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-csv-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The rows of RFC 4180 text, each as an object by column. */
function parse(text: string): Record<string, string>[] {
  expect(text.endsWith('\r\n')).toBe(true);
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let end = 0;
  for (const [whole, quoted, plain, after] of text.matchAll(field)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (after === '\r\n') rows.push([]);
    end += whole.length;
  }
  expect(end).toBe(text.length);
  const [head, ...body] = rows.slice(0, -1);
  return body.map((row) => {
    expect(row.length).toBe(head.length);
    return Object.fromEntries(row.map((value, i) => [head[i], value]));
  });
}

/** Results that differ in every number from seed to seed and from method to method; the last seed has no cosines. */
function resultIn(config: Parameters<typeof resultOf>[0]): RunResult {
  const base = resultOf(config);
  const offset = config.seed / 7 + (config.method === 'grpo' ? 0 : 0.1);
  const { start, end } = base.coupling;
  const shifted = { ...start, goodBadCosine: config.seed === 3 ? null : offset / 3 };
  return {
    ...base,
    success: { train: offset, inDomain: offset / 2, outOfDomain: offset / 3 },
    // An evaluation of the train split alone, and results without returns.
    ...(config.seed > 1 && {
      return: { train: { mean: 10 * offset, interval: null, episodes: 1 }, inDomain: null, outOfDomain: null },
    }),
    coupling: { start: shifted, end },
    envSteps: 1000 + config.seed,
  };
}

const numberOf = (value: number | null): string => (value === null ? '' : String(value));

test('compare writes both files; their numbers are those of the runs that compare.json lists', async () => {
  const train = async (config: Parameters<typeof resultOf>[0], options: { directory: string }): Promise<RunResult> => {
    createRun(options.directory, { config, versions: {}, keepCheckpoints: 1 }).close();
    writeFileSync(join(options.directory, 'metrics.jsonl'), '{"iteration":1,"envSteps":10}\n');
    writeFileSync(join(options.directory, 'result.json'), JSON.stringify(resultIn(config)));
    return resultIn(config);
  };
  const args = ['compare', '--variants', 'grpo;classifier:graph;cloning:shuffled', '--seeds', '3', '--out', directory];
  const { code, stdout } = await unbraid(args, { train });
  expect(code).toBe(0);
  expect(stdout).toContain(`\ncsv        ${join(directory, 'compare.csv')}\n`);
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const { variants } = parseCompare(read('compare.json'));
  const expected = variants.flatMap((variant) =>
    variant.runs.map((run) => ({ variant, run, result: parseRunResult(read(join(run, 'result.json'))) })),
  );
  const rows = parse(read('compare.csv'));
  expect(rows.length).toBe(9);
  expect(rows).toEqual(
    expected.map(({ variant, run, result: { success, coupling, config, ...result } }) => ({
      variant: variant.name,
      role: variant.control ? 'control' : 'method',
      method: variant.method,
      labels: variant.labels,
      run,
      env: 'household',
      seed: String(config.seed),
      successTrain: numberOf(success.train),
      successInDomain: numberOf(success.inDomain),
      successOutOfDomain: numberOf(success.outOfDomain),
      goodBadCosineStart: numberOf(coupling.start.goodBadCosine),
      goodBadCosineEnd: numberOf(coupling.end.goodBadCosine),
      goodGoodCosineStart: numberOf(coupling.start.goodGoodCosine),
      goodGoodCosineEnd: numberOf(coupling.end.goodGoodCosine),
      badBadCosineStart: numberOf(coupling.start.badBadCosine),
      badBadCosineEnd: numberOf(coupling.end.badBadCosine),
      goodBadPositiveFractionStart: numberOf(coupling.start.goodBadPositiveFraction),
      goodBadPositiveFractionEnd: numberOf(coupling.end.goodBadPositiveFraction),
      returnTrain: numberOf(result.return?.train?.mean ?? null),
      returnInDomain: '',
      returnOutOfDomain: '',
      envSteps: String(result.envSteps),
      updates: String(result.updates),
      parametersSha256: result.parametersSha256,
    })),
  );
  const differences = parse(read('compare-differences.csv'));
  expect(differences.map(({ variant, baseline, seed }) => `${variant} - ${baseline}: ${seed}`)).toEqual([
    ...[1, 2, 3].map((seed) => `GRPO + classifier, graph labels - GRPO: ${seed}`),
    ...[1, 2, 3].map((seed) => `GRPO + cloning, shuffled labels - GRPO: ${seed}`),
  ]);
  for (const { seed, successOutOfDomain, goodBadCosineStart, goodBadCosineEnd } of differences) {
    const of = (method: string): RunResult => resultIn(resolveConfig({ method, seed: Number(seed) }));
    const [treated, plain] = [of('classifier'), of('grpo')];
    expect(Number(successOutOfDomain)).toBe(Number(treated.success.outOfDomain) - Number(plain.success.outOfDomain));
    expect([goodBadCosineStart === '', goodBadCosineEnd]).toEqual([seed === '3', '']);
  }
  const before = [read('compare.csv'), read('compare-differences.csv')];
  await unbraid(args, { train });
  expect([read('compare.csv'), read('compare-differences.csv')]).toEqual(before);
});

test('fields are quoted, and a text does not become a formula', () => {
  const fieldOf = (env: string): string => {
    const result = { ...resultOf(resolveConfig({})), wallMs: 1 };
    const run = { name: 'a', metrics: [], result: { ...result, config: { ...result.config, env } } };
    const variant: ComparedVariant = { name: 'GRPO', method: 'grpo', labels: 'none', role: 'method', runs: [run] };
    return parse(runsCsv([variant]))[0].env;
  };
  for (const env of ['=1+2', '+SUM(A1)', '-cmd', '@A1', '\tx', '\rx', '-Infinity']) {
    expect(fieldOf(env)).toBe(`'${env}`);
  }
  for (const env of ['exec:a "b", c\nd', '-1.5', '+3', 'a=b', '']) expect(fieldOf(env)).toBe(env);
});

test('without a baseline there are no differences', () => {
  const run = { name: 'a', metrics: [], result: resultOf(resolveConfig({})) };
  const control: ComparedVariant = {
    name: 'cloning',
    method: 'cloning',
    labels: 'graph',
    role: 'control',
    runs: [run],
  };
  expect(parse(differencesCsv([control]))).toEqual([]);
});
