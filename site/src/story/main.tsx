/** The story: gradient coupling, from one update to what removes it. */
import { showPage } from '../shell/shell.tsx';
import { LookAlikes } from './lookAlikes.tsx';
import { Transfer } from './transfer.tsx';

function Story() {
  return (
    <>
      <div class="prose">
        <h1>One update in one state changes what an agent does in another</h1>
        <p class="lead">
          A policy is one network for all states. A gradient step that makes the right action likelier in one state also
          moves the same action in every state that looks similar, where it may be wrong. This is{' '}
          <i>gradient coupling</i>. Below, small policies are trained while you watch, by the same code that the command
          line runs.
        </p>
      </div>
      <LookAlikes />
      <Transfer />
    </>
  );
}

showPage('Story', <Story />);
