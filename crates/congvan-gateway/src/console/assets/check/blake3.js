// BLAKE3 with 32 bytes of output, written from its specification (https://github.com/BLAKE3-team/BLAKE3-specs):
// the ordinary hash, and the key-derivation mode by which everything of the ledger is named.

const CHUNK = 1024;
const BLOCK = 64;
// What a block is: bits of the compression's last word.
const CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8, DERIVE_KEY_CONTEXT = 32, DERIVE_KEY_MATERIAL = 64;

const IV = Uint32Array.of(
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
);
// In which order a round takes the words of the one before.
const ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
// The words that a quarter of a round mixes: four columns, then four diagonals.
const QUARTERS = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];

const turned = (word, by) => (word >>> by) | (word << (32 - by));

function mix(state, [a, b, c, d], first, second) {
  state[a] += state[b] + first;
  state[d] = turned(state[d] ^ state[a], 16);
  state[c] += state[d];
  state[b] = turned(state[b] ^ state[c], 12);
  state[a] += state[b] + second;
  state[d] = turned(state[d] ^ state[a], 8);
  state[c] += state[d];
  state[b] = turned(state[b] ^ state[c], 7);
}

// Eight words from eight before (`chaining`) and a block of sixteen.
function compress(chaining, block, counter, length, flags) {
  const state = new Uint32Array(16);
  state.set(chaining);
  state.set(IV.subarray(0, 4), 8);
  state.set([counter, counter / 2 ** 32, length, flags], 12);
  let words = block;
  for (let round = 0; round < 7; round++) {
    QUARTERS.forEach((quarter, i) => mix(state, quarter, words[2 * i], words[2 * i + 1]));
    words = ORDER.map((from) => words[from]);
  }
  return state.slice(0, 8).map((word, i) => word ^ state[8 + i]);
}

// The words of up to 64 bytes, the first byte lowest; what is missing is 0.
function wordsOf(bytes) {
  const words = new Uint32Array(16);
  bytes.forEach((byte, i) => (words[i >> 2] |= byte << (8 * (i & 3))));
  return words;
}

function bytesOf(words) {
  const bytes = new Uint8Array(4 * words.length);
  bytes.forEach((_, i) => (bytes[i] = words[i >> 2] >>> (8 * (i & 3))));
  return bytes;
}

function chunk(bytes, counter, key, mode, root) {
  let chaining = key;
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK));
  for (let i = 0; i < blocks; i++) {
    const block = bytes.subarray(i * BLOCK, (i + 1) * BLOCK);
    const end = i + 1 === blocks ? CHUNK_END | root : 0;
    chaining = compress(chaining, wordsOf(block), counter, block.length, mode | (i ? 0 : CHUNK_START) | end);
  }
  return chaining;
}

// The hash over bytes that begin with chunk number `counter`. A left half is the greatest power of two of chunks that
// leaves something for the right one.
function tree(bytes, counter, key, mode, root) {
  if (bytes.length <= CHUNK) return chunk(bytes, counter, key, mode, root);
  const left = 2 ** Math.floor(Math.log2((bytes.length - 1) / CHUNK));
  const block = new Uint32Array(16);
  block.set(tree(bytes.subarray(0, left * CHUNK), counter, key, mode, 0));
  block.set(tree(bytes.subarray(left * CHUNK), counter + left, key, mode, 0), 8);
  return compress(key, block, 0, BLOCK, mode | PARENT | root);
}

/** The ordinary hash of bytes. */
export const hash = (bytes) => bytesOf(tree(bytes, 0, IV, 0, ROOT));

/** The key-derivation mode: the hash of bytes under a context string. */
export function deriveKey(context, bytes) {
  const key = tree(new TextEncoder().encode(context), 0, IV, DERIVE_KEY_CONTEXT, ROOT);
  return bytesOf(tree(bytes, 0, key, DERIVE_KEY_MATERIAL, ROOT));
}
