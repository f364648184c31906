import { testBattery } from '../testBattery.ts';

testBattery('Firefox', 'firefox');
