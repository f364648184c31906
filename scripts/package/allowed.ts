/** The licences that unbraid accepts. docs/publishing.md says why. */

/** Of code inside the package, and of the packages that a consumer installs with it. */
const shipped: readonly string[] = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/** Also of tools that the repository runs and that no consumer receives. */
const tools: readonly string[] = [
  ...shipped,
  'BlueOak-1.0.0',
  'CC-BY-4.0',
  'CC0-1.0',
  'LGPL-3.0-or-later',
  'MPL-2.0',
  'Python-2.0',
];

/**
 * Whether a licence is accepted.
 *
 * @param expression of SPDX, with AND and OR but without nested parentheses
 */
export function isAllowed(expression: string, use: 'shipped' | 'tool'): boolean {
  const allowed = use === 'shipped' ? shipped : tools;
  return expression
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((name) => allowed.includes(name)));
}
