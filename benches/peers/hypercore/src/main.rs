//! Hypercore: a log in files, and two ends of its protocol over TCP.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_lite::StreamExt;
use hypercore::{Hypercore, HypercoreBuilder, PartialKeypair, Storage};
use hypercore_handshake::Cipher;
use hypercore_handshake::state_machine::SecStream;
use hypercore_handshake::state_machine::hc_specific::generate_keypair;
use hypercore_protocol::schema::{Data, Range, Request, Synchronize};
use hypercore_protocol::{Channel, Event, Message, Protocol};
use hypercore_schema::{RequestBlock, RequestUpgrade};
use peer_work::{BATCH, CaughtUp, Error, Peer, Stopwatch};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::compat::TokioAsyncReadCompatExt;
use uint24le_framing::Uint24LELengthPrefixedFraming;

fn main() -> ExitCode {
    peer_work::main::<Core>()
}

/// An author's log.
struct Core(Hypercore);

async fn on_disk(dir: &Path) -> Result<Storage, Error> {
    Ok(Storage::new_disk(&PathBuf::from(dir), true).await?)
}

impl Core {
    /// An empty replica of the log.
    async fn replica(&self, storage: Storage) -> Result<Hypercore, Error> {
        let key_pair = PartialKeypair { public: self.0.key_pair().public, secret: None };
        Ok(HypercoreBuilder::new(storage).key_pair(key_pair).build().await?)
    }
}

/// What asks for a block, as far as a replica lacks nodes of the tree for it.
async fn block(replica: &mut Hypercore, index: u64) -> Result<RequestBlock, Error> {
    Ok(RequestBlock { index, nodes: replica.missing_nodes(index).await? })
}

/// A connection's channel for the log, opened by both ends.
async fn channel(stream: TcpStream, initiator: bool, key: [u8; 32]) -> Result<Channel, Error> {
    stream.set_nodelay(true)?;
    let framed = Box::new(Uint24LELengthPrefixedFraming::new(stream.compat()));
    let cipher = match initiator {
        true => Cipher::new(Some(framed), SecStream::new_initiator_xx(&[])?.into()),
        false => Cipher::new(Some(framed), SecStream::new_responder_xx(&generate_keypair()?, &[])?.into()),
    };
    let mut protocol = Protocol::new(Box::new(cipher));
    while let Some(event) = protocol.next().await {
        match event? {
            Event::Handshake(_) if initiator => protocol.open(key).await?,
            Event::DiscoveryKey(_) => protocol.open(key).await?,
            Event::Channel(channel) => {
                tokio::spawn(async move { while let Some(Ok(_)) = protocol.next().await {} });
                return Ok(channel);
            }
            _ => {}
        }
    }
    Err("the connection ended before its channel was open".into())
}

/// The author's end: says what it has, and answers requests until the replica is gone.
async fn serve(mut core: Hypercore, mut channel: Channel) -> Result<(), Error> {
    let info = core.info();
    let has = Range { drop: false, start: 0, length: info.contiguous_length };
    channel.send_batch(&[Message::Synchronize(synchronize(&core, 0)), Message::Range(has)]).await?;
    while let Some(message) = channel.next().await {
        let Message::Request(request) = message else { continue };
        let proof = core.create_proof(request.block, request.hash, request.seek, request.upgrade).await?;
        if let Some(proof) = proof {
            let data = Data {
                request: request.id,
                fork: info.fork,
                hash: proof.hash,
                block: proof.block,
                seek: proof.seek,
                upgrade: proof.upgrade,
            };
            channel.send(Message::Data(data)).await?;
        }
    }
    Ok(())
}

fn synchronize(core: &Hypercore, remote_length: u64) -> Synchronize {
    let info = core.info();
    Synchronize {
        fork: info.fork,
        length: info.length,
        remote_length,
        can_upgrade: true,
        uploading: true,
        downloading: true,
    }
}

/// The replica's end: the signed length first, then one block after the other, as the protocol's example does.
async fn fetch(core: &mut Hypercore, mut channel: Channel, length: u64) -> Result<(), Error> {
    channel.send(Message::Synchronize(synchronize(core, 0))).await?;
    let fork = core.info().fork;
    let request = |id, block, upgrade| {
        Message::Request(Request { id, fork, hash: None, block, seek: None, upgrade, manifest: false, priority: 0 })
    };
    while let Some(message) = channel.next().await {
        match message {
            Message::Synchronize(remote) if core.info().length < remote.length => {
                channel.send(request(1, None, Some(RequestUpgrade { start: 0, length: remote.length }))).await?;
            }
            Message::Data(data) => {
                let next = data.block.as_ref().map_or(0, |block| block.index + 1);
                if !core.verify_and_apply_proof(&data.into_proof()).await? {
                    return Err("a proof was refused".into());
                }
                if next == length {
                    return Ok(());
                }
                let wanted = block(core, next).await?;
                channel.send(request(next + 2, Some(wanted), None)).await?;
            }
            _ => {}
        }
    }
    Err("the author left before the replica was complete".into())
}

impl Peer for Core {
    const NAME: &'static str = "Hypercore 0.16 (files, TCP)";
    const DURABILITY: &'static str = "random-access-disk's default: each write to each of its files is synced";
    const MANY: &'static str = "append_batch of 1,024, which is signed once";
    const VERIFIES: &'static str = "each block's proof against the one signed root, in a replica in memory, one core: \
        its entries have no signatures of their own";
    const CATCHES_UP: &'static str = "the signature over the log's root once, then each block's proof before it stores; \
        one request at a time, as in its protocol's example";

    async fn create(dir: &Path) -> Result<Self, Error> {
        Ok(Self(HypercoreBuilder::new(on_disk(dir).await?).build().await?))
    }

    async fn append(&mut self, payload: Vec<u8>) -> Result<(), Error> {
        self.0.append(&payload).await?;
        Ok(())
    }

    async fn append_many(&mut self, payloads: Vec<Vec<u8>>) -> Result<(), Error> {
        for some in payloads.chunks(BATCH) {
            self.0.append_batch(some).await?;
        }
        Ok(())
    }

    async fn verify(&mut self) -> Result<Duration, Error> {
        let length = self.0.info().length;
        let mut replica = self.replica(Storage::new_memory().await?).await?;
        let mut spent = Duration::ZERO;
        let mut upgrade = Some(RequestUpgrade { start: 0, length });
        for index in 0..length {
            let wanted = block(&mut replica, index).await?;
            let proof = self.0.create_proof(Some(wanted), None, None, upgrade.take()).await?;
            let proof = proof.ok_or("the author cannot prove a block")?;
            let start = Instant::now();
            let applied = replica.verify_and_apply_proof(&proof).await?;
            spent += start.elapsed();
            if !applied {
                return Err("a proof was refused".into());
            }
        }
        Ok(spent)
    }

    async fn catch_up(self, replica: &Path) -> Result<CaughtUp, Error> {
        let length = self.0.info().length;
        let key = self.0.key_pair().public.to_bytes();
        let mut empty = self.replica(on_disk(replica).await?).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = listener.local_addr()?;
        let author = tokio::spawn(async move {
            let (stream, _) = listener.accept().await?;
            serve(self.0, channel(stream, false, key).await?).await
        });
        let watch = Stopwatch::start()?;
        let opened = channel(TcpStream::connect(at).await?, true, key).await?;
        fetch(&mut empty, opened, length).await?;
        let stored = watch.stop()?;
        author.abort();
        Ok(CaughtUp { stored, checked: None })
    }
}
