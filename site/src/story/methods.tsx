/** Methods and their controls: dots with intervals on one axis, and what each row is. */
import { signal } from '@preact/signals';
import states from '../../../docs/results/danger-zone/methods-rho-0.8.csv?raw';
import crafting from '../../../docs/results/generalisation/crafting.csv?raw';
import household from '../../../docs/results/generalisation/household.csv?raw';
import { Choices } from '../shell/choices.tsx';
import { choiceFromAddress, toAddress } from '../shell/urlState.ts';
import { FewSeedsTable } from './fewSeedsTable.tsx';
import { type Axis, IntervalPlot, manySeeds, placeOn } from './intervalPlot.tsx';
import { allRows, groups, labLink, type MethodRow } from './methodRows.ts';
import { type Estimate, estimatesOf, estimateText, signedText, verdictOf } from './resultTable.ts';

const gain = 'out-of-domain gain over GRPO';

const tasks = {
  household: {
    words: 'Household',
    gains: estimatesOf(household, gain),
    nameOf: (row: MethodRow) => row.games,
    measure: 'Success on combinations of objects and tasks that training never used, minus that of GRPO',
    page: './docs/results/generalisation',
  },
  crafting: {
    words: 'Crafting',
    gains: estimatesOf(crafting, gain),
    nameOf: (row: MethodRow) => row.games,
    measure: 'Success on recipes that training never used, minus that of GRPO',
    page: './docs/results/generalisation',
  },
  'look-alike': {
    words: 'Danger zone',
    gains: estimatesOf(states, 'return minus that of GRPO'),
    nameOf: (row: MethodRow) => row.states,
    measure: 'Return in the danger zone (starts from 0.4 up, similarity 0.8), minus that of GRPO',
    page: './docs/results/danger-zone',
  },
} as const;
type Task = keyof typeof tasks;
const taskNames = ['household', 'crafting', 'look-alike'] as const;

const task = signal<Task>(choiceFromAddress('task', taskNames));
const opened = signal<string>(choiceFromAddress('method', ['', ...allRows.map(({ key }) => key)]));

/** One axis for all three tasks, so that they can be compared. */
const axis: Axis = { least: -0.7, most: 0.7, ticks: [-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6] };

const lastDrop = estimatesOf(states, 'last minus that of GRPO');

const verdictWords = {
  gain: 'The interval lies above 0.',
  loss: 'The interval lies below 0.',
  'none shown': 'The interval contains 0: no difference is shown.',
} as const;

const find = (row: MethodRow, of: Task): Estimate | undefined => tasks[of].gains.get(tasks[of].nameOf(row) ?? '');

function Found({ row }: { readonly row: MethodRow }) {
  return (
    <ul class="found">
      {taskNames.map((of) => {
        const estimate = find(row, of);
        if (!estimate) return <li key={of}>{tasks[of].words}: not measured.</li>;
        const drop = of === 'look-alike' ? lastDrop.get(row.states ?? '') : undefined;
        return (
          <li key={of}>
            {tasks[of].words}: {estimateText(estimate)}, {estimate.n} seeds. {verdictWords[verdictOf(estimate)]}
            {estimate.n < manySeeds && ' So few seeds make it too narrow.'}
            {drop && ` Wrong action at the end: ${estimateText(drop)}.`}
          </li>
        );
      })}
    </ul>
  );
}

function Row({ row }: { readonly row: MethodRow }) {
  const estimate = find(row, task.value);
  const { lab } = row;
  // The lab shows what was measured: this task, or else the first one.
  const shown = estimate ? task.value : (taskNames.find((of) => find(row, of)) ?? taskNames[0]);
  return (
    <details
      class="method"
      open={opened.value === row.key}
      onToggle={(event) => {
        if (event.currentTarget.open) opened.value = row.key;
        else if (opened.value === row.key) opened.value = '';
        else return;
        toAddress('method', opened.value || null);
      }}
    >
      <summary>
        <span class="title">{row.title}</span>
        {estimate ? (
          <>
            <IntervalPlot estimate={estimate} axis={axis} />
            <span class="estimate">{estimateText(estimate)}</span>
          </>
        ) : (
          <span class="unmeasured quiet">not measured on this task</span>
        )}
      </summary>
      <div class="inside">
        <p>{row.what}</p>
        <Found row={row} />
        {row.note !== undefined && <p>{row.note}</p>}
        {lab ? (
          <p>
            <a href={labLink(lab, shown)}>
              Open the lab with {row.title.replace(/ \(.*\)$/, '')} beside GRPO ({tasks[task.value].words.toLowerCase()}
              )
            </a>
          </p>
        ) : (
          estimate && (
            <p>
              <code>{estimate.command}</code>
            </p>
          )
        )}
      </div>
    </details>
  );
}

export function Methods() {
  const { measure, page } = tasks[task.value];
  return (
    <>
      <div class="controls">
        <Choices
          legend="Task"
          name="task"
          options={taskNames.map((of) => [of, tasks[of].words] as const)}
          value={task.value}
          choose={(next) => {
            task.value = next;
            toAddress('task', next === taskNames[0] ? null : next);
          }}
        />
      </div>
      <p class="quiet" role="status">
        {measure}. Press a row to read what it does.
      </p>
      <p class="legend">
        <span>
          <b aria-hidden="true">●</b> 20 or 24 seeds
        </span>
        <span>
          <b aria-hidden="true">○</b> 5 seeds: the interval is too narrow, the row ranks nothing
        </span>
        <span class="gain">
          <b aria-hidden="true">━</b> above 0
        </span>
        <span class="loss">
          <b aria-hidden="true">━</b> below 0
        </span>
        <span>
          <b aria-hidden="true">━</b> contains 0
        </span>
      </p>
      <div class="methods">
        <div class="scale" aria-hidden="true">
          {axis.ticks.map((tick) => (
            <span key={tick} style={{ left: placeOn(axis, tick) }}>
              {tick === 0 ? '0' : signedText(tick).slice(0, -1)}
            </span>
          ))}
        </div>
        {groups.map(({ title, rows }) => (
          <div key={title}>
            <h3>{title}</h3>
            {rows.map((row) => (
              <Row key={row.key} row={row} />
            ))}
          </div>
        ))}
      </div>
      <div class="prose apart">
        <p>
          What follows from the rows: information in the labels is most of the gain, the classifier adds less, and it is{' '}
          <a href="./docs/results/matched-success">not shown</a> that it works by lowering coupling. Gradient surgery
          helps in the danger zone and shows no gain on games. Intervals are 95% bootstrap intervals over seeds, not
          corrected for their number. <a href={page}>All numbers of this task</a>.
        </p>
      </div>
      <FewSeedsTable />
    </>
  );
}
