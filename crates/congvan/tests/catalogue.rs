//! The catalogue between real nodes: one publishes, every other sees it alike.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::{Network, eventually_within};
use congvan::catalogue::{CatalogueChange, CatalogueError, ChangeKind, Filter};
use congvan::certificate::Anchors;
use congvan::core::catalogue::{Breach, Fee, Form, Level, Retirement, Title};
use congvan::core::keyfile::Keys;
use congvan::core::{
    AgencySecret, Bounded, Draft, Kind, Point, Procedure, ProcedureChange, ProcedureCode, ProcedurePayload, Rights,
    RosterAction, Sorted, Text, Time, Wire,
};
use congvan::setup::{self, Home};
use congvan::store::HighWater;
use congvan::view::EventKind;
use congvan::{Node, Source, archive, audit};

const PATIENCE: Duration = Duration::from_secs(60);

/// A network whose first agency may publish.
fn network(agencies: usize) -> Network {
    let network = Network::new(agencies);
    rights(&network, 0, None, Rights::PUBLISH);
    for n in 0..agencies {
        network.share_roster(&network.ledger(n));
    }
    network
}

fn rights(network: &Network, n: usize, after: Option<Point>, rights: Rights) {
    let chain = network.desk.roster().by_code(&network.codes[n]).unwrap().chain;
    network.desk.change(RosterAction::Rights { chain, after, rights }).unwrap();
}

/// Has an agency sign changes past its node's rules, as hostile software does.
fn force(network: &Network, n: usize, changes: Vec<ProcedureChange>) {
    let home = Home::new(network.home(n));
    let ledger = network.ledger(n);
    let Keys::Agency { sign, seals } = setup::read_keys(&home.agency_key(), None).unwrap() else { panic!() };
    let secret = AgencySecret { sign, seal: seals[0].clone() };
    let chain = ledger.roster().by_code(&network.codes[n]).unwrap().chain;
    let writer = ledger.writer(chain, secret, HighWater::open(&home.high_water()).unwrap()).unwrap();
    for change in changes {
        let payload = ProcedurePayload::new(change).unwrap().to_bytes();
        writer.append(Draft { kind: Kind::PROCEDURE, time: Time::from_millis(1), payload }).unwrap();
    }
    writer.close();
}

async fn eventually(what: &str, holds: impl AsyncFnMut() -> bool) {
    eventually_within(PATIENCE, what, holds).await;
}

fn procedure(n: usize) -> Procedure {
    let text = |text: &str| Text::new(text).unwrap();
    let mut procedure =
        Procedure::new(format!("1.{n:06}").parse().unwrap(), Title::new(format!("Thủ tục số {n}")).unwrap());
    procedure.levels = Sorted::from_unsorted(vec![Level::ALL[n % 3]]).unwrap();
    procedure.payment.fee = Some(Fee::Amount(1_000 * n as u64));
    procedure.steps =
        Bounded::new((1..4).map(|step| Text::new(format!("Bước {step} của {n}")).unwrap()).collect()).unwrap();
    procedure.term = text("15 ngày làm việc");
    procedure
}

fn code(n: usize) -> ProcedureCode {
    procedure(n).code
}

fn count(node: &Node) -> usize {
    node.catalogue(Filter::default(), 10_000).unwrap().procedures.len()
}

fn cursor(node: &Node) -> u64 {
    let mut since = 0;
    loop {
        let found = node.catalogue_changes(since, 1_000).unwrap();
        if found.next == since {
            return since;
        }
        since = found.next;
    }
}

/// What a change says, without where it came here.
fn said(change: &CatalogueChange) -> CatalogueChange {
    CatalogueChange { cursor: 0, ..change.clone() }
}

async fn load(node: &Node, procedures: impl Iterator<Item = Procedure>) {
    let changes: Vec<_> = procedures.map(ProcedureChange::Publish).collect();
    for batch in changes.chunks(250) {
        node.change_catalogue(batch.to_vec()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provinces_catalogue_is_seen_everywhere_and_its_changes_field_by_field() {
    let network = network(2);
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
    let started = Instant::now();
    load(&a, (0..1_800).map(procedure)).await;
    println!("1,800 procedures published in {:?}", started.elapsed());
    assert_eq!(count(&a), 1_800);
    eventually("the other node has them all", async || count(&b) == 1_800).await;
    println!("and at the other node after {:?}", started.elapsed());
    let (ours, theirs) = [&a, &b].map(|node| node.catalogue(Filter::default(), 10_000).unwrap()).into();
    assert_eq!(ours, theirs);
    let commune = Filter { level: Some("commune".into()), ..Filter::default() };
    assert_eq!(b.catalogue(commune.clone(), 10_000).unwrap().procedures.len(), 600);
    let first = b.catalogue(commune, 5).unwrap();
    assert!(first.more && first.procedures.len() == 5);

    // A cursor in the middle pages on to the end without loss.
    let (mut since, mut seen) = (0, 0);
    loop {
        let found = b.catalogue_changes(since, 700).unwrap();
        if found.next == since {
            break;
        }
        assert!(found.changes.iter().all(|change| matches!(change.what, ChangeKind::New { .. })));
        (since, seen) = (found.next, seen + found.changes.len());
    }
    assert_eq!(seen, 1_800);

    let mut amended = procedure(17);
    amended.payment.fee = Some(Fee::Described(Text::new("Theo biểu phí").unwrap()));
    amended.steps = Bounded::new(vec![Text::new("Nộp hồ sơ").unwrap()]).unwrap();
    a.amend(amended).await.unwrap();
    let reason = Text::new("Quyết định 12/QĐ-UBND").unwrap();
    a.retire(Retirement { code: code(18), reason, from: "2026/07/01".parse().ok() }).await.unwrap();
    a.publish(procedure(1_800)).await.unwrap();
    eventually("the changes arrive", async || b.catalogue_changes(since, 10).unwrap().changes.len() == 3).await;
    let changes = b.catalogue_changes(since, 10).unwrap().changes;
    let ChangeKind::Changed { code: changed, fields, .. } = &changes[0].what else { panic!("{changes:?}") };
    assert_eq!(changed, code(17).as_str());
    let fields: Vec<_> = fields.iter().map(|field| (field.field.as_str(), &field.before, &field.after)).collect();
    assert_eq!(fields[0], ("fee", &17_000.into(), &"Theo biểu phí".into()));
    assert_eq!((fields.len(), fields[1].0), (2, "steps"));
    assert!(
        matches!(&changes[1].what, ChangeKind::Retired { code, from: Some(from), .. } if code == "1.000018" && from == "2026/07/01")
    );
    assert!(matches!(&changes[2].what, ChangeKind::New { procedure } if procedure.code == "1.001800"));
    assert_eq!(b.procedure(&code(18), None).unwrap().life, "retired");
    assert_eq!(b.catalogue(Filter { retired: true, ..Filter::default() }, 10_000).unwrap().procedures.len(), 1_801);

    // A durable consumer is told the same.
    let mut consumer = b.consumer("one-stop").unwrap();
    let mut told = Vec::new();
    while told.len() < 1_803 {
        for event in consumer.next_within(64, PATIENCE).await.unwrap() {
            if let EventKind::Catalogue(change) = event.what {
                assert_eq!(change.cursor, event.number);
                told.push(*change);
            }
        }
    }
    assert_eq!(told[1_800..], changes);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_reach_every_node_unless_their_publisher_has_no_right() {
    let network = network(3);
    let missing = congvan::core::blob::BlobRef { id: congvan::core::BlobId::from_bytes([9; 32]), len: 5 };
    let missing = congvan::core::catalogue::FormBlob::new(missing).unwrap();
    let form = |blob| Form { name: Text::new("to-khai.pdf").unwrap(), media_type: Text::default(), blob };
    let mut without = procedure(2);
    without.forms = Bounded::new(vec![form(missing)]).unwrap();
    force(&network, 2, vec![ProcedureChange::Publish(without.clone())]);
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
    let bytes: Vec<u8> = (0..200_000u32).map(|n| (n * 7 % 251) as u8).collect();
    let blob = a.store_form(Source::Bytes(bytes.clone())).await.unwrap();
    let mut with_form = procedure(1);
    with_form.forms = Bounded::new(vec![form(blob)]).unwrap();
    a.publish(with_form.clone()).await.unwrap();
    // A form whose bytes are not here cannot be published.
    let error = a.publish(without).await.unwrap_err();
    assert!(matches!(&error, CatalogueError::FormMissing { name, .. } if name == "to-khai.pdf"), "{error}");

    let c = network.start(2, &a.listen_addresses().await).await;
    for node in [&b, &c] {
        eventually("the form arrives", async || {
            let found = node.procedure(&code(1), None);
            found.is_ok_and(|found| found.procedure.unwrap().forms[0].present)
        })
        .await;
        let read: Vec<u8> = node.form(&code(1), None, 0).unwrap().collect::<Result<Vec<_>, _>>().unwrap().concat();
        assert_eq!(read, bytes);
    }
    eventually("the unauthorised entry is at every node", async || {
        [&a, &b].iter().all(|node| node.procedure(&code(2), None).is_ok())
    })
    .await;
    for node in [&a, &b, &c] {
        assert_eq!(node.view().await.blobs_wanted, 0, "nobody fetches the forms of whoever may not publish");
    }
    for node in [a, b, c] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_that_came_before_their_publishers_right_are_fetched_when_it_is_given() {
    let network = network(2);
    let a = network.start_with(0, &[], |builder| builder.offline_start(true)).await;
    let blob = a.store_form(Source::Bytes(vec![7; 100_000])).await.unwrap();
    let mut published = procedure(1);
    published.forms =
        Bounded::new(vec![Form { name: Text::new("to-khai.pdf").unwrap(), media_type: Text::default(), blob }])
            .unwrap();
    a.publish(published).await.unwrap();
    rights(&network, 0, None, Rights::NONE);
    network.share_roster(a.ledger());
    network.share_roster(&network.ledger(1));

    let b = network.start(1, &a.listen_addresses().await).await;
    eventually("the entry arrives", async || b.procedure(&code(1), None).is_ok()).await;
    assert_eq!(b.view().await.blobs_wanted, 0);
    assert!(!b.ledger().has_blob(&blob.blob()));

    rights(&network, 0, None, Rights::PUBLISH);
    network.share_roster(a.ledger());
    eventually("the form arrives", async || b.ledger().has_blob(&blob.blob())).await;
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_no_right_is_refused_here_and_flagged_everywhere_alike() {
    let network = network(3);
    // Other software does not care who may publish.
    force(&network, 2, vec![ProcedureChange::Publish(procedure(7)), ProcedureChange::Amend(procedure(0))]);
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
    load(&a, (0..5).map(procedure)).await;
    // Ours does, and says who can help.
    let refused = b.publish(procedure(7)).await.unwrap_err();
    assert!(refused.to_string().contains("congvan roster rights 000.00.01.H55 --publish on"), "{refused}");
    let c = network.start(2, &a.listen_addresses().await).await;
    let flagged = |node: &Node| -> Vec<CatalogueChange> {
        let found = node.catalogue_changes(0, 1_000).unwrap().changes;
        found.iter().filter(|change| matches!(change.what, ChangeKind::Flagged { .. })).map(said).collect()
    };
    for node in [&a, &b, &c] {
        eventually("all is everywhere", async || count(node) == 5 && flagged(node).len() == 2).await;
    }
    assert_eq!(flagged(&a), flagged(&b));
    assert_eq!(flagged(&a), flagged(&c));
    assert!(matches!(&flagged(&a)[0].what, ChangeKind::Flagged { breach, reason_vi, .. }
        if breach == Breach::NoRight.name() && reason_vi == Breach::NoRight.vietnamese()));

    // Rules of lives: refused before anything is written.
    let head = a.view().await.head;
    let wrong = vec![ProcedureChange::Publish(procedure(8)), ProcedureChange::Publish(procedure(0))];
    let error = a.change_catalogue(wrong).await.unwrap_err();
    assert!(matches!(error, CatalogueError::Breach { breach: Breach::Live, .. }), "{error}");
    assert_eq!((a.view().await.head, count(&a)), (head, 5));

    // The right is withdrawn from a number that has passed: what came after it does not count, on any node.
    let since = cursor(&b);
    let keep = a.ledger().entry(a.chain(), congvan::core::Seq::new(3).unwrap()).unwrap().unwrap().point();
    rights(&network, 0, Some(keep), Rights::NONE);
    for node in [&a, &b, &c] {
        network.share_roster(node.ledger());
        assert_eq!(count(node), 3);
        let late = node.procedure(&code(4), None).unwrap();
        assert_eq!((late.life.as_str(), late.procedure), ("unknown", None));
    }
    let told = b.catalogue_changes(since, 10).unwrap().changes;
    assert!(
        matches!(told.as_slice(), [change] if change.what == ChangeKind::Recounted && change.publisher == "000.00.00.H55")
    );
    let refused = a.publish(procedure(9)).await.unwrap_err();
    assert!(matches!(refused, CatalogueError::NoRight(_)), "{refused}");

    // An auditor finds the same in every copy, and the copies genuine.
    let mut reports = Vec::new();
    for node in [&a, &b, &c] {
        let path = network.dir.path().join("copy.cgva");
        archive::export(node.ledger(), true, std::fs::File::create(&path).unwrap(), &mut |_| {}).unwrap();
        reports.push(audit::audit_file(&path, &Anchors::none(), &mut |_| {}).unwrap());
    }
    assert!(reports.iter().all(audit::Report::is_genuine));
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]));
    let (ours, theirs) = (&reports[0].catalogue[0], &reports[0].catalogue[1]);
    assert_eq!((ours.live, ours.flagged.len(), theirs.live, theirs.flagged.len()), (3, 2, 0, 2));
    for (n, node) in [a, b, c].into_iter().enumerate() {
        node.shutdown().await;
        drop(node);
        let report = audit::audit_directory(&network.home(n), &Anchors::none(), &mut |_| {}).unwrap();
        assert!(report.is_genuine(), "{:?}", report.violations);
        assert_eq!(report.catalogue, reports[0].catalogue);
    }
}
