//! Checkpoints and witnesses between real nodes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::Duration;

use common::{Network, chain_of, eventually, secret, witnessed, write};
use congvan::certificate::Anchors;
use congvan::core::{
    Bounded, Checkpoint, CheckpointPayload, Cosignature, Envelope, Kind, RosterAction, Seq, Sorted, UnverifiedEntry,
    Wire, WitnessPayload, WitnessPolicy,
};
use congvan::store::Ledger;
use congvan::witness::{SplitView, cover_of, root_at, split_views};
use congvan::{Node, Outgoing, archive, audit};

/// Faster than in service: a test does not wait for minutes.
const EVERY: Duration = Duration::from_millis(50);

async fn start(network: &Network, n: usize, peers: &[String]) -> Node {
    network.start_with(n, peers, |builder| builder.checkpoints(EVERY)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_witnessed_by_as_many_as_the_roster_asks_for_and_everybody_sees_the_same() {
    let network = witnessed(3, 2);
    let a = start(&network, 0, &[]).await;
    let b = start(&network, 1, &a.listen_addresses().await).await;
    let c = start(&network, 2, &a.listen_addresses().await).await;
    let sent = a
        .send(Outgoing { to: vec![network.codes[1].clone()], envelope: Envelope::default(), ..Outgoing::default() })
        .await
        .unwrap();
    for node in [&a, &b, &c] {
        eventually("the document is witnessed", async || {
            node.cover(sent.entry).unwrap().is_some_and(|cover| cover.witnessed)
        })
        .await;
    }
    let cover = b.document(&sent.entry.id.to_string()).unwrap().proof.cover.unwrap();
    assert_eq!((cover.needed, cover.witnesses.len(), cover.witnessed), (2, 2, true));
    let mut by: Vec<_> = cover.witnesses.iter().map(|witness| witness.agency.as_str()).collect();
    by.sort();
    assert_eq!(by, [network.codes[1].as_str(), network.codes[2].as_str()]);
    assert!(cover.size >= sent.entry.seq.get() && cover.checkpoint > cover.size);

    // Checkpoints of checkpoints would never end: once all is covered, nobody writes any more.
    let quiet = async || {
        let heads = |node: &Node| {
            node.ledger().chains().into_iter().map(|chain| node.ledger().status(chain).head).collect::<Vec<_>>()
        };
        let before = heads(&a);
        tokio::time::sleep(4 * EVERY).await;
        before == heads(&a) && [&b, &c].iter().all(|node| heads(node) == before)
    };
    eventually("everybody is quiet", quiet).await;

    // A copy shows the same to whoever reads it without any node, and is genuine.
    let path = network.dir.path().join("copy.cgva");
    archive::export(c.ledger(), true, std::fs::File::create(&path).unwrap(), &mut |_| {}).unwrap();
    assert!(audit::audit_file(&path, &Anchors::none(), &mut |_| {}).unwrap().is_genuine());
    for node in [&a, &b, &c] {
        for chain in node.ledger().chains() {
            assert_eq!(split_views(node.ledger(), chain, Seq::FIRST).unwrap(), []);
        }
    }
    for node in [a, b, c] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_enough_witnesses_a_document_is_covered_and_not_witnessed() {
    let network = witnessed(3, 2);
    let a = start(&network, 0, &[]).await;
    let b = start(&network, 1, &a.listen_addresses().await).await;
    let to = vec![network.codes[1].clone()];
    let sent = a.send(Outgoing { to, envelope: Envelope::default(), ..Outgoing::default() }).await.unwrap();
    eventually("one witness has signed", async || {
        cover_of(a.ledger(), a.chain(), sent.entry.seq).unwrap().is_some_and(|cover| cover.seen.len() == 1)
    })
    .await;
    assert!(!a.cover(sent.entry).unwrap().unwrap().witnessed);
    // A registrar's word on whom to ask decides, also about what was signed before.
    let chain = network.desk.roster().by_code(&network.codes[1]).unwrap().chain;
    let witnesses = Sorted::from_unsorted(vec![chain]).unwrap();
    network.desk.change(RosterAction::Witnesses(WitnessPolicy { witnesses, threshold: 1 })).unwrap();
    network.share_roster(a.ledger());
    assert!(a.cover(sent.entry).unwrap().unwrap().witnessed);
    // Vendors' software is not told of them.
    let kinds: Vec<_> = a.ledger().feed(0, 1_000).unwrap().into_iter().map(|item| item.kind).collect();
    assert!(kinds.contains(&Kind::DOCUMENT) && !kinds.contains(&Kind::CHECKPOINT));
    a.shutdown().await;
    b.shutdown().await;
}

#[test]
fn what_a_witness_saw_otherwise_convicts_the_agency_that_signed_it_and_nobody_else() {
    let network = witnessed(2, 1);
    let (here, there) = (network.ledger(0), network.ledger(1));
    let (chain, witness) = (chain_of(&network, 0), chain_of(&network, 1));
    // The agency shows one history here, and another where the witness looks.
    write(&network, &here, 0, Kind::NOTE, b"one".to_vec());
    write(&network, &there, 0, Kind::NOTE, b"another".to_vec());
    let cosigned = |ledger: &Ledger, by: usize| {
        let (size, root) = (Seq::FIRST, root_at(ledger, chain, Seq::FIRST).unwrap().unwrap());
        let key = secret(&network, by).sign;
        let signed = CheckpointPayload::sign(Checkpoint { size, root }, here.network(), &network.codes[0], &key);
        let at = Seq::new(2).unwrap();
        Cosignature::sign(here.network(), &network.codes[0], at, signed, 7, &secret(&network, 1).sign)
    };
    let says = |cosignature: Cosignature| {
        let payload = WitnessPayload { seen: Bounded::new(vec![cosignature]).unwrap() };
        write(&network, &there, 1, Kind::WITNESS, payload.to_bytes());
        let entries =
            there.entries(witness, here.status(witness).head.map_or(Seq::FIRST, |head| head.seq.next().unwrap()));
        let entries = entries.map(|entry| UnverifiedEntry::parse(entry.unwrap().bytes()).unwrap()).collect();
        here.ingest(witness, entries).unwrap();
        split_views(&here, chain, Seq::FIRST).unwrap()
    };
    assert_eq!(says(cosigned(&here, 0)), [], "it saw what is here");
    assert_eq!(says(cosigned(&there, 1)), [], "what the agency did not sign is the witness' own word");
    let other = cosigned(&there, 0);
    let expected = SplitView { size: Seq::FIRST, witness: network.codes[1].to_string(), seen: other };
    assert_eq!(says(other), [expected]);
}
