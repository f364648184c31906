import { testBattery } from '../testBattery.ts';

testBattery('Chromium', 'chromium');
