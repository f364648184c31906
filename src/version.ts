/** What a record says about the program that made it. */

/** The version in package.json, for hosts that have no files. */
export const unbraidVersion = '0.1.0';

/**
 * Stands for the bits: runs of the same config and numerics version give the same parameters, metrics and results
 * everywhere. CHANGELOG.md says what belongs to each; whoever changes a bit raises it.
 */
export const numericsVersion = 2;
