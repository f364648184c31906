/** The report of a study as one self-contained page. */
import { MIN_INTERVAL_SEEDS } from '../statistics/statistics.ts';
import { escapeMarkup } from './draw/chart.ts';
import { htmlFigure, htmlPage, htmlSection } from './draw/page.ts';
import { type StudyFigure, type StudyTable, seedsText, studyTableHtml } from './studyTables.ts';

/** All that the page of a study shows. */
export interface StudyRecord {
  readonly name: string;
  readonly question: string;
  readonly summary: readonly string[];
  readonly tables: readonly StudyTable[];
  readonly figures: readonly StudyFigure[];
  readonly notes: readonly string[];
  /** The shell command that makes the study again. */
  readonly command: string;
  /** Jobs of the plan, those with a result, whether the others are still to be done, and else the messages of their failures. */
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

/** Why numbers may be missing. */
function gaps({ planned, finished, interrupted, failed }: StudyRecord['jobs']): string {
  if (interrupted) {
    return paragraph(`Unfinished: ${finished} of ${planned} jobs are done. All numbers are of those alone.`);
  }
  const missing = planned - finished;
  return missing === 0 ? '' : paragraph(`${missing} of ${planned} jobs failed and are left out: ${failed.join(' ')}`);
}

function list(texts: readonly string[]): string {
  return `<ul>\n${texts.map((text) => `<li>${escapeMarkup(text)}</li>`).join('\n')}\n</ul>`;
}

/** The commands of a table's rows, equal ones once. */
function commandsOf({ rows }: StudyTable): string {
  const commands = [...new Set(rows.map(({ command }) => command))];
  const lines = commands.map((command) => {
    const names = rows.filter((row) => row.command === command).map(({ name }) => name);
    const comment = names.length === rows.length ? 'all rows' : names.join('; ');
    return `# ${comment}\n${command}`;
  });
  return `<details>\n<summary>Commands that make these numbers</summary>\n<pre>${escapeMarkup(lines.join('\n'))}</pre>\n</details>`;
}

/** Seeds of all numbers of a study. */
function allSeeds(tables: readonly StudyTable[]): string {
  const cells = tables.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells));
  return seedsText(cells.flatMap((cell) => (cell === null || typeof cell === 'string' ? [] : cell.seeds)));
}

const method = [
  'Numbers are estimates over seeds with a 95% interval in brackets, from a percentile bootstrap that resamples seeds (2000 resamples).',
  `Below ten seeds such intervals are too narrow. Below ${MIN_INTERVAL_SEEDS} none is given: the values of the seeds stand in parentheses, where seeds have values of their own.`,
  'IQM is the mean of the middle half.',
  'A difference or a gain pairs runs of the same seed and is summarised over the pairs: the IQM of differences is not the difference of two IQMs.',
  'Each interval is of one comparison; none is corrected for the number of comparisons.',
].join(' ');

export function renderStudy(record: StudyRecord): string {
  const { name, question, summary, tables, figures, notes, command, jobs, versions } = record;
  const title = `Study: ${name}`;
  const versionText = Object.entries(versions).map(([of, version]) => `${of} ${version}`);
  return htmlPage(`unbraid: ${title}`, [
    `<header>\n<h1>${escapeMarkup(title)}</h1>\n<p class="summary">${escapeMarkup(`${question[0].toUpperCase()}${question.slice(1)}`)}</p>`,
    `<p class="quiet">${jobs.planned} jobs. Seeds ${escapeMarkup(allSeeds(tables))}.</p>\n${gaps(jobs)}</header>`,
    htmlSection('Findings', list(summary), ''),
    ...figures.map(({ svg, caption }) => htmlFigure(svg, caption)),
    htmlSection(
      'Numbers',
      tables.map((table) => `${studyTableHtml(table)}\n${commandsOf(table)}`).join('\n') + paragraph(method),
      '',
    ),
    htmlSection('What these numbers rest on, and what they do not say', list(notes), ''),
    htmlSection(
      'Make this study again',
      `<pre>${escapeMarkup(command)}</pre>\n<p class="quiet">${escapeMarkup(versionText.join(', '))}</p>`,
      '',
    ),
  ]);
}
