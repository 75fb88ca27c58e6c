//! The life of a document: who may say what about it after what, and what has become of it.
//!
//! [`TABLE`] is the rule, all of it. [`Life::of`] applies it to everything that was said about one
//! document: a function of the *set* of what was said, so that every node that holds the same entries
//! shows the same, whatever came first. It rests on two orders that nobody can forge: of one agency's
//! entries, their numbers; of two agencies', that an entry which names another by its id came later.
//! Clocks decide nothing.
//!
//! What breaks the table is not made by this software, but others may make it: it stays in its chain as
//! evidence, stands in the [`history`](Life::history) with its [`Breach`], and changes nothing.
//!
//! ```
//! use congvan_core::life::{Breach, Document, Fact, Life, Says};
//! use congvan_core::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let network = NetworkId::from_bytes([7; 32]);
//! let entry = |code: &AgencyCode, seq, id| EntryRef {
//!     chain: ChainId::of_agency(network, code), seq: Seq::new(seq).unwrap(), id: EntryId::from_bytes([id; 32]),
//! };
//! let (province, department) = (AgencyCode::new("000.00.00.H55")?, AgencyCode::new("000.00.01.H55")?);
//! let document = Document { entry: entry(&province, 1, 1), sender: province, addressees: vec![department.clone()] };
//! let said = |seq, code| Fact {
//!     entry: entry(&department, seq, 10 + seq as u8), author: department.clone(), time: Time::from_millis(seq),
//!     about: document.entry, stands: true,
//!     says: Says::Status { code, to: document.sender.clone(), answers: None },
//! };
//!
//! let (arrived, completed, refused) =
//!     (said(1, StatusCode::Arrived), said(2, StatusCode::Completed), said(3, StatusCode::Refused));
//! let life = Life::of(document.clone(), [refused, completed, arrived]);
//! assert_eq!(life.recipients[0].handling, Some(StatusCode::Completed));
//! let breach = Breach::After { state: Some(StatusCode::Completed), code: StatusCode::Refused };
//! assert_eq!(life.history[2].breach, Some(breach));
//! assert_eq!(life.possible(&department), []);
//! # Ok(())
//! # }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::codec::{Decode, Encode};
use crate::document::Relation;
use crate::ids::{AgencyCode, EntryId, EntryRef, Seq, Time};
use crate::status::StatusCode;

/// What an agency is to a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It is addressed to it.
    Addressee,
    /// It sent it.
    Sender,
}

/// What must have been said before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// The same addressee's last status of handling is one of these; `None`: it has said none.
    Handling(&'static [Option<StatusCode>]),
    /// Nothing, the first time that it is said to this addressee. Later, it names in `answers` the
    /// addressee's refusal (16) of the 13 before: only so can everybody see that it was asked again after
    /// an answer, not twice.
    NothingAsked,
    /// What it names in `answers`: a 13 that the sender said to the same addressee, or the sender's
    /// document that recalls, updates or replaces this one and is addressed to it; each once.
    Asked,
}

/// One line of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// What is said.
    pub code: StatusCode,
    /// Who may say it.
    pub by: Role,
    /// After what.
    pub after: After,
}

const fn rule(code: StatusCode, by: Role, after: After) -> Rule {
    Rule { code, by, after }
}

/// Who may say which status after which. There is no other rule.
pub const TABLE: [Rule; 9] = {
    use After::{Asked, Handling, NothingAsked};
    use Role::{Addressee, Sender};
    use StatusCode::{
        Accepted, Arrived, Assigned, Completed, Processing, RecallAgreed, RecallAsked, RecallRefused, Refused,
    };
    const FRESH: After = Handling(&[None, Some(Arrived)]);
    const UNDER_WAY: After = Handling(&[Some(Arrived), Some(Accepted), Some(Assigned), Some(Processing)]);
    [
        rule(Arrived, Addressee, Handling(&[None])),
        rule(Refused, Addressee, FRESH),
        rule(Accepted, Addressee, FRESH),
        rule(Assigned, Addressee, UNDER_WAY),
        rule(Processing, Addressee, UNDER_WAY),
        rule(Completed, Addressee, UNDER_WAY),
        rule(RecallAsked, Sender, NothingAsked),
        rule(RecallAgreed, Addressee, Asked),
        rule(RecallRefused, Addressee, Asked),
    ]
};

impl Rule {
    /// The line of a code.
    pub fn of(code: StatusCode) -> Rule {
        // The table is in the codes' order; a test holds it to that.
        TABLE[code as usize]
    }
}

/// The document whose life it is.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Document {
    /// Its entry.
    pub entry: EntryRef,
    /// Who sent it.
    pub sender: AgencyCode,
    /// To whom, ascending.
    pub addressees: Vec<AgencyCode>,
}

/// What an entry says about a document.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum Says {
    /// It is a status.
    Status {
        /// Which.
        code: StatusCode,
        /// To whom it is said: an addressee's to the sender, a 13 to the addressee that is asked.
        to: AgencyCode,
        /// What it answers.
        answers: Option<EntryRef>,
    },
    /// It is a document that links to it.
    Link {
        /// What it is to it.
        relation: Relation,
        /// To whom the linking document is addressed, ascending.
        to: Vec<AgencyCode>,
    },
}

/// One entry's word about a document. An entry that links to it in two ways is two facts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub struct Fact {
    /// When, by its author's clock: for showing, never for deciding.
    pub time: Time,
    /// Who says it: the agency whose chain it is, for chain and code follow from one another.
    pub author: AgencyCode,
    /// The entry.
    pub entry: EntryRef,
    /// The document, as the entry names it.
    pub about: EntryRef,
    /// Whether the entry stands: its chain is not in quarantine at its number, and its signature holds.
    pub stands: bool,
    /// What it says.
    pub says: Says,
}

/// Why a fact changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// The entry does not stand.
    #[error("its chain is in quarantine there")]
    NotStanding,
    /// The id is this document's, chain or number are not.
    #[error("it names the document by a wrong chain or number")]
    Misnamed,
    /// 01 to 06, 15 or 16 by an agency that the document is not addressed to.
    #[error("only an addressee of the document may say {0}")]
    NotAddressee(StatusCode),
    /// 13 to an agency that the document is not addressed to.
    #[error("{0} must be said to an addressee of the document")]
    AsksNobody(StatusCode),
    /// 13 by an agency that did not send the document.
    #[error("only the document's sender may say {0}")]
    NotSender(StatusCode),
    /// The table has no such step.
    #[error("{code} cannot follow {}", state_name(*.state))]
    After {
        /// The addressee's last status of handling.
        state: Option<StatusCode>,
        /// What it said then.
        code: StatusCode,
    },
    /// A second 13 to one addressee that names no refusal of the one before.
    #[error("the recall is asked already, and {0} does not name the addressee's refusal (16) of it")]
    AskedAlready(StatusCode),
    /// 01 to 06 answer nothing.
    #[error("{0} answers nothing, yet names an entry that it answers")]
    NothingToAnswer(StatusCode),
    /// 15 or 16 without what it answers.
    #[error("{0} must name what it answers")]
    AnswersNothing(StatusCode),
    /// What it answers is not here, or asks nothing of this addressee about this document.
    #[error("what it answers, {}, asks nothing of its author about this document, or is not here", .0.short())]
    NotAsked(EntryId),
    /// The addressee has answered that before.
    #[error("its author has answered {} before", .0.short())]
    AnsweredAlready(EntryId),
    /// Only the sender may recall, update or replace.
    #[error("only the document's sender may recall, update or replace it")]
    ForeignLink,
    /// A document that changes one with the same or a higher number.
    #[error("a document can only recall, update or replace an earlier one")]
    NotEarlier,
}

fn state_name(state: Option<StatusCode>) -> String {
    match state {
        Some(code) => format!("{code} ({})", code.english()),
        None => "nothing".to_owned(),
    }
}

impl Breach {
    /// In English.
    pub fn english(&self) -> String {
        self.to_string()
    }

    /// In Vietnamese.
    pub fn vietnamese(&self) -> String {
        match self {
            Self::NotStanding => "chuỗi của bên ghi bị cách ly tại số này".to_owned(),
            Self::Misnamed => "chỉ văn bản bằng chuỗi hoặc số sai".to_owned(),
            Self::NotAddressee(code) => format!("chỉ nơi nhận văn bản mới được báo {code}"),
            Self::AsksNobody(code) => format!("{code} phải gửi đến một nơi nhận của văn bản"),
            Self::NotSender(code) => format!("chỉ nơi gửi văn bản mới được báo {code}"),
            Self::After { state: Some(state), code } => {
                format!("{code} không thể theo sau {state} ({})", state.vietnamese())
            }
            Self::After { state: None, code } => format!("{code} không thể là trạng thái đầu tiên"),
            Self::AskedAlready(code) => format!("đã yêu cầu lấy lại, và {code} không nêu lần từ chối (16) nào"),
            Self::NothingToAnswer(code) => format!("{code} không trả lời gì mà lại nêu mục được trả lời"),
            Self::AnswersNothing(code) => format!("{code} phải nêu trả lời cho yêu cầu nào"),
            Self::NotAsked(id) => {
                format!("mục được trả lời ({}) không yêu cầu gì ở bên ghi về văn bản này, hoặc chưa đến", id.short())
            }
            Self::AnsweredAlready(id) => format!("bên ghi đã trả lời {} trước đó", id.short()),
            Self::ForeignLink => "chỉ nơi gửi mới được thu hồi, cập nhật hay thay thế văn bản".to_owned(),
            Self::NotEarlier => "chỉ có thể thu hồi, cập nhật hay thay thế văn bản có trước".to_owned(),
        }
    }
}

/// A fact and what the table says of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The fact.
    pub fact: Fact,
    /// Why it changes nothing; `None` where it holds.
    pub breach: Option<Breach>,
}

/// What the sender asks of addressees: by a 13, or a document that recalls, updates or replaces this one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// The status or document that asks.
    pub entry: EntryRef,
    /// What it asks: [`Relation::Recalls`] also for a 13, never [`Relation::Answers`].
    pub relation: Relation,
    /// Of whom, ascending: a 13 of the addressee that it is said to, a document of all addressees that it
    /// goes to as well; the others are not told of it.
    pub of: Vec<AgencyCode>,
}

/// What an addressee has in hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// The document as it was sent.
    AsSent,
    /// Nothing that counts: it agreed to the recall by this entry.
    Withdrawn(EntryRef),
    /// The document as this one updates it.
    Updated(EntryRef),
    /// This one in its place.
    Replaced(EntryRef),
}

/// How far an addressee is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recipient {
    /// Who.
    pub agency: AgencyCode,
    /// Its last status of handling, 01 to 06.
    pub handling: Option<StatusCode>,
    /// What it has in hand, by the last thing that it agreed to.
    pub held: Held,
    /// What was asked of it and not answered yet, in the order in which it was asked.
    pub open: Vec<EntryRef>,
}

/// What the document is worth now, in one word. Where several hold, the first of this list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Every addressee agreed to its recall.
    RecalledByAll,
    /// Its sender put this document in its place.
    ReplacedBy(EntryRef),
    /// Some addressees agreed to its recall.
    RecalledBySome,
    /// Its sender asks for it back, and not every addressee has answered.
    RecallAsked,
    /// Its sender updated it by this document, the last of several.
    UpdatedBy(EntryRef),
    /// It holds as it was sent.
    InForce,
}

/// What has become of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Life {
    /// The document.
    pub document: Document,
    /// Its addressees, ascending.
    pub recipients: Vec<Recipient>,
    /// What its sender asked, in the order of its chain.
    pub asks: Vec<Ask>,
    /// Documents that answer it, by their authors' clocks.
    pub answered_by: Vec<(AgencyCode, EntryRef)>,
    /// In one word.
    pub standing: Standing,
    /// Everything that was said, breaches too, by its authors' clocks.
    pub history: Vec<Event>,
}

/// The facts of each agency, in the order of its chain.
type Chains<'a> = BTreeMap<&'a AgencyCode, Vec<(usize, &'a Fact)>>;

impl Life {
    /// What the facts say together. Their order and number of times do not matter; facts about other
    /// documents are left out.
    pub fn of(document: Document, facts: impl IntoIterator<Item = Fact>) -> Self {
        let facts: BTreeSet<Fact> = facts.into_iter().filter(|fact| fact.about.id == document.entry.id).collect();
        let facts: Vec<Fact> = facts.into_iter().collect();
        let mut chains = Chains::new();
        for numbered in facts.iter().enumerate() {
            chains.entry(&numbered.1.author).or_default().push(numbered);
        }
        for said in chains.values_mut() {
            said.sort_by_key(|(_, fact)| (fact.entry.seq, fact.entry.id));
        }
        let mut verdicts: Vec<Option<Breach>> = facts.iter().map(|fact| misplaced(&document, fact)).collect();
        let asks = asks(&document, &chains, &mut verdicts);
        let mut recipients = Vec::with_capacity(document.addressees.len());
        for agency in &document.addressees {
            let mut told = Told::default();
            for (number, fact) in chains.get(agency).into_iter().flatten() {
                if verdicts[*number].is_none()
                    && let Says::Status { code, answers, .. } = &fact.says
                    && Rule::of(*code).by == Role::Addressee
                {
                    verdicts[*number] = told.hear(agency, *code, *answers, &asks);
                }
            }
            recipients.push(told.recipient(agency, &asks));
        }
        let holds = |(fact, breach): &(&Fact, &Option<Breach>)| breach.is_none() && is_answer(fact);
        let answered_by = facts.iter().zip(&verdicts).filter(holds).map(|(f, _)| (f.author.clone(), f.entry)).collect();
        let standing = standing(&recipients, &asks);
        let history = facts.iter().zip(verdicts).map(|(fact, breach)| Event { fact: fact.clone(), breach }).collect();
        Self { document, recipients, asks, answered_by, standing, history }
    }

    /// Whether an agency may say this next, and if not, why.
    ///
    /// # Errors
    /// The [`Breach`] that it would be.
    pub fn next(&self, author: &AgencyCode, says: Says) -> Result<(), Breach> {
        let Some(last) = Seq::new(u64::MAX) else { return Ok(()) };
        let next = Fact {
            time: Time::from_millis(u64::MAX),
            author: author.clone(),
            // Behind everything that its chain holds; an id that no entry has.
            entry: EntryRef { seq: last, id: EntryId::from_bytes([u8::MAX; 32]), ..self.document.entry },
            about: self.document.entry,
            stands: true,
            says,
        };
        // All that the table looks at: what the addressee in question said, and what was asked of it.
        let addressee = match &next.says {
            Says::Status { code, to, .. } if Rule::of(*code).by == Role::Sender => to,
            _ => author,
        };
        let matters = |fact: &&Fact| match &fact.says {
            Says::Status { to, .. } => fact.author == *addressee || to == addressee,
            Says::Link { .. } => true,
        };
        let facts = self.history.iter().map(|event| &event.fact).filter(matters).cloned().chain([next.clone()]);
        let after = Life::of(self.document.clone(), facts);
        let judged = after.history.into_iter().find(|event| event.fact == next);
        judged.and_then(|event| event.breach).map_or(Ok(()), Err)
    }

    /// What an agency that says this code to another could name in `answers`.
    pub fn answerable(&self, author: &AgencyCode, code: StatusCode, to: &AgencyCode) -> Vec<EntryRef> {
        match Rule::of(code).after {
            After::Handling(_) => Vec::new(),
            After::Asked => self.recipient(author).map(|recipient| recipient.open.clone()).unwrap_or_default(),
            After::NothingAsked => {
                let refusals = self.history.iter().filter(|event| {
                    let refused = |code| code == StatusCode::RecallRefused;
                    event.breach.is_none()
                        && event.fact.author == *to
                        && matches!(event.fact.says, Says::Status { code, .. } if refused(code))
                });
                let again = |answers| Says::Status { code, to: to.clone(), answers: Some(answers) };
                let comes_back = |entry: &EntryRef| self.next(author, again(*entry)).is_ok();
                refusals.map(|event| event.fact.entry).filter(comes_back).collect()
            }
        }
    }

    /// To whom an agency could say this code: an addressee to the sender, the sender to its addressees.
    fn hearers(&self, code: StatusCode) -> &[AgencyCode] {
        match Rule::of(code).by {
            Role::Addressee => std::slice::from_ref(&self.document.sender),
            Role::Sender => &self.document.addressees,
        }
    }

    /// The codes that an agency may say next, ascending.
    pub fn possible(&self, author: &AgencyCode) -> Vec<StatusCode> {
        let may = |code: StatusCode, to: &AgencyCode| {
            let mut answers = vec![None];
            answers.extend(self.answerable(author, code, to).into_iter().map(Some));
            answers.into_iter().any(|answers| self.next(author, Says::Status { code, to: to.clone(), answers }).is_ok())
        };
        StatusCode::ALL.into_iter().filter(|code| self.hearers(*code).iter().any(|to| may(*code, to))).collect()
    }

    /// How far an addressee is.
    pub fn recipient(&self, agency: &AgencyCode) -> Option<&Recipient> {
        let at = self.recipients.binary_search_by(|recipient| recipient.agency.cmp(agency)).ok()?;
        self.recipients.get(at)
    }

    /// What the table says of an entry's word, each of them; empty where it says nothing of this document.
    pub fn verdicts(&self, entry: EntryId) -> impl Iterator<Item = &Event> {
        self.history.iter().filter(move |event| event.fact.entry.id == entry)
    }
}

fn is_answer(fact: &Fact) -> bool {
    matches!(fact.says, Says::Link { relation: Relation::Answers, .. })
}

/// What can be said of a fact by itself.
fn misplaced(document: &Document, fact: &Fact) -> Option<Breach> {
    let own = fact.author == document.sender;
    if !fact.stands {
        return Some(Breach::NotStanding);
    }
    if fact.about != document.entry {
        return Some(Breach::Misnamed);
    }
    match &fact.says {
        Says::Status { code, to, answers } => match Rule::of(*code) {
            Rule { by: Role::Sender, .. } if !own => Some(Breach::NotSender(*code)),
            Rule { by: Role::Sender, .. } if document.addressees.binary_search(to).is_err() => {
                Some(Breach::AsksNobody(*code))
            }
            Rule { by: Role::Addressee, .. } if document.addressees.binary_search(&fact.author).is_err() => {
                Some(Breach::NotAddressee(*code))
            }
            Rule { after: After::Handling(_), .. } if answers.is_some() => Some(Breach::NothingToAnswer(*code)),
            Rule { after: After::Asked, .. } if answers.is_none() => Some(Breach::AnswersNothing(*code)),
            _ => None,
        },
        Says::Link { relation: Relation::Answers, .. } => None,
        Says::Link { .. } if !own => Some(Breach::ForeignLink),
        Says::Link { .. } if fact.entry.seq <= document.entry.seq => Some(Breach::NotEarlier),
        Says::Link { .. } => None,
    }
}

/// What the sender asks, in the order of its chain. A 13 that breaks the table gets its verdict here.
fn asks(document: &Document, chains: &Chains<'_>, verdicts: &mut [Option<Breach>]) -> Vec<Ask> {
    let mut asks = Vec::new();
    let mut asked: BTreeMap<&AgencyCode, EntryRef> = BTreeMap::new();
    for (number, fact) in chains.get(&document.sender).into_iter().flatten() {
        if verdicts[*number].is_some() {
            continue;
        }
        match &fact.says {
            Says::Status { code: code @ StatusCode::RecallAsked, to, answers } => {
                verdicts[*number] = match (asked.get(to), answers) {
                    (None, None) => None,
                    (None, Some(_)) => Some(Breach::NothingToAnswer(*code)),
                    (Some(before), Some(named)) if refuses(to, *named, *before, chains, verdicts) => None,
                    (Some(_), _) => Some(Breach::AskedAlready(*code)),
                };
                if verdicts[*number].is_none() {
                    asked.insert(to, fact.entry);
                    asks.push(Ask { entry: fact.entry, relation: Relation::Recalls, of: vec![to.clone()] });
                }
            }
            Says::Link { relation, to } if *relation != Relation::Answers => {
                let of = document.addressees.iter().filter(|code| to.binary_search(code).is_ok()).cloned().collect();
                asks.push(Ask { entry: fact.entry, relation: *relation, of });
            }
            _ => {}
        }
    }
    asks
}

/// Whether `named` is the addressee's 16, and its first answer, to what `asked` asked of it.
fn refuses(
    addressee: &AgencyCode,
    named: EntryRef,
    asked: EntryRef,
    chains: &Chains<'_>,
    verdicts: &[Option<Breach>],
) -> bool {
    let answer = |(number, fact): &&(usize, &Fact)| {
        let answers = |code: StatusCode| Rule::of(code).after == After::Asked;
        matches!(fact.says, Says::Status { code, answers: Some(what), .. } if answers(code) && what == asked)
            && verdicts[*number].is_none()
    };
    let first = chains.get(addressee).and_then(|said| said.iter().find(answer));
    first.is_some_and(|(_, fact)| {
        fact.entry == named && matches!(fact.says, Says::Status { code: StatusCode::RecallRefused, .. })
    })
}

/// What an addressee has said so far.
#[derive(Default)]
struct Told {
    handling: Option<StatusCode>,
    answered: BTreeSet<EntryRef>,
    held: Option<Held>,
}

impl Told {
    /// Takes in its next word, which was checked by itself already.
    fn hear(
        &mut self,
        author: &AgencyCode,
        code: StatusCode,
        answers: Option<EntryRef>,
        asks: &[Ask],
    ) -> Option<Breach> {
        match (Rule::of(code).after, answers) {
            (After::Handling(states), _) => {
                if !states.contains(&self.handling) {
                    return Some(Breach::After { state: self.handling, code });
                }
                self.handling = Some(code);
                None
            }
            (_, Some(named)) => {
                let ask = asks.iter().find(|ask| ask.entry == named && ask.of.binary_search(author).is_ok());
                let Some(ask) = ask else { return Some(Breach::NotAsked(named.id)) };
                if !self.answered.insert(named) {
                    return Some(Breach::AnsweredAlready(named.id));
                }
                if code == StatusCode::RecallAgreed {
                    self.held = Some(match ask.relation {
                        Relation::Updates => Held::Updated(named),
                        Relation::Replaces => Held::Replaced(named),
                        Relation::Recalls | Relation::Answers => Held::Withdrawn(named),
                    });
                }
                None
            }
            (_, None) => Some(Breach::AnswersNothing(code)),
        }
    }

    fn recipient(self, agency: &AgencyCode, asks: &[Ask]) -> Recipient {
        let open =
            asks.iter().filter(|ask| ask.of.binary_search(agency).is_ok() && !self.answered.contains(&ask.entry));
        Recipient {
            agency: agency.clone(),
            handling: self.handling,
            held: self.held.unwrap_or(Held::AsSent),
            open: open.map(|ask| ask.entry).collect(),
        }
    }
}

fn standing(recipients: &[Recipient], asks: &[Ask]) -> Standing {
    let last = |relation: Relation| asks.iter().rfind(|ask| ask.relation == relation).map(|ask| ask.entry);
    let withdrawn = recipients.iter().filter(|recipient| matches!(recipient.held, Held::Withdrawn(_))).count();
    let recalls = || asks.iter().filter(|ask| ask.relation == Relation::Recalls);
    let open = || recalls().any(|ask| recipients.iter().any(|recipient| recipient.open.contains(&ask.entry)));
    // Where it is addressed to nobody, nobody has to agree.
    match (last(Relation::Replaces), last(Relation::Updates)) {
        _ if withdrawn == recipients.len() && recalls().next().is_some() => Standing::RecalledByAll,
        (Some(by), _) => Standing::ReplacedBy(by),
        _ if withdrawn > 0 => Standing::RecalledBySome,
        _ if open() => Standing::RecallAsked,
        (_, Some(by)) => Standing::UpdatedBy(by),
        _ => Standing::InForce,
    }
}

impl Standing {
    /// A word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::RecalledByAll => "recalled_by_all",
            Self::ReplacedBy(_) => "replaced",
            Self::RecalledBySome => "recalled_by_some",
            Self::RecallAsked => "recall_asked",
            Self::UpdatedBy(_) => "updated",
            Self::InForce => "in_force",
        }
    }

    /// The document that updates it or stands in its place.
    pub fn by(self) -> Option<EntryRef> {
        match self {
            Self::ReplacedBy(by) | Self::UpdatedBy(by) => Some(by),
            _ => None,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
