/** SHA-256 of texts, bytes and tensors. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { encodeSafetensors, type NamedTensor } from './safetensors.ts';

/**
 * The implementation of the runtime (about ten times faster), in runtimes that load it synchronously. It is not
 * imported statically, because bundlers for browsers would try to resolve it.
 */
const native = globalThis.process?.getBuiltinModule?.('node:crypto');

export function sha256Hex(bytes: Uint8Array): string {
  return native ? native.createHash('sha256').update(bytes).digest('hex') : bytesToHex(sha256(bytes));
}

/** SHA-256 of the UTF-8 bytes of `text`. */
export function textSha256(text: string): string {
  return sha256Hex(new TextEncoder().encode(text));
}

/**
 * SHA-256 of the tensors as a safetensors file without metadata. Two hashes are equal if names, shapes, order and all
 * bits are equal.
 */
export function tensorsSha256(tensors: readonly NamedTensor[]): string {
  return sha256Hex(encodeSafetensors(tensors));
}
