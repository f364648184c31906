/** Figures of coupling during training. */
import { contrastAt } from './contrast.ts';
import type { MetricFigure } from './metricPanels.ts';

/** Good-bad, good-good and bad-bad cosine and their contrast. */
export const couplingCurves: MetricFigure = {
  id: 'coupling-curves',
  title: 'Coupling during training: cosines by class of pairs, and their contrast',
  explained: 'Contrast: mean of good-good and bad-bad, minus good-bad.',
  panels: [
    {
      ...{ name: 'good-bad cosine', axis: 'mean cosine', scale: 'cosine' },
      pick: (line) => line['coupling/good_bad_cosine'],
    },
    { name: 'contrast', axis: 'difference of cosines', scale: 'contrast', pick: contrastAt },
    {
      ...{ name: 'good-good cosine', axis: 'mean cosine', scale: 'cosine' },
      pick: (line) => line['coupling/good_good_cosine'],
    },
    {
      ...{ name: 'bad-bad cosine', axis: 'mean cosine', scale: 'cosine' },
      pick: (line) => line['coupling/bad_bad_cosine'],
    },
  ],
};

/** What the updates of single iterations did to held-out samples, and how well their gradients predict it. */
export const stepCurves: MetricFigure = {
  id: 'step-curves',
  title: 'Spillover of the steps of training on held-out samples',
  explained: 'Change of log π by the updates of one iteration; predicted to first order, and measured.',
  panels: [
    {
      ...{ name: 'bad samples', axis: 'measured change of log π', scale: 'change' },
      pick: (line) => line['spillover/bad_actual'],
    },
    {
      ...{ name: 'good samples', axis: 'measured change of log π', scale: 'change' },
      pick: (line) => line['spillover/good_actual'],
    },
    {
      ...{ name: 'predicted and measured', axis: 'correlation', scale: 'correlation' },
      pick: (line) => line['spillover/correlation'],
    },
    {
      ...{ name: 'predicted and measured', axis: 'relative error', scale: 'error' },
      pick: (line) => line['spillover/relative_error'],
    },
  ],
};
