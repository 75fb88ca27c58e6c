//! Documents as they are read: lists, one in full, waiting for one, and events.

use std::io::Write;
use std::time::Duration;

use congvan::control::{Reply, Request};
use congvan::legal::Carries;
use congvan::view::{DocumentSummary, DocumentView, EventKind, EventView, LinkView, Progress, StatusView};
use congvan::witness::CoverView;
use serde::Serialize;

use crate::args;
use crate::certificate;
use crate::exit::{Exit, Failure};
use crate::home::{App, Link};
use crate::output::{Page, Unit, short_id, shorten, time};
use crate::status::meaning;
use crate::text::Lang;

#[derive(Serialize)]
struct Documents {
    documents: Vec<DocumentSummary>,
}

/// `inbox`
pub(crate) async fn inbox(app: &App, limit: usize) -> Result<Exit, Failure> {
    list(app, Request::Inbox { limit }, |document, _| document.from.clone(), app.out.lang.h_from()).await
}

/// `outbox`
pub(crate) async fn outbox(app: &App, limit: usize) -> Result<Exit, Failure> {
    list(app, Request::Outbox { limit }, addressees, app.out.lang.h_to()).await
}

/// To whom, with how far each is.
fn addressees(document: &DocumentSummary, lang: Lang) -> String {
    let shown = document.progress.iter().take(3).map(|progress| {
        let status = progress.status.clone().unwrap_or_else(|| lang.no_status());
        format!("{} {status}", progress.agency)
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if document.progress.len() > 3 {
        text.push_str(&format!(" +{}", document.progress.len() - 3));
    }
    text
}

async fn list(
    app: &App,
    request: Request,
    other: impl Fn(&DocumentSummary, Lang) -> String,
    heading: String,
) -> Result<Exit, Failure> {
    let link = app.session(false).await?;
    let reply = link.0.call(request).await;
    link.close().await;
    let Reply::Documents { documents } = reply? else { return Err(Failure::Unexpected) };
    let listed = Documents { documents };
    let lang = app.out.lang;
    app.out.result(&listed, |page| {
        if listed.documents.is_empty() {
            return page.line(lang.nothing());
        }
        let row = |document: &DocumentSummary| {
            let when = time(lang, document.time);
            let when = if document.clock_off { format!("{when} {}", lang.clock_off()) } else { when };
            let mut files = document.attachments.to_string();
            if !document.complete {
                files.push_str(&format!(" ({})", lang.not_yet()));
            }
            let subject = match &document.erased {
                Some(said) => shorten(&lang.content_erased(crate::erase::by_whom(said, lang)), 60),
                None if document.subject.is_empty() => lang.sealed(),
                None => shorten(&document.subject, 60),
            };
            [short_id(&document.id), when, other(document, lang), document.code.clone(), files, subject]
        };
        let headings = [lang.h_id(), lang.h_time(), heading, lang.h_code(), lang.h_files(), lang.h_subject()];
        page.table(headings, listed.documents.iter().map(row).collect());
    })?;
    Ok(Exit::Done)
}

/// `show`
pub(crate) async fn show(app: &App, args: args::Show) -> Result<Exit, Failure> {
    let link = app.session(false).await?;
    let shown = link.0.call(Request::Show { id: args.id.id }).await;
    link.close().await;
    let mut document = match shown? {
        Reply::Document(document) => document,
        Reply::Erased(summary) => {
            app.out.result(&summary, |page| crate::erase::print(page, &summary, app.out.lang))?;
            return Ok(Exit::Done);
        }
        _ => return Err(Failure::Unexpected),
    };
    // The node judges by whom its operator trusts; whoever asks may know better.
    if args.trust.trust.is_some() {
        let anchors = certificate::anchors(app, &args.trust)?;
        let DocumentSummary { from, time, .. } = &document.summary;
        document.proof.certificate = certificate::of_entry(app, from, &document.proof.signer, *time, &anchors)?;
    }
    app.out.result(&document, |page| print(page, &document, app.out.lang))?;
    Ok(Exit::Done)
}

fn print(page: &mut Page, document: &DocumentView, lang: Lang) {
    let summary = &document.summary;
    let when = time(lang, summary.time);
    let from = format!("{} {}, {} {}", summary.from, summary.from_name, lang.h_number(), summary.number);
    let mut fields = vec![
        (lang.h_id(), summary.id.clone()),
        (lang.h_time(), if summary.clock_off { format!("{when} {}", lang.clock_off()) } else { when }),
        (lang.h_from(), from),
        (lang.h_to(), summary.to.join(", ")),
        (lang.h_code(), summary.code.clone()),
        (lang.h_type(), summary.type_name.clone()),
        (lang.h_place(), document.place.clone()),
        (lang.h_promulgated(), summary.promulgated.clone()),
        (lang.h_subject(), summary.subject.clone()),
        (lang.h_summary(), document.summary_text.clone()),
        (lang.h_signer(), document.signer.clone()),
        (lang.h_due(), summary.due.clone()),
        (lang.h_priority(), document.priority.clone()),
        (lang.h_document_id(), document.document_id.clone()),
        (lang.h_packet(), if document.has_packet { lang.kept_whole() } else { String::new() }),
    ];
    for (number, file) in (1..).zip(&document.files) {
        let missing = if file.present { String::new() } else { format!(" ({})", lang.not_yet()) };
        let text = format!("{}  {}  {} B{missing}", file.name, file.media_type, file.len);
        fields.push((format!("{} {number}", lang.h_files()), text));
        fields.extend(kept(file.carries, &file.name, file.present, lang));
    }
    fields.extend(kept(document.packet_carries, &lang.h_packet(), document.has_packet, lang));
    fields.push((lang.h_state(), standing(summary, lang)));
    fields.extend(document.links.iter().map(|link| (relation(&link.relation, lang), linked(link, lang))));
    fields.extend(document.linked_by.iter().map(|link| (related(&link.relation, lang), linked(link, lang))));
    fields.extend(summary.progress.iter().map(|progress| (lang.h_progress(), how_far(progress, lang))));
    fields.extend(document.history.iter().map(|status| (lang.h_history(), status_line(status, lang))));
    let proof = &document.proof;
    let verdict = match proof.genuine {
        true => lang.genuine_by(short_id(&proof.signer), proof.head),
        false => lang.not_checked(),
    };
    fields.push((lang.h_proof(), verdict));
    fields.extend(cover(proof.cover.as_ref(), lang).into_iter().map(|line| (lang.h_proof(), line)));
    fields.extend(proof.quarantined.map(|number| (lang.h_proof(), lang.in_quarantine(number))));
    if let Some(certificate) = &proof.certificate {
        let report = &certificate.report;
        let valid = if report.is_valid_then() { lang.is_valid() } else { lang.is_not_valid() };
        fields.push((lang.h_certificate(), report.subject.clone()));
        fields.push((lang.h_issuer(), report.issuer.clone()));
        fields.push((lang.h_valid(), lang.signed_while(valid)));
        fields.push((lang.h_verdict(), certificate::verdict(report.verdict, lang)));
        fields.extend(certificate::findings(report, lang));
    }
    page.fields(&fields);
}

/// The checkpoint over it, and which agencies saw that.
fn cover(cover: Option<&CoverView>, lang: Lang) -> Vec<String> {
    let Some(cover) = cover else { return vec![lang.cover_none()] };
    let by = cover.witnesses.iter().map(|witness| format!("{} ({})", witness.agency, time(lang, witness.time)));
    let (by, seen) = (by.collect::<Vec<_>>().join(", "), cover.witnesses.len());
    let witnessed = match (cover.witnessed, cover.needed, seen) {
        (true, asked, _) => lang.cover_witnessed(by, seen, asked),
        (false, 0, _) => lang.cover_nobody_asked(),
        (false, asked, 0) => lang.cover_unwitnessed(asked),
        (false, asked, _) => lang.cover_partly(by, seen, asked),
    };
    vec![lang.cover_checkpoint(cover.checkpoint, cover.size), witnessed]
}

/// That something carries a signature of its own, and what Congvan has to do with it.
fn kept(carries: Carries, name: &str, is_here: bool, lang: Lang) -> Option<(String, String)> {
    let text = match carries {
        Carries::PdfSignature => lang.kept_pdf(name),
        Carries::XmlSignature => lang.kept_xml(name),
        Carries::NotLooked if is_here => lang.kept_unread(name),
        Carries::NotLooked | Carries::Nothing => return None,
    };
    Some((lang.h_signature(), text))
}

/// What a document is worth now.
fn standing(summary: &DocumentSummary, lang: Lang) -> String {
    let by = summary.standing_by.as_deref().map(short_id).unwrap_or_default();
    match summary.standing.as_str() {
        "in_force" => lang.in_force(),
        "recall_asked" => lang.recall_asked(),
        "recalled_by_some" => lang.recalled_by_some(),
        "recalled_by_all" => lang.recalled_by_all(),
        "updated" => lang.updated_by(by),
        "replaced" => lang.replaced_by(by),
        other => other.to_owned(),
    }
}

/// How far an addressee is.
fn how_far(progress: &Progress, lang: Lang) -> String {
    let status = match &progress.status {
        Some(status) => format!("{status} {}", meaning(lang, status)),
        None => lang.no_status(),
    };
    let by = progress.held_by.as_deref().map(short_id).unwrap_or_default();
    let held = match progress.held.as_str() {
        "withdrawn" => lang.held_withdrawn(by),
        "updated" => lang.held_updated(by),
        "replaced" => lang.held_replaced(by),
        _ => String::new(),
    };
    let open: Vec<_> = progress.open.iter().map(|id| short_id(id)).collect();
    let open = if open.is_empty() { String::new() } else { lang.open_asks(open.join(", ")) };
    let words = [progress.agency.clone(), status, held, open];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("  ")
}

fn relation(relation: &str, lang: Lang) -> String {
    match relation {
        "recalls" => lang.h_recalls(),
        "updates" => lang.h_updates(),
        "replaces" => lang.h_replaces(),
        _ => lang.h_answers(),
    }
}

fn related(relation: &str, lang: Lang) -> String {
    match relation {
        "recalls" => lang.h_recalled_by(),
        "updates" => lang.h_updated_by(),
        "replaces" => lang.h_replaced_by(),
        _ => lang.h_answered_by(),
    }
}

fn linked(link: &LinkView, lang: Lang) -> String {
    let place = format!("{}  {}, {} {}", short_id(&link.document), link.agency, lang.h_number(), link.number);
    [place, breach(link.breach.as_ref(), link.breach_vi.as_ref(), lang)].join("").trim_end().to_owned()
}

/// Why something changes nothing.
fn breach(english: Option<&String>, vietnamese: Option<&String>, lang: Lang) -> String {
    let why = match lang {
        Lang::En => english,
        Lang::Vi => vietnamese,
    };
    why.map(|why| format!("  {}", lang.breaks(why))).unwrap_or_default()
}

fn status_line(status: &StatusView, lang: Lang) -> String {
    let StatusView { time: millis, by, status: digits, note, staff, .. } = status;
    let answers = status.answers.as_deref().map(|id| lang.to_ask(short_id(id))).unwrap_or_default();
    let breach = breach(status.breach.as_ref(), status.breach_vi.as_ref(), lang).trim().to_owned();
    let said = [time(lang, *millis), by.clone(), digits.clone(), meaning(lang, digits), answers];
    let words = said.into_iter().chain([staff.clone(), note.clone(), breach]);
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("  ")
}

/// `wait`
pub(crate) async fn wait(app: &App, id: String, seconds: u64) -> Result<Exit, Failure> {
    let link = app.session(false).await?;
    // Where no node runs, nothing will arrive: what is here now is the answer.
    let timeout_ms = if link.0.is_running() { seconds.saturating_mul(1000) } else { 0 };
    let waiting = link.document(Request::WaitComplete { id, timeout_ms });
    let document = app.out.meter(app.out.lang.p_fetch(), 0, Unit::Waiting).during(waiting).await;
    link.close().await;
    let document = document?;
    app.out.result(&document, |page| {
        page.line(app.out.lang.complete());
        print(page, &document, app.out.lang);
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Events {
    events: Vec<EventView>,
}

/// How long one request waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// `events`
pub(crate) async fn events(app: &App, args: args::Events) -> Result<Exit, Failure> {
    if !args.follow {
        let link = app.session(false).await?;
        let events = next(&link, &args, Duration::ZERO).await?;
        let listed = Events { events };
        app.out.result(&listed, |page| {
            if listed.events.is_empty() {
                page.line(app.out.lang.no_events());
            }
            listed.events.iter().for_each(|event| page.line(line(event, app.out.lang)));
        })?;
        acknowledge(&link, &args, &listed.events).await?;
        link.close().await;
        return Ok(Exit::Done);
    }
    let link = app.running().await?;
    loop {
        let events = next(&link, &args, PATIENCE).await?;
        for event in &events {
            app.out.result(event, |page| page.line(line(event, app.out.lang)))?;
        }
        std::io::stdout().flush()?;
        acknowledge(&link, &args, &events).await?;
    }
}

async fn next(link: &Link, args: &args::Events, wait: Duration) -> Result<Vec<EventView>, Failure> {
    let request = Request::Events {
        consumer: args.consumer.clone(),
        limit: usize::from(args.limit),
        timeout_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
    };
    match link.0.call(request).await? {
        Reply::Events { events } => Ok(events),
        _ => Err(Failure::Unexpected),
    }
}

/// Only after printing: what was not printed must come again.
async fn acknowledge(link: &Link, args: &args::Events, events: &[EventView]) -> Result<(), Failure> {
    if let (true, Some(last)) = (args.ack, events.last()) {
        link.0.call(Request::Acknowledge { consumer: args.consumer.clone(), number: last.number }).await?;
    }
    Ok(())
}

fn line(event: &EventView, lang: Lang) -> String {
    let document = |kind: String, view: &DocumentView, other: String| {
        let summary = &view.summary;
        let when = time(lang, summary.time);
        [kind, when, short_id(&summary.id), other, summary.code.clone(), summary.subject.clone()].join("  ")
    };
    let text = match &event.what {
        EventKind::Received(view) => document(lang.ev_received(), view, view.summary.from.clone()),
        EventKind::Sent(view) => document(lang.ev_sent(), view, addressees(&view.summary, lang)),
        EventKind::Status(status) => {
            [lang.ev_status(), short_id(&status.document), status_line(status, lang)].join("  ")
        }
        EventKind::Roster { roster_number, .. } => lang.ev_roster(roster_number),
        EventKind::Catalogue(change) => crate::catalogue::event_line(change, lang),
        EventKind::Erased(erasure) => {
            let said = crate::erase::by_whom(&erasure.said, lang);
            let ids: Vec<_> = erasure.erased.iter().map(|id| short_id(id)).collect();
            [lang.ev_erased(&erasure.of), said, ids.join(", ")].join("  ")
        }
        EventKind::Other { id, note } => [lang.ev_other(), short_id(id), note.clone()].join("  "),
        _ => lang.ev_other(),
    };
    format!("{:>6}  {text}", event.number)
}
