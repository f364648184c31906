/** What the lab shows of one run. */
import { LineChart } from '../figures/lineChart.tsx';
import { AgentView } from './agentView.tsx';
import { EmbeddingView } from './embeddingView.tsx';
import { GramView } from './gramView.tsx';
import type { Session } from './session.ts';

const splits = [
  ['charts/success', 'rollouts', '--quiet'],
  ['eval/train', 'training games', '--action-0'],
  ['eval/in_domain', 'in-domain', '--action-2'],
  ['eval/out_of_domain', 'out-of-domain', '--action-1'],
] as const;

const phases: Readonly<Record<string, string>> = {
  'sample pairs': 'collecting sample pairs',
  demonstrations: 'playing demonstrations',
  'cold start': 'cold start',
  evaluate: 'evaluating',
  coupling: 'measuring coupling',
  train: 'training',
};

function save(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/zip' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

export function RunView({ session, name }: { readonly session: Session; readonly name: string }) {
  const { settings, metrics, iteration, progress, state, ended, view, problem } = session;
  const lines = metrics.value;
  const axis = lines.map((line) => line.iteration);
  const valuesOf = (key: string): (number | null)[] => lines.map((line) => line[key] ?? null);
  const phase = progress.value;
  const latest = lines[lines.length - 1];
  return (
    <section class="run" aria-label={name}>
      <h2>{name}</h2>
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
      <p role="status" class="quiet">
        Iteration {iteration.value} of {settings.iterations}
        {state.value === 'running' &&
          phase &&
          phase.phase !== 'train' &&
          `, ${phases[phase.phase] ?? phase.phase} ${phase.done} of ${phase.total}`}
        {state.value === 'paused' && iteration.value > 0 && ', paused'}
        {ended.value && `, parameters ${ended.value.parametersSha256.slice(0, 16)}`}
      </p>
      <figure>
        <h3>Success</h3>
        <LineChart
          x={axis}
          xLabel="iterations"
          lines={splits.map(([key, label, colour]) => ({
            label,
            colour,
            width: key === 'charts/success' ? 1 : 2.5,
            values: valuesOf(key),
          }))}
          height={230}
          range={[0, 1]}
          xMost={settings.iterations}
          summary={`Success after ${iteration.value} iterations: ${latest?.['charts/success']?.toFixed(2) ?? 'none yet'} in rollouts.`}
        />
      </figure>
      {view.value && (
        <>
          <p class="quiet">The policy after iteration {view.value.iteration}:</p>
          <div class="grid">
            <GramView view={view.value.of} />
            <EmbeddingView view={view.value.of} />
            <figure class="panel">
              <h3>Coupling by parameter</h3>
              <div class="scroll" tabIndex={0} role="region" aria-label="Coupling by parameter">
                <table>
                  <thead>
                    <tr>
                      <th>parameter</th>
                      <th>share</th>
                      <th>good-bad</th>
                      <th>good-good</th>
                    </tr>
                  </thead>
                  <tbody>
                    {view.value.of.coupling.layers
                      .toSorted((a, b) => b.share - a.share)
                      .slice(0, 8)
                      .map(({ parameter, share, goodBadCosine, goodGoodCosine }) => (
                        <tr key={parameter}>
                          <td>{parameter}</td>
                          <td>{share.toFixed(2)}</td>
                          <td>{goodBadCosine.toFixed(2)}</td>
                          <td>{goodGoodCosine.toFixed(2)}</td>
                        </tr>
                      ))}
                  </tbody>
                </table>
              </div>
              <figcaption>
                Share: of the squared gradient norms. Cosines: of the parameter's part of the gradients.
              </figcaption>
            </figure>
            <AgentView session={session} />
          </div>
        </>
      )}
      <div class="controls">
        <button
          type="button"
          class="act"
          disabled={state.value === 'running' || iteration.value === 0}
          onClick={() => {
            session.files().then(
              (bytes) => save(`${settings.env}-${settings.method}-s${settings.seed}.zip`, bytes),
              () => {},
            );
          }}
        >
          Download the run
        </button>
        <span class="quiet">unbraid verify reads the unzipped folder.</span>
      </div>
    </section>
  );
}
