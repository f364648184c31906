import { describe, expect, it } from 'vitest';
import { parseCompare, parseCoupling, parseDanger, parseMetrics, parseRunResult } from '../../src/record/schemas.ts';
import { fixture } from '../report/fixtures/readFixtures.ts';

/** A stored record as text, changed by `edit`. */
// biome-ignore lint/suspicious/noExplicitAny: the tests break records on purpose
function broken(path: string, edit: (record: any) => void): string {
  const record = JSON.parse(fixture(path));
  edit(record);
  return JSON.stringify(record);
}

describe('parsing records', () => {
  it('reads metrics line by line, keeps missing keys missing and skips empty lines', () => {
    const lines = parseMetrics(
      '{"iteration":0,"envSteps":10,"eval/train":0.5}\n\n{"iteration":1,"envSteps":20,"reward_std":null}\n',
    );
    expect(lines.map((line) => line['eval/train'])).toEqual([0.5, undefined]);
    expect(lines[1]).toEqual({ iteration: 1, envSteps: 20, reward_std: null });
  });

  it('keeps the known fields and drops others', () => {
    const result = parseRunResult(broken('grpo-none-s1/result.json', (record) => Object.assign(record, { extra: 1 })));
    expect(Object.keys(result)).not.toContain('extra');
    expect(result.config.seed).toBe(1);
    expect(result.envSteps).toBe(JSON.parse(fixture('grpo-none-s1/result.json')).envSteps);
  });

  it('reads a danger record of a version without returns: they are null', () => {
    const earlier = broken('danger.json', (record) => {
      delete record.decoupleLambda;
      for (const row of record.rows) delete row.return;
    });
    const parsed = parseDanger(earlier);
    expect(parsed.rows.map((row) => row.return)).toEqual(parsed.rows.map(() => null));
    expect(parsed.curves).toEqual(parseDanger(fixture('danger.json')).curves);
  });

  it.each<[string, () => unknown, string]>([
    [
      'no JSON',
      () => parseDanger('danger zone'),
      'parseDanger: danger.json must be JSON, got "danger zone"; run danger again',
    ],
    [
      'a wrong metrics line',
      () => parseMetrics('{"iteration":0,"envSteps":1}\n{"iteration":"x","envSteps":1}'),
      'parseMetrics: line 2: iteration must be number, got "x"; remove the line or run train again',
    ],
    [
      'text as a metric',
      () => parseMetrics('{"iteration":0,"envSteps":1,"reward_std":"big"}'),
      'parseMetrics: line 1 must be only finite numbers or null, got an object; remove the line or run train again',
    ],
    [
      'a missing field',
      () => parseRunResult(broken('grpo-none-s1/result.json', (record) => delete record.success.outOfDomain)),
      'parseRunResult: result.json: success.outOfDomain must be present, got undefined; run train again',
    ],
    [
      'a record of another command',
      () => parseCompare(fixture('danger.json')),
      'parseCompare: compare.json: command must be "compare", got "danger"; run compare again',
    ],
    [
      'a variant without runs',
      () => parseCompare(broken('compare.json', (record) => record.variants[1].runs.splice(0))),
      'parseCompare: compare.json: variants.1.runs must be a list of at least 1, got a list of 0; run compare again',
    ],
    [
      'a matrix that is not square',
      () => parseCoupling(broken('grpo-none-s1/coupling-end.json', (record) => record.matrix.cosine[2].pop())),
      'parseCoupling: coupling.json: matrix must be a square cosine table with one row per sample, got an object; run coupling again',
    ],
    [
      'a short point',
      () => parseDanger(broken('danger.json', (record) => record.curves[0].points[1].pop())),
      'parseDanger: danger.json: curves.0.points.1.3 must be number, got undefined; run danger again',
    ],
  ])('refuses %s', (_, parse, message) => {
    expect(parse).toThrow(expect.objectContaining({ message }));
  });
});
