/** The harness of `npm run reliability` with few attempts of each kind. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bases, makeBases } from './bases.ts';
import { type Commands, openCommands } from './commands.ts';
import { corruptions } from './corruptions.ts';
import { disk } from './disk.ts';
import { type Bench, kills } from './kills.ts';
import { signals } from './signals.ts';
import type { Tally } from './tally.ts';
import { writers } from './writers.ts';

let root: string;
let bases: Bases;
let commands: Commands;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-harness-'));
  bases = await makeBases(join(root, 'bases'));
  commands = openCommands();
});
afterAll(() => {
  commands.close();
  rmSync(root, { recursive: true });
});

const parts: [string, (bench: Bench) => Promise<Tally>, number][] = [
  ['corruptions', corruptions, 30],
  ['kills', kills, 6],
  ['full disk', disk, 4],
  ['two writers', writers, 3],
  ['signals', signals, 4],
];

test.each(parts)(
  '%s: every verdict is right, and no run is lost',
  async (name, part, count) => {
    const folder = join(root, name.replaceAll(' ', '-'));
    mkdirSync(folder);
    const product = 'src/cli/main.ts';
    const tally = await part({ root: folder, bases, commands, product, count, say: () => undefined });
    expect(tally.failures).toEqual([]);
    expect(tally.attempts).toBe(count);
    expect(tally.maxRssKb).toBeGreaterThan(0);
    // On a busy machine a process takes ten times as long to start.
  },
  300_000,
);
