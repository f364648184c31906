import { htmlTable } from '../compare/closingTable.ts';
import { escapeMarkup } from '../draw/escapeMarkup.ts';
import { htmlFigure, htmlPage, htmlSection } from '../draw/page.ts';
import { percent, phaseCells, phaseHead, profileNotes, rateCells, rateHead } from './profileCells.ts';
import { profileFigure } from './profileFigure.ts';
import type { ProfileRecord } from './profileRecord.ts';

/** Largest number of rows in the page's last table. */
const PLACES = 12;

/** A profile as one self-contained HTML page. */
export function renderProfilePage(record: ProfileRecord): string {
  const { config, shares, engine } = record;
  const name = [config.env, config.policy, config.method].map(String).join(', ');
  const whole = `${record.iterationMs.toFixed(1)} ms per iteration: ${percent(shares.kernels)} in kernels, ${percent(shares.environment)} in the environment, ${percent(shares.outside)} outside both.`;
  return htmlPage(`unbraid: profile of ${name}`, [
    `<h1>${escapeMarkup(`Profile of ${name}`)}</h1>`,
    `<p class="summary">${escapeMarkup(whole)}</p>`,
    `<p class="quiet">${escapeMarkup(`${profileNotes(record).join(' ')} ${engine}. Parameters ${record.parametersSha256}`)}</p>`,
    htmlFigure((medium) => profileFigure(record, medium), caption),
    htmlSection('Phases', htmlTable('ms per iteration; shares in the last row', phaseHead, phaseCells(record)), ''),
    htmlSection(
      'Kernels',
      htmlTable(
        'Per iteration',
        ['kernel', ...rateHead],
        record.kernels.map((row) => [row.kernel, ...rateCells(row)]),
      ),
      '',
    ),
    htmlSection(
      'Kernels with the highest potential time saving',
      htmlTable(
        'Kernels by phase, per iteration',
        ['kernel', 'phase', 'lost', ...rateHead],
        record.places.slice(0, PLACES).map((row) => [row.kernel, row.phase, percent(row.lost), ...rateCells(row)]),
      ),
      '',
    ),
  ]);
}

const caption =
  'Lower panel, dark: time of the work at the nearer of the two peaks (arithmetic or bytes of the first cache). Light: the rest, ' +
  'which faster code, larger batches or fewer calls might save.';
