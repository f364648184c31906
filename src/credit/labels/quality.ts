/** Quality of labels, measured against an expert. */

export interface LabelQuality {
  /** Share of the action rows that have a label. */
  readonly coverage: number | null;
  /** Share of the labelled rows on which label and expert agree. */
  readonly accuracy: number | null;
  /** Share labelled good among the labelled rows in which the expert would take the action. */
  readonly truePositiveRate: number | null;
  /** Share labelled good among the other labelled rows. */
  readonly falsePositiveRate: number | null;
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/**
 * Compares labels with an expert's choice. A share of zero rows is null: without an expert every share except the
 * coverage is null.
 *
 * @param labels i8[action rows]: 1 good, 0 bad, -1 none
 * @param expert u8[>= action rows]: 1 where the expert would take the action; empty without an expert
 * @throws RangeError if the expert's rows end before the labels
 */
export function labelQuality(labels: Int8Array, expert: Uint8Array): LabelQuality {
  if (expert.length > 0 && expert.length < labels.length) {
    throw new RangeError(
      `labelQuality: expert must be empty or have ${labels.length} rows, got ${expert.length}; pass that of the same rollout`,
    );
  }
  let labelled = 0;
  // Number of rows by the expert's choice: [bad, good].
  const rows = [0, 0];
  const labelledGood = [0, 0];
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] < 0) continue;
    labelled++;
    if (expert.length === 0) continue;
    rows[expert[row]]++;
    labelledGood[expert[row]] += labels[row];
  }
  return {
    coverage: share(labelled, labels.length),
    accuracy: share(labelledGood[1] + rows[0] - labelledGood[0], rows[0] + rows[1]),
    truePositiveRate: share(labelledGood[1], rows[1]),
    falsePositiveRate: share(labelledGood[0], rows[0]),
  };
}
