"""BLAKE3's own tree, by its paper (§2): the hashes inside it, which the package does not give. Of blobs' chunks (§10 of
../format.md) and of what leads from a document's end to its digest (§19)."""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
START, END, PARENT, ROOT, CONTEXT, MATERIAL = 1, 2, 4, 8, 32, 64
MIX = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
PIECE = 1_024


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


def _bytes(value):
    return b"".join(word.to_bytes(4, "little") for word in value)


class Mode:
    """The ordinary hash, or key derivation with a context: what every node of the tree begins with."""

    def __init__(self, key=IV, flags=0):
        self.key, self.flags = key, flags

    @classmethod
    def of_context(cls, context):
        key = subtree(context.encode(), 0, cls(flags=CONTEXT), is_root=True)
        return cls([int.from_bytes(key[at : at + 4], "little") for at in range(0, 32, 4)], MATERIAL)


HASH = Mode()


def parent(left, right, mode=HASH, is_root=False):
    return _bytes(_compress(mode.key, left + right, 0, mode.flags | PARENT | ROOT * is_root))


def half(count):
    """The greatest power of two that is less."""
    return 1 << (count - 1).bit_length() - 1


def subtree(data, first, mode=HASH, is_root=False):
    """The hash over these bytes, which begin with piece number `first`."""
    pieces = max(1, -(-len(data) // PIECE))
    if pieces > 1:
        at = half(pieces)
        left, right = subtree(data[: at * PIECE], first, mode), subtree(data[at * PIECE :], first + at, mode)
        return parent(left, right, mode, is_root)
    value, blocks = mode.key, [data[at : at + 64] for at in range(0, len(data), 64)] or [b""]
    for n, block in enumerate(blocks):
        is_last = n == len(blocks) - 1
        flags = START * (n == 0) | (END | ROOT * is_root) * is_last
        value = _compress(value, block, first, mode.flags | flags)
    return _bytes(value)
