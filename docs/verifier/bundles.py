"""Proof bundles (§19 of ../format.md): one document, what is said about it, and what proves it, by the network's id alone."""

import payloads as p
from content import CHUNK, open_sealed
from encoding import (
    H, Refused, agency_code, check_possession, decode, fixed, holds, id32, listing, octets, option, positive, choice, signature_bytes,
    struct, u32, u64,
)  # fmt: skip
from ledger import (
    Roster, check_consistency, check_equivocation, check_inclusion, check_own_signature, checkpoint_text, cosigned_text,
    frames, leaf_hash, read_entry,
)  # fmt: skip
from naming import addressee, leads_to

entry_bytes = octets(p.MAX_ENTRY + 64)
hashes = listing(id32, 64)
Signed = struct("Signed", at=positive, checkpoint=p.Checkpoint)
Cover = struct(
    "Cover", at=positive, checkpoint=p.Checkpoint, inclusion=hashes,
    continued=option(struct("Continued", at=positive, checkpoint=p.Checkpoint, consistency=hashes)),
    pins=listing(hashes, 256),
    witnesses=listing(struct("Word", chain=id32, seconds=u64, signature=signature_bytes), 64),
)  # fmt: skip
Frame = choice(
    p.Genesis,
    entry_bytes,
    entry_bytes,
    struct("Fork", first=fixed(247), second=fixed(247)),
    struct("Proven", entry=entry_bytes, content_key=option(id32), cover=option(Cover)),
    struct("Piece", number=u32, bytes=octets(CHUNK)),
    struct("End", frames=u64, digest=id32),
    struct("Split", chain=id32, one=Signed, other=Signed, root=id32, consistency=hashes),
    struct("Named", code=agency_code, blind=id32, index=u64, inclusion=hashes, roll=p.Roll, left=listing(id32, 8)),
)
READ = (b"cvproof\x01", Frame, 6, 1_048_576, "congvan v1 proof bundle")


def need(condition, what):
    if not condition:
        raise Refused("bundle", what)


class Bundle:
    def __init__(self, data, network):
        self.roster, self.rotations, self.forks, self.splits = None, {}, [], []
        self.document, self.said, self.pieces, self.envelope = None, [], {}, None
        self.named = None
        takers = (
            None, self._roster_entry, self._rotation, self._fork, self._entry, self._piece, None, self._split, self._named,
        )  # fmt: skip
        for (number, frame), encoded in frames(data, *READ):
            if self.roster is None:
                need(number == 0, "the genesis is not the first")
                self.roster = Roster(encoded[4:])
                need(self.roster.network == network, "it is of another network")
                continue
            need(number != 0, "a second genesis")
            takers[number](frame)
        need(self.roster and (self.document or self.forks or self.splits), "it proves nothing")
        for number, piece in self.pieces.items():
            stated = self.envelope.attachments[number]
            found = H("congvan v1 attachment digest", piece), len(piece)
            need(found == (stated.digest, stated.plain_len), f"attachment {number} is another")

    # ---- who signs ----

    def _roster_entry(self, data):
        need(self.document is None, "the roster comes first")
        self.roster.apply(read_entry(data))

    def key_at(self, chain, seq):
        """The later of the last grant and the last rotation; the grant, if both are of one number."""
        grants, own = self.roster.agencies[chain].grants, self.rotations.get(chain, {})
        granted = max((n for n in grants if n <= seq), default=0)
        rotated = max((n for n in own if n <= seq), default=0)
        keys = own[rotated] if rotated > granted else grants.get(granted)
        return keys and keys.sign

    def keys_of(self, chain):
        held = [*self.roster.agencies[chain].grants.values(), *self.rotations.get(chain, {}).values()]
        return {keys.sign for keys in held}

    def _known(self, header):
        need(header.network == self.roster.network, "an entry of another network")
        need(header.chain in self.roster.agencies, "an entry of a chain that the roster does not know")
        return self.roster.agencies[header.chain]

    def _signed_by(self, entry, key):
        need(key == entry.header.signer, "its signer's key does not hold at its number")
        check_own_signature(entry, key)

    def _rotation(self, data):
        entry = read_entry(data)
        header, own = entry.header, self.rotations.setdefault(entry.header.chain, {})
        self._known(header)
        need(header.kind == p.ROTATION and entry.payload is not None, "it is no rotation")
        need(header.seq + 1 > max(own, default=0) and len(own) < 1_024, "rotations ascend, and are few")
        self._signed_by(entry, self.key_at(header.chain, header.seq))
        rotation = decode(p.Rotation, entry.payload, 128)
        check_possession(self.roster.network, header.chain, rotation.keys, rotation.possession)
        own[header.seq + 1] = rotation.keys

    # ---- against an agency ----

    def _fork(self, fork):
        chain, seq, signer = check_equivocation(fork.first + fork.second)
        self._known(read_entry(fork.first).header)
        need(self.document is None and len(self.forks) < 64, "forks come before entries, and are few")
        need(signer in self.keys_of(chain), "a fork by a key that was never the agency's")
        self.forks.append((chain, seq))

    def _says(self, chain, at, checkpoint):
        text = checkpoint_text(self.roster.network, self.roster.agencies[chain].code, checkpoint)
        key = self.key_at(chain, at)
        return key is not None and holds(key, text, checkpoint.signature)

    def _split(self, split):
        need(self.document is None and len(self.splits) < 64, "splits come before entries, and are few")
        need(split.chain in self.roster.agencies, "a split of a chain that the roster does not know")
        one, other = split.one.checkpoint, split.other.checkpoint
        need(all(self._says(split.chain, *side) for side in (split.one, split.other)), "a checkpoint that is not signed")
        continues = check_consistency(split.consistency, one.size, split.root, other.size, other.root)
        need(continues and split.root != one.root, "both are of one history")
        self.splits.append(split.chain)

    # ---- entries ----

    def _entry(self, proven):
        need(not self.pieces and len(self.said) < 20_000, "entries come before attachments, and are few")
        entry = read_entry(proven.entry)
        header, agency = entry.header, self._known(entry.header)
        need(agency.limit is None or header.seq <= agency.limit, "it is behind the chain's end")
        need(agency.pins.get(header.seq, entry.id) == entry.id, "another entry is pinned at its number")
        self._signed_by(entry, self.key_at(header.chain, header.seq))
        seconds = proven.cover and self._cover(agency, entry, proven.cover)
        undecided = [seq for chain, seq in self.forks if chain == header.chain and seq not in agency.pins]
        quarantined = any(seq <= header.seq for seq in undecided)
        shown = self._shown(entry, proven.content_key)
        if self.document is None:
            need(header.kind == p.DOCUMENT, "it is no document")
            need(not quarantined, "it is in quarantine")
            self.document, self.cover, self.seconds, self.envelope = entry, proven.cover, seconds, shown[1]
        else:
            need(self.document.id in shown[0], "it says nothing about the document")
            self.said.append(entry)

    def _named(self, named):
        need(self.document and not self.said and not self.named, "an addressee is named right behind the document, once")
        need(self.document.payload is None, "the document is shown with its addressees")
        header = self.document.header
        need(leads_to(named.roll, named.left, header.payload_digest, header.payload_len), "its end is not what was signed")
        place = named.index, named.roll.count, addressee(named.blind, named.code), named.roll.root
        need(check_inclusion(named.inclusion, *place), "the agency is not among those that were signed")
        self.named = named.code, named.roll.count

    def _cover(self, agency, entry, cover):
        """Since when at the latest the entry existed, by as many witnesses as the roster asks for; None without them."""
        checkpoint, last = cover.checkpoint, cover.checkpoint
        need(cover.at > checkpoint.size and self._says(agency.chain, cover.at, checkpoint), "a checkpoint that does not count")
        leaf, index = leaf_hash(entry.id), entry.header.seq - 1
        need(check_inclusion(cover.inclusion, index, checkpoint.size, leaf, checkpoint.root), "it is not under the checkpoint")
        if cover.continued:
            later, last = cover.continued, cover.continued.checkpoint
            need(later.at > last.size and self._says(agency.chain, later.at, last), "a later checkpoint that does not count")
            sizes = checkpoint.size, checkpoint.root, last.size, last.root
            need(check_consistency(later.consistency, *sizes), "the later checkpoint does not continue the first")
        pinned = [(seq, pin) for seq, pin in sorted(agency.pins.items()) if seq <= last.size]
        need(len(cover.pins) >= len(pinned), "a pinned entry without its proof")
        for (seq, pin), proof in zip(pinned, cover.pins):
            need(check_inclusion(proof, seq - 1, last.size, leaf_hash(pin), last.root), "a pinned entry is not under it")
        text = checkpoint_text(self.roster.network, agency.code, checkpoint)
        seen = {}
        for word in cover.witnesses:
            need(word.chain in self.roster.agencies, "a witness that the roster does not know")
            signed = cosigned_text(word.seconds, text)
            need(any(holds(key, signed, word.signature) for key in self.keys_of(word.chain)), "a cosignature that does not hold")
            if word.chain in self.roster.witnesses and word.chain != agency.chain:
                seen.setdefault(word.chain, word.seconds)
        needed, times = self.roster.witness_threshold, sorted(seen.values())
        return times[needed - 1] if needed and len(times) >= needed else None

    def _shown(self, entry, content_key):
        """The ids of the documents that an entry is about, and its envelope, where that is shown."""
        if entry.payload is None:
            return (), None
        kinds = {p.DOCUMENT: (p.document_payload, p.Content), p.STATUS: (p.status_payload, p.StatusContent)}
        need(entry.header.kind in kinds, "only documents and statuses say something about a document")
        kind, inside = kinds[entry.header.kind]
        cover, encoded, (sort, body), _ = decode(kind, entry.payload, p.MAX_PAYLOAD)
        content = body if sort == 1 else None
        if sort == 0 and content_key is not None:
            content = open_sealed(body, content_key, self.roster.network + entry.header.chain + encoded)
        content = content and decode(inside, content, p.MAX_PAYLOAD)[1]
        if entry.header.kind == p.STATUS:
            return (cover.document.id,), None
        return {earlier.id for _, earlier in cover.links}, content

    def _piece(self, piece):
        number = piece.number
        need(self.envelope is not None and number < len(self.envelope.attachments), "an attachment of nothing that is shown")
        need(number >= max(self.pieces, default=0), "attachments ascend")
        self.pieces[number] = self.pieces.get(number, b"") + piece.bytes
