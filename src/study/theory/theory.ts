/** The theory study: closed forms compared with measurements of the engine. */
import type { JsonRecord } from '../../record/json.ts';
import type { Study } from '../study.ts';
import { groupSign } from './groupSign.ts';
import { riskyAction } from './riskyAction.ts';
import { squeezing } from './squeezing.ts';
import { stepError } from './stepError.ts';

const parts = { squeezing, riskyAction, groupSign, stepError } as const;

export const theory: Study = {
  name: 'theory',
  question:
    'do the closed forms around the method hold: punished risk, sign of its advantages, squeezing, first-order spillover?',
  plan: (scale) => Object.values(parts).flatMap((part) => part.plan(scale)),
  report(results, scale, command) {
    const found = Object.entries(parts).flatMap(([name, part]) => {
      const report = part.report(results, scale, command);
      return report === null ? [] : [{ name, ...report }];
    });
    const key: JsonRecord = Object.fromEntries(found.map((report) => [report.name, report.key]));
    return {
      summary: found.flatMap(({ summary }) => summary),
      tables: found.flatMap(({ tables }) => tables),
      figures: found.flatMap(({ figures }) => figures),
      notes: found.flatMap(({ notes }) => notes),
      key,
    };
  },
};
