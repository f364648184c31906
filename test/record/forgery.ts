/** What a forgery is: one false statement in the folder of an honest run, with all hashes consistent. */
import type { JsonRecord } from '../../src/record/json.ts';
import { type Editable, readStatements, rehash, type Statements, writeStatements } from './forge.ts';

/** Honest runs that forgeries start from; `test/reliability/bases.ts` makes them. */
export type Base = 'finished' | 'measured' | 'text' | 'cut short';

export interface Forgery {
  readonly name: string;
  readonly base: Base;
  /** The first difference that `verify` reports must name one of these. */
  readonly where: readonly string[];
  /** What an error without a verdict must match, for a run that `verify` rejects before it compares anything. */
  readonly rejected?: RegExp;
  /** Changes `directory`, a copy of the base; `other` is a run that differs in its seed alone. */
  forge(directory: string, other: string): void;
}

interface Place {
  readonly base?: Base;
  readonly where: readonly string[];
  readonly rejected?: RegExp;
}

/** A forgery that changes statements. All data that depend on them are computed again. */
export function restated(
  name: string,
  place: Place,
  change: (statements: Statements, other: Statements) => void,
): Forgery {
  return edited(name, place, (directory, other) => {
    const statements = readStatements(directory);
    change(statements, readStatements(other));
    writeStatements(directory, statements);
  });
}

/** A forgery that changes files in place. All hashes of files are computed again afterwards. */
export function edited(
  name: string,
  { base = 'finished', ...place }: Place,
  change: (directory: string, other: string) => void,
): Forgery {
  return {
    name,
    base,
    ...place,
    forge(directory, other) {
      change(directory, other);
      rehash(directory);
    },
  };
}

/** A forgery whose hashes `change` itself keeps consistent. */
export function raw(
  name: string,
  { base = 'finished', ...place }: Place,
  change: (directory: string, other: string) => void,
): Forgery {
  return { name, base, ...place, forge: change };
}

/** The JSON record of that name. */
export function recordOf(statements: Statements, name: string): Editable {
  const record = statements.records.get(name);
  if (!record) throw new Error(`forgery: ${name} must be in the folder`);
  return record;
}

/** Sets the value at a path of keys and indices: `set(record, 'matrix.cosine.0.1', 0.5)`. */
export function set(record: object, path: string, value: JsonRecord[string]): void {
  const keys = path.split('.');
  const last = keys.pop() as string;
  let at = record as Editable;
  for (const key of keys) at = at[key] as Editable;
  if (at[last] === undefined || at[last] === value) throw new Error(`forgery: ${path} must be there and change`);
  at[last] = value;
}

/** Changes the line of one iteration in metrics.jsonl. */
export function setMetric(statements: Statements, iteration: number, key: string, value: number): void {
  const line = JSON.parse(statements.metrics[iteration]) as Editable;
  set(line, key.replaceAll('.', ' '), value);
  statements.metrics[iteration] = `${JSON.stringify(line)}\n`;
}
