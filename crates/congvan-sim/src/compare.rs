//! What it costs two replicas to become the same, by how many chains there are and in how many they differ.

use std::time::Instant as Clock;

use congvan_core::{
    Admission, AgencyCode, AgencySecret, Bounded, ChainId, Draft, Genesis, Kind, NodeKey, Rights, RosterAction,
    SecretKey, Sorted, Text, Time, Wire, rng,
};
use congvan_sync::{
    Action, Config, Event, IngestError, Instant, Ledger, MemoryLedger, Replica, ReplyId, RequestId, Response,
};

/// Payload bytes of an entry in which two replicas differ.
const PAYLOAD: usize = 512;

/// What came of two replicas' comparing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// Chains that both know, the roster's included.
    pub chains: usize,
    /// Chains of which one of the two holds one entry more.
    pub differing: usize,
    /// Ways there and back until both hold the same.
    pub rounds: u32,
    /// Requests of both.
    pub requests: u32,
    /// Bytes of all requests and responses, both ways, the missing entries included.
    pub bytes: usize,
    /// Bytes of the missing entries alone.
    pub missing: usize,
    /// Microseconds of computing, both together.
    pub micros: u128,
    /// Whether both hold the same at the end.
    pub same: bool,
}

struct Side {
    replica: Replica,
    ledger: MemoryLedger,
    key: NodeKey,
}

impl Side {
    fn new(number: u8, ledger: MemoryLedger) -> Self {
        let config = Config { serve_burst: u32::MAX, ..Config::default() };
        Self { replica: Replica::new(config), ledger, key: NodeKey::from_bytes([number; 32]) }
    }

    fn handle(&mut self, event: Event) -> Vec<Action> {
        self.replica.handle(&mut self.ledger, Instant(0), event)
    }
}

/// Lets two replicas of so many chains meet that differ in so many: of every other one, the first holds one entry more, of
/// the rest the second.
///
/// # Errors
/// [`IngestError`]: never, for all that is written is genuine.
pub fn compare(chains: usize, differing: usize) -> Result<Comparison, IngestError> {
    let mut rng = rng::from_seed(7);
    let registrar = SecretKey::generate(&mut rng);
    let name = Text::new("Mạng thử").unwrap_or_default();
    let registrars = Sorted::from_unsorted(vec![registrar.public()]).unwrap_or_default();
    let genesis = Genesis { name, created: Time::from_millis(0), registrars, threshold: 1, salt: [1; 16] };
    let mut ledger = MemoryLedger::new(genesis.clone());
    let mut agencies = Vec::new();
    for number in 1..chains {
        let Ok(code) = AgencyCode::new(format!("H55.{number}")) else { continue };
        let secret = AgencySecret::generate(&mut rng);
        let (network, chain) = (genesis.network_id(), ChainId::of_agency(genesis.network_id(), &code));
        let admission = Admission {
            code,
            name: Text::new("Cơ quan").unwrap_or_default(),
            parent: None,
            keys: secret.public(),
            possession: secret.prove_possession(network, chain),
            nodes: Bounded::default(),
            rights: Rights::NONE,
        };
        ledger.append_roster(RosterAction::Admit(admission), Time::from_millis(1), &[&registrar])?;
        agencies.push((chain, secret));
    }
    let mut sides = [Side::new(1, ledger.clone()), Side::new(2, ledger)];
    let mut missing = 0;
    for (nth, (chain, secret)) in agencies.iter().take(differing).enumerate() {
        let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(2), payload: vec![7; PAYLOAD] };
        missing += sides[nth % 2].ledger.append(*chain, draft, secret)?.bytes().len();
    }
    let mut comparison =
        Comparison { chains, differing, rounds: 0, requests: 0, bytes: 0, missing, micros: 0, same: false };
    meet(&mut sides, &mut comparison);
    comparison.same = sides[0].ledger.heads() == sides[1].ledger.heads();
    Ok(comparison)
}

/// Connects the two and carries their messages, all requests of a round at once, until there are none.
fn meet(sides: &mut [Side; 2], comparison: &mut Comparison) {
    let began = Clock::now();
    let keys = [sides[0].key, sides[1].key];
    let mut under_way: Vec<(usize, RequestId, Vec<u8>)> = Vec::new();
    let carry = |by: usize, actions: Vec<Action>, under_way: &mut Vec<_>| {
        for action in actions {
            if let Action::Request { id, request, .. } = action {
                under_way.push((by, id, request.to_bytes()));
            }
        }
    };
    for by in 0..2 {
        let actions = sides[by].handle(Event::Connected(keys[1 - by]));
        carry(by, actions, &mut under_way);
    }
    while !under_way.is_empty() {
        comparison.rounds += 1;
        for (by, id, bytes) in std::mem::take(&mut under_way) {
            comparison.requests += 1;
            comparison.bytes += bytes.len();
            let Ok(request) = Wire::from_bytes(&bytes) else { return };
            let event = Event::Request { peer: keys[by], reply: ReplyId(0), request };
            for answer in sides[1 - by].handle(event) {
                if let Action::Respond { response, .. } = answer {
                    let bytes = response.to_bytes();
                    comparison.bytes += bytes.len();
                    let Ok(response) = Response::from_bytes(&bytes) else { return };
                    let heard = sides[by].handle(Event::Response { peer: keys[1 - by], id, response });
                    carry(by, heard, &mut under_way);
                }
            }
        }
    }
    comparison.micros = began.elapsed().as_micros();
}
