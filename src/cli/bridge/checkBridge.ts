/** Checks whether a program keeps the rules of docs/bridge.md, by playing the same episodes in several ways. */
import type { Bridge } from '../../env/bridge/bridge.node.ts';
import type { StartProgress } from '../../env/bridge/messages.ts';
import { splits } from '../../env/environment.ts';
import { type CheckName, createFindings, type Finding, type Findings, Stopped } from './findings.ts';
import { abandonEpisode, difference, type Game, type Played, playEpisode, type Sizes } from './playback.ts';

/** Opens a process of the bridge under test. */
export type OpenChecked = (options: {
  readonly joinsRequests: boolean;
  readonly maxSteps: number | null;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StartProgress) => void;
}) => Promise<Bridge>;

/** What was measured; null where the program failed before. */
export interface Measured extends Sizes {
  readonly episodes: number;
  readonly steps: number;
  readonly startMs: number | null;
  /** Time of a step with one request at a time. */
  readonly stepMs: number | null;
  /** Time of a step with one line for the steps of all episodes. */
  readonly joinedStepMs: number | null;
}

export interface BridgeReport {
  readonly findings: readonly Finding[];
  /** What the program answered to `hello`; null if it did not start. */
  readonly hello: Bridge['hello'] | null;
  readonly measured: Measured;
}

export interface CheckOptions {
  /** Seeds `seed`, `seed` + 1, ... are played on each split. */
  readonly seed: number;
  /** Number of episodes on each split. */
  readonly episodes: number;
  readonly signal: AbortSignal;
  /** @param detail what the program reports while it starts */
  readonly onProgress: (done: number, total: number, detail?: string) => void;
}

/** Time in ms that a program has to exit after the end of its input; then it is terminated. */
const exitMs = 5_000;

/** Step limit that the program is asked for in the check of step limits. */
const shortLimit = 2;

/** Number of times that each episode is played. */
const plays = 5;

function describe({ protocol, form, spec }: Bridge['hello']): string {
  const sizes =
    'vectorWidth' in spec
      ? ` (${spec.vectorWidth} numbers, ${spec.actionCount} actions)`
      : 'vocabulary' in spec
        ? ` (${spec.vocabulary.length} words)`
        : '';
  return `${spec.name} ${spec.version}, protocol ${protocol}, ${form}${sizes}, at most ${spec.maxSteps} steps`;
}

/** Whether the episodes within each list are the same. */
function areEqual(lists: readonly (readonly Played[])[]): boolean {
  return lists.every((list) => list.every((played) => played.steps.join() === list[0].steps.join()));
}

function noteVariety({ note }: Findings, reference: readonly Played[], episodes: number): void {
  const bySplit = splits.map((split) => reference.filter((played) => played.split === split));
  const bySeed = bySplit[0].map((_, i) => bySplit.map((list) => list[i]));
  if (episodes < 2) note('seeds', 'not run', 'needs 2 episodes or more');
  else if (areEqual(bySplit)) note('seeds', 'warning', 'all seeds of a split play the same episode');
  else note('seeds', 'ok', 'seeds play different episodes');
  if (areEqual(bySeed)) note('splits', 'warning', 'a seed plays the same episode on all splits');
  else note('splits', 'ok', 'splits play different episodes');
}

function summary(reference: readonly Played[], steps: number): string {
  const terminated = reference.filter((played) => played.terminated).length;
  const returns = reference.map((played) => played.return);
  const ends = `${terminated} terminated, ${reference.length - terminated} truncated`;
  return `${reference.length} episodes, ${steps} steps: ${ends}; returns from ${Math.min(...returns)} to ${Math.max(...returns)}`;
}

/** Checks a bridge. It also resolves if checks fail. @throws the signal's reason on abort */
export async function checkBridge(open: OpenChecked, options: CheckOptions): Promise<BridgeReport> {
  const { seed, episodes, signal } = options;
  const games: Game[] = splits.flatMap((split) =>
    Array.from({ length: episodes }, (_, i) => ({ seed: seed + i, split })),
  );
  const findings = createFindings(signal);
  const { note, during } = findings;
  const sizes: Sizes = { observationTokens: 0, actionTokens: 0, actions: 0 };
  const times = { startMs: null as number | null, stepMs: null as number | null, joinedStepMs: null as number | null };
  let [done, steps, retries] = [0, 0, 0];
  let hello: Bridge['hello'] | null = null;

  /** Opens a process, uses it and closes it. */
  const withProcess = async (
    check: CheckName,
    how: { readonly joinsRequests: boolean; readonly maxSteps: number | null },
    use: (bridge: Bridge) => Promise<void>,
  ): Promise<void> => {
    const onProgress = ({ text }: StartProgress): void => options.onProgress(done, plays * games.length, text);
    const bridge = await during(check, () => open({ ...how, signal, onProgress }));
    try {
      await use(bridge);
    } finally {
      retries += bridge.retries();
      const from = performance.now();
      await bridge.close();
      if (performance.now() - from >= exitMs) {
        note('exit', 'failed', 'the program must exit when its standard input ends; it was terminated after 5 s');
      }
    }
  };
  const play = async (bridge: Bridge, game: Game, before: Game | null): Promise<Played> => {
    const environment = bridge.create();
    if (before) await abandonEpisode(environment, before);
    const played = await playEpisode(environment, game, seed, sizes, signal);
    await environment.close?.();
    options.onProgress(++done, plays * games.length);
    return played;
  };
  const inTurn = async (bridge: Bridge, list: readonly Game[], before: Game | null = null): Promise<Played[]> => {
    const all: Played[] = [];
    for (const game of list) all.push(await play(bridge, game, before));
    return all;
  };
  const together = (bridge: Bridge): Promise<Played[]> => Promise.all(games.map((game) => play(bridge, game, null)));
  let reference: readonly Played[] = [];
  const compare = async (check: CheckName, ok: string, work: () => Promise<Played[]>): Promise<void> => {
    const got = await during(check, work);
    const other = reference.map((played, i) => difference(played, got[i])).find((text) => text !== null);
    note(check, other === undefined ? 'ok' : 'failed', other ?? ok);
  };

  const checkAlone = async (bridge: Bridge): Promise<void> => {
    hello = bridge.hello;
    note('start', 'ok', describe(hello));
    const from = performance.now();
    reference = await during('episodes', () => inTurn(bridge, games));
    steps = reference.reduce((sum, played) => sum + played.steps.length - 1, 0);
    times.stepMs = (performance.now() - from) / Math.max(1, steps);
    note('episodes', 'ok', summary(reference, steps));
    await compare('abandoned episodes', 'an episode that was left changes no later one', () =>
      inTurn(bridge, games, games[games.length - 1]),
    );
    await compare('other environments', `the same steps with ${games.length} environments at a time`, () =>
      together(bridge),
    );
  };
  const checkFresh = async (bridge: Bridge): Promise<void> => {
    if (JSON.stringify(bridge.hello) !== JSON.stringify(hello)) {
      note('start', 'failed', 'two processes must answer hello alike');
    }
    await compare('fresh process', 'the same steps in another process and in reverse order', async () =>
      (await inTurn(bridge, [...games].reverse())).reverse(),
    );
    if (bridge.hello.protocol === 1) return note('stepMany', 'not run', 'belongs to version 2');
    const from = performance.now();
    await compare('stepMany', 'the same steps as with single requests', () => together(bridge));
    times.joinedStepMs = (performance.now() - from) / Math.max(1, steps);
  };

  try {
    const from = performance.now();
    await withProcess('start', { joinsRequests: false, maxSteps: null }, async (bridge) => {
      times.startMs = performance.now() - from;
      await checkAlone(bridge);
    });
    await withProcess('fresh process', { joinsRequests: true, maxSteps: null }, checkFresh);
    noteVariety(findings, reference, episodes);
    if (hello === null || (hello as Bridge['hello']).protocol === 1)
      note('step limit', 'not run', 'belongs to version 2');
    else {
      await withProcess('step limit', { joinsRequests: true, maxSteps: shortLimit }, async (bridge) => {
        const [{ steps: short }] = await during('step limit', () => inTurn(bridge, games.slice(0, 1)));
        note('step limit', 'ok', `with maxSteps ${shortLimit} an episode ends after ${short.length - 1} steps`);
      });
    }
    note('exit', 'ok', 'the program exits when its standard input ends');
    if (retries > 0) note('resets', 'warning', `${retries} resets were repeated because the program asked for it`);
    else note('resets', 'ok', 'none was repeated');
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  return { findings: findings.all(), hello, measured: { ...sizes, episodes: games.length, steps, ...times } };
}
