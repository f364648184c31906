/** The tests of the Python package in python/unbraid_probe, where UNBRAID_TORCH_PYTHON names a Python with PyTorch. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../python/unbraid_probe/', import.meta.url));
const python = process.env.UNBRAID_TORCH_PYTHON ?? '';

function missing(): string | null {
  if (python === '') return 'UNBRAID_TORCH_PYTHON is not set';
  const { status } = spawnSync(python, ['-c', 'import torch, safetensors, pytest']);
  return status === 0 ? null : `${python} does not import torch, safetensors and pytest`;
}

const reason = missing();
if (reason !== null) console.log(`skipped: PyTorch; ${reason}`);

test.skipIf(reason !== null)(
  'the tests of unbraid_probe pass',
  () => {
    const { status, stdout, stderr } = spawnSync(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider'], {
      ...{ cwd: folder, encoding: 'utf8', timeout: 590_000 },
      env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect([status, status === 0 ? '' : `${stdout}\n${stderr}`]).toEqual([0, '']);
    expect(stdout).toMatch(/^\d+ passed/m);
  },
  600_000,
);
