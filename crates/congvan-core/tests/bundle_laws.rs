//! Proof bundles: what holds is proven, and everything that does not is refused by its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use congvan_core::bundle::{
    Branch, BundleError, Checker, Continued, Cover, CoverFault, EntryFault, Evidence, Frame, Named, ProvenEntry, Shown,
    Word,
};
use congvan_core::document::{Packaging, Packet};
use congvan_core::evidence::RawProof;
use congvan_core::merkle::{self, Leaves};
use congvan_core::naming::NamingError;
use congvan_core::roster::{Admission, Rights, RosterAction, WitnessPolicy};
use congvan_core::seal::ContentKey;
use congvan_core::status::{StatusCover, StatusNote};
use congvan_core::*;

const SENDER: usize = 0;
const READER: usize = 1;
const WITNESS: usize = 2;

/// A network in memory: a registrar and three agencies, the third of them the witness.
struct World {
    rng: rand_chacha::ChaCha20Rng,
    registrar: SecretKey,
    roster: Roster,
    changes: Vec<Vec<u8>>,
    codes: Vec<AgencyCode>,
    keys: Vec<AgencySecret>,
    states: Vec<ChainState>,
    chains: Vec<Vec<VerifiedEntry>>,
}

impl World {
    fn new() -> Self {
        let mut rng = rng::from_seed(7);
        let registrar = SecretKey::generate(&mut rng);
        let genesis = Genesis::new("Tỉnh", Time::from_millis(0), vec![registrar.public()], 1, [7; 16]).unwrap();
        let mut world = Self {
            roster: Roster::new(genesis),
            registrar,
            changes: Vec::new(),
            codes: Vec::new(),
            keys: Vec::new(),
            states: Vec::new(),
            chains: vec![Vec::new(); 3],
            rng,
        };
        for n in 0..3 {
            let code = AgencyCode::new(format!("000.00.0{n}.H55")).unwrap();
            let keys = AgencySecret::generate(&mut world.rng);
            let chain = ChainId::of_agency(world.network(), &code);
            world.change(RosterAction::Admit(Admission {
                code: code.clone(),
                name: Text::new(format!("Sở {n}")).unwrap(),
                parent: None,
                keys: keys.public(),
                possession: keys.prove_possession(world.network(), chain),
                nodes: Bounded::new(vec![]).unwrap(),
                rights: Rights::NONE,
            }));
            world.codes.push(code);
            world.keys.push(keys);
            world.states.push(ChainState::new(chain));
        }
        let witnesses = Sorted::from_unsorted(vec![world.chain(WITNESS)]).unwrap();
        world.change(RosterAction::Witnesses(WitnessPolicy { witnesses, threshold: 1 }));
        world
    }

    fn network(&self) -> NetworkId {
        self.roster.network()
    }

    fn chain(&self, n: usize) -> ChainId {
        ChainId::of_agency(self.network(), &self.codes[n])
    }

    fn change(&mut self, action: RosterAction) {
        let change = self.roster.propose(action, Time::from_millis(1), &[&self.registrar]).unwrap();
        self.roster.apply(&change).unwrap();
        self.changes.push(change.entry().bytes().to_vec());
    }

    fn write(&mut self, n: usize, kind: Kind, payload: Vec<u8>) -> VerifiedEntry {
        let policy = self.roster.policy(self.chain(n)).unwrap();
        let draft = Draft { kind, time: Time::from_millis(1_000_000), payload };
        let network = self.network();
        let entry = self.states[n].append(network, &policy, draft, &self.keys[n]).unwrap();
        self.chains[n].push(entry.clone());
        entry
    }

    fn rotate(&mut self, n: usize) -> VerifiedEntry {
        let new = AgencySecret::generate(&mut self.rng);
        let payload = chain::KeyRotation::to(&new, self.network(), self.chain(n)).to_bytes();
        let entry = self.write(n, Kind::ROTATION, payload);
        self.keys[n] = new;
        entry
    }

    /// A document to the reader, with one attachment. Returns its content key too.
    fn document(&mut self, attachment: &[u8]) -> (VerifiedEntry, [u8; 32]) {
        let cover = document::Cover {
            addressees: Sorted::new(vec![self.codes[READER].clone()]).unwrap(),
            ..document::Cover::default()
        };
        let listed = Attachment {
            name: Text::new("a.pdf").unwrap(),
            media_type: Text::default(),
            description: Text::default(),
            packaging: Packaging::Plain,
            len: attachment.len() as u64,
            digest: Attachment::digest([attachment]),
            blob: 0,
        };
        let envelope = Envelope {
            subject: Text::new("Mật").unwrap(),
            attachments: Bounded::new(vec![listed]).unwrap(),
            packet: None::<Packet>,
            ..Envelope::default()
        };
        let key = ContentKey::generate(&mut self.rng);
        let (to, own) = (self.keys[READER].public().seal, self.keys[SENDER].public().seal);
        let (network, chain) = (self.network(), self.chain(SENDER));
        let payload = DocumentPayload::seal(network, chain, cover, &[to], own, envelope, &key, &mut self.rng).unwrap();
        (self.write(SENDER, Kind::DOCUMENT, payload.to_bytes()), key.disclose())
    }

    fn status(&mut self, document: &VerifiedEntry) -> VerifiedEntry {
        let cover = StatusCover {
            document: document.reference(),
            answers: None,
            code: StatusCode::Arrived,
            to: self.codes[SENDER].clone(),
        };
        let (to, own) = (self.keys[SENDER].public().seal, self.keys[READER].public().seal);
        let (network, chain) = (self.network(), self.chain(READER));
        let note = StatusNote::default();
        let payload = StatusPayload::seal(network, chain, cover, to, own, note, &mut self.rng).unwrap();
        self.write(READER, Kind::STATUS, payload.to_bytes())
    }

    fn ids(&self, n: usize) -> Vec<EntryId> {
        self.chains[n].iter().map(VerifiedEntry::id).collect()
    }

    fn signed(&self, n: usize, ids: &[EntryId]) -> CheckpointPayload {
        let size = ids.len() as u64;
        let root = merkle::root(&Leaves(ids), size).unwrap();
        let checkpoint = Checkpoint { size: Seq::new(size).unwrap(), root };
        CheckpointPayload::sign(checkpoint, self.network(), &self.codes[n], &self.keys[n].sign)
    }

    /// What covers an entry: a checkpoint of all that its chain has now, cosigned at this time.
    fn cover(&self, entry: &VerifiedEntry, n: usize, seconds: u64) -> Cover {
        let ids = self.ids(n);
        let size = ids.len() as u64;
        let signed = self.signed(n, &ids);
        let at = Seq::new(size + 1).unwrap();
        let seen = Cosignature::sign(self.network(), &self.codes[n], at, signed, seconds, &self.keys[WITNESS].sign);
        let prove = |seq: Seq| merkle::inclusion_proof(&Leaves(&ids), seq.get() - 1, size).unwrap();
        let pins = self.roster.policy(self.chain(n)).unwrap();
        let pins = pins.pins.iter().filter(|pin| pin.seq.get() <= size).map(|pin| prove(pin.seq));
        Cover {
            at,
            signed,
            inclusion: prove(entry.seq()),
            continued: None,
            pins: Bounded::new(pins.collect()).unwrap(),
            witnesses: Bounded::new(vec![Word { witness: self.chain(WITNESS), seconds, signature: seen.signature }])
                .unwrap(),
        }
    }

    /// The frames before entries.
    fn frames(&self, rotations: &[&VerifiedEntry]) -> Vec<Frame> {
        let bytes = |entry: &[u8]| Bounded::new(entry.to_vec()).unwrap();
        let mut frames = vec![Frame::Genesis(self.roster.genesis().clone())];
        frames.extend(self.changes.iter().map(|entry| Frame::Roster(bytes(entry))));
        frames.extend(rotations.iter().map(|entry| Frame::Rotation(bytes(entry.bytes()))));
        frames
    }
}

fn proven(entry: &VerifiedEntry, content_key: Option<[u8; 32]>, cover: Option<Cover>) -> ProvenEntry {
    ProvenEntry { entry: Bounded::new(entry.bytes().to_vec()).unwrap(), content_key, cover }
}

fn check(network: NetworkId, frames: Vec<Frame>) -> Result<Evidence, BundleError> {
    let mut checker = Checker::new(network);
    frames.into_iter().try_for_each(|frame| checker.take(frame))?;
    checker.finish()
}

/// A world with a document, a status, and the frames that prove them.
fn told() -> (World, VerifiedEntry, Vec<Frame>) {
    let mut world = World::new();
    for n in 0..20 {
        world.write(SENDER, Kind::NOTE, vec![n]);
    }
    let (document, key) = world.document(b"bytes");
    let status = world.status(&document);
    let mut frames = world.frames(&[]);
    frames.push(Frame::Entry(proven(&document, Some(key), Some(world.cover(&document, SENDER, 2_000)))));
    frames.push(Frame::Entry(proven(&status, None, Some(world.cover(&status, READER, 3_000)))));
    frames.push(Frame::Attachment { number: 0, bytes: Bounded::new(b"by".to_vec()).unwrap() });
    frames.push(Frame::Attachment { number: 0, bytes: Bounded::new(b"tes".to_vec()).unwrap() });
    (world, document, frames)
}

#[test]
fn a_bundle_proves_what_it_shows() {
    let (world, document, frames) = told();
    let evidence = check(world.network(), frames).unwrap();
    assert_eq!(evidence.document.as_ref().unwrap().entry, document);
    assert_eq!(evidence.document.as_ref().unwrap().agency, world.codes[SENDER]);
    let shown = evidence.document.as_ref().unwrap();
    let cover = shown.cover.as_ref().unwrap();
    assert_eq!((cover.witnesses.len(), cover.needed, cover.existed_by()), (1, 1, Some(2_000)));
    assert!(matches!(&shown.shown, Shown::Document { envelope: Some(e), .. } if &*e.subject == "Mật"));
    assert_eq!(evidence.attachments, [0]);
    let life = evidence.life.unwrap();
    assert_eq!(life.recipients[0].handling, Some(StatusCode::Arrived));
    assert_eq!(evidence.said[0].cover.as_ref().unwrap().existed_by(), Some(3_000));
}

#[test]
fn withheld_parts_leave_the_rest_proven() {
    let (world, document, frames) = told();
    // Without payload, key or attachments.
    let mut fewer: Vec<Frame> = frames.into_iter().filter(|frame| !matches!(frame, Frame::Attachment { .. })).collect();
    let mut plain = Vec::new();
    for frame in &mut fewer {
        if let Frame::Entry(given) = frame
            && plain.is_empty()
        {
            given.entry = Bounded::new(document.signed_bytes().to_vec()).unwrap();
            given.content_key = None;
            plain.push(());
        }
    }
    let evidence = check(world.network(), fewer.clone()).unwrap();
    assert_eq!((&evidence.document.unwrap().shown, evidence.life, evidence.named), (&Shown::Withheld, None, None));
    assert_eq!(evidence.said.len(), 1);
    // An attachment can then not be held against anything.
    fewer.push(Frame::Attachment { number: 0, bytes: Bounded::default() });
    assert!(matches!(check(world.network(), fewer), Err(BundleError::Order(_))));
}

/// The frames of `told` without content and attachments, and that the document is to this agency.
fn naming(document: &VerifiedEntry, frames: Vec<Frame>, named: NamedTo) -> Vec<Frame> {
    let without = with(frames, |given| {
        given.entry = Bounded::new(document.signed_bytes().to_vec()).unwrap();
        given.content_key = None;
    });
    let mut frames: Vec<_> = without.into_iter().filter(|frame| !matches!(frame, Frame::Attachment { .. })).collect();
    frames.insert(frames.len() - 1, Frame::Named(named));
    frames
}

#[test]
fn one_addressee_is_proven_with_or_without_its_own_word() {
    let (world, document, frames) = told();
    let code = &world.codes[READER];
    let named = NamedTo::prove(document.payload().unwrap(), code).unwrap();
    let mut frames = naming(&document, frames, named);
    let found = |frames: &[Frame]| check(world.network(), frames.to_vec()).unwrap();
    let evidence = found(&frames);
    let expected = Some(Named { code: code.clone(), of: 1 });
    assert_eq!((&evidence.named, evidence.said.len(), evidence.life.is_none()), (&expected, 1, true));
    // It reported nothing: what its sender signed is enough.
    frames.pop();
    let evidence = found(&frames);
    assert_eq!((evidence.named, evidence.said.len()), (expected, 0));
    assert_eq!(evidence.document.unwrap().cover.unwrap().existed_by(), Some(2_000));
}

#[test]
fn what_names_an_addressee_is_refused_for_what_is_wrong_with_it() {
    let (mut world, document, frames) = told();
    let named = NamedTo::prove(document.payload().unwrap(), &world.codes[READER]).unwrap();
    let (other, _) = world.document(b"");
    let of_another = NamedTo::prove(other.payload().unwrap(), &world.codes[READER]).unwrap();
    let refused = |named: NamedTo| fault(&world, naming(&document, frames.clone(), named));
    assert_eq!(refused(of_another), EntryFault::Naming(NamingError::Digest));
    let to_witness = NamedTo { code: world.codes[WITNESS].clone(), ..named.clone() };
    assert!(matches!(refused(to_witness), EntryFault::Naming(NamingError::NotListed(_))));
    // Of a document that is shown it is useless, and who else got it would seem to be withheld.
    let shown = [&frames[..frames.len() - 3], &[Frame::Named(named.clone())]].concat();
    assert_eq!(fault(&world, shown), EntryFault::Naming(NamingError::Shown));
    // In its place, and once.
    let good = naming(&document, frames.clone(), named.clone());
    let (at, last) = (good.len() - 2, good.len() - 1);
    let moved = |from: usize, to: usize| {
        let mut frames = good.clone();
        frames.swap(from, to);
        check(world.network(), frames).unwrap_err()
    };
    assert!(matches!(moved(at, at - 1), BundleError::Order(_)), "before the document");
    assert!(matches!(moved(at, last), BundleError::Order(_)), "behind a status");
    let twice = [&good[..at], &[Frame::Named(named.clone()), Frame::Named(named)]].concat();
    assert!(matches!(check(world.network(), twice), Err(BundleError::Order(_))));
}

/// Changes the document's frame.
fn with(mut frames: Vec<Frame>, change: impl FnOnce(&mut ProvenEntry)) -> Vec<Frame> {
    let document = frames.iter_mut().find_map(|frame| match frame {
        Frame::Entry(given) => Some(given),
        _ => None,
    });
    change(document.unwrap());
    frames
}

fn fault(world: &World, frames: Vec<Frame>) -> EntryFault {
    match check(world.network(), frames) {
        Err(BundleError::Entry { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

fn cover_fault(world: &World, frames: Vec<Frame>, change: impl FnOnce(&mut Cover)) -> CoverFault {
    match fault(world, with(frames, |given| change(given.cover.as_mut().unwrap()))) {
        EntryFault::Cover(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_covers_an_entry_is_refused_for_what_is_wrong_with_it() {
    let (world, _, frames) = told();
    let refused = |change: fn(&mut Cover)| cover_fault(&world, frames.clone(), change);
    assert_eq!(refused(|cover| cover.at = cover.signed.checkpoint.size), CoverFault::Place);
    assert_eq!(refused(|cover| cover.signed.signature.0[0] ^= 1), CoverFault::Signature);
    assert!(matches!(refused(|cover| cover.inclusion = Default::default()), CoverFault::Inclusion(_)));
    let witness = world.codes[WITNESS].to_string();
    let blamed = CoverFault::Witness(witness);
    let edit = |cover: &mut Cover, change: fn(&mut Word)| {
        let mut words = cover.witnesses.to_vec();
        change(&mut words[0]);
        cover.witnesses = Bounded::new(words).unwrap();
    };
    let earlier = cover_fault(&world, frames.clone(), |cover| edit(cover, |word| word.seconds -= 1));
    assert_eq!(earlier, blamed);
    let others = world.chain(READER);
    let other = cover_fault(&world, frames.clone(), |cover| {
        let mut word = cover.witnesses[0];
        word.witness = others;
        cover.witnesses = Bounded::new(vec![word]).unwrap();
    });
    assert_eq!(other, CoverFault::Witness(world.codes[READER].to_string()));
    // The agency says less than it said: a checkpoint of its first entries does not cover this one.
    let short = world.signed(SENDER, &world.ids(SENDER)[..5]);
    let fault = cover_fault(&world, frames.clone(), |cover| cover.signed = short);
    assert!(matches!(fault, CoverFault::Inclusion(_)));
    // A witness twice is one; whom the roster does not name is none.
    let twice = with(frames.clone(), |given| {
        let cover = given.cover.as_mut().unwrap();
        cover.witnesses = Bounded::new(vec![cover.witnesses[0]; 2]).unwrap();
    });
    assert_eq!(check(world.network(), twice).unwrap().document.unwrap().cover.unwrap().witnesses.len(), 1);
    let none = with(frames, |given| given.cover.as_mut().unwrap().witnesses = Bounded::default());
    let cover = check(world.network(), none).unwrap().document.unwrap().cover.unwrap();
    assert_eq!((cover.is_witnessed(), cover.existed_by()), (false, None));
}

#[test]
fn an_entry_is_refused_for_what_is_wrong_with_it() {
    let (world, document, frames) = told();
    let edit = |at: usize| {
        with(frames.clone(), |given| {
            let mut bytes = given.entry.to_vec();
            bytes[at] ^= 1;
            given.entry = Bounded::new(bytes).unwrap();
        })
    };
    assert_eq!(fault(&world, edit(entry::HEADER_LEN)), EntryFault::Signature);
    let payload = check(world.network(), edit(document.bytes().len() - 1));
    assert_eq!(payload.unwrap_err(), BundleError::Malformed(EntryError::PayloadDigest));
    let key = with(frames.clone(), |given| given.content_key = Some([9; 32]));
    assert!(matches!(fault(&world, key), EntryFault::ContentKey(_)));
    // Another agency's key does not make it that agency's.
    let stranger = World::new();
    assert_eq!(stranger.network(), world.network(), "the same seed");
    let note = world.chains[SENDER][0].clone();
    let not = with(frames.clone(), |given| *given = proven(&note, None, None));
    assert!(matches!(fault(&world, not), EntryFault::NotAbout(_)));
    let unrelated = [frames.clone(), vec![Frame::Entry(proven(&document, None, None))]].concat();
    let unrelated: Vec<Frame> = unrelated.into_iter().filter(|f| !matches!(f, Frame::Attachment { .. })).collect();
    assert!(matches!(fault(&world, unrelated), EntryFault::NotAbout(_)));
}

#[test]
fn attachments_are_those_that_were_signed_or_nothing_holds() {
    let (world, _, frames) = told();
    let piece = |number, bytes: &[u8]| Frame::Attachment { number, bytes: Bounded::new(bytes.to_vec()).unwrap() };
    let entries: Vec<Frame> = frames.into_iter().filter(|frame| !matches!(frame, Frame::Attachment { .. })).collect();
    let given = |pieces: Vec<Frame>| check(world.network(), [entries.clone(), pieces].concat()).map(|e| e.attachments);
    assert_eq!(given(vec![]), Ok(vec![]));
    assert_eq!(given(vec![piece(0, b"bytes")]), Ok(vec![0]));
    for wrong in [vec![piece(0, b"byteS")], vec![piece(0, b"byte")], vec![piece(0, b"bytes!")]] {
        assert_eq!(given(wrong), Err(BundleError::Attachment(0)));
    }
    assert_eq!(given(vec![piece(1, b"bytes")]), Err(BundleError::Attachment(1)));
    assert_eq!(given(vec![piece(0, b"bytes"), piece(1, b"")]), Err(BundleError::Attachment(1)));
}

#[test]
fn frames_come_in_their_order_and_of_the_network_that_was_asked_for() {
    let (world, _, frames) = told();
    let other = NetworkId::from_bytes([3; 32]);
    assert!(matches!(check(other, frames.clone()), Err(BundleError::OtherNetwork { .. })));
    // A roster without its newest entries is one of an earlier day: `Claim::Later` says so.
    for drop in 0..world.changes.len() {
        let mut fewer = frames.clone();
        fewer.remove(drop);
        assert!(check(world.network(), fewer).is_err(), "without frame {drop}");
    }
    let mut swapped = frames;
    swapped.swap(1, 2);
    assert!(matches!(check(world.network(), swapped), Err(BundleError::Roster { seq: 2, .. })));
}

#[test]
fn keys_hold_in_their_span_alone() {
    let mut world = World::new();
    let (before, _) = world.document(b"");
    let rotation = world.rotate(SENDER);
    let witness = world.rotate(WITNESS);
    let (after, _) = world.document(b"");
    for document in [&before, &after] {
        let cover = world.cover(document, SENDER, 5);
        let frames = |rotations: &[&VerifiedEntry]| {
            [world.frames(rotations), vec![Frame::Entry(proven(document, None, Some(cover.clone())))]].concat()
        };
        let evidence = check(world.network(), frames(&[&rotation, &witness])).unwrap();
        assert_eq!(evidence.document.unwrap().cover.unwrap().existed_by(), Some(5));
        // Without the witness' rotation its new key is nobody's.
        let blamed = EntryFault::Cover(CoverFault::Witness(world.codes[WITNESS].to_string()));
        assert_eq!(fault(&world, frames(&[&rotation])), blamed);
    }
    let frames = [world.frames(&[&witness]), vec![Frame::Entry(proven(&after, None, None))]].concat();
    assert_eq!(fault(&world, frames), EntryFault::Signer);
    let twice = check(world.network(), world.frames(&[&rotation, &rotation]));
    assert!(matches!(twice, Err(BundleError::Rotation { .. })));
    // The registrar declares the old key void before the document: nothing behind stands.
    let (chain, last) = (world.chain(SENDER), None);
    world.change(RosterAction::Revoke { chain, last });
    let frames = [world.frames(&[]), vec![Frame::Entry(proven(&before, None, None))]].concat();
    assert_eq!(fault(&world, frames), EntryFault::Limit(0));
}

#[test]
fn of_a_forked_chain_only_the_branch_that_the_registrar_named_is_proven() {
    let (mut world, document, _) = told();
    // The sender signs another entry with the document's number.
    let mut other = World::new();
    for n in 0..20 {
        other.write(SENDER, Kind::NOTE, vec![n]);
    }
    let rival = other.write(SENDER, Kind::NOTE, b"rival".to_vec());
    let parse = |entry: &VerifiedEntry| UnverifiedEntry::parse(entry.bytes()).unwrap();
    let proof = EquivocationProof::new(&parse(&document), &parse(&rival)).unwrap();
    let fork = Frame::Fork(RawProof::from_bytes(&proof.to_bytes()).unwrap());
    let later = world.document(b"").0;
    let frames = |world: &World, entry: &VerifiedEntry, covered: bool| {
        let cover = covered.then(|| world.cover(entry, SENDER, 9));
        [world.frames(&[]), vec![fork.clone(), Frame::Entry(proven(entry, None, cover))]].concat()
    };
    assert_eq!(fault(&world, frames(&world, &document, true)), EntryFault::Quarantined(document.seq()));
    assert_eq!(fault(&world, frames(&world, &later, true)), EntryFault::Quarantined(document.seq()));

    let stands = document.point();
    let chain = world.chain(SENDER);
    world.change(RosterAction::Resolve { chain, stands });
    let good = check(world.network(), frames(&world, &later, true)).unwrap();
    assert_eq!(good.document.unwrap().branch, Branch::Stands);
    let open = check(world.network(), frames(&world, &later, false)).unwrap();
    assert_eq!(open.document.unwrap().branch, Branch::Open(stands.seq), "nothing ties it to the entry that was named");
    assert_eq!(
        check(world.network(), frames(&world, &document, false)).unwrap().document.unwrap().branch,
        Branch::Stands
    );

    // The other branch, though its agency and a witness signed it.
    other.changes = world.changes.clone();
    other.roster = world.roster.clone();
    other.chains[SENDER].push(rival.clone());
    other.chains[SENDER].pop();
    let mut frames = frames(&world, &document, true);
    frames.pop();
    let cover = {
        let mut cover = other_cover(&other, &rival);
        cover.pins = Bounded::new(vec![cover.inclusion.clone()]).unwrap();
        cover
    };
    let on_rival = |entry, cover| [frames.clone(), vec![Frame::Entry(proven(entry, None, cover))]].concat();
    assert_eq!(fault(&world, on_rival(&rival, Some(cover.clone()))), EntryFault::Pinned);
    let first = other.chains[SENDER][0].clone();
    let first_cover = Cover {
        inclusion: merkle::inclusion_proof(&Leaves(&other.ids(SENDER)), 0, other.chains[SENDER].len() as u64).unwrap(),
        ..cover
    };
    let pin = EntryFault::Cover(CoverFault::Pin(stands.seq));
    assert_eq!(fault(&world, on_rival(&first, Some(first_cover))), pin, "a witnessed history that does not stand");
}

fn other_cover(world: &World, entry: &VerifiedEntry) -> Cover {
    let ids = world.ids(SENDER);
    let size = ids.len() as u64;
    let signed = world.signed(SENDER, &ids);
    let at = Seq::new(size + 1).unwrap();
    let key = &world.keys[WITNESS].sign;
    let seen = Cosignature::sign(world.network(), &world.codes[SENDER], at, signed, 9, key);
    let word = Word { witness: world.chain(WITNESS), seconds: 9, signature: seen.signature };
    Cover {
        at,
        signed,
        inclusion: merkle::inclusion_proof(&Leaves(&ids), entry.seq().get() - 1, size).unwrap(),
        continued: None,
        pins: Bounded::default(),
        witnesses: Bounded::new(vec![word]).unwrap(),
    }
}

#[test]
fn a_later_checkpoint_leads_to_what_the_registrar_named_later() {
    let (mut world, document, _) = told();
    let early = world.cover(&document, SENDER, 9);
    for n in 0..40 {
        world.write(SENDER, Kind::NOTE, vec![n]);
    }
    let named = world.chains[SENDER][45].point();
    let chain = world.chain(SENDER);
    world.change(RosterAction::Rights { chain, after: Some(named), rights: Rights::PUBLISH });
    let frames = |cover: Cover| [world.frames(&[]), vec![Frame::Entry(proven(&document, None, Some(cover)))]].concat();
    let open = check(world.network(), frames(early.clone())).unwrap().document.unwrap();
    assert_eq!(open.branch, Branch::Open(named.seq));
    let ids = world.ids(SENDER);
    let (before, after) = (early.signed.checkpoint.size.get(), ids.len() as u64);
    let continued = Continued {
        at: Seq::new(after + 1).unwrap(),
        signed: world.signed(SENDER, &ids),
        consistency: merkle::consistency_proof(&Leaves(&ids), before, after).unwrap(),
    };
    let pin = merkle::inclusion_proof(&Leaves(&ids), named.seq.get() - 1, after).unwrap();
    let cover = Cover { continued: Some(continued.clone()), pins: Bounded::new(vec![pin]).unwrap(), ..early };
    let stands = check(world.network(), frames(cover.clone())).unwrap().document.unwrap();
    assert_eq!((stands.branch, stands.cover.unwrap().existed_by()), (Branch::Stands, Some(9)));
    let without = Cover { pins: Bounded::default(), ..cover.clone() };
    assert_eq!(fault(&world, frames(without)), EntryFault::Cover(CoverFault::Pin(named.seq)));
    let empty = Continued { consistency: Default::default(), ..continued };
    let torn = Cover { continued: Some(empty), ..cover };
    assert!(matches!(fault(&world, frames(torn)), EntryFault::Cover(CoverFault::Continued(_))));
}
