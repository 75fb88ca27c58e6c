//! A network of a registrar and some agencies, and a wire between replicas.
#![allow(dead_code)]

use congvan_core::*;
use congvan_sync::{Action, Config, Event, Instant, Ledger, MemoryLedger, Replica, ReplyId, Request, Response};

/// A registrar's and agencies' keys, and a ledger in which all are admitted.
pub(crate) struct Network {
    pub(crate) registrar: SecretKey,
    pub(crate) agencies: Vec<(ChainId, AgencySecret)>,
    pub(crate) ledger: MemoryLedger,
    pub(crate) genesis: Genesis,
}

pub(crate) fn network(agencies: usize) -> Network {
    let mut rng = rng::from_seed(7);
    let registrar = SecretKey::generate(&mut rng);
    let genesis = Genesis::new("Mạng thử", Time::from_millis(0), vec![registrar.public()], 1, [7; 16]).unwrap();
    let mut ledger = MemoryLedger::new(genesis.clone());
    let mut list = Vec::new();
    for number in 0..agencies {
        let keys = AgencySecret::generate(&mut rng);
        let code = AgencyCode::new(format!("H55.{number}")).unwrap();
        let chain = ChainId::of_agency(genesis.network_id(), &code);
        let admission = Admission {
            code,
            name: Text::new("Cơ quan").unwrap(),
            parent: None,
            keys: keys.public(),
            possession: keys.prove_possession(genesis.network_id(), chain),
            nodes: Bounded::new(vec![]).unwrap(),
            rights: Rights::NONE,
        };
        ledger.append_roster(RosterAction::Admit(admission), Time::from_millis(1), &[&registrar]).unwrap();
        list.push((chain, keys));
    }
    Network { registrar, agencies: list, ledger, genesis }
}

impl Network {
    /// Writes a note of one agency into a ledger.
    pub(crate) fn note(&self, ledger: &mut MemoryLedger, agency: usize, text: &[u8]) -> VerifiedEntry {
        let (chain, keys) = &self.agencies[agency];
        let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(2), payload: text.to_vec() };
        ledger.append(*chain, draft, keys).unwrap()
    }
}

/// The next entries of a chain, of which only the last has a good signature of its own.
pub(crate) fn hidden_under_a_good_one(
    ledger: &MemoryLedger,
    chain: ChainId,
    keys: &AgencySecret,
    count: u64,
) -> Vec<UnverifiedEntry> {
    let head = ledger.head(chain).head;
    let mut prev = head.map_or(Header::NO_PREVIOUS, |head| head.id);
    let first = head.map_or(1, |head| head.seq.get() + 1);
    let entry = |seq: u64| {
        let payload = seq.to_le_bytes();
        let header = Header {
            version: entry::VERSION,
            network: ledger.roster().network(),
            chain,
            seq: Seq::new(seq).unwrap(),
            prev,
            time: Time::from_millis(3),
            kind: Kind::NOTE,
            signer: keys.sign.public().id(),
            payload_digest: Header::digest(&payload),
            payload_len: payload.len() as u32,
        }
        .to_bytes();
        let mut signature = keys.sign.sign(&[domain::SIGN_ENTRY, &header].concat()).0;
        signature[0] ^= u8::from(seq + 1 < first + count);
        let entry = UnverifiedEntry::parse(&[&header[..], &signature, &payload].concat()).unwrap();
        prev = entry.id();
        entry
    };
    (first..first + count).map(entry).collect()
}

pub(crate) fn peer(number: u8) -> NodeKey {
    NodeKey::from_bytes([number; 32])
}

/// What went over the wire.
#[derive(Default, Debug)]
pub(crate) struct Traffic {
    pub(crate) requests: Vec<Request>,
    pub(crate) bytes: usize,
    pub(crate) other: Vec<Action>,
}

impl Traffic {
    pub(crate) fn comparisons(&self) -> usize {
        self.requests.iter().filter(|request| matches!(request, Request::Heads(_))).count()
    }
}

/// One replica with its ledger.
pub(crate) struct Side {
    pub(crate) replica: Replica,
    pub(crate) ledger: MemoryLedger,
    pub(crate) key: NodeKey,
}

impl Side {
    pub(crate) fn new(number: u8, config: Config, ledger: MemoryLedger) -> Self {
        Self { replica: Replica::new(config), ledger, key: peer(number) }
    }

    pub(crate) fn handle(&mut self, now: u64, event: Event) -> Vec<Action> {
        self.replica.handle(&mut self.ledger, Instant(now), event)
    }

    /// Takes an event and lets `teacher` answer all that comes of it, through bytes.
    pub(crate) fn learn(&mut self, teacher: &mut Side, now: u64, event: Event) -> Traffic {
        let mut traffic = Traffic::default();
        let mut actions: std::collections::VecDeque<_> = self.handle(now, event).into();
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Request { peer, id, request } if peer == teacher.key => {
                    let bytes = request.to_bytes();
                    traffic.bytes += bytes.len();
                    let request = Request::from_bytes(&bytes).unwrap();
                    traffic.requests.push(request.clone());
                    let event = Event::Request { peer: self.key, reply: ReplyId(0), request };
                    for answer in teacher.handle(now, event) {
                        let Action::Respond { response, .. } = answer else { continue };
                        let bytes = response.to_bytes();
                        traffic.bytes += bytes.len();
                        let response = Response::from_bytes(&bytes).unwrap();
                        actions.extend(self.handle(now, Event::Response { peer, id, response }));
                    }
                }
                other => traffic.other.push(other),
            }
        }
        traffic
    }

    /// Meets a peer that only answers.
    pub(crate) fn meet(&mut self, teacher: &mut Side, now: u64) -> Traffic {
        teacher.handle(now, Event::Connected(self.key));
        self.learn(teacher, now, Event::Connected(teacher.key))
    }
}
