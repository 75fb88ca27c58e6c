// The page on which a proof is checked: takes the text, has it judged, and says in words what came of it. The words are
// the page's own, in the reader's language; the text goes nowhere.

import { Malformed, hex } from "./bytes.js";
import { PREFIX, read } from "./proof.js";
import { chainsOf, judge } from "./judge.js";
import { obstacle } from "./signature.js";

const field = document.getElementById("proof");
const button = document.getElementById("judge");
const verdict = document.getElementById("verdict");
const words = new Map(
  Array.from(document.getElementById("words").content.children, (word) => [word.dataset.word, word.textContent]),
);
const lang = document.documentElement.lang;

const TONES = { good: "good", bad: "bad", unable: "warn" };

/** Why a proof can be judged neither way. */
class Unable extends Error {}

const shown = (value) => (typeof value === "bigint" ? value.toLocaleString(lang) : String(value));

const say = (name, values = {}) => words.get(name).replace(/\{(\w+)\}/g, (_, key) => shown(values[key]));

// As all pages write times: in Viet Nam's.
function moment(millis) {
  const date = new Date(Number(millis) + 7 * 3_600_000);
  const two = (number) => String(number).padStart(2, "0");
  if (Number.isNaN(date.getTime())) return "–";
  const day = [two(date.getUTCDate()), two(date.getUTCMonth() + 1), date.getUTCFullYear()].join("/");
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

// A fingerprint as the registrar reads it out.
const inFours = (digits) => digits.match(/.{1,4}/g).join(" ");

function proven({ entry, agency, cover }) {
  const named = { number: entry.number, name: agency.name, code: agency.code };
  const claims = [say("genuine", named), say("content", { length: BigInt(entry.length), digest: hex(entry.digest) })];
  if (cover) claims.push(say("covered", { size: cover.size, name: agency.name }));
  if (cover?.existed) {
    const names = cover.witnesses.map(({ name }) => name).join(", ");
    claims.push(say("witnessed", { time: moment(cover.existed * 1000n), names, needed: cover.needed }));
  }
  return claims;
}

// Clocks differ: what is ten minutes ahead is not called wrong.
const isWrong = (time, existed) => existed !== null && time > existed * 1000n + 600_000n;

function notProven({ entry, cover, open }, threshold) {
  const claims = [];
  if (!threshold) claims.push(say("open-nobody-asked"));
  else if (!cover) claims.push(say("open-uncovered"));
  else if (!cover.existed) claims.push(say("open-unwitnessed", { seen: cover.witnesses.length, needed: cover.needed }));
  const wrong = isWrong(entry.time, cover?.existed ?? null);
  claims.push(say(wrong ? "open-time-wrong" : "open-time", { time: moment(entry.time) }));
  if (open) claims.push(say("open-branch", { number: BigInt(open) }));
  claims.push(say("open-content"), say("open-later"));
  return claims;
}

function trusted({ agency, since, cover }, roster) {
  const named = { name: agency.name, code: agency.code };
  const claims = [say("trusted-key", { ...named, key: since.key, from: BigInt(since.from) })];
  if (cover) claims.push(say("trusted-witnesses", { needed: roster.threshold, named: roster.witnesses.length }));
  const network = { name: roster.network_name, fingerprint: inFours(roster.network), roster: roster.roster };
  claims.push(say("trusted-whole", named), say("trusted-network", network));
  return claims;
}

function element(tag, text, ...classes) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.classList.add(...classes);
  return made;
}

function list(heading, claims) {
  const items = document.createElement("ul");
  items.append(...claims.map((claim) => element("li", claim)));
  return [element("h3", say(heading)), items];
}

function show(outcome, ...parts) {
  verdict.dataset.outcome = outcome;
  verdict.replaceChildren(element("h2", say(outcome), TONES[outcome]), ...parts);
  verdict.hidden = false;
  verdict.focus();
}

function showProof(found, roster) {
  const look = element("a", say("look"));
  look.href = `/documents/${hex(found.entry.id)}`;
  const paragraph = document.createElement("p");
  paragraph.append(look);
  show(
    "good",
    ...list("proven", proven(found)),
    ...list("not-proven", notProven(found, roster.threshold)),
    ...list("trusted", trusted(found, roster)),
    element("p", say("trusted-what"), "small"),
    paragraph,
  );
}

function showError(error) {
  if (error instanceof Unable) return show("unable", element("p", say(`unable-${error.message}`)));
  const part = error instanceof Malformed ? "text" : error.part;
  if (!part) throw error;
  verdict.dataset.part = part;
  show("bad", element("p", say(`fault-${part}`, error.values)), element("p", say("bad-next"), "small"));
}

async function rosterOf(proof) {
  try {
    const answer = await fetch(`/check/roster?chains=${chainsOf(proof).join()}`, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) return await answer.json();
  } catch (error) {
    console.warn(error);
  }
  throw new Unable("roster");
}

async function check() {
  delete verdict.dataset.part;
  try {
    const hindrance = await obstacle();
    if (hindrance) throw new Unable(hindrance);
    const proof = read(field.value);
    const roster = await rosterOf(proof);
    showProof(await judge(proof, roster), roster);
  } catch (error) {
    showError(error);
  }
}

// A link from a document brings its proof along.
function take() {
  const brought = location.hash.slice(1);
  if (!brought.startsWith(PREFIX)) return;
  field.value = brought;
  check();
}

button.addEventListener("click", check);
button.disabled = false;
window.addEventListener("hashchange", take);
take();
