//! A small network for the store's tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use std::path::PathBuf;

use congvan_core::document::Envelope;
use congvan_core::rng::{CryptoRng, from_seed};
use congvan_core::*;
use congvan_store::*;

/// A registrar, its genesis, and agencies whose keys follow from their codes.
pub struct World {
    pub registrar: SecretKey,
    pub genesis: Genesis,
    pub network: NetworkId,
}

pub const OURS: &str = "000.00.00.H55";
pub const THEIRS: &str = "H55.01";

pub fn code(code: &str) -> AgencyCode {
    AgencyCode::new(code).unwrap()
}

/// An agency's secret number `n`.
pub fn secret(of: &str, n: u64) -> AgencySecret {
    let seed = of.bytes().fold(n, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    AgencySecret::generate(&mut from_seed(seed))
}

impl World {
    pub fn new() -> Self {
        let registrar = SecretKey::generate(&mut from_seed(99));
        let genesis = Genesis::new("Thái Nguyên", Time::from_millis(0), vec![registrar.public()], 1, [7; 16]).unwrap();
        Self { network: genesis.network_id(), registrar, genesis }
    }

    pub fn chain(&self, of: &str) -> ChainId {
        ChainId::of_agency(self.network, &code(of))
    }

    pub fn options(&self) -> Options {
        let mut options = Options::default();
        options.own = Some(self.chain(OURS));
        options.own_code = Some(code(OURS));
        options
    }

    pub fn admit(&self, of: &str) -> RosterAction {
        let (keys, chain) = (secret(of, 0), self.chain(of));
        RosterAction::Admit(Admission {
            code: code(of),
            name: Text::new(of).unwrap(),
            parent: None,
            keys: keys.public(),
            possession: keys.prove_possession(self.network, chain),
            nodes: Bounded::new(vec![]).unwrap(),
            rights: Rights::NONE,
        })
    }

    pub fn change(&self, ledger: &Ledger, action: RosterAction) {
        let change = ledger.roster().propose(action, Time::from_millis(1), &[&self.registrar]).unwrap();
        let done = ledger.ingest(ledger.roster().chain(), vec![again(change.entry().bytes())]).unwrap();
        assert!(done.roster_changed);
    }

    /// A ledger of `OURS` that knows both agencies.
    pub fn ledger(&self) -> Home {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(&dir.path().join("ledger"), &self.genesis, self.options()).unwrap();
        self.change(&ledger, self.admit(OURS));
        self.change(&ledger, self.admit(THEIRS));
        Home { dir, ledger: Some(ledger), options: self.options() }
    }

    /// Entries that an agency writes after `state`, by the ledger's policy.
    pub fn write(&self, ledger: &Ledger, state: &mut ChainState, of: &str, drafts: Vec<Draft>) -> Vec<UnverifiedEntry> {
        let policy = ledger.roster().policy(self.chain(of)).unwrap();
        let sign = |draft| again(state.append(self.network, &policy, draft, &secret(of, 0)).unwrap().bytes());
        drafts.into_iter().map(sign).collect()
    }

    pub fn document(&self, of: &str, to: &[&str], time: u64) -> Draft {
        self.linking(of, to, vec![], time)
    }

    /// A document that concerns earlier ones.
    pub fn linking(&self, of: &str, to: &[&str], links: Vec<Link>, time: u64) -> Draft {
        let to = Sorted::from_unsorted(to.iter().map(|to| code(to)).collect()).unwrap();
        let envelope = Envelope { subject: Text::new(of).unwrap(), ..Envelope::default() };
        let cover = Cover { addressees: to, links: Sorted::from_unsorted(links).unwrap(), ..Cover::default() };
        let payload = DocumentPayload::public(cover, envelope, &mut rng::from_seed(time)).unwrap().to_bytes();
        Draft { kind: Kind::DOCUMENT, time: Time::from_millis(time), payload }
    }

    pub fn status(&self, of: &str, document: EntryRef, to: &str) -> Draft {
        let (own, theirs) = (secret(of, 0).seal.public(), secret(to, 0).seal.public());
        let payload = StatusPayload::seal(
            self.network,
            self.chain(of),
            StatusCover { document, answers: None, code: StatusCode::Arrived, to: code(to) },
            theirs,
            own,
            Default::default(),
            &mut from_seed(3),
        )
        .unwrap();
        Draft { kind: Kind::STATUS, time: Time::from_millis(9), payload: payload.to_bytes() }
    }
}

/// A ledger in a directory of its own, which can be closed and opened again.
pub struct Home {
    pub dir: tempfile::TempDir,
    pub ledger: Option<Ledger>,
    pub options: Options,
}

impl Home {
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("ledger")
    }

    pub fn reopen(&mut self) {
        self.ledger = None;
        self.ledger = Some(Ledger::open(&self.path(), self.options.clone()).unwrap());
    }

    pub fn mark(&self) -> HighWater {
        HighWater::open(&self.dir.path().join("high-water")).unwrap()
    }
}

impl std::ops::Deref for Home {
    type Target = Ledger;
    fn deref(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }
}

pub fn again(bytes: &[u8]) -> UnverifiedEntry {
    UnverifiedEntry::parse(bytes).unwrap()
}

pub fn note(text: impl Into<Vec<u8>>) -> Draft {
    Draft { kind: Kind::NOTE, time: Time::from_millis(5), payload: text.into() }
}

pub fn notes(n: usize) -> Vec<Draft> {
    (0..n).map(|n| note(format!("note {n}"))).collect()
}

/// All bytes of a chain, in order.
pub fn contents(ledger: &Ledger, chain: ChainId) -> Vec<Vec<u8>> {
    ledger.entries(chain, Seq::FIRST).map(|entry| entry.unwrap().bytes().to_vec()).collect()
}

pub fn seq(number: u64) -> Seq {
    Seq::new(number).unwrap()
}

pub fn random(rng: &mut impl CryptoRng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}
