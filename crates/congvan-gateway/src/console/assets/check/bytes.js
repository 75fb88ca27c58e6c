// Bytes: of texts, digits, base64 and files of fixed-width little-endian integers (docs/format.md, section 1).

/** What is not in the form that it must have. */
export class Malformed extends Error {}

/** Bytes, or texts as UTF-8, one behind the other. */
export function joined(...parts) {
  const all = parts.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : part));
  const bytes = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  all.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

export const equal = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const unhex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));

export const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

const base64url = (bytes) => base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** The bytes of base64url without padding, in its one form. */
export function unbase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new Malformed("no base64url");
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  if (base64url(bytes) !== text) throw new Malformed("another form of base64url");
  return bytes;
}

/** Takes values from bytes, one after the other; numbers of 64 bits are BigInts. */
export class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  bytes(count) {
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    if (taken.length !== count) throw new Malformed("it ends too soon");
    this.#at += count;
    return taken;
  }

  #number(count) {
    return this.bytes(count).reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
  }

  u8() {
    return Number(this.#number(1));
  }

  u16() {
    return Number(this.#number(2));
  }

  u32() {
    return Number(this.#number(4));
  }

  u64() {
    return this.#number(8);
  }

  /** A number that is not 0. */
  seq() {
    return this.u64() || refuse("a number is 0");
  }

  option(read) {
    const has = this.u8();
    if (has > 1) refuse("neither there nor not there");
    return has ? read() : null;
  }

  list(most, read) {
    const count = this.u64();
    if (count > BigInt(most)) refuse(`a list of more than ${most}`);
    return Array.from({ length: Number(count) }, read);
  }

  end() {
    if (this.#at !== this.#bytes.length) refuse("something is left over");
  }
}

function refuse(why) {
  throw new Malformed(why);
}
