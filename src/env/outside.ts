/** Opens environments that another program plays, and checks that they have the form that a config requires. */
import type { Config } from '../config/config.ts';
import { unlessAborted } from '../eventLoop.ts';
import type { StartProgress } from './bridge/messages.ts';
import type { Environment, TextEnvironment } from './environment.ts';

/** How a bridge is opened. */
export interface OpenBridgeOptions {
  /** Once it aborts, calls that wait for the environment reject with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Step limit that the program must use; null: its own. */
  readonly maxSteps?: number | null;
  /** Number of processes that play. The result does not depend on it. */
  readonly processes?: number;
  readonly onProgress?: ((report: StartProgress) => void) | undefined;
}

/** An open bridge to environments of one form; without `form` their observations are text. */
export type OpenedBridge = {
  close(): Promise<void>;
  /** Number of resets that were repeated so far, because the program asked for it. */
  retries?(): number;
} & (
  | { readonly form?: 'text'; create(): TextEnvironment }
  | { readonly form: 'vector'; create(): Environment }
  | { readonly form: 'tokens'; create(): Environment }
);

/** Opens an environment whose name is not built in. The caller supplies this function, because it starts processes. */
export type OpenBridge = (name: string, options?: OpenBridgeOptions) => Promise<OpenedBridge>;

/** What a config must set for the form of a bridge. */
const settingsFor = {
  text: 'set observation to null or "text" and policy to "attention"',
  vector: 'set policy to "mlp" and observation to null or "vector"',
  tokens: 'set observation to null or "tokens" and policy to "attention"',
} as const;

/** @throws Error unless a bridge of this form fits the config */
function checkForm({ env, observation, policy }: Config, shows: keyof typeof settingsFor): void {
  const wanted = observation ?? (policy === 'mlp' ? 'vector' : shows);
  if (wanted !== shows) throw new Error(`config: env "${env}" shows ${shows}, not ${wanted}; ${settingsFor[shows]}`);
  if (shows === 'vector' && policy === 'attention') {
    throw new Error(`config: env "${env}" shows vectors; ${settingsFor.vector}`);
  }
}

/** Options of all functions that open the environments of a config. */
export interface OutsideOptions {
  readonly signal?: AbortSignal | undefined;
  /** Receives what an environment in another program reports while it starts. */
  readonly onStart?: OpenBridgeOptions['onProgress'];
  /** Accepts every form that the environment has, whatever the policy reads: for play without a policy. */
  readonly anyForm?: boolean;
}

/**
 * Opens the bridge of a config. The caller closes it.
 *
 * @throws Error if the bridge has another form than the config requires; the signal's reason on abort
 */
export async function openOutside(
  config: Config,
  openBridge: OpenBridge,
  { signal, onStart, anyForm }: OutsideOptions,
): Promise<OpenedBridge> {
  const { env, maxSteps, bridgeProcesses: processes } = config;
  const opening = openBridge(env, { signal, maxSteps, processes, onProgress: onStart });
  const bridge = await unlessAborted(opening, signal).catch((error: unknown) => {
    // A bridge that opens after the abort is closed: nothing uses it.
    opening.then((late) => late.close()).catch(() => {});
    throw error;
  });
  try {
    if (!anyForm) checkForm(config, bridge.form ?? 'text');
  } catch (error) {
    await bridge.close();
    throw error;
  }
  return bridge;
}
