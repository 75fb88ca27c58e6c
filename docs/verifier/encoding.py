"""Sections 1 to 3 of ../format.md: encodings, hashes, keys, signatures. Everything else is made of these."""

import hashlib
from collections import namedtuple

import blake3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey


class Refused(Exception):
    """The whole value is invalid. `reason` is the page's word for it."""

    def __init__(self, reason, detail=""):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


def malformed(detail):
    return Refused("malformed", detail)


# ---- §1: encodings. A type is a function that takes its value from a cursor. ----


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise malformed(f"{count} bytes are due, {len(self.data) - self.at} are left")
        self.at += count
        return self.data[self.at - count : self.at]


def number(size):
    return lambda cursor: int.from_bytes(cursor.take(size), "little")


u8, u16, u32, u64 = number(1), number(2), number(4), number(8)


def fixed(size):
    return lambda cursor: bytes(cursor.take(size))


def octets(limit):
    def read(cursor):
        count = u64(cursor)
        if count > limit:
            raise malformed(f"{count} bytes, over {limit}")
        return bytes(cursor.take(count))

    return read


def text(limit):
    def read(cursor):
        try:
            return octets(limit)(cursor).decode("utf-8")
        except UnicodeDecodeError as error:
            raise malformed(str(error)) from error

    return read


def listing(element, limit):
    def read(cursor):
        count = u64(cursor)
        if count > limit:
            raise malformed(f"{count} elements, over {limit}")
        return [element(cursor) for _ in range(count)]

    return read


def ordered(element, limit):
    def read(cursor):
        found = listing(element, limit)(cursor)
        if any(a >= b for a, b in zip(found, found[1:])):
            raise malformed("not strictly ascending")
        return found

    return read


def option(element):
    def read(cursor):
        match u8(cursor):
            case 0:
                return None
            case 1:
                return element(cursor)
        raise malformed("an option is 0 or 1")

    return read


def flag(cursor):
    found = u8(cursor)
    if found > 1:
        raise malformed("a flag is 0 or 1")
    return bool(found)


def choice(*variants):
    """An enum: (number, fields…); a variant is None or the type of its one field."""

    def read(cursor):
        found = u32(cursor)
        if found >= len(variants):
            raise malformed(f"there is no variant {found}")
        variant = variants[found]
        return (found,) if variant is None else (found, variant(cursor))

    return read


def struct(kind, /, *, check=None, **fields):
    made = namedtuple(kind, fields)

    def read(cursor):
        value = made(*(field(cursor) for field in fields.values()))
        if check:
            check(value)
        return value

    return read


def decode(kind, data, limit=None):
    """Exactly one value from exactly these bytes. What a cursor reads has one encoding only, so nothing is re-encoded."""
    if limit is not None and len(data) > limit:
        raise Refused("too-long", f"{len(data)} bytes, over {limit}")
    cursor = Cursor(data)
    value = kind(cursor)
    if cursor.at != len(data):
        raise Refused("trailing", f"{len(data) - cursor.at} bytes left over")
    return value


def positive(cursor):
    found = u64(cursor)
    if found == 0:
        raise malformed("number 0")
    return found


CODE_LETTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_")


def agency_code(cursor):
    found = text(64)(cursor)
    if not found or not set(found) <= CODE_LETTERS or found == "null":
        raise malformed(f"{found!r} is no agency's code")
    return found


id32, signature_bytes = fixed(32), fixed(64)
MAX_BLOB = 2_148_008_080


def _blob_fits(blob):
    if blob.len > MAX_BLOB:
        raise malformed("a blob over MAX_BLOB")


Point = struct("Point", seq=positive, id=id32)
EntryRef = struct("EntryRef", chain=id32, seq=positive, id=id32)
BlobRef = struct("BlobRef", id=id32, len=u64, check=_blob_fits)

# ---- §2: hashes ----


def H(context, *parts):
    return blake3.blake3(b"".join(parts), derive_key_context=context).digest()


def message(context, *parts):
    """What is signed: a context that ends with a zero byte, and the rest."""
    return context.encode("ascii") + b"\0" + b"".join(parts)


# ---- §3: keys and signatures ----

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def point(encoded):
    """RFC 8032, 5.1.3: (x, y), or None where the bytes are no point. y may be above p, and x may be a zero with a sign:
    that such an encoding is not the point's own is for the caller to see."""
    sign = encoded[31] >> 7
    y = (int.from_bytes(encoded, "little") & (2**255 - 1)) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * ROOT % P
    if v * x * x % P != u:
        return None
    return (P - x if x % 2 != sign else x) % P, y


def encoding(p):
    return (p[1] | (p[0] % 2) << 255).to_bytes(32, "little")


def is_small(p):
    """Whether 8·p is the identity."""
    x, y = p
    for _ in range(3):
        t = D * x * x * y * y % P
        x, y = 2 * x * y * pow(1 + t, -1, P) % P, (y * y + x * x) * pow(1 - t, -1, P) % P
    return (x, y) == (0, 1)


_usable = {}


def check_key(key):
    """Refuses a key that is not usable."""
    if key not in _usable:
        a = point(key)
        if a is None:
            raise Refused("not-a-point")
        if encoding(a) != key:
            raise Refused("non-canonical-key")
        if is_small(a):
            raise Refused("weak-key")
        _usable[key] = Ed25519PublicKey.from_public_bytes(key)
    return _usable[key]


def check_signature(key, signed, signature):
    """The page's rule: OpenSSL compares R with s·B − k·A byte for byte, without the cofactor; the rest is checked here."""
    usable = check_key(key)
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    r_point = point(r)
    if s >= L or r_point is None or is_small(r_point):
        raise Refused("bad-signature")
    try:
        usable.verify(signature, signed)
    except InvalidSignature:
        raise Refused("bad-signature") from None


def holds(key, signed, signature):
    try:
        check_signature(key, signed, signature)
    except Refused:
        return False
    return True


def public_key(cursor):
    key = id32(cursor)
    try:
        check_key(key)
    except Refused as error:
        raise malformed(f"a key is refused: {error.reason}") from error
    return key


def check_seal_key(key):
    try:
        X25519PrivateKey.from_private_bytes(hashlib.sha256(b"any").digest()).exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError:
        raise Refused("weak-key") from None


AgencyKeys = struct("AgencyKeys", sign=public_key, seal=id32)


def check_possession(network, chain, keys, signature):
    check_seal_key(keys.seal)
    check_signature(keys.sign, message("congvan v1 key possession", network, chain, keys.sign, keys.seal), signature)
