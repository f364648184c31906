import { testBattery } from '../testBattery.ts';

testBattery('Bun', 'bun');
