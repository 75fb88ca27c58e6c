//! Nodes that mean well.

use congvan_net::{Command, NetError, NetEvent, start};
use congvan_sync::{RequestId, Response, Verdict};

use crate::node::*;

#[tokio::test]
async fn two_nodes_ask_and_answer_each_other() {
    let (mut a, mut b) = pair().await;
    exchange(&mut a, &mut b, 1).await;
    exchange(&mut b, &mut a, 2).await;
    let peers = a.net.peers().await;
    assert_eq!(peers.iter().map(|p| p.peer).collect::<Vec<_>>(), [b.peer()]);
    assert_eq!(a.net.listeners().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_thread_drives_a_node() {
    let (mut a, mut b) = pair().await;
    let thread = std::thread::spawn(move || {
        b.net.blocking_send(Command::Ask { peer: peer(1), id: RequestId(7), request: request(7) }).unwrap();
        assert_eq!(b.net.blocking_peers().len(), 1);
        assert_eq!(b.net.blocking_listeners().len(), 1);
        let response = loop {
            if let NetEvent::Response { id: RequestId(7), response, .. } = b.events.blocking_recv().unwrap() {
                break response;
            }
        };
        b.net.blocking_shutdown();
        response
    });
    let (_, reply, _) = a.requested().await;
    a.net.respond(reply, Response::Busy).await.unwrap();
    a.disconnected(peer(2)).await;
    assert_eq!(thread.join().unwrap(), Response::Busy);
}

#[tokio::test]
async fn asking_a_peer_that_is_not_connected_fails_at_once() {
    let mut a = Node::start(config(1)).await;
    a.admit(&[2]).await;
    a.net.ask(peer(2), RequestId(1), request(1)).await.unwrap();
    assert_eq!(a.outcome(1).await, None);
}

#[tokio::test]
async fn an_announcement_reaches_the_third_node_only_after_the_verdict_of_the_one_between() {
    // A line: a and c know b only, and b does not tell them of each other, for neither admits the other.
    let mut b = Node::start(config(2)).await;
    b.admit(&[1, 3]).await;
    let mut a = Node::start(config(1).bootstrap(b.address.clone())).await;
    let mut c = Node::start(config(3).bootstrap(b.address.clone())).await;
    a.connected(b.peer()).await;
    c.connected(b.peer()).await;

    // Gossip finds its way some heartbeats after the connection: b says things until c hears one.
    let mut marker = 100;
    while !c.passed.iter().any(|e| matches!(e, NetEvent::Announced { .. })) {
        b.net.announce(announcement(marker)).await.unwrap();
        marker += 1;
        if let Ok(Some(event)) = tokio::time::timeout(std::time::Duration::from_millis(100), c.events.recv()).await {
            c.passed.push(event);
        }
    }
    // Likewise a, whose announcement b hears and keeps to itself at first.
    let mut said = 1;
    let (id, heard) = bounded("b hears a", async {
        loop {
            a.net.announce(announcement(said)).await.unwrap();
            said += 1;
            let wait = tokio::time::timeout(std::time::Duration::from_millis(100), b.events.recv());
            if let Ok(Some(NetEvent::Announced { peer, id, announcement })) = wait.await {
                assert_eq!(peer, a.peer());
                return (id, announcement);
            }
        }
    })
    .await;
    // What b says now travels to c in the one stream in which the forwarded message would have preceded it.
    b.net.announce(announcement(99)).await.unwrap();
    c.until("the marker", |e| match e {
        NetEvent::Announced { announcement: a, .. } if *a == announcement(99) => Some(()),
        NetEvent::Announced { announcement: a, .. } => {
            assert_ne!(*a, heard, "forwarded without a verdict");
            None
        }
        _ => None,
    })
    .await;
    b.net.validated(id, Verdict::Accept).await.unwrap();
    c.until("the forwarded one", |e| match e {
        NetEvent::Announced { peer, announcement, .. } if *announcement == heard => {
            assert_eq!(*peer, b.peer());
            Some(())
        }
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn announcing_to_nobody_is_no_fault() {
    let a = Node::start(config(1)).await;
    a.net.announce(announcement(1)).await.unwrap();
    assert_eq!(a.net.stats().await.connected, 0, "it still runs");
}

#[tokio::test]
async fn a_node_that_comes_back_is_connected_again_by_whoever_lost_it() {
    let (mut a, b) = pair().await;
    // b dialled a; a knows b's address only from b's own word.
    let address = b.net.listeners().await.remove(0);
    let b_peer = b.peer();
    b.net.shutdown().await;
    a.disconnected(b_peer).await;

    let mut again = config(2);
    again.listen = vec![address];
    let mut b = Node::start(again).await;
    b.admit(&[1]).await;
    a.connected(b_peer).await;
    b.connected(a.peer()).await;
    exchange(&mut a, &mut b, 1).await;
}

#[tokio::test]
async fn a_node_finds_its_bootstrap_peer_when_that_comes_up_later() {
    let a = Node::start(config(1)).await;
    let address = a.address.clone();
    let listen = a.net.listeners().await;
    a.net.shutdown().await;
    let mut b = Node::start(config(2).bootstrap(address)).await;
    // The first dials fail.
    b.net.ask(peer(1), RequestId(1), request(1)).await.unwrap();
    assert_eq!(b.outcome(1).await, None);
    let mut again = config(1);
    again.listen = listen;
    let mut a = Node::start(again).await;
    a.admit(&[2]).await;
    b.connected(a.peer()).await;
    exchange(&mut b, &mut a, 2).await;
}

#[tokio::test]
async fn nodes_that_know_only_a_third_find_each_other_and_go_on_without_it() {
    let a = Node::start(config(1)).await;
    a.admit(&[2, 3]).await;
    let mut b = Node::start(config(2).bootstrap(a.address.clone())).await;
    b.admit(&[1, 3]).await;
    let mut c = Node::start(config(3).bootstrap(a.address.clone())).await;
    c.admit(&[1, 2]).await;
    b.connected(c.peer()).await;
    c.connected(b.peer()).await;
    a.net.shutdown().await;
    exchange(&mut b, &mut c, 1).await;
    exchange(&mut c, &mut b, 2).await;
}

#[tokio::test]
async fn a_learned_address_is_dialled() {
    let mut a = Node::start(config(1)).await;
    let mut b = Node::start(config(2)).await;
    a.admit(&[2]).await;
    b.admit(&[1]).await;
    b.net.learn(a.peer(), vec![a.address.clone()]).await.unwrap();
    b.connected(a.peer()).await;
    a.connected(b.peer()).await;
}

#[tokio::test]
async fn a_second_node_on_one_port_is_refused() {
    let a = Node::start(config(1)).await;
    let mut second = config(2);
    second.listen = a.net.listeners().await;
    assert!(matches!(start(second), Err(NetError::Listen { .. })));
}

#[tokio::test]
async fn a_bootstrap_address_names_its_peer() {
    let nameless = config(2).bootstrap("/ip4/127.0.0.1/tcp/1".parse().unwrap());
    assert!(matches!(start(nameless), Err(NetError::Bootstrap(_))));
}

#[test]
fn without_a_runtime_it_says_so() {
    assert!(matches!(start(config(1)), Err(NetError::NoRuntime)));
}

#[tokio::test]
async fn after_the_shutdown_every_call_says_closed_or_nothing() {
    let (a, mut b) = pair().await;
    let handle = a.net.clone();
    let a_peer = a.peer();
    a.net.shutdown().await;
    assert!(matches!(handle.announce(announcement(1)).await, Err(NetError::Closed)));
    assert!(handle.peers().await.is_empty());
    handle.shutdown().await;
    b.disconnected(a_peer).await;
}
