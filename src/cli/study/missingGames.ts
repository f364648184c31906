/** Checks that the programs for games of other packages are installed. */
import { resolveBridge } from '../../env/bridge/resolveBridge.node.ts';

/**
 * The reason why games of this name, such as `textworld-express/coin`, cannot be played on this machine, with
 * installation advice; null if they can.
 */
export function missingGames(name: string): string | null {
  try {
    resolveBridge(name);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
