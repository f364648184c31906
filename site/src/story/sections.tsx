/** Headings and texts of the later sections. Their figures are loaded when they come near the viewport. */
import { Later } from './later.tsx';

export function DangerText() {
  return (
    <section aria-labelledby="danger-zone">
      <div class="prose">
        <h2 id="danger-zone">The danger zone</h2>
        <p>
          Above, every action counted with its exact probability. Real training samples episodes, and it does not always
          recover. Here the two states are trained with GRPO as <code>unbraid danger</code> trains them: 48 sampled
          episodes an iteration, AdamW, 120 iterations. The policy begins with the wrong action in the rare state at a
          probability that you choose. The starts from which the wrong action is still likely at the end are the{' '}
          <i>danger zone</i>.
        </p>
      </div>
      <Later height={1100} load={async () => (await import('./dangerZone.tsx')).DangerZone} />
    </section>
  );
}

export function MethodsText() {
  return (
    <section aria-labelledby="methods">
      <div class="prose">
        <h2 id="methods">Methods, one by one, with their controls</h2>
        <p>
          Which ways of training help an agent on games that it has never seen, and why? Each row is one way to train,
          as a difference from GRPO at equal seeds, with its 95% interval. A gain means little without its control: the
          same labels used in another way, the same labels shuffled, or more data.
        </p>
      </div>
      <Later height={2500} load={async () => (await import('./methods.tsx')).Methods} />
    </section>
  );
}

export function TransferText() {
  return (
    <section aria-labelledby="transfer">
      <div class="prose">
        <h2 id="transfer">The other half: the same coupling is transfer</h2>
        <p>
          Coupling is also the reason that a network learns from few examples. Here are twelve states on a ring, at the
          same places in both drawings. Only their right actions differ. Where neighbours disagree, coupling slows
          learning down. Where they agree, each update teaches the neighbours too.
        </p>
      </div>
      <Later height={1100} load={async () => (await import('./transfer.tsx')).Transfer} />
    </section>
  );
}
