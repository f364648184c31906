/** Sine and cosine from operations that are exact in every runtime; error below 1e-14 for angles up to 1e3. */

/** Pi / 2 as a sum of a number with few bits and the rest, so that the product with a small integer is exact. */
const halfPiHigh = 1.5707963267341256;
const halfPiLow = 6.077100506506192e-11;

/** sin x by its Taylor polynomial of degree 17, for |x| <= pi / 4. */
function sineNear(x: number): number {
  const z = x * x;
  let sum = 1;
  for (let n = 16; n >= 2; n -= 2) sum = 1 - (z / (n * (n + 1))) * sum;
  return x * sum;
}

/** cos x by its Taylor polynomial of degree 16, for |x| <= pi / 4. */
function cosineNear(x: number): number {
  const z = x * x;
  let sum = 1;
  for (let n = 16; n >= 2; n -= 2) sum = 1 - (z / (n * (n - 1))) * sum;
  return sum;
}

function quarterTurn(x: number, shift: number): number {
  const turns = Math.round(x / (halfPiHigh + halfPiLow));
  const near = x - turns * halfPiHigh - turns * halfPiLow;
  const quarter = (((turns + shift) % 4) + 4) % 4;
  const value = quarter % 2 === 0 ? sineNear(near) : cosineNear(near);
  return quarter < 2 ? value : -value;
}

export function sine(x: number): number {
  return quarterTurn(x, 0);
}

export function cosine(x: number): number {
  return quarterTurn(x, 1);
}
