/** How the policy is trained: what the states share, the network, its seed and the step size. */
import type { Sharing } from '../plane/scene.ts';
import { Choices } from '../shell/choices.tsx';
import type { Editor } from './editor.ts';

export const sharingWords: readonly (readonly [Sharing, string])[] = [
  ['coupled', 'Coupled'],
  ['decoupled', 'Decoupled'],
  ['own', 'Own networks'],
];

const explanations: Readonly<Record<Sharing, string>> = {
  coupled: 'One network for all states, trained as usual.',
  decoupled:
    'One network. The weights of the samples are changed so that, to first order, no trained state moves another.',
  own: 'A network for each state, from the same start. Nothing is shared.',
};

/** Places of the slider. */
const etas = [0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10] as const;

export function Settings({ editor }: { readonly editor: Editor }) {
  const { network, sharing, seed, eta, sampled } = editor.player.scene.value;
  return (
    <div class="controls settings">
      <Choices
        legend="What the states share"
        name="sharing"
        options={sharingWords}
        value={sharing}
        choose={(next) => editor.use({ sharing: next })}
        hint={explanations[sharing]}
      />
      <Choices
        legend="Network"
        name="network"
        options={[
          ['fourier', 'Fourier'],
          ['mlp', 'MLP'],
        ]}
        value={network}
        choose={(next) => editor.use({ network: next })}
        hint={
          network === 'fourier'
            ? 'Similarity depends on distance alone: 0.88 at 0.2, 0.46 at 0.5, 0.04 at 1.'
            : 'A hidden layer of 128 units that learns its features. Similarity depends on the place.'
        }
      />
      <Choices
        legend="Gradients"
        name="gradients"
        options={[
          ['exact', 'Exact'],
          ['sampled', 'Sampled'],
        ]}
        value={sampled ? 'sampled' : 'exact'}
        choose={(next) => editor.use({ sampled: next === 'sampled' })}
        hint={
          sampled
            ? 'GRPO as a trainer has it: 8 groups of 8 sampled actions in each update.'
            : 'Every action of every state counts with its probability.'
        }
      />
      <label class="field">
        <span>Seed</span>
        <input
          type="number"
          min={0}
          max={9999}
          value={seed}
          onChange={(event) => {
            const next = event.currentTarget.valueAsNumber;
            if (Number.isInteger(next) && next >= 0 && next <= 9999) editor.use({ seed: next });
          }}
        />
      </label>
      <label class="field">
        <span>
          Step size η: <output>{eta}</output>
        </span>
        <input
          type="range"
          min={0}
          max={etas.length - 1}
          step={1}
          value={etas.findLastIndex((x) => x <= eta)}
          aria-valuetext={`${eta}`}
          onInput={(event) => editor.use({ eta: etas[event.currentTarget.valueAsNumber] }, 'eta')}
          onChange={editor.endGesture}
        />
      </label>
    </div>
  );
}
