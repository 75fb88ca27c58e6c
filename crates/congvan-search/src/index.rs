//! The index on disk: its fields, its commits, and what makes it valid.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use congvan::core::{AgencyCode, EntryId};
use congvan::search::Readable;
use congvan::store::{Ledger, StoreError};
use tantivy::indexer::IndexWriterOptions;
use tantivy::schema::{FAST, Field, INDEXED, STORED, STRING, Schema};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use crate::SearchError;
use crate::words::{Accented, words};

/// Changes with every change of fields or words: an index of another version is made anew.
const FORMAT: &str = "congvan-search 1";
/// What documents occupy in memory before they are written.
pub(crate) const WRITER_HEAP: usize = 24 << 20;
/// Feed items read at once.
pub(crate) const PAGE: usize = 512;

/// The values of the field `mailbox`.
pub(crate) const INBOX: &str = "inbox";
pub(crate) const OUTBOX: &str = "outbox";

/// The fields of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) id: Field,
    pub(crate) mailbox: Field,
    /// The sender's code.
    pub(crate) sender: Field,
    /// The number in the sender's chain.
    pub(crate) number: Field,
    /// The addressees' codes.
    pub(crate) recipient: Field,
    pub(crate) recipients: Field,
    pub(crate) time: Field,
    /// The number in the feed: which of two came later where their times are the same.
    pub(crate) event: Field,
    /// Words of subject, abstract and code, plain.
    pub(crate) plain: Field,
    /// Those that have accents, by [`Accented::keys`].
    pub(crate) accented: Field,
    /// Words of number and notation, plain.
    pub(crate) coded: Field,
    pub(crate) subject: Field,
    pub(crate) code: Field,
}

/// The names by which results are sorted.
pub(crate) const TIME: &str = "time";
pub(crate) const EVENT: &str = "event";

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let fields = Fields {
        id: schema.add_text_field("id", STRING | STORED),
        mailbox: schema.add_text_field("mailbox", STRING | STORED),
        sender: schema.add_text_field("sender", STRING | STORED),
        number: schema.add_u64_field("number", INDEXED | FAST | STORED),
        recipient: schema.add_text_field("recipient", STRING),
        recipients: schema.add_u64_field("recipients", STORED),
        time: schema.add_u64_field(TIME, FAST | STORED),
        event: schema.add_u64_field(EVENT, FAST),
        plain: schema.add_text_field("plain", STRING),
        accented: schema.add_text_field("accented", STRING),
        coded: schema.add_text_field("coded", STRING),
        subject: schema.add_text_field("subject", STORED),
        code: schema.add_text_field("code", STORED),
    };
    (schema.build(), fields)
}

/// Where an index is in the node's feed. The hash covers every item up to there: a ledger that came out of a
/// backup has another feed under the same numbers, and the index is not of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) event: u64,
    hash: blake3::Hash,
}

impl Cursor {
    pub(crate) const START: Self = Self { event: 0, hash: blake3::Hash::from_bytes([0; 32]) };

    /// Past the next item.
    pub(crate) fn past(self, event: u64, entry: EntryId) -> Self {
        let hash = blake3::Hasher::new()
            .update(self.hash.as_bytes())
            .update(&event.to_le_bytes())
            .update(entry.as_bytes())
            .finalize();
        Self { event, hash }
    }

    fn to_payload(self) -> String {
        format!("{FORMAT} {} {}", self.event, self.hash)
    }

    fn of_payload(payload: &str) -> Option<Self> {
        let (event, hash) = payload.strip_prefix(FORMAT)?.strip_prefix(' ')?.split_once(' ')?;
        Some(Self { event: event.parse().ok()?, hash: hash.parse().ok()? })
    }

    /// Whether the feed of this ledger leads here.
    fn is_of(self, ledger: &Ledger) -> Result<bool, StoreError> {
        let mut at = Self::START;
        while at.event < self.event {
            let page = ledger.feed(at.event, PAGE)?;
            if page.is_empty() {
                return Ok(false);
            }
            for item in page.iter().take_while(|item| item.number <= self.event) {
                at = at.past(item.number, item.entry.id);
            }
            if page.last().is_some_and(|last| last.number > self.event) {
                break;
            }
        }
        Ok(at == self)
    }
}

/// An open index: its readers' side.
#[derive(Clone)]
pub(crate) struct Shelf {
    dir: PathBuf,
    index: Index,
    pub(crate) fields: Fields,
    pub(crate) reader: IndexReader,
    pub(crate) committed: Cursor,
}

impl Shelf {
    /// Opens the index in a directory, or makes an empty one where none of this ledger is there whole.
    pub(crate) fn open(dir: &Path, ledger: &Ledger) -> Result<Self, SearchError> {
        let file = |error| SearchError::Directory { path: dir.to_owned(), error };
        if dir.exists() {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(file)?;
            match Self::open_whole(dir) {
                Ok(shelf) if shelf.committed.is_of(ledger)? => return Ok(shelf),
                Ok(_) => tracing::warn!(dir = %dir.display(), "the index is of another ledger; it is made anew"),
                Err(why) => tracing::warn!(dir = %dir.display(), %why, "the index cannot be used; it is made anew"),
            }
        }
        Self::create(dir)
    }

    fn open_whole(dir: &Path) -> Result<Self, String> {
        let index = Index::open_in_dir(dir).map_err(|error| error.to_string())?;
        let (schema, _) = schema();
        if index.schema() != schema {
            return Err("it has other fields".to_owned());
        }
        let damaged = index.validate_checksum().map_err(|error| error.to_string())?;
        if let Some(file) = damaged.iter().next() {
            return Err(format!("{} is damaged", file.display()));
        }
        let payload = index.load_metas().map_err(|error| error.to_string())?.payload;
        let committed = payload.as_deref().and_then(Cursor::of_payload).ok_or("it is of another format")?;
        Self::of(dir, index, committed).map_err(|error| error.to_string())
    }

    /// An empty index in place of whatever is there.
    pub(crate) fn create(dir: &Path) -> Result<Self, SearchError> {
        let file = |error| SearchError::Directory { path: dir.to_owned(), error };
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(error)),
            _ => {}
        }
        std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700).create(dir).map_err(file)?;
        Ok(Self::of(dir, Index::create_in_dir(dir, schema().0)?, Cursor::START)?)
    }

    fn of(dir: &Path, index: Index, committed: Cursor) -> tantivy::Result<Self> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { dir: dir.to_owned(), index, fields: schema().1, reader, committed })
    }

    /// Its directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes the segments anew that hold deleted documents, and removes the old files. `false` where some are being
    /// merged just now, so that it is to be tried again.
    pub(crate) fn clear(&self, writer: &mut IndexWriter) -> tantivy::Result<bool> {
        let segments = self.index.searchable_segment_metas()?;
        let with_deleted: Vec<_> = segments.iter().filter(|s| s.num_deleted_docs() > 0).map(|s| s.id()).collect();
        drop(segments);
        if with_deleted.is_empty() {
            return Ok(true);
        }
        if let Err(error) = writer.merge(&with_deleted).wait() {
            tracing::debug!(%error, "what was taken out of the index is cleared from its files later");
            return Ok(false);
        }
        self.reader.reload()?;
        writer.garbage_collect_files().wait()?;
        Ok(true)
    }

    /// Its one writer.
    pub(crate) fn writer(&self) -> tantivy::Result<IndexWriter> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_HEAP)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        self.index.writer_with_options(options)
    }
}

/// Makes what was written, and how far it goes, durable as one, and lets it be found.
pub(crate) fn commit(writer: &mut IndexWriter, reader: &IndexReader, cursor: Cursor) -> tantivy::Result<()> {
    let mut commit = writer.prepare_commit()?;
    commit.set_payload(&cursor.to_payload());
    commit.commit()?;
    reader.reload()
}

/// The document, as it is indexed.
pub(crate) fn document(
    fields: &Fields,
    id: EntryId,
    number: u64,
    event: u64,
    (sender, own): (&AgencyCode, &AgencyCode),
    readable: &Readable,
) -> TantivyDocument {
    let mut document = TantivyDocument::new();
    let envelope = &readable.envelope;
    let code = readable.code();
    document.add_text(fields.id, id.to_string());
    document.add_text(fields.sender, sender.as_str());
    document.add_u64(fields.number, number);
    document.add_u64(fields.recipients, readable.cover.addressees.len() as u64);
    document.add_u64(fields.time, readable.time.as_millis());
    document.add_u64(fields.event, event);
    document.add_text(fields.subject, &*envelope.subject);
    document.add_text(fields.code, &code);
    for recipient in readable.cover.addressees.iter() {
        document.add_text(fields.recipient, recipient.as_str());
    }
    if readable.cover.addressees.contains(own) {
        document.add_text(fields.mailbox, INBOX);
    }
    if sender == own {
        document.add_text(fields.mailbox, OUTBOX);
    }
    let coded: BTreeSet<_> = words(&code).into_iter().collect();
    coded.iter().for_each(|word| document.add_text(fields.coded, &word.plain));
    let text = [&*envelope.subject, &*envelope.summary].into_iter().flat_map(words).chain(coded);
    let (mut plain, mut accented) = (BTreeSet::new(), BTreeSet::new());
    for word in text {
        plain.insert(word.plain);
        accented.extend(word.accented.iter().flat_map(Accented::keys).map(str::to_owned));
    }
    plain.iter().for_each(|word| document.add_text(fields.plain, word));
    accented.iter().for_each(|word| document.add_text(fields.accented, word));
    document
}

/// What names a document in the index.
pub(crate) fn named(fields: &Fields, id: EntryId) -> Term {
    Term::from_field_text(fields.id, &id.to_string())
}
