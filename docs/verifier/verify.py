"""An independent verifier of Congvan ledgers, written from ../format.md alone.

    python verify.py ledger all.cgva [other.cgva …] --network FINGERPRINT
    python verify.py log DIR --key VKEY [--witness VKEY …]
    python verify.py log DIR --ledger all.cgva
    python verify.py proof proof.cvp [other.cvp …] --network FINGERPRINT
    python verify.py vectors ../vectors

Exits with 0 if all is genuine, 1 if something is not, 2 if a file cannot be read.
"""

import argparse
import datetime
import sys
from pathlib import Path

import vectors
from bundles import Bundle
from encoding import Refused
from ledger import Ledger, origin, verifier_key
from logs import Key, Log


UNREADABLE = {"not-an-archive", "truncated", "frame-too-long", "frame", "vkey"}


def guarded(run, *args):
    try:
        return run(*args)
    except Refused as error:
        print(f"{'UNREADABLE' if error.reason in UNREADABLE else 'NOT GENUINE'}: {error}")
        return 2 if error.reason in UNREADABLE else 1
    except OSError as error:
        print(f"UNREADABLE: {error}")
        return 2


def read_ledger(path):
    ledger = Ledger(Path(path).read_bytes())
    for whose, number, reason in ledger.violations:
        print(f"{whose}, number {number}: {reason}")
    return ledger


def verify_ledgers(args):
    return max(guarded(verify_ledger, path, args.network) for path in args.files)


def verify_ledger(path, fingerprint):
    print(f"{path}:")
    ledger = read_ledger(path)
    network = ledger.roster.network.hex()
    print(f"network {ledger.roster.name}, fingerprint {' '.join(network[at : at + 4] for at in range(0, 64, 4))}")
    print(f"roster: {ledger.roster.seq} entries, head {ledger.roster.head.hex()}")
    for chain, state in sorted(ledger.chains.items(), key=lambda item: item[1].agency.code):
        print(f"{state.agency.code}: {state.seq} entries, head {state.head.hex()}")
        for size, cover in sorted(ledger.covers.get(chain, {}).items())[-1:]:
            since = ledger.witnessed(cover)
            seen = f"witnessed: it all existed by {utc(since)}" if since else f"{cover.witnesses} witnesses"
            print(f"  checkpoint {cover.at} over {size} entries, {seen}")
    other = fingerprint and "".join(fingerprint.split()).lower() != network
    if other:
        print("this is another network")
    genuine = not ledger.violations and not other
    print(f"{'GENUINE' if genuine else 'NOT GENUINE'}: {ledger.entries} entries, {ledger.chunks} chunks of attachments")
    return 0 if genuine else 1


def verify_proofs(args):
    return max(guarded(verify_proof, path, args.network) for path in args.files)


def verify_proof(path, fingerprint):
    print(f"{path}:")
    bundle = Bundle(Path(path).read_bytes(), bytes.fromhex("".join(fingerprint.split())))
    agencies = bundle.roster.agencies
    for chain, seq in bundle.forks:
        print(f"{agencies[chain].code} signed two entries with number {seq}")
    for chain in bundle.splits:
        print(f"{agencies[chain].code} signed two histories")
    if bundle.document:
        header = bundle.document.header
        print(f"{agencies[header.chain].code}, number {header.seq}: document {bundle.document.id.hex()}")
        if bundle.seconds:
            print(f"  witnessed: it existed by {utc(bundle.seconds)}")
        if bundle.named:
            print(f"  sent to {bundle.named[0]}, one of {bundle.named[1]} addressees")
        for entry in bundle.said:
            print(f"  {agencies[entry.header.chain].code}, number {entry.header.seq}: {entry.id.hex()}")
    print(f"GENUINE: {len(bundle.said)} entries about it, {len(bundle.pieces)} attachments")
    return 0


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


def verify_log(args):
    keys = [Key(line) for line in [args.key, *args.witness] if line]
    ids = None
    if args.ledger:
        ledger = read_ledger(args.ledger)
        for chain, state in ledger.chains.items():
            name = origin(ledger.roster.network, state.agency.code)
            signers = {keys.sign for keys in state.spans.values()}
            keys += [Key(verifier_key(name, algorithm, signer)) for signer in signers for algorithm in (1, 4)]
    log = Log(args.directory, keys)
    if args.ledger:
        chains = {origin(ledger.roster.network, s.agency.code): ledger.ids[c] for c, s in ledger.chains.items()}
        ids = chains.get(log.origin, [])
    for number, entry_id in enumerate(log.ids(), 1):
        if ids is not None and number <= len(ids) and entry_id != ids[number - 1]:
            raise Refused("split-view", f"the log has another entry {number} than the ledger")
    print(f"{log.origin}: {log.size} entries, root {log.root.hex()}")
    print(f"GENUINE: signed by {', '.join(key.name for key in log.signed)}")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    ledger = commands.add_parser("ledger", help="an exported ledger")
    ledger.add_argument("files", nargs="+")
    ledger.add_argument("--network", help="the fingerprint that it must have")
    ledger.set_defaults(run=verify_ledgers)
    log = commands.add_parser("log", help="a log of one chain")
    log.add_argument("directory")
    log.add_argument("--key", help="the agency's verifier key")
    log.add_argument("--witness", action="append", default=[], help="a witness' verifier key")
    log.add_argument("--ledger", help="an exported ledger, which has the keys and the entries' ids")
    log.set_defaults(run=verify_log)
    proof = commands.add_parser("proof", help="a proof of one document")
    proof.add_argument("files", nargs="+")
    proof.add_argument("--network", required=True, help="the fingerprint of the network")
    proof.set_defaults(run=verify_proofs)
    judged = commands.add_parser("vectors", help="every case of the format's vectors")
    judged.add_argument("directory")
    judged.set_defaults(run=lambda args: vectors.main(args.directory))
    args = parser.parse_args()
    return guarded(args.run, args)


if __name__ == "__main__":
    sys.exit(main())
