/** Whether this machine has what the games of other programs need. */
import { resolveBridge } from '../../env/bridge/resolveBridge.node.ts';

/** Why TextWorldExpress games cannot be played here, with what installs it; null where they can. */
export function missingGames(): string | null {
  try {
    resolveBridge('textworld-express/coin');
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
