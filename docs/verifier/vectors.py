"""Judges every case in ../vectors, valid and invalid, and says which ones the page does not explain."""

import base64
import json
from pathlib import Path

import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import content
import ledger
import naming
import payloads as p
import tree
from bundles import Bundle
from encoding import (
    BlobRef, H, Refused, agency_code, check_possession, check_signature, choice, decode, listing, message, octets, option,
    ordered, positive, text, u8, u16, u32, u64, fixed,
)  # fmt: skip

raw = bytes.fromhex


def outcome(judge, *args):
    """"valid", or the page's reason for the refusal."""
    try:
        judge(*args)
    except Refused as error:
        return error.reason
    return "valid"


class Judge:
    def __init__(self, directory):
        self.load = lambda name: json.loads(Path(directory, f"{name}.json").read_text(encoding="utf-8"))
        self.cases, self.wrong = 0, []

    def expect(self, what, found, stated):
        self.cases += 1
        if found != stated:
            self.wrong.append(f"{what}: found {found!r}, the vectors say {stated!r}")

    def all(self):
        for judge in (self.primitives, self.signatures, self.names, self.roster, self.chain, self.checkpoints, self.seals,
                      self.naming, self.blobs, self.key_files, self.procedures, self.archive, self.bundles, self.erasures, self.invalid):  # fmt: skip
            judge()
        return self

    def primitives(self):
        codes = "01 02 03 04 05 06 13 15 16".split()
        types = {
            "u8": u8, "u16": u16, "u32": u32, "u64": lambda c: str(u64(c)), "number": positive, "text": text(100),
            "bytes": lambda c: octets(100)(c).hex(), "32 bytes": lambda c: fixed(32)(c).hex(), "list of u16": listing(u16, 9),
            "option of u16": option(u16), "sorted list of agency codes": ordered(agency_code, 9),
            "status code": lambda c: codes[choice(*[None] * 9)(c)[0]],
        }  # fmt: skip
        for case in self.load("primitives"):
            self.expect(case["hex"], decode(types[case["type"]], raw(case["hex"])), case["value"])

    def signatures(self):
        for case in self.load("signatures"):
            found = outcome(check_signature, *(raw(case[key]) for key in ("key", "message", "signature")))
            self.expect(case["name"], found, case["verdict"])

    def names(self):
        file = self.load("names")
        roster = ledger.Roster(raw(file["genesis"]["hex"]))
        self.expect("network", roster.network.hex(), file["network"])
        self.expect("roster", roster.chain.hex(), file["roster_chain"])
        self.expect("registrars", [key.hex() for key in roster.registrars], file["genesis"]["registrars"])
        for agency in file["agencies"]:
            self.expect(agency["code"], roster.chain_of(agency["code"]).hex(), agency["chain"])
        for keys in file["agency_keys"]:
            sign = Ed25519PrivateKey.from_private_bytes(raw(keys["sign_seed"])).public_key().public_bytes_raw()
            seal = X25519PrivateKey.from_private_bytes(raw(keys["seal_secret"])).public_key().public_bytes_raw()
            self.expect("keys", (sign.hex(), seal.hex()), (keys["sign_public"], keys["seal_public"]))
        admission = decode(p.Admission, raw(file["admission"]), 4_096)
        possession = [raw(file["possession"][key]) for key in ("chain", "signature")]
        found = outcome(check_possession, roster.network, possession[0], admission.keys, possession[1])
        self.expect("possession", found, "valid")
        digest = file["attachment_digest"]
        self.expect("attachment", H("congvan v1 attachment digest", raw(digest["bytes"])).hex(), digest["digest"])

    def entry(self, case):
        entry = ledger.read_entry(raw(case["hex"]))
        self.expect("entry", (entry.id.hex(), entry.signature.hex()), (case["id"], case["signature"]))
        stated = {name: raw(value) if isinstance(value, str) else value for name, value in case["header"].items()}
        self.expect("header", entry.header._asdict(), stated)
        return entry

    def final_roster(self, count=None):
        file = self.load("roster")
        roster = ledger.Roster(raw(file["genesis"]))
        for case in file["entries"][:count]:
            roster.apply(ledger.read_entry(raw(case["entry"]["hex"])))
        return roster

    def policy(self, roster, stated):
        agency = roster.agencies[raw(stated["chain"])]
        spans = {
            "grants": [{"from": n, "keys": (keys.sign + keys.seal).hex()} for n, keys in sorted(agency.grants.items())],
            "pins": [{"id": pin.hex(), "seq": n} for n, pin in sorted(agency.pins.items())],
            "rights": [{"from": n, "rights": rights} for n, rights in sorted(agency.rights.items())],
        }
        found = {"chain": stated["chain"], "limit": agency.limit, "standing": agency.standing} | spans
        self.expect("policy", found, stated)

    def roster(self):
        file = self.load("roster")
        roster = ledger.Roster(raw(file["genesis"]))
        for case in file["entries"]:
            entry = self.entry(case["entry"])
            proposal = roster.proposal(p.read_roster_payload(entry.payload)[1])
            self.expect("approval", proposal.hex(), case["approval_message"])
            self.expect("action", p.ACTIONS[roster.apply(entry)[0]], case["action"])
            for stated in case["policies_after"]:
                self.policy(roster, stated)

    def chain(self):
        file, roster = self.load("chain"), self.final_roster()
        self.policy(roster, file["policy"])
        chain = ledger.Chain(roster, roster.agencies[raw(file["chain"])])
        found = outcome(ledger.check_range, chain, [self.entry(case) for case in file["entries"]])
        self.expect("chain", found, "valid")
        spans = [{"from": n, "keys": (keys.sign + keys.seal).hex()} for n, keys in chain.spans.items()]
        self.expect("spans", spans, file["spans"])
        proved = ledger.check_equivocation(raw(file["equivocation"]["proof"]))
        self.expect("fork", proved[:2], (chain.agency.chain, file["equivocation"]["seq"]))

    def checkpoints(self):
        file = self.load("checkpoints")
        leaves = [ledger.leaf_hash(n.to_bytes(8, "little") + bytes(24)) for n in range(300)]
        root = lambda size: ledger.root_of(leaves[:size])  # noqa: E731
        for case in file["roots"]:
            self.expect(f"root of {case['size']}", root(case["size"]).hex(), case["root"])
        for case in file["inclusion"]:
            index, size, proof = case["index"], case["size"], [raw(h) for h in case["proof"]]
            self.expect(f"{index} in {size}", ledger.check_inclusion(proof, index, size, leaves[index], root(size)), True)
        for case in file["consistency"]:
            before, after, proof = case["before"], case["after"], [raw(h) for h in case["proof"]]
            found = ledger.check_consistency(proof, before, root(before), after, root(after))
            self.expect(f"{after} continues {before}", found, True)
            self.expect("another", ledger.check_consistency(proof, before, bytes(32), after, root(after)), False)
        said, seen = file["checkpoint"], file["witness"]
        network, code, key, witness = raw(said["network"]), said["agency"], raw(said["key"]), raw(seen["key"])
        checkpoint = decode(p.Checkpoint, raw(said["payload"]), 256)
        self.expect("root", ledger.root_of(ledger.leaf_hash(raw(i)) for i in said["entries"]), checkpoint.root)
        signed = ledger.checkpoint_text(network, code, checkpoint)
        self.expect("text", signed.decode(), said["text"])
        self.expect("signature", outcome(check_signature, key, signed, checkpoint.signature), "valid")
        [cosigned] = decode(p.cosignatures, raw(seen["payload"]), p.MAX_PAYLOAD)
        self.expect("seen", (cosigned.checkpoint, cosigned.seconds), (checkpoint, seen["seconds"]))
        over = ledger.cosigned_text(cosigned.seconds, signed)
        self.expect("cosignature", outcome(check_signature, witness, over, cosigned.signature), "valid")
        names = [ledger.origin(network, one) for one in (code, seen["agency"])]
        self.expect("key", ledger.verifier_key(names[0], 1, key), said["log_key"])
        self.expect("witness' key", ledger.verifier_key(names[1], 4, witness), seen["witness_key"])
        blobs = checkpoint.signature, cosigned.seconds.to_bytes(8, "big") + cosigned.signature
        lines = [
            f"— {name} {base64.b64encode(ledger.key_hash(name, *one) + blob).decode()}\n"
            for name, one, blob in zip(names, ((1, key), (4, witness)), blobs)
        ]
        self.expect("note", signed.decode() + "\n" + "".join(lines), file["note"])
        policy = decode(p.Action, raw(file["action"]))
        self.expect("policy", (p.ACTIONS[policy[0]], policy[1].threshold, len(policy[1].witnesses)), ("Witnesses", 1, 1))

    def erasures(self):
        file = self.load("erasures")
        entries = [ledger.read_entry(raw(entry)) for entry in file["entries"]]
        erasure = decode(p.Erasure, raw(file["erasure"]), p.MAX_PAYLOAD)
        self.expect("erasure", any(e.payload == raw(file["erasure"]) for e in entries) and bool(erasure.entries), True)
        order = decode(p.Action, raw(file["order"]))[1]
        self.expect("order", order.chain.hex(), file["chain"])
        self.expect("erased by the chain", ledger.erased(entries), file["erased_by_the_chain"])
        self.expect("and by the order", ledger.erased(entries, [order.erasure]), file["erased_with_the_order"])
        for before, after in zip(entries, map(raw, file["after"])):
            left = ledger.read_entry(after)
            gone = before.header.seq in file["erased_with_the_order"]
            self.expect("id", (left.id, bool(left.payload)), (before.id, bool(before.payload) and not gone))
            self.expect("signature", outcome(ledger.check_own_signature, left, raw(file["key"])), "valid")
        roster = self.final_roster()
        judge = lambda action: roster._retention(decode(p.Action, raw(action))[1])  # noqa: E731
        self.expect("retention", outcome(judge, file["retention"]), "valid")
        for case in file["refused"]:
            self.expect(case["name"], outcome(judge, case["action"]) != "valid", True)

    def open(self, payload, kind, network, chain, secrets):
        """A sealed payload, by the first secret and wrap that fit."""
        cover, encoded, (_, sealed), _ = decode(kind, payload, p.MAX_PAYLOAD)
        context = network + chain + encoded
        for secret in secrets:
            for wrap in sealed.wraps:
                if outcome(content.unwrap, wrap, secret, context) == "valid":
                    key = content.unwrap(wrap, secret, context)
                    return context, key, content.open_sealed(sealed, key, context)
        raise Refused("not-for-us")

    def seals(self):
        kinds = {"document": (p.document_payload, p.Content), "status": (p.status_payload, p.StatusContent)}
        for what, case in self.load("seals").items():
            kind, inside = kinds[what]
            for reader in case["readers"]:
                place = raw(case["network"]), raw(case["chain"])
                found = self.open(raw(case["payload"]), kind, *place, [raw(reader["secret"])])
                context, key, opened = found
                self.expect("context", context.hex(), case["context"])
                self.expect("content", opened.hex(), case["content"])
                self.expect("content reads", outcome(decode, inside, opened), "valid")
                if "body_key" in case:
                    self.expect("content key", key.hex(), case["content_key"])
                    self.expect("body key", H("congvan v1 sealed body key", key).hex(), case["body_key"])

    def naming(self):
        file = self.load("naming")
        # The tree written out here is BLAKE3, of any number of pieces: what the package says of whole inputs.
        for size in (0, 1, 64, 65, 1_024, 1_025, 2_048, 3_073, 7_200):
            data = bytes(i % 251 for i in range(size))
            whole = tree.subtree(data, 0, is_root=True), tree.subtree(data, 0, naming.PAYLOAD, is_root=True)
            self.expect(f"BLAKE3 of {size}", whole, (blake3.blake3(data).digest(), H("congvan v1 payload digest", data)))
        for case in file["documents"]:
            payload = raw(case["payload"])
            cover, _, _, named = decode(p.document_payload, payload, p.MAX_PAYLOAD)
            salt, roll = named
            found = salt.hex(), roll.count, roll.root.hex(), H("congvan v1 payload digest", payload).hex()
            self.expect(case["name"], found, (case["salt"], case["count"], case["root"], case["digest"]))
            self.expect("names its addressees", naming.names_its_addressees(cover, named), True)
            self.expect("to", cover.addressees, [one["code"] for one in case["named"]])
            for one in case["named"]:
                blind, left = naming.blind(salt, one["code"]), [raw(h) for h in one["left"]]
                self.expect("blind", blind.hex(), one["blind"])
                place = one["index"], roll.count, naming.addressee(blind, one["code"]), roll.root
                self.expect("among them", ledger.check_inclusion([raw(h) for h in one["inclusion"]], *place), True)
                leads = lambda length: naming.leads_to(roll, left, raw(case["digest"]), length)  # noqa: E731
                self.expect("signed", (leads(len(payload)), leads(len(payload) + 1_024)), (True, False))
        cover, _, _, named = decode(p.document_payload, raw(file["names_others_than_its_cover"]), p.MAX_PAYLOAD)
        self.expect("others", naming.names_its_addressees(cover, named), False)
        case = file["bundle"]
        bundle = Bundle(raw(case["hex"]), raw(case["network"]))
        found = bundle.document.id.hex(), bundle.document.payload, bundle.named
        self.expect("named", found, (case["document"], None, (case["named"], case["of"])))

    def blobs(self):
        file = self.load("blobs")
        pattern = lambda size: bytes(i % 251 for i in range(size))  # noqa: E731
        ref = lambda case: decode(BlobRef, raw(case["id"]) + case["len"].to_bytes(8, "little"))  # noqa: E731
        for case in file["blobs"]:
            data = pattern(case["len"])
            self.expect("id", blake3.blake3(data).hexdigest(), case["id"])
            for chunk in case["chunks"]:
                start = chunk["index"] * content.CHUNK
                proof = [raw(h) for h in chunk["proof"]]
                piece = data[start : start + chunk["len"]]
                self.expect("chunk", outcome(content.check_chunk, ref(case), chunk["index"], piece, proof), "valid")
        for case in file["sealed"]:
            cipher, nonce = content.blob_cipher(raw(file["content_key"]), case["blob"], case["index"], case["last"])
            sealed = cipher.encrypt(nonce, pattern(case["plain_len"]), None)
            found = len(sealed), sealed[-16:].hex(), blake3.blake3(sealed).hexdigest()
            self.expect("sealed", found, (case["sealed_len"], case["tag"], case["sealed_blake3"]))

    def key_files(self):
        for case in self.load("keyfiles"):
            number, held = content.read_key_file(raw(case["hex"]), case["passphrase"])
            found = ("agency", "registrar", "node", "auditor")[number], held.sign.hex(), [s.hex() for s in getattr(held, "seals", [])]
            self.expect("key file", found, (case["name"], case["sign_seed"], case["seal_secrets"]))

    def procedures(self):
        file, live = self.load("procedures"), {}
        for case in file["entries"]:
            _, (act, change) = decode(p.ProcedurePayload, raw(case["payload"]), p.MAX_PAYLOAD)
            before = live.get(change.code)
            state = "unknown" if before is None else "retired" if before["retired"] else "live"
            table = {
                (0, "unknown"): "live", (0, "live"): "already_published", (0, "retired"): "live",
                (1, "unknown"): "unknown", (1, "live"): "live", (1, "retired"): "retired",
                (2, "unknown"): "unknown", (2, "live"): "retired", (2, "retired"): "retired",
            }  # fmt: skip
            found = table[act, state] if case["rights"] & 1 else "no_right"
            self.expect(f"procedure {case['number']}", (change.code, found), (case["code"], case["outcome"]))
            changed = []
            if act == 1 and found == "live":
                old = before["change"]._asdict()
                changed = [name for name, value in change._asdict().items() if old[name] != value]
                live[change.code] |= {"change": change, "changed": case["number"]}
            elif act == 0 and found == "live":
                number = case["number"]
                live[change.code] = {"change": change, "published": number, "changed": number, "retired": None}
            elif act == 2 and state == "live" and found == "retired":
                live[change.code] |= {"retired": case["number"], "changed": case["number"]}
            self.expect("fields changed", changed, case["fields_changed"])
        stands = [(code, one["published"], one["changed"], one["retired"]) for code, one in sorted(live.items())]
        stated = [(one["code"], one["published"], one["changed"], one["retired"]) for one in file["catalogue"]]
        self.expect("catalogue", stands, stated)

    def archive(self):
        file = self.load("archive")
        self.expect("archive", len(list(ledger.frames(raw(file["hex"]), *ledger.ARCHIVE))), file["frames_before_the_end"])
        self.expect("ledger", outcome(ledger.Ledger, raw(file["hex"])), "valid")

    def bundles(self):
        file = self.load("bundles")
        bundle = Bundle(raw(file["bundle"]), raw(file["network"]))
        header = bundle.document.header
        found = {
            "agency": bundle.roster.agencies[header.chain].code, "covered_by": bundle.cover.checkpoint.size,
            "id": bundle.document.id.hex(), "number": header.seq,
        }  # fmt: skip
        self.expect("document", found, file["document"])
        said = [(bundle.roster.agencies[e.header.chain].code, e.id.hex()) for e in bundle.said]
        self.expect("said", said, [(one["agency"], one["id"]) for one in file["said"]])
        self.expect("another network", outcome(Bundle, raw(file["bundle"]), bytes(32)), "bundle")

    def invalid(self):
        types = {
            "genesis": (p.Genesis, 4_096), "document": (p.document_payload, p.MAX_PAYLOAD),
            "roster payload": (p.roster_payload, 40_960), "status": (p.status_payload, p.MAX_PAYLOAD),
            "procedure change": (p.ProcedurePayload, p.MAX_PAYLOAD), "entry header": (p.Header, 183),
            "archive frame": (p.Frame, p.MAX_FRAME),
        }  # fmt: skip
        judges = {
            "decode": lambda c: decode(*self._known(types, c["type"], raw(c["hex"]))),
            "entry": lambda c: ledger.read_entry(raw(c["hex"])),
            "chain": self._range,
            "roster": lambda c: self.final_roster(c["prefix"]).apply(ledger.read_entry(raw(c["hex"]))),
            "proof": lambda c: ledger.check_equivocation(raw(c["hex"])),
            "chunk": self._chunk,
            "seal": lambda c: self.open(raw(c["payload"]), p.document_payload, raw(c["network"]), raw(c["chain"]), [raw(c["secret"])]),
            "keyfile": lambda c: content.read_key_file(raw(c["hex"]), c["passphrase"]),
            "archive": lambda c: list(ledger.frames(raw(c["hex"]), *ledger.ARCHIVE)),
        }  # fmt: skip
        for judge, cases in self.load("invalid").items():
            for case in cases:
                known = judges.get(judge, self._unknown)
                self.expect(f"{judge}: {case['name']}", outcome(known, case), case["reason"])

    def _unknown(self, case):
        raise Refused("not written yet")

    def _known(self, types, name, data):
        kind, limit = types.get(name) or self._unknown(name)
        return kind, data, limit

    def _range(self, case):
        file, roster = self.load("chain"), self.final_roster()
        chain = ledger.Chain(roster, roster.agencies[raw(file["chain"])])
        ledger.check_range(chain, [ledger.read_entry(raw(e["hex"])) for e in file["entries"][: case["prefix"]]])
        try:
            ledger.check_range(chain, [ledger.read_entry(raw(e)) for e in case["entries"]])
        except ledger.ChainRefused as error:
            self.expect(f"number of: {case['name']}", error.seq, case["seq"])
            raise

    def _chunk(self, case):
        blob = type("Blob", (), {"id": raw(case["id"]), "len": case["len"]})
        content.check_chunk(blob, case["index"], raw(case["chunk"]), [raw(h) for h in case["proof"]])


def main(directory):
    judge = Judge(directory).all()
    for wrong in judge.wrong:
        print(wrong)
    print(f"{judge.cases} cases, {len(judge.wrong)} of them judged otherwise")
    return 1 if judge.wrong else 0
