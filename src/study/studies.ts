/** All studies. */
import { dangerZone } from './dangerZone.ts';
import type { Study } from './study.ts';

export const studies: readonly Study[] = [dangerZone];
