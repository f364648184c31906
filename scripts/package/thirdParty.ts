/** Writes THIRD-PARTY.md: the packages whose code the package contains, with their licences and notices. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAllowed } from './allowed.ts';
import { root } from './build.ts';

/** The compiler writes parts of its standard library into the WebAssembly modules. */
const inModules = 'assemblyscript';

const head = `# Third-party code in this package

The files in \`dist/\` contain code of the packages below. \`npm run package -- --licences\` writes this page from the list of modules in each
bundle and from the licence files of the packages.
`;

/** Licence and notice files of a package: in its folder, and in its folder \`licenses\`. */
function papersOf(folder: string): string[] {
  return ['', 'licenses']
    .filter((inside) => existsSync(join(folder, inside)))
    .flatMap((inside) => readdirSync(join(folder, inside)).map((name) => join(inside, name)))
    .filter((path) => /^(?:licenses\/.*|licen[cs]e[^/]*|copying[^/]*|(?:copyright)?notice[^/]*)$/i.test(path))
    .filter((path) => path !== 'licenses')
    .sort();
}

function section(name: string): string {
  const folder = join(root, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
  if (!isAllowed(license ?? '', 'shipped')) {
    throw new Error(
      `package: the licence of ${name} ${version} must be on the list in scripts/package/allowed.ts, got ${license}; use another package`,
    );
  }
  const papers = papersOf(folder).map((path) => {
    const text = readFileSync(join(folder, path), 'utf8').replaceAll('\r', '').trim();
    return `\n\`${path}\`:\n\n\`\`\`\`text\n${text}\n\`\`\`\`\n`;
  });
  if (papers.length === 0) {
    if (license !== 'Apache-2.0') {
      throw new Error(`package: ${name} ${version} must have a licence file, got none; use another package`);
    }
    papers.push('\nIts package has no licence file. The file `LICENSE` has the text of this licence.\n');
  }
  const use = name === inModules ? '\nParts of its standard library are compiled into the `.wasm` files.\n' : '';
  return `\n## ${name} ${version}\n\nLicence: ${license}\n${use}${papers.join('')}`;
}

/**
 * The text of THIRD-PARTY.md.
 *
 * @param packages names of packages in bundles
 * @throws if a licence is not accepted
 */
export function thirdPartyText(packages: readonly string[]): string {
  return head + [...new Set([...packages, inModules])].sort().map(section).join('');
}
