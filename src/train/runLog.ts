/** Metrics and checkpoints of one run, with the chain of hashes that covers both. */

import type { CouplingSummary, MeasuredCoupling } from '../coupling/measure.ts';
import type { LabelSource } from '../credit/labels/labels.ts';
import type { TrackedState } from '../record/actionProbabilities.ts';
import { type Chain, type ChainHead, openChain } from '../record/chain.ts';
import type { Checkpoint } from '../record/checkpoint.ts';
import type { JsonRecord } from '../record/json.ts';
import { type Counters, saveLearner } from './checkpointing.ts';
import { type Experience, saveExperience } from './experience.ts';
import type { Metrics } from './iteration.ts';
import { type Normalizers, saveNormalizers } from './normalizers.ts';
import type { Progress, Run } from './run.ts';

/** Receives what a run produces. Every hook is called between updates, never inside one. */
export interface TrainHooks {
  /**
   * A line of metrics: of iteration 0 before the first update, then of each iteration. docs/metrics.md has the keys.
   */
  readonly onMetrics?: (iteration: number, metrics: Metrics) => void;
  /**
   * All that a run needs to resume, every `config.checkpointEvery` iterations, at the end, and where an abort stops the
   * run.
   */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
  /** Coupling before the first update and after the last one. */
  readonly onCoupling?: (
    name: 'coupling-start' | 'coupling-end',
    iteration: number,
    measured: MeasuredCoupling,
  ) => void;
  /**
   * With `diagnostics`: probabilities of the actions of a fixed set of states, before the first update and after each
   * evaluation and coupling measurement.
   */
  readonly onActionProbabilities?: (
    iteration: number,
    states: readonly TrackedState[],
    probabilities: readonly number[],
  ) => void;
  /** Called when a phase starts and as it advances. */
  readonly onProgress?: (progress: Progress) => void;
}

type Learned = Omit<Checkpoint, 'chain'>;

export interface RunLog {
  /** The chain up to the latest checkpoint. */
  readonly chain: Chain;
  /** Iteration of the latest checkpoint; -1 before the first. */
  readonly saved: number;
  /** A copy of all that the run has learned by the end of `iteration`. */
  learned(iteration: number): Learned;
  /**
   * Passes a checkpoint on.
   *
   * @param scheduled false: the config asks for no checkpoint here, and the chain of the uninterrupted run leaves it
   *   out
   */
  save(learned: Learned, scheduled?: boolean): void;
  /** Passes a line of metrics on. */
  metrics(iteration: number, line: Metrics): void;
}

/** What the checkpoints of a run hold besides the learner. */
export interface LoggedParts {
  readonly run: Run;
  readonly labelSource: LabelSource;
  readonly normalizers: Normalizers;
  readonly experience: Experience | null;
  /** Address of the reference policy's weights, 0 without one. */
  readonly reference: number;
  readonly vocabulary: JsonRecord | null;
  /** Coupling before the first update; not yet known while no checkpoint is written. */
  couplingStart(): CouplingSummary;
}

/** Opens the log of a run that starts with `head`, or resumes from `checkpoint`. */
export function openRunLog(
  parts: LoggedParts,
  head: ChainHead,
  checkpoint: Checkpoint | undefined,
  { onMetrics, onCheckpoint }: TrainHooks,
): RunLog {
  let chain: Chain = checkpoint?.chain ?? { head, links: [], open: [] };
  let saved = checkpoint?.iteration ?? -1;
  const writer = openChain(chain);
  const { run, labelSource, normalizers, experience, reference, vocabulary } = parts;
  const { learner } = run;
  return {
    get chain() {
      return chain;
    },
    get saved() {
      return saved;
    },
    learned(iteration) {
      const { updates, beta1Power, beta2Power } = learner;
      const couplingStart = parts.couplingStart();
      const memory = {
        labels: labelSource.save(),
        normalizers: saveNormalizers(normalizers),
        experience: saveExperience(experience),
      };
      const counters: Counters = { envSteps: run.envSteps, updates, beta1Power, beta2Power, couplingStart };
      return saveLearner(learner, iteration, reference, memory, counters, vocabulary);
    },
    save(learned, scheduled = true) {
      saved = learned.iteration;
      chain = writer.addLink(learned, scheduled);
      onCheckpoint?.({ ...learned, chain });
    },
    metrics(iteration, line) {
      writer.addMetrics({ iteration, ...line });
      onMetrics?.(iteration, line);
    },
  };
}
