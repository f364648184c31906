/**
 * Which folder of src/ may import which. test/project/imports.test.ts shows that each rule rejects an import. docs/architecture.md draws the
 * folders.
 */

/**
 * The folders of src/ from bottom to top, and the folders that each one imports. A folder imports only folders that stand before it in this
 * list, so no import leads back up and no two folders import each other.
 */
const folders = {
  check: [],
  root: ['check'],
  config: ['check'],
  record: ['check'],
  statistics: ['check', 'root'],
  report: ['record', 'statistics'],
  env: ['check', 'root', 'config', 'record'],
  'engine/kernels': ['root'],
  'engine/layers': ['check', 'root', 'engine/kernels'],
  'engine/states': ['check', 'env', 'engine/kernels', 'engine/layers'],
  'engine/policy': ['check', 'root', 'record', 'env', 'engine/kernels', 'engine/layers', 'engine/states'],
  'engine/learn': ['check', 'root', 'env', 'engine/kernels', 'engine/layers', 'engine/states', 'engine/policy'],
  rollout: ['check', 'root', 'env', 'engine/kernels', 'engine/layers', 'engine/states', 'engine/policy'],
  credit: ['check', 'root', 'config', 'env', 'engine/states', 'rollout'],
  coupling: [
    ...['check', 'root', 'env', 'engine/kernels', 'engine/layers', 'engine/states', 'engine/policy'],
    ...['rollout', 'credit'],
  ],
  factors: ['check', 'root', 'record', 'engine/kernels', 'coupling'],
  parallel: [
    ...['check', 'root', 'config', 'record', 'env', 'engine/kernels', 'engine/layers', 'engine/states'],
    ...['engine/policy', 'engine/learn', 'rollout', 'coupling'],
  ],
  train: [
    ...['check', 'root', 'config', 'record', 'statistics', 'env', 'engine/kernels', 'engine/states'],
    ...['engine/policy', 'engine/learn', 'rollout', 'credit', 'coupling', 'parallel'],
  ],
  study: [
    ...['check', 'root', 'config', 'record', 'statistics', 'report', 'env', 'engine/kernels', 'engine/layers'],
    ...['engine/states', 'engine/policy', 'engine/learn', 'rollout', 'credit', 'coupling', 'train'],
  ],
  entry: [
    ...['check', 'root', 'config', 'record', 'statistics', 'env', 'engine/kernels', 'engine/layers', 'engine/states'],
    ...['engine/policy', 'engine/learn', 'rollout', 'credit', 'coupling', 'parallel', 'train', 'study'],
  ],
  cli: [
    ...['check', 'root', 'config', 'record', 'statistics', 'report', 'env', 'engine/kernels', 'engine/policy'],
    ...['rollout', 'coupling', 'factors', 'parallel', 'train', 'study', 'entry'],
  ],
};

/** Files that lie in src/ itself: some are used by every folder, the others are public entries, as are the files of src/entry. */
const rootFiles = { root: 'random|eventLoop|version', entry: 'index|edge|edgeInputs' };

const pathOf = (folder) => {
  if (folder === 'entry') return `^src/(entry/|(${rootFiles.entry})\\.ts$)`;
  return rootFiles[folder] ? `^src/(${rootFiles[folder]})\\.ts$` : `^src/${folder}/`;
};

const names = Object.keys(folders);
const folderRules = names.map((name, i) => {
  const early = folders[name].find((other) => !names.slice(0, i).includes(other));
  if (early) throw new Error(`dependency-cruiser: ${name} must import only folders before it, got ${early}`);
  const allowed = [name, ...folders[name]].map(pathOf);
  return {
    name: `imports-of-${name}`,
    comment: `src/${name} imports only ${folders[name].join(', ') || 'itself'}.`,
    severity: 'error',
    from: { path: pathOf(name) },
    to: { path: '^src/', pathNot: allowed },
  };
});

const queueLibraries = '(^|node_modules/)(bullmq|ioredis)(/|$)';

const nodeFiles = '\\.node\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Modules that import each other.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Every import names a file or an installed package.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...folderRules,
    {
      name: 'every-file-has-a-folder',
      comment: 'A file of src/ lies in a folder of the list above.',
      severity: 'error',
      from: { path: '^src/', pathNot: names.map(pathOf) },
      to: {},
    },
    {
      name: 'compiled-in-kernels',
      comment: 'Only src/engine/kernels imports the compiled module.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/engine/kernels/' },
      to: { path: '^wasm/' },
    },
    {
      name: 'environments-by-type',
      comment: 'The engine uses the types and limits of environments, and no environment.',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: { path: '^src/env/', pathNot: '^src/env/limits\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'remedies-use-plain-arrays',
      comment: 'Gradient surgery turns any Gram matrix into weights, so it imports no engine.',
      severity: 'error',
      from: { path: '^src/coupling/remedies/' },
      to: { path: '^src/', pathNot: ['^src/coupling/remedies/', '^src/random\\.ts$', '^src/check/'] },
    },
    {
      name: 'records-by-type',
      comment: 'Only reports, studies and the command line read records; the others write them and use their types.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(report|study|cli)/' },
      to: { path: '^src/record/schemas\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workers-write-no-record',
      comment: 'Worker threads compute; the thread that opened them writes the records.',
      severity: 'error',
      from: { path: '^src/parallel/' },
      to: { path: '^src/record/', pathNot: '^src/record/json\\.ts$' },
    },
    {
      name: 'workers-import-parallel',
      comment: 'A worker entry exposes what src/parallel has.',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^(src|bench)/', pathNot: '^src/parallel/' },
    },
    {
      name: 'comlink-in-workers',
      comment: 'Only the worker entries use Comlink.',
      severity: 'error',
      from: { path: '^(src|bench|test)/' },
      to: { path: '(^|node_modules/)comlink(/|$)' },
    },
    {
      name: 'queue-libraries-in-one-file',
      comment: 'The libraries of the queue are optional, so one file loads them and says what to install.',
      severity: 'error',
      from: { path: '^(src|bench|workers)/', pathNot: '^src/cli/queue/libraries\\.ts$' },
      to: { path: queueLibraries, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'queue-libraries-by-type',
      comment: 'The library and the pages have no queue; the command uses types of its libraries.',
      severity: 'error',
      from: { path: '^(src|bench|workers)/', pathNot: '^src/cli/' },
      to: { path: queueLibraries },
    },
    {
      name: 'queue-libraries-late',
      comment: 'They are loaded when a command uses a queue.',
      severity: 'error',
      from: { path: '^src/cli/queue/libraries\\.ts$' },
      to: { path: queueLibraries, dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'jobs-draw-nothing',
      comment:
        'Browsers and Deno run jobs. Figures load the chart library, which is large and reads environment variables.',
      severity: 'error',
      from: { path: '^src/study/jobKinds\\.ts$' },
      to: { path: '^src/report/', reachable: true },
    },
    {
      name: 'bridges-need-permission',
      comment: 'Programs of environments are started through one function, which must be told what it may start.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/cli/(shared/bridges|study/missingGames)\\.ts$|^src/env/` },
      to: {
        path: '^src/env/bridge/(bridge|resolveBridge)\\.node\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-workers',
      comment: 'The source receives a function that starts workers; only the command imports one.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/(run|compare/runThread|runtime/commandLineEntry)\\.ts$' },
      to: { path: '^workers/' },
    },
    {
      name: 'node-in-node-files',
      comment: 'Everything but the command line and *.node.ts runs in every runtime.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/cli/|${nodeFiles}` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'node-files-from-node-files',
      comment: 'A file that needs Node is imported only where Node is: the command line and other *.node.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/cli/|${nodeFiles}` },
      to: { path: nodeFiles },
    },
    {
      name: 'source-needs-no-tests',
      comment: 'The source and the benchmarks never import tests.',
      severity: 'error',
      from: { path: '^(src|bench|workers)/' },
      to: { path: '^test/' },
    },
    {
      name: 'site-uses-the-package',
      comment: 'The site uses the public entries of the package, as any page would, and the probe of the peak.',
      severity: 'error',
      from: { path: '^site/(src|scripts)/' },
      to: { path: '^(src|workers|wasm|assembly|scripts|bench|test)/', pathNot: '^wasm/peak\\.wasm$' },
    },
    {
      name: 'nothing-needs-the-site',
      comment: 'The site can be removed without a change of anything else.',
      severity: 'error',
      from: { path: '^(src|workers|bench|test|scripts)/' },
      to: { path: '^site/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|assembly|bench/peers)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
