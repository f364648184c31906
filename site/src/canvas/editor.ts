/** Changes of the drawing: each one restarts the training, is kept in the address, and can be undone. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Player } from '../plane/player.ts';
import { leastDistance, mostStates, networks, type PlaneState, type Scene, sharings } from '../plane/scene.ts';
import { statesFromText, statesToText } from '../plane/sceneText.ts';
import { choiceFromAddress, fromAddress, numberFromAddress, toAddress } from '../shell/urlState.ts';
import { keptApart, placeNear } from './places.ts';

const mostUndone = 200;

const gradientKinds = ['exact', 'sampled'] as const;

export interface Editor {
  readonly player: Player;
  readonly selected: Signal<number | null>;
  /** The right action of the next state that is added. */
  readonly nextRight: Signal<number>;
  /** What a change did otherwise than asked, in a sentence. */
  readonly note: ReadonlySignal<string | null>;
  readonly canUndo: ReadonlySignal<boolean>;
  readonly canRedo: ReadonlySignal<boolean>;
  /** @param gesture changes with one name that follow one another are undone together */
  use(change: Partial<Scene>, gesture?: string): void;
  /** Ends a gesture. */
  endGesture(): void;
  set(i: number, change: Partial<PlaneState>): void;
  add(x: number, y: number): void;
  move(i: number, x: number, y: number): void;
  /** Whether a state can be removed or held out: one that is trained on has to stay. */
  canSpare(i: number): boolean;
  remove(i: number): void;
  undo(): void;
  redo(): void;
}

/** The scene of the address, and what had to be left out of it. */
export function sceneFromAddress(standard: readonly PlaneState[]): {
  readonly scene: Scene;
  readonly note: string | null;
} {
  const text = fromAddress('states');
  const given = statesFromText(text);
  const kept = given && keptApart(given);
  // Without a trained state nothing could be trained.
  const states = kept?.some(({ trained }) => trained) ? kept : standard;
  const left = given && kept ? given.length - kept.length : 0;
  const note =
    text !== null && states === standard
      ? 'The drawing in this link cannot be read, so an example is shown.'
      : left > 0
        ? `${left} of the link's states ${left === 1 ? 'lies' : 'lie'} on another one and ${left === 1 ? 'was' : 'were'} left out.`
        : null;
  const scene: Scene = {
    states,
    network: choiceFromAddress('network', networks),
    sharing: choiceFromAddress('sharing', sharings),
    seed: Math.floor(numberFromAddress('seed', 1, 0, 9999)),
    eta: numberFromAddress('eta', 2, 0.1, 10),
    sampled: choiceFromAddress('gradients', gradientKinds) === 'sampled',
  };
  return { scene, note };
}

function keepAddress(scene: Scene): void {
  toAddress('states', statesToText(scene.states));
  toAddress('network', scene.network === networks[0] ? null : scene.network);
  toAddress('sharing', scene.sharing === sharings[0] ? null : scene.sharing);
  toAddress('seed', scene.seed === 1 ? null : `${scene.seed}`);
  toAddress('eta', scene.eta === 2 ? null : `${scene.eta}`);
  toAddress('gradients', scene.sampled ? 'sampled' : null);
}

export function createEditor(player: Player, firstNote: string | null): Editor {
  const { scene } = player;
  const selected = signal<number | null>(null);
  const nextRight = signal(0);
  const note = signal(firstNote);
  const undone = signal<readonly Scene[]>([]);
  const done = signal<readonly Scene[]>([]);
  let gestureNow: string | null = null;

  function show(next: Scene): void {
    const wasPlaying = player.playing.value;
    keepAddress(next);
    batch(() => {
      if (selected.value !== null && selected.value >= next.states.length) selected.value = null;
      player.restart(next);
    });
    if (wasPlaying) player.play();
  }

  function use(change: Partial<Scene>, gesture?: string): void {
    batch(() => {
      if (gesture === undefined || gesture !== gestureNow) done.value = [...done.value, scene.value].slice(-mostUndone);
      gestureNow = gesture ?? null;
      undone.value = [];
      note.value = null;
      show({ ...scene.value, ...change });
    });
  }

  function step(from: Signal<readonly Scene[]>, to: Signal<readonly Scene[]>): void {
    const next = from.value.at(-1);
    if (!next) return;
    gestureNow = null;
    batch(() => {
      to.value = [...to.value, scene.value];
      from.value = from.value.slice(0, -1);
      note.value = null;
      show(next);
    });
  }

  function set(i: number, change: Partial<PlaneState>): void {
    const states = scene.value.states.map((s, j) => (j === i ? { ...s, ...change } : s));
    use({ states }, `set ${i} ${Object.keys(change).join()}`);
  }

  const canSpare = (i: number): boolean => scene.value.states.some(({ trained }, j) => j !== i && trained);

  return {
    ...{ player, selected, nextRight, note, use, set, canSpare },
    canUndo: computed(() => done.value.length > 0),
    canRedo: computed(() => undone.value.length > 0),
    endGesture() {
      gestureNow = null;
    },
    add(x, y) {
      const { states } = scene.value;
      const place = placeNear(states, x, y, null);
      if (states.length >= mostStates || !place) {
        note.value = `A drawing has at most ${mostStates} states; remove one first.`;
        return;
      }
      batch(() => {
        const added: PlaneState = { x: place.x, y: place.y, right: nextRight.value, frequency: 0.5, trained: true };
        selected.value = states.length;
        use({ states: [...states, added] });
      });
    },
    move(i, x, y) {
      const { states } = scene.value;
      const place = placeNear(states, x, y, i);
      if (!place) return;
      const moved = { x: place.x, y: place.y };
      batch(() => {
        if (moved.x !== states[i].x || moved.y !== states[i].y) set(i, moved);
        note.value =
          place.beside === null
            ? null
            : `State ${i + 1} stays ${leastDistance} away from state ${place.beside + 1}. Any closer, both look the same to the network, and the more frequent one decides for both.`;
      });
    },
    remove(i) {
      if (!canSpare(i)) {
        note.value = 'One state that is trained on has to stay.';
        return;
      }
      batch(() => {
        selected.value = null;
        use({ states: scene.value.states.filter((_, j) => j !== i) });
      });
    },
    undo: () => step(done, undone),
    redo: () => step(undone, done),
  };
}
