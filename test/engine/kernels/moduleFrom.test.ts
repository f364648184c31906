/** The engine's module from servers of all kinds, and given to what needs it. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { openPolicy, openPolicyFrom } from '../../../src/edge.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { moduleFrom } from '../../../src/engine/kernels/moduleFrom.ts';
import { openCrew, relaxedCrew } from '../../../src/parallel/crew.ts';
import { runDanger } from '../../../src/study/danger/danger.ts';
import { train } from '../../../src/train/trainer.ts';
import { spawnWorker } from '../../../workers/spawn.node.ts';
import { savedPolicy } from '../../savedPolicy.ts';

const bytesOf = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../../wasm/${name}`, import.meta.url)));
const wasm = { 'Content-Type': 'application/wasm' };
const octets = { 'Content-Type': 'application/octet-stream' };
const html = { 'Content-Type': 'text/html' };
const short: Partial<Config> = {
  iterations: 1,
  coldStart: 0,
  groupsPerIteration: 2,
  evalEpisodes: 4,
  couplingPairs: 2,
};

/** What the server answers to the next requests, and at last to all others. */
let answers: [status: number, headers: Record<string, string>, body: Uint8Array | string][] = [];
let asked: string[] = [];
let server: Server;
let origin: string;
/** Each test has addresses of its own: what was loaded once stays loaded. */
let tests = 0;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url as string);
    const [status, headers, body] = answers.length > 1 ? (answers.shift() as (typeof answers)[0]) : answers[0];
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  url = `${origin}/${++tests}.wasm`;
});

describe('a module', () => {
  test.each([
    ['application/wasm', wasm],
    ['application/wasm with a parameter', { 'Content-Type': 'application/wasm; charset=utf-8' }],
    ['application/octet-stream', octets],
    ['text/html', html],
    ['no type', {}],
  ])('loads from a server that says it is %s', async (_, headers) => {
    answers = [[200, headers, bytesOf('unbraid.wasm')]];
    const arena = await createArena(new URL(url));
    const at = arena.floats(3);
    arena.write(at, [1, 2, 3]);
    arena.kernels.addInto(at, at, 3);
    expect([...arena.read(at, 3)]).toEqual([2, 4, 6]);
    expect(asked).toHaveLength(1);
  });

  test('is asked for once by calls during its load and after it', async () => {
    answers = [[200, octets, bytesOf('unbraid.wasm')]];
    const [a, b] = await Promise.all([moduleFrom(url), moduleFrom(new URL(url))]);
    expect(await moduleFrom(url)).toBe(a);
    expect(b).toBe(a);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['503, then 200', [503, {}, 'busy']],
    ['a page in its place, then itself', [200, html, '<!doctype html>']],
    ['half of it, then all', [200, wasm, bytesOf('unbraid.wasm').subarray(0, 4000)]],
  ] as const)('that fails to load is tried again at the next call: %s', async (_, [status, headers, body]) => {
    answers = [
      [status, headers, body],
      [200, wasm, bytesOf('unbraid.wasm')],
    ];
    const both = await Promise.allSettled([createArena(url), createArena(url)]);
    expect(both.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(asked).toHaveLength(1);
    expect((await createArena(url)).floats(1)).toBeGreaterThan(0);
  });

  test('that fails to load is an error with URL, status and type', async () => {
    answers = [[503, { 'Content-Type': 'text/plain' }, 'busy']];
    await expect(createArena(url)).rejects.toThrow(
      new Error(
        `engineModule: ${url} must return a WebAssembly module, got HTTP status 503 and content type text/plain; check that the server has the file, and call again`,
      ),
    );
    answers = [[200, html, '<!doctype html>']];
    await expect(createArena(url)).rejects.toThrow(
      `engineModule: ${url} must return a WebAssembly module, got HTTP status 200 and content type text/html, and bytes that do not compile: `,
    );
    await expect(createArena(url)).rejects.toMatchObject({ cause: expect.any(WebAssembly.CompileError) });
    answers = [[404, {}, '']];
    await expect(createArena(url)).rejects.toThrow('got HTTP status 404 and content type none; check that');
  });

  test('of a server that does not answer, or of a file that is not there, says so', async () => {
    await expect(createArena('http://127.0.0.1:9/unbraid.wasm')).rejects.toThrow(
      /^engineModule: http:\/\/127\.0\.0\.1:9\/unbraid\.wasm must return a WebAssembly module, got no response: .+; check the address and the connection, and call again$/,
    );
    await expect(createArena('file:///nowhere/unbraid.wasm')).rejects.toThrow(
      /^engineModule: file:\/\/\/nowhere\/unbraid\.wasm must be a file that can be read, got ENOENT: .+; where a bundler moved the code, pass the module or its URL$/,
    );
  });

  test.each([
    ['unbraid.wasm', '"unbraid.wasm"'],
    [7, 'number'],
    [{}, 'object'],
  ])('is neither compiled nor a URL: %j', async (given, got) => {
    await expect(createArena(given as string)).rejects.toThrow(
      new TypeError(
        `engineModule: module must be a compiled WebAssembly.Module or an absolute URL, got ${got}; convert a path with new URL(path, import.meta.url)`,
      ),
    );
  });
});

describe('a module that is given', () => {
  let expected: string;
  beforeAll(async () => {
    expected = (await train(short)).parametersSha256;
  });

  test('is the one that a run of one thread uses, compiled or by its URL', async () => {
    answers = [[200, octets, bytesOf('unbraid.wasm')]];
    expect((await train(short, { module: url })).parametersSha256).toBe(expected);
    expect(asked).toHaveLength(1);
    const compiled = await WebAssembly.compile(bytesOf('unbraid.wasm'));
    expect((await train(short, { module: compiled })).parametersSha256).toBe(expected);
    answers = [[404, {}, '']];
    await expect(train(short, { module: `${url}/none` })).rejects.toThrow('HTTP status 404');
  });

  test('is the one that the danger experiment uses', async () => {
    answers = [[200, octets, bytesOf('unbraid.wasm')]];
    const small = { seeds: 1, starts: [0.4], iterations: 10 };
    expect(await runDanger({ ...small, module: url })).toEqual(await runDanger(small));
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['shared', false, 'threads'],
    ['copied', true, 'single'],
  ] as const)('goes to the workers, on %s memory', async (memory, copied, build) => {
    answers = [[200, octets, bytesOf(build === 'threads' ? 'unbraid.threads.wasm' : 'unbraid.wasm')]];
    const modules = { [build]: new URL(url) };
    const crew = await openCrew(spawnWorker, 2, { cores: null, copied, modules });
    try {
      expect(crew.memory).toBe(memory);
      expect((await train(short, { crew })).parametersSha256).toBe(expected);
    } finally {
      crew.close();
    }
    // Each thread asks for it once.
    expect(asked).toHaveLength(2);
  });

  test('compiled, goes to the workers, too', async () => {
    const threads = await WebAssembly.compile(bytesOf('unbraid.threads.wasm'));
    const crew = await openCrew(spawnWorker, 2, { cores: null, modules: { threads } });
    try {
      expect([crew.memory, (await train(short, { crew })).parametersSha256]).toEqual(['shared', expected]);
    } finally {
      crew.close();
    }
  });

  test('a load that fails in this thread or in a worker ends the run; the next one tries again', async () => {
    const busy: (typeof answers)[0] = [503, {}, ''];
    const there: (typeof answers)[0] = [200, wasm, bytesOf('unbraid.wasm')];
    answers = [busy, there, busy, there];
    const crew = await openCrew(spawnWorker, 2, { cores: null, copied: true, modules: { single: url } });
    try {
      await expect(train(short, { crew })).rejects.toThrow(/^engineModule: .* got HTTP status 503/);
      await expect(train(short, { crew })).rejects.toThrow(
        /^worker 2 of 2 failed in phase "start": engineModule: .* 503/,
      );
      expect((await train(short, { crew })).parametersSha256).toBe(expected);
    } finally {
      crew.close();
    }
  });

  test('for relaxed arithmetic is tried again, too', async () => {
    answers = [
      [503, {}, ''],
      [200, octets, bytesOf('unbraid.relaxed.wasm')],
    ];
    await expect(relaxedCrew(url).arena()).rejects.toThrow('got HTTP status 503');
    expect((await relaxedCrew(url).arena()).floats(1)).toBeGreaterThan(0);
  });

  test('beside a crew, which has its own, is refused', async () => {
    const crew = relaxedCrew();
    await expect(train(short, { crew, module: url })).rejects.toThrow(
      new Error('train: module must not be given beside a crew, got both; give it to openCrew as modules'),
    );
  });
});

describe('a policy at the edge', () => {
  test('opens with a module that is compiled, at once, or with its URL, after a load', async () => {
    const { parameters, states } = await savedPolicy();
    answers = [
      [503, {}, ''],
      [200, octets, bytesOf('unbraid.edge.wasm')],
    ];
    await expect(openPolicyFrom(url, parameters)).rejects.toThrow('got HTTP status 503');
    const loaded = await openPolicyFrom(new URL(url), parameters, { temperature: 2 });
    const compiled = openPolicy(await WebAssembly.compile(bytesOf('unbraid.edge.wasm')), parameters, {
      temperature: 2,
    });
    expect(states.map((state) => loaded.logProbs(state))).toEqual(states.map((state) => compiled.logProbs(state)));
    expect(() => openPolicy(url as unknown as WebAssembly.Module, parameters)).toThrow(
      new RangeError(
        `openPolicy: module must be a WebAssembly.Module of this package, got "${url}"; give unbraid/edge.wasm or unbraid/unbraid.wasm, compiled by the host, or use openPolicyFrom with its URL`,
      ),
    );
  });
});
