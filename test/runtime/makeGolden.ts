/**
 * Writes test/runtime/golden.json from the battery in this Node. Run after `npm run build`: node
 * test/runtime/makeGolden.ts
 */
import { writeFileSync } from 'node:fs';
import { findRuntime } from '../../src/cli/runtime/installed.ts';
import { batteryIn } from './runBattery.ts';

const { kernels, attention, mlp } = await batteryIn(findRuntime('node', process.env));
const golden = { kernels: kernels.single.hash, attention: attention['1 own'], mlp: mlp['1 own'] };
writeFileSync(new URL('./golden.json', import.meta.url), `${JSON.stringify(golden, null, 2)}\n`);
