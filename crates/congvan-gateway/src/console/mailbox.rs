//! Which documents a list shows: newest first, a page at a time, found by what is asked.

use congvan::Node;
use congvan::search::{FindError, Mailbox, Query};
use congvan::view::DocumentSummary;
use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::problem::Problem;

/// Documents on one page of a list.
pub(crate) const PAGE: usize = 25;
/// Without an index, so many of the newest documents are looked through.
const LOOKED_THROUGH: usize = 2_000;

/// Which side of the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Inbox,
    Outbox,
}

/// What is asked for; what is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) agency: String,
    pub(crate) from: Option<Date>,
    pub(crate) to: Option<Date>,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// How many there are in all, where that is known.
    pub(crate) total: Option<usize>,
    pub(crate) more: bool,
    pub(crate) documents: Vec<DocumentSummary>,
}

/// A page of a mailbox, counted from 0: by the node's index where it keeps one, else among the newest.
///
/// # Errors
/// The ledger or the index cannot be read.
pub(crate) fn find(node: &Node, side: Side, wanted: &Wanted, page: usize) -> Result<Found, Problem> {
    let all = *wanted == Wanted::default();
    // What came this moment is in the ledger, and in the index soon.
    let fresh = node.search_progress().is_some_and(|progress| progress.behind() == 0);
    match all && !fresh {
        true => newest(node, side, wanted, page),
        false => indexed(node, side, wanted, page),
    }
}

fn indexed(node: &Node, side: Side, wanted: &Wanted, page: usize) -> Result<Found, Problem> {
    let Wanted { text, code, agency, from, to } = wanted.clone();
    let offset = page.saturating_mul(PAGE);
    let mailbox = match side {
        Side::Inbox => Mailbox::Inbox,
        Side::Outbox => Mailbox::Outbox,
    };
    let found = match node.find(&Query { mailbox, text, code, agency, from, to, offset, limit: PAGE }) {
        Err(FindError::Off) => return newest(node, side, wanted, page),
        found => found.map_err(Problem::internal)?,
    };
    let documents = found.hits.iter().map(|hit| node.listed(&hit.id)).collect::<Result<_, _>>()?;
    Ok(Found { total: Some(found.total), more: found.total > offset.saturating_add(PAGE), documents })
}

fn newest(node: &Node, side: Side, wanted: &Wanted, page: usize) -> Result<Found, Problem> {
    let (skip, end) = (page.saturating_mul(PAGE), page.saturating_add(1).saturating_mul(PAGE));
    let all = *wanted == Wanted::default();
    let limit = if all { end.saturating_add(1) } else { LOOKED_THROUGH };
    let documents = match side {
        Side::Inbox => node.inbox(limit)?,
        Side::Outbox => node.outbox(limit)?,
    };
    let whole = documents.len() < limit;
    let matching: Vec<_> = documents.into_iter().filter(|document| wanted.is_met_by(document)).collect();
    let (total, more) = (whole.then_some(matching.len()), matching.len() > end);
    Ok(Found { total, more, documents: matching.into_iter().skip(skip).take(PAGE).collect() })
}

impl Wanted {
    fn is_met_by(&self, document: &DocumentSummary) -> bool {
        let has = |text: &str, part: &str| part.is_empty() || folded(text).contains(&folded(part));
        let day = super::time::date(document.time);
        let others = document.to.iter().chain([&document.from, &document.from_name]);
        let whole = format!("{} {} {}", document.subject, document.code, document.from_name);
        self.text.split_whitespace().all(|word| has(&whole, word))
            && has(&document.code, &self.code)
            && (self.agency.is_empty() || others.into_iter().any(|other| has(other, &self.agency)))
            && self.from.is_none_or(|from| day.is_some_and(|day| day >= from))
            && self.to.is_none_or(|to| day.is_some_and(|day| day <= to))
    }
}

/// Text as it is compared: small letters, without the accents of Vietnamese.
pub(crate) fn folded(text: &str) -> String {
    text.to_lowercase()
        .nfd()
        .filter(|letter| !is_combining_mark(*letter))
        .map(|letter| if letter == 'đ' { 'd' } else { letter })
        .collect()
}

/// A name in plain ASCII letters, for software that knows no others.
pub(crate) fn base_letters(name: &str) -> String {
    let base = name.nfd().filter(|letter| !is_combining_mark(*letter)).map(|letter| match letter {
        'đ' => 'd',
        'Đ' => 'D',
        letter if letter.is_ascii_alphanumeric() || " .-_()".contains(letter) => letter,
        _ => '_',
    });
    base.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_capitals_do_not_matter() {
        assert_eq!(folded("Quyết định về ĐƯỜNG bộ"), "quyet dinh ve duong bo");
        assert_eq!(folded("Quye\u{302}\u{301}t"), "quyet");
    }
}
