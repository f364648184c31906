/** The first difference between a receipt and its replay, as a table of the values that differ. */
import type { ReceiptDifference } from 'unbraid/record';
import { ScrollRegion } from '../shell/scrollRegion.tsx';
import { shownText } from './shownText.ts';

interface Row {
  readonly what: string;
  readonly receipt: string;
  readonly replay: string;
}

/** Most rows: the rest tells nothing more. */
const mostRows = 20;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const valueText = (value: unknown): string =>
  value === undefined ? 'not stated' : shownText(typeof value === 'string' ? value : JSON.stringify(value));

/** One row for each value that differs; of two objects, only for the keys that differ. */
function rowsOf(what: string, receipt: unknown, replay: unknown, depth = 0): Row[] {
  if (JSON.stringify(receipt) === JSON.stringify(replay)) return [];
  if (!isRecord(receipt) || !isRecord(replay) || depth > 4) {
    return [{ what, receipt: valueText(receipt), replay: valueText(replay) }];
  }
  const keys = [...new Set([...Object.keys(receipt), ...Object.keys(replay)])];
  return keys.flatMap((key) => {
    const [stated, made] = [receipt, replay].map((of) => (Object.hasOwn(of, key) ? of[key] : undefined));
    return rowsOf(`${what}, ${shownText(key)}`, stated, made, depth + 1);
  });
}

export function differenceRows({ differs }: ReceiptDifference): Row[] {
  return differs.flatMap(({ what, receipt, replay }) => rowsOf(shownText(what), receipt, replay)).slice(0, mostRows);
}

export function DifferenceTable({ difference }: { readonly difference: ReceiptDifference }) {
  return (
    <ScrollRegion label="The first difference">
      <table>
        <thead>
          <tr>
            <th scope="col">what</th>
            <th scope="col">stated</th>
            <th scope="col">replayed</th>
          </tr>
        </thead>
        <tbody>
          {differenceRows(difference).map(({ what, receipt, replay }) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td class="hash">{receipt}</td>
              <td class="hash">{replay}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
