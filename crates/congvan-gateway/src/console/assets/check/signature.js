// Ed25519 signatures by the one rule of docs/format.md, section 3. The browser does the arithmetic; what browsers may
// leave out is added here.

import { hex } from "./bytes.js";

// The order of the base point.
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
// The points whose eightfold is the identity: no signature begins with one. Other encodings of them are no R either, for
// R is compared byte by byte.
const SMALL = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]);

/** Whether this browser can check signatures, and if not, why: "insecure" (the page came over plain http from another
 * machine) or "browser" (it is too old). */
export async function obstacle() {
  if (!globalThis.crypto?.subtle) return "insecure";
  try {
    await keyOf(new Uint8Array(32).fill(1, 0, 1));
  } catch (error) {
    // What is not supported is said so; that the key is a poor one is not asked here.
    if (error.name === "NotSupportedError") return "browser";
  }
  return null;
}

const keyOf = (key) => crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);

/** Whether a signature over a message holds under a key that the roster has: 32, any and 64 bytes. */
export async function holds(key, message, signature) {
  const s = signature.slice(32).reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
  if (s >= L || SMALL.has(hex(signature.slice(0, 32)))) return false;
  return crypto.subtle.verify({ name: "Ed25519" }, await keyOf(key), signature, message);
}
