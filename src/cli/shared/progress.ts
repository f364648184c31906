/** Progress on stderr: a live bar on a terminal, plain lines elsewhere. */
import { MultiBar, type SingleBar } from 'cli-progress';
import type { Note } from '../../env/registry.ts';
import type { Progress } from '../../train/run.ts';

export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width and height of the terminal in characters. */
  readonly columns?: number;
  readonly rows?: number;
}

/** Progress of a run or of several jobs. `secondsLeft` replaces the estimate from the number of finished steps. */
export type ShownProgress = Omit<Progress, 'phase'> & { readonly phase: string; readonly secondsLeft?: number };

export interface ProgressDisplay {
  update(progress: ShownProgress): void;
  /** Called when the work has ended. */
  close(): void;
}

/** Several displays, one below the other. */
export interface ProgressBoard {
  open(name: string): ProgressDisplay;
  /** Ends all displays; later updates are ignored. */
  close(): void;
}

const barWidth = 24;
const minLineGapMs = 2000;
const minFrameGapMs = 200;

function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    String(whole % 60).padStart(2, '0'),
  ];
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

function share(progress: ShownProgress): number {
  return progress.total > 0 ? Math.min(1, progress.done / progress.total) : 1;
}

/**
 * Percentage, count, speed, time left in this phase, and success rate or mean return.
 *
 * @param doneAtStart the value of `done` when the phase began, `elapsedMs` ago
 */
export function describeProgress(progress: ShownProgress, doneAtStart: number, elapsedMs: number): string {
  const { phase, done, total, success, return: ofEpisodes = null, secondsLeft, detail } = progress;
  const parts =
    total > 0 || detail === undefined ? [`${Math.floor(100 * share(progress))}%`.padStart(4), `${done}/${total}`] : [];
  if (detail !== undefined) parts.push(detail);
  const perSecond = elapsedMs > 0 ? (1000 * (done - doneAtStart)) / elapsedMs : 0;
  if (secondsLeft !== undefined) {
    parts.push(`ETA ${clock(secondsLeft)}`);
  } else if (perSecond > 0) {
    parts.push(
      `${perSecond < 1000 ? perSecond.toPrecision(3) : Math.round(perSecond)}${phase === 'train' ? ' it' : ''}/s`,
    );
    parts.push(`ETA ${clock((total - done) / perSecond)}`);
  }
  if (success !== null) parts.push(`success ${success.toFixed(2)}`);
  else if (ofEpisodes !== null) parts.push(`return ${ofEpisodes.toFixed(2)}`);
  return parts.join('  ');
}

const barColor = '\u001b[36m';
const restColor = '\u001b[2m';
const noColor = '\u001b[0m';
const colorLength = barColor.length + restColor.length + noColor.length;

/**
 * The live line, always shorter than `columns`, because a wrapped line cannot be redrawn. If there is too little
 * space, the bar is shortened first, then the end of the name. Colour codes count as characters, as in cli-progress.
 */
export function progressLine(
  name: string,
  phase: string,
  text: string,
  fraction: number,
  columns: number,
  color: boolean,
): string {
  const rest = `${phase}  `.length + text.length + 4 + (color ? colorLength : 0);
  const width = Math.min(barWidth, columns - name.length - rest);
  if (width < 4) {
    const room = columns - phase.length - text.length - 5;
    const shown = name.length <= room ? name : `${name.slice(0, Math.max(0, room - 1))}…`;
    return `${shown}  ${phase}  ${text}`.slice(0, columns - 1);
  }
  const filled = Math.round(fraction * width);
  const [full, empty] = ['█'.repeat(filled), '░'.repeat(width - filled)];
  return `${name}  ${phase}  ${color ? `${barColor}${full}${restColor}${empty}${noColor}` : full + empty} ${text}`;
}

/** Draws the current text. */
interface Painter {
  paint(progress: ShownProgress, text: string, phaseBegins: boolean): void;
  close(): void;
}

interface Painters {
  open(name: string): Painter;
  /** Writes a line that stays. */
  log(line: string): void;
  close(): void;
}

/** One bar per name, one below the other. A bar that ends is written above the others and is no longer redrawn. */
function liveBars(stream: ProgressStream, color: boolean, now: () => number): Painters {
  const screen = new MultiBar({
    stream: stream as NodeJS.WriteStream,
    // The command itself handles Ctrl-C.
    gracefulExit: false,
    hideCursor: false,
    // progressLine fits the terminal. cli-progress would switch its wrapping off, and it would stay off after SIGKILL.
    linewrap: true,
    // The other bars move when one ends.
    forceRedraw: true,
    format: (_options, _params, payload) => payload.line(),
  });
  const shown = new Set<SingleBar>();
  let closed = false;
  let drawnMs: number | null = null;
  /** Draws from the update itself: a timer would not run while the work occupies the thread. */
  const draw = (): void => {
    if (drawnMs !== null && now() - drawnMs < minFrameGapMs) return;
    drawnMs = now();
    screen.update();
  };
  return {
    open(name) {
      let bar: SingleBar | null = null;
      let line = (): string => '';
      return {
        paint(progress, text) {
          const [{ phase }, fraction] = [progress, share(progress)];
          line = () => progressLine(name, phase, text, fraction, stream.columns ?? 80, color);
          // A bar below the last row of the screen could not be redrawn.
          if (closed || (bar === null && shown.size >= (stream.rows ?? 24) - 1)) return;
          bar ??= screen.create(1, 0, { line: () => line() });
          shown.add(bar);
          draw();
        },
        close() {
          // The last bar stays in its place until all are closed.
          if (closed || bar === null || shown.size === 1) return;
          screen.log(`${line()}\n`);
          screen.remove(bar);
          shown.delete(bar);
        },
      };
    },
    log(line) {
      if (drawnMs === null || closed) stream.write(`${line}\n`);
      else {
        screen.log(`${line}\n`);
        screen.update();
      }
    },
    close() {
      if (drawnMs !== null && !closed) screen.stop();
      closed = true;
    },
  };
}

function plainLines(name: string, stream: ProgressStream, now: () => number): Painter {
  let tenth = -1;
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    paint(progress, text, phaseBegins) {
      if (phaseBegins) tenth = -1;
      const reached = Math.floor(10 * share(progress));
      const last = progress.done >= progress.total;
      if (reached <= tenth || (!last && now() - lastMs < minLineGapMs)) return;
      tenth = reached;
      lastMs = now();
      stream.write(`${name}  ${progress.phase}  ${text.trimStart()}\n`);
    },
    close: () => undefined,
  };
}

/** A note about data that a run leaves out, with the config key that changes it. */
function noteLine(name: string, { text, key, value }: Note): string {
  return `${name}  ${text}; raise ${key} (--set ${key}=${value})`;
}

/**
 * Shows the progress of concurrent work: live bars on a terminal, lines elsewhere. A line is written for each tenth
 * of a phase, at least two seconds after the previous line unless the phase ends. Notes are written as lines; of
 * notes that differ only in their numbers, the first is written.
 *
 * @param color whether bars on a terminal are coloured
 * @param now a clock in ms, for the speed shown and the time between lines
 */
export function openProgress(
  stream: ProgressStream,
  color: boolean,
  now: () => number = () => performance.now(),
): ProgressBoard {
  const painters: Painters =
    stream.isTTY === true
      ? liveBars(stream, color, now)
      : {
          open: (name) => plainLines(name, stream, now),
          log: (line) => stream.write(`${line}\n`),
          close: () => undefined,
        };
  const noted = new Set<string>();
  return {
    open(name) {
      const painter = painters.open(name);
      let phase: string | null = null;
      let detail: string | undefined;
      let doneAtStart = 0;
      let startMs = 0;
      return {
        update(progress) {
          for (const note of progress.notes ?? []) {
            const kind = note.text.replace(/\d+/g, '');
            if (!noted.has(kind)) painters.log(noteLine(name, note));
            noted.add(kind);
          }
          // Each text that a program reports gets a line.
          const phaseBegins = progress.phase !== phase || progress.detail !== detail;
          if (phaseBegins) {
            ({ phase, detail } = progress);
            doneAtStart = progress.done;
            startMs = now();
          }
          painter.paint(progress, describeProgress(progress, doneAtStart, now() - startMs), phaseBegins);
        },
        close: painter.close,
      };
    },
    close: painters.close,
  };
}
