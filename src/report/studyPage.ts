/** Renders the report of a study as one self-contained page. */
import { MIN_INTERVAL_SEEDS } from '../statistics/statistics.ts';
import { escapeMarkup } from './draw/escapeMarkup.ts';
import { htmlFigure, htmlList, htmlPage, htmlSection } from './draw/page.ts';
import { type StudyFigure, type StudyTable, seedsText, studyTableHtml } from './studyTables.ts';

/** All data that the page of a study shows. */
export interface StudyRecord {
  /** By default a study. */
  readonly kind?: 'sweep';
  readonly name: string;
  readonly question: string;
  readonly summary: readonly string[];
  readonly tables: readonly StudyTable[];
  readonly figures: readonly StudyFigure[];
  readonly notes: readonly string[];
  /** The shell command that runs the study again. */
  readonly command: string;
  /**
   * Number of jobs in the plan, number of jobs with a result, whether the run was interrupted, and the messages of the
   * failed jobs.
   */
  readonly jobs: {
    readonly planned: number;
    readonly finished: number;
    readonly interrupted: boolean;
    readonly failed: readonly string[];
  };
  /** Version by name. */
  readonly versions: Readonly<Record<string, string>>;
}

const paragraph = (text: string): string => `<p>${escapeMarkup(text)}</p>`;

/** States why numbers are missing. */
function gaps({ planned, finished, interrupted, failed }: StudyRecord['jobs']): string {
  if (interrupted) {
    return paragraph(`Unfinished: ${finished} of ${planned} jobs are done. All numbers are of those alone.`);
  }
  const missing = planned - finished;
  return missing === 0 ? '' : paragraph(`${missing} of ${planned} jobs failed and are left out: ${failed.join(' ')}`);
}

/** The commands of a table's rows, without repeats. */
function commandsOf({ rows }: StudyTable): string {
  const commands = [...new Set(rows.map(({ command }) => command))];
  const lines = commands.map((command) => {
    const names = rows.filter((row) => row.command === command).map(({ name }) => name);
    const comment = names.length === rows.length ? 'all rows' : names.join('; ');
    return `# ${comment}\n${command}`;
  });
  return `<details>\n<summary>Commands that compute these numbers</summary>\n<pre>${escapeMarkup(lines.join('\n'))}</pre>\n</details>`;
}

/** Seeds of all numbers of a study. */
function allSeeds(tables: readonly StudyTable[]): string {
  const cells = tables.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells));
  return seedsText(cells.flatMap((cell) => (cell === null || typeof cell === 'string' ? [] : cell.seeds)));
}

const method = [
  'Numbers are estimates over seeds. Brackets contain a 95% interval from a percentile bootstrap over seeds (2000 resamples).',
  `Below ten seeds, such intervals are too narrow. Below ${MIN_INTERVAL_SEEDS} seeds, there is no interval: parentheses contain the value of each seed, if there is one.`,
  'IQM (interquartile mean) is the mean of the middle half of the values.',
  'A difference or a gain is computed for each pair of runs with the same seed, then summarised over the pairs. The IQM of differences is not the difference of two IQMs.',
  'Each interval is for one comparison, without correction for the number of comparisons.',
].join(' ');

/** @param verification how results of other machines were verified, in sentences; empty if all are of this one */
export function renderStudy(record: StudyRecord, verification: readonly string[] = []): string {
  const { kind = 'study', name, question, summary, tables, figures, notes, command, jobs, versions } = record;
  const title = `${kind === 'sweep' ? 'Sweep' : 'Study'}: ${name}`;
  const versionText = Object.entries(versions).map(([of, version]) => `${of} ${version}`);
  return htmlPage(`unbraid: ${title}`, [
    `<header>\n<h1>${escapeMarkup(title)}</h1>\n<p class="summary">${escapeMarkup(`${question[0].toUpperCase()}${question.slice(1)}`)}</p>`,
    `<p class="quiet">${jobs.planned} jobs. Seeds ${escapeMarkup(allSeeds(tables))}.</p>\n${gaps(jobs)}</header>`,
    htmlSection('Findings', htmlList(summary), ''),
    ...figures.map(({ draw, caption }) => htmlFigure(draw, caption)),
    htmlSection(
      'Numbers',
      tables.map((table) => `${studyTableHtml(table)}\n${commandsOf(table)}`).join('\n') + paragraph(method),
      '',
    ),
    htmlSection('Assumptions and limitations', htmlList(notes), ''),
    ...(verification.length === 0 ? [] : [htmlSection('Verification', htmlList(verification), '')]),
    htmlSection(
      `Make this ${kind} again`,
      `<pre>${escapeMarkup(command)}</pre>\n<p class="quiet">${escapeMarkup(versionText.join(', '))}</p>`,
      '',
    ),
  ]);
}
