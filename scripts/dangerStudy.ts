/**
 * The tables of docs/algorithms/danger-zone.md: three disjoint sets of seeds, other similarities, and the controls.
 * Run: node scripts/dangerStudy.ts > docs/results/danger-zone.md (some minutes; progress on stderr).
 */
import { runDanger } from '../src/danger/danger.ts';

const starts = [0.05, 0.2, 0.4, 0.6, 0.8];
const two = (x: number): string => x.toFixed(2).replace(/^0/, '');

const runs = [
  { rho: 0.8, firstSeed: 1, labels: 'oracle' },
  { rho: 0.8, firstSeed: 9, labels: 'oracle' },
  { rho: 0.8, firstSeed: 17, labels: 'oracle' },
  { rho: 0.3, firstSeed: 1, labels: 'oracle' },
  { rho: 0.95, firstSeed: 1, labels: 'oracle' },
  { rho: 0.8, firstSeed: 1, labels: 'advantage' },
  { rho: 0.8, firstSeed: 9, labels: 'advantage' },
  { rho: 0.8, firstSeed: 17, labels: 'advantage' },
  { rho: 0.8, firstSeed: 1, labels: 'shuffled' },
  { rho: 0.8, firstSeed: 9, labels: 'shuffled' },
  { rho: 0.8, firstSeed: 17, labels: 'shuffled' },
] as const;

const lines = [
  '# Danger zone, measured',
  '',
  'Made by `node scripts/dangerStudy.ts > docs/results/danger-zone.md`. Highest -> last mean of p(bad action | look-alike state) over 8 seeds.',
  '',
  `| rho | seeds | trained with | coupling | ${starts.map((s) => `start ${two(s)}`).join(' | ')} |`,
  `|---|---|---|---|${starts.map(() => '---').join('|')}|`,
];
const seen = new Set<string>();
for (const { rho, firstSeed, labels } of runs) {
  const { rows } = await runDanger({ rho, starts, method: 'classifier', labels, seeds: 8, firstSeed });
  for (const method of ['grpo', 'classifier']) {
    for (const coupling of [false, true]) {
      const of = rows.filter((row) => row.method === method && row.coupling === coupling);
      const name = method === 'grpo' ? 'GRPO' : `classifier, ${labels} labels`;
      const head = `| ${rho} | ${firstSeed}-${firstSeed + 7} | ${name} | ${coupling ? 'on' : 'off'} |`;
      // GRPO alone is the same whatever the labels of the other arm.
      if (seen.has(head)) continue;
      seen.add(head);
      lines.push(`${head} ${of.map((row) => `${two(row.peak)} -> ${two(row.end)}`).join(' | ')} |`);
    }
  }
  process.stderr.write(`rho ${rho}, seeds from ${firstSeed}, ${labels} labels done\n`);
}
process.stdout.write(`${lines.join('\n')}\n`);
