//! A browser's part of HTTP, no more: cookies, forms, and the headers that say where a form comes from.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::office::PASSWORD;

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    #[track_caller]
    pub(crate) fn has(&self, words: &str) -> &Self {
        assert!(self.text().contains(words), "no {words:?} in {} {}", self.status, self.text());
        self
    }

    #[track_caller]
    pub(crate) fn lacks(&self, words: &str) -> &Self {
        assert!(!self.text().contains(words), "{words:?} in {}", self.text());
        self
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.text());
        self
    }

    /// Where it leads to.
    #[track_caller]
    pub(crate) fn leads_to(&self, start: &str) -> String {
        assert!((300..400).contains(&self.status), "{} {}", self.status, self.text());
        let place = self.header("location").to_owned();
        assert!(place.starts_with(start), "{place}");
        place
    }

    /// The value of the first field of this name.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        let text = self.text();
        let from = text.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name} in {text}"));
        let value = &text[from..].split('"').nth(3).unwrap();
        (*value).to_owned()
    }
}

/// What somebody has in front of them.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What is sent as `Origin` with a form; `None` for nothing.
    pub(crate) origin: Option<String>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new(), origin: Some(format!("http://{address}")) }
    }

    /// A client that has logged in.
    pub(crate) async fn logged_in(address: SocketAddr, name: &str) -> Self {
        let mut client = Self::new(address);
        client.log_in(name, PASSWORD).await.leads_to("/");
        client
    }

    pub(crate) async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        let token = self.get("/login").await.field("token");
        self.post("/login", &[("token", &token), ("name", name), ("password", password)]).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], Vec::new()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&").into_bytes();
        self.ask("POST", path, &[("content-type", "application/x-www-form-urlencoded")], body).await
    }

    /// A form with files: name and content.
    pub(crate) async fn upload(&mut self, path: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            write!(body, "--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").unwrap();
        }
        for (name, content) in files {
            let name = name.replace('"', "%22");
            write!(body, "--cut\r\ncontent-disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n").unwrap();
            body.extend_from_slice(b"content-type: application/octet-stream\r\n\r\n");
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--cut--\r\n");
        self.ask("POST", path, &[("content-type", "multipart/form-data; boundary=cut")], body).await
    }

    async fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        if let Some(origin) = self.origin.as_ref().filter(|_| method == "POST") {
            head.push_str(&format!("origin: {origin}\r\n"));
        }
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            head.push_str(&format!("cookie: {}\r\n", cookies.collect::<Vec<_>>().join("; ")));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let (address, request) = (self.address, [head.into_bytes(), body].concat());
        let bytes = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            // Whoever is refused early need not read all of it.
            let _ = stream.write_all(&request);
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).map(|_| answer).unwrap()
        });
        self.take(&bytes.await.unwrap())
    }

    fn take(&mut self, bytes: &[u8]) -> Answer {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = BTreeMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            if name == "set-cookie" {
                let (pair, rules) = value.split_once(';').unwrap();
                assert!(rules.contains("HttpOnly") && rules.contains("SameSite=Strict"), "{value}");
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            headers.insert(name.to_owned(), value.to_owned());
        }
        let mut body = bytes[end + 4..].to_vec();
        if headers.get("transfer-encoding").is_some_and(|how| how == "chunked") {
            body = unchunked(&body);
        }
        Answer { status, headers, bytes: body }
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").unwrap();
        let len = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if len == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + len]);
        body = &body[end + 2 + len + 2..];
    }
}

pub(crate) fn encoded(text: &str) -> String {
    let safe = |b: u8| b.is_ascii_alphanumeric();
    text.bytes().map(|b| if safe(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
