/** The pages of the studies of methods, whose tasks all have the same columns. */
import { testHeads } from '../src/study/trained/chosenTables.ts';
import { endSuccess, equalSteps, equalSuccessCosine, type Measure } from '../src/study/trained/measures.ts';
import {
  exact,
  kept,
  type PageColumn,
  type PageTable,
  plain,
  type ResultPage,
  signed,
  steps,
  success,
  tableOf,
  thousandths,
} from './pageTables.ts';

/** A difference and its corrected p value. */
function testColumns({ head, of }: Measure, over: string, show: typeof signed, title: string): readonly PageColumn[] {
  const [difference, , corrected] = testHeads(`${head} ${over}`, of);
  return [show(difference, title), exact(corrected, 'p, Holm')];
}

/** @param over with what the arms are compared, as the study names it */
function taskTable(id: string, over: string, further: readonly Measure[]): PageTable {
  return tableOf(id, id, [
    success,
    ...testColumns(endSuccess, over, signed, 'gain'),
    ...(further.includes(equalSteps) ? testColumns(equalSteps, over, signed, 'gain at equal steps') : []),
    ...(further.includes(equalSuccessCosine)
      ? testColumns(equalSuccessCosine, over, thousandths, 'cosine at equal success')
      : []),
    plain('good-bad cosine at the end', 'cosine'),
    plain('contrast at the end', 'contrast'),
    steps,
  ]);
}

type TaskTable = Parameters<typeof taskTable>;

function pageOf(study: string, tasks: readonly TaskTable[]): ResultPage {
  return {
    study,
    page: `${study}.md`,
    files: kept(study, [
      ...tasks.flatMap(([id]) => [`${id}.csv`, `${id}-gain.svg`]),
      ...['grid.csv', 'receipts.jsonl', 'jobs.jsonl.gz'],
    ]),
    tables: tasks.map((task) => taskTable(...task)),
  };
}

const domains = ['household', 'crafting'];

export const methodPages: readonly ResultPage[] = [
  pageOf(
    'graph-advantages',
    domains.flatMap((id): TaskTable[] => [
      [id, 'GRPO', [equalSteps]],
      [`${id}-routes`, 'classifier + cloning', [equalSteps]],
    ]),
  ),
  pageOf(
    'no-demonstrations',
    domains.flatMap((id): TaskTable[] => [
      [id, 'GRPO', []],
      [`${id}-hindsight`, 'labels, hindsight', []],
    ]),
  ),
  pageOf(
    'optimisers',
    domains.flatMap((id): TaskTable[] => [
      [id, 'GRPO', [equalSuccessCosine]],
      [`${id}-labels`, 'GRPO of the same network and optimiser', [equalSuccessCosine]],
      [`${id}-hints`, 'the arm without it', []],
    ]),
  ),
];
