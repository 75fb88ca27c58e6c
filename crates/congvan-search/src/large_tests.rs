//! A hundred thousand documents: that each is found, and how long it takes. Nothing is asserted of the time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/common/words.rs"]
mod words;

use std::time::Instant;

use congvan::core::{AgencyCode, ChainId, Cover, EntryId, Envelope, NetworkId, Sorted, Text, Time};
use congvan::deadline::Calendar;
use congvan::search::{Found, Mailbox, Query, Readable};
use tantivy::Searcher;

use crate::agencies::Agencies;
use crate::index::{self, Cursor, Shelf};
use crate::query::{self, Surroundings};

const DOCUMENTS: u64 = 100_000;
const AGENCIES: u64 = 1_793;
const NOON: u64 = 1_780_030_800_000;
const HOUR: u64 = 3_600_000;

fn code(agency: u64) -> AgencyCode {
    AgencyCode::new(format!("000.{:02}.{:02}.H55", agency / 100, agency % 100)).unwrap()
}

/// Every second one was sent, the others came; each has a word of its own and others of sixteen.
fn document(n: u64) -> (AgencyCode, Readable) {
    let other = code(1 + n % (AGENCIES - 1));
    let (from, to) = if n.is_multiple_of(2) { (code(0), other) } else { (other, code(0)) };
    let words = words::words(n, 10);
    let envelope = Envelope {
        subject: Text::new(format!("Văn bản riêng{n} về {}", words[..6].join(" "))).unwrap(),
        summary: Text::new(words[6..].join(" ")).unwrap(),
        number: Text::new(n.to_string()).unwrap(),
        notation: Text::new("BC-UBND").unwrap(),
        ..Envelope::default()
    };
    let cover = Cover { addressees: Sorted::from_unsorted(vec![to]).unwrap(), ..Cover::default() };
    let chain = ChainId::of_agency(NetworkId::from_bytes([1; 32]), &from);
    (from, Readable { chain, time: Time::from_millis(NOON + n * HOUR), cover, envelope })
}

fn id(n: u64) -> EntryId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    EntryId::from_bytes(bytes)
}

fn built(dir: &std::path::Path) -> Shelf {
    let shelf = Shelf::create(dir).unwrap();
    let mut writer = shelf.writer().unwrap();
    for n in 0..DOCUMENTS {
        let (from, readable) = document(n);
        let document = index::document(&shelf.fields, id(n), n + 1, n + 1, (&from, &code(0)), &readable);
        writer.add_document(document).unwrap();
    }
    index::commit(&mut writer, &shelf.reader, Cursor::START).unwrap();
    shelf
}

struct Desk {
    searcher: Searcher,
    shelf: Shelf,
    agencies: Agencies,
    calendar: Calendar,
}

impl Desk {
    fn find(&self, what: &str, query: Query) -> Found {
        let around = Surroundings { agencies: &self.agencies, quarantined: Vec::new(), calendar: &self.calendar };
        let began = Instant::now();
        let found = query::find(&self.searcher, &self.shelf.fields, &around, &query).unwrap();
        println!("{what:40} {:8} of {DOCUMENTS} in {:?}", found.total, began.elapsed());
        found
    }
}

#[test]
fn a_hundred_thousand_documents_are_searched() {
    let dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let shelf = built(&dir.path().join("search"));
    println!("{DOCUMENTS} documents indexed in {:?}", began.elapsed());
    let names: Vec<_> = (0..AGENCIES).map(|n| (code(n).to_string(), format!("Ủy ban nhân dân xã số {n}"))).collect();
    let agencies = Agencies::new(names.iter().map(|(code, name)| (&**code, &**name)));
    let desk = Desk { searcher: shelf.reader.searcher(), shelf, agencies, calendar: Calendar::default() };

    let half = (DOCUMENTS / 2) as usize;
    let text = |text: &str| Query { mailbox: Mailbox::All, text: text.to_owned(), ..Query::default() };
    let inbox = desk.find("the inbox", Query::default());
    assert_eq!((inbox.total, &*inbox.hits[0].id), (half, &*id(DOCUMENTS - 1).to_string()));
    let last = desk.find("its last page", Query { offset: half - 1, ..Query::default() });
    assert_eq!((last.hits.len(), &*last.hits[0].id), (1, &*id(1).to_string()));
    for n in [0, 1, 41_414, DOCUMENTS - 1] {
        let found = desk.find("a rare word", text(&format!("rieng{n} ")));
        assert_eq!((found.total, &*found.hits[0].id), (1, &*id(n).to_string()));
    }
    let holds = |n: &u64, word: &str| {
        let (_, readable) = document(*n);
        let has = |text: &str| text.split(' ').any(|w| w == word);
        has(&readable.envelope.subject) || has(&readable.envelope.summary)
    };
    let expected = (0..DOCUMENTS).filter(|n| holds(n, "đường") && holds(n, "tỉnh")).count();
    assert_eq!(desk.find("two common words", text("đường tỉnh ")).total, expected);
    assert_eq!(desk.find("the same without accents", text("duong tinh ")).total, expected);
    assert_eq!(desk.find("one letter", text("r")).total, DOCUMENTS as usize);
    // In the document's own code, in the other agency's code, or in its name.
    let with_1 = |n: &u64| {
        let other = 1 + n % (AGENCIES - 1);
        let texts = [n.to_string(), code(other).to_string(), other.to_string()];
        texts.iter().flat_map(|text| text.split('.')).any(|part| part.starts_with('1'))
    };
    assert_eq!(desk.find("one digit", text("1")).total, (0..DOCUMENTS).filter(with_1).count());
    assert_eq!(desk.find("a word of every agency's name", text("nhân dân xã")).total, DOCUMENTS as usize);
    let of = |code: &str| Query { mailbox: Mailbox::All, code: code.to_owned(), ..Query::default() };
    assert_eq!(desk.find("number and notation", of("777/BC-UBND")).total, 1);
    let agency = Query { agency: "uy ban nhan dan xa so 700".to_owned(), ..Query::default() };
    let from_700 = (0..DOCUMENTS).filter(|n| n % 2 == 1 && 1 + n % (AGENCIES - 1) == 700).count();
    assert_eq!(desk.find("an agency by name", agency).total, from_700);
    let day = jiff::civil::date(2027, 3, 1);
    assert_eq!(desk.find("one day", Query { from: Some(day), to: Some(day), ..Query::default() }).total, 12);
}
