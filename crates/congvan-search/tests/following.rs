//! The index beside its ledger: made anew, followed, damaged, and told what no longer stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::{Letter, NOON, Network, all, carry, chain, eventually, searching, settled, start, subjects, write};
use congvan::control::{Request, Session};
use congvan::core::{EquivocationProof, RosterAction, Seq, UnverifiedEntry};
use congvan::setup::Home;
use congvan::store::Ledger;
use congvan::{Node, archive};
use congvan_search::{Found, Hit, Query, Search};
use proptest::prelude::*;

fn index(network: &Network) -> PathBuf {
    Home::new(network.home(0)).search()
}

fn everything(search: &Search) -> Vec<Hit> {
    search.find(&all()).unwrap().hits
}

/// The largest file of the index: where a byte is likely one of a document.
fn a_file(network: &Network) -> PathBuf {
    let files = fs::read_dir(index(network)).unwrap().map(|file| file.unwrap().path());
    let of_a_segment = files.filter(|path| !path.extension().is_some_and(|kind| kind == "json" || kind == "lock"));
    of_a_segment.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_goes_on_where_it_was_and_is_made_anew_where_it_is_none() {
    let network = Network::new(2);
    write(&network, 0, (0..20).map(|n| Letter::to(1, &format!("Thư {n}")).at(NOON + n)));
    let node = start(&network, 0).await;
    let search = searching(&node).await;
    let before = everything(&search);
    assert_eq!(before.len(), 20);
    assert_eq!(fs::metadata(index(&network)).unwrap().permissions().mode() & 0o777, 0o700);
    search.rebuild().await.unwrap();
    assert_eq!((everything(&search), search.progress().behind()), (before.clone(), 0));
    node.shutdown().await;
    drop((node, search));

    let spoil: [(&str, &dyn Fn()); 5] = [
        ("nothing happened to it", &|| ()),
        ("it is gone", &|| fs::remove_dir_all(index(&network)).unwrap()),
        ("a byte of it changed", &|| {
            let mut bytes = fs::read(a_file(&network)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(a_file(&network), bytes).unwrap();
        }),
        ("a file of it is cut short", &|| {
            let file = fs::OpenOptions::new().write(true).open(a_file(&network)).unwrap();
            file.set_len(3).unwrap();
        }),
        ("it is of another format", &|| {
            let meta = index(&network).join("meta.json");
            let text = fs::read_to_string(&meta).unwrap();
            assert!(text.contains("congvan-search 1 "));
            fs::write(meta, text.replace("congvan-search 1 ", "congvan-search 0 ")).unwrap();
        }),
    ];
    for (what, spoil) in spoil {
        spoil();
        let node = start(&network, 0).await;
        let search = searching(&node).await;
        assert_eq!(everything(&search), before, "{what}");
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_does_not_follow_a_ledger_that_came_out_of_a_backup() {
    let network = Network::new(3);
    write(&network, 1, (0..3).map(|n| Letter::to(0, &format!("Một {n}")).at(NOON + n)));
    write(&network, 2, (0..3).map(|n| Letter::to(0, &format!("Hai {n}")).at(NOON + 10 + n)));
    let home = Home::new(network.home(0));
    let backup = network.dir.path().join("backup");
    network.ledger(0).backup(&backup).unwrap();
    carry(&network.ledger(1), &network.ledger(0));
    let node = start(&network, 0).await;
    assert_eq!(everything(&searching(&node).await).len(), 3);
    node.shutdown().await;
    drop(node);
    // The same numbers of the feed, other documents.
    fs::remove_dir_all(home.ledger()).unwrap();
    Ledger::restore(&backup, &home.ledger()).unwrap();
    carry(&network.ledger(2), &network.ledger(0));
    let node = start(&network, 0).await;
    let search = searching(&node).await;
    assert_eq!(subjects(&search.find(&all()).unwrap()), ["Hai 2", "Hai 1", "Hai 0"]);
    node.shutdown().await;
}

/// What an agency would have written instead since a copy of its ledger was made: its entries, and the file to
/// carry them in.
fn rival(network: &Network, agency: usize, before: &Path, letters: Vec<Letter>) -> (Vec<UnverifiedEntry>, Vec<u8>) {
    let home = Home::new(network.home(agency));
    let kept = home.dir().join("kept");
    fs::rename(home.ledger(), &kept).unwrap();
    fs::remove_file(home.high_water()).unwrap();
    Ledger::restore(before, &home.ledger()).unwrap();
    write(network, agency, letters);
    let ledger = network.ledger(agency);
    let entries = ledger.entries(chain(network, agency), Seq::FIRST);
    let entries = entries.map(|entry| UnverifiedEntry::parse(entry.unwrap().bytes()).unwrap()).collect();
    let mut file = Vec::new();
    archive::export(&ledger, false, &mut file, &mut |_| {}).unwrap();
    drop(ledger);
    fs::remove_dir_all(home.ledger()).unwrap();
    fs::rename(kept, home.ledger()).unwrap();
    (entries, file)
}

/// Carries a ledger's export to a node that runs.
async fn import(node: &Node, file: &[u8]) {
    let session = Session::open(node.home().dir(), Default::default()).await.unwrap();
    assert!(session.is_running());
    session.call_with(Request::Import, &mut &*file).await.unwrap();
    session.close().await;
}

/// Changes the roster, and tells the node.
async fn decree(network: &Network, node: &Node, action: RosterAction) {
    carry(&network.ledger(1), network.desk.ledger());
    network.desk.change(action).unwrap();
    let mut file = Vec::new();
    archive::export(network.desk.ledger(), false, &mut file, &mut |_| {}).unwrap();
    import(node, &file).await;
}

async fn come_to(search: &Search, expected: &[&str]) {
    let found = || subjects(&search.find(&Query::default()).unwrap()) == expected;
    eventually(&format!("{expected:?}"), async || found()).await;
}

fn letters(what: &str, from: u64, to: u64) -> Vec<Letter> {
    (from..to).map(|n| Letter::to(0, &format!("{what} {n}")).at(NOON + n)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_quarantine_is_not_found_and_what_is_resolved_is() {
    let network = Network::new(3);
    write(&network, 1, letters("Thật", 0, 2));
    let before = network.dir.path().join("before");
    network.ledger(1).backup(&before).unwrap();
    write(&network, 1, letters("Thật", 2, 4));
    let (other, file) = rival(&network, 1, &before, letters("Khác", 2, 4));
    write(&network, 2, letters("Yên", 9, 10));
    carry(&network.ledger(1), &network.ledger(0));
    carry(&network.ledger(2), &network.ledger(0));
    let node = start(&network, 0).await;
    node.serve_control().await.unwrap();
    let search = searching(&node).await;
    let found = || search.find(&Query::default()).unwrap();
    assert_eq!(subjects(&found()), ["Yên 9", "Thật 3", "Thật 2", "Thật 1", "Thật 0"]);

    // Two entries with number 3: what came before stays good, and nothing has to be indexed for that.
    let theirs = chain(&network, 1);
    let third = node.ledger().entry(theirs, Seq::new(3).unwrap()).unwrap().unwrap();
    let third = UnverifiedEntry::parse(third.bytes()).unwrap();
    node.ledger().add_proof(&EquivocationProof::new(&third, &other[2]).unwrap()).unwrap();
    assert_eq!((subjects(&found()), found().total), (vec!["Yên 9", "Thật 1", "Thật 0"], 3));

    // The registrar says which stands, and it is the other one.
    decree(&network, &node, RosterAction::Resolve { chain: theirs, stands: other[2].point() }).await;
    import(&node, &file).await;
    let resolved = ["Yên 9", "Khác 3", "Khác 2", "Thật 1", "Thật 0"];
    come_to(&search, &resolved).await;
    search.rebuild().await.unwrap();
    assert_eq!(subjects(&found()), resolved);
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_registrar_voids_is_taken_out() {
    let network = Network::new(2);
    write(&network, 1, letters("Thư", 0, 4));
    carry(&network.ledger(1), &network.ledger(0));
    let node = start(&network, 0).await;
    node.serve_control().await.unwrap();
    let search = searching(&node).await;
    come_to(&search, &["Thư 3", "Thư 2", "Thư 1", "Thư 0"]).await;
    let theirs = chain(&network, 1);
    let last = node.ledger().entry(theirs, Seq::new(2).unwrap()).unwrap().unwrap().point();
    decree(&network, &node, RosterAction::Revoke { chain: theirs, last: Some(last) }).await;
    come_to(&search, &["Thư 1", "Thư 0"]).await;
    node.shutdown().await;
}

const SYLLABLES: [&str; 24] = [
    "công",
    "cộng",
    "văn",
    "vân",
    "đường",
    "duong",
    "hoà",
    "hòa",
    "thủy",
    "thuỷ",
    "Tiếng",
    "Việt",
    "nghị",
    "quyết",
    "UBND",
    "tỉnh",
    "Thái",
    "Nguyên",
    "2026",
    "12",
    "12b",
    "ngân",
    "sách",
    "Ðịnh",
];

fn subject() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => proptest::sample::select(&SYLLABLES[..]).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9đĐáàảãạăằẩễệỉĩọốờợủữứỳỹ]{1,8}",
    ];
    let between = proptest::sample::select(&[" ", "  ", "/", "-", ", ", ". "][..]);
    proptest::collection::vec((word, between), 1..7)
        .prop_map(|parts| parts.into_iter().flat_map(|(word, between)| [word, between.to_owned()]).collect())
}

/// The accents of Vietnamese taken off by a table of their letters, not as the index does it.
fn without_accents(text: &str) -> String {
    const LETTERS: [(&str, char); 7] = [
        ("aàáảãạăằắẳẵặâầấẩẫậ", 'a'),
        ("eèéẻẽẹêềếểễệ", 'e'),
        ("iìíỉĩị", 'i'),
        ("oòóỏõọôồốổỗộơờớởỡợ", 'o'),
        ("uùúủũụưừứửữự", 'u'),
        ("yỳýỷỹỵ", 'y'),
        ("dđð", 'd'),
    ];
    let plain = |c: char| LETTERS.iter().find(|(letters, _)| letters.contains(c)).map_or(c, |(_, plain)| *plain);
    text.to_lowercase().chars().map(plain).collect()
}

#[test]
fn every_document_is_found_by_each_word_of_its_subject_and_a_rebuilt_index_equals_a_followed_one() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = ProptestConfig { cases: 4, max_shrink_iters: 40, failure_persistence: None, ..Default::default() };
    let rounds = proptest::collection::vec(proptest::collection::vec((subject(), 0..3_u64), 1..12), 1..3);
    proptest!(config, |(rounds in rounds)| {
        runtime.block_on(async {
            let network = Network::new(2);
            let mut followed: Option<Found> = None;
            for round in &rounds {
                write(&network, 0, round.iter().map(|(subject, time)| {
                    Letter { public: true, ..Letter::to(1, subject) }.at(NOON + time)
                }));
                let node = start(&network, 0).await;
                let search = searching(&node).await;
                followed = Some(search.find(&all()).unwrap());
                node.shutdown().await;
            }
            let node = start(&network, 0).await;
            let search = searching(&node).await;
            assert_eq!(Some(search.find(&all()).unwrap()), followed);
            for hit in followed.unwrap().hits {
                for word in hit.subject.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                    let half: String = word.chars().take(word.chars().count().div_ceil(2)).collect();
                    for text in [word.to_owned(), word.to_uppercase(), without_accents(word), without_accents(&half), half] {
                        let query = Query { text: text.clone(), ..all() };
                        let ids: Vec<_> = search.find(&query).unwrap().hits.into_iter().map(|hit| hit.id).collect();
                        assert!(ids.contains(&hit.id), "{text:?} finds {:?}", hit.subject);
                    }
                }
            }
            let before = everything(&search);
            search.rebuild().await.unwrap();
            settled(&search).await;
            assert_eq!(everything(&search), before);
            node.shutdown().await;
        });
    });
}

/// Whether some file of the index holds these letters.
fn is_in_a_file(dir: &Path, letters: &str) -> bool {
    fs::read_dir(dir).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap_or_default();
        bytes.windows(letters.len()).any(|window| window == letters.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_is_in_no_file_of_the_index_any_more() {
    use congvan::core::erasure::Reason;
    let network = Network::new(2);
    let words = ["xkqjvzwtbhpd", "gmfrlsycnauo"];
    write(&network, 0, words.iter().map(|word| Letter::to(1, word)));
    let node = start(&network, 0).await;
    let search = searching(&node).await;
    let ids: Vec<_> = everything(&search).into_iter().map(|hit| (hit.subject, hit.id)).collect();
    assert!(words.iter().all(|word| is_in_a_file(&index(&network), word)));
    let gone = &ids.iter().find(|(subject, _)| subject == words[0]).unwrap().1;
    node.erase(std::slice::from_ref(gone), Reason::Mistake, "").await.unwrap();
    eventually("it cannot be found", async || everything(&search).len() == 1).await;
    eventually("it is in no file", async || !is_in_a_file(&index(&network), words[0])).await;
    assert!(is_in_a_file(&index(&network), words[1]));
    assert_eq!(everything(&search)[0].subject, words[1]);
    // And a registrar's order does the same, also to an index that was closed meanwhile.
    node.shutdown().await;
    drop((node, search));
    assert!(!is_in_a_file(&index(&network), words[0]));
    let ledger = network.ledger(0);
    let kept = ledger.entry(chain(&network, 0), Seq::new(2).unwrap()).unwrap().unwrap();
    let entries = congvan::core::Sorted::from_unsorted(vec![kept.point()]).unwrap();
    let basis = congvan::core::Text::new("1/QĐ").unwrap();
    let erasure = congvan::core::Erasure { entries, reason: Reason::Order, basis };
    network.desk.change(RosterAction::Erase { chain: chain(&network, 0), erasure }).unwrap();
    network.share_roster(&ledger);
    drop(ledger);
    let node = start(&network, 0).await;
    let search = searching(&node).await;
    eventually("it is in no file", async || !is_in_a_file(&index(&network), words[1])).await;
    assert_eq!(everything(&search).len(), 0);
    node.shutdown().await;
}
