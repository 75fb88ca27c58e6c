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
from tree import half, parent, subtree

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


# ---- §10: blobs ----


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
        middle = first + half(last - first)
        sides.append(index >= middle)
        first, last = (middle, last) if index >= middle else (first, middle)
    if len(siblings) != len(sides):
        raise Refused("not-in-blob")
    if not sides:
        if blake3.blake3(data).digest() != blob.id:
            raise Refused("not-in-blob")
        return
    value = subtree(data, index * (CHUNK // 1_024))
    for sibling, is_right in zip(siblings, reversed(sides)):
        sides.pop()
        pair = (sibling, value) if is_right else (value, sibling)
        value = parent(*pair, is_root=not sides)
    if value != blob.id:
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
