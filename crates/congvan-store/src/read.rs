//! Reading: by place, by id, in order, and through the indexes.

use std::sync::Arc;

use congvan_core::chain::ChainError;
use congvan_core::entry::SIGNED_LEN;
use congvan_core::{
    AgencyCode, ChainId, EntryId, EntryRef, LinkedEntry, Point, Reason, Roster, Seq, Time, UnverifiedEntry,
};

use crate::chain::Chain;
use crate::db::{Database, Item};
use crate::error::{Corruption, StoreError};
use crate::layout::{self, Cf, ChainNo};
use crate::ledger::Ledger;

/// The id of the entry stored at a place.
pub(crate) fn id_at(db: &Database, chain: ChainId, no: ChainNo, seq: Seq) -> Result<EntryId, StoreError> {
    let bytes = db.get(Cf::Entries, layout::place(no, seq.get())).map_err(|error| error.at(chain, seq))?;
    let bytes = bytes.ok_or(StoreError::Corrupt { chain, seq, error: Corruption::Missing })?;
    id_of(&bytes).map_err(|error| StoreError::Corrupt { chain, seq, error })
}

/// The id of a stored entry.
pub(crate) fn id_of(bytes: &[u8]) -> Result<EntryId, Corruption> {
    Ok(UnverifiedEntry::parse(bytes.get(..SIGNED_LEN).unwrap_or(bytes))?.id())
}

/// Reads an entry back from the bytes stored at its place.
fn read_back(roster: &Roster, chain: &Chain, seq: Seq, bytes: &[u8]) -> Result<LinkedEntry, StoreError> {
    let id = chain.state.chain();
    let read = || -> Result<LinkedEntry, Corruption> {
        let entry = UnverifiedEntry::parse(bytes)?;
        if entry.header().chain != id || entry.seq() != seq {
            return Err(Corruption::Misplaced);
        }
        match id == roster.chain() {
            true => Ok(roster.stored(entry)?),
            false => Ok(chain.state.stored(entry).map_err(|error: ChainError| error)?),
        }
    };
    read().map_err(|error| StoreError::Corrupt { chain: id, seq, error })
}

impl Ledger {
    /// The entry with this number, standing or in quarantine; `None` past the end.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names a damaged or missing one.
    pub fn entry(&self, chain: ChainId, seq: Seq) -> Result<Option<LinkedEntry>, StoreError> {
        // Held while reading: what ceases to stand leaves view and disk at once.
        let view = self.0.view();
        let Some(known) = view.chains.get(&chain).filter(|known| seq.get() <= known.head()) else { return Ok(None) };
        let bytes = self.0.db.get(Cf::Entries, layout::place(known.no, seq.get())).map_err(|e| e.at(chain, seq))?;
        let bytes = bytes.ok_or(StoreError::Corrupt { chain, seq, error: Corruption::Missing })?;
        read_back(&view.roster, known, seq, &bytes).map(Some)
    }

    /// The entry with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entry_by_id(&self, id: EntryId) -> Result<Option<LinkedEntry>, StoreError> {
        let Some(place) = self.0.db.get(Cf::Ids, id.as_bytes())? else { return Ok(None) };
        let (no, seq) = layout::read_place(&place)?;
        let chain = self.0.view().numbers.get(no.0 as usize).copied();
        let Some(chain) = chain else { return Ok(None) };
        Ok(self.entry(chain, seq)?.filter(|entry| entry.id() == id))
    }

    /// All ids that begin with these hexadecimal digits, ascending; at most 1,000.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ids_with_prefix(&self, digits: &str) -> Result<Vec<EntryId>, StoreError> {
        let nibble = |c: char| c.to_digit(16).map(|digit| digit as u8);
        let Some(nibbles) = digits.chars().map(nibble).collect::<Option<Vec<u8>>>() else { return Ok(vec![]) };
        let prefix: Vec<u8> = nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        let odd = (nibbles.len() % 2 == 1).then(|| nibbles[nibbles.len() - 1]);
        let mut ids = Vec::new();
        for item in self.0.db.scan_prefix(Cf::Ids, &prefix, false) {
            let (key, _) = item?;
            let id = <[u8; 32]>::try_from(&*key).map_err(|_| Corruption::Key(key.to_vec()))?;
            if odd.is_none_or(|odd| id.get(prefix.len()).is_some_and(|byte| byte >> 4 == odd)) {
                ids.push(EntryId::from_bytes(id));
            }
            if ids.len() == 1000 {
                break;
            }
        }
        Ok(ids)
    }

    /// A chain's entries from `from` to its end as of now, quarantined ones included, one by one: the
    /// first damaged or missing entry is an error, and the last item.
    pub fn entries(&self, chain: ChainId, from: Seq) -> impl Iterator<Item = Result<LinkedEntry, StoreError>> + '_ {
        let view = self.0.view();
        let known = view.chains.get(&chain).cloned();
        let (no, head) = known.as_ref().map_or((ChainNo(u32::MAX), 0), |known| (known.no, known.head()));
        // Made under the view's lock, so that it sees what the view says.
        let end = layout::place(no, head.saturating_add(1)).to_vec();
        let stored = self.0.db.scan(Cf::Entries, layout::place(no, from.get()).to_vec(), end, false);
        Entries { chain: known, roster: view.roster.clone(), stored, due: Some(from).filter(|due| due.get() <= head) }
    }

    /// The same as the bytes that are stored, which nobody has looked at: for whoever judges them.
    pub fn stored(
        &self,
        chain: ChainId,
        from: Seq,
    ) -> impl Iterator<Item = Result<(Seq, Box<[u8]>), StoreError>> + '_ + use<'_> {
        let view = self.0.view();
        let known = view.chains.get(&chain);
        let (no, head) = known.map_or((ChainNo(u32::MAX), 0), |known| (known.no, known.head()));
        let end = layout::place(no, head.saturating_add(1)).to_vec();
        let mut stored = self.0.db.scan(Cf::Entries, layout::place(no, from.get()).to_vec(), end, false);
        let mut due = Some(from).filter(|due| due.get() <= head);
        std::iter::from_fn(move || {
            let seq = due.take()?;
            let corrupt = |error| StoreError::Corrupt { chain, seq, error };
            Some(match stored.next() {
                Some(Ok((key, bytes))) if *key == layout::place(no, seq.get()) => {
                    due = seq.next().filter(|next| next.get() <= head);
                    Ok((seq, bytes))
                }
                Some(Err(error)) => Err(error.at(chain, seq)),
                _ => Err(corrupt(Corruption::Missing)),
            })
        })
    }

    /// The bytes of standing entries from `from` on: at most `max_entries`, and at most `max_bytes` in
    /// all, but at least one if there is one.
    ///
    /// # Errors
    /// [`StoreError`], if the first cannot be read; what precedes a damaged one is returned.
    pub fn range(
        &self,
        chain: ChainId,
        from: Seq,
        max_bytes: usize,
        max_entries: usize,
    ) -> Result<Vec<Arc<[u8]>>, StoreError> {
        self.bytes_between(chain, from, self.status(chain).head, max_bytes, max_entries)
    }

    /// The same of the entries in quarantine for a bad signature: from the bad one on, they are the
    /// evidence that others quarantine by. None of a chain in quarantine for another reason, or not at all.
    ///
    /// # Errors
    /// As [`range`](Self::range).
    pub fn evidence(
        &self,
        chain: ChainId,
        from: Seq,
        max_bytes: usize,
        max_entries: usize,
    ) -> Result<Vec<Arc<[u8]>>, StoreError> {
        let bad = self.status(chain).quarantined.filter(|q| q.reason == Reason::BadSignature && q.from <= from);
        self.bytes_between(chain, from, bad.and(self.state(chain).head()), max_bytes, max_entries)
    }

    /// The bytes of entries from `from` to `last`; none without it.
    fn bytes_between(
        &self,
        chain: ChainId,
        from: Seq,
        last: Option<Point>,
        max_bytes: usize,
        max_entries: usize,
    ) -> Result<Vec<Arc<[u8]>>, StoreError> {
        let mut range: Vec<Arc<[u8]>> = Vec::new();
        let Some(last) = last else { return Ok(range) };
        let mut room = max_bytes;
        for entry in self.entries(chain, from).take(max_entries) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if range.is_empty() => return Err(error),
                Err(error) => {
                    tracing::error!(%error, "a stored entry is damaged");
                    break;
                }
            };
            if entry.seq() > last.seq || (!range.is_empty() && entry.bytes().len() > room) {
                break;
            }
            room = room.saturating_sub(entry.bytes().len());
            range.push(entry.shared_bytes());
        }
        Ok(range)
    }

    /// Documents addressed to `code`, newest first by their authors' clocks.
    pub fn by_addressee(&self, code: &AgencyCode) -> impl Iterator<Item = Result<EntryRef, StoreError>> + '_ + use<'_> {
        self.listed(self.0.db.scan_prefix(Cf::ByAddressee, &layout::addressee_prefix(code), true))
    }

    /// What [`Ledger::by_addressee`] lists behind a document that it listed before: how a long list is read page by page.
    pub fn by_addressee_after(
        &self,
        code: &AgencyCode,
        last: &LinkedEntry,
    ) -> impl Iterator<Item = Result<EntryRef, StoreError>> + '_ + use<'_> {
        let from = layout::addressee_prefix(code);
        let to = match self.0.view().chains.get(&last.header().chain) {
            Some(chain) => {
                let place = layout::place(chain.no, last.seq().get());
                layout::by_addressee(code, last.header().time, place)
            }
            // Of an unknown chain nothing was listed.
            None => from.clone(),
        };
        self.listed(self.0.db.scan(Cf::ByAddressee, from, to, true))
    }

    /// Statuses about a document, and documents that link to it, chain by chain in their order.
    pub fn by_document(&self, document: EntryId) -> impl Iterator<Item = Result<EntryRef, StoreError>> + '_ + use<'_> {
        self.listed(self.0.db.scan_prefix(Cf::ByDocument, document.as_bytes(), false))
    }

    /// Entries of all chains from `from` up to, not with, `to`, by their authors' clocks, ascending.
    pub fn by_time(&self, from: Time, to: Time) -> impl Iterator<Item = Result<EntryRef, StoreError>> + '_ + use<'_> {
        let key = |time: Time| time.as_millis().to_be_bytes().to_vec();
        self.listed(self.0.db.scan(Cf::ByTime, key(from), key(to), false))
    }

    fn listed<'a>(
        &'a self,
        index: impl Iterator<Item = Item> + 'a,
    ) -> impl Iterator<Item = Result<EntryRef, StoreError>> + 'a {
        let resolve = |item: Item| -> Result<Option<EntryRef>, StoreError> {
            let (no, seq) = layout::read_tail(&item?.0)?;
            let view = self.0.view();
            let Some(chain) = view.numbers.get(no.0 as usize).copied() else { return Ok(None) };
            // An entry may have been set aside since the index was opened.
            if view.chains.get(&chain).is_none_or(|known| seq.get() > known.head()) {
                return Ok(None);
            }
            Ok(Some(EntryRef { chain, seq, id: id_at(&self.0.db, chain, no, seq)? }))
        };
        index.filter_map(move |item| resolve(item).transpose())
    }
}

struct Entries<I> {
    chain: Option<Arc<Chain>>,
    roster: Arc<Roster>,
    stored: I,
    due: Option<Seq>,
}

impl<I: Iterator<Item = Item>> Entries<I> {
    fn read(&mut self, chain: &Chain, due: Seq) -> Result<LinkedEntry, StoreError> {
        let corrupt = |error| StoreError::Corrupt { chain: chain.state.chain(), seq: due, error };
        let (key, bytes) = match self.stored.next() {
            Some(item) => item.map_err(|error| error.at(chain.state.chain(), due))?,
            None => return Err(corrupt(Corruption::Missing)),
        };
        if *key != layout::place(chain.no, due.get()) {
            return Err(corrupt(Corruption::Missing));
        }
        let entry = read_back(&self.roster, chain, due, &bytes)?;
        match chain.state.head().filter(|head| head.seq == due && head.id != entry.id()) {
            Some(_) => Err(corrupt(Corruption::Head)),
            None => Ok(entry),
        }
    }
}

impl<I: Iterator<Item = Item>> Iterator for Entries<I> {
    type Item = Result<LinkedEntry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let due = self.due.take()?;
        let chain = self.chain.clone()?;
        let entry = self.read(&chain, due);
        if entry.is_ok() {
            self.due = due.next().filter(|next| next.get() <= chain.head());
        }
        Some(entry)
    }
}
