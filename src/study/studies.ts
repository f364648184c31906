/** All studies. */
import { dangerZone } from './dangerZone.ts';
import { generalisation } from './generalisation.ts';
import { matchedSuccess } from './matchedSuccess.ts';
import type { Study } from './study.ts';

export const studies: readonly Study[] = [dangerZone, generalisation, matchedSuccess];
