//! Who gets in.

use congvan_net::NetEvent;
use congvan_sync::RequestId;

use crate::node::*;

#[tokio::test]
async fn a_stranger_gets_nothing_until_it_is_admitted() {
    let (mut a, mut b) = pair().await;
    let mut stranger = Node::start(config(3).bootstrap(a.address.clone())).await;
    for id in 1..20 {
        stranger.net.ask(a.peer(), RequestId(id), request(id as u8)).await.unwrap();
        assert_eq!(stranger.outcome(id).await, None);
    }
    exchange(&mut b, &mut a, 20).await;
    assert_eq!(a.net.stats().await.connected, 1);
    assert!(a.passed.is_empty(), "{:?}", a.passed);

    a.admit(&[2, 3]).await;
    assert!(matches!(a.next("the stranger's connection").await, NetEvent::Connected(p) if p == stranger.peer()));
    stranger.connected(a.peer()).await;
    exchange(&mut stranger, &mut a, 21).await;
    assert!(stranger.passed.is_empty(), "it never seemed connected before: {:?}", stranger.passed);
}

#[tokio::test]
async fn who_is_no_longer_admitted_is_disconnected_and_stays_out() {
    let (mut a, mut b) = pair().await;
    a.admit(&[3]).await;
    a.disconnected(b.peer()).await;
    b.disconnected(a.peer()).await;
    // It keeps trying; a third node gets in meanwhile, and it does not.
    let mut c = Node::start(config(3).bootstrap(a.address.clone())).await;
    c.connected(a.peer()).await;
    a.connected(c.peer()).await;
    exchange(&mut c, &mut a, 1).await;
    assert_eq!(a.net.peers().await.iter().map(|p| p.peer).collect::<Vec<_>>(), [c.peer()]);
}

#[tokio::test]
async fn a_banned_peer_is_out_until_the_ban_ends() {
    let mut settings = config(1);
    settings.limits.ban = std::time::Duration::from_secs(2);
    let mut a = Node::start(settings).await;
    a.admit(&[2]).await;
    let mut b = Node::start(config(2).bootstrap(a.address.clone())).await;
    a.connected(b.peer()).await;
    let banned = std::time::Instant::now();
    a.net.ban(b.peer(), "for the test").await.unwrap();
    a.disconnected(b.peer()).await;
    b.disconnected(a.peer()).await;
    a.connected(b.peer()).await;
    b.connected(a.peer()).await;
    assert!(banned.elapsed() >= std::time::Duration::from_secs(2));
    exchange(&mut b, &mut a, 1).await;
}

#[tokio::test]
async fn bootstrap_peers_are_admitted_whatever_the_roster_says() {
    let mut a = Node::start(config(1)).await;
    a.admit(&[2]).await;
    let mut b = Node::start(config(2).bootstrap(a.address.clone())).await;
    b.connected(a.peer()).await;
    a.connected(b.peer()).await;
    b.admit(&[]).await;
    exchange(&mut a, &mut b, 1).await;
}
