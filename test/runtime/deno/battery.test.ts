import { testBattery } from '../testBattery.ts';

testBattery('Deno', 'deno');
