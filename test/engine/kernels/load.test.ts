import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const refusal = new WebAssembly.CompileError('WebAssembly.compile(): invalid numeric opcode 0xfd105 @+2048');

describe('an engine that cannot read the module', () => {
  // Compiled modules are kept, so each test gets a loader that has none.
  let engineModule: typeof import('../../../src/engine/kernels/load.ts').engineModule;
  beforeEach(async () => {
    vi.resetModules();
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(refusal);
    ({ engineModule } = await import('../../../src/engine/kernels/load.ts'));
  });
  afterEach(() => vi.restoreAllMocks());

  test('is told, asked for relaxed arithmetic, what it lacks and what to do', async () => {
    const failure = engineModule('relaxed');
    await expect(failure).rejects.toMatchObject({
      message:
        'engineModule: relaxed arithmetic needs a runtime with relaxed SIMD, got WebAssembly.compile(): invalid numeric opcode ' +
        '0xfd105 @+2048; train with exact arithmetic',
      cause: refusal,
    });
  });

  test('else fails with its own words', async () => {
    await expect(engineModule('single')).rejects.toBe(refusal);
  });
});
