//! What is due: what this agency has to do, and what others owe it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use congvan::ReadError;
use congvan::deadline::{DueView, Late, Lateness, Side, Step};
use congvan::setup;
use maud::{Markup, html};

use super::Console;
use super::page::{self, Page, Part};
use super::problem::Problem;
use super::text::Lang;
use super::who::Who;
use super::words::{Tone, chip};

/// Things that are listed on each side; of more, the rest is counted.
const MAX_LISTED: usize = 200;
/// Things that are read: of one that was never answered, also that it is not completed.
const MAX_READ: usize = 2 * MAX_LISTED;

/// `GET /due`
pub(crate) async fn due(State(console): State<Arc<Console>>, who: Who) -> Result<Response, Problem> {
    let found = console.read(|node| -> Result<_, ReadError> {
        let late = |side| node.late(side, None, setup::now(), MAX_READ);
        Ok((late(Side::Received)?, late(Side::Sent)?))
    });
    let (received, sent) = found.await??;
    let lang = who.lang;
    let body = html! {
        div.head { h1 { (lang.due()) } }
        (list(&console, lang, lang.due_received(), lang.due_received_none(), &received, |due| &due.from, lang.sent_by()))
        (list(&console, lang, lang.due_sent(), lang.due_sent_none(), &sent, |due| &due.by, lang.waiting_for()))
        p.small { (lang.due_note()) }
    };
    let page = Page { who: &who, part: Part::Due, title: lang.due(), here: "/due".to_owned() };
    Ok(page.show(&console, body).await?.into_response())
}

fn list(
    console: &Console,
    lang: Lang,
    title: String,
    none: String,
    late: &Late,
    other: impl Fn(&DueView) -> &str,
    other_is: String,
) -> Markup {
    // Whoever never answered at all has not completed it either: said once.
    let all = &late.listed;
    let silent = all.iter().filter(|due| due.step == Step::Answer).map(|due| (&due.document, &due.by));
    let silent: BTreeSet<_> = silent.collect();
    let said = |due: &&DueView| due.step != Step::Complete || !silent.contains(&(&due.document, &due.by));
    let listed: Vec<_> = all.iter().filter(said).collect();
    let more = late.more + listed.len().saturating_sub(MAX_LISTED) as u64;
    let later = late.later;
    let mut names = BTreeMap::new();
    let mut name =
        |code: &str| names.entry(code.to_owned()).or_insert_with(|| page::name_of(&console.node, code)).clone();
    html! {
        section.card {
            h2 { (title) " " span.count { (lang.number(listed.len().min(MAX_LISTED) as u64 + more)) } }
            @if listed.is_empty() { p.muted { (none) } }
            @else {
                table.list.flat {
                    thead { tr { th.day scope="col" { (lang.until()) } th scope="col" { (lang.state()) } th scope="col" { (lang.document()) } } }
                    tbody {
                        @for due in listed.iter().take(MAX_LISTED) {
                            tr {
                                td.day { @match due.at { Some(at) => (page::moment(at)), None => (due.due) } }
                                td.state { (lateness(lang, due.lateness)) p.under { (step(lang, due.step)) } }
                                td.what {
                                    a href={ "/documents/" (due.document) } { @if due.subject.is_empty() { (lang.no_subject()) } @else { (due.subject) } }
                                    p.under { @if !due.code.is_empty() { b { (due.code) } " · " } (other_is) " " (name(other(due))) }
                                }
                            }
                        }
                    }
                }
                @if more > 0 { p.muted { (lang.and_others(lang.number(more))) } }
            }
            @if later > 0 { p.muted { (lang.due_later(lang.number(later))) } }
        }
    }
}

pub(crate) fn lateness(lang: Lang, lateness: Lateness) -> Markup {
    match lateness {
        Lateness::Overdue => chip(Tone::Bad, "/due", &lang.overdue()),
        Lateness::Soon => chip(Tone::New, "/due", &lang.due_soon()),
        Lateness::Later => chip(Tone::Grey, "/due", &lang.in_time()),
        Lateness::Unanswered => chip(Tone::Bad, "cross", &lang.unanswered()),
        Lateness::DateUnreadable => chip(Tone::Grey, "line", &lang.date_unreadable()),
    }
}

pub(crate) fn step(lang: Lang, step: Step) -> String {
    match step {
        Step::Receive => lang.step_receive(),
        Step::Complete => lang.step_complete(),
        Step::Answer => lang.step_answer(),
    }
}
