/** The whole library as one object, for jobs in other runtimes: the file for pages has the same names. */
import * as coupling from '../../entry/coupling.ts';
import * as env from '../../entry/env.ts';
import * as layers from '../../entry/layers.ts';
import * as learn from '../../entry/learn.ts';
import * as record from '../../entry/record.ts';
import * as statistics from '../../entry/statistics.ts';
import * as volunteer from '../../entry/volunteer.ts';
import * as main from '../../index.ts';
import { openCrew, relaxedCrew } from '../../parallel/crew.ts';

export const library: typeof main &
  typeof layers &
  typeof learn &
  typeof env &
  typeof coupling &
  typeof statistics &
  typeof record &
  typeof volunteer & { readonly openCrew: typeof openCrew; readonly relaxedCrew: typeof relaxedCrew } = {
  ...main,
  ...layers,
  ...learn,
  ...env,
  ...coupling,
  ...statistics,
  ...record,
  ...volunteer,
  openCrew,
  relaxedCrew,
};
