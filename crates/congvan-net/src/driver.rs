//! The task that owns the swarm.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::time::{Duration, Instant, SystemTime};

use congvan_core::codec::{Bounded, Wire};
use congvan_sync::{Announcement, AnnouncementId, Peer, ReplyId, Request, RequestId, Response, Verdict};
use futures::StreamExt;
use libp2p::gossipsub::{self, MessageAcceptance, MessageId};
use libp2p::request_response::{self as rr, OutboundFailure, OutboundRequestId, ResponseChannel};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, identify, ping};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::behaviour::{Behaviour, BehaviourEvent, Names};
use crate::book::{self, Book};
use crate::exchange::{MAX_CONTACTS, PeersRequest, PeersResponse};
use crate::handle::{Command, Order};
use crate::pending::Pending;
use crate::{Limits, NetEvent, PeerInfo, Stats, peer};

/// How often dials and time-outs are looked at.
const TICK: Duration = Duration::from_millis(250);
/// Dials begun per tick, so that a node that starts does not call a whole province at once.
const DIALS_PER_TICK: usize = 8;
/// A peer that does not say in this time which network it is of is disconnected.
const GREETING_TIMEOUT: Duration = Duration::from_secs(15);
/// gossipsub forgets an unvalidated message after five heartbeats of a second; a verdict later than that
/// forwards nothing.
const VERDICT_TIMEOUT: Duration = Duration::from_secs(5);
/// Malformed messages after which a peer is banned. Noise protects every byte: none is an accident.
const MAX_STRIKES: u32 = 3;
/// Events that may wait outside the full channel before the network is left unread.
const MAX_WAITING: usize = 64;

/// A connected peer.
struct Link {
    connections: HashMap<ConnectionId, Multiaddr>,
    opened: Instant,
    since: SystemTime,
    /// It showed that it is of our network; only then is anybody told of it.
    greeted: bool,
    strikes: u32,
}

impl Link {
    fn over_loopback(&self) -> bool {
        !self.connections.is_empty() && self.connections.values().all(book::is_loopback)
    }
}

/// One of our requests under way.
struct Ask {
    peer: Peer,
    id: RequestId,
    slot: Option<OwnedSemaphorePermit>,
}

/// The swarm and what is kept beside it.
pub(crate) struct Driver {
    swarm: Swarm<Behaviour>,
    names: Names,
    limits: Limits,
    orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<NetEvent>,
    /// Events without room in the channel. An outcome holds its request's slot until it is delivered.
    waiting: VecDeque<(NetEvent, Option<OwnedSemaphorePermit>)>,
    links: HashMap<Peer, Link>,
    book: Book,
    asks: HashMap<OutboundRequestId, Ask>,
    replies: Pending<ResponseChannel<Response>>,
    unvalidated: Pending<MessageId>,
    /// When and whom to ask next for other peers' addresses.
    exchange: (Instant, Option<Peer>),
    shed: (u64, u64),
}

impl Driver {
    pub(crate) fn new(
        swarm: Swarm<Behaviour>,
        names: Names,
        book: Book,
        limits: Limits,
        orders: mpsc::Receiver<Order>,
        events: mpsc::Sender<NetEvent>,
    ) -> Self {
        Self {
            replies: Pending::new(limits.replies, limits.replies_per_peer),
            unvalidated: Pending::new(limits.unvalidated, limits.unvalidated_per_peer),
            exchange: (Instant::now() + limits.exchange_interval, None),
            swarm,
            names,
            limits,
            orders,
            events,
            waiting: VecDeque::new(),
            links: HashMap::new(),
            book,
            asks: HashMap::new(),
            shed: (0, 0),
        }
    }

    /// Runs until it is shut down, forgotten by its handles, or nobody receives its events.
    pub(crate) async fn run(mut self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let events = self.events.clone();
        let done: Option<oneshot::Sender<()>> = loop {
            // Commands are always taken, else a thread that sends them and receives events would lock up.
            tokio::select! {
                order = self.orders.recv() => match order {
                    None => break None,
                    Some(Order::Shutdown(done)) => break Some(done),
                    Some(order) => self.obey(order),
                },
                room = events.reserve(), if !self.waiting.is_empty() => match room {
                    Ok(room) => if let Some((event, _slot)) = self.waiting.pop_front() { room.send(event) },
                    Err(_) => break None,
                },
                event = self.swarm.select_next_some(), if self.waiting.len() < MAX_WAITING => self.on_swarm(event),
                _ = ticks.tick() => {
                    if self.events.is_closed() {
                        break None;
                    }
                    self.on_tick(Instant::now());
                }
            }
        };
        drop(self.swarm);
        if let Some(done) = done {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
    }

    /// Delivers now or queues: for what must not be lost, and is bounded at its source.
    fn emit(&mut self, event: NetEvent, slot: Option<OwnedSemaphorePermit>) {
        if !self.waiting.is_empty() {
            return self.waiting.push_back((event, slot));
        }
        // A closed channel ends the task at the next tick.
        if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            self.waiting.push_back((event, slot));
        }
    }

    /// Whether an event may be added that could as well be shed.
    fn has_room(&self) -> bool {
        self.waiting.is_empty() && self.events.capacity() > 0
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Command(command, slot) => self.command(*command, slot),
            // Whoever asked and went away needs no answer.
            Order::Listeners(answer) => drop(answer.send(self.swarm.listeners().cloned().collect())),
            Order::Peers(answer) => drop(answer.send(self.peers())),
            Order::Stats(answer) => drop(answer.send(self.stats())),
            Order::Shutdown(_) => {}
        }
    }

    fn command(&mut self, command: Command, slot: Option<OwnedSemaphorePermit>) {
        let now = Instant::now();
        match command {
            Command::Ask { peer, id, request } => {
                if self.links.get(&peer).is_some_and(|link| link.greeted) {
                    let number = self.swarm.behaviour_mut().sync.send_request(&peer::to_libp2p(&peer), Ok(request));
                    self.asks.insert(number, Ask { peer, id, slot });
                } else {
                    self.emit(NetEvent::RequestFailed { peer, id }, slot);
                }
            }
            Command::Respond { reply, response } => {
                if let Some((_, channel)) = self.replies.remove(reply.0)
                    && self.swarm.behaviour_mut().sync.send_response(channel, response).is_err()
                {
                    tracing::debug!(reply = reply.0, "the response came too late");
                }
            }
            Command::Announce(announcement) => {
                let topic = self.names.topic.hash();
                if let Err(reason) = self.swarm.behaviour_mut().gossip.publish(topic, announcement.to_bytes()) {
                    tracing::debug!(%reason, "an announcement was not gossiped");
                }
            }
            Command::Validated { id, verdict } => {
                if let Some((peer, message)) = self.unvalidated.remove(id.0) {
                    self.judge(&peer::to_libp2p(&peer), &message, verdict);
                }
            }
            Command::Admit(peers) => {
                let new = self.swarm.behaviour_mut().gate.admit(peers);
                self.book.wake(&new);
                let refused: Vec<_> = self.links.keys().filter(|peer| !self.permits(peer, now)).copied().collect();
                for peer in refused {
                    tracing::info!(%peer, "disconnecting a peer that is no longer admitted");
                    self.disconnect(&peer);
                }
            }
            Command::Ban { peer, reason } => self.ban(peer, reason),
            Command::Learn { peer, addresses } => self.tell(peer, book::sift(addresses, true)),
        }
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Sync(event)) => self.on_sync(event),
            SwarmEvent::Behaviour(BehaviourEvent::Exchange(event)) => self.on_exchange(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip(event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.on_identify(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event { peer, connection, result: Err(reason) })) => {
                // libp2p reports a dead connection and leaves it open.
                tracing::debug!(%peer, %reason, "closing a connection that does not answer");
                self.swarm.close_connection(connection);
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let Some(peer) = peer::from_libp2p(&peer_id) else { return };
                let link = self.links.entry(peer).or_insert_with(|| Link {
                    connections: HashMap::new(),
                    opened: Instant::now(),
                    since: SystemTime::now(),
                    greeted: false,
                    strikes: 0,
                });
                link.connections.insert(connection_id, endpoint.get_remote_address().clone());
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, cause, .. } => {
                tracing::debug!(peer = %peer_id, ?cause, "a connection closed");
                self.on_closed(&peer_id, connection_id, num_established);
            }
            SwarmEvent::NewListenAddr { address, .. } => self.emit(NetEvent::Listening(address), None),
            SwarmEvent::ListenerClosed { addresses, reason: Err(reason), .. } => {
                tracing::error!(?addresses, %reason, "no longer listening");
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener failed to accept"),
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                tracing::debug!(peer = ?peer_id, %error, "a dial failed");
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(from = %send_back_addr, %error, "an incoming connection was not made");
            }
            _ => {}
        }
    }

    fn on_closed(&mut self, peer_id: &PeerId, connection: ConnectionId, left: u32) {
        let Some(peer) = peer::from_libp2p(peer_id) else { return };
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.connections.remove(&connection);
        if left > 0 {
            return;
        }
        let greeted = link.greeted;
        self.links.remove(&peer);
        self.replies.forget(&peer);
        if greeted {
            self.book.lost(&peer, Instant::now());
            self.emit(NetEvent::Disconnected(peer), None);
        }
    }

    fn on_identify(&mut self, event: identify::Event) {
        let identify::Event::Received { peer_id, info, .. } = event else { return };
        let Some(peer) = peer::from_libp2p(&peer_id) else { return };
        let Some(link) = self.links.get(&peer) else { return };
        if info.protocol_version != self.names.version {
            tracing::info!(%peer, theirs = %info.protocol_version, "disconnecting a peer of another network");
            return self.disconnect(&peer);
        }
        let addresses = book::sift(info.listen_addrs, link.over_loopback());
        self.tell(peer, addresses);
        self.greet(peer);
    }

    /// Takes a peer for one of ours, as its identification or its first message on a protocol that has
    /// the network in its name shows.
    fn greet(&mut self, peer: Peer) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        if !std::mem::replace(&mut link.greeted, true) {
            self.book.answered(&peer);
            self.emit(NetEvent::Connected(peer), None);
            self.ask_for_peers(&peer);
        }
    }

    fn on_sync(&mut self, event: rr::Event<io::Result<Request>, Response>) {
        match event {
            rr::Event::Message { peer: from, message: rr::Message::Request { request, channel, .. }, .. } => {
                let Some(peer) = peer::from_libp2p(&from) else { return };
                // The channel's end closes the stream of a request that could not be read.
                let request = match request {
                    Ok(request) => request,
                    Err(error) => return self.blame(&from, &error, "malformed requests"),
                };
                self.greet(peer);
                if self.replies.has_room(&peer) && self.has_room() {
                    let reply = ReplyId(self.replies.insert(peer, Instant::now(), channel));
                    self.emit(NetEvent::Request { peer, reply, request }, None);
                } else {
                    self.shed.0 += 1;
                    // If it is gone by now it needs no answer.
                    let _ = self.swarm.behaviour_mut().sync.send_response(channel, Response::Busy);
                }
            }
            rr::Event::Message { message: rr::Message::Response { request_id, response }, .. } => {
                if let Some(Ask { peer, id, slot }) = self.asks.remove(&request_id) {
                    self.emit(NetEvent::Response { peer, id, response }, slot);
                }
            }
            rr::Event::OutboundFailure { peer: to, request_id, error, .. } => {
                tracing::debug!(peer = %to, %error, "a request failed");
                if let Some(Ask { peer, id, slot }) = self.asks.remove(&request_id) {
                    self.emit(NetEvent::RequestFailed { peer, id }, slot);
                }
                if let OutboundFailure::Io(error) = error {
                    self.blame(&to, &error, "malformed responses");
                }
            }
            rr::Event::InboundFailure { .. } | rr::Event::ResponseSent { .. } => {}
        }
    }

    fn on_exchange(&mut self, event: rr::Event<io::Result<PeersRequest>, PeersResponse>) {
        let now = Instant::now();
        match event {
            rr::Event::Message { peer: from, message: rr::Message::Request { request, channel, .. }, .. } => {
                let Some(peer) = peer::from_libp2p(&from) else { return };
                let request = match request {
                    Ok(request) => request,
                    Err(error) => return self.blame(&from, &error, "malformed requests"),
                };
                let over_loopback = self.links.get(&peer).is_some_and(Link::over_loopback);
                let gate = &self.swarm.behaviour().gate;
                let contacts =
                    self.book.share(&peer, request.limit.into(), over_loopback, |peer| gate.permits(peer, now));
                let response = PeersResponse(Bounded::new(contacts).unwrap_or_default());
                // If it is gone by now it needs no answer.
                let _ = self.swarm.behaviour_mut().exchange.send_response(channel, response);
            }
            rr::Event::Message { peer: from, message: rr::Message::Response { response, .. }, .. } => {
                let Some(from) = peer::from_libp2p(&from) else { return };
                let over_loopback = self.links.get(&from).is_some_and(Link::over_loopback);
                let gate = &self.swarm.behaviour().gate;
                for contact in response.0.iter().filter(|contact| gate.permits(&contact.peer, now)) {
                    let addresses = book::sift(contact.addresses(), over_loopback);
                    self.book.hear(contact.peer, addresses, |peer| gate.permits(peer, now));
                }
            }
            rr::Event::OutboundFailure { peer, error: OutboundFailure::Io(error), .. } => {
                self.blame(&peer, &error, "malformed responses");
            }
            rr::Event::OutboundFailure { .. } | rr::Event::InboundFailure { .. } | rr::Event::ResponseSent { .. } => {}
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message { propagation_source, message_id, message } = event else { return };
        let Some(peer) = peer::from_libp2p(&propagation_source) else { return };
        let Ok(announcement) = Announcement::from_bytes(&message.data) else {
            self.judge(&propagation_source, &message_id, Verdict::Reject);
            return self.strike(&propagation_source, "malformed announcements");
        };
        self.greet(peer);
        if self.unvalidated.has_room(&peer) && self.has_room() {
            let id = AnnouncementId(self.unvalidated.insert(peer, Instant::now(), message_id));
            self.emit(NetEvent::Announced { peer, id, announcement }, None);
        } else {
            self.shed.1 += 1;
            self.judge(&propagation_source, &message_id, Verdict::Ignore);
        }
    }

    fn judge(&mut self, source: &PeerId, message: &MessageId, verdict: Verdict) {
        let acceptance = match verdict {
            Verdict::Accept => MessageAcceptance::Accept,
            Verdict::Ignore => MessageAcceptance::Ignore,
            Verdict::Reject => MessageAcceptance::Reject,
        };
        self.swarm.behaviour_mut().gossip.report_message_validation_result(message, source, acceptance);
    }

    /// Counts it against a peer if what could not be read was its fault and not the line's.
    fn blame(&mut self, peer: &PeerId, error: &io::Error, reason: &'static str) {
        tracing::debug!(%peer, %error, "a message could not be read");
        if error.kind() == io::ErrorKind::InvalidData {
            self.strike(peer, reason);
        }
    }

    fn strike(&mut self, peer: &PeerId, reason: &'static str) {
        let Some(peer) = peer::from_libp2p(peer) else { return };
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.strikes += 1;
        if link.strikes >= MAX_STRIKES {
            self.ban(peer, reason);
        }
    }

    fn ban(&mut self, peer: Peer, reason: &str) {
        tracing::warn!(%peer, reason, seconds = self.limits.ban.as_secs(), "banning a peer");
        let until = Instant::now() + self.limits.ban;
        self.swarm.behaviour_mut().gate.ban(peer, until);
        self.disconnect(&peer);
    }

    fn disconnect(&mut self, peer: &Peer) {
        // Not connected is as good.
        let _ = self.swarm.disconnect_peer_id(peer::to_libp2p(peer));
    }

    fn permits(&self, peer: &Peer, now: Instant) -> bool {
        self.swarm.behaviour().gate.permits(peer, now)
    }

    fn tell(&mut self, peer: Peer, addresses: Vec<Multiaddr>) {
        let now = Instant::now();
        let gate = &self.swarm.behaviour().gate;
        self.book.tell(peer, addresses, |peer| gate.permits(peer, now));
    }

    fn ask_for_peers(&mut self, peer: &Peer) {
        let request = PeersRequest { limit: MAX_CONTACTS as u16 };
        self.swarm.behaviour_mut().exchange.send_request(&peer::to_libp2p(peer), Ok(request));
    }

    fn on_tick(&mut self, now: Instant) {
        self.swarm.behaviour_mut().gate.expire(now);
        self.replies.expire(now, self.limits.request_timeout);
        self.unvalidated.expire(now, VERDICT_TIMEOUT);
        let silent = |link: &Link| !link.greeted && now.saturating_duration_since(link.opened) > GREETING_TIMEOUT;
        let silent: Vec<_> = self.links.iter().filter(|(_, link)| silent(link)).map(|(peer, _)| *peer).collect();
        for peer in silent {
            self.disconnect(&peer);
        }
        self.dial(now);
        if self.exchange.0 <= now {
            self.exchange.0 = now + self.limits.exchange_interval;
            let greeted = || self.links.iter().filter(|(_, link)| link.greeted).map(|(peer, _)| *peer);
            let turn = self.exchange.1;
            let next = greeted().filter(|peer| turn.is_none_or(|turn| *peer > turn)).min().or_else(|| greeted().min());
            self.exchange.1 = next;
            if let Some(peer) = next {
                self.ask_for_peers(&peer);
            }
        }
    }

    fn dial(&mut self, now: Instant) {
        let connected: HashSet<_> = self.links.keys().copied().collect();
        let gate = &self.swarm.behaviour().gate;
        let permits = |peer: &Peer| gate.permits(peer, now);
        let dials = self.book.due(now, &connected, self.limits.dial_target, DIALS_PER_TICK, permits);
        for (peer, addresses) in dials {
            let options = DialOpts::peer_id(peer::to_libp2p(&peer))
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .addresses(addresses)
                // The listening port as source would collide with the last connection's remains.
                .allocate_new_port()
                .build();
            if let Err(reason) = self.swarm.dial(options) {
                tracing::debug!(%peer, %reason, "not dialled");
            }
        }
    }

    fn peers(&self) -> Vec<PeerInfo> {
        let greeted = self.links.iter().filter(|(_, link)| link.greeted);
        let info = |(peer, link): (&Peer, &Link)| PeerInfo {
            peer: *peer,
            addresses: self.book.addresses(peer),
            since: link.since,
        };
        greeted.map(info).collect()
    }

    fn stats(&self) -> Stats {
        Stats {
            connected: self.links.values().filter(|link| link.greeted).count(),
            known: self.book.len(),
            asks: self.asks.len(),
            replies: self.replies.len(),
            unvalidated: self.unvalidated.len(),
            waiting: self.waiting.len(),
            shed_requests: self.shed.0,
            shed_announcements: self.shed.1,
        }
    }
}
