//! What was erased, and whether it is gone; what is missing though nobody erased it.
//!
//! An erasure names entries before it, so an entry has passed before anybody knows that it must have lost its payload. Two
//! bits are kept for each entry that could be erased, and nothing else: what an erasure names and seems to be still here
//! is looked at again at the end, by its id. A genuine copy has nothing of the kind.

use std::collections::{BTreeMap, BTreeSet};

use congvan_core::{
    ChainId, EntryId, Erasure, Header, LinkedEntry, Point, RosterAction, RosterChange, Seq, Wire, entry,
};

/// What an audit learns of erasures on its way.
#[derive(Default)]
pub(super) struct Forgotten {
    chains: BTreeMap<ChainId, Payloads>,
    /// What the registrars ordered. The roster comes first, so that every order is known before what it names.
    ordered: BTreeMap<ChainId, BTreeSet<Point>>,
    /// What an erasure names by a number whose entry has its payload, or was not read.
    suspects: BTreeMap<ChainId, BTreeSet<Point>>,
}

/// Of one chain's entries, from the first that was read.
struct Payloads {
    first: Seq,
    /// Those that an erasure may reach and that have their payload.
    present: Bits,
    /// Those without.
    absent: Bits,
    /// Those among them that an erasure names.
    erased: u64,
}

/// How many of a chain's payloads are not here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gone {
    /// For an erasure names them.
    pub(super) erased: u64,
    /// And nobody erased them.
    pub(super) missing: u64,
    /// The first of those.
    pub(super) first_missing: Option<Seq>,
}

#[derive(Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, at: u64) {
        let word = (at / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (at % 64);
    }

    /// Whether it was set; it is not any more.
    fn take(&mut self, at: u64) -> bool {
        let Some(word) = self.0.get_mut((at / 64) as usize) else { return false };
        let (bit, before) = (1 << (at % 64), *word);
        *word &= !bit;
        before & bit != 0
    }

    fn has(&self, at: u64) -> bool {
        self.0.get((at / 64) as usize).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    fn first(&self) -> Option<u64> {
        let at = self.0.iter().position(|word| *word != 0)?;
        Some(at as u64 * 64 + u64::from(self.0[at].trailing_zeros()))
    }
}

impl Forgotten {
    /// Keeps what an accepted change of the roster erases.
    pub(super) fn order(&mut self, change: &RosterChange) {
        if let RosterAction::Erase { chain, erasure } = change.action() {
            self.ordered.entry(*chain).or_default().extend(erasure.entries.iter());
        }
    }

    /// Takes the next entry of a chain that stands.
    pub(super) fn push(&mut self, entry: &LinkedEntry) {
        let (header, point) = (entry.header(), entry.point());
        let payloads = self.chains.entry(header.chain).or_insert_with(|| Payloads {
            first: point.seq,
            present: Bits::default(),
            absent: Bits::default(),
            erased: 0,
        });
        let at = point.seq.get() - payloads.first.get();
        match (entry.payload().is_some(), header.kind.is_erasable()) {
            (true, true) => payloads.present.set(at),
            (true, false) => {}
            (false, _) => payloads.absent.set(at),
        }
        let ordered = self.ordered.get(&header.chain).is_some_and(|points| points.contains(&point));
        if ordered && header.kind.is_erasable() {
            self.name(header.chain, point);
        }
        if let Some(erasure) = Erasure::of(header.kind, entry.payload()) {
            erasure.reached_by(header).for_each(|point| self.name(header.chain, point));
        }
    }

    /// An erasure names this one.
    fn name(&mut self, chain: ChainId, point: Point) {
        let Some(payloads) = self.chains.get_mut(&chain) else { return };
        match point.seq.get().checked_sub(payloads.first.get()) {
            Some(at) if !payloads.present.has(at) => payloads.erased += u64::from(payloads.absent.take(at)),
            _ => {
                self.suspects.entry(chain).or_default().insert(point);
            }
        }
    }

    /// What is to be looked at again, with all that orders name of entries that were not read.
    pub(super) fn suspects(&mut self) -> &BTreeMap<ChainId, BTreeSet<Point>> {
        for (chain, points) in &self.ordered {
            let first = self.chains.get(chain).map(|payloads| payloads.first);
            let unread = points.iter().filter(|point| first.is_none_or(|first| point.seq < first));
            self.suspects.entry(*chain).or_default().extend(unread);
        }
        self.suspects.retain(|_, points| !points.is_empty());
        &self.suspects
    }

    /// Whether these bytes are an entry that was erased and has its payload all the same.
    pub(super) fn is_kept(&self, bytes: &[u8]) -> Option<(ChainId, Seq)> {
        let (signed, payload) = bytes.split_at_checked(entry::SIGNED_LEN)?;
        let header = Header::from_bytes(&signed[..entry::HEADER_LEN]).ok()?;
        let named = self.suspects.get(&header.chain)?;
        let [from, to] = [0, u8::MAX].map(|byte| Point { seq: header.seq, id: EntryId::from_bytes([byte; 32]) });
        // A digest is made only for what its number makes suspect.
        let mut rivals = named.range(from..=to).peekable();
        rivals.peek()?;
        let id = EntryId::of(signed);
        let kept = rivals.any(|point| point.id == id) && header.kind.is_erasable() && !payload.is_empty();
        kept.then_some((header.chain, header.seq))
    }

    /// What is not here of a chain's payloads.
    pub(super) fn gone(&self, chain: ChainId) -> Gone {
        let Some(payloads) = self.chains.get(&chain) else { return Gone::default() };
        let first_missing = payloads.absent.first().and_then(|at| payloads.first.get().checked_add(at));
        Gone {
            erased: payloads.erased,
            missing: payloads.absent.count(),
            first_missing: first_missing.and_then(Seq::new),
        }
    }
}
