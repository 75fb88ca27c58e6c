//! The browser checks a proof of a chain that changed its key, and of which the registrar named an entry later on.

use congvan::core::archive::file_of;
use congvan::core::bundle::{Checker, Continued, Cover, Frame, ProvenEntry, Word};
use congvan::core::chain::KeyRotation;
use congvan::core::merkle::{self, Leaves};
use congvan::core::roster::{Admission, Rights, RosterAction, WitnessPolicy};
use congvan::core::*;
use congvan_gateway::ConsoleOptions;
use serde_json::{Value, json};

use crate::check::{text_of, with_modules};
use crate::chromium::{self, Browser};
use crate::office;

/// An agency, its key now, and its chain.
struct Author {
    code: AgencyCode,
    keys: AgencySecret,
    state: ChainState,
    entries: Vec<VerifiedEntry>,
}

impl Author {
    fn write(&mut self, roster: &Roster, kind: Kind, payload: Vec<u8>) -> VerifiedEntry {
        let policy = roster.policy(self.state.chain()).unwrap();
        let draft = Draft { kind, time: Time::from_millis(1_800_000_000_000), payload };
        let entry = self.state.append(roster.network(), &policy, draft, &self.keys).unwrap();
        self.entries.push(entry.clone());
        entry
    }

    fn ids(&self) -> Vec<EntryId> {
        self.entries.iter().map(VerifiedEntry::id).collect()
    }

    /// Signs what the chain holds up to now.
    fn checkpoint(&self, network: NetworkId) -> (Seq, CheckpointPayload) {
        let ids = self.ids();
        let size = Seq::new(ids.len() as u64).unwrap();
        let checkpoint = Checkpoint { size, root: merkle::root(&Leaves(&ids), size.get()).unwrap() };
        let signed = CheckpointPayload::sign(checkpoint, network, &self.code, &self.keys.sign);
        (size.next().unwrap(), signed)
    }
}

/// What `/check/roster` would say of these.
fn view(roster: &Roster, agencies: &[&Author]) -> Value {
    let agency = |author: &&Author| {
        let agency = roster.agency(author.state.chain()).unwrap();
        let pins =
            agency.policy().pins.iter().map(|pin| json!({ "number": pin.seq.to_string(), "id": pin.id.to_string() }));
        let spans = author.state.spans().iter();
        let keys = spans.map(|span| json!({ "from": span.from.to_string(), "key": span.keys.sign.id().to_string() }));
        json!({
            "chain": agency.chain.to_string(), "code": agency.code.to_string(), "name": agency.name,
            "limit": null, "quarantined": null,
            "pins": pins.collect::<Value>(), "keys": keys.collect::<Value>(),
        })
    };
    json!({
        "network": roster.network().to_string(), "network_name": "Tỉnh", "roster": "4",
        "witnesses": roster.witnesses().witnesses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "threshold": roster.witnesses().threshold,
        "agencies": agencies.iter().map(agency).collect::<Value>(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_and_registrars_decide_and_the_browser_follows() {
    if !chromium::is_here() {
        return;
    }
    let mut rng = rng::from_seed(7);
    let registrar = SecretKey::generate(&mut rng);
    let genesis = Genesis::new("Tỉnh", Time::from_millis(0), vec![registrar.public()], 1, [7; 16]).unwrap();
    let mut roster = Roster::new(genesis);
    let network = roster.network();
    let change = |roster: &mut Roster, action| {
        let change = roster.propose(action, Time::from_millis(1), &[&registrar]).unwrap();
        roster.apply(&change).unwrap();
    };
    let mut authors = Vec::new();
    for code in ["000.00.00.H55", "000.00.01.H55"] {
        let (code, keys) = (AgencyCode::new(code).unwrap(), AgencySecret::generate(&mut rng));
        let chain = ChainId::of_agency(network, &code);
        let admission = Admission {
            code: code.clone(),
            name: Text::new(format!("Sở {code}")).unwrap(),
            parent: None,
            keys: keys.public(),
            possession: keys.prove_possession(network, chain),
            nodes: Bounded::default(),
            rights: Rights::NONE,
        };
        change(&mut roster, RosterAction::Admit(admission));
        authors.push(Author { code, keys, state: ChainState::new(chain), entries: Vec::new() });
    }
    let [mut sender, mut witness] = <[Author; 2]>::try_from(authors).ok().unwrap();
    let (chain, watcher) = (sender.state.chain(), witness.state.chain());
    let policy = WitnessPolicy { witnesses: Sorted::from_unsorted(vec![watcher]).unwrap(), threshold: 1 };
    change(&mut roster, RosterAction::Witnesses(policy));

    // A key that is replaced, a document by the new one, and by a witness with a replaced key the word on it.
    let rotate = |author: &mut Author, rng: &mut _| {
        let new = AgencySecret::generate(rng);
        let payload = KeyRotation::to(&new, network, author.state.chain()).to_bytes();
        let rotation = author.write(&roster, Kind::ROTATION, payload);
        author.keys = new;
        rotation
    };
    sender.write(&roster, Kind::NOTE, b"before".to_vec());
    let rotations = [rotate(&mut sender, &mut rng), rotate(&mut witness, &mut rng)];
    witness.write(&roster, Kind::NOTE, b"after".to_vec());
    let document = sender.write(&roster, Kind::DOCUMENT, b"sealed".to_vec());
    for n in 0..3 {
        sender.write(&roster, Kind::NOTE, vec![n]);
    }
    let (at, signed) = sender.checkpoint(network);
    let seconds = 1_800_000_100;
    let seen = Cosignature::sign(network, &sender.code, at, signed, seconds, &witness.keys.sign);
    let included = |sender: &Author, seq: Seq, size: u64| {
        merkle::inclusion_proof(&Leaves(&sender.ids()), seq.get() - 1, size).unwrap()
    };
    let word = Word { witness: watcher, seconds, signature: seen.signature };
    let early = Cover {
        at,
        signed,
        inclusion: included(&sender, document.seq(), signed.checkpoint.size.get()),
        continued: None,
        pins: Bounded::default(),
        witnesses: Bounded::new(vec![word]).unwrap(),
    };

    // Later the registrar names an entry behind that checkpoint, and a later one leads there.
    for n in 0..40 {
        sender.write(&roster, Kind::NOTE, vec![n]);
    }
    let named = sender.entries[30].point();
    change(&mut roster, RosterAction::Rights { chain, after: Some(named), rights: Rights::PUBLISH });
    let (later_at, later) = sender.checkpoint(network);
    let (before, after) = (signed.checkpoint.size.get(), later.checkpoint.size.get());
    let consistency = merkle::consistency_proof(&Leaves(&sender.ids()), before, after).unwrap();
    let continued = Continued { at: later_at, signed: later, consistency };
    let pin = included(&sender, named.seq, after);
    let late = Cover { continued: Some(continued.clone()), pins: Bounded::new(vec![pin]).unwrap(), ..early.clone() };

    let text = |cover: &Cover| {
        let entry = Bounded::new(document.signed_bytes().to_vec()).unwrap();
        let proven = Frame::Entry(ProvenEntry { entry, content_key: None, cover: Some(cover.clone()) });
        assert!(file_of(std::slice::from_ref(&proven)).len() < 4_096);
        let mut checker = Checker::with_roster(roster.clone());
        for rotation in &rotations {
            checker.take(Frame::Rotation(Bounded::new(rotation.bytes().to_vec()).unwrap())).unwrap();
        }
        (text_of(&proven.to_bytes()), checker.take(proven).is_ok())
    };
    let other = sender.checkpoint(network).1;
    let torn = Continued { consistency: Default::default(), ..continued.clone() };
    let misplaced = Continued { at: later.checkpoint.size, ..continued.clone() };
    let unsigned = Continued { signed: CheckpointPayload { signature: signed.signature, ..other }, ..continued };
    let cases = [
        (late.clone(), "good"),
        (early.clone(), "open 31"),
        (Cover { pins: Bounded::default(), ..late.clone() }, "pin"),
        (Cover { pins: Bounded::new(vec![late.inclusion.clone()]).unwrap(), ..late.clone() }, "pin"),
        (Cover { continued: Some(torn), ..late.clone() }, "continued"),
        (Cover { continued: Some(misplaced), ..late.clone() }, "place"),
        (Cover { continued: Some(unsigned), ..late.clone() }, "checkpoint"),
        // By the key that was replaced at that number.
        (Cover { at: Seq::new(2).unwrap(), ..early.clone() }, "place"),
        (Cover { witnesses: Bounded::new(vec![Word { seconds: seconds + 1, ..word }]).unwrap(), ..late }, "witness"),
    ];
    let (texts, sound): (Vec<_>, Vec<_>) = cases.iter().map(|(cover, _)| text(cover)).unzip();

    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let browser = Browser::open(office.address).await;
    browser.log_in().await;
    browser.goto("/check").await;
    let script = "const found = [];
        for (const text of given.texts) {
            const outcome = await verdict(text, given.roster);
            const open = outcome === 'good' && (await judge(read(text), given.roster)).open;
            found.push(open ? `open ${open}` : outcome);
        }
        return found;";
    let given = json!({ "texts": texts, "roster": view(&roster, &[&sender, &witness]) });
    let found: Vec<String> = serde_json::from_value(with_modules(&browser, script, given).await).unwrap();
    for (((_, expected), found), sound) in cases.iter().zip(&found).zip(&sound) {
        assert_eq!(found, expected);
        assert_eq!(*sound, found == "good" || found.starts_with("open"), "our own checker: {expected}");
    }
    browser.close().await;
}
