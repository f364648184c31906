/** A small plot in SVG: lines and marks over two linear axes, both from 0. */

export interface Series {
  /** A CSS colour. */
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly width: number;
  readonly opacity?: number;
  readonly dash?: string;
  /** Mark at each point; none: a line alone. */
  readonly mark?: 'disc' | 'square' | 'triangle';
}

interface PlotProps {
  readonly series: readonly Series[];
  readonly xMost: number;
  readonly xTicks: readonly number[];
  readonly xLabel: string;
  /** A value of x that is marked by a vertical line. */
  readonly xMark?: number;
  /** What the figure shows, in a sentence. */
  readonly summary: string;
}

/** Size of the drawing and its margins, in units of about a pixel. */
const [width, height] = [330, 190];
const [left, right, top, bottom] = [34, 8, 8, 36];

const yTicks = [0, 0.25, 0.5, 0.75, 1] as const;
const y = (value: number): number => top + (1 - value) * (height - top - bottom);

function shape(mark: NonNullable<Series['mark']>, cx: number, cy: number): string {
  if (mark === 'disc') return `M${cx - 4.5} ${cy}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0`;
  if (mark === 'square') return `M${cx - 4} ${cy - 4}h8v8h-8z`;
  return `M${cx} ${cy - 5}l5 9h-10z`;
}

export function Plot({ series, xMost, xTicks, xLabel, xMark, summary }: PlotProps) {
  const x = (value: number): number => left + (value / xMost) * (width - left - right);
  return (
    <svg class="plot" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
      {yTicks.map((tick) => (
        <g key={tick}>
          <line class="rule" x1={left} x2={width - right} y1={y(tick)} y2={y(tick)} />
          <text x={left - 5} y={y(tick) + 4} text-anchor="end">
            {tick}
          </text>
        </g>
      ))}
      {xTicks.map((tick) => (
        <text key={tick} x={x(tick)} y={height - bottom + 15} text-anchor="middle">
          {tick}
        </text>
      ))}
      <text x={(left + width - right) / 2} y={height - 4} text-anchor="middle">
        {xLabel}
      </text>
      {xMark !== undefined && <line class="here" x1={x(xMark)} x2={x(xMark)} y1={y(0)} y2={y(1)} />}
      {series.map(({ colour, points, width: stroke, opacity, dash, mark }, i) => (
        <g key={i} style={{ opacity: opacity ?? 1 }}>
          <polyline
            points={points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ')}
            stroke-width={stroke}
            {...(dash !== undefined && { 'stroke-dasharray': dash })}
            style={{ stroke: colour }}
          />
          {mark !== undefined && (
            <path d={points.map(([px, py]) => shape(mark, x(px), y(py))).join('')} style={{ fill: colour }} />
          )}
        </g>
      ))}
    </svg>
  );
}
