/** Two states on a line: their distance is their similarity. The figures of the canvas use the same drawing. */
export function PairPicture({ distance }: { readonly distance: number }) {
  const half = 52 * distance;
  return (
    <svg class="pair-picture" viewBox="0 0 124 28" aria-hidden="true">
      <line x1={62 - half} y1="14" x2={62 + half} y2="14" />
      <circle cx={62 - half} cy="14" r="10" style={{ fill: 'var(--action-0)' }} />
      <circle cx={62 + half} cy="14" r="5" style={{ fill: 'var(--action-1)' }} />
    </svg>
  );
}
