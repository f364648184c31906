/** What a visitor chooses of the two states, and how it is trained. */
import { computed, signal } from '@preact/signals';
import { Choices } from '../shell/choices.tsx';
import { choiceFromAddress, numberFromAddress, toAddress } from '../shell/urlState.ts';
import { type Condition, conditions, distanceOf, pairScene } from './pair.ts';
import { PairPicture } from './pairPicture.tsx';

const standard = { similarity: 0.7, seed: '1' } as const;
const seeds = ['1', '2', '3', '6', '10'] as const;

const similarity = signal(numberFromAddress('similarity', standard.similarity, 0.05, 0.95));
export const condition = signal<Condition>(choiceFromAddress('sharing', conditions));
const seed = signal<(typeof seeds)[number]>(choiceFromAddress('seed', seeds));
export const scene = computed(() => pairScene(similarity.value, condition.value, Number(seed.value)));

export const look: Readonly<Record<Condition, { words: string; colour: string; dash?: number[]; meaning: string }>> = {
  coupled: {
    ...{ words: 'Coupled', colour: '--bad' },
    meaning: 'One network for both states, trained as usual.',
  },
  decoupled: {
    ...{ words: 'Decoupled', colour: '--accent' },
    meaning:
      'One network and all samples. The advantages are changed so that, to first order, no state moves the other one.',
  },
  own: {
    ...{ words: 'Own networks', colour: '--good', dash: [6, 4] },
    meaning: 'A network for each state: the states share nothing. This is a comparison and no method.',
  },
  removed: {
    ...{ words: 'Other state’s data removed', colour: '--quiet', dash: [2, 3] },
    meaning:
      'The samples of the frequent state are deleted. The wrong action does not rise, and the frequent state is never learnt. This shows where the rise comes from; it is no way to train.',
  },
};

/** Similarities that show one course each; for the seeds on offer. */
const courses = [
  [0.2, 'Little alike'],
  [0.7, 'Alike'],
  [0.9, 'Very alike'],
] as const;

interface PairControlsProps {
  /** Called when there are two other states. */
  readonly useStates: () => void;
  /** Called when the same two states are trained in another way. */
  readonly useCondition: () => void;
}

export function PairControls({ useStates, useCondition }: PairControlsProps) {
  const setSimilarity = (value: number): void => {
    similarity.value = value;
    toAddress('similarity', value === standard.similarity ? null : `${value}`);
    useStates();
  };
  return (
    <>
      <div class="controls">
        <div class="field wide">
          <label>
            Similarity of the two states: <output>{similarity.value.toFixed(2)}</output>
            <input
              type="range"
              min={0.05}
              max={0.95}
              step={0.05}
              value={similarity.value}
              onInput={(event) => setSimilarity(event.currentTarget.valueAsNumber)}
            />
          </label>
          <div class="row">
            <PairPicture distance={distanceOf(similarity.value)} />
            {courses.map(([value, words]) => (
              <button
                key={value}
                type="button"
                class="act small"
                aria-pressed={value === similarity.value}
                onClick={() => setSimilarity(value)}
              >
                {words}
              </button>
            ))}
          </div>
        </div>
        <Choices
          legend="Training"
          name="sharing"
          options={conditions.map((name) => [name, look[name].words] as const)}
          value={condition.value}
          choose={(name) => {
            condition.value = name;
            toAddress('sharing', name === conditions[0] ? null : name);
            useCondition();
          }}
        />
        <label class="field">
          <span>Seed</span>
          <select
            value={seed.value}
            onChange={(event) => {
              seed.value = seeds.find((each) => each === event.currentTarget.value) ?? standard.seed;
              toAddress('seed', seed.value === standard.seed ? null : seed.value);
              useStates();
            }}
          >
            {seeds.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <p class="quiet prose" role="status">
        {look[condition.value].meaning}
      </p>
    </>
  );
}
