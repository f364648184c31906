import { testRelease } from './testRelease.ts';

// The oldest Node that the package promises to run on.
testRelease(20);
