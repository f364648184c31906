/** CITATION.cff against version 1.2.0 of its format and against package.json. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

test('CITATION.cff parses, has the required keys, and the version and licence of package.json', () => {
  const citation = parse(read('CITATION.cff')) as Record<string, unknown>;
  const manifest = JSON.parse(read('package.json')) as { name: string; version: string; license: string };
  // cff-version, message, title and authors are required; `version` must be text, which YAML could read as a number.
  expect(citation).toMatchObject({
    'cff-version': '1.2.0',
    message: expect.stringMatching(/\S/),
    title: manifest.name,
    version: manifest.version,
    license: manifest.license,
    authors: [{ name: 'The unbraid developers' }],
  });
  // There is no published copy: a DOI or an address would lead nowhere.
  for (const key of ['doi', 'url', 'repository', 'repository-code', 'contact', 'orcid'])
    expect(read('CITATION.cff')).not.toMatch(new RegExp(`^\\s*-?\\s*${key}:`, 'm'));
});
