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
          A rare state learns from a frequent one that agrees with it. A state that training never meets can learn from
          nothing else. Own networks, which share nothing, have no way to do either.
        </p>
      </div>
      <TransferPair comparison={teaching} />
      <div class="prose apart">
        <p>
          So coupling is no fault to be removed everywhere. Decoupled advantages are not drawn for the states that were
          never trained on: how much they generalise depends on whether those states are part of the system that is
          solved. With the trained states alone in it they generalise, too.
        </p>
      </div>
    </>
  );
}
