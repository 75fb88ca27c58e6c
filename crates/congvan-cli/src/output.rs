//! Printing: tables and sentences for people, one JSON document for programs, progress on the side.

use std::fmt::Display;
use std::io::{self, IsTerminal, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::text::Lang;

/// Where a command prints, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub lang: Lang,
    pub json: bool,
    pub quiet: bool,
}

impl Output {
    /// Prints the result: `value` as JSON, or what `people` makes of it.
    pub(crate) fn result(&self, value: &impl Serialize, people: impl FnOnce(&mut Page)) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, value)?;
            writeln!(out)?;
        } else {
            let mut page = Page::default();
            people(&mut page);
            out.write_all(page.0.as_bytes())?;
        }
        out.flush()
    }

    /// A remark beside the result, on standard error.
    pub(crate) fn remark(&self, text: impl Display) {
        if !self.quiet && !self.json {
            eprintln!("{}: {}", self.lang.remark(), clean(&text.to_string()));
        }
    }

    /// A progress bar for something that may take more than a second. `total` is 0 where unknown.
    pub(crate) fn meter(&self, what: String, total: u64, unit: Unit) -> Meter {
        let shown = !self.quiet && !self.json && io::stderr().is_terminal();
        Meter { what, total, unit, shown, started: Instant::now(), bar: None }
    }
}

/// What is being printed for people.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// One line.
    pub(crate) fn line(&mut self, text: impl Display) {
        self.0.push_str(&clean(&text.to_string()));
        self.0.push('\n');
    }

    /// Names and values, one a line; empty values are left out.
    pub(crate) fn fields(&mut self, fields: &[(String, String)]) {
        let fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_empty()).collect();
        let widest = fields.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        for (name, value) in fields {
            let value = clean(value);
            self.0.push_str(&format!("{name}{}  {value}\n", " ".repeat(widest - width(name))));
        }
    }

    /// A table: headings and rows.
    pub(crate) fn table<const N: usize>(&mut self, headings: [String; N], rows: Vec<[String; N]>) {
        self.columns([headings].into_iter().chain(rows).collect());
    }

    /// Rows whose cells line up.
    pub(crate) fn columns<const N: usize>(&mut self, rows: Vec<[String; N]>) {
        let rows: Vec<_> = rows.into_iter().map(|row| row.map(|cell| clean(&cell))).collect();
        let mut widths = [0; N];
        for row in &rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = width(cell).max(*widest);
            }
        }
        for row in &rows {
            let mut line = String::new();
            for (cell, widest) in row.iter().zip(widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(widest - width(cell) + 2));
            }
            self.0.push_str(line.trim_end());
            self.0.push('\n');
        }
    }
}

/// Text that comes from elsewhere, made harmless for a terminal: without control characters and
/// without marks that turn the direction of writing, both of which could fake what is shown.
fn clean(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' | '\t' | '\r' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// Columns that text takes: Vietnamese may be written with combining marks.
fn width(text: &str) -> usize {
    text.chars().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).count()
}

/// At most `most` characters.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    match text.chars().count() {
        count if count > most => text.chars().take(most - 1).chain(['…']).collect(),
        _ => text.to_owned(),
    }
}

/// The first digits of an id: enough to name it to another command.
pub(crate) fn short_id(id: &str) -> String {
    id.chars().take(12).collect()
}

/// Vietnam's time: seven hours ahead of UTC, all year.
const VIETNAM: Offset = Offset::constant(7);

/// A time of the ledger, as a clerk in Vietnam reads it.
pub(crate) fn time(lang: Lang, millis: u64) -> String {
    let format = match lang {
        Lang::En => "%Y-%m-%d %H:%M:%S",
        Lang::Vi => "%d/%m/%Y %H:%M:%S",
    };
    match i64::try_from(millis).map(Timestamp::from_millisecond) {
        Ok(Ok(time)) => VIETNAM.to_datetime(time).strftime(format).to_string(),
        // No calendar reaches that far; the number is the truth.
        _ => format!("{millis} ms"),
    }
}

/// What a meter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes.
    Bytes,
    /// Entries.
    Entries,
    /// Nothing: it goes on.
    Waiting,
}

/// Progress on standard error, from the second second on.
pub(crate) struct Meter {
    what: String,
    total: u64,
    unit: Unit,
    shown: bool,
    started: Instant,
    bar: Option<ProgressBar>,
}

const PATIENCE: Duration = Duration::from_secs(1);

impl Meter {
    /// So much is done.
    pub(crate) fn at(&mut self, done: u64) {
        if self.shown && self.bar.is_none() && self.started.elapsed() >= PATIENCE {
            self.bar = Some(self.begin());
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// So much is done, of so much.
    pub(crate) fn of(&mut self, done: u64, total: u64) {
        self.total = total;
        self.at(done);
    }

    fn begin(&self) -> ProgressBar {
        let (bar, template) = match (self.unit, self.total) {
            (Unit::Waiting, _) => (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}"),
            (Unit::Entries, 0) => (ProgressBar::new_spinner(), "{spinner} {msg} {pos} {per_sec}"),
            (Unit::Entries, total) => (ProgressBar::new(total), "{msg} {wide_bar} {pos}/{len} {per_sec} {eta}"),
            (Unit::Bytes, 0) => (ProgressBar::new_spinner(), "{spinner} {msg} {bytes} {bytes_per_sec}"),
            (Unit::Bytes, total) => {
                (ProgressBar::new(total), "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
            }
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(self.what.clone());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// Shows that something goes on until it is done.
    pub(crate) async fn during<T>(mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(PATIENCE) => self.at(0),
        }
        work.await
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// A reader or writer whose bytes are counted on a meter.
pub(crate) struct Counted<S> {
    inner: S,
    done: u64,
    meter: Meter,
}

impl<S> Counted<S> {
    pub(crate) fn new(inner: S, meter: Meter) -> Self {
        Self { inner, done: 0, meter }
    }

    pub(crate) fn into_inner(self) -> S {
        self.inner
    }

    fn count(&mut self, bytes: usize) {
        self.done += bytes as u64;
        self.meter.at(self.done);
    }
}

impl<S: Read> Read for Counted<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count(read);
        Ok(read)
    }
}

impl<S: Write> Write for Counted<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.count(buffer.filled().len() - before);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.count(written);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_vietnams() {
        // 2026-03-02T20:30:00Z is the next day there.
        let millis = 1_772_483_400_000;
        assert_eq!(time(Lang::En, millis), "2026-03-03 03:30:00");
        assert_eq!(time(Lang::Vi, millis), "03/03/2026 03:30:00");
        assert_eq!(time(Lang::Vi, u64::MAX), format!("{} ms", u64::MAX));
    }

    #[test]
    fn a_subject_cannot_command_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\nd"), "a\u{fffd}[31mb\u{fffd}c d");
    }

    #[test]
    fn columns_line_up_whatever_the_form_of_the_letters() {
        let mut page = Page::default();
        let cell = |text: &str| text.to_owned();
        page.table([cell("tên"), cell("số")], vec![[cell("ê"), cell("1")], [cell("e\u{302}x"), cell("2")]]);
        assert_eq!(page.0, "tên  số\nê    1\ne\u{302}x   2\n");
    }
}
