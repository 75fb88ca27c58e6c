//! Holds the rows about erasures against the entries: what each erasure names has its row, every row comes from an erasure,
//! and what lacks its payload though nobody erased it is known to be missing.

use congvan_core::entry::SIGNED_LEN;
use congvan_core::roster::RosterPayload;
use congvan_core::{ChainId, Erasure, Header, Kind, Point, RosterAction, Seq, UnverifiedEntry, Wire, entry};

use super::{IndexFault, MAX_FAULTS};
use crate::error::StoreError;
use crate::layout::{self, Cf, ChainNo, Place};
use crate::ledger::Ledger;

/// What an entry erases: of which chain, and which of its entries.
fn named_by(no: ChainNo, bytes: &[u8]) -> Option<(Option<ChainId>, Vec<Point>)> {
    let (signed, payload) = bytes.split_at_checked(SIGNED_LEN)?;
    let header = Header::from_bytes(&signed[..entry::HEADER_LEN]).ok()?;
    if no != ChainNo::ROSTER {
        let erasure = Erasure::of(header.kind, Some(payload))?;
        return Some((None, erasure.reached_by(&header).collect()));
    }
    match RosterPayload::from_bytes(payload).ok().filter(|_| header.kind == Kind::ROSTER)?.action {
        RosterAction::Erase { chain, erasure } => Some((Some(chain), erasure.entries.to_vec())),
        _ => None,
    }
}

/// One pass over the entries, then one over the rows.
#[derive(Default)]
pub(super) struct Erasures {
    /// Rows that entries ask for.
    due: u64,
    faults: Vec<(Option<Place>, bool)>,
}

impl Erasures {
    /// Looks at an entry.
    pub(super) fn entry(&mut self, ledger: &Ledger, no: ChainNo, seq: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let db = &ledger.0.db;
        let (place, Some(seq)) = (layout::place(no, seq), Seq::new(seq)) else { return Ok(()) };
        // Parsing makes digests: only of what has no payload is one needed.
        let bare = (bytes.len() == SIGNED_LEN).then(|| UnverifiedEntry::parse(bytes).ok()).flatten();
        if let Some(entry) = bare.filter(|entry| entry.payload().is_none()) {
            let erased = entry.header().kind.is_erasable() && names(ledger, (no, seq), entry.point())?;
            let listed = db.get(Cf::Erasures, layout::erasure_key(b'M', place))?.is_some();
            if erased == listed {
                self.fault(Some((no, seq)), !listed);
            }
        }
        // What a chain says from its first bad signature on erases nothing.
        let bad = {
            let view = ledger.0.view();
            let chain = view.numbers.get(no.0 as usize).and_then(|chain| view.chains.get(chain));
            chain.and_then(|chain| chain.doubts.bad())
        };
        if bad.is_some_and(|bad| seq >= bad.seq) {
            return Ok(());
        }
        let Some((chain, points)) = named_by(no, bytes) else { return Ok(()) };
        let of = match chain {
            Some(chain) => ledger.chain(chain).map(|chain| chain.no),
            None => Some(no),
        };
        for point in points {
            let Some(of) = of else { continue };
            let row = layout::erased_by_key(layout::place(of, point.seq.get()), place);
            self.due += 1;
            if db.get(Cf::Erasures, row)?.as_deref() != Some(point.id.as_bytes()) {
                self.fault(Some((of, point.seq)), true);
            }
        }
        Ok(())
    }

    /// Looks at the rows. Returns how many there are.
    pub(super) fn rows(&mut self, ledger: &Ledger) -> Result<u64, StoreError> {
        let db = &ledger.0.db;
        let mut rows = 0;
        for row in db.scan_prefix(Cf::Erasures, b"M", false) {
            let place = layout::read_place(&row?.0[1..])?;
            rows += 1;
            let stored = db.get(Cf::Entries, layout::place(place.0, place.1.get()))?;
            let lacks = stored.as_deref().and_then(|bytes| UnverifiedEntry::parse(bytes).ok());
            if lacks.is_none_or(|entry| entry.payload().is_some()) {
                self.fault(stored.map(|_| place), false);
            }
        }
        let mut named = 0;
        for row in db.scan_prefix(Cf::Erasures, b"E", false) {
            row?;
            named += 1;
        }
        if named != self.due {
            self.find_invented(ledger)?;
        }
        Ok(rows + named)
    }

    /// Rows that no erasure asks for. What was dropped stays so, also where the erasing entry was set aside since.
    fn find_invented(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let db = &ledger.0.db;
        for row in db.scan_prefix(Cf::Erasures, b"E", false) {
            let (key, id) = row?;
            let ((of, seq), (no, by)) = layout::read_erased_by(&key)?;
            let id = layout::read_entry_id(&id)?;
            let chain = ledger.0.view().numbers.get(of.0 as usize).copied();
            let names = |bytes: &[u8]| {
                let (ordered, points) = named_by(no, bytes)?;
                (ordered.is_none_or(|ordered| Some(ordered) == chain) && points.contains(&Point { seq, id }))
                    .then_some(())
            };
            let stands = db.get(Cf::Entries, layout::place(no, by.get()))?.is_some_and(|bytes| names(&bytes).is_some());
            let mut aside = db.scan_prefix(Cf::Evidence, &layout::orphan_prefix(no, by.get()), false);
            if !stands && aside.next().transpose()?.is_none() {
                self.fault(Some((of, seq)), false);
            }
        }
        Ok(())
    }

    fn fault(&mut self, place: Option<Place>, missing: bool) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push((place, missing));
        }
    }

    /// What was found.
    pub(super) fn into_faults(self, ledger: &Ledger) -> Vec<IndexFault> {
        let view = ledger.0.view();
        let fault = |(place, missing): (Option<Place>, bool)| IndexFault {
            index: Cf::Erasures.name(),
            chain: place.and_then(|(no, _)| view.numbers.get(no.0 as usize).copied()),
            seq: place.map_or(0, |(_, seq)| seq.get()),
            missing,
        };
        self.faults.into_iter().map(fault).collect()
    }
}

/// Whether a row says that this very entry is erased.
fn names(ledger: &Ledger, (no, seq): Place, point: Point) -> Result<bool, StoreError> {
    let prefix = layout::erasure_key(b'E', layout::place(no, seq.get()));
    for row in ledger.0.db.scan_prefix(Cf::Erasures, &prefix, false) {
        if layout::read_entry_id(&row?.1)? == point.id {
            return Ok(true);
        }
    }
    Ok(false)
}
