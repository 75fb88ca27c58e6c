//! A network in a directory of its own, driven by the real binary alone.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use congvan::Node;
use serde_json::Value;

pub(crate) const H55: &str = "000.00.00.H55";
pub(crate) const TTTT: &str = "000.00.01.H55";
pub(crate) const TC: &str = "000.00.02.H55";

/// The binary, with nothing of the surrounding environment that it would heed.
pub(crate) fn congvan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_congvan"));
    for name in ["CONGVAN_DIR", "CONGVAN_LANG", "CONGVAN_PASSPHRASE", "LC_ALL", "LC_MESSAGES"] {
        command.env_remove(name);
    }
    command.env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

/// What a run ended with.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
        Self { code: output.status.code().expect("it exits"), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Everything said, wherever.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    #[track_caller]
    pub(crate) fn says(self, what: &str) -> Self {
        assert!(self.said().contains(what), "{what:?} is not in {self:?}");
        self
    }

    /// Standard output as exactly one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) fn run(dir: &Path, words: &[impl AsRef<OsStr>]) -> Ran {
    congvan().arg("--dir").arg(dir).args(words).output().unwrap().into()
}

pub(crate) fn json(dir: &Path, words: &[impl AsRef<OsStr>]) -> Ran {
    congvan().arg("--json").arg("--dir").arg(dir).args(words).output().unwrap().into()
}

pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data").join(name)
}

/// A registrar and three agencies with real codes, admitted, each with the roster.
pub(crate) struct Net {
    root: tempfile::TempDir,
}

impl Net {
    pub(crate) fn new() -> Self {
        let net = Self { root: tempfile::tempdir().unwrap() };
        run(&net.path("registrar"), &["network", "create", "--name", "Thái Nguyên"]).ok();
        for (dir, code, name) in [
            ("h55", H55, "UBND tỉnh Thái Nguyên"),
            ("tttt", TTTT, "Sở Thông tin và Truyền thông"),
            ("tc", TC, "Sở Tài chính"),
        ] {
            net.agency(dir, code, name).ok();
            net.registrar(&["roster", "admit", net.str(&format!("{dir}/enrolment.cgv")).as_str()]).ok();
        }
        net.share_roster(&["h55", "tttt", "tc"]);
        net
    }

    pub(crate) fn agency(&self, dir: &str, code: &str, name: &str) -> Ran {
        let genesis = self.str("registrar/genesis.cgv");
        run(&self.path(dir), &["agency", "create", "--network", &genesis, "--code", code, "--name", name])
    }

    pub(crate) fn share_roster(&self, dirs: &[&str]) {
        let file = self.str("roster.cgva");
        self.registrar(&["ledger", "export", "-o", &file]).ok();
        for dir in dirs {
            run(&self.path(dir), &["ledger", "import", &file]).ok();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn str(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn registrar(&self, words: &[&str]) -> Ran {
        run(&self.path("registrar"), words)
    }

    pub(crate) fn h55(&self, words: &[&str]) -> Ran {
        run(&self.path("h55"), words)
    }

    pub(crate) fn tttt(&self, words: &[&str]) -> Ran {
        run(&self.path("tttt"), words)
    }

    /// Sends the sample packet from H55. Returns its id.
    pub(crate) fn send_packet(&self) -> String {
        let packet = sample("bao-cao.edxml");
        let sent = json(&self.path("h55"), &["send", "--offline", "--packet", packet.to_str().unwrap()]).ok();
        sent.json()["id"].as_str().unwrap().to_owned()
    }

    /// Carries everything of one agency to another, by file.
    pub(crate) fn carry(&self, from: &str, to: &str) {
        let file = self.str(&format!("{from}.cgva"));
        run(&self.path(from), &["ledger", "export", "--blobs", "-o", &file]).ok();
        run(&self.path(to), &["ledger", "import", &file]).ok();
    }
}

/// Where a node listens: known a moment after its start.
async fn addresses(node: &Node) -> Vec<String> {
    let known = async {
        loop {
            match node.listen_addresses().await {
                known if known.is_empty() => tokio::task::yield_now().await,
                known => return known,
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), known).await.expect("it listens")
}

/// Two connected nodes, one of H55 and one of TTTT.
pub(crate) async fn two_nodes(net: &Net) -> [Node; 2] {
    two_nodes_with(net, congvan::witness::EVERY).await
}

/// The same, which look for checkpoints as often as this.
pub(crate) async fn two_nodes_with(net: &Net, checkpoints: std::time::Duration) -> [Node; 2] {
    let builder = |home: &str| Node::builder(net.path(home)).listen("/ip4/127.0.0.1/tcp/0").checkpoints(checkpoints);
    let receiver = builder("tttt").start().await.unwrap();
    let mut sender = builder("h55");
    for address in addresses(&receiver).await {
        sender = sender.bootstrap(address);
    }
    let nodes = [sender.start().await.unwrap(), receiver];
    for node in &nodes {
        node.serve_control().await.unwrap();
        let gate = node.wait_writable(std::time::Duration::from_secs(60)).await;
        assert_eq!(gate, congvan::Gate::Open);
    }
    nodes
}
