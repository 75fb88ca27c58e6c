//! A packet of hundreds of MiB goes in and comes out within the memory that `docs/vxp.md` states. In a
//! process of its own, whose memory is measured.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(target_os = "linux")]

#[path = "vxp/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "vxp/network.rs"]
#[allow(dead_code)]
mod network;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Sdk;
use congvan_gateway::VxpOptions;
use network::*;
use sha2::{Digest, Sha256};

/// Bytes of the packet, about.
const PACKET: usize = 256 << 20;
/// What the packet may cost beside itself: the ledger's own buffers and caches.
const BESIDE: u64 = 400 << 20;
const PIECE: usize = 48 << 10;

/// A line of `/proc/self/status`, in bytes.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':')).unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse::<u64>().unwrap() * 1024
}

/// The packet, piece by piece, without ever being in memory.
fn pieces() -> impl Iterator<Item = Vec<u8>> {
    let start = "<edXML><edXMLEnvelope><edXMLHeader><MessageHeader><From><OrganId>000.00.00.H55</OrganId></From>\
        <To><OrganId>000.00.00.H55</OrganId></To><DocumentId>large</DocumentId><Subject>Large</Subject></MessageHeader>\
        </edXMLHeader></edXMLEnvelope><AttachmentEncoded><Attachment><ContentType>application/octet-stream</ContentType>\
        <ContentId>cid:1</ContentId><AttachmentName>large.bin</AttachmentName><ContentTransferEncoded>";
    let end = "</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>";
    let encoded = PIECE / 3 * 4;
    let middle = (0..PACKET / encoded).map(|number| {
        let mut state = number as u64 + 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_le_bytes()
        };
        let bytes: Vec<u8> = (0..PIECE / 8).flat_map(|_| next()).collect();
        STANDARD.encode(bytes).into_bytes()
    });
    [start.as_bytes().to_vec()].into_iter().chain(middle).chain([end.as_bytes().to_vec()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_packet_takes_no_more_memory_than_is_stated() {
    let network = Network::new().await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    let node = network.alone(H55).await;
    let served = serve(&node, VxpOptions::default()).await;
    let before = memory("VmRSS");
    beside(|| {
        let (mut hash, mut length) = (Sha256::new(), 0);
        for piece in pieces() {
            hash.update(&piece);
            length += piece.len();
        }
        let hash = hash.finalize();
        let mut sdk = Sdk::new(served.address, SYSTEM, SECRET);
        sdk.set("hash-file", &client::printed(&hash)).set("servicetype", "eDoc").set("messagetype", "edoc");
        let head = sdk.set("from", H55).head("sendEdoc", "application/octet-stream");
        let mut stream = TcpStream::connect(served.address).unwrap();
        write!(stream, "{head}Content-Length: {}\r\n\r\n", length + 2).unwrap();
        pieces().for_each(|piece| stream.write_all(&piece).unwrap());
        stream.write_all(b"\r\n").unwrap();
        let mut input = BufReader::new(stream);
        let (http, answer) = client::answer_head(&mut input);
        let mut body = vec![0; answer];
        input.read_exact(&mut body).unwrap();
        let id = client::Answer { http, body }.ok()["DocId"].as_str().unwrap().to_owned();
        let sent = memory("VmHWM").saturating_sub(before);

        // And back, decoded as it comes.
        let head = sdk.set("docId", &id).head("getEdoc", "application/json");
        let mut stream = TcpStream::connect(served.address).unwrap();
        write!(stream, "{head}Content-Length: 0\r\n\r\n").unwrap();
        let mut input = BufReader::new(stream);
        let (http, answer) = client::answer_head(&mut input);
        let mut start = Vec::new();
        for _ in 0..15 {
            input.read_until(b'"', &mut start).unwrap();
        }
        assert!(http == 200 && start.ends_with(b"\"data\":\""), "{}", String::from_utf8_lossy(&start));
        let mut left = answer - start.len() - 2;
        let mut received = Sha256::new();
        while left > 0 {
            let mut text = vec![0; left.min(PIECE)];
            input.read_exact(&mut text).unwrap();
            received.update(STANDARD.decode(&text).unwrap());
            left -= text.len();
        }
        assert_eq!(received.finalize(), hash, "the same packet");
        let peak = memory("VmHWM").saturating_sub(before);
        let packet = length as u64;
        println!("packet {} MiB: {} MiB to send it, {} MiB with getting it back", packet >> 20, sent >> 20, peak >> 20);
        assert!(peak < 3 * packet + BESIDE, "{} MiB for a packet of {} MiB", peak >> 20, packet >> 20);
    });
    node.shutdown().await;
}
