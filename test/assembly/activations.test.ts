import { expect, test } from 'vitest';
import { activations } from '../reference/activations.ts';
import { gradientByDifferences } from '../reference/finiteDifferences.ts';
import { largestError } from '../reference/largestError.ts';
import { lengths, openWorkbench, seededFloats } from './workbench.ts';

const newCase = await openWorkbench();
const values = seededFloats('test/activations');

test.each(activations)(
  '$name: error < 1e-6 forward and < 5e-6 backward, lengths 0 to 17 and 255 to 258',
  (activation) => {
    const { kind, f, slope, savesOutput } = activation;
    for (const n of [...lengths, 255, 256, 257, 258]) {
      const x = values(n).map((value) => 4 * value);
      const d = values(n);
      const c = newCase();
      const xPtr = c.floats(x);
      const yPtr = c.output(values(n));
      c.run((kernels) => kernels.activationForward(kind, xPtr, yPtr, n));
      const y = c.read(yPtr, n);
      expect(largestError(y, Float64Array.from(x, f)), `forward of ${n}`).toBeLessThan(1e-6);

      const back = newCase();
      const savedPtr = back.floats(savesOutput ? y : x);
      const dPtr = back.output(d);
      back.run((kernels) => kernels.activationBackward(kind, savedPtr, dPtr, n));
      const expected = Float64Array.from(x, (value, i) => slope(value) * d[i]);
      expect(largestError(back.read(dPtr, n), expected), `backward of ${n}`).toBeLessThan(5e-6);
    }
  },
);

test.each(activations)(
  '$name: the double-precision derivative equals finite differences, error < 1e-8',
  ({ f, slope }) => {
    const x = values(60).map((value) => 5 * value);
    const numeric = gradientByDifferences((at) => at.reduce((sum, value) => sum + f(value), 0), x);
    expect(largestError(Float64Array.from(x, slope), numeric)).toBeLessThan(1e-8);
  },
);

test.each(activations)(
  '$name: in place, the same bits; NaN stays NaN; extreme and subnormal inputs stay finite',
  (activation) => {
    const { kind, f } = activation;
    const x = [Number.NaN, 80, -80, 1000, -1000, 1e30, -1e30, 1e-40, -1e-40, 0, -0];
    const c = newCase();
    const xPtr = c.floats(x);
    const yPtr = c.output(x);
    const inPlacePtr = c.output(x);
    c.run((kernels) => {
      kernels.activationForward(kind, xPtr, yPtr, x.length);
      kernels.activationForward(kind, inPlacePtr, inPlacePtr, x.length);
    });
    const y = c.read(yPtr, x.length);
    expect(c.read(inPlacePtr, x.length)).toEqual(y);
    expect(y[0]).toBeNaN();
    expect(largestError(y.slice(1), x.slice(1).map(f))).toBeLessThan(1e-6);
  },
);
