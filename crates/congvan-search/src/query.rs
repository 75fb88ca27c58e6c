//! What is asked, as the index understands it. Nothing that somebody writes is a syntax: it is words.

use std::ops::Bound;

use congvan::core::Seq;
use congvan::deadline::Calendar;
use congvan::search::{Found, Hit, MAX_PAGE, Mailbox, Query};
use tantivy::collector::sort_key::SortByStaticFastValue;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, InvertedIndexRangeQuery, Occur, Query as Clause, RangeQuery, TermQuery,
    TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{Order, Searcher, TantivyDocument, Term};

use crate::SearchError;
use crate::agencies::Agencies;
use crate::index::{EVENT, Fields, INBOX, OUTBOX, TIME};
use crate::words::{Extent, Word, words};

type Clauses = Vec<(Occur, Box<dyn Clause>)>;

/// What the ledger says now, beside what the index holds.
pub(crate) struct Surroundings<'a> {
    pub(crate) agencies: &'a Agencies,
    /// Senders' codes, and the first number of each that does not stand.
    pub(crate) quarantined: Vec<(String, Seq)>,
    pub(crate) calendar: &'a Calendar,
}

/// Looks for documents. The names of their senders are left to the caller.
pub(crate) fn find(
    searcher: &Searcher,
    fields: &Fields,
    around: &Surroundings<'_>,
    query: &Query,
) -> Result<Found, SearchError> {
    let clause = BooleanQuery::new(clauses(fields, around, query));
    let limit = query.limit.min(MAX_PAGE);
    let known = usize::try_from(searcher.num_docs()).unwrap_or(usize::MAX);
    if limit == 0 || query.offset >= known {
        return Ok(Found { total: searcher.search(&clause, &Count)?, hits: Vec::new() });
    }
    let newest = (
        (SortByStaticFastValue::<u64>::for_field(TIME), Order::Desc),
        (SortByStaticFastValue::<u64>::for_field(EVENT), Order::Desc),
    );
    let page = TopDocs::with_limit(limit).and_offset(query.offset).order_by(newest);
    let (total, page) = searcher.search(&clause, &(Count, page))?;
    let hits = page.into_iter().map(|(_, address)| Ok(hit(fields, &searcher.doc(address)?)));
    Ok(Found { total, hits: hits.collect::<tantivy::Result<_>>()? })
}

fn hit(fields: &Fields, document: &TantivyDocument) -> Hit {
    let text = |field| document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let number = |field| document.get_first(field).and_then(|value| value.as_u64()).unwrap_or_default();
    Hit {
        id: text(fields.id),
        subject: text(fields.subject),
        code: text(fields.code),
        sender: text(fields.sender),
        sender_name: String::new(),
        recipients: usize::try_from(number(fields.recipients)).unwrap_or(usize::MAX),
        time: number(fields.time),
        own: document.get_all(fields.mailbox).any(|mailbox| mailbox.as_str() == Some(OUTBOX)),
    }
}

fn clauses(fields: &Fields, around: &Surroundings<'_>, query: &Query) -> Clauses {
    let mut clauses: Clauses = vec![(Occur::Must, mailbox(fields, query.mailbox))];
    clauses.extend(text(fields, around.agencies, &query.text));
    clauses.extend(code(fields, &query.code));
    clauses.extend(agency(fields, around.agencies, query));
    clauses.extend(dates(fields, around.calendar, query));
    for (sender, from) in &around.quarantined {
        let numbers = range(fields.number, Some(from.get()), None);
        clauses.push((Occur::MustNot, all([exactly(fields.sender, sender), numbers])));
    }
    clauses
}

fn mailbox(fields: &Fields, mailbox: Mailbox) -> Box<dyn Clause> {
    match mailbox {
        Mailbox::Inbox => exactly(fields.mailbox, INBOX),
        Mailbox::Outbox => exactly(fields.mailbox, OUTBOX),
        Mailbox::All => Box::new(AllQuery),
    }
}

/// Each word must occur in the document's words or in an agency's; the last one may go on, if nothing stands
/// behind it. An agency's whole code is one word, and means that agency.
fn text(fields: &Fields, agencies: &Agencies, text: &str) -> Clauses {
    let mut clauses = Clauses::new();
    let mut pieces = text.split_whitespace().peekable();
    while let Some(piece) = pieces.next() {
        let open = pieces.peek().is_none() && !text.ends_with(char::is_whitespace);
        let words = words(piece);
        let extent = |number| if open && number + 1 == words.len() { Extent::Beginning } else { Extent::Whole };
        let one = |(number, word): (usize, &Word)| {
            let extent = extent(number);
            let in_document = occurs(fields, word, extent);
            let codes: Vec<_> = agencies.with_word(word, extent).into_iter().collect();
            any(in_document.into_iter().chain(among(fields.sender, &codes)).chain(among(fields.recipient, &codes)))
        };
        let whole: Vec<_> = words.iter().enumerate().map(one).collect();
        let named =
            agencies.with_code(piece).map(|code| [exactly(fields.sender, code), exactly(fields.recipient, code)]);
        match named {
            // Its parts would be found in other agencies' codes as well.
            Some(agency) => {
                let written = all(words.iter().map(|word| exactly(fields.plain, &word.plain)));
                clauses.push((Occur::Must, any(agency.into_iter().chain([written]))));
            }
            None => clauses.extend(whole.into_iter().map(|word| (Occur::Must, word))),
        }
    }
    clauses
}

/// A word that was written with accents must have them; one without is found with any.
fn occurs(fields: &Fields, word: &Word, extent: Extent) -> Vec<Box<dyn Clause>> {
    let (field, asked) = match &word.accented {
        Some(accented) => (fields.accented, accented.asked(extent)),
        None => (fields.plain, vec![&*word.plain]),
    };
    let one = |text: &str| match extent {
        Extent::Whole => exactly(field, text),
        Extent::Beginning => begins(field, text),
    };
    asked.into_iter().map(one).collect()
}

/// Each word must occur in number and notation; the last one may go on, unless it is a number: whoever asks
/// for 12 does not mean 123.
fn code(fields: &Fields, text: &str) -> Clauses {
    let words = words(text);
    let last = words.len().wrapping_sub(1);
    let clause = |(number, word): (usize, &Word)| {
        let goes_on = number == last && !word.plain.chars().all(|c| c.is_ascii_digit());
        (Occur::Must, if goes_on { begins(fields.coded, &word.plain) } else { exactly(fields.coded, &word.plain) })
    };
    words.iter().enumerate().map(clause).collect()
}

/// The agency at the other end: of what came, who sent it; of what was sent, to whom.
fn agency(fields: &Fields, agencies: &Agencies, query: &Query) -> Option<(Occur, Box<dyn Clause>)> {
    if query.agency.trim().is_empty() {
        return None;
    }
    let codes: Vec<_> = agencies.meant(&query.agency).into_iter().collect();
    let (sent_by, sent_to) = (among(fields.sender, &codes), among(fields.recipient, &codes));
    let ends: Vec<_> = match query.mailbox {
        Mailbox::Inbox => sent_by.into_iter().collect(),
        Mailbox::Outbox => sent_to.into_iter().collect(),
        Mailbox::All => sent_by.into_iter().chain(sent_to).collect(),
    };
    Some((Occur::Must, any(ends)))
}

fn dates(fields: &Fields, calendar: &Calendar, query: &Query) -> Option<(Occur, Box<dyn Clause>)> {
    if query.from.is_none() && query.to.is_none() {
        return None;
    }
    // A day before 1970 begins before any document; one that no calendar reaches ends after all.
    let start = |day| calendar.start_of(day).map(|time| time.as_millis());
    let from = query.from.and_then(start);
    let end = match query.to {
        Some(day) if day.year() < 1970 => Some(0),
        Some(day) => day.tomorrow().ok().and_then(start),
        None => None,
    };
    Some((Occur::Must, range(fields.time, from, end)))
}

/// From `from` on, and before `end`.
fn range(field: Field, from: Option<u64>, end: Option<u64>) -> Box<dyn Clause> {
    let term = |value| Term::from_field_u64(field, value);
    let from = Bound::Included(term(from.unwrap_or(0)));
    Box::new(RangeQuery::new(from, end.map_or(Bound::Unbounded, |end| Bound::Excluded(term(end)))))
}

fn exactly(field: Field, text: &str) -> Box<dyn Clause> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
}

/// `text` and whatever begins with it: all that sorts before its last letter's successor.
fn begins(field: Field, text: &str) -> Box<dyn Clause> {
    let term = |text: &str| Term::from_field_text(field, text);
    let end = format!("{text}{}", char::MAX);
    Box::new(InvertedIndexRangeQuery::new(Bound::Included(term(text)), Bound::Excluded(term(&end))))
}

fn among(field: Field, codes: &[&str]) -> Option<Box<dyn Clause>> {
    let terms = codes.iter().map(|code| Term::from_field_text(field, code));
    (!codes.is_empty()).then(|| Box::new(TermSetQuery::new(terms)) as Box<dyn Clause>)
}

fn all(clauses: impl IntoIterator<Item = Box<dyn Clause>>) -> Box<dyn Clause> {
    Box::new(BooleanQuery::intersection(clauses.into_iter().collect()))
}

fn any(clauses: impl IntoIterator<Item = Box<dyn Clause>>) -> Box<dyn Clause> {
    let clauses: Vec<_> = clauses.into_iter().collect();
    match clauses.is_empty() {
        true => Box::new(EmptyQuery),
        false => Box::new(BooleanQuery::union(clauses)),
    }
}
