//! Ledgers with documents in them, written by their agencies' own writers.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../../congvan/tests/common/mod.rs"]
mod network;

use congvan::core::keyfile::Keys;
use congvan::core::{
    AgencySecret, ChainId, Cover, DocumentPayload, Draft, Envelope, Kind, Sorted, Text, Time, Wire, rng,
};
use congvan::setup::{self, Home};
use congvan::store::{HighWater, Ledger};
use congvan::{Node, archive};
use congvan_search::{Found, Query, Search};

pub(crate) use network::{Network, eventually};

/// A moment in 2026, at noon in Việt Nam.
pub(crate) const NOON: u64 = 1_780_030_800_000;
pub(crate) const DAY: u64 = 24 * 3600 * 1000;

/// A document to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letter {
    /// Which agencies it is for.
    pub(crate) to: Vec<usize>,
    pub(crate) subject: String,
    pub(crate) summary: String,
    pub(crate) number: String,
    pub(crate) notation: String,
    pub(crate) time: u64,
    /// For everybody.
    pub(crate) public: bool,
}

impl Letter {
    pub(crate) fn to(to: usize, subject: &str) -> Self {
        Self { to: vec![to], subject: subject.to_owned(), time: NOON, ..Self::default() }
    }

    pub(crate) fn code(self, number: &str, notation: &str) -> Self {
        Self { number: number.to_owned(), notation: notation.to_owned(), ..self }
    }

    pub(crate) fn at(self, time: u64) -> Self {
        Self { time, ..self }
    }
}

pub(crate) fn secret(network: &Network, agency: usize) -> AgencySecret {
    let Keys::Agency { sign, seals } = setup::read_keys(&Home::new(network.home(agency)).agency_key(), None).unwrap()
    else {
        panic!("an agency's keys")
    };
    AgencySecret { sign, seal: seals[0].clone() }
}

pub(crate) fn chain(network: &Network, agency: usize) -> ChainId {
    ChainId::of_agency(network.desk.ledger().network(), &network.codes[agency])
}

fn payload(network: &Network, from: usize, letter: &Letter) -> DocumentPayload {
    let text = |text: &str| Text::new(text).unwrap();
    let envelope = Envelope {
        subject: Text::new(&*letter.subject).unwrap(),
        summary: Text::new(&*letter.summary).unwrap(),
        number: text(&letter.number),
        notation: text(&letter.notation),
        ..Envelope::default()
    };
    let mut to = letter.to.clone();
    to.sort_unstable();
    let addressees = Sorted::from_unsorted(to.iter().map(|agency| network.codes[*agency].clone()).collect()).unwrap();
    let cover = Cover { addressees, ..Cover::default() };
    let mut rng = rng::from_os().unwrap();
    if letter.public {
        return DocumentPayload::public(cover, envelope, &mut rng).unwrap();
    }
    let keys: Vec<_> = to.iter().map(|agency| secret(network, *agency).seal.public()).collect();
    let (net, own) = (network.desk.ledger().network(), secret(network, from).seal.public());
    let key = congvan::core::seal::ContentKey::generate(&mut rng);
    DocumentPayload::seal(net, chain(network, from), cover, &keys, own, envelope, &key, &mut rng).unwrap()
}

/// Writes into an agency's own ledger, while no node has it.
pub(crate) fn write(network: &Network, from: usize, letters: impl IntoIterator<Item = Letter>) {
    let ledger = network.ledger(from);
    let mark = HighWater::open(&Home::new(network.home(from)).high_water()).unwrap();
    let writer = ledger.writer(chain(network, from), secret(network, from), mark).unwrap();
    for letter in letters {
        let payload = payload(network, from, &letter).to_bytes();
        let draft = Draft { kind: Kind::DOCUMENT, time: Time::from_millis(letter.time), payload };
        writer.append_then(draft, Vec::new(), Box::new(|written| drop(written.unwrap())));
    }
    writer.close();
}

/// Carries everything from one ledger to another.
pub(crate) fn carry(from: &Ledger, to: &Ledger) {
    let mut file = Vec::new();
    archive::export(from, false, &mut file, &mut |_| {}).unwrap();
    archive::import(to, file.as_slice(), &mut |_| {}).unwrap();
}

/// An agency's node, without a network.
pub(crate) async fn start(network: &Network, agency: usize) -> Node {
    Node::builder(network.home(agency)).local_only().offline_start(true).start().await.unwrap()
}

/// Its index, once it has come as far as the ledger.
pub(crate) async fn searching(node: &Node) -> Search {
    let search = Search::open(node.clone()).await.unwrap();
    settled(&search).await;
    search
}

pub(crate) async fn settled(search: &Search) {
    eventually("the index has come as far as the ledger", async || search.progress().behind() == 0).await;
}

pub(crate) fn all() -> Query {
    Query { mailbox: congvan_search::Mailbox::All, ..Query::default() }
}

pub(crate) fn subjects(found: &Found) -> Vec<&str> {
    found.hits.iter().map(|hit| &*hit.subject).collect()
}
