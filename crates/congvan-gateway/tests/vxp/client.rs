//! A client that behaves as the recorded SDK does, quirks included: it takes its timestamp once, keeps its
//! header map from call to call, prints hashes with `%x`, sends CRLF behind a file, and `Expect:
//! 100-continue` on some calls.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One service object of the SDK.
pub(crate) struct Sdk {
    address: SocketAddr,
    secret: String,
    /// Kept from call to call.
    headers: BTreeMap<String, String>,
}

/// An answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) http: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.http, 200, "{self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        let json = self.json();
        assert_eq!((&json["status"], &json["ErrorCode"]), (&"OK".into(), &"0".into()), "{json}");
        json
    }

    #[track_caller]
    pub(crate) fn fails(&self, code: &str) -> Value {
        let json = self.json();
        assert_eq!((&json["status"], &json["ErrorCode"]), (&"FAIL".into(), &code.into()), "{json}");
        // In both languages.
        assert!(json["ErrorDesc"].as_str().unwrap().contains(" / "), "{json}");
        json
    }
}

/// A moment as the SDK writes it, in Vietnam.
pub(crate) fn stamp(millis: i64) -> String {
    let local = Offset::constant(7).to_datetime(Timestamp::from_millisecond(millis).unwrap());
    format!("{}+{:04}", local.strftime("%d%m%YT%H%M%S"), millis.rem_euclid(1000))
}

/// SHA-256 as the SDK prints it.
pub(crate) fn hash_file(file: &[u8]) -> String {
    printed(&Sha256::digest(file))
}

pub(crate) fn printed(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:x}")).collect()
}

impl Sdk {
    pub(crate) fn new(address: SocketAddr, system: &str, secret: &str) -> Self {
        Self::made_at(address, system, secret, congvan::setup::now().as_millis() as i64)
    }

    pub(crate) fn made_at(address: SocketAddr, system: &str, secret: &str, millis: i64) -> Self {
        let headers = [("systemid", system.to_owned()), ("timestamp", stamp(millis))];
        let headers = headers.map(|(key, value)| (key.to_owned(), value)).into();
        Self { address, secret: secret.to_owned(), headers }
    }

    pub(crate) fn set(&mut self, key: &str, value: &str) -> &mut Self {
        self.headers.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The head of a request, without how long its body is.
    pub(crate) fn head(&mut self, operation: &str, content_type: &str) -> String {
        self.set("Content-Type", content_type);
        let join = |between: &str, item: &dyn Fn(&str, &str) -> String| {
            let items: Vec<_> = self.headers.iter().map(|(key, value)| item(key, value)).collect();
            items.join(between)
        };
        let signed = format!("{{{}}}", join(",", &|key, value| format!("\"XroadVnpt-{key}\":\"{value}\"")));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!(
            "POST /vxp/{operation} HTTP/1.1\r\n{}\r\nContent-Type: {content_type}\r\nXroadVnpt-sign-header-key: {}\r\n\
             XroadVnpt-sign-header: {signed}\r\nXroadVnpt-hash-header: {}\r\nUser-Agent: JAVASDKAgent/1.0.0 XRoad/VPCP\r\n\
             XroadVnpt-version: 3.0.201608\r\nHost: {}\r\nConnection: Keep-Alive\r\n",
            join("\r\n", &|key, value| format!("XroadVnpt-{key}: {value}")),
            join(";", &|key, _| key.to_owned()),
            hex::encode(mac.finalize().into_bytes()),
            self.address,
        )
    }

    /// A call that is no sendEdoc.
    pub(crate) fn call(&mut self, operation: &str, keys: &[(&str, &str)], body: &[u8]) -> Answer {
        for (key, value) in keys {
            self.set(key, value);
        }
        let mut head = self.head(operation, "application/json");
        if !body.is_empty() {
            head += "Expect: 100-continue\r\n";
        }
        exchange(self.address, &head, body)
    }

    pub(crate) fn list(&mut self, operation: &str, kind: &str) -> Vec<Value> {
        let keys = [("servicetype", "eDoc"), ("messagetype", kind)];
        self.call(operation, &keys, b"").ok()["data"].as_array().unwrap().clone()
    }

    pub(crate) fn get(&mut self, id: &str) -> Answer {
        self.call("getEdoc", &[("docId", id), ("filePath", "out")], b"{}")
    }

    pub(crate) fn update(&mut self, id: &str, status: &str) -> Answer {
        self.call("updateStatus", &[("docId", id), ("status", status)], b"{}")
    }

    pub(crate) fn send(&mut self, from: &str, kind: &str, file: &[u8]) -> Answer {
        self.set("hash-file", &hash_file(file));
        self.send_hashed(from, kind, file)
    }

    /// With whatever hash is set.
    pub(crate) fn send_hashed(&mut self, from: &str, kind: &str, file: &[u8]) -> Answer {
        self.set("servicetype", "eDoc").set("messagetype", kind).set("from", from);
        let head = self.head("sendEdoc", "application/octet-stream");
        exchange(self.address, &head, &[file, b"\r\n"].concat())
    }
}

/// Sends a request: the body after `100 Continue` where the head asks for it.
pub(crate) fn exchange(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
    raw(address, head.as_bytes(), body)
}

/// Sends a whole head and a body, and reads one answer.
pub(crate) fn raw(address: SocketAddr, head: &[u8], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    stream.write_all(head).unwrap();
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let expects = head.windows(12).any(|window| window == b"100-continue");
    if expects {
        let (http, _) = answer_head(&mut input);
        assert_eq!(http, 100, "the server lets the body come");
    }
    stream.write_all(body).unwrap();
    let (http, length) = answer_head(&mut input);
    let mut body = vec![0; length];
    input.read_exact(&mut body).unwrap();
    Answer { http, body }
}

/// Status and length of the body.
pub(crate) fn answer_head(input: &mut impl BufRead) -> (u16, usize) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        assert!(input.read_line(&mut line).unwrap() > 0, "the connection ended after {lines:?}");
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_lowercase()),
        }
    }
    let http = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    (http, length.unwrap_or(0))
}
