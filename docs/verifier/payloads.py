"""The tables of ../format.md: what an entry's header and payload hold (§4, §5, §6, §8, §11, §16, §17, §21)."""

import datetime

from encoding import (
    AgencyKeys, BlobRef, EntryRef, Point, agency_code, choice, decode, fixed, flag, id32, listing, malformed, octets,
    option, ordered, positive, public_key, signature_bytes, struct, text, u8, u16, u32, u64,
)

MAX_ENTRY = 262_144
MAX_PAYLOAD = MAX_ENTRY - 183
MAX_FRAME = MAX_ENTRY + 64 + 1_024
NOTE, DOCUMENT, STATUS, PROCEDURE, CHECKPOINT, WITNESS, ERASE = range(7)
CONTROL, ROTATION, ROSTER = 0x8000, 0x8001, 0x8002

# ---- §4 ----


def _threshold(genesis):
    if not 1 <= genesis.threshold <= len(genesis.registrars):
        raise malformed(f"{genesis.threshold} of {len(genesis.registrars)} registrars")


Genesis = struct(
    "Genesis", name=text(512), created=u64, registrars=ordered(public_key, 64), threshold=u16, salt=fixed(16),
    check=_threshold,
)

# ---- §5 ----

Header = struct(
    "Header", version=u8, network=id32, chain=id32, seq=positive, prev=id32, time=u64, kind=u16, signer=id32,
    payload_digest=id32, payload_len=u32,
)
Rotation = struct("Rotation", keys=AgencyKeys, possession=signature_bytes)

# ---- §6 ----

nodes = listing(id32, 16)
Admission = struct(
    "Admission", code=agency_code, name=text(512), parent=option(agency_code), keys=AgencyKeys,
    possession=signature_bytes, nodes=nodes, rights=u32,
)
Certification = struct(
    "Certification", key=public_key, certificates=listing(octets(4_096), 6), proof=octets(1_024), consent=signature_bytes
)
ACTIONS = (
    "Admit", "Suspend", "Reinstate", "Close", "Rotate", "Revoke", "Resolve", "Nodes", "Registrars", "Rights", "Certify",
    "Witnesses", "Erase", "Retention",
)
# Of §21, which the roster's orders are about as well.
Erasure = struct("Erasure", entries=ordered(Point, 500), reason=choice(*[None] * 5), basis=text(4_096))
Rule = struct("Rule", scope=choice(text(512), None, None, None), keep=u16, drop=option(u16))
Action = choice(
    Admission,
    struct("Suspend", chain=id32, last=option(Point)),
    struct("Reinstate", chain=id32),
    struct("Close", chain=id32, last=option(Point)),
    struct("Rotate", chain=id32, after=option(Point), keys=AgencyKeys, possession=signature_bytes),
    struct("Revoke", chain=id32, last=option(Point)),
    struct("Resolve", chain=id32, stands=Point),
    struct("Nodes", chain=id32, nodes=nodes),
    struct("Registrars", keys=ordered(public_key, 64), threshold=u16),
    struct("Rights", chain=id32, after=option(Point), rights=u32),
    struct("Certify", chain=id32, certification=Certification),
    struct("Witnesses", witnesses=ordered(id32, 64), threshold=u16),
    struct("Erase", chain=id32, erasure=Erasure),
    struct("Retention", rules=ordered(Rule, 32)),
)
Approval = struct("Approval", registrar=id32, signature=signature_bytes)
approvals = ordered(Approval, 64)


def roster_payload(cursor):
    """The action, its own bytes, which the approvals are over, and the approvals."""
    start = cursor.at
    action = Action(cursor)
    return action, bytes(cursor.data[start : cursor.at]), approvals(cursor)


def read_roster_payload(data):
    return decode(roster_payload, data, 40_960)


# ---- §8 ----

Sealed = struct("Sealed", wraps=listing(struct("Wrap", key=id32, wrapped=fixed(48)), 2_001), body=octets(MAX_PAYLOAD))
link = choice(EntryRef, EntryRef, EntryRef, EntryRef)


def cover_of(cursor, cover):
    """A cover and its own bytes, which are part of a seal's context."""
    start = cursor.at
    value = cover(cursor)
    return value, bytes(cursor.data[start : cursor.at])


DocumentCover = struct(
    "DocumentCover", addressees=ordered(agency_code, 2_000), links=ordered(link, 64), blobs=listing(BlobRef, 65)
)
StatusCover = struct(
    "StatusCover", document=EntryRef, answers=option(EntryRef), code=choice(*[None] * 9), to=agency_code
)


# What leads from one addressee to the root, and what the last bytes of a payload are then.
Roll = struct("Roll", count=u64, root=id32)
END = b"congvan v1 naming\0"
END_LEN = len(END) + 40


def document_payload(cursor):
    """The cover, its own bytes, the body, and salt and roll of the addressees, where they are named one by one."""
    start = cursor.at
    cover, encoded = cover_of(cursor, DocumentCover)
    number = u32(cursor)
    if number > 3:
        raise malformed(f"there is no body {number}")
    salt = fixed(32)(cursor) if number > 1 else None
    opened = cursor.at
    body = number % 2, (Sealed, octets(MAX_PAYLOAD))[number % 2](cursor)
    if salt is None:
        whole = bytes(cursor.data[start : cursor.at])
        if len(whole) > 1_024 and len(whole) % 1_024 == END_LEN and whole[-END_LEN:].startswith(END):
            raise malformed("it names nobody and ends as if it did")
        return cover, encoded, body, None
    first = 1 << (-(-(opened - start) // 1_024) - 1).bit_length()
    pieces = max(first, -(-(cursor.at - start) // 1_024))
    if any(cursor.take(pieces * 1_024 - (cursor.at - start))):
        raise malformed("bytes before the end that are not zero")
    if cursor.take(len(END)) != END:
        raise malformed("another end")
    return cover, encoded, body, (salt, Roll(cursor))


def status_payload(cursor):
    return *cover_of(cursor, StatusCover), (0, Sealed(cursor)), None


field, name = text(512), text(512)
Reference = struct("Reference", agency=field, code=field, date=field, document_id=field)
Attachment = struct(
    "Attachment", name=name, media_type=field, description=text(4_096), packaging=choice(None, None), plain_len=u64,
    digest=id32, blob=u32,
)
Content = choice(
    struct(
        "Envelope", document_id=field, number=field, notation=field, place=field, promulgated=field, type_code=field,
        type_name=field, subject=text(4_096), summary=text(16_384), competence=field, position=field, signer=name,
        due=field, priority=field, business=choice(*[None] * 4), responds_to=listing(Reference, 64),
        attachments=listing(Attachment, 64), packet=option(choice(octets(32_768), u32)),
    )
)
StatusContent = choice(
    struct(
        "StatusNote", note=text(16_384), department=name, name=name, email=field, mobile=field, at=field,
        packet=option(octets(32_768)),
    )
)

# ---- §11 ----

Frame = choice(
    Genesis,
    octets(MAX_ENTRY + 64),
    struct("Proof", first=fixed(247), second=fixed(247)),
    struct("Chunk", blob=BlobRef, index=u32, bytes=octets(65_536), siblings=listing(id32, 17)),
    struct("End", frames=u64, digest=id32),
)

# ---- §16 ----

WHITE_SPACE = {chr(c) for c in (*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
                                0x205F, 0x3000)}  # fmt: skip
PROCEDURE_LETTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_/")


def procedure_code(cursor):
    found = text(64)(cursor)
    if not found or not set(found) <= PROCEDURE_LETTERS:
        raise malformed(f"{found!r} is no procedure's code")
    return found


def date(cursor):
    found = text(10)(cursor)
    digits = found.replace("/", "")
    if len(found) != 10 or found[4] + found[7] != "//" or not (len(digits) == 8 and digits.isascii() and digits.isdigit()):
        raise malformed(f"{found!r} is no date")
    try:
        datetime.date(int(found[:4]), int(found[5:7]), int(found[8:]))
    except ValueError as error:
        raise malformed(str(error)) from error
    return found


def _procedure(procedure):
    if set(procedure.name) <= WHITE_SPACE:
        raise malformed("a procedure without a name")
    if any(form.blob.len > 33_554_432 for form in procedure.forms):
        raise malformed("a form over MAX_FORM")
    first, last = procedure.in_force_from, procedure.in_force_until
    if first and last and first > last:
        raise malformed("in force until before it begins")


Procedure = struct(
    "Procedure", code=procedure_code, name=text(4_096), field=name, levels=ordered(choice(None, None, None), 3),
    applicants=listing(name, 32), fee=option(choice(u64, text(4_096))), online_payment=flag,
    channels=listing(struct("Channel", kind=field, url=text(2_048), account=field), 16),
    legal_basis=listing(text(4_096), 128), steps=listing(text(16_384), 128),
    forms=listing(struct("Form", name=name, media_type=field, blob=BlobRef), 64), term=text(4_096), result=text(4_096),
    in_force_from=option(date), in_force_until=option(date), office=name, place=text(4_096),
    online=choice(None, None, None), online_url=text(2_048), by_post=flag, case_type=field,
    check=_procedure,
)  # fmt: skip
ProcedurePayload = choice(
    choice(Procedure, Procedure, struct("Retire", code=procedure_code, reason=text(16_384), since=option(date)))
)

# ---- §17 ----

Checkpoint = struct("Checkpoint", size=positive, root=id32, signature=signature_bytes)
Cosignature = struct(
    "Cosignature", chain=id32, at=positive, checkpoint=Checkpoint, seconds=u64, signature=signature_bytes
)
cosignatures = listing(Cosignature, 1_000)
