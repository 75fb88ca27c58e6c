//! What a clerk asks, and finds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{DAY, Letter, NOON, Network, all, searching, start, subjects, write};
use congvan::core::AgencyCode;
use congvan_search::{MAX_PAGE, MAX_TEXT, Mailbox, Query, Search, SearchError};

/// Agency 0 with what it sent, what it received, and what is none of its business.
async fn desk() -> (Network, congvan::Node, Search) {
    let network = Network::new(3);
    write(
        &network,
        0,
        [
            Letter::to(1, "Báo cáo thu chi ngân sách").code("12", "BC-UBND").at(NOON),
            Letter::to(2, "Về việc cộng tác viên dân số").code("123", "CV-UBND").at(NOON + DAY),
        ],
    );
    write(
        &network,
        1,
        [
            Letter { summary: "Đường tỉnh lộ".to_owned(), ..Letter::to(0, "Công văn về giao thông") }
                .at(NOON + 2 * DAY),
            Letter::to(2, "Công văn mật giữa hai cơ quan khác").at(NOON + 3 * DAY),
            Letter { public: true, ..Letter::to(2, "Công bố danh mục") }.at(NOON + 4 * DAY),
        ],
    );
    common::carry(&network.ledger(1), &network.ledger(0));
    let node = start(&network, 0).await;
    let search = searching(&node).await;
    (network, node, search)
}

#[track_caller]
fn finds(search: &Search, query: &Query, expected: &[&str]) {
    let found = search.find(query).unwrap();
    assert_eq!(subjects(&found), expected, "{query:?}");
    assert_eq!(found.total, expected.len());
}

const TRAFFIC: &str = "Công văn về giao thông";
const BUDGET: &str = "Báo cáo thu chi ngân sách";
const PEOPLE: &str = "Về việc cộng tác viên dân số";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_query_is_the_mailbox_newest_first_and_nothing_sealed_to_others() {
    let (network, node, search) = desk().await;
    finds(&search, &Query::default(), &[TRAFFIC]);
    finds(&search, &Query { mailbox: Mailbox::Outbox, ..all() }, &[PEOPLE, BUDGET]);
    finds(&search, &all(), &[TRAFFIC, PEOPLE, BUDGET]);
    let found = search.find(&all()).unwrap();
    let (inbox, hit) = (node.inbox(9).unwrap(), &found.hits[0]);
    assert_eq!((&hit.id, &hit.sender, &hit.sender_name), (&inbox[0].id, &inbox[0].from, &inbox[0].from_name));
    assert_eq!((hit.time, hit.recipients, hit.own), (inbox[0].time, 1, false));
    let sent = &found.hits[2];
    assert_eq!((&*sent.code, &*sent.sender, sent.own), ("12/BC-UBND", network.codes[0].as_str(), true));
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_is_found_with_and_without_accents_and_while_it_is_typed() {
    let (_network, node, search) = desk().await;
    let find = |text: &str, expected: &[&str]| finds(&search, &Query { text: text.to_owned(), ..all() }, expected);
    find("cong", &[TRAFFIC, PEOPLE]);
    find("công", &[TRAFFIC]);
    find("CỘNG", &[PEOPLE]);
    find("cộng tac", &[PEOPLE]);
    find("duong tinh", &[TRAFFIC]);
    find("đường TỈNH", &[TRAFFIC]);
    find("giao cong", &[TRAFFIC]);
    find("giao th", &[TRAFFIC]);
    find("giao th ", &[]);
    find("th giao", &[]);
    find("bc-ubnd", &[BUDGET]);
    find("12/bc", &[BUDGET]);
    find("12", &[PEOPLE, BUDGET]);
    find("12 ", &[BUDGET]);
    find("000.00.01.H55", &[TRAFFIC, BUDGET]);
    find("000.00.01.h55 cong", &[TRAFFIC]);
    for text in ["", " ", "-", "\"", "AND", "(", "subject:", "*", "+-", "\\", "\u{0}", "[1 TO 2]", "a~1^9"] {
        search.find(&Query { text: text.to_owned(), ..all() }).unwrap();
    }
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_agency_and_day_narrow_it_down() {
    let (_network, node, search) = desk().await;
    let code = |code: &str| Query { code: code.to_owned(), ..all() };
    finds(&search, &code("12"), &[BUDGET]);
    finds(&search, &code("123/CV"), &[PEOPLE]);
    finds(&search, &code("ubnd"), &[PEOPLE, BUDGET]);
    finds(&search, &code("bao"), &[]);
    let agency = |mailbox, agency: &str| Query { mailbox, agency: agency.to_owned(), ..Query::default() };
    finds(&search, &agency(Mailbox::Inbox, "000.00.01.H55"), &[TRAFFIC]);
    finds(&search, &agency(Mailbox::Outbox, "000.00.01.H55"), &[BUDGET]);
    finds(&search, &agency(Mailbox::All, "000.00.01.h55"), &[TRAFFIC, BUDGET]);
    finds(&search, &agency(Mailbox::All, "000.00.02"), &[PEOPLE]);
    finds(&search, &agency(Mailbox::All, "nowhere"), &[]);
    let (first, second) = (jiff::civil::date(2026, 5, 29), jiff::civil::date(2026, 5, 30));
    let days = |from, to| Query { from, to, ..all() };
    finds(&search, &days(Some(first), Some(first)), &[BUDGET]);
    finds(&search, &days(None, Some(second)), &[PEOPLE, BUDGET]);
    finds(&search, &days(Some(second), None), &[TRAFFIC, PEOPLE]);
    finds(&search, &days(Some(second), Some(first)), &[]);
    finds(&search, &days(Some(jiff::civil::Date::MIN), Some(jiff::civil::Date::MAX)), &[TRAFFIC, PEOPLE, BUDGET]);
    finds(&search, &days(None, Some(jiff::civil::Date::MIN)), &[]);
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_texts_have_bounds() {
    let network = Network::new(2);
    let letters = (0..=MAX_PAGE).map(|n| Letter::to(1, &format!("Thư số {n}")));
    write(&network, 0, letters);
    let node = start(&network, 0).await;
    let search = searching(&node).await;
    let page = |offset, limit| search.find(&Query { offset, limit, ..all() }).unwrap();
    let whole = page(0, MAX_PAGE + 1);
    assert_eq!((whole.total, whole.hits.len()), (MAX_PAGE + 1, MAX_PAGE));
    assert_eq!(whole.hits[0].subject, format!("Thư số {MAX_PAGE}"), "of one time, the later one first");
    assert_eq!(page(MAX_PAGE, MAX_PAGE).hits.len(), 1);
    assert_eq!(page(10, 5).hits, whole.hits[10..15]);
    for beyond in [page(MAX_PAGE + 1, 1), page(usize::MAX, usize::MAX), page(0, 0)] {
        assert_eq!((beyond.total, beyond.hits.len()), (MAX_PAGE + 1, 0));
    }
    let long = |len: usize| "x".repeat(len);
    for field in ["text", "code", "agency"] {
        let query = |len| match field {
            "text" => Query { text: long(len), ..all() },
            "code" => Query { code: long(len), ..all() },
            _ => Query { agency: long(len), ..all() },
        };
        assert_eq!(search.find(&query(MAX_TEXT)).unwrap().total, 0);
        let error = search.find(&query(MAX_TEXT + 1)).unwrap_err();
        assert!(matches!(error, SearchError::TooLong { field: named, len } if named == field && len == MAX_TEXT + 1));
        assert!(error.to_string().contains(&MAX_TEXT.to_string()));
    }
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_finds_through_its_index_until_it_is_shut_down() {
    let network = Network::new(2);
    write(&network, 0, [Letter::to(1, TRAFFIC)]);
    let node = start(&network, 0).await;
    assert!(node.find(&all()).unwrap_err().to_string().contains("search = true"));
    assert_eq!(node.search_progress(), None);
    let search = searching(&node).await;
    assert_eq!(node.find(&all()).unwrap(), search.find(&all()).unwrap());
    assert_eq!(node.search_progress(), Some(search.progress()));
    let sent = congvan::Outgoing {
        to: vec![AgencyCode::new(network.codes[1].as_str()).unwrap()],
        envelope: congvan::core::Envelope { subject: congvan::core::Text::new(PEOPLE).unwrap(), ..Default::default() },
        ..Default::default()
    };
    node.send(sent).await.unwrap();
    common::eventually("what was sent just now is found", async || search.find(&all()).unwrap().total == 2).await;
    node.shutdown().await;
    assert_eq!(node.search_progress(), None);
    // Nothing of it keeps the ledger from being opened again.
    drop((node, search));
    drop(start(&network, 0).await);
}
