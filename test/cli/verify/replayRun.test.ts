import { expect, test } from 'vitest';
import { replayIn } from '../../../src/cli/verify/replayRun.ts';
import { resolveConfig } from '../../../src/config/config.ts';

const options = {
  until: 1,
  checkpointsAt: [],
  measure: null,
  workers: 1,
  withCrew: () => Promise.reject(new Error('no crew is needed')),
  onProgress: () => undefined,
  signal: new AbortController().signal,
};

test('an environment that is a program of its own stays in Node', async () => {
  const config = resolveConfig({ env: 'textworld-express/coin' });
  await expect(replayIn('chromium', config, options)).rejects.toThrow(
    new Error(
      'verify: env "textworld-express/coin" needs a separate process, which chromium cannot start; use --runtime node',
    ),
  );
});
