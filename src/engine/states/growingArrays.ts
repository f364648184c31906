/** Arrays in an arena that grow: the address and the capacity in 32-bit words of each. */
import type { Arena } from '../kernels/arena.ts';

export interface GrowingArrays<Name extends string> {
  readonly addresses: Record<Name, number>;
  readonly words: Record<Name, number>;
}

export function createGrowingArrays<Name extends string>(names: readonly Name[]): GrowingArrays<Name> {
  const none = () => Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  return { addresses: none(), words: none() };
}

/** Reallocates an array for `needed` words, which must be more than its capacity. The first `kept` words are copied. */
export function enlarge<Name extends string>(
  arena: Arena,
  { addresses, words }: GrowingArrays<Name>,
  name: Name,
  needed: number,
  kept: number,
): void {
  const [address, had] = [addresses[name], words[name]];
  words[name] = Math.max(2 * had, needed);
  addresses[name] = arena.floats(words[name]);
  arena.copy(addresses[name], address, 4 * Math.min(had, kept));
}
