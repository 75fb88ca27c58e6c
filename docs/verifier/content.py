"""What entries carry, and keys at rest: seals (§9), blobs (§10) and key files (§13) of ../format.md. No rule of a chain
depends on the first and the last."""

import hashlib
import hmac

import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from encoding import MAX_BLOB, H, Refused, choice, decode, fixed, listing, octets, struct, u32

CHUNK = 65_536

# ---- §9: seals. HPKE (RFC 9180) in base mode, for one message. ----


def _extract(suite, salt, label, secret):
    return hmac.digest(salt, b"HPKE-v1" + suite + label + secret, hashlib.sha256)


def _expand(suite, key, label, info, length):
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, info + b"\1", hashlib.sha256)[:length]


def unwrap(wrap, secret, aad):
    """The content key in a wrap, by one reader's X25519 secret."""
    ours = X25519PrivateKey.from_private_bytes(secret)
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"
    try:
        shared = ours.exchange(X25519PublicKey.from_public_bytes(wrap.key))
    except ValueError:
        raise Refused("not-for-us") from None
    context = wrap.key + ours.public_key().public_bytes_raw()
    shared = _expand(kem, _extract(kem, b"", b"eae_prk", shared), b"shared_secret", context, 32)
    context = b"\0" + _extract(suite, b"", b"psk_id_hash", b"") + _extract(suite, b"", b"info_hash", b"congvan v1 content key")
    secret = _extract(suite, shared, b"secret", b"")
    key, nonce = _expand(suite, secret, b"key", context, 32), _expand(suite, secret, b"base_nonce", context, 12)
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, wrap.wrapped, aad)
    except InvalidTag:
        raise Refused("not-for-us") from None


def open_sealed(sealed, content_key, context):
    key = H("congvan v1 sealed body key", content_key)
    try:
        return ChaCha20Poly1305(key).decrypt(bytes(12), sealed.body, context)
    except InvalidTag:
        raise Refused("damaged") from None


# ---- §10: blobs. BLAKE3's own tree, of which a chunk is a subtree; the package gives roots only, so it is written out. ----

IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
START, END, PARENT, ROOT = 1, 2, 4, 8
MIX = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def _compress(value, block, counter, flags):
    words = [int.from_bytes(block.ljust(64, b"\0")[at : at + 4], "little") for at in range(0, 64, 4)]
    v = [*value, *IV[:4], counter & 0xFFFFFFFF, counter >> 32, len(block), flags]
    for _ in range(7):
        for n, (a, b, c, d) in enumerate(MIX):
            for word, left, right in ((words[2 * n], 16, 12), (words[2 * n + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & 0xFFFFFFFF
                x = v[d] ^ v[a]
                v[d] = (x >> left | x << 32 - left) & 0xFFFFFFFF
                v[c] = (v[c] + v[d]) & 0xFFFFFFFF
                x = v[b] ^ v[c]
                v[b] = (x >> right | x << 32 - right) & 0xFFFFFFFF
        words = [words[at] for at in ORDER]
    return [v[n] ^ v[n + 8] for n in range(8)]


def _parent(left, right, flags):
    block = b"".join(word.to_bytes(4, "little") for word in left + right)
    return _compress(IV, block, 0, PARENT | flags)


def _half(count):
    """The greatest power of two that is less."""
    return 1 << (count - 1).bit_length() - 1


def _subtree(data, first_leaf):
    leaves = max(1, -(-len(data) // 1_024))
    if leaves > 1:
        left = _half(leaves)
        return _parent(_subtree(data[: left * 1_024], first_leaf), _subtree(data[left * 1_024 :], first_leaf + left), 0)
    value, blocks = IV, [data[at : at + 64] for at in range(0, len(data), 64)] or [b""]
    for n, block in enumerate(blocks):
        value = _compress(value, block, first_leaf, START * (n == 0) | END * (n == len(blocks) - 1))
    return value


def check_chunk(blob, index, data, siblings):
    if blob.len > MAX_BLOB:
        raise Refused("too-long")
    chunks = max(1, -(-blob.len // CHUNK))
    if index >= chunks:
        raise Refused("no-such-chunk")
    if len(data) != min(CHUNK, blob.len - index * CHUNK):
        raise Refused("chunk-length")
    # From the root down: on which side of each sibling the chunk stands.
    sides, first, last = [], 0, chunks
    while last - first > 1:
        middle = first + _half(last - first)
        sides.append(index >= middle)
        first, last = (middle, last) if index >= middle else (first, middle)
    if len(siblings) != len(sides):
        raise Refused("not-in-blob")
    if not sides:
        if blake3.blake3(data).digest() != blob.id:
            raise Refused("not-in-blob")
        return
    value = _subtree(data, index * (CHUNK // 1_024))
    for sibling, is_right in zip(siblings, reversed(sides)):
        other = [int.from_bytes(sibling[at : at + 4], "little") for at in range(0, 32, 4)]
        sides.pop()
        pair = (other, value) if is_right else (value, other)
        value = _parent(*pair, 0 if sides else ROOT)
    if b"".join(word.to_bytes(4, "little") for word in value) != blob.id:
        raise Refused("not-in-blob")


def blob_cipher(content_key, blob, index, is_last):
    key = H("congvan v1 sealed blob key", content_key, blob.to_bytes(4, "little"))
    return ChaCha20Poly1305(key), index.to_bytes(4, "little") + bytes(7) + bytes([is_last])


# ---- §13: key files ----

seed = fixed(32)
one_seed = struct("Seed", sign=seed)
Secrets = choice(struct("AgencySecrets", sign=seed, seals=listing(seed, 64)), one_seed, one_seed, one_seed)
Encrypted = struct("Encrypted", salt=fixed(16), memory=u32, passes=u32, nonce=fixed(12), sealed=octets(4_096))
KEY_FILE = b"cgvkey1\n"


def read_key_file(data, passphrase):
    if len(data) > 8_192 or data[:8] != KEY_FILE:
        raise Refused("malformed")
    try:
        number, held = decode(choice(Secrets, Encrypted), data[8:])
        if number == 0:
            return held
    except Refused as error:
        raise Refused("malformed", str(error)) from error
    if passphrase is None:
        raise Refused("needs-passphrase")
    if held.memory > 4 * 65_536 or held.passes > 4 * 3:
        raise Refused("too-much-work")
    kdf = Argon2id(salt=held.salt, length=32, iterations=held.passes, lanes=1, memory_cost=held.memory)
    try:
        plain = ChaCha20Poly1305(kdf.derive(passphrase.encode())).decrypt(held.nonce, held.sealed, KEY_FILE)
        return decode(Secrets, plain)
    except InvalidTag:
        raise Refused("wrong-passphrase") from None
