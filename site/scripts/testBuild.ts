/** The path at which the tests serve the site. It is not /, so that each test shows that the path can be chosen. */
export const testBase = '/some/path/';
