//! What agencies do: write, attach, change their keys; and what two of them do wrong: say two things,
//! and hide a bad signature under good ones.

use congvan_core::chain::KeyRotation;
use congvan_core::entry::VERSION;
use congvan_core::{
    AgencySecret, Bounded, Cover, DocumentPayload, Draft, Envelope, Header, Kind, Seq, Sorted, Time, UnverifiedEntry,
    VerifiedEntry, Wire, domain, rng,
};
use congvan_sync::{Event, Ledger};
use rand::RngExt;

use crate::check::Violation;
use crate::ledger::Planted;
use crate::node::{Face, OwnKey, Role};
use crate::wire::{Item, Place};
use crate::world::{World, config};

impl World<'_> {
    pub(crate) fn write(&mut self) -> Result<(), Violation> {
        let number = self.rng.random_range(0..self.nodes.len());
        let burst = if self.rng.random_bool(0.1) { self.rng.random_range(2..30) } else { 1 };
        let unconfirmed = self.scenario.planted == Some(Planted::WriteUnconfirmed);
        let node = &self.nodes[number];
        if !node.up || !(node.may_write() || unconfirmed || node.faces.len() > 1) {
            return Ok(());
        }
        for face in 0..self.nodes[number].faces.len() {
            let mut written = Vec::new();
            for _ in 0..burst {
                let draft = self.draft(number, face);
                written.extend(self.append(number, face, draft)?);
            }
            if !written.is_empty() {
                self.tell(Place { node: number, face }, Event::Appended(written))?;
            }
        }
        Ok(())
    }

    pub(crate) fn append(
        &mut self,
        number: usize,
        face: usize,
        draft: Draft,
    ) -> Result<Option<VerifiedEntry>, Violation> {
        let node = &mut self.nodes[number];
        if self.scenario.planted == Some(Planted::LoseTail) {
            node.backup = node.faces[face].ledger.clone();
        }
        let Some(key) = node.key_due(face) else { return Ok(None) };
        let secret = node.keys[key].secret.clone();
        let Ok(entry) = node.faces[face].ledger.inner.append(node.chain, draft, &secret) else { return Ok(None) };
        self.report.entries += 1;
        self.report.entry_bytes += entry.bytes().len() as u64;
        if node.role == Role::Honest {
            let seq = entry.seq().get();
            let mark = &mut node.keys[key].mark;
            *mark = mark.map(|mark| mark.max(seq));
            if !self.is_void(number, entry.seq()) && self.acknowledged.insert((number, seq), entry.id()).is_some() {
                return Err(Violation::SignedTwice { node: number, seq });
            }
            let node = &mut self.nodes[number];
            if self.scenario.planted == Some(Planted::LoseTail) && self.report.entries.is_multiple_of(7) {
                node.faces[face].ledger = node.backup.clone();
                node.keys.iter_mut().for_each(|key| key.mark = None);
            }
        }
        Ok(Some(entry))
    }

    pub(crate) fn draft(&mut self, number: usize, face: usize) -> Draft {
        let time = self.clock(number);
        let size = self.rng.random_range(10..3000);
        let mut payload = vec![0; size];
        self.rng.fill(&mut payload[..]);
        if self.scenario.day.is_some() || !self.rng.random_bool(0.2) {
            return Draft { kind: Kind::NOTE, time, payload };
        }
        let mut attachment = vec![0; self.rng.random_range(1..200_000)];
        self.rng.fill(&mut attachment[..]);
        let blob = self.nodes[number].faces[face].ledger.inner.put_blob(&attachment);
        // What a fork's other face tells stays with it: attachments that few have are another story.
        let blobs: Vec<_> = if self.nodes[number].role == Role::Honest { blob.into_iter().collect() } else { vec![] };
        let to = self.rng.random_range(0..self.nodes.len());
        let cover = Cover {
            addressees: Sorted::from_unsorted(vec![self.nodes[to].code.clone()]).unwrap_or_default(),
            blobs: Bounded::new(blobs).unwrap_or_default(),
            ..Cover::default()
        };
        // The salt decides nothing here: a source of its own leaves each seed its history.
        match DocumentPayload::public(cover, Envelope::default(), &mut rng::from_seed(self.now)) {
            Ok(document) => Draft { kind: Kind::DOCUMENT, time, payload: document.to_bytes() },
            Err(e) => unreachable!("one addressee and one blob fit: {e}"),
        }
    }

    /// An agency names its next key itself.
    pub(crate) fn rotate(&mut self) -> Result<(), Violation> {
        let number = self.rng.random_range(0..self.nodes.len());
        let node = &self.nodes[number];
        if node.role != Role::Honest || !node.may_write() {
            return Ok(());
        }
        let secret = AgencySecret::generate(&mut self.rng);
        let network = node.faces[0].ledger.roster().network();
        let payload = KeyRotation::to(&secret, network, node.chain).to_bytes();
        let draft = Draft { kind: Kind::ROTATION, time: Time::from_millis(self.now), payload };
        let Some(entry) = self.append(number, 0, draft)? else { return Ok(()) };
        if self.scenario.planted != Some(Planted::LoseNewKey) {
            self.nodes[number].keys.push(OwnKey { secret, mark: Some(entry.seq().get()) });
        }
        self.report.rotations += 1;
        self.tell(Place { node: number, face: 0 }, Event::Appended(vec![entry]))
    }

    /// The smuggler hides entries with bad signatures under a good one, goes on as if nothing were,
    /// and may fall silent for good.
    pub(crate) fn smuggle(&mut self) -> Result<(), Violation> {
        let Some(number) = self.nodes.iter().position(|node| node.role == Role::Smuggler) else { return Ok(()) };
        let (chain, count) = (self.nodes[number].chain, self.rng.random_range(2..6));
        let node = &self.nodes[number];
        let ledger = &node.faces[0].ledger;
        if ledger.roster().agency(chain).is_none() {
            self.agenda.at(self.now + 5000, Item::Smuggle);
            return Ok(());
        }
        let (network, head) = (ledger.roster().network(), ledger.head(chain).head);
        let key = node.keys[0].secret.sign.clone();
        let mut prev = head.map_or(Header::NO_PREVIOUS, |head| head.id);
        let mut entries = Vec::new();
        let numbers = (head.map_or(1, |head| head.seq.get() + 1)..).filter_map(Seq::new);
        for (nth, seq) in numbers.take(count).enumerate() {
            let draft = self.draft(number, 0);
            let header = Header {
                version: VERSION,
                network,
                chain,
                seq,
                prev,
                time: draft.time,
                kind: draft.kind,
                signer: key.public().id(),
                payload_digest: Header::digest(&draft.payload),
                payload_len: draft.payload.len() as u32,
            }
            .to_bytes();
            let mut signature = key.sign(&[domain::SIGN_ENTRY, &header].concat()).0;
            signature[0] ^= u8::from(nth + 1 < count);
            match UnverifiedEntry::parse(&[header, signature.to_vec(), draft.payload].concat()) {
                Ok(entry) => entries.push(entry),
                Err(e) => unreachable!("a header, a signature and a payload are an entry: {e}"),
            }
            prev = entries.last().map_or(prev, UnverifiedEntry::id);
        }
        self.smuggled = entries.first().map(|first| (number, first.seq()));
        let stored = self.nodes[number].faces[0].ledger.ingest(chain, entries);
        stored.map_err(|e| Violation::Unverified { node: number, reason: e.to_string() })?;
        self.tell(Place { node: number, face: 0 }, Event::Changed(chain))?;
        let draft = self.draft(number, 0);
        let written = self.append(number, 0, draft)?;
        if self.rng.random_bool(0.5) {
            let silent = self.now + self.rng.random_range(500..20_000);
            self.agenda.at(silent, Item::Silence { node: number });
        }
        self.tell(Place { node: number, face: 0 }, Event::Appended(written.into_iter().collect()))
    }

    /// The equivocator tells one half of its peers one thing and the other half another.
    pub(crate) fn fork(&mut self) -> Result<(), Violation> {
        let Some(number) = self.nodes.iter().position(|node| node.role == Role::Equivocator) else { return Ok(()) };
        let chain = self.nodes[number].chain;
        let ledger = self.nodes[number].faces[0].ledger.clone();
        if ledger.roster().agency(chain).is_none() {
            self.agenda.at(self.now + 5000, Item::Fork);
            return Ok(());
        }
        // All connections are taken down and set up anew, each to its face.
        let links = std::mem::take(&mut self.links[number]);
        self.relink()?;
        self.links[number] = links;
        let config = config(&self.nodes[number]);
        self.nodes[number].faces.push(Face::new(config, ledger));
        self.forked = Some(number);
        for face in 0..2 {
            let mut written = Vec::new();
            for _ in 0..self.rng.random_range(1..8) {
                let draft = self.draft(number, face);
                written.extend(self.append(number, face, draft)?);
            }
            self.branches.extend(written.first().map(VerifiedEntry::id));
            self.tell(Place { node: number, face }, Event::Appended(written))?;
        }
        self.relink()
    }
}
