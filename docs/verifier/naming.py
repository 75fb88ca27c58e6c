"""Addressees one by one (§8 and §19 of ../format.md)."""

import payloads as p
from encoding import H
from ledger import root_of, sha256
from tree import PIECE, Mode, parent, subtree

PAYLOAD = Mode.of_context("congvan v1 payload digest")


def blind(salt, code):
    return H("congvan v1 addressee salt", salt, code.encode())


def addressee(blinded, code):
    return sha256(b"\0", blinded, code.encode())


def names_its_addressees(cover, naming):
    """Whether the salt and the roll behind a body, where there are, are about the cover's addressees."""
    if naming is None:
        return True
    salt, roll = naming
    leaves = sorted(addressee(blind(salt, code), code) for code in cover.addressees)
    return (len(leaves), root_of(leaves)) == roll


def leads_to(roll, left, digest, length):
    """Whether a payload of this digest and length ends with the roll."""
    pieces, rest = divmod(length - p.END_LEN, PIECE)
    if rest or not 1 <= pieces <= 255 or len(left) != pieces.bit_count():
        return False
    value = subtree(p.END + roll.count.to_bytes(8, "little") + roll.root, pieces, PAYLOAD)
    for number, one in enumerate(left, 1):
        value = parent(one, value, PAYLOAD, is_root=number == len(left))
    return value == digest
