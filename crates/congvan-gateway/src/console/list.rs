//! Inbox and outbox: one line a document, its state first.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use congvan::view::DocumentSummary;
use maud::{Markup, html};
use serde::Deserialize;

use super::Console;
use super::mailbox::{self, Found, Side, Wanted};
use super::page::{self, Page, Part, icon};
use super::problem::Problem;
use super::text::Lang;
use super::time;
use super::who::{Who, encoded};
use super::words::{self, Tally};

/// The longest text that is looked for, in bytes.
const MAX_SOUGHT: usize = 256;

/// What the form for searching says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sought {
    q: String,
    code: String,
    agency: String,
    from: String,
    to: String,
    page: String,
}

impl Sought {
    fn wanted(&self) -> Wanted {
        let text = |text: &str| {
            let end = (0..=MAX_SOUGHT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            text[..end.unwrap_or_default()].trim().to_owned()
        };
        Wanted {
            text: text(&self.q),
            code: text(&self.code),
            agency: text(&self.agency),
            from: time::typed(&self.from),
            to: time::typed(&self.to),
        }
    }

    /// Dates that are none.
    fn wrong_dates(&self) -> bool {
        [&self.from, &self.to].into_iter().any(|text| !text.trim().is_empty() && time::typed(text).is_none())
    }

    fn is_detailed(&self) -> bool {
        [&self.code, &self.agency, &self.from, &self.to].into_iter().any(|text| !text.is_empty())
    }

    fn page(&self) -> usize {
        self.page.parse().unwrap_or(1).max(1)
    }

    fn address(&self, place: &str, page: usize) -> String {
        let fields =
            [("q", &self.q), ("code", &self.code), ("agency", &self.agency), ("from", &self.from), ("to", &self.to)];
        let mut parts: Vec<_> = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        if page > 1 {
            parts.push(format!("page={page}"));
        }
        if parts.is_empty() { place.to_owned() } else { format!("{place}?{}", parts.join("&")) }
    }
}

/// `GET /inbox`
pub(crate) async fn inbox(state: State<Arc<Console>>, who: Who, sought: Query<Sought>) -> Result<Response, Problem> {
    list(state, who, sought, Side::Inbox).await
}

/// `GET /outbox`
pub(crate) async fn outbox(state: State<Arc<Console>>, who: Who, sought: Query<Sought>) -> Result<Response, Problem> {
    list(state, who, sought, Side::Outbox).await
}

async fn list(
    State(console): State<Arc<Console>>,
    who: Who,
    Query(sought): Query<Sought>,
    side: Side,
) -> Result<Response, Problem> {
    let (lang, wanted, number) = (who.lang, sought.wanted(), sought.page());
    let found = console.read(move |node| mailbox::find(node, side, &wanted, number - 1)).await??;
    let (part, place) = match side {
        Side::Inbox => (Part::Inbox, "/inbox"),
        Side::Outbox => (Part::Outbox, "/outbox"),
    };
    let searched = sought.wanted() != Wanted::default();
    let body = html! {
        div.head {
            h1 { (part.name(lang)) @if let Some(total) = found.total { " " span.count { (lang.number(total as u64)) } } }
            @if who.role.may_write() { a.button.primary href="/send" { (icon("/send")) (lang.send()) } }
        }
        (form(lang, place, &sought))
        @if found.documents.is_empty() { (nothing(lang, side, searched, place)) }
        @else { (table(&console, lang, side, &found)) }
        (page::pager(lang, number, found.more, |number| sought.address(place, number)))
    };
    let page = Page { who: &who, part, title: part.name(lang), here: sought.address(place, number) };
    Ok(page.show(&console, body).await?.into_response())
}

fn form(lang: Lang, place: &str, sought: &Sought) -> Markup {
    let text = |name: &str, label: String, value: &str, hint: &str| {
        html! { div { label for=(name) { (label) } input id=(name) name=(name) value=(value) placeholder=(hint) maxlength=(MAX_SOUGHT); } }
    };
    html! {
        form.search role="search" action=(place) {
            div.line {
                label.hidden for="q" { (lang.search_label()) }
                input #q type="search" name="q" value=(sought.q) placeholder=(lang.search_hint()) maxlength=(MAX_SOUGHT) accesskey="0";
                button type="submit" { (lang.search()) }
                @if sought.is_detailed() || !sought.q.is_empty() { a.all href=(place) { (lang.show_all()) } }
            }
            details open[sought.is_detailed()] {
                summary { (lang.search_more()) }
                div.grid {
                    (text("code", lang.code(), &sought.code, "123/UBND-VP"))
                    (text("agency", lang.agency_or_code(), &sought.agency, ""))
                    (text("from", lang.day_from(), &sought.from, &lang.day_hint()))
                    (text("to", lang.day_until(), &sought.to, &lang.day_hint()))
                }
            }
            @if sought.wrong_dates() { p.notice.bad role="alert" { (lang.wrong_date()) } }
        }
    }
}

fn nothing(lang: Lang, side: Side, searched: bool, place: &str) -> Markup {
    let words = match (searched, side) {
        (true, _) => lang.nothing_found(),
        (_, Side::Inbox) => lang.inbox_empty(),
        (_, Side::Outbox) => lang.outbox_empty(),
    };
    html! { div.card.empty { p { (words) } @if searched { p { a.button href=(place) { (lang.show_all()) } } } } }
}

fn table(console: &Console, lang: Lang, side: Side, found: &Found) -> Markup {
    let own = console.node.code();
    html! {
        table.list {
            thead { tr {
                th scope="col" { (lang.state()) }
                th scope="col" { (lang.document()) }
                th.day scope="col" { (lang.sent_on()) }
                th.day scope="col" { (lang.until()) }
            } }
            tbody {
                @for document in &found.documents {
                    tr.unread[side == Side::Inbox && is_new(document, own.as_str())] {
                        td.state { (state(lang, side, document, own.as_str())) }
                        td.what {
                            a href={ "/documents/" (document.id) } { (subject(lang, document)) }
                            p.under {
                                @if !document.code.is_empty() { b { (document.code) } " · " }
                                @if !document.type_name.is_empty() { (document.type_name) " · " }
                                (others(console, lang, side, document))
                                @if document.attachments > 0 {
                                    " · " span.files title=(lang.files()) { (icon("clip")) (document.attachments) }
                                    @if !document.complete { " " span.warn { (lang.still_coming()) } }
                                }
                            }
                        }
                        td.day { (page::day(document.time)) }
                        td.day { (time::written(&document.due)) }
                    }
                }
            }
        }
    }
}

/// The subject, or what stands for it.
pub(crate) fn subject(lang: Lang, document: &DocumentSummary) -> String {
    match document.subject.trim() {
        "" => lang.no_subject(),
        subject => subject.to_owned(),
    }
}

fn is_new(document: &DocumentSummary, own: &str) -> bool {
    let progress = document.progress.iter().find(|progress| progress.agency == own);
    progress
        .is_some_and(|progress| matches!(progress.status.as_deref(), None | Some("01")) && progress.held == "as_sent")
}

fn state(lang: Lang, side: Side, document: &DocumentSummary, own: &str) -> Markup {
    let standing = words::standing(lang, &document.standing);
    match (side, document.progress.as_slice()) {
        (Side::Inbox, all) => {
            let progress = all.iter().find(|progress| progress.agency == own);
            html! { @if let Some(progress) = progress { (words::own_state(lang, progress)) } }
        }
        (Side::Outbox, [only]) => html! { (standing.unwrap_or_else(|| words::their_state(lang, only))) },
        (Side::Outbox, _) => {
            html! { @if let Some(standing) = standing { (standing) } (Tally::of(document).show(lang)) }
        }
    }
}

fn others(console: &Console, lang: Lang, side: Side, document: &DocumentSummary) -> String {
    match (side, document.to.as_slice()) {
        (Side::Inbox, _) => document.from_name.clone(),
        (_, []) => lang.to_everybody(),
        (_, [only]) => page::name_of(&console.node, only),
        (_, [first, rest @ ..]) => lang.and_more(page::name_of(&console.node, first), rest.len()),
    }
}
