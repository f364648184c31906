/** The story: gradient coupling, from one update to what removes it and what it is good for. */
import { showPage } from '../shell/shell.tsx';
import { LookAlikes } from './lookAlikes.tsx';
import { DangerText, MethodsText, TransferText } from './sections.tsx';
import './story.css';

const contents = [
  ['look-alikes', 'Two states'],
  ['danger-zone', 'The danger zone'],
  ['methods', 'Methods and controls'],
  ['transfer', 'Transfer'],
] as const;

function Story() {
  return (
    <>
      <h1>One update in one state changes what an agent does in another</h1>
      <div class="prose">
        <p class="lead">
          A policy is one network for all states. A gradient step that makes the right action likelier in one state also
          moves the same action in every state that looks similar, where it may be wrong. This is{' '}
          <i>gradient coupling</i>. Below, small policies are trained while you watch, by the same code that the command
          line runs.
        </p>
      </div>
      <nav aria-label="Sections">
        <ol class="contents">
          {contents.map(([id, words]) => (
            <li key={id}>
              <a href={`#${id}`}>{words}</a>
            </li>
          ))}
        </ol>
      </nav>
      <LookAlikes />
      <DangerText />
      <MethodsText />
      <TransferText />
      <section aria-labelledby="further">
        <div class="prose">
          <h2 id="further">Try it on your own states</h2>
          <p>
            <a href="./canvas/">Draw states by hand</a> and train on them. <a href="./lab/">Run the whole trainer</a> on
            games, with two methods side by side. <a href="./docs/results/">Read the results</a> with every interval,
            command and limitation, and <a href="./verify/">check a run</a> in this browser.
          </p>
        </div>
      </section>
    </>
  );
}

showPage('Story', <Story />);

// The sections did not exist when the browser looked for the fragment of the address.
if (location.hash !== '') document.getElementById(location.hash.slice(1))?.scrollIntoView();
