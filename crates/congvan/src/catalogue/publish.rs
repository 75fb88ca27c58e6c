//! Changing this agency's part of the catalogue.

use std::collections::BTreeMap;
use std::io;

use congvan_core::catalogue::{Breach, FormBlob, Life, NotAPart, TooLong};
use congvan_core::ids::NameError;
use congvan_core::limits::MAX_FORM;
use congvan_core::{
    AgencyCode, Draft, Kind, Procedure, ProcedureChange, ProcedureCode, ProcedurePayload, Rights, Seq, Wire,
    catalogue::Retirement,
};
use congvan_store::StoreError;

use super::{Publisher, Story};
use crate::node::{Node, Own};
use crate::read::ReadError;
use crate::send::{Receipt, SendError, Source};
use crate::setup;

/// The most changes in one call.
pub const MAX_CHANGES: usize = 1_000;

/// Why the catalogue cannot be read or changed as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// No such procedure.
    #[error("there is no procedure {0} here; it may not have arrived yet")]
    NotFound(ProcedureCode),
    /// Several agencies have one of that code.
    #[error("several agencies published {code}: {}; name the publisher", .publishers.join(", "))]
    Several {
        /// The code.
        code: ProcedureCode,
        /// They.
        publishers: Vec<String>,
    },
    /// No such agency.
    #[error("the roster knows no agency {0}")]
    NoAgency(AgencyCode),
    /// No end of a page.
    #[error("{0:?} ends no page: give `next` of the page before")]
    NoPlace(String),
    /// No such form.
    #[error("the procedure has {have} forms; there is no number {asked}")]
    NoForm {
        /// Counted from 0.
        asked: usize,
        /// How many there are.
        have: usize,
    },
    /// An entry left its chain while the catalogue was read.
    #[error("entry {number} of {publisher} ceased to stand while it was read; ask again")]
    Gone {
        /// Whose.
        publisher: AgencyCode,
        /// Its number.
        number: Seq,
    },
    /// The right is missing.
    #[error(
        "the roster gives {0} no right to publish procedures; the registrar gives it: congvan roster rights {0} --publish on"
    )]
    NoRight(AgencyCode),
    /// The change would break a rule.
    #[error("{code}: {breach}")]
    Breach {
        /// The procedure.
        code: ProcedureCode,
        /// The rule.
        breach: Breach,
    },
    /// A form's bytes were not stored first.
    #[error("{code}: the form {name} is not in this ledger; store its bytes first")]
    FormMissing {
        /// The procedure.
        code: ProcedureCode,
        /// The form.
        name: String,
    },
    /// A form that cannot be read.
    #[error("the form cannot be read: {0}")]
    FormUnreadable(io::Error),
    /// Too many at once.
    #[error("{0} changes in one call; at most {MAX_CHANGES} are allowed")]
    TooMany(usize),
    /// Some were written before it failed; the rest was not.
    #[error("{written} changes were written, then: {error}")]
    Interrupted {
        /// How many, the first ones.
        written: usize,
        /// Why not the next.
        error: SendError,
    },
    /// Too much for an entry.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A word that is none.
    #[error(transparent)]
    Part(#[from] NotAPart),
    /// A code that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// This node does not write, or could not.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A form, or a signature.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Node {
    /// Publishes a new procedure, or one that was retired.
    ///
    /// ```no_run
    /// # async fn example(node: congvan::Node) -> Result<(), Box<dyn std::error::Error>> {
    /// use congvan::Source;
    /// use congvan::core::catalogue::{Form, Title};
    /// use congvan::core::{Bounded, Procedure, Text};
    ///
    /// let blob = node.store_form(Source::File("to-khai.pdf".into())).await?;
    /// let mut procedure = Procedure::new("1.001193".parse()?, Title::new("Đăng ký khai sinh")?);
    /// let name = Text::new("to-khai.pdf")?;
    /// procedure.forms = Bounded::new(vec![Form { name, media_type: Text::new("application/pdf")?, blob }])?;
    /// node.publish(procedure).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CatalogueError`]; nothing was written then.
    pub async fn publish(&self, procedure: Procedure) -> Result<Receipt, CatalogueError> {
        self.change_one(ProcedureChange::Publish(procedure)).await
    }

    /// Puts a procedure's new state, whole, in the place of the one before.
    ///
    /// # Errors
    /// [`CatalogueError`]; nothing was written then.
    pub async fn amend(&self, procedure: Procedure) -> Result<Receipt, CatalogueError> {
        self.change_one(ProcedureChange::Amend(procedure)).await
    }

    /// Takes a procedure out of the catalogue.
    ///
    /// # Errors
    /// [`CatalogueError`]; nothing was written then.
    pub async fn retire(&self, retirement: Retirement) -> Result<Receipt, CatalogueError> {
        self.change_one(ProcedureChange::Retire(retirement)).await
    }

    async fn change_one(&self, change: ProcedureChange) -> Result<Receipt, CatalogueError> {
        match self.change_catalogue(vec![change]).await?.first() {
            Some(receipt) => Ok(*receipt),
            None => Err(SendError::Stopping.into()),
        }
    }

    /// Many changes, in order; at most [`MAX_CHANGES`]. Each is an entry of its own. They share syncs, so that a
    /// whole province's catalogue takes seconds.
    ///
    /// # Errors
    /// [`CatalogueError`]: where any of them breaks a rule, nothing was written; only
    /// [`CatalogueError::Interrupted`] leaves the first ones.
    pub async fn change_catalogue(&self, changes: Vec<ProcedureChange>) -> Result<Vec<Receipt>, CatalogueError> {
        if changes.len() > MAX_CHANGES {
            return Err(CatalogueError::TooMany(changes.len()));
        }
        let own = self.writable_own().await?;
        // What was judged must still hold when it is written.
        let _alone = self.0.publishing.lock().await;
        let node = self.clone();
        let drafts = tokio::task::spawn_blocking(move || node.judge_changes(&own, changes))
            .await
            .map_err(|_| SendError::Stopping)??;
        let mut receipts = Vec::with_capacity(drafts.len());
        for appended in self.append_all(drafts).await? {
            match appended {
                Ok(entry) => receipts.push(Receipt { entry: entry.reference(), repeated: false }),
                Err(error) if receipts.is_empty() => return Err(error.into()),
                Err(error) => return Err(CatalogueError::Interrupted { written: receipts.len(), error }),
            }
        }
        Ok(receipts)
    }

    fn judge_changes(&self, own: &Own, changes: Vec<ProcedureChange>) -> Result<Vec<Draft>, CatalogueError> {
        let (ledger, roster) = (&self.0.ledger, self.0.ledger.roster());
        let agency = roster.agency(own.chain).ok_or_else(|| CatalogueError::NoAgency(own.code.clone()))?;
        let next = ledger.state(own.chain).next_seq().unwrap_or(Seq::FIRST);
        if !agency.rights_at(next).include(Rights::PUBLISH) {
            return Err(CatalogueError::NoRight(own.code.clone()));
        }
        let publisher = Publisher { ledger, agency };
        let mut lives: BTreeMap<ProcedureCode, Life> = BTreeMap::new();
        let mut drafts = Vec::with_capacity(changes.len());
        for change in changes {
            let code = change.code().clone();
            let life = match lives.get(&code) {
                Some(life) => *life,
                None => {
                    let Story { life, .. } = publisher.story_before(&code, None)?;
                    life
                }
            };
            let after = life.after(change.act(), Rights::PUBLISH);
            let after = after.map_err(|breach| CatalogueError::Breach { code: code.clone(), breach })?;
            let forms = change.procedure().map_or(&[][..], |procedure| &procedure.forms);
            if let Some(form) = forms.iter().find(|form| !ledger.has_blob(&form.blob.blob())) {
                return Err(CatalogueError::FormMissing { code, name: form.name.to_string() });
            }
            lives.insert(code, after);
            let payload = ProcedurePayload::new(change)?.to_bytes();
            drafts.push(Draft { kind: Kind::PROCEDURE, time: setup::now(), payload });
        }
        Ok(drafts)
    }

    /// Stores a form's bytes, for a procedure that is published next. The same bytes are stored once.
    ///
    /// # Errors
    /// [`CatalogueError::Part`] where it is longer than [`MAX_FORM`], [`CatalogueError::FormUnreadable`].
    pub async fn store_form(&self, source: Source) -> Result<FormBlob, CatalogueError> {
        let node = self.clone();
        tokio::task::spawn_blocking(move || node.store_form_now(source)).await.map_err(|_| SendError::Stopping)?
    }

    fn store_form_now(&self, source: Source) -> Result<FormBlob, CatalogueError> {
        let len = source.len().map_err(CatalogueError::FormUnreadable)?;
        if len > MAX_FORM {
            return Err(NotAPart::FormTooLong(len).into());
        }
        Ok(FormBlob::new(self.store_plain(source).map_err(CatalogueError::FormUnreadable)?)?)
    }
}
