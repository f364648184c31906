import { testRelease } from './testRelease.ts';

testRelease(22);
