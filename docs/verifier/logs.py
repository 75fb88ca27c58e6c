"""Logs (§18 of ../format.md): signed notes, tiles, bundles. Of C2SP's formats only what such a log needs."""

import base64
from pathlib import Path

from encoding import Refused, check_signature
from ledger import Tree, cosigned_text, key_hash, leaf_hash, root_of

TILE = 256
MAX_NOTE = 65_536


class Key:
    """A C2SP verifier key: algorithm 1 is the log's, 4 a witness'."""

    def __init__(self, line):
        try:
            self.name, hashed, encoded = line.strip().split("+", 2)
            decoded = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise Refused("vkey", "not name+hash+key") from None
        self.algorithm, self.key = decoded[0] if decoded else None, decoded[1:]
        self.hash = key_hash(self.name, self.algorithm or 0, self.key)
        if self.algorithm not in (1, 4) or len(self.key) != 32 or self.hash.hex() != hashed:
            raise Refused("vkey", "not an Ed25519 key of a log or a witness")

    def check(self, text, blob):
        if self.algorithm == 4 and len(blob) == 72:
            text, blob = cosigned_text(int.from_bytes(blob[:8], "big"), text), blob[8:]
        check_signature(self.key, text, blob) if len(blob) == 64 else self._refuse()

    def _refuse(self):
        raise Refused("note", "a signature of another length")


def read_note(data, keys):
    """The text, and the keys of those who signed it. Whoever is not among `keys` is passed over."""
    text, mark, lines = data.rpartition(b"\n\n")
    if not mark or not lines.endswith(b"\n"):
        raise Refused("note", "no text, empty line and signatures")
    text += b"\n"
    signed = []
    for line in lines.decode("utf-8", "replace").splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            blob = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise Refused("note", "a signature that is not base64") from None
        if dash != "—" or len(blob) < 5:
            raise Refused("note", "a line that is no signature")
        for key in keys:
            if (key.name, key.hash) == (name, blob[:4]):
                key.check(text, blob[4:])
                signed.append(key)
    return text, signed


def read_checkpoint(text):
    try:
        origin, size, root, rest = text.decode().split("\n")
        encoded = base64.b64decode(root, validate=True)
        if rest or str(int(size)) != size or int(size) < 0 or len(encoded) != 32:
            raise ValueError
    except ValueError:
        raise Refused("note", "not an origin, a size and a root") from None
    return origin, int(size), encoded


def tile_name(level, index, width):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < TILE else "")


class Log:
    """A log in a directory, checked whole: signatures, every tile, every bundle. Memory does not grow with it."""

    def __init__(self, directory, keys):
        self.directory = Path(directory)
        note = self._read("checkpoint", MAX_NOTE)
        text, self.signed = read_note(note, keys)
        self.origin, self.size, self.root = read_checkpoint(text)
        if not any(key.algorithm == 1 and key.name == self.origin for key in self.signed):
            raise Refused("note", "the log's own signature is not on it")
        self.tree, self.levels = Tree(), []

    def _read(self, name, limit):
        try:
            with open(self.directory / name, "rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise Refused("missing", f"{name}: {error.strerror}") from error
        if len(data) > limit:
            raise Refused("too-long", name)
        return data

    def ids(self):
        """The ids of the entries, in order; all is checked once they are all taken."""
        for index in range(-(-self.size // TILE)):
            width = min(TILE, self.size - index * TILE)
            name = tile_name("entries", index, width)
            bundle = self._read(name, width * 34)
            leaves = [bundle[at : at + 34] for at in range(0, len(bundle), 34)]
            if len(leaves) != width or any(len(leaf) != 34 or leaf[:2] != b"\0\x20" for leaf in leaves):
                raise Refused("bundle", name)
            for leaf in leaves:
                self.tree.push(leaf_hash(leaf[2:]))
                self._push(0, leaf_hash(leaf[2:]))
                yield leaf[2:]
        for level, (full, hashes) in enumerate(self.levels):
            if hashes:
                self._check(level, full, hashes)
        if self.tree.root() != self.root:
            raise Refused("root", "the bundles lead to another root than the checkpoint's")

    def _push(self, level, hashed):
        if level == len(self.levels):
            self.levels.append((0, []))
        full, hashes = self.levels[level]
        hashes.append(hashed)
        if len(hashes) == TILE:
            self._check(level, full, hashes)
            self.levels[level] = (full + 1, [])
            self._push(level + 1, root_of(hashes))

    def _check(self, level, index, hashes):
        name = tile_name(level, index, len(hashes))
        if self._read(name, TILE * 32) != b"".join(hashes):
            raise Refused("tile", name)
