/** Parses JSON from a file against a schema, with errors that name the field. */
import * as v from 'valibot';
import { parseJson } from '../check/parseJson.ts';

function printable(value: unknown): string {
  const text =
    typeof value === 'string' ? JSON.stringify(value) : value instanceof Object ? 'an object' : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function ruleOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'check') return issue.message;
  if (issue.type === 'min_length') return `a list of at least ${issue.requirement}`;
  if (issue.type.endsWith('object') && issue.input === undefined) return 'present';
  return issue.expected ?? issue.message;
}

/**
 * Parses JSON and checks it against a schema.
 *
 * @param name the function that reads it, for errors
 * @param place the file or the line, for errors
 * @param next what the reader can do, for errors
 * @throws SyntaxError or TypeError that names the field, its rule and the value
 */
export function parseRecord<T>(
  name: string,
  schema: v.GenericSchema<unknown, T>,
  text: string,
  place: string,
  next: string,
): T {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw new SyntaxError(`${name}: ${place} must be JSON, got ${printable(text.slice(0, 40))}; ${next}`);
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const path = v.getDotPath(issue);
  const field = path === null ? place : `${place}: ${path}`;
  const rule = ruleOf(issue);
  const got = Array.isArray(issue.input) ? `a list of ${issue.input.length}` : printable(issue.input);
  throw new TypeError(`${name}: ${field} must be ${rule}, got ${got}; ${next}`);
}
