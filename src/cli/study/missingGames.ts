/** Checks that the programs for games of other packages are installed. */
import { resolveBridge } from '../../env/bridge/resolveBridge.node.ts';

/**
 * The reason why TextWorldExpress games cannot be played on this machine, with installation advice; null if they can.
 */
export function missingGames(): string | null {
  try {
    resolveBridge('textworld-express/coin');
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
