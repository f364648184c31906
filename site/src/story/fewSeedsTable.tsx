/** Ways to train with too few seeds for an interval: their values by seed. */
import { fewSeeds } from './fewSeeds.ts';
import { labLink } from './methodRows.ts';

export function FewSeedsTable() {
  return (
    <>
      <h3 class="apart">Too few seeds for an interval</h3>
      <p class="quiet">Household, success on unseen combinations, seed by seed. These values rank nothing.</p>
      <div class="grid two">
        {fewSeeds.map(({ title, what, page, values, finding, lab }) => (
          <div class="panel few" key={title}>
            <h4>{title}</h4>
            <p>{what}</p>
            <dl>
              {values.map(([condition, , numbers]) => (
                <div key={condition}>
                  <dt>{condition}</dt>
                  <dd>{numbers.join(', ')}</dd>
                </div>
              ))}
            </dl>
            <p class="quiet">
              {finding} <a href={`./docs/algorithms/${page}`}>{title}: formula and limits</a>
              {lab && (
                <>
                  {' · '}
                  <a href={labLink(lab, 'household')}>{title} in the lab</a>
                </>
              )}
            </p>
          </div>
        ))}
      </div>
    </>
  );
}
