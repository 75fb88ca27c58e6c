//! Which documents a list shows: newest first, a page at a time, found by what is asked.

use congvan::view::DocumentSummary;
use congvan::{Node, ReadError};
use jiff::civil::Date;

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

/// The mail of a node.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox;

impl Mailbox {
    pub(crate) fn new(_node: &Node) -> Self {
        Self
    }

    /// A page, counted from 0.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn find(&self, node: &Node, side: Side, wanted: &Wanted, page: usize) -> Result<Found, ReadError> {
        let (skip, end) = (page.saturating_mul(PAGE), page.saturating_add(1).saturating_mul(PAGE));
        let all = *wanted == Wanted::default();
        let limit = if all { end.saturating_add(1) } else { LOOKED_THROUGH };
        let documents = match side {
            Side::Inbox => node.inbox(limit)?,
            Side::Outbox => node.outbox(limit)?,
        };
        let whole = documents.len() < limit;
        let matching: Vec<_> = documents.into_iter().filter(|document| wanted.is_met_by(document)).collect();
        let total = whole.then_some(matching.len());
        let more = matching.len() > end;
        Ok(Found { total, more, documents: matching.into_iter().skip(skip).take(PAGE).collect() })
    }
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
    text.chars().flat_map(char::to_lowercase).filter_map(base).collect()
}

/// A name in plain ASCII letters, for software that knows no others.
pub(crate) fn base_letters(name: &str) -> String {
    let plain = |letter: char| {
        let base = letter.to_lowercase().next().and_then(base)?;
        let kept = if letter.is_ascii() {
            letter
        } else if letter.is_uppercase() {
            base.to_ascii_uppercase()
        } else {
            base
        };
        Some(if kept.is_ascii_alphanumeric() || " .-_()".contains(kept) { kept } else { '_' })
    };
    name.chars().filter_map(plain).collect()
}

fn base(letter: char) -> Option<char> {
    const FAMILIES: [(&str, char); 7] = [
        ("àáảãạăằắẳẵặâầấẩẫậ", 'a'),
        ("èéẻẽẹêềếểễệ", 'e'),
        ("ìíỉĩị", 'i'),
        ("òóỏõọôồốổỗộơờớởỡợ", 'o'),
        ("ùúủũụưừứửữự", 'u'),
        ("ỳýỷỹỵ", 'y'),
        ("đ", 'd'),
    ];
    match letter {
        // Accents that stand behind their letter.
        '\u{300}'..='\u{36f}' => None,
        letter if letter.is_ascii() => Some(letter),
        letter => Some(FAMILIES.iter().find(|(all, _)| all.contains(letter)).map_or(letter, |(_, base)| *base)),
    }
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
