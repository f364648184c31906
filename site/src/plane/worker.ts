/** The worker that trains on a scene. */
import { expose, transfer } from 'comlink';
import type { Scene } from './scene.ts';
import { type PlaneTraining, startTraining } from './training.ts';

/** Points a side of the plane's picture. */
export const side = 33;

/** What a picture shows. */
export interface Frame {
  readonly updates: number;
  readonly learningRate: number;
  /** f32[states * actions] */
  readonly probabilities: Float32Array;
  /** f32[side * side * actions], or null if it was not wanted. */
  readonly plane: Float32Array | null;
  /** Of the gradients of log pi of the right actions: f32[states * states], f32[states]; null if not wanted. */
  readonly cosines: Float32Array | null;
  readonly norms: Float32Array | null;
  /** f64[states * actions] each: change of log pi by the next step; null if it was not wanted. */
  readonly predicted: Float64Array | null;
  readonly actual: Float64Array | null;
  /** f64[states * actions] each: the part of it that comes from the other states; null if it was not wanted. */
  readonly predictedSpillover: Float64Array | null;
  readonly actualSpillover: Float64Array | null;
}

/** Which parts of a frame are computed. */
export interface Wanted {
  readonly plane: boolean;
  readonly coupling: boolean;
}

export interface PlaneWorker {
  /** Starts a scene from its first policy. */
  open(scene: Scene, wanted: Wanted): Promise<Frame>;
  /** Takes steps; a frame of the policy after each, with the wanted parts in the last one. */
  run(steps: number, wanted: Wanted): Frame[];
}

let training: PlaneTraining | null = null;

function frameOf(of: PlaneTraining, { plane, coupling }: Wanted): Frame {
  const ahead = coupling ? of.lookAhead() : null;
  const gradients = coupling ? of.rightGradients() : null;
  return {
    updates: of.updates,
    learningRate: of.learningRate,
    probabilities: of.probabilities(),
    plane: plane ? of.plane(side) : null,
    cosines: gradients?.cosines ?? null,
    norms: gradients?.norms ?? null,
    predicted: ahead?.predicted ?? null,
    actual: ahead?.actual ?? null,
    predictedSpillover: ahead?.predictedSpillover ?? null,
    actualSpillover: ahead?.actualSpillover ?? null,
  };
}

function sent<T>(value: T, frames: readonly Frame[]): T {
  const buffers = frames.flatMap((frame) =>
    Object.values(frame).flatMap((part) => (ArrayBuffer.isView(part) ? [part.buffer as ArrayBuffer] : [])),
  );
  return transfer(value, buffers);
}

const api: PlaneWorker = {
  async open(scene, wanted) {
    training = await startTraining(scene, side);
    const frame = frameOf(training, wanted);
    return sent(frame, [frame]);
  },
  run(steps, wanted) {
    if (!training) throw new Error('run: open a scene first');
    const frames: Frame[] = [];
    for (let i = 1; i <= steps; i++) {
      training.step();
      frames.push(frameOf(training, i === steps ? wanted : { plane: false, coupling: false }));
    }
    return sent(frames, frames);
  },
};

expose(api);
