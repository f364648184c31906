/** A small receipt inside a link. It is in the fragment, which browsers send to no server. */
import { deflateSync, Inflate } from 'fflate';

const key = '#receipt=';

/** Most characters of a link: some programs cut longer ones. */
export const longestLink = 24_000;

/** Most bytes of a receipt in a link. */
const largest = 400_000;

const advice = 'ask for receipt.json itself and drop it here';

const toBase64Url = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

function fromBase64Url(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
      character.charCodeAt(0),
    );
  } catch {
    throw new Error(`the link is damaged; ${advice}`);
  }
}

/** The link that carries a receipt; null if it would be too long. */
export function linkOf(page: string, receipt: Uint8Array): string | null {
  if (receipt.length > largest) return null;
  const link = page.split('#')[0] + key + toBase64Url(deflateSync(receipt, { level: 9 }));
  return link.length > longestLink ? null : link;
}

/**
 * The receipt of a link's fragment; null if it carries none.
 *
 * @throws Error if it is damaged or too large
 */
export function receiptOfFragment(fragment: string): Uint8Array<ArrayBuffer> | null {
  if (!fragment.startsWith(key)) return null;
  if (fragment.length > longestLink) throw new Error(`the link is longer than ${longestLink} characters; ${advice}`);
  const packed = fromBase64Url(fragment.slice(key.length));
  const parts: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  const inflate = new Inflate((part, last) => {
    size += part.length;
    ended ||= last;
    if (size > largest) throw new Error(`the receipt in the link is larger than ${largest} bytes; ${advice}`);
    parts.push(part);
  });
  try {
    // In small pieces, so that a bomb is noticed before it has unpacked.
    for (let from = 0; from < packed.length; from += 64) {
      inflate.push(packed.subarray(from, from + 64), from + 64 >= packed.length);
    }
  } catch (error) {
    if (size > largest) throw error;
    throw new Error(`the link is damaged; ${advice}`);
  }
  if (!ended) throw new Error(`the link is cut off; ${advice}`);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
