import { testBattery } from '../testBattery.ts';

// The Node that runs the tests.
testBattery('Node 24', 'node', { version: /^24\./ });
