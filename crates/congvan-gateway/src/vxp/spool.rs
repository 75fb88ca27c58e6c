//! A request's body: bounded, hashed as it comes, and on disk rather than in memory.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::answer::Fault;
use crate::spool::{Look, Spool};

/// How long a body may stand still.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most bytes of a body that is read only so that its sender hears the answer.
const MAX_DRAINED: u64 = 64 << 20;

/// The next piece of a body; `None` at its end.
async fn piece(body: &mut Body) -> Result<Option<Bytes>, Fault> {
    loop {
        let frame = timeout(PATIENCE, body.frame()).await.map_err(|_| Fault::Interrupted)?;
        match frame.transpose().map_err(|_| Fault::Interrupted)? {
            None => return Ok(None),
            Some(frame) => match frame.into_data() {
                Ok(data) if data.is_empty() => continue,
                Ok(data) => return Ok(Some(data)),
                Err(_) => continue,
            },
        }
    }
}

/// A small body, in memory.
pub(crate) async fn small(body: &mut Body, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(piece) = piece(body).await? {
        if bytes.len() + piece.len() > limit {
            return Err(Fault::TooLong(limit as u64));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Reads what is left of a body that is not wanted, within bounds: a client that is still sending would
/// otherwise see a broken connection instead of the answer, and try again.
pub(crate) async fn drain(body: &mut Body) {
    let mut read = 0;
    while let Ok(Some(piece)) = piece(body).await {
        read += piece.len() as u64;
        if read > MAX_DRAINED {
            break;
        }
    }
}

/// A file that came as a body: the body itself, or without the CRLF that the SDK sends behind it.
#[derive(Debug)]
pub(crate) struct Spooled {
    file: File,
    len: u64,
}

impl Spooled {
    /// Takes a body of at most `limit` bytes (the CRLF apart) into a file in `dir`, and holds it
    /// against the hash that was signed.
    pub(crate) async fn receive(body: &mut Body, limit: u64, dir: &Path, hash: String) -> Result<Self, Fault> {
        let spool = Spool::<Hashes>::new(dir);
        let mut received = 0;
        while let Some(piece) = piece(body).await? {
            received += piece.len() as u64;
            if received > limit.saturating_add(2) {
                return Err(Fault::TooLong(limit));
            }
            if spool.push(piece).await.is_err() {
                break;
            }
        }
        let (file, hashes) = spool.finish().await?;
        let len = hashes.length_of(&hash).ok_or(Fault::FileHash)?;
        if len > limit {
            return Err(Fault::TooLong(limit));
        }
        Ok(Self { file: file.into_file(), len })
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// All of it, in memory.
    pub(crate) fn read(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.len).unwrap_or_default());
        self.file.rewind()?;
        self.file.take(self.len).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The hashes that a body may be known by.
#[derive(Debug, Default)]
struct Hashes {
    /// Of all but the last two bytes.
    before: Sha256,
    last: Vec<u8>,
    len: u64,
}

impl Look for Hashes {
    fn look(&mut self, piece: &[u8]) {
        self.len += piece.len() as u64;
        // The last two bytes wait until it is known whether they are the last.
        let (early, late) = piece.split_at(piece.len().saturating_sub(2));
        let keep = 2_usize.saturating_sub(piece.len());
        let gone = self.last.len().saturating_sub(keep);
        self.before.update(&self.last[..gone]);
        self.last.drain(..gone);
        self.before.update(early);
        self.last.extend_from_slice(late);
    }
}

impl Hashes {
    /// How many bytes of the body are the file with this hash.
    fn length_of(&self, hash: &str) -> Option<u64> {
        let matches = |digest: &[u8]| hash == printed(digest) || hash.eq_ignore_ascii_case(&hex::encode(digest));
        if self.last == b"\r\n" && matches(&self.before.clone().finalize()) {
            return Some(self.len - 2);
        }
        let whole = self.before.clone().chain_update(&self.last).finalize();
        matches(&whole).then_some(self.len)
    }
}

/// Each byte as the SDK prints it, with `%x`: below 0x10 it takes one digit.
fn printed(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(pieces: &[&[u8]]) -> Hashes {
        let mut hashes = Hashes::default();
        pieces.iter().for_each(|piece| hashes.look(piece));
        hashes
    }

    #[test]
    fn a_file_is_found_with_or_without_the_line_end_however_it_is_cut() {
        let body = b"<edXML/>\r\n";
        let file = hex::encode(Sha256::digest(&body[..8]));
        let whole = hex::encode(Sha256::digest(body));
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let hashes = hashes(&[&body[..first], &body[first..second], &body[second..]]);
                assert_eq!(hashes.length_of(&file), Some(8), "{first} {second}");
                assert_eq!(hashes.length_of(&whole), Some(10), "{first} {second}");
                assert_eq!(hashes.length_of(&whole[1..]), None);
            }
        }
        assert_eq!(hashes(&[b"", b"\r", b"\n"]).length_of(&hex::encode(Sha256::digest(b""))), Some(0));
    }

    #[test]
    fn a_byte_below_sixteen_takes_one_digit() {
        assert_eq!(printed(&[0x0b, 0x00, 0xff, 0x10]), "b0ff10");
        // Some file whose hash has such a byte.
        let file = (0u32..).map(|n| n.to_string()).find(|text| printed(&Sha256::digest(text)).len() < 64);
        let file = file.unwrap_or_default();
        let short = printed(&Sha256::digest(&file));
        assert_eq!(hashes(&[file.as_bytes(), b"\r\n"]).length_of(&short), Some(file.len() as u64));
    }
}
