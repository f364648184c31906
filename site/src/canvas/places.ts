/** Where states can lie: inside the plane, and far enough from each other to be told apart. */
import { leastDistance, mostStates, type PlaneState } from '../plane/scene.ts';

/** A place as thousandths, which links and files state exactly, with room for the disc at the border. */
const rounded = (x: number): number => Math.round(1000 * Math.max(-0.98, Math.min(0.98, x))) / 1000;

const squaredDistance = (s: PlaneState, x: number, y: number): number => (s.x - x) * (s.x - x) + (s.y - y) * (s.y - y);

/** Index of a state that is too close to a place, or -1. @param except index of a state that does not count */
function tooClose(states: readonly PlaneState[], x: number, y: number, except: number | null): number {
  return states.findIndex((s, i) => i !== except && squaredDistance(s, x, y) < leastDistance * leastDistance);
}

/**
 * The place nearest to (x, y) where a state can lie: itself, or a place beside the state that is too close.
 *
 * @returns null if all places around that state are too close to others
 */
export function placeNear(
  states: readonly PlaneState[],
  x: number,
  y: number,
  except: number | null,
): { readonly x: number; readonly y: number; readonly beside: number | null } | null {
  const wanted = { x: rounded(x), y: rounded(y) };
  const beside = tooClose(states, wanted.x, wanted.y, except);
  if (beside < 0) return { ...wanted, beside: null };
  const other = states[beside];
  const length = Math.sqrt(squaredDistance(other, x, y));
  const [towardsX, towardsY] = length > 0 ? [(x - other.x) / length, (y - other.y) / length] : [1, 0];
  // Slightly more than the least distance, so that rounding does not bring them closer.
  const reach = leastDistance + 0.002;
  const turns = [
    [towardsX, towardsY],
    [towardsY, -towardsX],
    [-towardsY, towardsX],
    [-towardsX, -towardsY],
  ];
  for (const [dx, dy] of turns) {
    const place = { x: rounded(other.x + reach * dx), y: rounded(other.y + reach * dy) };
    if (tooClose(states, place.x, place.y, except) < 0) return { ...place, beside };
  }
  return null;
}

/** The free place nearest to the centre on a coarse grid, for adding a state without a mouse. */
export function freePlace(states: readonly PlaneState[]): readonly [number, number] | null {
  const places = Array.from({ length: 81 }, (_, i) => [((i % 9) - 4) / 5, (Math.floor(i / 9) - 4) / 5] as const);
  const near = places.toSorted(([ax, ay], [bx, by]) => ax * ax + ay * ay - bx * bx - by * by);
  return near.find(([x, y]) => tooClose(states, x, y, null) < 0) ?? null;
}

/** The states of a link without those that lie on an earlier one. */
export function keptApart(states: readonly PlaneState[]): PlaneState[] {
  const kept: PlaneState[] = [];
  for (const s of states) if (kept.length < mostStates && tooClose(kept, s.x, s.y, null) < 0) kept.push(s);
  return kept;
}
