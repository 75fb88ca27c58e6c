//! Documents' lives, from what entries say: what breaks the table of `docs/life.md`, and times that cannot be.

use congvan_core::codec::{Decode, Encode, bincode};
use congvan_core::life::{Document, Fact, Life};
use congvan_core::limits::CLOCK_TOLERANCE_MS;
use congvan_core::{ChainId, EntryId, EntryRef, Seq, Time, Wire, wire};

use super::AuditError;
use super::report::{Finds, Note};
use super::spill::Spill;

/// What an audit remembers of an entry until it has seen all that is about the same document.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[bincode(crate = "bincode")]
enum Told {
    /// The document itself.
    Document { document: Document, time: Time },
    /// Something said about it.
    Fact(Fact),
}
wire!(Told, "audit record", 1 << 20);

/// Everything that was said, by document.
#[derive(Default)]
pub(super) struct Lives(Spill);

/// The documents and facts of a ledger that were audited before and are not read again.
pub(super) trait Before {
    /// A document and its time.
    fn document(&self, id: EntryId) -> Result<Option<(Document, Time)>, AuditError>;

    /// What was said about it in entries that are not read again.
    fn facts(&self, id: EntryId) -> Result<Vec<Fact>, AuditError>;
}

impl Lives {
    pub(super) fn document(&mut self, document: Document, time: Time) -> Result<(), AuditError> {
        let key = *document.entry.id.as_bytes();
        self.0.put(key, Told::Document { document, time }.to_bytes()).map_err(AuditError::Temporary)
    }

    pub(super) fn fact(&mut self, fact: Fact) -> Result<(), AuditError> {
        self.0.put(*fact.about.id.as_bytes(), Told::Fact(fact).to_bytes()).map_err(AuditError::Temporary)
    }

    /// Judges every document. `broken` tells from which number on a chain does not stand; `new` whether an entry is
    /// read now, or was audited before.
    pub(super) fn judge(
        self,
        broken: impl Fn(ChainId) -> Option<Seq>,
        new: impl Fn(EntryRef) -> bool,
        before: Option<&dyn Before>,
        finds: &mut Finds,
    ) -> Result<(), AuditError> {
        let mut failed = None;
        self.0
            .drain(|key, records| {
                let id = EntryId::from_bytes(key);
                let mut document = None;
                let mut facts = Vec::new();
                for record in records {
                    match Told::from_bytes(record) {
                        Ok(Told::Document { document: found, time }) => document = Some((found, time)),
                        Ok(Told::Fact(fact)) => facts.push(fact),
                        Err(_) => {}
                    }
                }
                if let Some(before) = before {
                    let older = || -> Result<_, AuditError> {
                        let found = if document.is_none() { before.document(id)? } else { None };
                        Ok((found, before.facts(id)?))
                    };
                    match older() {
                        Ok((found, older)) => {
                            document = document.take().or(found);
                            facts.extend(older);
                        }
                        Err(error) => failed = Some(error),
                    }
                }
                let Some((document, time)) = document else { return };
                for fact in &mut facts {
                    // A proof may have come after the entries.
                    fact.stands = broken(fact.entry.chain).is_none_or(|from| fact.entry.seq < from);
                }
                facts.sort();
                facts.dedup();
                judge_one(document, time, facts, &new, finds);
            })
            .map_err(AuditError::Temporary)?;
        failed.map_or(Ok(()), Err)
    }
}

fn judge_one(document: Document, time: Time, facts: Vec<Fact>, new: &impl Fn(EntryRef) -> bool, finds: &mut Finds) {
    let id = document.entry.id.to_string();
    for event in Life::of(document, facts).history {
        let fact = event.fact;
        if !new(fact.entry) {
            continue;
        }
        let note = |reason: String, reason_vi: String| Note {
            agency: fact.author.to_string(),
            number: fact.entry.seq.get(),
            document: id.clone(),
            reason,
            reason_vi,
        };
        if let Some(breach) = event.breach {
            finds.note(note(breach.english(), breach.vietnamese()));
        }
        // Whoever names an entry by its id has seen it.
        if fact.time.as_millis().saturating_add(CLOCK_TOLERANCE_MS) < time.as_millis() {
            let reason =
                "it states an earlier time than the document that it is about: one of the two clocks was wrong";
            let reason_vi = "ghi thời điểm sớm hơn văn bản mà nó nói đến: một trong hai đồng hồ sai";
            finds.note(note(reason.to_owned(), reason_vi.to_owned()));
        }
    }
}
