//! One document: what it says, where everybody is with it, what to do next, and what proves it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use congvan::core::life::Life;
use congvan::core::{EntryRef, StatusCode, Time};
use congvan::deadline::{Due, Lateness, Matter, Step};
use congvan::setup;
use congvan::view::{DocumentView, FileView, LinkView, Progress, StatusView};
use congvan::{Node, ReadError};
use maud::{Markup, html};
use serde::Deserialize;

use super::Console;
use super::act;
use super::due;
use super::files;
use super::list;
use super::page::{self, Page, Part, icon};
use super::problem::Problem;
use super::proof;
use super::text::Lang;
use super::time;
use super::who::Who;
use super::words::{self, Tally};

/// Addressees that are listed; of more, the rest is counted.
const MAX_LISTED: usize = 2_000;
/// Late things that are listed.
const MAX_DUE: usize = 10;

/// A document and what this agency may do with it.
pub(crate) struct Loaded {
    pub(crate) document: DocumentView,
    /// This agency's code.
    pub(crate) own: String,
    /// What it may report now.
    pub(crate) possible: Vec<StatusCode>,
    /// What its sender asked of it and it has not answered.
    pub(crate) asked: Vec<EntryRef>,
    /// What is due of it, and of whom.
    due: Vec<(String, Due)>,
    /// The compact form of its proof; `None` where none can be made now.
    pub(super) compact: Option<String>,
    /// Names of the agencies in it, as the roster has them.
    names: BTreeMap<String, String>,
}

impl Loaded {
    fn of(node: &Node, id: &str) -> Result<Self, ReadError> {
        let document = node.document(id)?;
        let life: Life = node.life(&document.summary.id)?;
        let own = node.code();
        let asked = life.recipient(&own).map(|recipient| recipient.open.clone()).unwrap_or_default();
        let witnesses = document.proof.cover.iter().flat_map(|cover| &cover.witnesses).map(|witness| &witness.agency);
        let codes = document.summary.to.iter().chain([&document.summary.from]).chain(witnesses);
        let names = codes.map(|code| (code.clone(), page::name_of(node, code))).collect();
        let sent = Time::from_millis(document.summary.time);
        let matter = Matter { sent, due: &document.summary.due, priority: &document.priority };
        let is_sent = document.summary.from == own.as_str();
        let mut due = Vec::new();
        for recipient in life.recipients.iter().filter(|recipient| is_sent || recipient.agency == own) {
            let all = node.deadlines().of(&matter, &life, recipient, setup::now());
            let listed = all.into_iter().filter(|due| !is_sent || due.lateness == Lateness::Overdue);
            due.extend(listed.filter(|due| due.step != Step::Answer).map(|due| (recipient.agency.to_string(), due)));
        }
        let compact = node.prove_compactly(&document.summary.id);
        let compact = compact.inspect_err(|error| tracing::warn!(%error, "a document's proof cannot be made")).ok();
        Ok(Self { possible: life.possible(&own), own: own.to_string(), asked, due, compact, names, document })
    }

    /// An agency's name.
    pub(super) fn name(&self, code: &str) -> String {
        self.names.get(code).map_or_else(|| code.to_owned(), String::clone)
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.document.summary.from == self.own
    }
}

/// What was just done, for one line above the page.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    done: String,
}

/// `GET /documents/{id}`
pub(crate) async fn document(
    State(console): State<Arc<Console>>,
    who: Who,
    Path(id): Path<String>,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Problem> {
    let loaded = console.read(move |node| Loaded::of(node, &id)).await??;
    let lang = who.lang;
    let title = list::subject(lang, &loaded.document.summary);
    let part = if loaded.is_sent() { Part::Outbox } else { Part::Inbox };
    let here = format!("/documents/{}", loaded.document.summary.id);
    let body = html! {
        p.crumb { a href=(if loaded.is_sent() { "/outbox" } else { "/inbox" }) { "← " (part.name(lang)) } }
        @if let Some(words) = done_words(lang, &done) { p.notice.good role="status" { (icon("done")) (words) } }
        (head(lang, &loaded, &title))
        div.two {
            div { (files(lang, &loaded)) (details(lang, &loaded)) (recipients(lang, &loaded)) (history(lang, &loaded)) }
            aside { (act::card(&who, &loaded)?) (deadlines(lang, &loaded)) (proof::card(lang, &loaded)) }
        }
    };
    Ok(Page { who: &who, part, title, here }.show(&console, body).await?.into_response())
}

fn done_words(lang: Lang, done: &str) -> Option<String> {
    match done {
        "sent" => Some(lang.done_sent()),
        "again" => Some(lang.done_again()),
        code => {
            let code: StatusCode = code.parse().ok()?;
            Some(lang.done_reported(lang.pick(code.vietnamese(), code.english())))
        }
    }
}

fn head(lang: Lang, loaded: &Loaded, title: &str) -> Markup {
    let summary = &loaded.document.summary;
    let own = summary.progress.iter().find(|progress| progress.agency == loaded.own);
    html! {
        header.doc {
            h1 { (title) }
            p.chips {
                @if let Some(own) = own.filter(|_| !loaded.is_sent()) { (words::own_state(lang, own)) }
                @if let Some(standing) = words::standing(lang, &summary.standing) { (standing) }
                @if let Some(urgency) = words::urgency(lang, &loaded.document.priority) { (urgency) }
                (proof::chip(lang, loaded))
                @if let Some(by) = &summary.standing_by { a href={ "/documents/" (by) } { (lang.see_that_document()) } }
            }
            p.muted {
                @if !summary.code.is_empty() { b { (summary.code) } " · " }
                (lang.sent_by()) " " b { (loaded.name(&summary.from)) } " · " (page::moment(summary.time))
                @if summary.clock_off { " " span.warn { (lang.clock_off()) } }
            }
        }
    }
}

fn files(lang: Lang, loaded: &Loaded) -> Markup {
    let document = &loaded.document;
    let size = |file: &FileView| lang.size(file.len);
    html! {
        section.card {
            h2 { (lang.files()) " " span.count { (document.files.len()) } }
            @if document.files.is_empty() { p.muted { (lang.no_files()) } }
            ul.files {
                @for (number, file) in document.files.iter().enumerate() {
                    li {
                        (icon("file"))
                        @if file.present {
                            a href={ "/documents/" (document.summary.id) "/files/" (number) } download { (file.name) }
                            @if files::is_viewable(file) {
                                a.button.small href={ "/documents/" (document.summary.id) "/files/" (number) "?view" } target="_blank" rel="noopener" aria-label=(lang.view_file(&file.name)) { (lang.view()) }
                            }
                            span.muted { (size(file)) @if file.zipped { " · ZIP" } }
                        } @else {
                            span { (file.name) } span.warn { (lang.still_coming()) }
                        }
                    }
                }
            }
        }
    }
}

fn details(lang: Lang, loaded: &Loaded) -> Markup {
    let document = &loaded.document;
    let summary = &document.summary;
    html! {
        section.card {
            h2 { (lang.content()) }
            @if !document.summary_text.is_empty() { p.abstract { (document.summary_text) } }
            dl {
                (page::field(&lang.code(), &summary.code))
                (page::field(&lang.kind(), &summary.type_name))
                (page::field(&lang.promulgated(), &time::written(&summary.promulgated)))
                (page::field(&lang.place(), &document.place))
                (page::field(&lang.signer(), &document.signer))
                (page::field(&lang.until(), &time::written(&summary.due)))
                (page::field(&lang.own_id(), &document.document_id))
            }
            @for link in document.links.iter() { (linked(lang, loaded, link, true)) }
            @for link in document.linked_by.iter() { (linked(lang, loaded, link, false)) }
        }
    }
}

/// That this document concerns another, or another this one.
fn linked(lang: Lang, loaded: &Loaded, link: &LinkView, outward: bool) -> Markup {
    let words = match (link.relation.as_str(), outward) {
        ("answers", true) => lang.link_answers(),
        ("answers", false) => lang.link_answered_by(),
        ("recalls", true) => lang.link_recalls(),
        ("recalls", false) => lang.link_recalled_by(),
        ("updates", true) => lang.link_updates(),
        ("updates", false) => lang.link_updated_by(),
        (_, true) => lang.link_replaces(),
        (_, false) => lang.link_replaced_by(),
    };
    html! {
        p.linked {
            (icon("back")) (words) " "
            a href={ "/documents/" (link.document) } { (lang.document_number(lang.number(link.number), loaded.name(&link.agency))) }
            @if let Some(breach) = lang.pick(&link.breach_vi, &link.breach) { " " span.warn { (lang.without_effect(breach)) } }
        }
    }
}

fn recipients(lang: Lang, loaded: &Loaded) -> Markup {
    let summary = &loaded.document.summary;
    let row = |progress: &Progress| {
        html! {
            tr {
                td { (loaded.name(&progress.agency)) " " span.muted { (progress.agency) } }
                td { (steps(lang, progress)) }
                td.state { (words::their_state(lang, progress)) }
            }
        }
    };
    html! {
        section.card {
            h2 { (lang.recipients()) " " span.count { (summary.progress.len()) } }
            @if summary.progress.is_empty() { p.muted { (lang.to_everybody()) } }
            @else {
                @if summary.progress.len() > 1 { (Tally::of(summary).show(lang)) }
                table.plain {
                    thead.hidden { tr { th scope="col" { (lang.agency()) } th scope="col" { (lang.steps()) } th scope="col" { (lang.state()) } } }
                    tbody { @for progress in summary.progress.iter().take(MAX_LISTED) { (row(progress)) } }
                }
            }
        }
    }
}

/// Arrived, accepted, assigned, in processing, completed: as beads on a string. The words stand beside it.
fn steps(lang: Lang, progress: &Progress) -> Markup {
    let reached = match progress.status.as_deref() {
        None => 0,
        Some("01") => 1,
        Some("03") => 2,
        Some("04") => 3,
        Some("05") => 4,
        Some("06") => 5,
        Some(_) => return html! {},
    };
    html! {
        svg.steps viewBox="0 0 100 12" width="100" height="12" role="img" aria-label=(lang.step_of(reached, 5)) {
            line x1="8" y1="6" x2="92" y2="6" {}
            @for step in 1..=5_u32 { circle class=(if step <= reached { "on" } else { "off" }) cx=(step * 21 - 13) cy="6" r="5" {} }
        }
    }
}

fn history(lang: Lang, loaded: &Loaded) -> Markup {
    let summary = &loaded.document.summary;
    let said = |status: &StatusView| {
        html! {
            li.void[status.breach.is_some()] {
                p { (page::moment(status.time)) " " b { (loaded.name(&status.by)) } ": " (lang.pick(&status.meaning_vi, &status.meaning)) }
                @if !status.staff.is_empty() { p.muted { (lang.handled_by()) " " (status.staff) } }
                @if !status.note.is_empty() { p.said { (status.note) } }
                @if let Some(breach) = lang.pick(&status.breach_vi, &status.breach) { p.warn { (lang.without_effect(breach)) } }
            }
        }
    };
    html! {
        section.card {
            h2 { (lang.history()) }
            ol.history {
                li { p { (page::moment(summary.time)) " " b { (loaded.name(&summary.from)) } ": " (lang.was_sent()) } }
                @for status in &loaded.document.history { (said(status)) }
            }
        }
    }
}

/// What is due of this agency, or late of others.
fn deadlines(lang: Lang, loaded: &Loaded) -> Markup {
    html! {
        @if !loaded.due.is_empty() {
            section.card {
                h2 { (lang.deadlines()) }
                @for (agency, due) in loaded.due.iter().take(MAX_DUE) {
                    p.due-line {
                        (due::lateness(lang, due.lateness))
                        span { (due::step(lang, due.step)) @if let Some(at) = due.at { " " (lang.before_moment()) " " (page::moment(at.as_millis())) } }
                        @if loaded.is_sent() { span.muted { (loaded.name(agency)) } }
                    }
                }
                @if loaded.due.len() > MAX_DUE { p.muted { (lang.and_others(loaded.due.len() - MAX_DUE)) } }
            }
        }
    }
}
