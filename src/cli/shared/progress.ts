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

/**
 * What a display shows: the progress of a run, or of many jobs, whose time left is known better than from their
 * number.
 */
export type ShownProgress = Omit<Progress, 'phase'> & { readonly phase: string; readonly secondsLeft?: number };

export interface ProgressDisplay {
  update(progress: ShownProgress): void;
  /** Says that the work has ended. */
  close(): void;
}

/** Displays side by side. */
export interface ProgressBoard {
  open(name: string): ProgressDisplay;
  /** Ends all displays; they show nothing from then on. */
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
 * Percentage, count, speed, time left in this phase and success, from what was `done` when the phase began
 * `elapsedMs` ago.
 */
export function describeProgress(progress: ShownProgress, doneAtStart: number, elapsedMs: number): string {
  const { phase, done, total, success, secondsLeft } = progress;
  const parts = [`${Math.floor(100 * share(progress))}%`.padStart(4), `${done}/${total}`];
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
  return parts.join('  ');
}

const barColor = '\u001b[36m';
const restColor = '\u001b[2m';
const noColor = '\u001b[0m';
const colorLength = barColor.length + restColor.length + noColor.length;

/**
 * The live line, always shorter than `columns`: a line that wraps cannot be redrawn. The bar gives way first, then
 * the end of the name. Colour codes count as characters, because cli-progress counts them when it cuts a line.
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

/** Draws the present text; called for every update. */
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

/**
 * A bar per name, one below the other. One that ends goes up to what the terminal has written before, and stays
 * there.
 */
function liveBars(stream: ProgressStream, color: boolean, now: () => number): Painters {
  const screen = new MultiBar({
    stream: stream as NodeJS.WriteStream,
    // The command decides what Ctrl-C means.
    gracefulExit: false,
    hideCursor: false,
    // progressLine fits the terminal; were its wrapping switched off, it would stay off after a run that is killed.
    linewrap: true,
    // A bar that ends moves the others.
    forceRedraw: true,
    format: (_options, _params, payload) => payload.line(),
  });
  const shown = new Set<SingleBar>();
  let closed = false;
  let drawnMs: number | null = null;
  /** Work that keeps the thread to itself leaves no time to draw by itself. */
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
          // What has left the screen cannot be drawn again.
          if (closed || (bar === null && shown.size >= (stream.rows ?? 24) - 1)) return;
          bar ??= screen.create(1, 0, { line: () => line() });
          shown.add(bar);
          draw();
        },
        close() {
          // The last one stays where it is until all is closed.
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

/** What a run leaves out, and how to change that. */
function noteLine(name: string, { text, key, value }: Note): string {
  return `${name}  ${text}; raise ${key} (--set ${key}=${value})`;
}

/**
 * Shows the progress of works that go on at the same time. Elsewhere than on a terminal a line is written for each
 * further tenth of a phase, and none within two seconds of the one before unless the phase ends. Notes are written as
 * lines; of works that go on together only the first of each kind, since their numbers alone differ.
 *
 * @param color whether bars may be coloured; a terminal is always needed for it
 * @param now a clock in ms, for the speed shown and the gap between lines
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
      let doneAtStart = 0;
      let startMs = 0;
      return {
        update(progress) {
          for (const note of progress.notes ?? []) {
            const kind = note.text.replace(/\d+/g, '');
            if (!noted.has(kind)) painters.log(noteLine(name, note));
            noted.add(kind);
          }
          const phaseBegins = progress.phase !== phase;
          if (phaseBegins) {
            phase = progress.phase;
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
