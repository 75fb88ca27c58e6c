//! Several copies of one network: do they tell one story, and if not, who told another, and where?

use std::ops::Range;
use std::path::Path;

use congvan_core::archive::Frame;
use congvan_core::merkle::Frontier;
use congvan_core::{ChainId, EquivocationProof, Seq, UnverifiedEntry};
use serde::Serialize;

use super::{Audit, AuditError, Audited, open};
use crate::archive::FrameReader;

/// Entries under one of the hashes that are compared.
const TILE: u64 = 256;

/// That copies hold different entries with one number of one chain: the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The agency whose chain it is.
    pub agency: String,
    /// The first number at which they differ.
    pub number: u64,
    /// The two entries' ids.
    pub ids: [String; 2],
    /// The copies that hold the first, and those that hold the second, counted from 0.
    pub held_by: [Vec<usize>; 2],
    /// Whether the agency signed both: the evidence convicts it. Otherwise one copy was tampered with, and its audit
    /// says so.
    pub convicts: bool,
    #[serde(skip)]
    pub(super) proof: Option<EquivocationProof>,
    #[serde(skip)]
    pub(super) chain: ChainId,
}

/// Where copies contradict each other, by agency. Copies of different networks have nothing to compare, and one that is
/// only shorter contradicts nothing.
///
/// # Errors
/// [`AuditError`]: one of them cannot be read again.
pub fn compare(copies: &[Audited]) -> Result<Vec<Contradiction>, AuditError> {
    let mut found: Vec<Contradiction> = Vec::new();
    for (second, other) in copies.iter().enumerate() {
        for (first, one) in copies.iter().enumerate().take(second).filter(|(_, one)| one.network == other.network) {
            for (chain, audit) in &one.chains {
                let Some(theirs) = other.chains.get(chain) else { continue };
                let Some(range) = differs(audit, theirs) else { continue };
                let (here, there) = (entries(&one.path, *chain, &range)?, entries(&other.path, *chain, &range)?);
                let pair = here.iter().zip(&there).find(|(a, b)| a.id() != b.id());
                if let Some((a, b)) = pair {
                    add(&mut found, (*chain, &audit.code), (first, a), (second, b));
                }
            }
        }
    }
    found.sort_by(|a, b| (&a.agency, a.number).cmp(&(&b.agency, b.number)));
    Ok(found)
}

fn add(
    found: &mut Vec<Contradiction>,
    (chain, agency): (ChainId, &str),
    (first, a): (usize, &UnverifiedEntry),
    (second, b): (usize, &UnverifiedEntry),
) {
    let ids = [a.id().to_string(), b.id().to_string()];
    let number = a.seq().get();
    if let Some(known) = found.iter_mut().find(|known| known.chain == chain && known.number == number) {
        for (copy, id) in [(first, &ids[0]), (second, &ids[1])] {
            if let Some(side) = known.ids.iter().position(|known| known == id)
                && !known.held_by[side].contains(&copy)
            {
                known.held_by[side].push(copy);
            }
        }
        return;
    }
    let proof = EquivocationProof::new(a, b).ok();
    let held_by = [vec![first], vec![second]];
    let (agency, convicts) = (agency.to_owned(), proof.is_some());
    found.push(Contradiction { agency, number, ids, held_by, convicts, proof, chain });
}

/// The numbers among which two copies of a chain differ first, or might.
fn differs(one: &Audit, other: &Audit) -> Option<Range<u64>> {
    let sizes = [one.found.size, other.found.size];
    let both = sizes[0].min(sizes[1]);
    let root =
        |audit: &Audit| Frontier::from_parts(audit.found.size, audit.found.roots.to_vec()).map(|tree| tree.root());
    if both == 0 || (sizes[0] == sizes[1] && root(one) == root(other)) {
        return None;
    }
    let tiles = one.tiles.iter().zip(&other.tiles);
    let same = tiles.take_while(|(one, other)| one == other).count() as u64;
    // Where hashes are missing, as behind a former audit, all that is left is to look.
    let from = same * TILE;
    let known = one.tiles.len().min(other.tiles.len()) as u64;
    let to = if same < known { from + TILE } else { both };
    (from < both).then(|| from + 1..to.min(both) + 1)
}

/// Entries of a copy by their numbers, as they lie there.
pub(super) fn entries(path: &Path, chain: ChainId, numbers: &Range<u64>) -> Result<Vec<UnverifiedEntry>, AuditError> {
    let mut found = Vec::new();
    each_entry(path, chain, numbers.start, |entry| {
        let goes_on = entry.seq().get() < numbers.end;
        if goes_on && entry.seq().get() >= numbers.start {
            found.push(entry);
        }
        goes_on
    })?;
    Ok(found)
}

/// Every entry of one chain in a copy from a number on, until `each` says no.
pub(super) fn each_entry(
    path: &Path,
    chain: ChainId,
    from: u64,
    mut each: impl FnMut(UnverifiedEntry) -> bool,
) -> Result<(), AuditError> {
    if path.is_dir() {
        let ledger = open(path)?;
        for stored in ledger.entries(chain, Seq::new(from).unwrap_or(Seq::FIRST)) {
            let Ok(stored) = stored else { break };
            if let Ok(entry) = UnverifiedEntry::parse(stored.bytes())
                && !each(entry)
            {
                break;
            }
        }
        return Ok(());
    }
    let unreadable = |error| AuditError::File { path: path.to_owned(), error };
    let broken = |error| AuditError::Archive { path: path.to_owned(), error };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut frames = FrameReader::new(std::io::BufReader::with_capacity(1 << 20, file)).map_err(broken)?;
    while let Ok(Some(frame)) = frames.next_frame() {
        let Frame::Entry(bytes) = frame else { continue };
        // The chain stands behind version and network.
        if bytes.get(33..65) != Some(chain.as_bytes().as_slice()) {
            continue;
        }
        if let Ok(entry) = UnverifiedEntry::parse(&bytes)
            && !each(entry)
        {
            break;
        }
    }
    Ok(())
}
