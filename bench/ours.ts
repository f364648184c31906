/**
 * The engine's worker: all cases to measure, created at first use. Arguments: the file of inputs, and the build:
 * `wide`, or `off` for the narrow build without merged vector operations. Each build has a process of its own.
 */
import { gramTotal } from '../src/coupling/gram.ts';
import { matmulScratchBytes } from '../src/engine/kernels/arena.ts';
import { notWide } from '../src/engine/kernels/buildChoice.ts';
import { createArena } from '../src/engine/kernels/createArena.ts';
import { engineModule } from '../src/engine/kernels/load.ts';
import { openWide } from '../src/engine/kernels/wide.ts';
import { parameterTensors } from '../src/engine/policy/parameters.ts';
import { actionKey, createPolicy } from '../src/engine/policy/policy.ts';
import { createHousehold } from '../src/env/household/household.ts';
import { collect } from '../src/rollout/collect.ts';
import { attentionStates, gramSizes, growth, matmulSizes, mlpStates } from './inputs.ts';
import { elementwiseCases, matmulCases, nothingCase, streamCases } from './kernelCases.ts';
import { peakCase } from './probe.ts';
import { readInputs, serve, type Task } from './serve.ts';
import { ATTENTION, attentionWorkload, candidatesWorkload, mlpWorkload, type Workload } from './steps.ts';
import { householdFeatures, trainingJob } from './training.ts';
import { inference, trainingStep } from './trainingStep.ts';

const [, , path, width] = process.argv;
const { build, buildReason, module } = width === 'wide' ? await openWide('single') : notWide;
const engine = module ?? (await engineModule());

/** Creates a case when it is first used, in its own arena. */
function lazily(make: () => Promise<Task>): Task {
  let made: Task | undefined;
  const get = async (): Promise<Task> => {
    made ??= await make();
    return made;
  };
  return {
    run: () => (made ? made.run() : get().then((task) => task.run())),
    work: () => made?.work?.() ?? 0,
    check: async () => (await get()).check?.() ?? {},
  };
}

function stepTask(make: (arena: Awaited<ReturnType<typeof createArena>>) => Workload): Task {
  return lazily(async () => {
    const workload = make(await createArena(engine));
    const { policy, operations } = workload;
    const { step, gradient } = trainingStep(workload);
    return {
      run: () => step(),
      work: () => operations,
      check: () => {
        const { loss, pointer } = gradient();
        const values: Record<string, Float32Array> = { loss: Float32Array.of(loss) };
        for (const { name, offset, size } of policy.network.parameters) {
          values[`gradient/${name}`] = policy.arena.read(pointer + offset, size);
        }
        for (let i = 0; i < 3; i++) step(1e-2);
        for (const tensor of parameterTensors(policy)) {
          values[`parameters/${tensor.name}`] = tensor.values as Float32Array;
        }
        return values;
      },
    };
  });
}

function gramTask(states: number): Task {
  return lazily(async () => {
    const { policy, list, taken } = mlpWorkload(await createArena(engine), states);
    const order = Int32Array.from({ length: states }, (_, s) => s);
    const samples = { list, states: order, taken };
    // As in repeated measurements; new memory of 8 MB has a time of its own, which depends on the operating system.
    const into = new Float64Array(states * states);
    const run = () => gramTotal(policy, policy.weights, samples, samples, into);
    return { run, check: () => ({ gram: Float32Array.from(run()) }) };
  });
}

function rolloutTask(): Task {
  return lazily(async () => {
    const environments = Array.from({ length: 80 }, () => createHousehold({ form: 'tokens' }));
    const sizes = { policy: 'attention', tokenWidth: 12, matchWidth: 16, hidden: 64, embedding: 32 } as const;
    const config = { ...sizes, blocks: 0, heads: 2, logitScale: 1 };
    const policy = createPolicy(await createArena(engine), environments[0].spec, config);
    policy.network.initialise(policy.weights, 1);
    policy.network.prepare(policy.weights);
    const games = environments.map((_, seed) => ({ seed, split: 'train' as const, rollout: seed }));
    let steps = 0;
    return {
      run: async () => {
        const rollout = await collect(policy, environments, games, { key: actionKey(1, 'bench', 1), temperature: 1 });
        steps = rollout.states.states;
      },
      work: () => steps,
    };
  });
}

const inputs = readInputs(path);
const arena = await createArena(engine);
const { kernels } = arena;
const tasks: Record<string, Task> = {};

const peak = await peakCase();
const cases = [...matmulCases(arena), ...elementwiseCases(arena), ...streamCases(arena)];
for (const { name, operations, bytes, call } of [peak, nothingCase(arena), ...cases]) {
  tasks[name] = { run: call, work: () => operations, bytes };
}
for (const n of matmulSizes) {
  const [a, b, c] = [arena.floats(n * n), arena.floats(n * n), arena.floats(n * n)];
  const scratch = arena.reserve(matmulScratchBytes(n, n));
  arena.write(a, inputs[`matmul${n}/a`].values);
  arena.write(b, inputs[`matmul${n}/b`].values);
  const run = (): void => kernels.matmulNN(n, n, n, a, n, b, n, c, n, 0, 0, scratch);
  const check = () => {
    run();
    return { c: arena.read(c, n * n) };
  };
  tasks[`matmul${n}`] = { run, check, work: () => 2 * n ** 3 };
}
tasks.mlpStep = stepTask((a) => mlpWorkload(a, mlpStates));
tasks.attentionStep = stepTask((a) => attentionWorkload(a, attentionStates));
for (const n of gramSizes) tasks[`gram${n}`] = gramTask(n);
tasks.inference = lazily(async () => {
  const infer = inference(mlpWorkload(await createArena(engine), 1));
  const x = inputs['mlp/observation'].values.slice(0, inputs['mlp/observation'].shape[1]) as Float32Array;
  return { run: () => infer(x), check: () => ({ logProbs: infer(x) }) };
});
tasks.rollout = rolloutTask();
tasks.defaultPolicy = stepTask((a) => candidatesWorkload(a, 64, 10));
tasks.household = { run: () => undefined, check: () => householdFeatures(1) };
const growing = width === 'wide' ? growth : { batch: [], width: [], actions: [], tokens: [] };
for (const n of growing.batch) tasks[`growth/batch/${n}`] = stepTask((a) => mlpWorkload(a, n));
for (const n of growing.width) tasks[`growth/width/${n}`] = stepTask((a) => mlpWorkload(a, mlpStates, n));
for (const n of growing.actions) tasks[`growth/actions/${n}`] = stepTask((a) => candidatesWorkload(a, 64, n));
for (const n of growing.tokens) {
  tasks[`growth/tokens/${n}`] = stepTask((a) => attentionWorkload(a, 16, { ...ATTENTION, tokens: n }));
}
const jobs = { household: trainingJob(engine, true), training: trainingJob(engine, false) };
const built = build === width ? build : `${build}: ${buildReason}`;
const { node, v8 } = process.versions;
await serve(tasks, width === 'wide' ? { node, v8, 'unbraid build': built } : {}, jobs);
