//! The catalogue of administrative procedures, as this node's ledger has it.
//!
//! What stands follows from the entries and the roster alone, so every node that has them shows the same
//! (`congvan_core::catalogue`). A *cursor* is a number of this node's own feed: what came here after it.

mod publish;
mod view;

pub use publish::{CatalogueError, MAX_CHANGES};
pub use view::{
    CatalogueChange, CatalogueChanges, CatalogueList, ChangeKind, ChannelView, FeeView, FieldChange, FormView,
    ProcedureDetail, ProcedureSummary, ProcedureView, RetiredView,
};

use std::collections::BTreeSet;

use congvan_core::catalogue::{Breach, Date, Level, Life, differences};
use congvan_core::roster::{RosterAction, RosterPayload};
use congvan_core::{
    Agency, AgencyCode, ChainId, Kind, LinkedEntry, Procedure, ProcedureChange, ProcedureCode, ProcedurePayload,
    Roster, Seq, Wire,
};
use congvan_store::{FeedItem, Ledger, ProcedureMark, StoreError};
use serde::{Deserialize, Serialize};

use crate::node::Node;
use crate::read::AttachmentReader;

/// Feed items looked at for changes at once.
const PAGE: usize = 1_024;
/// Changes are returned at the latest when their payloads reach this many bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Which procedures to list. The default lists all that are live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Of this publisher alone.
    pub publisher: Option<String>,
    /// Of this level of government: `province`, `district` or `commune`.
    pub level: Option<String>,
    /// Of this field of administration.
    pub field: Option<String>,
    /// With this text in code or name, whatever the case.
    pub text: Option<String>,
    /// In force on this day, `yyyy/MM/dd`.
    pub on: Option<String>,
    /// The retired ones too.
    pub retired: bool,
    /// Behind this one: `next` of the page before.
    pub after: Option<String>,
}

/// What a filter means, once its words are understood.
struct Wanted {
    publisher: Option<AgencyCode>,
    level: Option<Level>,
    field: Option<String>,
    text: Option<String>,
    on: Option<Date>,
    retired: bool,
    after: Option<(AgencyCode, ProcedureCode)>,
}

/// Where a page of the catalogue ends: a publisher and one of its procedures. No publisher's code has a slash.
fn place(publisher: &AgencyCode, code: &ProcedureCode) -> String {
    format!("{publisher}/{code}")
}

fn read_place(text: &str) -> Result<(AgencyCode, ProcedureCode), CatalogueError> {
    let (publisher, code) = text.split_once('/').ok_or_else(|| CatalogueError::NoPlace(text.to_owned()))?;
    Ok((AgencyCode::new(publisher)?, ProcedureCode::new(code)?))
}

impl TryFrom<Filter> for Wanted {
    type Error = CatalogueError;

    fn try_from(filter: Filter) -> Result<Self, CatalogueError> {
        Ok(Self {
            publisher: filter.publisher.map(AgencyCode::new).transpose()?,
            level: filter.level.map(|level| level.parse()).transpose()?,
            field: filter.field.map(|field| field.to_lowercase()),
            text: filter.text.map(|text| text.to_lowercase()),
            on: filter.on.map(|on| on.parse()).transpose()?,
            retired: filter.retired,
            after: filter.after.as_deref().map(read_place).transpose()?,
        })
    }
}

impl Wanted {
    fn includes(&self, procedure: &Procedure) -> bool {
        let has = |text: &str| {
            procedure.code.as_str().to_lowercase().contains(text)
                || procedure.name.as_str().to_lowercase().contains(text)
        };
        self.level.is_none_or(|level| procedure.levels.contains(&level))
            && self.field.as_ref().is_none_or(|field| procedure.field.to_lowercase() == *field)
            && self.on.is_none_or(|on| procedure.in_force.includes(on))
            && self.text.as_ref().is_none_or(|text| has(text))
    }
}

/// The life of one procedure, as far as its entries were followed.
#[derive(Clone, Copy, Default)]
struct Story {
    life: Life,
    /// The entry that says how it stands.
    says: Option<Seq>,
    published: Option<Seq>,
    /// The last entry that counted.
    changed: Option<Seq>,
}

impl Story {
    fn follow(&mut self, agency: &Agency, mark: &ProcedureMark) -> Result<Life, Breach> {
        use congvan_core::catalogue::Act;
        self.life = self.life.after(mark.act, agency.rights_at(mark.seq))?;
        self.changed = Some(mark.seq);
        match mark.act {
            Act::Publish => (self.published, self.says) = (Some(mark.seq), Some(mark.seq)),
            Act::Amend => self.says = Some(mark.seq),
            Act::Retire => {}
        }
        Ok(self.life)
    }
}

/// A publisher's entries, read.
struct Publisher<'a> {
    ledger: &'a Ledger,
    agency: &'a Agency,
}

impl Publisher<'_> {
    fn entry(&self, seq: Seq) -> Result<LinkedEntry, CatalogueError> {
        let entry = self.ledger.entry(self.agency.chain, seq)?;
        entry.ok_or_else(|| CatalogueError::Gone { publisher: self.agency.code.clone(), number: seq })
    }

    fn change(&self, seq: Seq) -> Result<ProcedureChange, CatalogueError> {
        change_of(&self.entry(seq)?)
            .ok_or_else(|| CatalogueError::Gone { publisher: self.agency.code.clone(), number: seq })
    }

    fn says(&self, story: &Story) -> Result<Option<Procedure>, CatalogueError> {
        let Some(seq) = story.says else { return Ok(None) };
        Ok(self.change(seq)?.procedure().cloned())
    }

    /// Each procedure that was ever live here, and its life, by code.
    fn stories(&self) -> Result<Vec<(ProcedureCode, Story)>, StoreError> {
        let mut stories: Vec<(ProcedureCode, Story)> = Vec::new();
        for mark in self.ledger.procedures(self.agency.chain, None) {
            let mark = mark?;
            if stories.last().is_none_or(|(code, _)| *code != mark.code) {
                stories.push((mark.code.clone(), Story::default()));
            }
            if let Some((_, story)) = stories.last_mut() {
                // What breaks a rule changes nothing.
                let _ = story.follow(self.agency, &mark);
            }
        }
        stories.retain(|(_, story)| story.life != Life::Unknown);
        Ok(stories)
    }

    /// One procedure's life before a number.
    fn story_before(&self, code: &ProcedureCode, end: Option<Seq>) -> Result<Story, StoreError> {
        let mut story = Story::default();
        for mark in self.ledger.procedures(self.agency.chain, Some(code)) {
            let mark = mark?;
            if end.is_some_and(|end| mark.seq >= end) {
                break;
            }
            let _ = story.follow(self.agency, &mark);
        }
        Ok(story)
    }

    /// What an entry changed; `cursor` is its number in the feed.
    fn outcome(&self, cursor: u64, entry: &LinkedEntry) -> Result<CatalogueChange, CatalogueError> {
        let what = self.kind_of(entry)?;
        Ok(CatalogueChange {
            cursor,
            publisher: self.agency.code.to_string(),
            number: entry.seq().get(),
            id: entry.id().to_string(),
            time: entry.header().time.as_millis(),
            what,
        })
    }

    fn kind_of(&self, entry: &LinkedEntry) -> Result<ChangeKind, CatalogueError> {
        let Some(change) = change_of(entry) else { return Ok(ChangeKind::flagged(None, Breach::Unreadable)) };
        let code = change.code().clone();
        let mut story = self.story_before(&code, Some(entry.seq()))?;
        let before = self.says(&story)?;
        let mark = ProcedureMark { code: code.clone(), seq: entry.seq(), act: change.act() };
        if let Err(breach) = story.follow(self.agency, &mark) {
            return Ok(ChangeKind::flagged(Some(code.to_string()), breach));
        }
        let present = |blob: &congvan_core::blob::BlobRef| self.ledger.has_blob(blob);
        Ok(match (change, before) {
            (ProcedureChange::Amend(after), Some(before)) => ChangeKind::Changed {
                code: code.to_string(),
                name: after.name.to_string(),
                fields: differences(&before, &after).iter().map(FieldChange::of).collect(),
            },
            (ProcedureChange::Publish(after) | ProcedureChange::Amend(after), _) => {
                ChangeKind::New { procedure: Box::new(ProcedureView::of(&after, &present)) }
            }
            (ProcedureChange::Retire(end), before) => ChangeKind::Retired {
                code: code.to_string(),
                name: before.map(|before| before.name.to_string()).unwrap_or_default(),
                reason: end.reason.to_string(),
                from: end.from.map(|from| from.to_string()),
            },
        })
    }
}

/// What an entry says; `None` where it says nothing that can be read.
fn change_of(entry: &LinkedEntry) -> Option<ProcedureChange> {
    let payload = entry.payload().filter(|_| entry.header().kind == Kind::PROCEDURE)?;
    Some(ProcedurePayload::from_bytes(payload).ok()?.into_change())
}

/// The chain whose catalogue has to be read anew because of a roster entry: its rights, or what stands of
/// it, may be others now, also for numbers that came long before.
fn recounted_chain(entry: &LinkedEntry) -> Option<ChainId> {
    let payload = entry.payload().and_then(|payload| RosterPayload::from_bytes(payload).ok())?;
    match payload.action {
        RosterAction::Rights { chain, .. }
        | RosterAction::Suspend { chain, .. }
        | RosterAction::Reinstate { chain }
        | RosterAction::Close { chain, .. }
        | RosterAction::Rotate { chain, .. }
        | RosterAction::Revoke { chain, .. }
        | RosterAction::Resolve { chain, .. } => Some(chain),
        _ => None,
    }
}

/// The publisher of that chain, if it is one.
pub(crate) fn recounted(
    ledger: &Ledger,
    roster: &Roster,
    entry: &LinkedEntry,
) -> Result<Option<AgencyCode>, StoreError> {
    let Some(chain) = recounted_chain(entry) else { return Ok(None) };
    let published = ledger.publishers()?.contains(&chain);
    Ok(roster.agency(chain).filter(|_| published).map(|agency| agency.code.clone()))
}

impl Node {
    /// The publishers whose entries are here, by code.
    fn publishers(&self, roster: &Roster) -> Result<Vec<ChainId>, StoreError> {
        let mut publishers: Vec<_> = self.0.ledger.publishers()?;
        publishers.retain(|chain| roster.agency(*chain).is_some());
        publishers.sort_by_key(|chain| roster.agency(*chain).map(|agency| agency.code.clone()));
        Ok(publishers)
    }

    /// Procedures by publisher and code, at most `limit`.
    ///
    /// ```no_run
    /// # fn example(node: congvan::Node) -> Result<(), Box<dyn std::error::Error>> {
    /// use congvan::catalogue::Filter;
    ///
    /// let commune = Filter { level: Some("commune".into()), ..Filter::default() };
    /// for procedure in node.catalogue(commune, 50)?.procedures {
    ///     println!("{} {} {}", procedure.publisher, procedure.code, procedure.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CatalogueError`] names the part of the filter that is none.
    pub fn catalogue(&self, filter: Filter, limit: usize) -> Result<CatalogueList, CatalogueError> {
        let wanted = Wanted::try_from(filter)?;
        let (ledger, roster) = (&self.0.ledger, self.0.ledger.roster());
        let mut list = CatalogueList { procedures: Vec::new(), more: false, next: None };
        for chain in self.publishers(&roster)? {
            let Some(agency) = roster.agency(chain) else { continue };
            if wanted.publisher.as_ref().is_some_and(|publisher| *publisher != agency.code) {
                continue;
            }
            let seen = wanted.after.as_ref().map(|(publisher, code)| (publisher.cmp(&agency.code), code));
            if seen.is_some_and(|(publisher, _)| publisher.is_gt()) {
                continue;
            }
            let seen = seen.filter(|(publisher, _)| publisher.is_eq()).map(|(_, code)| code);
            let publisher = Publisher { ledger, agency };
            for (code, story) in publisher.stories()? {
                if seen.is_some_and(|seen| code <= *seen) || (story.life == Life::Retired && !wanted.retired) {
                    continue;
                }
                let Some(procedure) = publisher.says(&story)?.filter(|procedure| wanted.includes(procedure)) else {
                    continue;
                };
                if list.procedures.len() == limit {
                    list.more = true;
                    return Ok(list);
                }
                list.next = Some(place(&agency.code, &code));
                list.procedures.push(ProcedureSummary::of(&agency.code, &procedure, &story));
            }
        }
        list.next = None;
        Ok(list)
    }

    /// What this or another publisher has live, whole, by code.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn live_procedures(&self, publisher: &AgencyCode) -> Result<Vec<Procedure>, CatalogueError> {
        let roster = self.0.ledger.roster();
        let agency = roster.by_code(publisher).ok_or_else(|| CatalogueError::NoAgency(publisher.clone()))?;
        let publisher = Publisher { ledger: &self.0.ledger, agency };
        let mut live = Vec::new();
        for (_, story) in publisher.stories()? {
            if story.life == Life::Live {
                live.extend(publisher.says(&story)?);
            }
        }
        Ok(live)
    }

    /// The one publisher meant: the given one, or the only one that ever published the code.
    fn publisher_of(
        &self,
        roster: &Roster,
        code: &ProcedureCode,
        publisher: Option<&AgencyCode>,
    ) -> Result<ChainId, CatalogueError> {
        let mut found = Vec::new();
        for chain in self.publishers(roster)? {
            let Some(agency) = roster.agency(chain) else { continue };
            let asked = publisher.is_none_or(|publisher| *publisher == agency.code);
            if asked && self.0.ledger.procedures(chain, Some(code)).next().transpose()?.is_some() {
                found.push((chain, agency.code.to_string()));
            }
        }
        match found.as_slice() {
            [] => Err(CatalogueError::NotFound(code.clone())),
            [(chain, _)] => Ok(*chain),
            several => Err(CatalogueError::Several {
                code: code.clone(),
                publishers: several.iter().map(|(_, code)| code.clone()).collect(),
            }),
        }
    }

    /// One procedure, whole, with all that was ever said of it. Its entries' signatures are checked first.
    ///
    /// # Errors
    /// [`CatalogueError::NotFound`], or [`CatalogueError::Several`] where `publisher` is needed.
    pub fn procedure(
        &self,
        code: &ProcedureCode,
        publisher: Option<&AgencyCode>,
    ) -> Result<ProcedureDetail, CatalogueError> {
        let (ledger, roster) = (&self.0.ledger, self.0.ledger.roster());
        let chain = self.publisher_of(&roster, code, publisher)?;
        let agency = roster.agency(chain).ok_or_else(|| CatalogueError::NotFound(code.clone()))?;
        let publisher = Publisher { ledger, agency };
        let mut history = Vec::new();
        for mark in ledger.procedures(chain, Some(code)) {
            let entry = publisher.entry(mark?.seq)?;
            entry.check().map_err(crate::read::ReadError::from)?;
            history.push(publisher.outcome(0, &entry)?);
        }
        let story = publisher.story_before(code, None)?;
        let present = |blob: &congvan_core::blob::BlobRef| ledger.has_blob(blob);
        let procedure = publisher.says(&story)?;
        Ok(ProcedureDetail {
            publisher: agency.code.to_string(),
            publisher_name: agency.name.clone(),
            life: view::life(story.life).to_owned(),
            published: story.published.map_or(0, Seq::get),
            changed: story.changed.map_or(0, Seq::get),
            retired: match story.life {
                Life::Retired => story.changed.map(|seq| publisher.change(seq)).transpose()?.and_then(RetiredView::of),
                _ => None,
            },
            procedure: procedure.map(|procedure| ProcedureView::of(&procedure, &present)),
            history,
        })
    }

    /// A form's bytes, piece by piece; `number` counts from 0.
    ///
    /// # Errors
    /// [`CatalogueError`]; the form may not have arrived yet.
    pub fn form(
        &self,
        code: &ProcedureCode,
        publisher: Option<&AgencyCode>,
        number: usize,
    ) -> Result<AttachmentReader, CatalogueError> {
        let roster = self.0.ledger.roster();
        let chain = self.publisher_of(&roster, code, publisher)?;
        let agency = roster.agency(chain).ok_or_else(|| CatalogueError::NotFound(code.clone()))?;
        let publisher = Publisher { ledger: &self.0.ledger, agency };
        let story = publisher.story_before(code, None)?;
        let procedure = publisher.says(&story)?.ok_or_else(|| CatalogueError::NotFound(code.clone()))?;
        let have = procedure.forms.len();
        let form = procedure.forms.get(number).ok_or(CatalogueError::NoForm { asked: number, have })?;
        Ok(self.plain_blob(form.blob.blob())?)
    }

    /// What changed in the catalogue after a cursor, in the order in which it came here: at most `limit`
    /// changes, and the cursor behind them. 0 begins at the beginning.
    ///
    /// ```no_run
    /// # fn example(node: congvan::Node, mut cursor: u64) -> Result<(), Box<dyn std::error::Error>> {
    /// let found = node.catalogue_changes(cursor, 100)?;
    /// for change in &found.changes {
    ///     println!("{} {:?}", change.publisher, change.what);
    /// }
    /// cursor = found.next;   // keep it, durably, once they are processed
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn catalogue_changes(&self, since: u64, limit: usize) -> Result<CatalogueChanges, CatalogueError> {
        let mut found = CatalogueChanges { changes: Vec::new(), next: since };
        let mut bytes = 0;
        // From the beginning it is known whether there was anything to count anew.
        let mut met: BTreeSet<String> = BTreeSet::new();
        loop {
            let page = self.0.ledger.feed(found.next, PAGE)?;
            if page.is_empty() {
                return Ok(found);
            }
            for item in page {
                if matches!(item.kind, Kind::PROCEDURE | Kind::ROSTER) {
                    if found.changes.len() >= limit.max(1) || bytes >= MAX_ANSWER {
                        return Ok(found);
                    }
                    let change = self.catalogue_change(&item)?;
                    let news = |(change, _): &(CatalogueChange, usize)| {
                        since > 0 || change.what != ChangeKind::Recounted || met.contains(&change.publisher)
                    };
                    if let Some((change, len)) = change.filter(news) {
                        bytes += len;
                        met.insert(change.publisher.clone());
                        found.changes.push(change);
                    }
                }
                found.next = item.number;
            }
        }
    }

    /// What one item of the feed changed; `None` for nothing, or where it no longer stands.
    pub(crate) fn catalogue_change(&self, item: &FeedItem) -> Result<Option<(CatalogueChange, usize)>, CatalogueError> {
        let (ledger, roster) = (&self.0.ledger, self.0.ledger.roster());
        let at = item.entry;
        if ledger.status(at.chain).head.is_none_or(|head| at.seq > head.seq) {
            return Ok(None);
        }
        let Some(entry) = ledger.entry(at.chain, at.seq)?.filter(|entry| entry.id() == at.id) else { return Ok(None) };
        let len = entry.bytes().len();
        if item.kind == Kind::ROSTER {
            let change = recounted(ledger, &roster, &entry)?.map(|publisher| CatalogueChange {
                cursor: item.number,
                publisher: publisher.to_string(),
                number: at.seq.get(),
                id: at.id.to_string(),
                time: entry.header().time.as_millis(),
                what: ChangeKind::Recounted,
            });
            return Ok(change.map(|change| (change, len)));
        }
        let Some(agency) = roster.agency(at.chain) else { return Ok(None) };
        let change = Publisher { ledger, agency }.outcome(item.number, &entry)?;
        Ok(Some((change, len)))
    }
}

/// The forms of an entry that this node is to hold: all, where its agency may publish at its number. Without
/// the right, nobody can fill everybody's disks.
pub(crate) fn forms_of(ledger: &Ledger, chain: ChainId, seq: Seq) -> Vec<congvan_core::blob::BlobRef> {
    let roster = ledger.roster();
    let may = |agency: &&Agency| agency.rights_at(seq).include(congvan_core::Rights::PUBLISH);
    let Some(_) = roster.agency(chain).filter(may) else { return Vec::new() };
    let Ok(Some(entry)) = ledger.entry(chain, seq) else { return Vec::new() };
    let change = change_of(&entry);
    let procedure = change.as_ref().and_then(ProcedureChange::procedure);
    procedure.iter().flat_map(|procedure| procedure.forms.iter().map(|form| form.blob.blob())).collect()
}

/// The forms that this node is to hold since a roster entry: an agency may be given the right to publish from a
/// number on that passed long ago.
pub(crate) fn forms_granted(
    ledger: &Ledger,
    roster_entry: Seq,
) -> Result<Vec<congvan_core::blob::BlobRef>, StoreError> {
    let roster = ChainId::of_roster(ledger.roster().network());
    let Some(chain) = ledger.entry(roster, roster_entry)?.as_ref().and_then(recounted_chain) else {
        return Ok(Vec::new());
    };
    let mut forms = Vec::new();
    for mark in ledger.procedures(chain, None) {
        forms.extend(forms_of(ledger, chain, mark?.seq));
    }
    Ok(forms)
}
