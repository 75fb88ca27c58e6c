//! Documents that are being written: the attachments that arrived already, on disk, so that a page that has to
//! be shown again (a missing subject, another recipient) does not ask for them again.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use congvan::core::limits::{MAX_ATTACHMENT, MAX_NAME};
use tempfile::TempPath;
use tokio::time::timeout;

use crate::spool::Spool;

/// Documents that one session writes at once; the one begun first makes room.
pub(crate) const MAX_DRAFTS: usize = 4;
/// Bytes of all attachments of one document together.
pub(crate) const MAX_TOTAL: u64 = 2 * MAX_ATTACHMENT;
/// How long an upload may stand still.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why an attachment is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftError {
    #[error("an attachment has more than {MAX_ATTACHMENT} bytes, or all together more than {MAX_TOTAL}")]
    TooLong,
    #[error("the upload was interrupted: {0}")]
    Interrupted(#[from] axum::extract::multipart::MultipartError),
    #[error("the upload stood still for {PATIENCE:?}")]
    Stalled,
    #[error("the attachment cannot be kept: {0}")]
    Io(#[from] io::Error),
}

/// An attachment on disk; its file goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Spooled {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) len: u64,
    pub(crate) path: TempPath,
}

impl Spooled {
    /// Takes what comes, in constant memory, at most `left` bytes.
    pub(crate) async fn receive(
        field: &mut axum::extract::multipart::Field<'_>,
        dir: &Path,
        left: u64,
    ) -> Result<Self, DraftError> {
        // Browsers write a quotation mark in a name so, and nothing else that matters here.
        let name = safe_name(&field.file_name().unwrap_or_default().replace("%22", "\""));
        let media_type = field.content_type().unwrap_or_default().to_owned();
        let media_type = if media_type.len() > 128 { String::new() } else { media_type };
        let spool = Spool::<()>::new(dir);
        let mut len = 0;
        while let Some(piece) = timeout(PATIENCE, field.chunk()).await.map_err(|_| DraftError::Stalled)?? {
            len += piece.len() as u64;
            if len > left.min(MAX_ATTACHMENT) {
                return Err(DraftError::TooLong);
            }
            if spool.push(piece).await.is_err() {
                break;
            }
        }
        let (file, ()) = spool.finish().await?;
        Ok(Self { name, media_type, len, path: file.into_temp_path() })
    }
}

/// A file's name without a path, control characters and what turns text around.
pub(crate) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut safe: String = last.chars().filter(|c| !c.is_control() && !turns(*c)).collect();
    while safe.len() > MAX_NAME {
        safe.pop();
    }
    match safe.trim().trim_start_matches('.') {
        "" => "tep-kem".to_owned(),
        name => name.to_owned(),
    }
}

#[derive(Debug)]
struct Draft {
    begun: Instant,
    files: Vec<Spooled>,
}

/// The documents that one session writes, by their forms' keys.
#[derive(Debug, Default)]
pub(crate) struct Drafts(Mutex<HashMap<String, Draft>>);

impl Drafts {
    /// Takes a draft's attachments out; whoever does not send them puts them back.
    pub(crate) fn take(&self, key: &str) -> Vec<Spooled> {
        let mut drafts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.remove(key).map(|draft| draft.files).unwrap_or_default()
    }

    /// Keeps a draft's attachments for the next time that its form comes.
    pub(crate) fn keep(&self, key: &str, files: Vec<Spooled>) {
        if files.is_empty() {
            return;
        }
        let mut drafts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if drafts.len() >= MAX_DRAFTS && !drafts.contains_key(key) {
            let oldest = drafts.iter().min_by_key(|(_, draft)| draft.begun).map(|(key, _)| key.clone());
            oldest.and_then(|key| drafts.remove(&key));
        }
        drafts.insert(key.to_owned(), Draft { begun: Instant::now(), files });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_name_is_safe_to_keep_and_to_show() {
        for (given, safe) in [
            ("bao-cao.pdf", "bao-cao.pdf"),
            ("Báo cáo quý.pdf", "Báo cáo quý.pdf"),
            ("C:\\Users\\x\\a.doc", "a.doc"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nb\".pdf", "ab\".pdf"),
            ("x\u{202e}fdp.exe", "xfdp.exe"),
            (".htaccess", "htaccess"),
            ("", "tep-kem"),
            ("/", "tep-kem"),
        ] {
            assert_eq!(safe_name(given), safe, "{given:?}");
        }
        assert_eq!(safe_name(&"a".repeat(MAX_NAME)).len(), MAX_NAME);
        assert_eq!(safe_name(&"ế".repeat(MAX_NAME)).len(), MAX_NAME - MAX_NAME % 3);
    }

    #[test]
    fn drafts_have_a_bound_and_their_files_go_with_them() {
        let dir = tempfile::tempdir().unwrap();
        let spooled = || Spooled {
            name: "a".to_owned(),
            media_type: String::new(),
            len: 0,
            path: tempfile::NamedTempFile::new_in(&dir).unwrap().into_temp_path(),
        };
        let drafts = Drafts::default();
        for number in 0..=MAX_DRAFTS {
            drafts.keep(&number.to_string(), vec![spooled()]);
        }
        assert!(drafts.take("0").is_empty(), "the oldest made room");
        assert_eq!(drafts.take("1").len(), 1);
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), MAX_DRAFTS - 1);
        drop(drafts);
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
    }
}
