import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A random id of 12 characters (60 bits) that a person can read out and type: no i, l, o or u. */
export function newId(): string {
  return Array.from(randomBytes(12), (byte) => ALPHABET[byte % 32]).join('');
}

/** A secret of 192 bits, safe in headers and URLs. */
export function newSecret(): string {
  return randomBytes(24).toString('base64url');
}
