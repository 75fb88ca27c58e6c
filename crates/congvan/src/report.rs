//! Reporting what became of a document. What breaks the table of [`congvan_core::life`] is not made:
//! looking and writing are one step for each document.

use std::ops::ControlFlow;

use congvan_core::document::Relation;
use congvan_core::life::{After, Breach, Event, Life, Role, Rule, Says};
use congvan_core::rng;
use congvan_core::status::StatusNote;
use congvan_core::{
    AgencyCode, Draft, EntryId, EntryRef, Kind, Link, LinkedEntry, StatusCode, StatusCover, StatusPayload, Wire,
};
use congvan_store::LocalPut;

use crate::life::document_of;
use crate::node::{Node, Own};
use crate::read::ReadError;
use crate::send::{Receipt, SendError, local_key};
use crate::setup;

/// What would break the rules of a document's life.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LifeError {
    /// The table has no such step.
    #[error("{code} ({}) cannot be reported on document {}: {breach}; {}", code.english(), document.short(), possibly(.possible))]
    Breach {
        /// The document.
        document: EntryId,
        /// What was to be reported.
        code: StatusCode,
        /// This agency's last status of handling.
        state: Option<StatusCode>,
        /// What it would be.
        breach: Breach,
        /// What it may report now.
        possible: Vec<StatusCode>,
    },
    /// Several things are asked of this agency; which one it answers, it must say.
    #[error("several things are asked about document {}: name the one that {code} answers: {}", document.short(), ids(.asked))]
    SeveralAsked {
        /// The document.
        document: EntryId,
        /// What was to be reported.
        code: StatusCode,
        /// What is asked, in the order in which it was.
        asked: Vec<EntryId>,
    },
    /// A document that may not link so to the other.
    #[error("the document cannot {} {}: {breach}", verb(*.relation), document.short())]
    Link {
        /// The other.
        document: EntryId,
        /// What it was to be to it.
        relation: Relation,
        /// What it would be.
        breach: Breach,
    },
    /// No such document is here.
    #[error("the document that is to be {} is not here: {named}", participle(*.relation))]
    NoTarget {
        /// What it was to be to it.
        relation: Relation,
        /// The other, as it was named.
        named: String,
    },
}

fn ids(ids: &[EntryId]) -> String {
    ids.iter().map(EntryId::to_string).collect::<Vec<_>>().join(", ")
}

fn possibly(codes: &[StatusCode]) -> String {
    match codes {
        [] => "nothing can be reported on it now".to_owned(),
        codes => {
            let named = codes.iter().map(|code| format!("{code} ({})", code.english()));
            format!("possible now: {}", named.collect::<Vec<_>>().join(", "))
        }
    }
}

fn verb(relation: Relation) -> &'static str {
    match relation {
        Relation::Answers => "answer",
        Relation::Recalls => "recall",
        Relation::Updates => "update",
        Relation::Replaces => "replace",
    }
}

fn participle(relation: Relation) -> &'static str {
    match relation {
        Relation::Answers => "answered",
        Relation::Recalls => "recalled",
        Relation::Updates => "updated",
        Relation::Replaces => "replaced",
    }
}

impl LifeError {
    /// In Vietnamese.
    pub fn vietnamese(&self) -> String {
        match self {
            Self::Breach { document, code, breach, possible, .. } => {
                let possible = match possible.as_slice() {
                    [] => "hiện không báo được gì".to_owned(),
                    codes => {
                        let named = codes.iter().map(|code| format!("{code} ({})", code.vietnamese()));
                        format!("hiện có thể báo: {}", named.collect::<Vec<_>>().join(", "))
                    }
                };
                let (meaning, breach) = (code.vietnamese(), breach.vietnamese());
                format!("không thể báo {code} ({meaning}) cho văn bản {}: {breach}; {possible}", document.short())
            }
            Self::SeveralAsked { document, code, asked } => {
                format!(
                    "có nhiều yêu cầu về văn bản {}; hãy nêu {code} trả lời yêu cầu nào: {}",
                    document.short(),
                    ids(asked)
                )
            }
            Self::Link { document, breach, .. } => {
                format!("văn bản không thể liên kết như vậy tới {}: {}", document.short(), breach.vietnamese())
            }
            Self::NoTarget { named, .. } => format!("không có văn bản được nêu ở đây: {named}"),
        }
    }
}

impl Node {
    /// Reports what became of a document: an addressee to its sender, or the sender that it asks for it
    /// back (13), which is said to each addressee that can be asked. What 15 and 16 answer is found by
    /// itself where one thing is asked. A 01 that the node has reported already is not written again, and
    /// no error.
    ///
    /// # Errors
    /// [`SendError::Life`] where it breaks the table, with what may be reported now; nothing was written
    /// then.
    pub async fn report(&self, id: &str, code: StatusCode, note: StatusNote) -> Result<Receipt, SendError> {
        self.report_with(id, code, None, note, None).await
    }

    /// The same, once for each key: a retry with the same key reports nothing more.
    ///
    /// # Errors
    /// As [`Node::report`].
    pub async fn report_once(
        &self,
        id: &str,
        code: StatusCode,
        note: StatusNote,
        key: &str,
    ) -> Result<Receipt, SendError> {
        self.report_with(id, code, None, note, Some(key)).await
    }

    /// The same, with the id of what it answers, or leading digits of it: of 15 and 16 a status 13 or a
    /// document that recalls, updates or replaces; of a repeated 13 the refusal (16) that it comes back to.
    ///
    /// # Errors
    /// As [`Node::report`].
    pub async fn report_answer(
        &self,
        id: &str,
        code: StatusCode,
        answers: Option<&str>,
        note: StatusNote,
    ) -> Result<Receipt, SendError> {
        self.report_with(id, code, answers, note, None).await
    }

    /// The most general form: what it answers, where that is not plain, and a key with which a retry reports
    /// nothing more.
    ///
    /// # Errors
    /// As [`Node::report`].
    pub async fn report_with(
        &self,
        id: &str,
        code: StatusCode,
        answers: Option<&str>,
        note: StatusNote,
        key: Option<&str>,
    ) -> Result<Receipt, SendError> {
        let own = self.writable_own().await?;
        let mut key = local_key(b"said\0", key)?;
        let document = self.document_entry(id)?;
        let answers = answers.map(|id| self.named(id)).transpose()?;
        let node = self.clone();
        // A task of its own: where the caller goes away, the turn is not given up before the entry is written.
        let written = tokio::spawn(async move {
            let _keyed = match &key {
                Some(_) => Some(node.0.keyed.lock().await),
                None => None,
            };
            if let Some(entry) = node.written_under(key.as_deref())? {
                return Ok(Receipt { entry, repeated: true });
            }
            let _turn = node.0.turn(document.id()).lock().await;
            let n = node.clone();
            let judged = tokio::task::spawn_blocking(move || {
                let life = n.life_of(&document)?;
                // Software that reports 01 where the node did so by itself has not done anything wrong.
                match arrived(&life, &own).filter(|_| code == StatusCode::Arrived) {
                    Some(entry) => Ok(ControlFlow::Break(entry)),
                    None => n.statuses(&own, &life, &document, code, answers, &note).map(ControlFlow::Continue),
                }
            });
            let drafts = match judged.await.map_err(|_| SendError::Stopping)?? {
                ControlFlow::Break(entry) => return Ok(Receipt { entry, repeated: true }),
                ControlFlow::Continue(drafts) => drafts,
            };
            let mut first = None;
            for draft in drafts {
                let entry = node.append(draft, key.take().into_iter().map(LocalPut::Entry).collect()).await?;
                first.get_or_insert(Receipt { entry: entry.reference(), repeated: false });
            }
            first.ok_or(SendError::Stopping)
        });
        written.await.map_err(|_| SendError::Stopping)?
    }

    /// The one entry that these digits name.
    fn named(&self, id: &str) -> Result<EntryRef, ReadError> {
        let digits = Self::digits(id)?;
        match self.0.ledger.ids_with_prefix(&digits)?.as_slice() {
            [] => Err(ReadError::NotFound(id.to_owned())),
            [found] => {
                let entry = self.0.ledger.entry_by_id(*found)?;
                entry.map(|entry| entry.reference()).ok_or_else(|| ReadError::NotFound(id.to_owned()))
            }
            _ => Err(ReadError::Ambiguous(digits)),
        }
    }

    /// The statuses to write: one, or a 13 for each addressee that can be asked.
    fn statuses(
        &self,
        own: &Own,
        life: &Life,
        document: &LinkedEntry,
        code: StatusCode,
        answers: Option<EntryRef>,
        note: &StatusNote,
    ) -> Result<Vec<Draft>, SendError> {
        let words = match Rule::of(code).by {
            Role::Addressee => vec![answer(life, own, code, answers)?],
            Role::Sender => self.asks(life, own, code, answers)?,
        };
        let mut drafts = Vec::with_capacity(words.len());
        for (to, answers) in words {
            let key = self.seal_keys(std::slice::from_ref(&to))?;
            let (Some(key), Some(own_seal)) = (key.first(), own.seals.first()) else { return Err(SendError::Stopping) };
            let payload = StatusPayload::seal(
                self.0.network,
                own.chain,
                StatusCover { document: document.reference(), answers, code, to },
                *key,
                own_seal.public(),
                note.clone(),
                &mut rng::from_os()?,
            )?;
            drafts.push(Draft { kind: Kind::STATUS, time: setup::now(), payload: payload.to_bytes() });
        }
        Ok(drafts)
    }

    /// To whom the sender can say 13, each with the refusal that it comes back to.
    fn asks(
        &self,
        life: &Life,
        own: &Own,
        code: StatusCode,
        answers: Option<EntryRef>,
    ) -> Result<Vec<Word>, SendError> {
        let refusal = |answers: EntryRef| life.verdicts(answers.id).next().map(|event| event.fact.author.clone());
        let all = match answers {
            // Whoever names a refusal asks its author again, and nobody else.
            Some(answers) => refusal(answers).into_iter().collect(),
            None => life.document.addressees.clone(),
        };
        let mut words = Vec::new();
        let mut breach = match answers {
            Some(answers) => Breach::NotAsked(answers.id),
            None => Breach::NotSender(code),
        };
        for to in all {
            let ways = match answers {
                Some(answers) => vec![Some(answers)],
                None => [None].into_iter().chain(life.answerable(&own.code, code, &to).into_iter().map(Some)).collect(),
            };
            let judged = |answers| life.next(&own.code, Says::Status { code, to: to.clone(), answers });
            match ways.into_iter().find(|answers| judged(*answers).is_ok()) {
                Some(answers) => words.push((to, answers)),
                None => breach = judged(answers).err().unwrap_or(breach),
            }
        }
        match words.is_empty() {
            true => Err(refused(life, own, code, breach).into()),
            false => Ok(words),
        }
    }

    /// Holds a new document's links against the rules.
    pub(crate) fn check_links(&self, own: &Own, links: &[Link], to: &[AgencyCode]) -> Result<(), SendError> {
        for Link { relation, document } in links {
            let absent = || LifeError::NoTarget { relation: *relation, named: document.id.to_string() };
            let entry = self.0.ledger.entry_by_id(document.id)?;
            let entry = entry.filter(|entry| entry.header().kind == Kind::DOCUMENT && entry.reference() == *document);
            let entry = entry.ok_or_else(absent)?;
            let payload = self.payload_of(&entry)?;
            let of = document_of(&self.0.ledger.roster(), &entry, &payload.cover).ok_or_else(absent)?;
            // Of a link, only the two documents themselves matter: not what was said before.
            let judged = Life::of(of, []).next(&own.code, Says::Link { relation: *relation, to: to.to_vec() });
            if let Err(breach) = judged {
                return Err(LifeError::Link { document: document.id, relation: *relation, breach }.into());
            }
        }
        Ok(())
    }
}

/// This agency's 01, where that is the last that it reported.
fn arrived(life: &Life, own: &Own) -> Option<EntryRef> {
    let arrived = Some(StatusCode::Arrived);
    life.recipient(&own.code).filter(|recipient| recipient.handling == arrived)?;
    let said = |event: &&Event| {
        let says = matches!(event.fact.says, Says::Status { code, .. } if Some(code) == arrived);
        event.breach.is_none() && event.fact.author == own.code && says
    };
    life.history.iter().find(said).map(|event| event.fact.entry)
}

/// To whom a status is said, and what it answers.
type Word = (AgencyCode, Option<EntryRef>);

/// What an addressee says to the sender.
fn answer(life: &Life, own: &Own, code: StatusCode, answers: Option<EntryRef>) -> Result<Word, LifeError> {
    let to = life.document.sender.clone();
    let answers = match (Rule::of(code).after, answers) {
        (After::Asked, None) => match life.answerable(&own.code, code, &to).as_slice() {
            [] => None,
            [asked] => Some(*asked),
            several => {
                let asked = several.iter().map(|asked| asked.id).collect();
                return Err(LifeError::SeveralAsked { document: life.document.entry.id, code, asked });
            }
        },
        (_, answers) => answers,
    };
    let says = Says::Status { code, to: to.clone(), answers };
    match life.next(&own.code, says) {
        Ok(()) => Ok((to, answers)),
        Err(breach) => Err(refused(life, own, code, breach)),
    }
}

fn refused(life: &Life, own: &Own, code: StatusCode, breach: Breach) -> LifeError {
    LifeError::Breach {
        document: life.document.entry.id,
        code,
        state: life.recipient(&own.code).and_then(|recipient| recipient.handling),
        breach,
        possible: life.possible(&own.code),
    }
}
