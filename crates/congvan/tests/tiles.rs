//! A chain as a log: whoever knows transparency logs, and nothing of Congvan, agrees with what is in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::Network;
use congvan::core::keyfile::Keys;
use congvan::core::{
    AgencySecret, Bounded, ChainId, ChainState, Checkpoint, CheckpointPayload, Cosignature, Draft, Kind, RosterAction,
    Seq, Sorted, Time, TreeHash, UnverifiedEntry, Wire, WitnessPayload, WitnessPolicy, merkle,
};
use congvan::setup::{self, Home};
use congvan::store::Ledger;
use congvan::tiles::{self, Damage, Exported, TilesError};

/// Checkers of others' making: `signed_note` for notes and `tlog_tiles` for trees (both of Cloudflare's log), `ring` for
/// cosignatures, which `signed_note` does not know. Nothing here is Congvan's.
mod stranger {
    use std::fs;
    use std::path::Path;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use ring::signature::{ED25519, UnparsedPublicKey};
    use signed_note::{Note, StandardVerifier, Verifier, VerifierList, key_id};
    use tlog_tiles::{
        Checkpoint, Error, HashReader, Tile, TileHashReader, TileReader, record_hash, stored_hash_index, tree_hash,
    };

    /// A witness by C2SP tlog-cosignature.
    struct Witness {
        name: String,
        id: u32,
        key: Vec<u8>,
    }

    impl Witness {
        fn new(vkey: &str) -> Self {
            let [name, id, key] = vkey.splitn(3, '+').collect::<Vec<_>>().try_into().unwrap();
            let key = BASE64.decode(key).unwrap();
            let id = u32::from_str_radix(id, 16).unwrap();
            assert_eq!((key[0], key.len(), id), (4, 33, key_id(name, &key)));
            Self { name: name.to_owned(), id, key: key[1..].to_vec() }
        }
    }

    impl Verifier for Witness {
        fn name(&self) -> &str {
            &self.name
        }

        fn key_id(&self) -> u32 {
            self.id
        }

        fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
            let Some((time, signature)) = signature.split_first_chunk::<8>() else { return false };
            let mut signed = format!("cosignature/v1\ntime {}\n", u64::from_be_bytes(*time)).into_bytes();
            signed.extend_from_slice(text);
            UnparsedPublicKey::new(&ED25519, &self.key).verify(&signed, signature).is_ok()
        }
    }

    struct Files<'a>(&'a Path);

    impl TileReader for Files<'_> {
        fn height(&self) -> u8 {
            8
        }

        fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
            let read = |tile: &Tile| fs::read(self.0.join(path(tile))).map_err(|_| Error::InvalidTile);
            tiles.iter().map(read).collect()
        }

        fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
    }

    /// The crate names tiles as Go's log of sums does, which has their height in it.
    fn path(tile: &Tile) -> String {
        tile.path().replacen("tile/8/", "tile/", 1).replacen("/data/", "/entries/", 1)
    }

    /// Verifies the whole log. Returns its size, and how many signatures hold.
    pub(crate) fn check(dir: &Path, vkey: &str, witnesses: &[String]) -> Result<(u64, usize), String> {
        let note = Note::from_bytes(&fs::read(dir.join("checkpoint")).map_err(|e| e.to_string())?);
        let note = note.map_err(|e| e.to_string())?;
        let mut known: Vec<Box<dyn Verifier>> = vec![Box::new(StandardVerifier::new(vkey).unwrap())];
        known.extend(witnesses.iter().map(|vkey| Box::new(Witness::new(vkey)) as Box<dyn Verifier>));
        let (signed, unknown) = note.verify(&VerifierList::new(known)).map_err(|e| e.to_string())?;
        assert!(unknown.is_empty(), "everybody who signed is known");
        let head = Checkpoint::from_bytes(note.text()).map_err(|e| e.to_string())?;
        assert_eq!(head.origin(), vkey.split_once('+').unwrap().0);
        let size = head.size();
        let files = Files(dir);
        let reader = TileHashReader::new(size, *head.hash(), &files);
        if tree_hash(size, &reader).map_err(|e| e.to_string())? != *head.hash() {
            return Err("another root".to_owned());
        }
        // Every tile that there must be, against the root.
        for mut tile in Tile::new_tiles(8, 0, size) {
            let file = fs::read(dir.join(path(&tile))).map_err(|e| format!("{}: {e}", path(&tile)))?;
            if tile.read_data(&reader).map_err(|e| e.to_string())? != file {
                return Err(format!("{}: another tile", path(&tile)));
            }
            // And every leaf against its tile's hash.
            if tile.level() == 0 {
                let first = tile.level_index() * 256;
                let indexes: Vec<u64> =
                    (first..first + u64::from(tile.width())).map(|n| stored_hash_index(0, n)).collect();
                let hashes = reader.read_hashes(&indexes).map_err(|e| e.to_string())?;
                tile.set_is_data();
                let bundle = fs::read(dir.join(path(&tile))).map_err(|e| format!("{}: {e}", path(&tile)))?;
                let mut rest = bundle.as_slice();
                for hash in hashes {
                    let (len, tail) = rest.split_first_chunk::<2>().ok_or("a bundle is cut")?;
                    let (entry, tail) =
                        tail.split_at_checked(u16::from_be_bytes(*len).into()).ok_or("a bundle is cut")?;
                    if record_hash(entry) != hash {
                        return Err(format!("{}: another entry", path(&tile)));
                    }
                    rest = tail;
                }
                if !rest.is_empty() {
                    return Err("a bundle has more".to_owned());
                }
            }
        }
        Ok((size, signed.len()))
    }
}

/// An agency that writes, and another that is its witness, both by hand: no clock decides when.
struct World {
    network: Network,
    ledger: Ledger,
    chains: [ChainState; 2],
    keys: [AgencySecret; 2],
}

impl World {
    fn new() -> Self {
        let network = Network::new(2);
        let roster = network.desk.roster();
        let chain = |n: usize| roster.by_code(&network.codes[n]).unwrap().chain;
        let witnesses = Sorted::from_unsorted(vec![chain(1)]).unwrap();
        network.desk.change(RosterAction::Witnesses(WitnessPolicy { witnesses, threshold: 1 })).unwrap();
        let ledger = network.ledger(0);
        network.share_roster(&ledger);
        let keys = [0, 1].map(|n| match setup::read_keys(&Home::new(network.home(n)).agency_key(), None).unwrap() {
            Keys::Agency { sign, seals } => AgencySecret { sign, seal: seals[0].clone() },
            _ => panic!("no agency's keys"),
        });
        Self { chains: [0, 1].map(|n| ChainState::new(chain(n))), ledger, network, keys }
    }

    fn chain(&self) -> ChainId {
        self.chains[0].chain()
    }

    fn append(&mut self, n: usize, drafts: Vec<Draft>) {
        let roster = self.ledger.roster();
        let chain = self.chains[n].chain();
        let policy = roster.policy(chain).unwrap();
        let mut write = |draft| self.chains[n].append(roster.network(), &policy, draft, &self.keys[n]).unwrap();
        let entries = drafts.into_iter().map(|draft| UnverifiedEntry::parse(write(draft).bytes()).unwrap()).collect();
        self.ledger.ingest(chain, entries).unwrap();
    }

    fn head(&self) -> u64 {
        self.chains[0].head().map_or(0, |head| head.seq.get())
    }

    /// Notes until the chain has so many entries.
    fn write_to(&mut self, size: u64) {
        let note = |n: u64| Draft { kind: Kind::NOTE, time: Time::from_millis(n), payload: n.to_le_bytes().to_vec() };
        self.append(0, (self.head()..size).map(note).collect());
    }

    fn checkpoint_of(&mut self, size: u64, root: TreeHash) -> CheckpointPayload {
        let checkpoint = Checkpoint { size: Seq::new(size).unwrap(), root };
        let network = self.ledger.network();
        let signed = CheckpointPayload::sign(checkpoint, network, &self.network.codes[0], &self.keys[0].sign);
        let time = Time::from_millis(1);
        self.append(0, vec![Draft { kind: Kind::CHECKPOINT, time, payload: signed.to_bytes() }]);
        signed
    }

    /// A checkpoint of all that there is.
    fn checkpoint(&mut self) -> CheckpointPayload {
        let root = merkle::root(&self.ledger.tree(self.chain()), self.head()).unwrap();
        self.checkpoint_of(self.head(), root)
    }

    fn cosign(&mut self, signed: CheckpointPayload) {
        let at = Seq::new(self.head()).unwrap();
        let (network, code) = (self.ledger.network(), &self.network.codes[0]);
        let seen = Cosignature::sign(network, code, at, signed, 1_790_000_000, &self.keys[1].sign);
        let payload = WitnessPayload { seen: Bounded::new(vec![seen]).unwrap() }.to_bytes();
        self.append(1, vec![Draft { kind: Kind::WITNESS, time: Time::from_millis(1), payload }]);
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.network.dir.path().join(name)
    }

    fn export(&self, dir: &Path) -> Result<Exported, TilesError> {
        tiles::export(&self.ledger, self.chain(), dir, &mut |_, _| {})
    }
}

fn checked(dir: &Path, log: &Exported) -> Result<(u64, usize), String> {
    stranger::check(dir, &log.log_key, &log.witness_keys)
}

/// All files under a directory, by name.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for file in fs::read_dir(next).unwrap() {
            let path = file.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_strangers_checker_agrees_at_every_bound_of_a_tile_whether_the_log_is_new_or_continued() {
    let mut world = World::new();
    let continued = world.dir("continued");
    let mut before = 0;
    for (n, size) in [1, 2, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537].into_iter().enumerate() {
        // The last checkpoint is an entry itself.
        world.write_to(size);
        let signed = world.checkpoint();
        let witnessed = n % 2 == 1;
        if witnessed {
            world.cosign(signed);
        }
        let fresh = world.dir(&format!("fresh-{n}"));
        for dir in [&fresh, &continued] {
            let log = world.export(dir).unwrap();
            let size = signed.checkpoint.size.get();
            assert_eq!((log.size, log.standing, log.root), (size, size + 1, signed.checkpoint.root));
            assert_eq!(log.witness_keys.len(), usize::from(witnessed));
            assert_eq!(checked(dir, &log).unwrap(), (size, 1 + usize::from(witnessed)), "{dir:?}");
            assert_eq!(fs::read_to_string(dir.join("log.vkey")).unwrap(), format!("{}\n", log.log_key));
            match dir == &fresh {
                true => assert_eq!(log.new, size),
                false => assert_eq!(log.new, size - before),
            }
        }
        // What is there is the same, but for partial tiles of before, which a reader of the old checkpoint still needs.
        let kept = files(&continued);
        for name in files(&fresh) {
            assert!(kept.contains(&name), "{name}");
            assert_eq!(fs::read(fresh.join(&name)).unwrap(), fs::read(continued.join(&name)).unwrap(), "{name}");
        }
        before = signed.checkpoint.size.get();
        // Nothing new is nothing to do.
        assert_eq!(world.export(&continued).unwrap().new, 0);
    }
    // Whoever deletes the partial ones where a full one took their place breaks nothing.
    for name in files(&continued).into_iter().filter(|name| name.contains(".p/")) {
        let full = name.split(".p/").next().unwrap();
        if continued.join(full).exists() {
            fs::remove_file(continued.join(&name)).unwrap();
        }
    }
    world.write_to(65_600);
    world.checkpoint();
    let log = world.export(&continued).unwrap();
    checked(&continued, &log).unwrap();
}

#[test]
fn a_byte_that_differs_is_noticed_by_a_stranger_wherever_it_is() {
    let mut world = World::new();
    world.write_to(600);
    let signed = world.checkpoint();
    world.cosign(signed);
    let dir = world.dir("log");
    let log = world.export(&dir).unwrap();
    let names = files(&dir);
    assert_eq!(
        names,
        [
            "checkpoint",
            "log.vkey",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/88",
            "tile/1/000.p/2",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/88",
            "witnesses.vkey",
        ]
    );
    for name in names.iter().filter(|name| !name.ends_with(".vkey")) {
        let whole = fs::read(dir.join(name)).unwrap();
        for at in [0, whole.len() / 2, whole.len() - 2] {
            let mut other = whole.clone();
            other[at] ^= 1;
            fs::write(dir.join(name), other).unwrap();
            assert!(checked(&dir, &log).is_err(), "{name} at {at}");
        }
        fs::write(dir.join(name), &whole[..whole.len() - 1]).unwrap();
        assert!(checked(&dir, &log).is_err(), "{name} cut short");
        fs::write(dir.join(name), whole).unwrap();
    }
    assert_eq!(checked(&dir, &log).unwrap(), (600, 2));
}

#[test]
fn a_log_is_continued_only_where_it_is_this_one() {
    let mut world = World::new();
    let dir = world.dir("log");
    let refused = |world: &World, dir: &Path| world.export(dir).unwrap_err();
    assert!(matches!(refused(&world, &dir), TilesError::NoCheckpoint(_)));
    world.write_to(10);
    assert!(matches!(refused(&world, &dir), TilesError::NoCheckpoint(_)), "unsigned");
    assert!(!dir.exists());
    world.checkpoint();
    let unknown = tiles::export(&world.ledger, ChainId::from_bytes([9; 32]), &dir, &mut |_, _| {});
    assert!(matches!(unknown, Err(TilesError::UnknownAgency)));

    // Not among other files; into an empty directory it goes.
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("notes.txt"), "x").unwrap();
    assert!(matches!(refused(&world, &dir), TilesError::NotALog(_)));
    fs::remove_file(dir.join("notes.txt")).unwrap();
    world.export(&dir).unwrap();
    assert!(files(world.network.dir.path()).iter().all(|name| !name.contains(".part")), "nothing is left behind");

    // Another agency's.
    let head = fs::read_to_string(dir.join("checkpoint")).unwrap();
    let put = |text: &str| fs::write(dir.join("checkpoint"), text).unwrap();
    put(&head.replace(world.network.codes[0].as_str(), "H99"));
    assert!(matches!(refused(&world, &dir), TilesError::OtherLog { .. }));
    for no_checkpoint in ["", "x\n", &head[..40], &head.replacen("\n10\n", "\n010\n", 1)] {
        put(no_checkpoint);
        let error = refused(&world, &dir);
        assert!(matches!(error, TilesError::Damaged { error: Damage::Checkpoint, .. }), "{error}");
    }
    put(&head.replacen("\n10\n", "\n99\n", 1));
    assert!(matches!(refused(&world, &dir), TilesError::Longer { theirs: 99, ours: 10, .. }));

    // Damaged: its tiles are not what its checkpoint says, or not there.
    put(&head.replacen("\n10\n", "\n9\n", 1));
    assert!(matches!(refused(&world, &dir), TilesError::File { .. }));
    put(&head);
    for name in ["tile/0/000.p/10", "tile/entries/000.p/10"] {
        let whole = fs::read(dir.join(name)).unwrap();
        for other in [&whole[1..], &[whole.as_slice(), &[0]].concat()] {
            fs::write(dir.join(name), other).unwrap();
            assert!(matches!(refused(&world, &dir), TilesError::Damaged { error: Damage::Tile { .. }, .. }));
        }
        fs::write(dir.join(name), whole).unwrap();
    }
    let whole = fs::read(dir.join("tile/0/000.p/10")).unwrap();
    fs::write(dir.join("tile/0/000.p/10"), vec![7; whole.len()]).unwrap();
    assert!(matches!(refused(&world, &dir), TilesError::Damaged { error: Damage::Root, .. }));
    fs::write(dir.join("tile/0/000.p/10"), whole).unwrap();
    assert_eq!(world.export(&dir).unwrap().new, 0);
}

#[test]
fn a_log_of_another_history_is_evidence_and_a_false_checkpoint_heads_none() {
    let mut world = World::new();
    world.write_to(10);
    let dir = world.dir("log");
    let state = world.chains[0].clone();
    world.checkpoint();
    world.export(&dir).unwrap();
    let before = fs::read(dir.join("checkpoint")).unwrap();

    // The same agency, the same numbers, other entries, in another copy.
    let mut other = World { ledger: world.network.ledger(1), chains: [ChainState::new(world.chain()), state], ..world };
    other.network.share_roster(&other.ledger);
    other.write_to(5);
    other.append(0, vec![Draft { kind: Kind::NOTE, time: Time::from_millis(7), payload: b"other".to_vec() }]);
    other.write_to(20);
    other.checkpoint();
    let error = other.export(&dir).unwrap_err();
    assert!(matches!(error, TilesError::OtherHistory { size: 10, .. }), "{error}");
    assert_eq!(fs::read(dir.join("checkpoint")).unwrap(), before);

    // It signs a root that is not that of its entries.
    let log = other.dir("other");
    other.export(&log).unwrap();
    let before = fs::read(log.join("checkpoint")).unwrap();
    other.write_to(30);
    other.checkpoint_of(30, merkle::empty_root());
    for dir in [&log, &other.dir("new")] {
        let error = other.export(dir).unwrap_err();
        assert!(matches!(error, TilesError::FalseCheckpoint { size: 30, .. }), "{error}");
    }
    assert!(!other.dir("new").exists());
    assert_eq!(fs::read(log.join("checkpoint")).unwrap(), before);
}
