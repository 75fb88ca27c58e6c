// Judges a proof by a roster, as docs/format.md, section 19, has it. A roster, as /proof/roster gives it for the chains
// that a proof speaks of, is what the judge trusts; all else is computed here.

import { base64, equal, hex, joined, unhex } from "./bytes.js";
import { deriveKey } from "./blake3.js";
import { isContinued, isIncluded, leafOf } from "./merkle.js";
import { holds } from "./signature.js";

const DOCUMENT = 1;

/** Why a proof proves nothing: the part of it that fails, and what there is to say of that. */
export class Fault extends Error {
  constructor(part, values = {}) {
    super(part);
    this.part = part;
    this.values = values;
  }
}

function must(condition, part, values) {
  if (!condition) throw new Fault(part, values);
}

/** The chains whose keys a proof needs: digits. */
export function chainsOf({ entry, cover }) {
  return [...new Set([entry, ...(cover?.witnesses ?? [])].map(({ chain }) => hex(chain)))];
}

/** What a proof proves; throws the `Fault` of the first part that does not hold. */
export async function judge({ entry, cover }, roster) {
  must(hex(entry.network) === roster.network, "network", { network: hex(entry.network) });
  const agency = agencyOf(roster, hex(entry.chain));
  must(agency, "agency", { chain: hex(entry.chain) });
  const named = { number: entry.number, code: agency.code, name: agency.name };
  const pin = agency.pins.find(({ number }) => BigInt(number) === entry.number);
  const since = keyAt(agency, entry.number);
  must(since && since.key === hex(entry.signer), "key", named);
  must(await holds(entry.signer, entry.signed, entry.signature), "signature", named);
  must(agency.limit === null || entry.number <= BigInt(agency.limit), "limit", { ...named, limit: agency.limit });
  must(!pin || pin.id === hex(entry.id), "pinned", named);
  must(entry.kind === DOCUMENT, "kind", named);
  const covered = cover && (await judgeCover(entry, cover, agency, roster));
  const quarantined = agency.quarantined !== null && entry.number >= BigInt(agency.quarantined);
  must(!quarantined, "quarantined", { ...named, from: agency.quarantined });
  const reaches = covered ? covered.reaches : 0n;
  const beyond = agency.pins.find(({ number }) => BigInt(number) > reaches && BigInt(number) !== entry.number);
  return { entry, agency, since, cover: covered, open: beyond ? beyond.number : null };
}

// The agency of a chain, if the roster has it and the chain follows from its code.
function agencyOf(roster, chain) {
  const agency = roster.agencies.find((agency) => agency.chain === chain);
  const follows = (code) => hex(deriveKey("congvan v1 agency chain id", joined(unhex(roster.network), code)));
  return agency && follows(agency.code) === chain ? agency : null;
}

// The key that signs a number, and from which one on.
const keyAt = (agency, number) => agency.keys.findLast(({ from }) => BigInt(from) <= number);

// The lines that an agency signs for a checkpoint, and with the time before them a witness.
const textOf = (roster, agency, { size, root }) =>
  `congvan.v1/${roster.network}/${agency.code}\n${size}\n${base64(root)}\n`;

async function judgeCover(entry, cover, agency, roster) {
  const signed = async (at, checkpoint) => {
    const key = keyAt(agency, at);
    const text = joined(textOf(roster, agency, checkpoint));
    must(key && (await holds(unhex(key.key), text, checkpoint.signature)), "checkpoint", { at, code: agency.code });
  };
  const { at, checkpoint, continued } = cover;
  must(at > checkpoint.size, "place", { at, size: checkpoint.size });
  await signed(at, checkpoint);
  const leaf = await leafOf(entry.id);
  const included = await isIncluded(cover.inclusion, entry.number - 1n, checkpoint.size, leaf, checkpoint.root);
  must(included, "inclusion", { size: checkpoint.size });
  const last = continued ? continued.checkpoint : checkpoint;
  if (continued) {
    must(continued.at > last.size, "place", { at: continued.at, size: last.size });
    await signed(continued.at, last);
    must(await isContinued(continued.consistency, checkpoint, last), "continued", { size: last.size });
  }
  const under = agency.pins.filter(({ number }) => BigInt(number) <= last.size);
  must(under.length <= cover.pins.length, "pin", { number: under[cover.pins.length]?.number });
  for (const [i, { number, id }] of under.entries()) {
    const proof = [cover.pins[i], BigInt(number) - 1n, last.size, await leafOf(unhex(id)), last.root];
    must(await isIncluded(...proof), "pin", { number });
  }
  const witnesses = await judgeWitnesses(entry, cover, agency, roster);
  const needed = roster.threshold;
  // The time of the last of as many as are asked for.
  const existed = needed > 0 && witnesses.length >= needed ? witnesses[needed - 1].seconds : null;
  return { at, size: checkpoint.size, reaches: last.size, witnesses, needed, existed };
}

// The witnesses whose words hold and count, by time.
async function judgeWitnesses(entry, { checkpoint, witnesses }, agency, roster) {
  const text = textOf(roster, agency, checkpoint);
  const counted = new Map();
  for (const word of witnesses) {
    const chain = hex(word.chain);
    const witness = agencyOf(roster, chain);
    const message = joined(`cosignature/v1\ntime ${word.seconds}\n${text}`);
    must(witness && (await heldByAny(witness.keys, message, word.signature)), "witness", { name: witness?.name ?? chain });
    // Whom the roster does not name, and the agency itself, say nothing that counts; nobody counts twice.
    const counts = roster.witnesses.includes(chain) && !equal(word.chain, entry.chain);
    if (counts && !counted.has(chain)) counted.set(chain, { ...witness, seconds: word.seconds });
  }
  return [...counted.values()].sort((one, other) => (one.seconds < other.seconds ? -1 : one.seconds > other.seconds));
}

async function heldByAny(keys, message, signature) {
  for (const { key } of keys) if (await holds(unhex(key), message, signature)) return true;
  return false;
}
