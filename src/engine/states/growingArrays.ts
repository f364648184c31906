/** Arrays in an arena that grow: where each stands and how many 32-bit words it has room for. */
import type { Arena } from '../kernels/arena.ts';

export interface Room<Name extends string> {
  readonly addresses: Record<Name, number>;
  readonly words: Record<Name, number>;
}

export function createRoom<Name extends string>(names: readonly Name[]): Room<Name> {
  const none = () => Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  return { addresses: none(), words: none() };
}

/** Room for `needed` words, more than there was; the first `kept` words stay. */
export function enlarge<Name extends string>(
  arena: Arena,
  { addresses, words }: Room<Name>,
  name: Name,
  needed: number,
  kept: number,
): void {
  const [address, had] = [addresses[name], words[name]];
  words[name] = Math.max(2 * had, needed);
  addresses[name] = arena.floats(words[name]);
  arena.copy(addresses[name], address, 4 * Math.min(had, kept));
}
