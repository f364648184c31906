/**
 * Draws the folders of src/ and their imports: `node scripts/drawFolders.ts` writes docs/figures/folders.svg, `--check`
 * compares the file with the source instead. Exit code 1 if an import leads back up or, with `--check`, if the file is
 * another.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { checkDownward, drawFolderGraph, readFolderGraph } from './folderGraph.ts';

const path = 'docs/figures/folders.svg';

try {
  const graph = await readFolderGraph();
  checkDownward(graph);
  const svg = drawFolderGraph(graph);
  if (!process.argv.includes('--check')) writeFileSync(path, svg);
  else if (readFileSync(path, 'utf8') !== svg) {
    throw new Error(`drawFolders: ${path} must be the drawing of src/, got another; run: node scripts/drawFolders.ts`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
