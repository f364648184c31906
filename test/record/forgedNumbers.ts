/** Forged success, coupling, weights, states and metrics. */
import type { Checkpoint } from '../../src/record/checkpoint.ts';
import type { JsonRecord } from '../../src/record/json.ts';
import type { NamedTensor } from '../../src/record/safetensors.ts';
import { tensorsSha256 } from '../../src/record/sha256.ts';
import type { Editable, Statements } from './forge.ts';
import { type Forgery, recordOf, restated, set, setMetric } from './forgery.ts';

const result = 'result.json';
/** `"at":N` of a difference in the chain, or the folder of that checkpoint. */
const checkpoint = (iteration: number): string[] => [`"at":${iteration}`, `checkpoints/00000${iteration}`];
const metrics = 'metrics.jsonl';
const ofResult = ['"outcome"', result];

function inResult(path: string, value: JsonRecord[string]): (statements: Statements) => void {
  return (statements) => set(recordOf(statements, result), path, value);
}

const success: Forgery[] = [
  restated('success in result, outcome and metrics', { where: [...ofResult, metrics, ...checkpoint(5)] }, (s) => {
    inResult('success.outOfDomain', 0.99)(s);
    setMetric(s, 5, 'eval/out_of_domain', 0.99);
  }),
  restated('success in result and outcome', { where: ofResult }, inResult('success.train', 1)),
  restated('success in the metrics', { where: [metrics, ...checkpoint(5)] }, (s) => setMetric(s, 5, 'eval/train', 1)),
  restated('success in the outcome', { where: ofResult }, (s) => {
    s.outcome = { ...outcome(s), success: { train: 1, inDomain: 1, outOfDomain: 1 } };
  }),
  restated('success in result.json', { where: ofResult }, (s) => {
    s.outcome = outcome(s);
    inResult('success.inDomain', 0.98)(s);
  }),
  restated('mean return in result and outcome', { where: ofResult }, inResult('return.outOfDomain.mean', 0.99)),
  restated('interval of a return in result.json', { where: [`${result}#return`] }, (s) => {
    s.outcome = outcome(s);
    inResult('return.outOfDomain.interval', [0.9, 1])(s);
  }),
  restated('a random baseline in result and outcome', { where: ofResult }, (s) => {
    const record = recordOf(s, result);
    record.random = { success: { train: null, inDomain: null, outOfDomain: null }, return: record.return };
  }),
  restated('environment steps in result and outcome', { where: ofResult }, inResult('envSteps', 7)),
  restated('updates in result and outcome', { where: ofResult }, inResult('updates', 3)),
  restated('hash of the parameters in result and outcome', { where: ofResult }, inResult('parametersSha256', 'ab12')),
  restated('a key more in success', { where: ofResult }, (s) => {
    (recordOf(s, result).success as Editable).everywhere = 1;
  }),
  restated('success removed', { where: ofResult }, (s) => {
    delete recordOf(s, result).success;
  }),
];

/** The outcome of the honest result. */
function outcome(statements: Statements): Editable {
  const { success: reached, coupling, envSteps, updates, parametersSha256 } = recordOf(statements, result);
  return { success: reached, coupling, envSteps, updates, parametersSha256 };
}

const start = 'coupling-start.json';
const end = 'coupling-end.json';

function inRecord(name: string, path: string, value: JsonRecord[string]): Forgery {
  return restated(`${path} in ${name}`, { where: [name] }, (s) => set(recordOf(s, name), path, value));
}

function inMeasured(path: string, value: JsonRecord[string]): Forgery {
  return restated(`${path} in coupling.json`, { base: 'measured', where: ['coupling.json'] }, (s) =>
    set(recordOf(s, 'coupling.json'), path, value),
  );
}

/** A summary with the forged value in all files that state it. */
function everywhere(at: 'start' | 'end', key: string, value: number): Forgery {
  const [name, iteration] = at === 'start' ? [start, 0] : [end, 5];
  return restated(
    `coupling at the ${at} in result, outcome, metrics, checkpoints and ${name}`,
    { where: [...ofResult, metrics, name, ...checkpoint(iteration)] },
    (s) => {
      inResult(`coupling.${at}.${key}`, value)(s);
      set(recordOf(s, name), 'classes.goodBad.meanCosine', value);
      setMetric(s, iteration, 'coupling/good_bad_cosine', value);
      if (at === 'end') return;
      for (const kept of s.checkpoints.values()) {
        const couplingStart = { ...(kept.counters.couplingStart as Editable), [key]: value };
        kept.counters = { ...kept.counters, couplingStart };
      }
    },
  );
}

const coupling: Forgery[] = [
  everywhere('start', 'goodBadCosine', 0.9),
  everywhere('end', 'goodBadCosine', 0.01),
  restated('coupling at the end in result and outcome', { where: ofResult }, inResult('coupling.end.badBadCosine', 0)),
  restated(
    'coupling at the start in result and outcome',
    { where: ofResult },
    inResult('coupling.start.goodBadPositiveFraction', 0.2),
  ),
  inRecord(start, 'matrix.cosine.0.1', 0.123),
  inMeasured('contrast', 0.5),
  inMeasured('effectiveRank', 2),
  inMeasured('embeddingCosine.cka', 0.9),
  inMeasured('layers.0.kernelTargetAlignment', 0.9),
  restated('coupling.json without its contrast', { base: 'measured', where: ['coupling.json'] }, (s) => {
    delete recordOf(s, 'coupling.json').contrast;
  }),
  inRecord(end, 'matrix.cosine.3.4', -0.5),
  inRecord(end, 'matrix.samples.0.text', 'action 9'),
  inRecord(start, 'matrix.samples.1.good', false),
  inRecord(start, 'classes.goodBad.meanCosine', 0.5),
  inRecord(end, 'classes.badBad.pairs', 1000),
  inRecord(end, 'classes.goodGood.positiveFraction', 0.25),
  inRecord(start, 'spillover.relativeError', 0.001),
  inRecord(end, 'spillover.points.0.1', 0.5),
  inRecord(end, 'layers.0.share', 0.9),
  inRecord(start, 'layers.1.parameter', 'match.weight'),
  inRecord(start, 'similarity.0.goodBadCosine', -1),
  inRecord(end, 'iteration', 4),
  inRecord(start, 'split', 'out-of-domain'),
  inRecord(end, 'samples', 1000),
  inMeasured('classes.goodBad.meanCosine', 0.01),
  inMeasured('matrix.cosine.0.2', 0.9),
  inMeasured('split', 'train'),
  inMeasured('iteration', 4),
  inMeasured('samples', 1000),
  inMeasured('spillover.actual', 0.5),
];

/** The tensors with one number of the one named `name` nudged; the first tensor without a name. */
function nudged(tensors: readonly NamedTensor[], name?: string): NamedTensor[] {
  const at = name === undefined ? 0 : tensors.findIndex((tensor) => tensor.name === name);
  return tensors.map((tensor, i) => {
    if (i !== at) return tensor;
    const values = tensor.values.slice();
    values[0] += 1e-3;
    return { ...tensor, values };
  });
}

type Edit = (kept: { -readonly [K in keyof Checkpoint]: Checkpoint[K] }) => void;

function inCheckpoint(name: string, iteration: number, edit: Edit, base: 'finished' | 'text' = 'finished'): Forgery {
  const latest = base === 'text' ? 3 : 5;
  const where = [...checkpoint(iteration), ...(iteration === latest ? ofResult : [])];
  return restated(`${name} at ${iteration}`, { base, where }, (s) => {
    const kept = s.checkpoints.get(iteration);
    if (!kept) throw new Error(`forgery: checkpoint ${iteration} must be kept`);
    edit(kept);
    if (iteration === latest) recordOf(s, result).parametersSha256 = tensorsSha256(kept.parameters);
  });
}

const counter =
  (key: string, value: number): Edit =>
  (kept) => {
    kept.counters = { ...kept.counters, [key]: value };
  };
const inBlueprint =
  (from: string, to: string): Edit =>
  (kept) => {
    const blueprint = kept.blueprint?.replace(from, to);
    if (blueprint === undefined || blueprint === kept.blueprint)
      throw new Error(`forgery: no ${from} in the blueprint`);
    kept.blueprint = blueprint;
  };
const parameters: Edit = (kept) => {
  kept.parameters = nudged(kept.parameters);
};
const state =
  (name: string): Edit =>
  (kept) => {
    kept.state = nudged(kept.state, name);
  };

const learned: Forgery[] = [
  ...[0, 4, 5].map((iteration) => inCheckpoint('parameters', iteration, parameters)),
  inCheckpoint('mean gradient of Adam', 5, state('adam/first')),
  inCheckpoint('mean squared gradient of Adam', 4, state('adam/second')),
  inCheckpoint("memory of the labels' source", 2, state('labels/steps'), 'text'),
  inCheckpoint('a tensor more in the state', 4, (kept) => {
    kept.state = [...kept.state, { name: 'labels/more', shape: [1], values: new Float64Array(1) }];
  }),
  inCheckpoint('a tensor more in the parameters', 4, (kept) => {
    kept.parameters = [...kept.parameters, { name: 'more', shape: [1], values: new Float32Array(1) }];
  }),
  inCheckpoint('environment steps', 4, counter('envSteps', 1)),
  inCheckpoint('updates', 5, counter('updates', 1)),
  inCheckpoint('power of beta1', 0, counter('beta1Power', 0.5)),
  inCheckpoint('a counter more', 5, counter('accuracy', 1)),
  inCheckpoint('coupling at the start', 4, (kept) => {
    const couplingStart = { ...(kept.counters.couplingStart as Editable), goodBadCosine: 0.1 };
    kept.counters = { ...kept.counters, couplingStart };
  }),
  inCheckpoint("the blueprint's environment", 5, inBlueprint('look-alike', 'household')),
  inCheckpoint("a blueprint's width", 4, inBlueprint('"hidden":64', '"hidden":32')),
  inCheckpoint('the blueprint removed', 5, (kept) => {
    delete kept.blueprint;
  }),
  inCheckpoint(
    'a word of the vocabulary',
    2,
    (kept) => {
      const text = JSON.stringify(kept.tokenizer);
      kept.tokenizer = JSON.parse(text.replace(/"[a-z]{4,}"(?=[,\]])/, '"zzzz"')) as JsonRecord;
      if (JSON.stringify(kept.tokenizer) === text) throw new Error('forgery: no word in the vocabulary');
    },
    'text',
  ),
  restated('another seed: a checkpoint of its run', { where: checkpoint(4) }, (s, other) => {
    s.checkpoints.set(4, other.checkpoints.get(4) as Checkpoint);
  }),
  restated('another seed: the last checkpoint and the hash of its parameters', { where: checkpoint(5) }, (s, other) => {
    s.checkpoints.set(5, other.checkpoints.get(5) as Checkpoint);
    inResult('parametersSha256', recordOf(other, result).parametersSha256)(s);
  }),
  restated('another seed: all but the config', { where: ['"start"', ...checkpoint(0), start, metrics] }, (s, other) => {
    Object.assign(s, { ...other, config: s.config });
    recordOf(s, result).config = s.config;
  }),
];

function inLines(name: string, change: (lines: string[]) => void, iteration: number): Forgery {
  const where = [metrics, ...checkpoint(iteration)];
  return restated(`metrics: ${name}`, { where }, (s) => change(s.metrics));
}

const more = (lines: readonly string[], from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => lines[5].replace('"iteration":5', `"iteration":${from + i}`));

const lines: Forgery[] = [
  restated('metrics: a value before a checkpoint', { where: [metrics, ...checkpoint(2)] }, (s) =>
    setMetric(s, 1, 'charts/success', 1),
  ),
  inLines('13 lines after the last link', (all) => all.push(...more(all, 6, 13)), 5),
  inLines('one line after the last link', (all) => all.push(...more(all, 6, 1)), 5),
  inLines('the last line twice', (all) => all.push(all[5]), 5),
  inLines('half a line after the last link', (all) => all.push('{"iteration":6,"charts/success":1'), 5),
  inLines('an empty line after the last link', (all) => all.push('\n'), 5),
  inLines('a line removed', (all) => all.splice(3, 1), 4),
  inLines('the last line removed', (all) => all.pop(), 5),
  inLines('a line in the middle', (all) => all.splice(3, 0, all[2]), 4),
  inLines('two lines in the other order', (all) => all.splice(3, 2, all[4], all[3]), 4),
  inLines('a key more', (all) => all.splice(4, 1, all[4].replace('}', ',"charts/accuracy":1}')), 4),
  inLines(
    'a key twice',
    (all) => all.splice(4, 1, all[4].replace('{', '{"charts/success":1,').replace('}', ',"x":0}')),
    4,
  ),
  inLines('a key twice, the honest one last', (all) => all.splice(5, 1, all[5].replace('{', '{"eval/train":1,')), 5),
  inLines('a key removed', (all) => all.splice(2, 1, all[2].replace(/,"losses\/clipfrac":[^,}]+/, '')), 2),
  inLines(
    'the number of an iteration',
    (all) => all.splice(5, 1, all[5].replace('"iteration":5', '"iteration":50')),
    5,
  ),
];

export const forgedNumbers: readonly Forgery[] = [...success, ...coupling, ...learned, ...lines];
