/**
 * The worker of docs/hosts.md in workerd, which compiles no WebAssembly at run time, against the same policy in Node.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { OutputChunk } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenedPolicy, openPolicy, type Sample, type State } from '../../../src/edge.ts';
import { engineModule } from '../../../src/engine/kernels/load.ts';
import { savedPolicy } from '../../savedPolicy.ts';
import { type Project, projectWithPackage } from '../installedPackage.ts';
import { snippetFiles } from '../snippets.ts';
import { bundleWorker } from './bundleWorker.ts';

/** What this test uses of miniflare, which is installed beside it alone: `npm ci --prefix test/runtime`. */
interface Miniflare {
  dispatchFetch(url: string, options?: { method: string; body: string }): Promise<Response>;
  dispose(): Promise<void>;
}
type CreateMiniflare = new (options: Record<string, unknown>) => Miniflare;

function findMiniflare(): CreateMiniflare | undefined {
  try {
    return (createRequire(import.meta.url)('miniflare') as { Miniflare: CreateMiniflare }).Miniflare;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    console.log('skipped: workerd; miniflare is not installed: npm ci --prefix test/runtime');
    return undefined;
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let project: Project;
let chunk: OutputChunk;
let saved: { parameters: Uint8Array; states: State[] };
let wasm: Uint8Array;

beforeAll(async () => {
  saved = await savedPolicy();
  project = projectWithPackage({
    ...snippetFiles('Workers at the edge (workerd)'),
    'parameters.safetensors': saved.parameters,
  });
  wasm = readFileSync(join(project.folder, 'node_modules/unbraid/dist/wasm/unbraid.edge.wasm'));
  chunk = await bundleWorker(project.folder);
});
afterAll(() => project.remove());

const CreateMiniflare = findMiniflare();

describe.skipIf(!CreateMiniflare)('workerd', () => {
  let miniflare: Miniflare;
  let policy: OpenedPolicy;

  async function ask(body: unknown): Promise<Response> {
    const response = await miniflare.dispatchFetch('http://localhost/', { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
    return response;
  }

  beforeAll(async () => {
    const config = JSON.parse(readFileSync(join(project.folder, 'wrangler.jsonc'), 'utf8'));
    miniflare = new (CreateMiniflare as CreateMiniflare)({
      cf: false,
      host: '127.0.0.1',
      compatibilityDate: config.compatibility_date,
      modules: [
        { type: 'ESModule', path: 'worker.js', contents: chunk.code },
        { type: 'CompiledWasm', path: 'unbraid.edge.wasm', contents: wasm },
        { type: config.rules[0].type, path: 'parameters.safetensors', contents: saved.parameters },
      ],
    });
    policy = openPolicy(await engineModule(), saved.parameters);
  });
  afterAll(() => miniflare.dispose());

  test('scores and draws to the same bits as Node', async () => {
    for (const [index, state] of saved.states.entries()) {
      const answer = await (await ask({ state, seed: 5, index })).json();
      const { action, logProb } = policy.sample(state, 5, index);
      expect(answer).toEqual({
        logProbs: [...policy.logProbs(state)],
        greedy: policy.greedy(state),
        action,
        logProb,
      });
    }
  });

  test('steps of adaptation give the same bytes as in Node', async () => {
    const samples: Sample[] = saved.states.map((state, i) => ({ state, action: i, advantage: i - 1, good: i > 1 }));
    const hashes = [sha256(saved.parameters)];
    for (let step = 0; step < 3; step++) {
      const response = await ask({ samples });
      const { gradNorm } = policy.adapt(samples);
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect([response.headers.get('grad-norm'), sha256(bytes)]).toEqual([String(gradNorm), sha256(policy.save())]);
      hashes.push(sha256(bytes));
    }
    expect(new Set(hashes).size).toBe(4);
  });
});
