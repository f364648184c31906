/** Colours of figures on light paper, and what a page shows instead of each in dark mode. */

/** Okabe and Ito's colour-blind safe colours, without the yellow, which is too light on white. */
export const palette = ['#000000', '#D55E00', '#0072B2', '#009E73', '#CC79A7', '#E69F00', '#56B4E9'] as const;

export const ink = '#1a1a1a';
export const muted = '#555555';
export const rule = '#e4e4e4';

/** Number of colours of a scale. The middle one of a diverging scale is near its paper. */
export const LEVELS = 21;

type Rgb = readonly [number, number, number];

function mixed(from: Rgb, to: Rgb, share: number): string {
  const parts = from.map((start, i) => Math.round(start + (to[i] - start) * share));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Colours from `negative` over `neutral` to `positive`, in equal steps. */
function diverging(negative: Rgb, neutral: Rgb, positive: Rgb): string[] {
  const middle = (LEVELS - 1) / 2;
  return Array.from({ length: LEVELS }, (_, level) =>
    mixed(neutral, level < middle ? negative : positive, Math.abs(level - middle) / middle),
  );
}

function sequential(low: Rgb, high: Rgb): string[] {
  return Array.from({ length: LEVELS }, (_, level) => mixed(low, high, level / (LEVELS - 1)));
}

/**
 * Blue below zero and red above: the ends of ColorBrewer's RdBu, which are distinguishable with any kind of colour
 * vision.
 */
export const cosineColors = diverging([0x21, 0x66, 0xac], [0xf7, 0xf7, 0xf7], [0xb2, 0x18, 0x2b]);
/** The ends of ColorBrewer's Blues. The lightness falls evenly, so that the order shows without colours. */
export const probabilityColors = sequential([0xf7, 0xfb, 0xff], [0x08, 0x30, 0x6b]);

const darkCosineColors = diverging([0x5a, 0xa7, 0xf0], [0x26, 0x2a, 0x30], [0xff, 0x7a, 0x6b]);
const darkProbabilityColors = sequential([0x1f, 0x25, 0x2d], [0xcf, 0xe3, 0xff]);

/** By the colour on light paper. The colours of the page are those of the website. */
export const darkColors: ReadonlyMap<string, string> = new Map([
  ['#ffffff', '#15171a'],
  [ink, '#ececea'],
  [muted, '#a9abae'],
  [rule, '#34383e'],
  // Ticks of axes, lines of reference and of prediction.
  ['#3c3c41', '#a9abae'],
  ['#9a9a9a', '#8d9197'],
  ['#777777', '#a0a3a7'],
  [palette[0], '#ececea'],
  [palette[1], '#f28e3c'],
  [palette[2], '#4ea1e0'],
  [palette[3], '#33c79a'],
  [palette[4], '#e59ac6'],
  [palette[5], '#f2c14e'],
  [palette[6], '#b3defa'],
  // Potential saving in a profile: the lighter of two blues on either paper.
  ['#BFD9EA', '#cfe5f6'],
  // Starts of the danger zone, from dark to light on either paper.
  ['#0d0887', '#8f8aff'],
  ['#6a00a8', '#b57bff'],
  ['#b12a90', '#e06bc4'],
  ['#dd5e66', '#f0808a'],
  ['#e8853a', '#f5a25c'],
  ['#d9a300', '#eccb55'],
  ...cosineColors.map((color, level) => [color, darkCosineColors[level]] as const),
  ...probabilityColors.map((color, level) => [color, darkProbabilityColors[level]] as const),
]);
