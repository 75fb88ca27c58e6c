//! Erasing content by the agency's own hand.

use std::io::{self, IsTerminal};

use congvan::control::{Reply, Request};
use congvan::erase::ErasedView;
use congvan::view::DocumentSummary;
use serde::Serialize;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::{Page, short_id, time};
use crate::text::Lang;

#[derive(Serialize)]
struct Erased {
    documents: Vec<String>,
    /// The erasing entries.
    numbers: Vec<u64>,
    /// Entries and attachments that were cleared from this node's files.
    cleared: u64,
}

/// `erase`
pub(crate) async fn erase(app: &App, args: args::Erase) -> Result<Exit, Failure> {
    let (out, lang) = (app.out, app.out.lang);
    let link = app.session(args.offline.offline).await?;
    if !args.yes {
        let mut listed = Vec::new();
        for id in &args.ids {
            // A status or a note is named by its id alone.
            match link.0.call(Request::Show { id: id.clone() }).await {
                Ok(Reply::Document(view)) => listed.push((view.summary.id, view.summary.code, view.summary.subject)),
                Ok(Reply::Erased(summary)) => listed.push((summary.id, String::new(), lang.erased_before())),
                _ => listed.push((id.clone(), String::new(), String::new())),
            }
        }
        for (id, code, subject) in listed {
            eprintln!("  {}", [short_id(&id), code, subject].join("  ").trim_end());
        }
        eprintln!("{}", lang.erases_for_good());
        if !confirmed(lang)? {
            link.close().await;
            return Err(Failure::Usage(lang.not_erased()));
        }
    }
    let basis = args.basis.unwrap_or_default();
    let request = Request::Erase { ids: args.ids.clone(), reason: args.reason.name().to_owned(), basis };
    let reply = link.0.call(request).await;
    link.close().await;
    let Reply::ErasureWritten { numbers, cleared } = reply? else { return Err(Failure::Unexpected) };
    let erased = Erased { documents: args.ids, numbers, cleared };
    out.result(&erased, |page| {
        let numbers: Vec<_> = erased.numbers.iter().map(u64::to_string).collect();
        page.line(match numbers.is_empty() {
            true => lang.erased_before(),
            false => lang.erasure_written(numbers.join(", "), erased.cleared),
        });
    })?;
    out.remark(lang.erasure_next());
    Ok(Exit::Done)
}

/// Whether somebody types that it is to be so.
fn confirmed(lang: Lang) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("{} ", lang.type_to_erase(lang.erase_word()));
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().eq_ignore_ascii_case(&lang.erase_word()))
}

/// What is left of a document whose content was erased.
pub(crate) fn print(page: &mut Page, summary: &DocumentSummary, lang: Lang) {
    let erased = summary.erased.as_ref().map(|said| by_whom(said, lang)).unwrap_or_default();
    page.fields(&[
        (lang.h_id(), summary.id.clone()),
        (lang.h_time(), time(lang, summary.time)),
        (lang.h_from(), format!("{} {}, {} {}", summary.from, summary.from_name, lang.h_number(), summary.number)),
        (lang.h_state(), lang.content_erased(erased)),
    ]);
}

/// When, by whom and why, in words.
pub(crate) fn by_whom(said: &ErasedView, lang: Lang) -> String {
    lang.either(&said.to_string(), &said.vietnamese())
}
