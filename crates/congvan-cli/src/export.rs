//! A document out of the ledger: the packet that it came as, byte for byte, or one written for it;
//! and its attachments as files.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use congvan::control::Request;
use congvan::core::document::Packaging;
use congvan::core::{Attachment, Content, Envelope, Wire};
use congvan::view::DocumentView;
use serde::Serialize;
use tokio::fs::File;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::home::{App, Link};
use crate::output::{Counted, Unit};

#[derive(Serialize)]
struct Exported {
    id: String,
    /// Whether the packet is the one that was sent, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<bool>,
    files: Vec<Written>,
}

#[derive(Serialize)]
struct Written {
    path: PathBuf,
    bytes: u64,
}

/// `export`
pub(crate) async fn export(app: &App, args: args::Export) -> Result<Exit, Failure> {
    let to_stdout = args.output.is_none() && args.attachments.is_none();
    if to_stdout && app.out.json {
        return Err(Failure::JsonOutput);
    }
    if to_stdout && std::io::stdout().is_terminal() {
        return Err(Failure::BinaryTerminal);
    }
    let link = app.session(false).await?;
    let done = write(app, &link, args).await;
    link.close().await;
    let exported = done?;
    if to_stdout {
        return Ok(Exit::Done);
    }
    app.out.result(&exported, |page| {
        for file in &exported.files {
            page.line(app.out.lang.written_to(file.path.display(), file.bytes));
        }
    })?;
    Ok(Exit::Done)
}

async fn write(app: &App, link: &Link, args: args::Export) -> Result<Exported, Failure> {
    let document = link.document(Request::Show { id: args.id.id }).await?;
    let bytes = link.bytes(Request::Envelope { id: document.summary.id.clone() }).await?;
    let Content::V1(envelope) = Content::from_bytes(&bytes)?;
    let mut exported = Exported { id: document.summary.id.clone(), original: None, files: Vec::new() };
    if let Some(dir) = &args.attachments {
        exported.files = attachments(app, link, &document, &envelope, dir).await?;
    }
    if args.output.is_some() || args.attachments.is_none() {
        let packet = packet(app, link, &document, &envelope).await?;
        exported.original = Some(document.has_packet);
        match &args.output {
            Some(path) => {
                replace(path, &packet)?;
                exported.files.push(Written { path: path.clone(), bytes: packet.len() as u64 });
            }
            None => std::io::stdout().lock().write_all(&packet)?,
        }
    }
    Ok(exported)
}

/// The packet: as it came, or written now.
async fn packet(app: &App, link: &Link, document: &DocumentView, envelope: &Envelope) -> Result<Vec<u8>, Failure> {
    let id = &document.summary.id;
    let mut attachments = Vec::new();
    for number in 0..envelope.attachments.len() {
        attachments.push(fetch(app, link, id, number, Vec::new()).await?);
    }
    if document.has_packet {
        let skeleton = link.bytes(Request::Skeleton { id: id.clone() }).await?;
        return Ok(congvan_edxml::packet_of(&skeleton, &attachments)?);
    }
    let agencies = link.agencies().await?;
    let named = |code: &String| {
        let name = agencies.iter().find(|agency| agency.code == *code).map(|agency| agency.name.clone());
        (code.clone(), name.unwrap_or_default())
    };
    let to: Vec<_> = document.summary.to.iter().map(named).collect();
    let from = (document.summary.from.as_str(), document.summary.from_name.as_str());
    // A packet cannot be without an id; the ledger's own is one that nobody else has.
    let mut envelope = envelope.clone();
    if envelope.document_id.is_empty() {
        envelope.document_id = congvan::core::Text::new(id.as_str()).unwrap_or_default();
    }
    Ok(congvan_edxml::build_packet(&envelope, from, &to, &attachments)?)
}

async fn fetch<W>(app: &App, link: &Link, id: &str, number: usize, out: W) -> Result<W, Failure>
where
    W: tokio::io::AsyncWrite + Unpin,
{
    let mut out = Counted::new(out, app.out.meter(app.out.lang.p_fetch(), 0, Unit::Bytes));
    link.0.fetch(Request::Attachment { id: id.to_owned(), number }, &mut out).await?;
    Ok(out.into_inner())
}

/// Each attachment as the file that its author saved.
async fn attachments(
    app: &App,
    link: &Link,
    document: &DocumentView,
    envelope: &Envelope,
    dir: &Path,
) -> Result<Vec<Written>, Failure> {
    std::fs::create_dir_all(dir).map_err(Failure::file(dir))?;
    let mut taken = BTreeSet::new();
    let mut written = Vec::new();
    for (number, listed) in envelope.attachments.iter().enumerate() {
        let path = dir.join(free_name(&listed.name, number, &mut taken));
        let id = &document.summary.id;
        let bytes = match listed.packaging {
            Packaging::Plain => {
                let (part, file) = Part::create(&path)?;
                let file = fetch(app, link, id, number, File::from_std(file)).await?;
                part.finish(file.into_std().await)?
            }
            Packaging::Zip => {
                let zipped = fetch(app, link, id, number, Vec::new()).await?;
                let bytes = unzipped(listed, zipped)?;
                replace(&path, &bytes)?;
                bytes.len() as u64
            }
        };
        written.push(Written { path, bytes });
    }
    Ok(written)
}

/// The file in a ZIP; the packet's importer has seen that there is one.
fn unzipped(listed: &Attachment, zipped: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let attachment = congvan_edxml::Attachment::new("", &listed.name, "application/zip", zipped);
    let file = attachment.file().map_err(|error| Failure::Zip(listed.name.to_string(), error))?;
    Ok(file.bytes.into_owned())
}

/// A name for an attachment's file that stays in its directory, whatever its author wrote, and is
/// no other attachment's.
pub(crate) fn free_name(name: &str, number: usize, taken: &mut BTreeSet<String>) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe = |c: char| if c.is_control() || c == ':' { '_' } else { c };
    let safe: String = last.trim().trim_start_matches('.').chars().map(safe).collect();
    // File systems have names of at most 255 bytes; room is left for what is added here.
    let mut end = safe.len().min(200);
    while !safe.is_char_boundary(end) {
        end -= 1;
    }
    let mut free = match &safe[..end] {
        "" => format!("{}", number + 1),
        safe => safe.to_owned(),
    };
    // Some file systems take A and a for one.
    while !taken.insert(free.to_lowercase()) {
        free = format!("{}-{free}", number + 1);
    }
    free
}

/// A file that grows beside its place until it is whole; what fails leaves nothing behind.
pub(crate) struct Part<'a> {
    path: &'a Path,
    part: PathBuf,
}

impl<'a> Part<'a> {
    pub(crate) fn create(path: &'a Path) -> Result<(Self, std::fs::File), Failure> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let file = std::fs::File::create(&part).map_err(Failure::file(&part))?;
        Ok((Self { path, part }, file))
    }

    /// Puts the whole file in its place, durably. Returns its length.
    pub(crate) fn finish(self, file: std::fs::File) -> Result<u64, Failure> {
        let len = file.metadata().and_then(|metadata| file.sync_all().map(|()| metadata.len()));
        let len = len.map_err(Failure::file(self.path))?;
        std::fs::rename(&self.part, self.path).map_err(Failure::file(self.path))?;
        Ok(len)
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        // Once finished it is gone already.
        let _ = std::fs::remove_file(&self.part);
    }
}

/// Writes a file whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let (part, mut file) = Part::create(path)?;
    file.write_all(bytes).map_err(Failure::file(path))?;
    part.finish(file).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_outside_stays_in_its_directory() {
        let mut taken = BTreeSet::new();
        let mut free = |name: &str| free_name(name, 4, &mut taken);
        assert_eq!(free("../../etc/passwd"), "passwd");
        assert_eq!(free("C:\\temp\\Báo cáo.pdf"), "Báo cáo.pdf");
        assert_eq!(free("báo cáo.PDF"), "5-báo cáo.PDF");
        assert_eq!(free(".bashrc"), "bashrc");
        assert_eq!(free("a\nb\0c"), "a_b_c");
        assert_eq!(free(".."), "5");
        assert_eq!(free(""), "5-5");
        assert!(free(&"ệ".repeat(170)).len() <= 200);
    }
}
