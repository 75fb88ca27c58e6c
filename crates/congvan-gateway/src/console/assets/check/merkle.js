// Merkle trees over a chain's entries (RFC 6962, SHA-256): whether a leaf is under a root, and whether a later tree
// continues an earlier one (RFC 9162, sections 2.1.3.2 and 2.1.4.2). Sizes and places are BigInts.

import { equal, joined } from "./bytes.js";

const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The hash of the leaf of an entry. */
export const leafOf = (entry) => sha256(LEAF, entry);

const nodeOf = (left, right) => sha256(NODE, left, right);

// Goes up from a place to the root, hash by hash of a proof; `joins` is told whether each stands on the left. False where
// the proof is too short or too long for the tree.
async function climb(place, last, proof, joins) {
  for (const beside of proof) {
    if (last === 0n) return false;
    const left = (place & 1n) === 1n || place === last;
    await joins(beside, left);
    while (left && (place & 1n) === 0n && place !== 0n) {
      place >>= 1n;
      last >>= 1n;
    }
    place >>= 1n;
    last >>= 1n;
  }
  return last === 0n;
}

/** Whether the leaf at `place`, from 0, leads to the root of the tree with `size` leaves. */
export async function isIncluded(proof, place, size, leaf, root) {
  if (place >= size) return false;
  let hash = leaf;
  const whole = await climb(place, size - 1n, proof, async (beside, left) => {
    hash = left ? await nodeOf(beside, hash) : await nodeOf(hash, beside);
  });
  return whole && equal(hash, root);
}

/** Whether the tree `after` continues the tree `before`, each of a size that is not 0 and a root. */
export async function isContinued(proof, before, after) {
  if (before.size > after.size) return false;
  if (before.size === after.size) return proof.length === 0 && equal(before.root, after.root);
  let [place, last] = [before.size - 1n, after.size - 1n];
  while ((place & 1n) === 1n) {
    place >>= 1n;
    last >>= 1n;
  }
  // A complete old tree is a subtree of the new one: its root is the first hash.
  const complete = (before.size & (before.size - 1n)) === 0n;
  const [first, ...rest] = complete ? [before.root, ...proof] : proof;
  if (!first) return false;
  let [old, young] = [first, first];
  const whole = await climb(place, last, rest, async (beside, left) => {
    if (left) old = await nodeOf(beside, old);
    young = left ? await nodeOf(beside, young) : await nodeOf(young, beside);
  });
  return whole && equal(old, before.root) && equal(young, after.root);
}
