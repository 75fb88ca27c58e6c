//! Congvan: a ledger with its writer, and two nodes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use congvan::core::keyfile::Keys;
use congvan::core::{AgencyCode, AgencySecret, ChainId, ChainState, Draft, Kind, RosterAction, Time, UnverifiedEntry};
use congvan::registrar::Registrar;
use congvan::setup::{Home, create_agency, create_network, read_keys};
use congvan::store::{HighWater, Ledger, Options, Writer};
use congvan::{Node, archive};
use peer_work::{BATCH, CALLERS, CaughtUp, Error, Peer, Stopwatch};
use rayon::prelude::*;
use tokio::sync::oneshot;

fn main() -> ExitCode {
    peer_work::main::<Congvan>()
}

/// An agency that writes, while no node has its ledger.
struct Congvan {
    author: PathBuf,
    /// Another agency's directory with the roster, to become the replica.
    empty: PathBuf,
    roster: Vec<u8>,
    chain: ChainId,
    ledger: Ledger,
    writer: Writer,
}

impl Congvan {
    fn entries(&self) -> Result<Vec<Vec<u8>>, Error> {
        let entries = self.ledger.entries(self.chain, congvan::core::Seq::FIRST);
        entries.map(|entry| Ok(entry?.bytes().to_vec())).collect()
    }
}

fn draft(payload: Vec<u8>) -> Draft {
    Draft { kind: Kind::NOTE, time: Time::from_millis(1), payload }
}

fn parsed(entries: &[Vec<u8>]) -> Result<Vec<UnverifiedEntry>, Error> {
    Ok(entries.par_iter().map(|entry| UnverifiedEntry::parse(entry)).collect::<Result<_, _>>()?)
}

impl Peer for Congvan {
    const NAME: &'static str = "Congvan (RocksDB, libp2p)";
    const DURABILITY: &'static str = "the log is synced before an append returns";
    const MANY: &'static str =
        "appends handed over without waiting for each; the writer syncs its log for all that wait";
    const VERIFIES: &'static str = "every entry's signature (strict), its payload's digest and its link, on all cores";
    const CATCHES_UP: &'static str = "every link and digest and the signature over each range's end before it stores; \
        every other signature afterwards in the background";

    async fn create(dir: &Path) -> Result<Self, Error> {
        let desk_dir = dir.join("registrar");
        let genesis = create_network(&desk_dir, "peers", 1, 1, None)?;
        let desk = Registrar::open(&desk_dir, None)?;
        let homes = ["author", "empty"].map(|name| dir.join(name));
        for (number, home) in homes.iter().enumerate() {
            let code = AgencyCode::new(format!("000.00.{number:02}.H55"))?;
            let admission = create_agency(home, &genesis, code.clone(), code.as_str(), None, None)?;
            desk.change(RosterAction::Admit(admission))?;
        }
        let mut roster = Vec::new();
        archive::export(desk.ledger(), false, &mut roster, &mut |_| {})?;
        drop(desk);
        fs::remove_dir_all(desk_dir)?;
        for home in &homes {
            let ledger = Ledger::open(&Home::new(home).ledger(), Options::default())?;
            archive::import(&ledger, roster.as_slice(), &mut |_| {})?;
        }

        let [author, empty] = homes;
        let home = Home::new(&author);
        let Keys::Agency { sign, seals } = read_keys(&home.agency_key(), None)? else {
            return Err("the agency's keys are another's".into());
        };
        let seal = seals.into_iter().next().ok_or("the agency has no key to seal to")?;
        let chain = ChainId::of_agency(genesis.network_id(), &AgencyCode::new("000.00.00.H55")?);
        let mut options = Options::default();
        options.own = Some(chain);
        let ledger = Ledger::open(&home.ledger(), options)?;
        let writer = ledger.writer(chain, AgencySecret { sign, seal }, HighWater::open(&home.high_water())?)?;
        Ok(Self { author, empty, roster, chain, ledger, writer })
    }

    async fn append(&mut self, payload: Vec<u8>) -> Result<(), Error> {
        self.writer.append(draft(payload))?;
        Ok(())
    }

    async fn append_by_callers(&mut self, payloads: Vec<Vec<u8>>) -> Result<bool, Error> {
        let share = payloads.len().div_ceil(CALLERS).max(1);
        let tasks: Vec<_> = payloads
            .chunks(share)
            .map(|share| {
                let (writer, share) = (self.writer.clone(), share.to_vec());
                tokio::spawn(async move {
                    for payload in share {
                        let (answer, answered) = oneshot::channel();
                        let done = Box::new(move |result| drop(answer.send(result)));
                        writer.try_append_then(draft(payload), Vec::new(), done).map_err(|_| "the writer is full")?;
                        answered.await??;
                    }
                    Ok::<_, Error>(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(true)
    }

    async fn append_many(&mut self, payloads: Vec<Vec<u8>>) -> Result<(), Error> {
        let writer = self.writer.clone();
        tokio::task::spawn_blocking(move || {
            let (done, appended) = mpsc::channel();
            for payload in payloads {
                let done = done.clone();
                writer.append_then(
                    draft(payload),
                    Vec::new(),
                    Box::new(move |result| drop(done.send(result.map(drop)))),
                );
            }
            drop(done);
            Ok(appended.into_iter().collect::<Result<(), _>>()?)
        })
        .await?
    }

    async fn verify(&mut self) -> Result<Duration, Error> {
        let entries = self.entries()?;
        let roster = self.ledger.roster();
        let policy = roster.policy(self.chain)?;
        let start = Instant::now();
        let linked = ChainState::new(self.chain).extend(roster.network(), &policy, parsed(&entries)?)?;
        linked.par_iter().try_for_each(|entry| entry.check())?;
        Ok(start.elapsed())
    }

    async fn ingest(&mut self, dir: &Path) -> Result<Option<Duration>, Error> {
        let entries = self.entries()?;
        let ledger = Ledger::create(&dir.join("ledger"), &self.ledger.genesis(), Options::default())?;
        archive::import(&ledger, self.roster.as_slice(), &mut |_| {})?;
        let start = Instant::now();
        for range in entries.chunks(BATCH) {
            ledger.ingest(self.chain, parsed(range)?)?;
        }
        Ok(Some(start.elapsed()))
    }

    async fn catch_up(self, replica: &Path) -> Result<CaughtUp, Error> {
        let head = self.ledger.status(self.chain).head.ok_or("nothing to catch up with")?;
        self.writer.close();
        drop(self.ledger);
        fs::rename(&self.empty, replica)?;

        let listening = |home: &Path| Node::builder(home).listen("/ip4/127.0.0.1/tcp/0");
        let author = listening(&self.author).start().await?;
        let addresses = loop {
            match author.listen_addresses().await {
                none if none.is_empty() => tokio::time::sleep(Duration::from_millis(1)).await,
                addresses => break addresses,
            }
        };
        // Its start is part of the catch-up: a node is told its peers before.
        let watch = Stopwatch::start()?;
        let node = addresses.into_iter().fold(listening(replica), |node, at| node.bootstrap(at)).start().await?;
        while node.ledger().status(self.chain).head != Some(head) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let stored = watch.stop()?;
        while node.ledger().status(self.chain).verified_through < head.seq.get() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let checked = watch.stop()?.time;
        node.shutdown().await;
        author.shutdown().await;
        Ok(CaughtUp { stored, checked: Some(checked) })
    }
}
