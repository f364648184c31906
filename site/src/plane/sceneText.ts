/** A scene as text for an address, such as `-165,0,0,900;165,0,1,100h`: thousandths, and h for held out. */
import { actionCount, mostStates, type PlaneState } from './scene.ts';

export function statesToText(states: readonly PlaneState[]): string {
  const thousandths = (x: number): number => Math.round(1000 * x);
  return states
    .map(({ x, y, right, frequency, trained }) => {
      return `${thousandths(x)},${thousandths(y)},${right},${thousandths(frequency)}${trained ? '' : 'h'}`;
    })
    .join(';');
}

/** The states of a text of `statesToText`; null if it is not one, or has too many states or none that is trained. */
export function statesFromText(text: string | null): PlaneState[] | null {
  if (text === null || text.length > 30 * mostStates) return null;
  const states: PlaneState[] = [];
  for (const part of text.split(';')) {
    const found = /^(-?\d{1,4}),(-?\d{1,4}),(\d),(\d{1,4})(h?)$/.exec(part);
    if (!found) return null;
    const [x, y, right, frequency] = found.slice(1, 5).map(Number);
    if (Math.abs(x) > 1000 || Math.abs(y) > 1000 || right >= actionCount || frequency < 1 || frequency > 1000)
      return null;
    states.push({ x: x / 1000, y: y / 1000, right, frequency: frequency / 1000, trained: found[5] === '' });
  }
  return states.length <= mostStates && states.some(({ trained }) => trained) ? states : null;
}
