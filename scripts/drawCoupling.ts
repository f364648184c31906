/**
 * Draws docs/figures/coupling.svg from the stored CSVs of the studies `danger-zone` and `decoupling`, and prints its
 * alternative text: `node scripts/drawCoupling.ts`. Fails until a whole task of `decoupling` is stored, because the
 * figure compares tasks.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { couplingFigure, couplingFigureText } from './couplingFigure.ts';
import { couplingRows } from './couplingRows.ts';

const docs = fileURLToPath(new URL('../docs', import.meta.url));

try {
  const rows = couplingRows((name) => {
    const path = `${docs}/results/${name}`;
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  });
  writeFileSync(`${docs}/figures/coupling.svg`, couplingFigure(rows));
  console.log(couplingFigureText(rows));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
