//! A small genuine ledger in memory, in which anything can be planted.

use std::fs;
use std::path::PathBuf;

use congvan::audit::{Audited, Options, Report, audit};
use congvan::core::archive::{Frame, file_of};
use congvan::core::merkle::{self, Leaves};
use congvan::core::status::{StatusCover, StatusNote};
use congvan::core::*;

use crate::common::{Network, chain_of, secret};

/// A sender, an addressee, and a witness, with their chains in memory, so that anything can be planted.
pub(crate) struct Planted {
    pub(crate) network: Network,
    pub(crate) states: Vec<ChainState>,
    pub(crate) entries: Vec<Vec<UnverifiedEntry>>,
    pub(crate) extra: Vec<Frame>,
    pub(crate) time: u64,
    pub(crate) rng: rand_chacha::ChaCha20Rng,
}

impl Planted {
    /// A genuine ledger: notes, a document, its statuses, checkpoints, and a cosignature.
    pub(crate) fn new() -> Self {
        let network = Network::new(3);
        let witnesses = Sorted::from_unsorted(vec![chain_of(&network, 2)]).unwrap();
        let policy = roster::WitnessPolicy { witnesses, threshold: 1 };
        network.desk.change(RosterAction::Witnesses(policy)).unwrap();
        let states = (0..3).map(|n| ChainState::new(chain_of(&network, n))).collect();
        let mut planted = Self {
            network,
            states,
            entries: vec![Vec::new(); 3],
            extra: Vec::new(),
            time: 1_700_000_000_000,
            rng: rng::from_seed(7),
        };
        for n in 0..5 {
            planted.write(0, Kind::NOTE, vec![n; 40]);
        }
        let document = planted.document(&[1]);
        planted.status(1, &document, StatusCode::Arrived);
        planted.checkpoint(0);
        planted.cosign(0);
        planted.checkpoint(1);
        planted
    }

    pub(crate) fn id(&self) -> NetworkId {
        self.network.desk.roster().network()
    }

    pub(crate) fn write(&mut self, n: usize, kind: Kind, payload: Vec<u8>) -> UnverifiedEntry {
        self.time += 1000;
        let policy = self.network.desk.roster().policy(chain_of(&self.network, n)).unwrap();
        let draft = Draft { kind, time: Time::from_millis(self.time), payload };
        let id = self.id();
        let entry = self.states[n].append(id, &policy, draft, &secret(&self.network, n)).unwrap();
        let entry = UnverifiedEntry::parse(entry.bytes()).unwrap();
        self.entries[n].push(entry.clone());
        entry
    }

    pub(crate) fn document(&mut self, to: &[usize]) -> UnverifiedEntry {
        let addressees = to.iter().map(|n| self.network.codes[*n].clone()).collect();
        let cover = Cover { addressees: Sorted::from_unsorted(addressees).unwrap(), ..Cover::default() };
        let keys: Vec<_> = to.iter().map(|n| secret(&self.network, *n).public().seal).collect();
        let own = secret(&self.network, 0).public().seal;
        let key = seal::ContentKey::generate(&mut self.rng);
        let (id, chain) = (self.id(), chain_of(&self.network, 0));
        let payload = DocumentPayload::seal(id, chain, cover, &keys, own, Envelope::default(), &key, &mut self.rng);
        self.write(0, Kind::DOCUMENT, payload.unwrap().to_bytes())
    }

    pub(crate) fn status(&mut self, n: usize, document: &UnverifiedEntry, code: StatusCode) -> UnverifiedEntry {
        let cover =
            StatusCover { document: document.reference(), answers: None, code, to: self.network.codes[0].clone() };
        let (to, own) = (secret(&self.network, 0).public().seal, secret(&self.network, n).public().seal);
        let (id, chain) = (self.id(), chain_of(&self.network, n));
        let payload = StatusPayload::seal(id, chain, cover, to, own, StatusNote::default(), &mut self.rng);
        self.write(n, Kind::STATUS, payload.unwrap().to_bytes())
    }

    pub(crate) fn signed(&self, n: usize, ids: &[EntryId]) -> CheckpointPayload {
        let size = ids.len() as u64;
        let root = merkle::root(&Leaves(ids), size).unwrap();
        let checkpoint = Checkpoint { size: Seq::new(size).unwrap(), root };
        CheckpointPayload::sign(checkpoint, self.id(), &self.network.codes[n], &secret(&self.network, n).sign)
    }

    pub(crate) fn ids(&self, n: usize) -> Vec<EntryId> {
        self.entries[n].iter().map(UnverifiedEntry::id).collect()
    }

    pub(crate) fn checkpoint(&mut self, n: usize) -> UnverifiedEntry {
        let signed = self.signed(n, &self.ids(n));
        self.write(n, Kind::CHECKPOINT, signed.to_bytes())
    }

    /// The witness cosigns the last checkpoint of a chain.
    pub(crate) fn cosign(&mut self, n: usize) -> UnverifiedEntry {
        let last = self.entries[n].iter().rfind(|entry| entry.header().kind == Kind::CHECKPOINT).unwrap();
        let (at, signed) = (last.seq(), CheckpointPayload::from_bytes(last.payload().unwrap()).unwrap());
        self.cosign_this(n, at, signed)
    }

    pub(crate) fn cosign_this(&mut self, n: usize, at: Seq, signed: CheckpointPayload) -> UnverifiedEntry {
        let (code, key) = (self.network.codes[n].clone(), secret(&self.network, 2).sign);
        let seen = Cosignature::sign(self.id(), &code, at, signed, self.time / 1000, &key);
        self.witness(seen)
    }

    pub(crate) fn witness(&mut self, seen: Cosignature) -> UnverifiedEntry {
        let payload = WitnessPayload { seen: Bounded::new(vec![seen]).unwrap() };
        self.write(2, Kind::WITNESS, payload.to_bytes())
    }

    pub(crate) fn frames(&self) -> Vec<Frame> {
        let ledger = self.network.desk.ledger();
        let entry = |bytes: &[u8]| Frame::Entry(Bounded::new(bytes.to_vec()).unwrap());
        let mut frames = vec![Frame::Genesis(ledger.genesis())];
        let roster = ledger.entries(ledger.roster().chain(), Seq::FIRST);
        frames.extend(roster.map(|stored| entry(stored.unwrap().bytes())));
        // The witness first: what it saw comes before what it saw it of.
        for n in [2, 0, 1] {
            frames.extend(self.entries[n].iter().map(|stored| entry(stored.bytes())));
        }
        frames.extend(self.extra.iter().cloned());
        frames
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        let path = self.network.dir.path().join(name);
        fs::write(&path, file_of(&self.frames())).unwrap();
        path
    }

    pub(crate) fn audited(&self) -> Audited {
        audit(&self.file("copy.cgva"), &Options::default(), &mut |_| {}).unwrap()
    }

    pub(crate) fn report(&self) -> Report {
        self.audited().into_report()
    }

    /// A ledger directory with the same entries.
    pub(crate) fn directory(&self) -> PathBuf {
        let home = self.network.home(0);
        let ledger = self.network.ledger(0);
        congvan::archive::import(&ledger, file_of(&self.frames()).as_slice(), &mut |_| {}).unwrap();
        home
    }

    /// Another entry with the number of the last, signed all the same.
    pub(crate) fn rival(&self, n: usize, of: usize, payload: &[u8]) -> UnverifiedEntry {
        let old = &self.entries[n][of];
        let header = Header {
            payload_digest: Header::digest(payload),
            payload_len: payload.len() as u32,
            kind: Kind::NOTE,
            ..old.header().clone()
        };
        resigned(&header, payload, &secret(&self.network, n).sign)
    }
}

/// A header's entry, signed by whatever key.
pub(crate) fn resigned(header: &Header, payload: &[u8], key: &SecretKey) -> UnverifiedEntry {
    let head = header.to_bytes();
    let signature = key.sign(&[domain::SIGN_ENTRY, &head].concat());
    UnverifiedEntry::parse(&[&head[..], &signature.0, payload].concat()).unwrap()
}
