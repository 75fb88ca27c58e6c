//! Attachments on their way to the node: streamed, never in memory as a whole.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use congvan::core::limits::MAX_ATTACHMENT;
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

use crate::exit::Failure;
use crate::text::Lang;

/// A body of several parts, one after another, each as long as was stated.
pub(crate) struct Parts {
    parts: VecDeque<Part>,
    lang: Lang,
}

enum Part {
    Bytes(io::Cursor<Vec<u8>>),
    File { path: PathBuf, file: File, left: u64 },
}

impl Parts {
    pub(crate) fn new(lang: Lang) -> Self {
        Self { parts: VecDeque::new(), lang }
    }

    /// Adds bytes at hand.
    pub(crate) fn bytes(&mut self, bytes: Vec<u8>) {
        self.parts.push_back(Part::Bytes(io::Cursor::new(bytes)));
    }

    /// Opens a file, and adds its bytes. Returns its length.
    pub(crate) fn file(&mut self, path: &Path) -> Result<u64, Failure> {
        let file = std::fs::File::open(path).map_err(Failure::file(path))?;
        let metadata = file.metadata().map_err(Failure::file(path))?;
        if !metadata.is_file() {
            return Err(Failure::NotAFile(path.to_owned()));
        }
        let left = metadata.len();
        if left > MAX_ATTACHMENT {
            return Err(Failure::AttachmentSize(path.to_owned(), left));
        }
        self.parts.push_back(Part::File { path: path.to_owned(), file: File::from_std(file), left });
        Ok(left)
    }
}

impl AsyncRead for Parts {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let lang = self.lang;
        while let Some(part) = self.parts.front_mut() {
            let before = buffer.filled().len();
            match part {
                Part::Bytes(bytes) => ready!(Pin::new(bytes).poll_read(cx, buffer))?,
                Part::File { path, file, left } => {
                    ready!(Pin::new(file).poll_read(cx, buffer))?;
                    let read = (buffer.filled().len() - before) as u64;
                    // What is signed must be the file as it stands: neither cut nor grown while it was read.
                    let ended_early = read == 0 && *left > 0;
                    if read > *left || ended_early {
                        buffer.set_filled(before);
                        return Poll::Ready(Err(io::Error::other(lang.e_changed(path.display()))));
                    }
                    *left -= read;
                }
            }
            if buffer.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
            self.parts.pop_front();
        }
        Poll::Ready(Ok(()))
    }
}

/// The media type of a file by its name's ending: what offices attach. Empty where it is not known.
pub(crate) fn media_type(path: &Path) -> &'static str {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "rtf" => "application/rtf",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "xml" => "application/xml",
        "json" => "application/json",
        "html" | "htm" => "text/html",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "tif" | "tiff" => "image/tiff",
        "zip" => "application/zip",
        "rar" => "application/vnd.rar",
        "7z" => "application/x-7z-compressed",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;
    use tokio::io::AsyncReadExt;

    #[test]
    fn media_types_follow_the_ending() {
        assert_eq!(media_type(Path::new("a/B.PDF")), "application/pdf");
        assert_eq!(media_type(Path::new("no-ending")), "");
    }

    async fn all(mut parts: Parts) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        parts.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    #[tokio::test]
    async fn parts_follow_each_other() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"file").unwrap();
        let empty = tempfile::NamedTempFile::new().unwrap();
        let mut parts = Parts::new(Lang::En);
        assert_eq!(parts.file(file.path()).unwrap(), 4);
        assert_eq!(parts.file(empty.path()).unwrap(), 0);
        parts.bytes(b"skeleton".to_vec());
        assert_eq!(all(parts).await.unwrap(), b"fileskeleton");
    }

    #[tokio::test]
    async fn a_file_that_changes_while_it_is_read_is_refused() {
        for len in [2, 6] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(b"file").unwrap();
            let mut parts = Parts::new(Lang::En);
            parts.file(file.path()).unwrap();
            file.as_file().set_len(len).unwrap();
            let error = all(parts).await.unwrap_err().to_string();
            assert!(error.contains("changed") && error.contains(file.path().to_str().unwrap()), "{error}");
        }
    }

    #[test]
    fn a_directory_and_an_oversize_file_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut parts = Parts::new(Lang::En);
        assert!(matches!(parts.file(dir.path()), Err(Failure::NotAFile(_))));
        let file = tempfile::NamedTempFile::new().unwrap();
        // Sparse: it takes no room.
        file.as_file().set_len(MAX_ATTACHMENT + 1).unwrap();
        assert!(matches!(parts.file(file.path()), Err(Failure::AttachmentSize(_, len)) if len == MAX_ATTACHMENT + 1));
        file.as_file().set_len(MAX_ATTACHMENT).unwrap();
        assert_eq!(parts.file(file.path()).unwrap(), MAX_ATTACHMENT);
    }
}
