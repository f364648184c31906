import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { environment } from '../runBattery.ts';
import { testBattery } from '../testBattery.ts';

// The first one outside node_modules: the machine's own.
const folders = environment.PATH.split(delimiter).filter((folder) => !folder.includes('node_modules'));
const found = folders.map((folder) => join(folder, 'node')).find((path) => existsSync(path));
const program = process.env.UNBRAID_NODE20 ?? found;
testBattery('Node 20', 'node', { env: { ...environment, UNBRAID_NODE: program ?? '' }, version: /^20\./ });
