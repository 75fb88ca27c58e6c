"""The rules of ../format.md: entries (§5), the roster (§6), chains (§7), archives (§11), proofs of equivocation (§12),
trees, checkpoints and cosignatures (§17)."""

import base64
import hashlib
from collections import namedtuple

import blake3

import payloads as p
from content import check_chunk
from encoding import H, Cursor, Refused, check_key, check_possession, check_signature, decode, holds, message

ZEROS = bytes(32)
LAST = 2**64 - 1

# ---- §5: entries ----

Entry = namedtuple("Entry", "header signature payload id head_bytes")


def read_entry(data):
    if len(data) < 247:
        raise Refused("too-short")
    if len(data) > 247 + p.MAX_PAYLOAD:
        raise Refused("too-long")
    if data[0] != 1:
        raise Refused("version")
    try:
        header = decode(p.Header, data[:183])
    except Refused as error:
        raise Refused("header", str(error)) from error
    payload = bytes(data[247:])
    if payload or header.payload_len == 0:
        if len(payload) != header.payload_len:
            raise Refused("payload-length")
        if H("congvan v1 payload digest", payload) != header.payload_digest:
            raise Refused("payload-digest")
    else:
        payload = None
        if header.payload_len > p.MAX_PAYLOAD:
            raise Refused("payload-too-long")
    signed = bytes(data[:247])
    return Entry(header, signed[183:], payload, H("congvan v1 entry id", signed), signed[:183])


def check_own_signature(entry, key):
    check_signature(key, message("congvan v1 entry signature", entry.head_bytes), entry.signature)


# ---- §4 and §6: the genesis and the roster ----


class Agency:
    def __init__(self, code, chain, keys, nodes, rights):
        self.code, self.chain, self.nodes = code, chain, nodes
        self.grants, self.pins, self.rights = {1: keys}, {}, {1: rights}
        self.standing, self.standing_limit, self.revocation_limit = "Active", None, None

    @property
    def limit(self):
        return min((limit for limit in (self.standing_limit, self.revocation_limit) if limit is not None), default=None)

    def pin(self, point):
        if point:
            self.pins[point.seq] = point.id

    def rights_at(self, seq):
        return self.rights.get(max((first for first in self.rights if first <= seq), default=0), 0)


def end(point):
    return point.seq if point else 0


class Roster:
    def __init__(self, genesis_bytes):
        genesis = decode(p.Genesis, genesis_bytes, 4_096)
        self.name, self.network = genesis.name, H("congvan v1 network id", genesis_bytes)
        self.chain = H("congvan v1 roster chain id", self.network)
        self.registrars, self.threshold = genesis.registrars, genesis.threshold
        self.seq, self.head = 0, ZEROS
        self.agencies, self.witnesses, self.witness_threshold = {}, [], 0
        self.orders, self.retention = [], []

    def chain_of(self, code):
        return H("congvan v1 agency chain id", self.network, code.encode())

    def proposal(self, action):
        """What an approval of the next entry signs."""
        place = self.network + (self.seq + 1).to_bytes(8, "little") + self.head
        return message("congvan v1 roster approval", place, action)

    def apply(self, entry):
        """Takes the roster's next entry, or refuses it and stays as it was."""
        header = entry.header
        place = (header.network, header.chain, header.kind, header.seq, header.prev)
        if place != (self.network, self.chain, p.ROSTER, self.seq + 1, self.head) or entry.payload is None:
            raise Refused("place")
        try:
            action, encoded, approvals = p.read_roster_payload(entry.payload)
        except Refused as error:
            raise Refused("payload", str(error)) from error
        said = {approval.registrar for approval in approvals} | {header.signer}
        if not said <= set(self.registrars):
            raise Refused("not-a-registrar")
        try:
            for approval in approvals:
                check_signature(approval.registrar, self.proposal(encoded), approval.signature)
            check_own_signature(entry, header.signer)
        except Refused as error:
            raise Refused("signature", str(error)) from error
        if len(said) < self.threshold:
            raise Refused("too-few")
        getattr(self, "_" + p.ACTIONS[action[0]].lower())(action[1])
        self.seq, self.head = header.seq, entry.id
        return action

    # One for each row of the table. Each checks before it changes anything.

    def _need(self, condition, what):
        if not condition:
            raise Refused("action", what)

    def _open(self, chain):
        agency = self.agencies.get(chain)
        self._need(agency and agency.standing != "Closed", "no such agency, or closed")
        return agency

    def _possession(self, chain, keys, possession):
        try:
            check_possession(self.network, chain, keys, possession)
        except Refused as error:
            raise Refused("action", f"possession: {error}") from error

    def _free(self, nodes, chain):
        taken = {node for agency in self.agencies.values() if agency.chain != chain for node in agency.nodes}
        self._need(not taken & set(nodes), "a node of another agency")

    def _admit(self, admission):
        chain = self.chain_of(admission.code)
        self._need(chain not in self.agencies, "admitted already")
        parent = admission.parent
        self._need(parent is None or self.chain_of(parent) in self.agencies, "an unknown parent")
        self._possession(chain, admission.keys, admission.possession)
        self._free(admission.nodes, chain)
        self.agencies[chain] = Agency(admission.code, chain, admission.keys, admission.nodes, admission.rights)

    def _suspend(self, action):
        agency = self._open(action.chain)
        agency.standing, agency.standing_limit = "Suspended", end(action.last)
        agency.pin(action.last)

    def _reinstate(self, action):
        agency = self._open(action.chain)
        self._need(agency.standing == "Suspended", "not suspended")
        agency.standing, agency.standing_limit = "Active", None

    def _close(self, action):
        agency = self._open(action.chain)
        agency.standing, agency.standing_limit = "Closed", end(action.last)
        agency.pin(action.last)

    def _rotate(self, action):
        agency = self._open(action.chain)
        self._possession(action.chain, action.keys, action.possession)
        self._need(end(action.after) < LAST, "no number after the last")
        first = end(action.after) + 1
        agency.revocation_limit = None
        agency.grants = {n: keys for n, keys in agency.grants.items() if n < first} | {first: action.keys}
        agency.pins = {n: pin for n, pin in agency.pins.items() if n < first}
        agency.pin(action.after)

    def _revoke(self, action):
        agency = self._open(action.chain)
        agency.revocation_limit = end(action.last)
        agency.pin(action.last)

    def _resolve(self, action):
        self._open(action.chain).pin(action.stands)

    def _nodes(self, action):
        agency = self._open(action.chain)
        self._free(action.nodes, action.chain)
        agency.nodes = action.nodes

    def _registrars(self, action):
        self._need(1 <= action.threshold <= len(action.keys), "a threshold that cannot be met")
        self.registrars, self.threshold = action.keys, action.threshold

    def _rights(self, action):
        agency = self._open(action.chain)
        self._need(end(action.after) < LAST, "no number after the last")
        first = end(action.after) + 1
        agency.rights = {n: rights for n, rights in agency.rights.items() if n < first} | {first: action.rights}
        agency.pin(action.after)

    def _certify(self, action):
        self._open(action.chain)
        said = action.certification
        self._need(said.certificates, "no certificate")
        encoded = len(said.certificates).to_bytes(8, "little")
        encoded += b"".join(len(der).to_bytes(8, "little") + der for der in said.certificates)
        signed = message("congvan v1 certificate consent", self.network, action.chain, encoded)
        self._need(holds(said.key, signed, said.consent), "consent")

    def _witnesses(self, action):
        for chain in action.witnesses:
            self._open(chain)
        met = 1 <= action.threshold <= len(action.witnesses)
        self._need(met or (not action.witnesses and action.threshold == 0), "a threshold that cannot be met")
        self.witnesses, self.witness_threshold = action.witnesses, action.threshold

    def _erase(self, action):
        self._need(action.chain in self.agencies, "no such agency")
        self._need(action.erasure.entries, "nothing to erase")
        reason, basis = action.erasure.reason[0], action.erasure.basis
        self._need(reason not in (1, 4) or basis.strip(), "an order without its basis")
        self.orders.append(action)

    def _retention(self, action):
        scopes = [rule.scope for rule in action.rules]
        self._need(len(set(scopes)) == len(scopes), "two rules for one class")
        for rule in action.rules:
            self._need(rule.keep <= 200 and (rule.drop or 1) <= 200, "a term of more than 200 years")
            self._need(rule.drop is None or rule.drop >= max(1, rule.keep), "dropped before it may be")
        self.retention = action.rules


# ---- §7: chains ----


class ChainRefused(Refused):
    def __init__(self, seq, reason):
        super().__init__(reason, f"number {seq}")
        self.seq = seq


class Chain:
    """An agency's chain, judged by the roster as it stands now."""

    def __init__(self, roster, agency):
        self.roster, self.agency = roster, agency
        self.seq, self.head, self.spans, self.rotations, self.named = 0, ZEROS, {}, 0, None

    def due(self, seq):
        """The keys due at the head's number plus one."""
        granted = self.agency.grants.get(seq)
        if granted or self.named:
            return granted or self.named
        return self.spans[max(self.spans)] if self.spans else None

    def link(self, entry):
        """Every rule but the signature; the chain has moved on to the entry. Returns the key that must have signed it."""
        header, seq = entry.header, self.seq + 1
        rules = {
            "network": header.network == self.roster.network,
            "chain": header.chain == self.agency.chain,
            "number": header.seq == seq,
            "link": header.prev == self.head,
            "limit": self.agency.limit is None or seq <= self.agency.limit,
            "pinned": self.agency.pins.get(seq, entry.id) == entry.id,
        }
        keys = self.due(seq)
        rules |= {"no-key": keys is not None, "signer": keys is None or header.signer == keys.sign}
        for reason, holds_good in rules.items():
            if not holds_good:
                raise ChainRefused(header.seq, reason)
        named = self._rotation(entry) if header.kind >= p.CONTROL else None
        if self.spans.get(max(self.spans, default=0)) != keys:
            self.spans[seq] = keys
        self.rotations += named is not None
        self.seq, self.head, self.named = seq, entry.id, named
        return keys.sign

    def _rotation(self, entry):
        seq = entry.header.seq
        if entry.header.kind != p.ROTATION:
            raise ChainRefused(seq, "unknown-control")
        if entry.payload is None:
            raise ChainRefused(seq, "control-erased")
        try:
            rotation = decode(p.Rotation, entry.payload, 128)
            check_possession(self.roster.network, self.agency.chain, rotation.keys, rotation.possession)
        except Refused as error:
            raise ChainRefused(seq, "control") from error
        if self.rotations >= 1_024:
            raise ChainRefused(seq, "too-many-rotations")
        return rotation.keys


def check_range(chain, entries):
    """Links and rules of all, then the signature of each: how a range is judged that came in one piece."""
    signers = [chain.link(entry) for entry in entries]
    for entry, signer in zip(entries, signers):
        check_entry_signature(entry, signer)


def check_entry_signature(entry, signer):
    try:
        check_own_signature(entry, signer)
    except Refused as error:
        raise ChainRefused(entry.header.seq, "signature") from error


# ---- §12: proofs of equivocation ----


def check_equivocation(data):
    """Returns chain, number and signer."""
    if len(data) > 494:
        raise Refused("too-long")
    if len(data) < 494:
        raise Refused("malformed")
    a, b = read_entry(data[:247]), read_entry(data[247:])
    if a.id == b.id:
        raise Refused("same")
    if a.id > b.id:
        raise Refused("order")
    place = [(e.header.network, e.header.chain, e.header.seq, e.header.signer) for e in (a, b)]
    if place[0] != place[1]:
        raise Refused("not-rivals")
    try:
        for entry in (a, b):
            check_own_signature(entry, entry.header.signer)
    except Refused as error:
        raise Refused("signature", str(error)) from error
    return place[0][1:]


# ---- §17: trees, checkpoints, cosignatures ----


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(entry_id):
    return sha256(b"\0", entry_id)


def node_hash(left, right):
    return sha256(b"\1", left, right)


class Tree:
    """Roots of a growing list of leaves: the complete subtrees from the left, each with its size."""

    def __init__(self):
        self.size, self.subtrees = 0, []

    def push(self, leaf):
        size, self.size = 1, self.size + 1
        while self.subtrees and self.subtrees[-1][0] == size:
            leaf, size = node_hash(self.subtrees.pop()[1], leaf), size * 2
        self.subtrees.append((size, leaf))

    def root(self):
        if not self.subtrees:
            return sha256()
        (_, root), *rest = reversed(self.subtrees)
        for _, left in rest:
            root = node_hash(left, root)
        return root


def root_of(leaves):
    tree = Tree()
    for leaf in leaves:
        tree.push(leaf)
    return tree.root()


def check_inclusion(proof, index, size, leaf, root):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return False
    node, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(beside, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def check_consistency(proof, before, old, after, new):
    """RFC 9162, 2.1.4.2, and the two cases that it leaves out: equal sizes, and the empty tree."""
    if before > after or (before in (0, after) and proof):
        return False
    if before == after:
        return old == new
    if before == 0:
        return old == sha256()
    path = [old, *proof] if before & (before - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = before - 1, after - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    found_old = found_new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            found_old, found_new = node_hash(beside, found_old), node_hash(beside, found_new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found_new = node_hash(found_new, beside)
        node, last = node >> 1, last >> 1
    return last == 0 and (found_old, found_new) == (old, new)


def origin(network, code):
    return f"congvan.v1/{network.hex()}/{code}"


def checkpoint_text(network, code, checkpoint):
    return f"{origin(network, code)}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n".encode()


def cosigned_text(seconds, signed):
    return f"cosignature/v1\ntime {seconds}\n".encode() + signed


def key_hash(name, algorithm, key):
    return sha256(name.encode(), b"\n", bytes([algorithm]), key)[:4]


def verifier_key(name, algorithm, key):
    encoded = base64.b64encode(bytes([algorithm]) + key).decode()
    return f"{name}+{key_hash(name, algorithm, key).hex()}+{encoded}"


# ---- §21: what is erased ----


def erased(entries, orders=()):
    """The numbers of a chain's entries whose payloads are erased, by its own word and by orders about it."""
    named = set()
    for entry in entries:
        if entry.header.kind == p.ERASE and entry.payload:
            try:
                points = decode(p.Erasure, entry.payload, p.MAX_PAYLOAD).entries
            except Refused:
                continue
            named |= {(point.seq, point.id) for point in points if point.seq < entry.header.seq}
    for order in orders:
        named |= {(point.seq, point.id) for point in order.entries}
    content = (p.NOTE, p.DOCUMENT, p.STATUS)
    return [e.header.seq for e in entries if e.header.kind in content and (e.header.seq, e.id) in named]


# ---- §11: exported ledgers ----


ARCHIVE = (b"congvan\x01", p.Frame, 4, p.MAX_FRAME, "congvan v1 ledger archive")


def frames(data, magic, kind, end_number, max_frame, context):
    """The frames of a file, each with its bytes; the end frame is checked and not among them."""
    if data[:8] != magic:
        raise Refused("not-an-archive")
    digest, count = blake3.blake3(derive_key_context=context), 0
    cursor = Cursor(data)
    cursor.at = 8

    def take(size):
        if size > len(data) - cursor.at:
            raise Refused("truncated")
        return cursor.take(size)

    while True:
        length = take(4)
        size = int.from_bytes(length, "little")
        if size > max_frame:
            raise Refused("frame-too-long")
        encoded = take(size)
        try:
            frame = decode(kind, encoded)
        except Refused as error:
            raise Refused("frame", str(error)) from error
        if frame[0] == end_number:
            if (frame[1].frames, frame[1].digest) != (count, digest.digest()):
                raise Refused("checksum")
            if cursor.at != len(data):
                raise Refused("trailing")
            return
        digest.update(length + encoded)
        count += 1
        yield frame, encoded


Cover = namedtuple("Cover", "at checkpoint seconds witnesses")


class Ledger:
    """Everything in an exported ledger, judged. `violations` says what is not as it must be: (whose, number, reason)."""

    def __init__(self, data):
        self.violations, self.roster, self.chains, self.ids = [], None, {}, {}
        self.broken, self.checkpoints, self.cosignatures = set(), {}, []
        self.entries = self.chunks = 0
        current = None
        for frame, encoded in self._frames(data):
            if self.roster is None:
                if frame[0] != 0:
                    raise Refused("frame", "the genesis is not the first")
                self.roster = Roster(encoded[4:])
                current = self.roster.chain
                continue
            match frame:
                case (0, _):
                    self.violations.append(("file", 0, "a second genesis"))
                case (1, entry):
                    current = self._entry(entry, current)
                case (2, proof):
                    self._proof(proof.first + proof.second)
                case (3, chunk):
                    self.chunks += 1
                    try:
                        check_chunk(chunk.blob, chunk.index, chunk.bytes, chunk.siblings)
                    except Refused as error:
                        self.violations.append((f"blob {chunk.blob.id.hex()}", 0, str(error)))
        if self.roster is None:
            raise Refused("frame", "there is no genesis")
        self._checkpoints()

    def _frames(self, data):
        try:
            yield from frames(data, *ARCHIVE)
        except Refused as error:
            # With every frame read, this says no more than what was found in them.
            if error.reason not in ("checksum", "trailing"):
                raise
            self.violations.append(("file", 0, str(error)))

    def name(self, chain):
        agency = self.roster.agencies.get(chain)
        return agency.code if agency else "roster" if chain == self.roster.chain else chain.hex()

    def _violation(self, chain, seq, reason):
        self.broken.add(chain)
        self.violations.append((self.name(chain), seq, reason))

    def _entry(self, data, current):
        """Judges an entry as the next of its chain, or of the one being read where it names none that is known."""
        try:
            entry = read_entry(data)
        except Refused as error:
            if current not in self.broken:
                self._violation(current, self._next(current), str(error))
            return current
        chain = entry.header.chain
        if chain != self.roster.chain and chain not in self.roster.agencies:
            chain = current
        if chain in self.broken:
            return chain
        try:
            if chain == self.roster.chain:
                self.roster.apply(entry)
            else:
                self._agency_entry(chain, entry)
            self.entries += 1
        except Refused as error:
            self._violation(chain, self._next(chain), str(error))
        return chain

    def _next(self, chain):
        if chain == self.roster.chain:
            return self.roster.seq + 1
        return self.chains[chain].seq + 1 if chain in self.chains else 1

    def _agency_entry(self, chain, entry):
        if chain not in self.chains:
            self.chains[chain], self.ids[chain] = Chain(self.roster, self.roster.agencies[chain]), []
        # Linked first, so that a refused entry leaves what stood.
        state = self.chains[chain]
        before = (state.seq, state.head, dict(state.spans), state.rotations, state.named)
        try:
            check_entry_signature(entry, state.link(entry))
        except Refused:
            state.seq, state.head, state.spans, state.rotations, state.named = before
            raise
        self.ids[chain].append(entry.id)
        header, payload = entry.header, entry.payload
        if payload is not None and header.kind == p.CHECKPOINT:
            self._said(chain, header, payload)
        if payload is not None and header.kind == p.WITNESS:
            try:
                self.cosignatures += [(chain, header, said) for said in decode(p.cosignatures, payload, p.MAX_PAYLOAD)]
            except Refused:
                pass  # A malformed payload makes the entry unreadable, not the chain invalid.

    def _said(self, chain, header, payload):
        try:
            checkpoint = decode(p.Checkpoint, payload, 256)
        except Refused:
            return
        text = checkpoint_text(self.roster.network, self.roster.agencies[chain].code, checkpoint)
        if checkpoint.size < header.seq and holds(header.signer, text, checkpoint.signature):
            self.checkpoints.setdefault(chain, []).append((header.seq, checkpoint, header.signer))

    def _proof(self, data):
        try:
            chain, seq, signer = check_equivocation(data)
        except Refused as error:
            self.violations.append(("file", 0, str(error)))
        else:
            self._violation(chain, seq, f"signed two entries with this number, by the key {signer.hex()}")

    def _checkpoints(self):
        """Holds every checkpoint against the entries that it is over, and every cosignature against its checkpoint."""
        self.covers = {}
        for chain, said in self.checkpoints.items():
            code, by_size = self.roster.agencies[chain].code, {}
            tree, ids = Tree(), self.ids[chain]
            for at, checkpoint, signer in sorted(said, key=lambda one: one[1].size):
                while tree.size < checkpoint.size:
                    tree.push(leaf_hash(ids[tree.size]))
                if tree.root() != checkpoint.root:
                    self.violations.append((code, at, "a checkpoint is of another history than its chain"))
                    continue
                by_size[checkpoint.size] = self._cover(chain, code, at, checkpoint)
            self.covers[chain] = by_size

    def _cover(self, chain, code, at, checkpoint):
        signed = checkpoint_text(self.roster.network, code, checkpoint)
        seen = {}
        for witness, header, said in self.cosignatures:
            ours = (said.chain, said.checkpoint) == (chain, checkpoint) and witness != chain
            if ours and witness in self.roster.witnesses and witness not in seen:
                if holds(header.signer, cosigned_text(said.seconds, signed), said.signature):
                    seen[witness] = said.seconds
        return Cover(at, checkpoint, sorted(seen.values()), len(seen))

    def witnessed(self, cover):
        """Since when at the latest everything that the checkpoint covers existed; None where too few saw it."""
        needed = self.roster.witness_threshold
        return cover.seconds[needed - 1] if needed and cover.witnesses >= needed else None
