/**
 * Writes unbraid-VERSION.tgz from the build in dist/: a staged folder with the code of bundled packages inside, packed
 * without `prepare`.
 *
 *   npm run package                  fails if THIRD-PARTY.md is not current
 *   npm run package -- --licences    writes THIRD-PARTY.md anew
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Manifest, readManifest, refuseOldBuild, root } from './package/build.ts';
import { stageCode, stageDeclarations } from './package/stageCode.ts';
import { stageText } from './package/stageText.ts';
import { thirdPartyText } from './package/thirdParty.ts';

function checkThirdParty(text: string, write: boolean): void {
  const path = join(root, 'THIRD-PARTY.md');
  if (write) writeFileSync(path, text);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  throw new Error(
    'package: THIRD-PARTY.md must name the packages in the bundles, got another text; run npm run package -- --licences',
  );
}

/** package.json of the package: without what only the repository needs. */
function stagedManifest(manifest: Manifest): string {
  const dropped = ['private', 'files', 'scripts', 'devDependencies'];
  const kept = Object.entries(manifest).filter(([key]) => !dropped.includes(key));
  return `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`;
}

const { values } = parseArgs({ options: { licences: { type: 'boolean', default: false } } });
refuseOldBuild('package');
const manifest = readManifest();
const stage = mkdtempSync(join(tmpdir(), 'unbraid-stage-'));
try {
  const packages = await stageCode(stage, manifest);
  stageDeclarations(stage, manifest);
  checkThirdParty(thirdPartyText(packages), values.licences);
  const pages = manifest.files.filter((path) => path !== 'dist');
  stageText(stage, ['README.md', 'LICENSE', ...pages]);
  writeFileSync(join(stage, 'package.json'), stagedManifest(manifest));
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', root];
  const output = execFileSync('npm', args, { cwd: stage, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(output) as [Record<string, number | string>];
  statSync(join(root, String(filename)));
  console.log(`${filename}: ${size} bytes, ${unpackedSize} unpacked, ${entryCount} files`);
} finally {
  rmSync(stage, { recursive: true });
}
