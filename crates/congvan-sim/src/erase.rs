//! Lawful forgetting: agencies erase what they wrote, the registrar orders it of others, and a liar withholds payloads
//! that nobody erased.

use std::collections::BTreeSet;
use std::sync::Arc;

use congvan_core::entry::SIGNED_LEN;
use congvan_core::erasure::Reason;
use congvan_core::roster::RosterPayload;
use congvan_core::{
    Bounded, ChainId, Draft, EntryId, Erasure, Kind, Point, RosterAction, Seq, Sorted, Text, Time, UnverifiedEntry,
    Wire,
};
use congvan_sync::{Event, Ledger, Response};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

use crate::check::Violation;
use crate::ledger::SimLedger;
use crate::node::Role;
use crate::wire::Place;
use crate::world::World;

impl World<'_> {
    /// Something of an honest agency is erased: by itself, or by the registrar's order.
    pub(crate) fn erase(&mut self) -> Result<(), Violation> {
        let number = self.rng.random_range(0..self.nodes.len());
        let (ordered, foreign) = (self.rng.random_bool(0.3), self.rng.random_bool(0.1));
        let teller = if ordered { 0 } else { number };
        let (node, chain) = (&self.nodes[teller], self.nodes[number].chain);
        if self.nodes[number].role != Role::Honest || !node.up || !(ordered || node.may_write()) {
            return Ok(());
        }
        let ledger = &node.faces[0].ledger;
        let Some(head) = ledger.head(chain).head.filter(|_| ledger.roster().agency(chain).is_some()) else {
            return Ok(());
        };
        let mut points = BTreeSet::new();
        for _ in 0..self.rng.random_range(1..4) {
            let Some(seq) = Seq::new(self.rng.random_range(1..=head.seq.get())) else { continue };
            let id = if foreign { Some(EntryId::from_bytes([7; 32])) } else { ledger.id_at(chain, seq) };
            points.extend(id.map(|id| Point { seq, id }));
        }
        let entries = Sorted::from_unsorted(points.iter().copied().collect()).unwrap_or_default();
        let erasure = Erasure { entries, reason: Reason::Order, basis: Text::new("QĐ").unwrap_or_default() };
        if ordered {
            if self.roster(RosterAction::Erase { chain, erasure })?.is_none() {
                return Ok(());
            }
        } else {
            let draft = Draft { kind: Kind::ERASE, time: Time::from_millis(self.now), payload: erasure.to_bytes() };
            let Some(entry) = self.append(number, 0, draft)? else { return Ok(()) };
            self.tell(Place { node: number, face: 0 }, Event::Appended(vec![entry]))?;
        }
        self.erased.extend(points.into_iter().map(|point| (chain, point)));
        self.report.erasures += 1;
        Ok(())
    }
}

/// Sends some entries without their payloads, as if they were erased.
pub(crate) fn withhold(rng: &mut ChaCha20Rng, response: Response) -> Response {
    let Response::Range(entries) = response else { return response };
    let bare = |bytes: Vec<u8>, hidden: bool| if hidden { bytes[..SIGNED_LEN].to_vec() } else { bytes };
    let hides = |entry: &[u8]| UnverifiedEntry::parse(entry).is_ok_and(|entry| entry.header().kind.is_erasable());
    let entries = entries.into_vec().into_iter().map(Bounded::into_vec).map(|entry| {
        let hidden = rng.random_bool(0.3) && hides(&entry);
        Bounded::new(bare(entry, hidden)).unwrap_or_default()
    });
    Bounded::new(entries.collect()).map_or(Response::NotFound, Response::Range)
}

/// What a ledger shows of a chain that it should not, or does not show though it should: by the erasures that stand there,
/// and by all that were ever written.
pub(crate) fn wrongly_kept(ledger: &SimLedger, chain: ChainId) -> Option<Point> {
    let parse = |bytes: Arc<[u8]>| UnverifiedEntry::parse(&bytes).ok();
    let entries: Vec<_> = ledger.entries(chain).into_iter().filter_map(parse).collect();
    let mut named = BTreeSet::new();
    for entry in &entries {
        if let Some(erasure) = Erasure::of(entry.header().kind, entry.payload()) {
            named.extend(erasure.reached_by(entry.header()));
        }
    }
    for entry in ledger.entries(ledger.roster().chain()).into_iter().filter_map(parse) {
        let payload = entry.payload().and_then(|payload| RosterPayload::from_bytes(payload).ok());
        if let Some(RosterPayload { action: RosterAction::Erase { chain: of, erasure }, .. }) = payload
            && of == chain
        {
            named.extend(erasure.entries.iter().copied());
        }
    }
    let kept = |entry: &&UnverifiedEntry| {
        entry.header().kind.is_erasable() && named.contains(&entry.point()) && entry.bytes().len() > SIGNED_LEN
    };
    entries.iter().find(kept).map(UnverifiedEntry::point)
}

/// Whether two copies of a chain are the same, but for payloads of what was ever erased: an erasure that the registrar
/// voided afterwards reached some nodes and not others.
pub(crate) fn same(world: &World, chain: ChainId, one: &[Arc<[u8]>], other: &[Arc<[u8]>]) -> bool {
    let alike = |(a, b): (&Arc<[u8]>, &Arc<[u8]>)| {
        let erased = || UnverifiedEntry::parse(a).is_ok_and(|entry| world.erased.contains(&(chain, entry.point())));
        a == b || (a.get(..SIGNED_LEN) == b.get(..SIGNED_LEN) && erased())
    };
    one.len() == other.len() && one.iter().zip(other).all(alike)
}
