/** All studies. */
import { dangerZone } from './danger/dangerZone.ts';
import { decoupling } from './decoupling/decoupling.ts';
import { graphAdvantages } from './methods/graphAdvantages.ts';
import { noDemonstrations } from './methods/noDemonstrations.ts';
import { optimisers } from './methods/optimisers.ts';
import { similarity } from './similarity/similarity.ts';
import type { Study } from './study.ts';
import { theory } from './theory/theory.ts';
import { generalisation } from './trained/generalisation.ts';
import { labels } from './trained/labels.ts';
import { matchedSuccess } from './trained/matchedSuccess.ts';

export const studies: readonly Study[] = [
  dangerZone,
  similarity,
  generalisation,
  labels,
  matchedSuccess,
  decoupling,
  graphAdvantages,
  noDemonstrations,
  optimisers,
  theory,
];
