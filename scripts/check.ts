/** Runs all `check:` scripts of package.json concurrently and prints the output of those that fail. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

async function run(script: string): Promise<boolean> {
  const startMs = performance.now();
  const child = spawn(`npm run --silent ${script}`, { shell: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text;
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${script}: ${code === 0 ? 'ok' : 'failed'} (${seconds} s)`);
  if (code !== 0) console.log(output);
  return code === 0;
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const checks = Object.keys(scripts).filter((name) => name.startsWith('check:'));
const passed = await Promise.all(checks.map(run));
if (passed.includes(false)) process.exitCode = 1;
