//! Durability, with real processes: power cuts and restored backups cost nothing that was acknowledged,
//! and never lead to two entries with one number.
//!
//! `CONGVAN_LONG=1` kills a hundred times instead of a dozen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{NodeProcess, Setting, send, until};
use congvan::audit;
use congvan::control::{Reply, Request, SessionError};
use congvan_examples::{CODES, network};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::watch;

const WRITERS: usize = 8;

/// Every number that was ever seen used, and its entry's id.
type Seen = BTreeMap<u64, String>;

/// Takes in what a node holds: numbers without a gap, every document whole, none under another id.
fn compare(seen: &mut Seen, acknowledged: &Seen, sent: BTreeMap<u64, (String, bool)>) {
    for (due, (number, (id, complete))) in (1..).zip(&sent) {
        assert_eq!(*number, due, "a number is missing");
        assert!(complete, "number {number} is half-written: its attachment is not all there");
        let first = seen.entry(*number).or_insert_with(|| id.clone());
        assert_eq!(first, id, "number {number} was used again for another entry");
    }
    for (number, id) in acknowledged {
        let kept = sent.get(number).map(|(id, _)| id);
        assert_eq!(kept, Some(id), "number {number} was acknowledged and is lost");
    }
}

fn assert_genuine(home: &Path) {
    let report = audit::audit_directory(home, &congvan::certificate::Anchors::none(), &mut |_| {}).unwrap();
    assert!(report.is_genuine(), "{:?}", report.violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigkill_under_concurrent_appends_loses_nothing_acknowledged_and_reuses_no_number() {
    let rounds = if std::env::var_os("CONGVAN_LONG").is_some() { 100 } else { 12 };
    let seed = match std::env::var("CONGVAN_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs(),
    };
    println!("{rounds} rounds; the moments of this run come from CONGVAN_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = network(dir.path()).await.unwrap();
    // Nobody else is up: the operator's explicit choice, which an intact ledger is enough for.
    let setting = Setting { offline_start: true, ..Setting::new(&home) };
    let (mut seen, mut acknowledged) = (Seen::new(), Seen::new());

    for round in 0..rounds {
        let mut node = setting.start().await;
        compare(&mut seen, &acknowledged, node.sent().await);

        let session = Arc::new(node.session().await.unwrap());
        let (count, mut counted) = watch::channel(0usize);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (session, count) = (session.clone(), count.clone());
                tokio::spawn(async move {
                    let mut written = Vec::new();
                    while let Ok(receipt) =
                        send(&session, CODES[1], &format!("{round}-{writer}-{}", written.len())).await
                    {
                        written.push(receipt);
                        count.send_modify(|count| *count += 1);
                    }
                    written
                })
            })
            .collect();

        let after = rng.random_range(1..80);
        let moment = Duration::from_micros(rng.random_range(0..20_000));
        tokio::time::timeout(common::BOUND, counted.wait_for(|count| *count >= after)).await.expect("appends").unwrap();
        tokio::time::sleep(moment).await;
        node.kill();

        for writer in writers {
            for (number, id) in writer.await.unwrap() {
                let before = acknowledged.insert(number, id.clone());
                assert_eq!(before, None, "number {number} was acknowledged twice");
                let first = seen.entry(number).or_insert_with(|| id.clone());
                assert_eq!(*first, id, "number {number} was used again for another entry");
            }
        }
        assert_genuine(&home);
    }
    let node = setting.start().await;
    compare(&mut seen, &acknowledged, node.sent().await);
    println!("{} acknowledged, {} written", acknowledged.len(), seen.len());
}

/// Two agencies' nodes; the first has written ten documents, which the second holds, and was backed up
/// after the fifth.
struct Restored {
    a: Setting,
    b: Setting,
    written: Seen,
    backup: std::path::PathBuf,
    snapshot: std::path::PathBuf,
    _dir: tempfile::TempDir,
}

impl Restored {
    async fn prepare() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let [home_a, home_b] = network(dir.path()).await.unwrap();
        let b = Setting::new(&home_b);
        let mut node_b = b.start().await;
        let a = Setting { bootstrap: vec![node_b.address().await], ..Setting::new(&home_a) };
        let (backup, snapshot) = (dir.path().join("backup"), dir.path().join("snapshot"));

        let mut node_a = a.start().await;
        let mut written = Seen::new();
        written.extend(send_five(&node_a).await);
        let to = backup.display().to_string();
        node_a.session().await.unwrap().call(Request::Backup { to }).await.unwrap();
        assert_eq!(node_a.signal("TERM").await.0.code(), Some(0));
        copy(&home_a, &snapshot);

        let mut node_a = a.start().await;
        written.extend(send_five(&node_a).await);
        until("the peer holds all ten in full", async || (node_b.received().await == 10).then_some(())).await;
        assert_eq!(node_a.signal("TERM").await.0.code(), Some(0));
        assert_eq!(node_b.signal("TERM").await.0.code(), Some(0));
        Self { a, b, written, backup, snapshot, _dir: dir }
    }

    /// The database alone comes from the backup; keys and high-water mark are the machine's own.
    fn restore_database(&self) {
        let ledger = self.a.home.join("ledger");
        std::fs::remove_dir_all(&ledger).unwrap();
        congvan::store::Ledger::restore(&self.backup, &ledger).unwrap();
    }

    /// The whole machine comes from a snapshot: the mark beside the key is as old as the database.
    fn restore_machine(&self) {
        std::fs::remove_dir_all(&self.a.home).unwrap();
        copy(&self.snapshot, &self.a.home);
    }

    /// The node, started while its peer is up, takes back what it lacks and goes on with number eleven.
    async fn must_catch_up_and_go_on(&self) {
        let node_b = self.b.start().await;
        let node_a = self.a.start().await;
        let (number, id) = send(&node_a.session().await.unwrap(), CODES[1], "mới").await.unwrap();
        let due = self.written.keys().last().unwrap() + 1;
        assert_eq!(number, due, "it did not go on with the next unused number");
        let mut all = self.written.clone();
        all.insert(number, id);
        until("the attachments are back too", async || {
            let sent = node_a.sent().await;
            sent.values().all(|(_, complete)| *complete).then_some(())
        })
        .await;
        let ids = |sent: BTreeMap<u64, (String, bool)>| sent.into_iter().map(|(n, (id, _))| (n, id)).collect::<Seen>();
        assert_eq!(ids(node_a.sent().await), all);
        until("the peer follows", async || (node_b.head_of(CODES[0]).await == number).then_some(())).await;
        drop((node_a, node_b));
        assert_genuine(&self.a.home);
        assert_genuine(&self.b.home);
    }

    /// The node, started while no peer is up, refuses to write and says why.
    async fn must_refuse(&self, setting: &Setting, why: &str) {
        let node = setting.start().await;
        let before = node.sent().await;
        assert_eq!(before.len(), 5, "the backup holds five documents");
        let refused = send(&node.session().await.unwrap(), CODES[1], "không được").await;
        let Err(SessionError::Node { message, .. }) = refused else { panic!("it wrote: {refused:?}") };
        assert!(message.contains(why), "{message:?} does not say {why:?}");
        assert!(node.view().await.writing.contains(why));
        assert_eq!(node.sent().await, before);
        assert_eq!(node.figure("congvan_may_write"), 0);
        let (status, body) = node.get("/readyz");
        assert!(status == 503 && body.contains(why), "{status} {body}");
    }
}

async fn send_five(node: &NodeProcess) -> Vec<(u64, String)> {
    let session = node.session().await.unwrap();
    let mut receipts = Vec::new();
    for number in 0..5 {
        receipts.push(send(&session, CODES[1], &number.to_string()).await.unwrap());
    }
    receipts
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (entry, target) = (entry.as_ref().unwrap(), to.join(entry.as_ref().unwrap().file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_restored_beside_a_running_peer_takes_back_what_it_lacks_before_it_writes() {
    let restored = Restored::prepare().await;
    restored.restore_database();
    restored.must_catch_up_and_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_rolled_back_beside_a_running_peer_takes_back_what_it_lacks_before_it_writes() {
    let restored = Restored::prepare().await;
    restored.restore_machine();
    restored.must_catch_up_and_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_restored_while_peers_are_down_is_not_written_even_by_the_operators_choice() {
    let restored = Restored::prepare().await;
    restored.restore_database();
    restored.must_refuse(&restored.a, "older than its key").await;
    let insisting = Setting { offline_start: true, ..restored.a.clone() };
    restored.must_refuse(&insisting, "older than its key").await;
    restored.must_catch_up_and_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_rolled_back_while_peers_are_down_is_not_written() {
    let restored = Restored::prepare().await;
    restored.restore_machine();
    restored.must_refuse(&restored.a, "no peer has confirmed").await;
    restored.must_catch_up_and_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_one_directory_is_refused_while_the_first_runs() {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = network(dir.path()).await.unwrap();
    let first = Setting { offline_start: true, ..Setting::new(&home) };
    let node = first.start().await;
    let second = Setting { port: common::free_port(), http: common::free_port(), ..first.clone() };
    let output = second.command().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("ledger"), "{said}");
    // The first is none the worse for it.
    let reply = node.session().await.unwrap().call(Request::Node).await.unwrap();
    assert!(matches!(reply, Reply::Node(view) if view.writing == "open"));
}
