/** The path at which the site of the tests is served. It is not /, so that each test shows that the path can be chosen. */
export const testBase = '/some/path/';
