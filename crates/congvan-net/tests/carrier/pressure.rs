//! Nodes that are in a hurry.

use congvan_net::{Limits, NetError, NetEvent};
use congvan_sync::{RequestId, Response};

use crate::node::*;

fn narrow() -> Limits {
    let mut limits = Limits::default();
    (limits.events, limits.replies, limits.replies_per_peer, limits.unvalidated) = (8, 16, 6, 4);
    limits
}

#[tokio::test]
async fn a_node_whose_events_nobody_reads_answers_busy_and_keeps_its_bounds() {
    let mut settings = config(1);
    settings.limits = narrow();
    let mut a = Node::start(settings).await;
    a.admit(&[2, 3]).await;
    let hurried = |seed| {
        let mut settings = config(seed).bootstrap(a.address.clone());
        settings.limits.asks = 40;
        settings
    };
    let mut b = Node::start(hurried(2)).await;
    let mut c = Node::start(hurried(3)).await;
    b.connected(a.peer()).await;
    c.connected(a.peer()).await;

    // Both ask and announce without end; nobody reads a's events.
    let mut busy = [0; 2];
    let mut n = 0;
    while busy.iter().any(|busy| *busy < 500) {
        for (node, busy) in [&mut b, &mut c].into_iter().zip(&mut busy) {
            n += 1;
            match node.net.ask(peer(1), RequestId(n), request(1)).await {
                Ok(()) => {}
                Err(NetError::TooManyAsks) => match node.next("an outcome").await {
                    NetEvent::Response { response, .. } => {
                        assert_eq!(response, Response::Busy);
                        *busy += 1;
                    }
                    NetEvent::RequestFailed { .. } => panic!("a failed instead of answering"),
                    _ => {}
                },
                Err(other) => panic!("{other}"),
            }
            node.net.announce(announcement(n as u8)).await.unwrap();
        }
        let stats = a.net.stats().await;
        assert!(stats.replies <= 2 * 6 && stats.unvalidated <= 4 && stats.waiting <= 8, "{stats:?}");
    }
    let stats = a.net.stats().await;
    assert!(stats.shed_requests >= 1000, "{stats:?}");

    // What it kept is what it surfaces, and then it works as before.
    let mut replies = Vec::new();
    while let Ok(event) = a.events.try_recv() {
        if let NetEvent::Request { reply, .. } = event {
            replies.push(reply);
        }
    }
    assert!(!replies.is_empty() && replies.len() <= 8 + stats.waiting, "{replies:?}");
    for reply in replies {
        a.net.respond(reply, Response::NotFound).await.unwrap();
    }
    a.stats_until("all answered", |stats| stats.replies == 0).await;
    b.until("its answer", |e| matches!(e, NetEvent::Response { response: Response::NotFound, .. }).then_some(())).await;
}

#[tokio::test]
async fn outcomes_wait_for_a_slow_reader_and_none_is_lost() {
    let mut settings = config(2);
    (settings.limits.events, settings.limits.asks) = (2, 40);
    let mut a = Node::start(config(1)).await;
    a.admit(&[2]).await;
    let mut b = Node::start(settings.bootstrap(a.address.clone())).await;
    b.connected(a.peer()).await;
    for id in 0..40 {
        b.net.ask(a.peer(), RequestId(id), request(id as u8)).await.unwrap();
    }
    assert!(matches!(b.net.ask(a.peer(), RequestId(40), request(0)).await, Err(NetError::TooManyAsks)));
    // a answers as many as it takes at once and is busy for the rest; b reads none of it yet.
    let waiting = b.stats_until("outcomes that wait", |stats| stats.waiting > 0).await;
    assert!(waiting.waiting <= 40);
    let mut outcomes = std::collections::HashSet::new();
    while outcomes.len() < 40 {
        tokio::select! {
            Some(event) = a.events.recv() => if let NetEvent::Request { reply, .. } = event {
                a.net.respond(reply, Response::NotFound).await.unwrap();
            },
            event = b.next("an outcome") => if let NetEvent::Response { id, .. } = event {
                assert!(outcomes.insert(id), "{id:?} twice");
            },
        }
    }
    // And there is room again.
    b.stats_until("no more under way", |stats| stats.asks == 0 && stats.waiting == 0).await;
    exchange(&mut b, &mut a, 50).await;
}

#[tokio::test]
async fn a_response_after_the_asker_left_is_dropped_quietly() {
    let (mut a, b) = pair().await;
    b.net.ask(a.peer(), RequestId(1), request(1)).await.unwrap();
    let (from, reply, _) = a.requested().await;
    b.net.shutdown().await;
    a.disconnected(from).await;
    assert_eq!(a.net.stats().await.replies, 0);
    a.net.respond(reply, Response::NotFound).await.unwrap();
    assert_eq!(a.net.stats().await.connected, 0, "it still runs");
}
