// The compact form of a proof, read from its text (docs/format.md, sections 5 and 19): one document's entry without its
// payload, and the checkpoint over it. Whether it holds, judge.js says.

import { Malformed, Reader, equal, joined, unbase64url } from "./bytes.js";
import { deriveKey } from "./blake3.js";

/** What the text begins with. */
export const PREFIX = "congvan-proof:";

const MAX_TEXT = 1_400_000;
const MAX_PROOF = 64;
const MAX_PINS = 256;
const MAX_WITNESSES = 64;
const MAX_PAYLOAD = 261_961;
// The file in the text: its first bytes, and the numbers of the frames that are in it.
const MAGIC = joined("cvproof", Uint8Array.of(1));
const ENTRY = 4;
const END = 6;
const HEADER = 183;
const SIGNED = 247;

/** Reads a text; spaces and line breaks in it come from copying. Throws `Malformed`. */
export function read(text) {
  if (text.length > MAX_TEXT) throw new Malformed("it is too long");
  const plain = text.replace(/\s+/g, "");
  if (!plain.startsWith(PREFIX)) throw new Malformed(`it does not begin with ${PREFIX}`);
  const file = new Reader(unbase64url(plain.slice(PREFIX.length)));
  if (!equal(file.bytes(MAGIC.length), MAGIC)) throw new Malformed("it is no proof");
  const proof = file.bytes(file.u32());
  const last = new Reader(file.bytes(file.u32()));
  file.end();
  if (last.u32() !== END || last.u64() !== 1n) throw new Malformed("it has another number of parts");
  const digest = deriveKey("congvan v1 proof bundle", joined(lengthOf(proof), proof));
  if (!equal(last.bytes(32), digest)) throw new Malformed("it was not copied whole, or altered");
  last.end();
  return provenOf(new Reader(proof));
}

// As four bytes, the lowest first.
const lengthOf = ({ length }) => Uint8Array.of(length, length >> 8, length >> 16, length >> 24);

function provenOf(from) {
  if (from.u32() !== ENTRY) throw new Malformed("it is no entry");
  if (from.u64() !== BigInt(SIGNED)) throw new Malformed("it is no entry without its payload");
  const entry = entryOf(from.bytes(SIGNED));
  if (from.option(() => from.bytes(32))) throw new Malformed("the compact form has no key of a content");
  const cover = from.option(() => coverOf(from));
  from.end();
  return { entry, cover };
}

function entryOf(bytes) {
  const from = new Reader(bytes);
  if (from.u8() !== 1) throw new Malformed("its version is unknown");
  const header = {
    network: from.bytes(32),
    chain: from.bytes(32),
    number: from.seq(),
    previous: from.bytes(32),
    time: from.u64(),
    kind: from.u16(),
    signer: from.bytes(32),
    digest: from.bytes(32),
    length: from.u32(),
  };
  if (header.length > MAX_PAYLOAD) throw new Malformed("its payload would be too long");
  const signed = joined("congvan v1 entry signature\0", bytes.subarray(0, HEADER));
  return { ...header, signed, signature: from.bytes(64), id: deriveKey("congvan v1 entry id", bytes) };
}

const checkpointOf = (from) => ({ size: from.seq(), root: from.bytes(32), signature: from.bytes(64) });

const hashesOf = (from) => from.list(MAX_PROOF, () => from.bytes(32));

function coverOf(from) {
  return {
    at: from.seq(),
    checkpoint: checkpointOf(from),
    inclusion: hashesOf(from),
    continued: from.option(() => ({ at: from.seq(), checkpoint: checkpointOf(from), consistency: hashesOf(from) })),
    pins: from.list(MAX_PINS, () => hashesOf(from)),
    witnesses: from.list(MAX_WITNESSES, () => ({
      chain: from.bytes(32),
      seconds: from.u64(),
      signature: from.bytes(64),
    })),
  };
}
