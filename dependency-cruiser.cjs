/** Which part of the source may import which; test/project/imports.test.ts proves that each rule bites. */

const nodeFiles = '\\.node\\.ts$';
/** A rule that modules under `from` import nothing under `to`; `except` are patterns among `to` that are allowed. */
const never = (name, comment, from, to, except) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: to, ...(except && { pathNot: except }) },
});

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
    never(
      'environments-and-labels-know-no-wasm',
      'Environments, texts, random numbers, advantages and labels use plain arrays.',
      '^src/(env|text|random|advantage|labels)(/|\\.ts)',
      '^(src/(kernels|layers|policy|objective|coupling|train|danger|report|cli)/|wasm/)',
    ),
    never(
      'environments-only-act',
      'Environments and texts judge nothing and keep nothing.',
      '^src/(env|text)/',
      '^src/',
      '^src/(env|text)/|^src/random\\.ts$',
    ),
    never(
      'kernels-at-the-bottom',
      'Kernels import only the compiled module.',
      '^src/kernels/',
      '^src/',
      '^src/kernels/',
    ),
    never(
      'layers-on-kernels',
      'Layers know shapes and kernels, nothing above.',
      '^src/layers/',
      '^src/',
      '^src/(layers|kernels)/|^src/random\\.ts$',
    ),
    never(
      'policy-on-layers',
      'Policies compose layers and read states; environments only by their types.',
      '^src/policy/',
      '^src/',
      '^src/(policy|layers|kernels)/|^src/(random|env/environment|rollout/states)\\.ts$',
    ),
    {
      name: 'env-by-type',
      comment: 'Policies know environments only by their types.',
      severity: 'error',
      from: { path: '^src/policy/' },
      to: { path: '^src/env/', dependencyTypesNot: ['type-only'] },
    },
    never(
      'rollouts-collect',
      'Rollouts play environments with a policy; they judge nothing and train nothing.',
      '^src/rollout/',
      '^src/',
      '^src/(rollout|policy|env)/|^src/layers/batch\\.ts$|^src/random\\.ts$',
    ),
    never(
      'objectives-ask-for-gradients',
      'Objectives see a policy and its batch, not the trainer.',
      '^src/objective/',
      '^src/',
      '^src/(objective|policy|layers|kernels)/',
    ),
    never(
      'coupling-knows-no-trainer',
      'Coupling is measured on any policy.',
      '^src/coupling/',
      '^src/(train|objective|danger|report|cli)/',
    ),
    never(
      'evaluation-knows-no-trainer',
      'Success is measured on any policy.',
      '^src/evaluate/',
      '^src/(train|objective|coupling|danger|report|cli)/',
    ),
    never('records-keep', 'Records know nothing of what they keep.', '^src/record/', '^src/', '^src/record/'),
    never(
      'training-shows-nothing',
      'The trainer hands records on; it draws nothing.',
      '^src/train/',
      '^src/(report|danger|cli)/',
    ),
    {
      name: 'reports-read-records',
      comment: 'Reports show records: they compute with statistics and random numbers alone.',
      severity: 'error',
      from: { path: '^src/report/' },
      to: {
        path: '^src/',
        pathNot: '^src/report/|^src/evaluate/statistics\\.ts$|^src/random\\.ts$|^src/record/[^.]+\\.ts$',
      },
    },
    {
      name: 'record-types-only',
      comment: 'Outside the command line only the types of records are of interest.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(report|cli)/' },
      to: { path: '^src/report/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'command-line-on-top',
      comment: 'Nothing imports the command line.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'index-is-for-users',
      comment: 'src/index.ts and src/edge.ts are for users of the package.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/(index|edge)\\.ts$' },
    },
    {
      name: 'no-workers',
      comment: 'The source gets a worker factory; only the command itself names one.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/(main|runtime/commandLineEntry)\\.ts$' },
      to: { path: '^workers/' },
    },
    {
      name: 'node-in-node-files',
      comment: 'Everything but the command line and *.node.ts runs in any host.',
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
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|assembly)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
