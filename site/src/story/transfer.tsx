/** The last section: the same coupling carries learning from state to state. */

import { TransferPair } from './transferPair.tsx';
import { comparisons } from './transferScenes.ts';

export function Transfer() {
  const [rings, teaching] = comparisons;
  return (
    <>
      <TransferPair comparison={rings} />
      <div class="prose apart">
        <p>
          A rare state learns from a frequent one that agrees with it. With a network of its own it has its own few
          samples alone. A state that training never meets learns nothing at all without coupling.
        </p>
      </div>
      <TransferPair comparison={teaching} />
      <div class="prose apart">
        <p>
          So coupling is no fault to be removed everywhere. Decoupled training keeps trained states apart, and here it
          still reaches states without samples, only later. One of the five is a trap that needs C among states that
          need A: what coupling teaches it is wrong.
        </p>
      </div>
    </>
  );
}
