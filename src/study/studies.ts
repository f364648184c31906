/** All studies. */
import { dangerZone } from './dangerZone.ts';
import { generalisation } from './generalisation.ts';
import { labels } from './labels.ts';
import { matchedSuccess } from './matchedSuccess.ts';
import { similarity } from './similarity.ts';
import type { Study } from './study.ts';
import { theory } from './theory.ts';

export const studies: readonly Study[] = [dangerZone, similarity, generalisation, labels, matchedSuccess, theory];
