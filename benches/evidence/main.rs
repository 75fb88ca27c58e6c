//! How fast evidence is made and checked, beside the signatures that bound it (`docs/performance.md`).
//!
//! `cargo bench --workspace --bench evidence` takes about a minute; `-- --entries 10000000` makes the chain longer, takes
//! some 25 minutes, and needs 15 GB in `TMPDIR`. `-- --proofs` leaves the audits out.

use std::path::Path;
use std::time::{Duration, Instant};

use congvan::audit::{Options, audit};
use congvan::{archive, bundle, witness};
use congvan_bench::{Error, Network, Row, draft, per_second, received, timed};
use congvan_core::bundle::{Checker, Frame, ProvenEntry};
use congvan_core::{
    Bounded, ChainState, Checkpoint, CheckpointPayload, Cover, DocumentPayload, Draft, Envelope, Kind, LinkedEntry,
    Seq, Time, Wire, domain, entry, rng,
};
use congvan_store::Ledger;
use rayon::prelude::*;

/// Entries handed to the ledger at once.
const RANGE: u64 = 1024;
/// Documents that are proven.
const DOCUMENTS: u64 = 200;

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip_while(|arg| arg != "--entries").skip(1);
    let entries = args.next().map_or(Ok(200_000), |n| n.parse())?;
    let network = Network::new(1)?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("ledger");
    println!("{} cores, a chain of {entries} entries\n", rayon::current_num_threads());
    Row::heading();
    let ledger = build(&path, &network, entries)?;
    proofs(&ledger, &network)?;
    if std::env::args().any(|arg| arg == "--proofs") {
        return Ok(());
    }
    let raw = raw_verification(&ledger, &network)?;
    let file = dir.path().join("ledger.cgva");
    archive::export(&ledger, false, std::io::BufWriter::new(std::fs::File::create(&file)?), &mut |_| {})?;
    drop(ledger);
    for (what, path) in
        [("audit of an exported ledger, entries/s", &file), ("audit of a node's directory, entries/s", &path)]
    {
        let (audited, time) = timed(|| Ok(audit(path, &Options::default(), &mut |_| {})?))?;
        if !audited.report().is_genuine() {
            return Err(format!("the ledger is not genuine: {:?}", audited.report().violations).into());
        }
        let rate = per_second(audited.report().entries as usize, time);
        Row::rate(what, rate, "raw verify_strict on all cores, /s", raw, 0.85).print();
    }
    Ok(())
}

/// A ledger with a chain of notes, some documents among them, and a checkpoint behind.
fn build(path: &Path, network: &Network, entries: u64) -> Result<Ledger, Error> {
    let ledger = Ledger::create(path, &network.genesis, Default::default())?;
    ledger.ingest(network.roster.chain(), received(std::slice::from_ref(&network.admission))?)?;
    let policy = network.roster.policy(network.chain)?;
    let mut state = ChainState::new(network.chain);
    let mut rng = rng::from_seed(7);
    let id = network.roster.network();
    let document = DocumentPayload::public(Cover::default(), Envelope::default(), &mut rng)?.to_bytes();
    let apart = (entries / DOCUMENTS).max(1);
    for first in (0..entries).step_by(RANGE as usize) {
        let mut range = Vec::new();
        for n in first..(first + RANGE).min(entries) {
            let draft = match n % apart {
                0 => Draft { kind: Kind::DOCUMENT, time: Time::from_millis(n), payload: document.clone() },
                _ => draft(&mut rng, n),
            };
            range.push(state.append(id, &policy, draft, &network.secret)?);
        }
        ledger.ingest(network.chain, received(&range)?)?;
    }
    let size = Seq::new(entries).ok_or("no entries")?;
    let root = witness::root_at(&ledger, network.chain, size)?.ok_or("the chain is shorter")?;
    let code = network.roster.agency(network.chain).ok_or("no agency")?.code.clone();
    let signed = CheckpointPayload::sign(Checkpoint { size, root }, id, &code, &network.secret.sign);
    let draft = Draft { kind: Kind::CHECKPOINT, time: Time::from_millis(entries), payload: signed.to_bytes() };
    let checkpoint = state.append(id, &policy, draft, &network.secret)?;
    ledger.ingest(network.chain, received(&[checkpoint])?)?;
    Ok(ledger)
}

/// The chain's signatures alone, on all cores, the key decoded once.
fn raw_verification(ledger: &Ledger, network: &Network) -> Result<f64, Error> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(network.secret.sign.public().id().as_bytes())?;
    let mut spent = Duration::ZERO;
    let mut count = 0;
    let mut entries = ledger.entries(network.chain, Seq::FIRST);
    loop {
        let part: Vec<LinkedEntry> = entries.by_ref().take(16_384).collect::<Result<_, _>>()?;
        if part.is_empty() {
            return Ok(per_second(count, spent));
        }
        let message = |entry: &LinkedEntry| {
            let head = &entry.signed_bytes()[..entry::HEADER_LEN];
            ([domain::SIGN_ENTRY, head].concat(), ed25519_dalek::Signature::from_bytes(&entry.signature().0))
        };
        let messages: Vec<_> = part.iter().map(message).collect();
        let start = Instant::now();
        messages.par_iter().try_for_each(|(message, signature)| key.verify_strict(message, signature))?;
        spent += start.elapsed();
        count += messages.len();
    }
}

/// Makes and checks the proof of every document in the chain.
fn proofs(ledger: &Ledger, network: &Network) -> Result<(), Error> {
    let is_document = |entry: &LinkedEntry| entry.header().kind == Kind::DOCUMENT;
    let mut documents = Vec::new();
    for reference in ledger.by_time(Time::from_millis(0), Time::from_millis(u64::MAX)) {
        let reference = reference?;
        // By its place: most entries need not be read for this.
        let apart = (ledger.tree(network.chain).size() / DOCUMENTS).max(1);
        if reference.chain == network.chain && (reference.seq.get() - 1).is_multiple_of(apart) {
            documents.extend(ledger.entry(reference.chain, reference.seq)?.filter(is_document));
        }
    }
    let key = ed25519_dalek::VerifyingKey::from_bytes(network.secret.sign.public().id().as_bytes())?;
    let first = documents.first().ok_or("no document")?;
    let message = [domain::SIGN_ENTRY, &first.signed_bytes()[..entry::HEADER_LEN]].concat();
    let signature = ed25519_dalek::Signature::from_bytes(&first.signature().0);
    let ((), one) = timed(|| Ok((0..2_000).try_for_each(|_| key.verify_strict(&message, &signature))?))?;
    let one_verification = one / 2_000;

    let (mut made, mut checked) = (Vec::new(), Vec::new());
    for document in &documents {
        let start = Instant::now();
        let cover = bundle::cover_of(ledger, document)?;
        made.push(start.elapsed());
        let entry = Bounded::new(document.bytes().to_vec())?;
        let frame = Frame::Entry(ProvenEntry { entry, content_key: None, cover });
        let roster = network.roster.clone();
        let start = Instant::now();
        let mut checker = Checker::with_roster(roster);
        checker.take(frame)?;
        let evidence = checker.finish()?;
        checked.push(start.elapsed());
        if evidence.document.and_then(|document| document.cover).is_none() {
            return Err("a document is not covered".into());
        }
    }
    for (what, times, bound) in [("proof made", &mut made, 1_000.0), ("proof checked", &mut checked, 5_000.0)] {
        times.sort();
        let [median, most] = [times[times.len() / 2], times[times.len() - 1]].map(|time| time.as_secs_f64() * 1e6);
        let mut row =
            Row::rate(&format!("{what}, µs, the slowest of {}", times.len()), most, "the bound, µs", bound, 1.0);
        row.at_most = true;
        row.print();
        let raw = one_verification.as_secs_f64() * 1e6;
        Row::figure(&format!("{what}, µs, median"), median, "one raw verify_strict, µs", raw).print();
    }
    Ok(())
}
