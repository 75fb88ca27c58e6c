//! What is asked and answered, as JSON: the words of [`congvan::control`], which `congvan --json` prints
//! too, and a few that an embedding program needs besides.

use std::path::{Path, PathBuf};

use congvan::blocking::Blocking;
use congvan::control::{Reply, Request, Session, SessionError};
use congvan::plain::{self, PlainError};
use congvan::practice;
use congvan::{Node, Receipt, SendError};
use congvan::{ReadError, node::Builder};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most bytes of a question.
pub const MAX_QUESTION: usize = 16 * 1024 * 1024;

/// How a node is to start; only its directory is needed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Its directory, which `congvan agency create` made.
    dir: PathBuf,
    /// Addresses to listen on.
    #[serde(default)]
    listen: Vec<String>,
    /// Peers to connect to at first.
    #[serde(default)]
    bootstrap: Vec<String>,
    /// The agency key's passphrase.
    #[serde(default)]
    passphrase: Option<String>,
    /// Lets the node write before any peer has confirmed where its chain ends.
    #[serde(default)]
    offline_start: bool,
    /// No network.
    #[serde(default)]
    local_only: bool,
    /// Keeps every attachment.
    #[serde(default)]
    archive: bool,
    /// Whether the node itself reports 01.
    #[serde(default = "yes")]
    report_arrival: bool,
    /// The certificates of trusted authorities.
    #[serde(default)]
    trust: Option<PathBuf>,
}

fn yes() -> bool {
    true
}

/// What an embedding program asks besides the words of [`Request`].
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
enum Own {
    /// Sends a document.
    Send { document: Box<plain::Document> },
    /// Reports a status.
    Report { report: plain::Status },
    /// Writes an attachment to a file.
    Attachment { id: String, number: usize, file: PathBuf },
    /// Makes a network to practise in.
    Practice { dir: PathBuf, name: String, agencies: Vec<PracticeAgency> },
}

/// An agency of a network to practise in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PracticeAgency {
    code: String,
    name: String,
}

/// The answers to [`Own`].
#[derive(Debug, Serialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
enum Answer {
    /// It is durable.
    Written { id: String, number: u64, repeated: bool },
    /// The attachment's length.
    Saved { len: u64 },
    /// The agencies' directories.
    Practice { dirs: Vec<PathBuf> },
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    message_vi: Option<String>,
    retry: bool,
}

impl Failure {
    pub(crate) fn new(message: impl ToString) -> Self {
        Self { message: message.to_string(), message_vi: None, retry: false }
    }

    /// As JSON.
    pub(crate) fn json(self) -> String {
        let Self { message, message_vi, retry } = self;
        json(&Reply::Error { message, message_vi, retry })
    }
}

impl From<PlainError> for Failure {
    fn from(error: PlainError) -> Self {
        let message_vi = match &error {
            PlainError::Send(SendError::Life(error)) => Some(error.vietnamese()),
            _ => None,
        };
        let retry = matches!(
            error,
            PlainError::Send(SendError::NotYet(_))
                | PlainError::Read(ReadError::NotFound(_) | ReadError::Incomplete { .. })
        );
        Self { message: error.to_string(), message_vi, retry }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Node { message, message_vi, retry } => Self { message, message_vi, retry },
            error => Self::new(error),
        }
    }
}

/// Starts a node with these options.
pub(crate) fn start(options: &str) -> Result<Blocking, Failure> {
    let options: Options = parse("the options", options)?;
    let builder = Node::builder(options.dir)
        .passphrase(options.passphrase)
        .offline_start(options.offline_start)
        .archive(options.archive)
        .report_arrival(options.report_arrival)
        .trust(options.trust);
    let builder = options.listen.into_iter().fold(builder, Builder::listen);
    let builder = options.bootstrap.into_iter().fold(builder, Builder::bootstrap);
    let builder = if options.local_only { builder.local_only() } else { builder };
    Blocking::start(builder).map_err(Failure::new)
}

/// Answers a question; without a node only what needs none.
pub(crate) fn call(node: Option<&Blocking>, question: &str) -> Result<String, Failure> {
    let value: Value = parse("the question", question)?;
    let running =
        || node.ok_or_else(|| Failure::new("there is no such node, or it was stopped: start one with congvan_start"));
    match value.get("ask").and_then(Value::as_str) {
        Some("send" | "report" | "attachment" | "practice") => {}
        // Its bodies are files elsewhere; a caller in this process has the words above, and the command line.
        Some(word @ ("skeleton" | "envelope" | "export" | "import" | "form" | "live_procedures" | "store_form")) => {
            return Err(Failure::new(format!("ask: {word:?} is not asked here; use the command congvan")));
        }
        _ => {
            let request: Request = read("the question", value)?;
            let reply = running()?.call(async |node| Session::with(node).call(request).await);
            return Ok(json(&reply.map_err(Failure::new)??));
        }
    }
    let written = |receipt: Receipt| Answer::Written {
        id: receipt.entry.id.to_string(),
        number: receipt.entry.seq.get(),
        repeated: receipt.repeated,
    };
    let answer = match read("the question", value)? {
        Own::Send { document } => {
            let sent = running()?.call(async |node| node.send_plain(*document).await);
            written(sent.map_err(Failure::new)??)
        }
        Own::Report { report } => {
            let reported = running()?.call(async |node| node.report_plain(report).await);
            written(reported.map_err(Failure::new)??)
        }
        Own::Attachment { id, number, file } => {
            let saved = running()?.call(async |node| node.save_attachment(&id, number, &file));
            Answer::Saved { len: saved.map_err(Failure::new)?? }
        }
        Own::Practice { dir, name, agencies } => Answer::Practice { dirs: practice_network(&dir, &name, agencies)? },
    };
    Ok(json(&answer))
}

fn practice_network(dir: &Path, name: &str, agencies: Vec<PracticeAgency>) -> Result<Vec<PathBuf>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)?;
    let agency = |PracticeAgency { code, name }| practice::Agency { code, name };
    let agencies: Vec<_> = agencies.into_iter().map(agency).collect();
    runtime.block_on(practice::network(dir, name, &agencies)).map_err(Failure::new)
}

fn parse<T: for<'a> Deserialize<'a>>(what: &str, text: &str) -> Result<T, Failure> {
    if text.len() > MAX_QUESTION {
        return Err(Failure::new(format!("{what}: {} bytes; at most {MAX_QUESTION} are allowed", text.len())));
    }
    serde_json::from_str(text).map_err(|error| Failure::new(format!("{what}: {error}")))
}

fn read<T: for<'a> Deserialize<'a>>(what: &str, value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| Failure::new(format!("{what}: {error}")))
}

/// What cannot be written as JSON is said as JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| {
        r#"{"reply":"error","message":"the answer cannot be written as JSON","retry":false}"#.into()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn said(question: &str) -> String {
        let answer: Value = serde_json::from_str(&call(None, question).unwrap_or_else(Failure::json)).unwrap();
        assert_eq!(answer["reply"], "error");
        answer["message"].as_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_wrong_with_a_question_is_said_in_json() {
        assert!(said("{").starts_with("the question: EOF"));
        assert!(said(r#"{"ask": "fly"}"#).contains("fly"));
        assert!(said(r#"{"ask": "send", "document": {"too": []}}"#).contains("too"));
        assert!(said(r#"{"ask": "export", "blobs": true}"#).contains("the command congvan"));
        assert!(said(r#"{"ask": "inbox", "limit": 3}"#).contains("congvan_start"));
        assert!(said(r#"{"ask": "send", "document": {}}"#).contains("congvan_start"));
    }

    #[test]
    fn a_question_one_byte_past_the_bound_is_refused() {
        let node = r#"{"ask": "node"}"#;
        let question = |len: usize| format!("{node}{}", " ".repeat(len - node.len()));
        assert!(said(&question(MAX_QUESTION)).contains("congvan_start"));
        assert!(said(&question(MAX_QUESTION + 1)).contains("16777217 bytes; at most 16777216"));
    }
}
