import { type Bridge, type BridgeOptions, openBridge } from '../../../src/env/bridge/bridge.node.ts';

export type TextBridge = Extract<Bridge, { readonly form: 'text' }>;

/** Opens a bridge whose observations are text. */
export async function openTextBridge(options: BridgeOptions): Promise<TextBridge> {
  const bridge = await openBridge(options);
  if (bridge.form === 'text') return bridge;
  throw new Error(`the form must be text, got ${bridge.form}`);
}
