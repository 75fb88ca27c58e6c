//! What a clerk does with a document: report what became of it, answer it, replace it, ask for it back. Only what
//! the table of a document's life allows now is offered; what came too late all the same is refused with words.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use congvan::core::status::{Staff, StatusNote};
use congvan::core::{StatusCode, Text};
use maud::{Markup, html};

use super::Console;
use super::document::Loaded;
use super::page::{self, icon};
use super::problem::Problem;
use super::session;
use super::text::Lang;
use super::who::{Signed, Who};

/// In which order things are offered: the next step first, refusing last. That it arrived, the node says itself.
const ORDER: [StatusCode; 8] = [
    StatusCode::RecallAgreed,
    StatusCode::RecallRefused,
    StatusCode::Accepted,
    StatusCode::Assigned,
    StatusCode::Processing,
    StatusCode::Completed,
    StatusCode::RecallAsked,
    StatusCode::Refused,
];

/// What can be done with a document now.
pub(crate) fn card(who: &Who, loaded: &Loaded) -> Result<Markup, Problem> {
    let lang = who.lang;
    if !who.role.may_write() {
        return Ok(html! { section.card.act { h2 { (lang.next_step()) } p.muted { (lang.viewer_reads()) } } });
    }
    let id = &loaded.document.summary.id;
    // One key for the page: whatever is clicked twice is reported once.
    let key = session::random().map_err(Problem::internal)?;
    let offered = || ORDER.into_iter().filter(|code| loaded.possible.contains(code));
    let own = loaded.document.summary.progress.iter().find(|progress| progress.agency == loaded.own);
    let reached = own.and_then(|own| own.status.as_deref()).unwrap_or_default();
    let first = offered().find(|code| code.digits() > reached);
    let forms: Vec<_> = offered().map(|code| form(who, loaded, code, first == Some(code), &key)).collect();
    let follow = |relation: &str, words: String| {
        html! { a.button.wide href={ "/send?" (relation) "=" (id) } { (words) } }
    };
    Ok(html! {
        section.card.act {
            h2 { (lang.next_step()) }
            @if forms.is_empty() && !loaded.is_sent() { p.muted { (lang.nothing_to_do()) } }
            @for form in forms { (form) }
            @if loaded.is_sent() {
                (follow("replaces", lang.write_replacement()))
                (follow("updates", lang.write_update()))
                (follow("recalls", lang.write_recall()))
            } @else {
                (follow("answers", lang.write_answer()))
            }
        }
    })
}

/// The form that reports a status. What needs no word is one button; the rest opens.
fn form(who: &Who, loaded: &Loaded, code: StatusCode, is_first: bool, key: &str) -> Markup {
    let lang = who.lang;
    let action = format!("/documents/{}/status", loaded.document.summary.id);
    let words = act_words(lang, code);
    let hidden = html! {
        (page::token(who))
        input type="hidden" name="code" value=(code.digits());
        input type="hidden" name="key" value={ (key) "-" (code.digits()) };
    };
    let named = |field: &str| format!("{field}-{code}");
    let note = |label: String, required: bool| {
        html! { label for=(named("note")) { (label) } textarea id=(named("note")) name="note" rows="3" maxlength="4000" required[required] {} }
    };
    let fields = match code {
        StatusCode::Accepted | StatusCode::Processing => {
            return html! {
                form method="post" action=(action) { (hidden) button.wide.primary[is_first] type="submit" { (icon("done")) (words) } }
            };
        }
        StatusCode::Assigned => html! {
            label for=(named("name")) { (lang.staff_name()) }
            input id=(named("name")) name="name" maxlength="200" required;
            label for=(named("department")) { (lang.staff_department()) }
            input id=(named("department")) name="department" maxlength="200";
            (note(lang.note_optional(), false))
        },
        StatusCode::Refused => note(lang.note_refused(), true),
        StatusCode::Completed => note(lang.note_completed(), false),
        StatusCode::RecallAsked => note(lang.note_recall(), true),
        StatusCode::RecallRefused => html! { (answers(lang, loaded, code)) (note(lang.note_refused(), true)) },
        StatusCode::RecallAgreed => html! { (answers(lang, loaded, code)) (note(lang.note_optional(), false)) },
        StatusCode::Arrived => html! {},
    };
    html! {
        details.act.primary[is_first].refuse[code == StatusCode::Refused] {
            summary { (words) }
            form method="post" action=(action) { (hidden) (fields) button.primary.wide type="submit" { (lang.confirm(&words)) } }
        }
    }
}

/// Which of several things that were asked is answered.
fn answers(lang: Lang, loaded: &Loaded, code: StatusCode) -> Markup {
    let id = format!("answers-{code}");
    match loaded.asked.as_slice() {
        [] | [_] => html! {},
        several => html! {
            label for=(id) { (lang.which_asked()) }
            select id=(id) name="answers" {
                @for asked in several { option value=(asked.id) { (lang.asked_number(lang.number(asked.seq.get()))) } }
            }
        },
    }
}

fn act_words(lang: Lang, code: StatusCode) -> String {
    match code {
        StatusCode::Arrived => lang.state_arrived(),
        StatusCode::Refused => lang.act_refuse(),
        StatusCode::Accepted => lang.act_accept(),
        StatusCode::Assigned => lang.act_assign(),
        StatusCode::Processing => lang.act_process(),
        StatusCode::Completed => lang.act_complete(),
        StatusCode::RecallAsked => lang.act_ask_back(),
        StatusCode::RecallAgreed => lang.act_agree(),
        StatusCode::RecallRefused => lang.act_disagree(),
    }
}

/// `POST /documents/{id}/status`
pub(crate) async fn report(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    Signed { who, fields }: Signed,
) -> Result<Redirect, Problem> {
    who.writes()?;
    let code: StatusCode = fields.get("code").parse().map_err(|_| Problem::Form)?;
    let reasoned = matches!(code, StatusCode::Refused | StatusCode::RecallRefused | StatusCode::RecallAsked);
    if reasoned && fields.get("note").is_empty() {
        let (vi, en) = (Lang::Vi.reason_missing(), Lang::En.reason_missing());
        return Err(Problem::Refused { vi, en });
    }
    let note = StatusNote {
        note: Text::new(fields.get("note")).map_err(|_| Problem::Form)?,
        staff: Staff {
            name: Text::new(fields.get("name")).map_err(|_| Problem::Form)?,
            department: Text::new(fields.get("department")).map_err(|_| Problem::Form)?,
            ..Staff::default()
        },
        ..StatusNote::default()
    };
    let answers = Some(fields.get("answers")).filter(|answers| !answers.is_empty());
    let key = Some(fields.get("key")).filter(|key| !key.is_empty());
    console.node.report_with(&id, code, answers, note, key).await?;
    tracing::info!(user = %who.name, document = %id, status = %code, "reported in the console");
    Ok(Redirect::to(&format!("/documents/{id}?done={code}")))
}
