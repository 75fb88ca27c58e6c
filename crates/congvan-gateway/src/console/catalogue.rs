//! The catalogue of administrative procedures: found, read whole, and followed change by change.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use congvan::catalogue::{CatalogueChange, CatalogueError, ChangeKind, FeeView, FieldChange, Filter, ProcedureView};
use congvan::core::catalogue::ProcedureField;
use congvan::core::{AgencyCode, ProcedureCode};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::Console;
use super::page::{self, Page, Part, icon};
use super::problem::Problem;
use super::text::Lang;
use super::time;
use super::who::{Who, encoded};
use super::words::{Tone, chip};

/// Procedures that a list shows.
const MAX_LISTED: usize = 200;
/// The latest changes that are shown.
const MAX_CHANGES: usize = 50;
/// Changes that are looked through at once.
const AT_ONCE: usize = 1_000;

/// What a reader is told of an error of the catalogue.
pub(crate) fn problem(error: CatalogueError) -> Problem {
    match error {
        CatalogueError::Read(error) => error.into(),
        CatalogueError::Store(error) => Problem::internal(error),
        other => Problem::NotFound(other.to_string()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sought {
    q: String,
    level: String,
    retired: Option<String>,
}

fn level(lang: Lang, name: &str) -> String {
    match name {
        "province" => lang.level_province(),
        "district" => lang.level_district(),
        "commune" => lang.level_commune(),
        other => other.to_owned(),
    }
}

fn address(publisher: &str, code: &str) -> String {
    format!("/catalogue/{}/{}", encoded(publisher), encoded(code))
}

/// `GET /catalogue`
pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    who: Who,
    Query(sought): Query<Sought>,
) -> Result<Response, Problem> {
    let lang = who.lang;
    let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = Filter {
        text: filled(&sought.q),
        level: filled(&sought.level),
        retired: sought.retired.is_some(),
        ..Filter::default()
    };
    let found = console.read(move |node| node.catalogue(filter, MAX_LISTED)).await?.map_err(problem)?;
    let body = html! {
        div.head { h1 { (lang.catalogue()) } a.button href="/catalogue/changes" { (lang.latest_changes()) } }
        form.search role="search" action="/catalogue" {
            div.line {
                label.hidden for="q" { (lang.find_procedure()) }
                input #q type="search" name="q" value=(sought.q) placeholder=(lang.find_procedure()) maxlength="200" accesskey="0";
                label.hidden for="level" { (lang.level()) }
                select #level name="level" {
                    option value="" { (lang.every_level()) }
                    @for name in ["province", "district", "commune"] { option value=(name) selected[sought.level == name] { (level(lang, name)) } }
                }
                label.tick { input type="checkbox" name="retired" value="1" checked[sought.retired.is_some()]; span { (lang.retired_too()) } }
                button type="submit" { (lang.search()) }
            }
        }
        @if found.procedures.is_empty() { div.card.empty { p { (lang.no_procedure_found()) } } }
        @else {
            table.list {
                thead { tr { th scope="col" { (lang.procedure()) } th scope="col" { (lang.level()) } th scope="col" { (called(lang, ProcedureField::Fee)) } th scope="col" { (lang.state()) } } }
                tbody {
                    @for procedure in &found.procedures {
                        tr {
                            td.what {
                                a href=(address(&procedure.publisher, &procedure.code)) { (procedure.name) }
                                p.under { b { (procedure.code) } " · " (procedure.field) " · " (page::name_of(&console.node, &procedure.publisher)) }
                            }
                            td { (procedure.levels.iter().map(|name| level(lang, name)).collect::<Vec<_>>().join(", ")) }
                            td { (fee(lang, procedure.fee.as_ref())) }
                            td.state { (life(lang, &procedure.life)) }
                        }
                    }
                }
            }
            @if found.more { p.muted { (lang.more_procedures(MAX_LISTED)) } }
        }
    };
    let page = Page { who: &who, part: Part::Catalogue, title: lang.catalogue(), here: "/catalogue".to_owned() };
    Ok(page.show(&console, body).await?.into_response())
}

fn fee(lang: Lang, fee: Option<&FeeView>) -> String {
    match fee {
        None => String::new(),
        Some(FeeView::Amount(0)) => lang.free(),
        Some(FeeView::Amount(amount)) => lang.amount(lang.number(*amount)),
        Some(FeeView::Described(words)) => words.clone(),
    }
}

fn life(lang: Lang, life: &str) -> Markup {
    match life {
        "live" => chip(Tone::Good, "done", &lang.in_force()),
        "retired" => chip(Tone::Grey, "cross", &lang.retired()),
        _ => html! {},
    }
}

/// `GET /catalogue/{publisher}/{code}`
pub(crate) async fn procedure(
    State(console): State<Arc<Console>>,
    who: Who,
    Path((publisher, code)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let lang = who.lang;
    let found = console.read(move |node| -> Result<_, CatalogueError> {
        node.procedure(&ProcedureCode::new(code)?, Some(&AgencyCode::new(publisher)?))
    });
    let detail = found.await?.map_err(problem)?;
    let procedure = detail.procedure.as_ref().ok_or(Problem::NoPage)?;
    let here = address(&detail.publisher, &procedure.code);
    let body = html! {
        p.crumb { a href="/catalogue" { "← " (lang.catalogue()) } }
        header.doc {
            h1 { (procedure.name) }
            p.chips { (life(lang, &detail.life)) }
            p.muted { b { (procedure.code) } " · " (procedure.field) " · " (detail.publisher_name) " (" (detail.publisher) ")" }
            @if let Some(retired) = &detail.retired { p.warn { (lang.retired()) ": " (retired.reason) @if let Some(from) = &retired.from { " (" (time::written(from)) ")" } } }
        }
        (whole(lang, &here, procedure))
        section.card { h2 { (lang.changes()) } ol.history { @for change in detail.history.iter().rev() { (changed(&console, lang, change, false)) } } }
    };
    let page = Page { who: &who, part: Part::Catalogue, title: procedure.name.clone(), here: here.clone() };
    Ok(page.show(&console, body).await?.into_response())
}

fn whole(lang: Lang, here: &str, procedure: &ProcedureView) -> Markup {
    let list = |title: String, items: &[String], numbered: bool| {
        html! {
            @if !items.is_empty() {
                section.card { h2 { (title) }
                    @if numbered { ol { @for item in items { li { (item) } } } } @else { ul { @for item in items { li { (item) } } } } }
            }
        }
    };
    let yes = |yes: bool| if yes { lang.yes() } else { lang.no() };
    let online = match procedure.online_service.as_str() {
        "full" => lang.online_full(),
        "partial" => lang.online_partial(),
        _ => lang.no(),
    };
    let field = |field: ProcedureField, value: &str| page::field(&called(lang, field), value);
    html! {
        section.card {
            h2 { (lang.content()) }
            dl {
                (field(ProcedureField::Levels, &procedure.levels.iter().map(|name| level(lang, name)).collect::<Vec<_>>().join(", ")))
                (field(ProcedureField::Applicants, &procedure.applicants.join(", ")))
                (field(ProcedureField::Fee, &fee(lang, procedure.fee.as_ref())))
                (field(ProcedureField::Term, &procedure.term))
                (field(ProcedureField::Result, &procedure.result))
                (field(ProcedureField::Office, &procedure.office))
                (field(ProcedureField::Place, &procedure.place))
                (field(ProcedureField::OnlineService, &online))
                (field(ProcedureField::OnlinePayment, &yes(procedure.online_payment)))
                (field(ProcedureField::ByPost, &yes(procedure.by_post)))
                (field(ProcedureField::InForceFrom, &procedure.in_force_from.as_deref().map(time::written).unwrap_or_default()))
                (field(ProcedureField::InForceUntil, &procedure.in_force_until.as_deref().map(time::written).unwrap_or_default()))
            }
        }
        (list(called(lang, ProcedureField::Steps), &procedure.steps, true))
        (list(called(lang, ProcedureField::LegalBasis), &procedure.legal_basis, false))
        @if !procedure.forms.is_empty() {
            section.card {
                h2 { (called(lang, ProcedureField::Forms)) }
                ul.files {
                    @for (number, form) in procedure.forms.iter().enumerate() {
                        li { (icon("file"))
                            @if form.present { a href={ (here) "/forms/" (number) } download { (form.name) } span.muted { (lang.size(form.len)) } }
                            @else { span { (form.name) } span.warn { (lang.still_coming()) } } }
                    }
                }
            }
        }
    }
}

/// `GET /catalogue/changes`
pub(crate) async fn changes(State(console): State<Arc<Console>>, who: Who) -> Result<Response, Problem> {
    let lang = who.lang;
    let found = console.read(|node| -> Result<_, CatalogueError> {
        let (mut latest, mut since) = (VecDeque::new(), 0);
        loop {
            let found = node.catalogue_changes(since, AT_ONCE)?;
            if found.changes.is_empty() {
                return Ok(latest);
            }
            since = found.next;
            latest.extend(found.changes);
            latest.drain(..latest.len().saturating_sub(MAX_CHANGES));
        }
    });
    let latest = found.await?.map_err(problem)?;
    let body = html! {
        p.crumb { a href="/catalogue" { "← " (lang.catalogue()) } }
        div.head { h1 { (lang.latest_changes()) } }
        section.card {
            @if latest.is_empty() { p.muted { (lang.no_changes()) } }
            ol.history { @for change in latest.iter().rev() { (changed(&console, lang, change, true)) } }
        }
    };
    let page =
        Page { who: &who, part: Part::Catalogue, title: lang.latest_changes(), here: "/catalogue/changes".to_owned() };
    Ok(page.show(&console, body).await?.into_response())
}

/// A change; `named` where the page is not about one procedure alone.
fn changed(console: &Console, lang: Lang, change: &CatalogueChange, named: bool) -> Markup {
    let (words, which) = match &change.what {
        ChangeKind::New { procedure } => (lang.change_new(), Some((procedure.code.as_str(), procedure.name.as_str()))),
        ChangeKind::Changed { code, name, .. } => (lang.change_changed(), Some((code.as_str(), name.as_str()))),
        ChangeKind::Retired { code, name, .. } => (lang.change_retired(), Some((code.as_str(), name.as_str()))),
        ChangeKind::Flagged { .. } => (lang.change_flagged(), None),
        _ => (lang.change_recounted(), None),
    };
    html! {
        li {
            p { (page::moment(change.time)) " " b { (page::name_of(&console.node, &change.publisher)) } ": " (words)
                @if let Some((code, name)) = which.filter(|_| named) { " " a href=(address(&change.publisher, code)) { (name) } " (" (code) ")" } }
            @match &change.what {
                ChangeKind::Changed { fields, .. } => (differences(lang, fields)),
                ChangeKind::Retired { reason, from, .. } => p.said { (reason) @if let Some(from) = from { " (" (time::written(from)) ")" } },
                ChangeKind::Flagged { reason, reason_vi, .. } => p.warn { (lang.pick(reason_vi, reason)) },
                _ => {},
            }
        }
    }
}

/// What changed, field by field.
fn differences(lang: Lang, fields: &[FieldChange]) -> Markup {
    html! {
        table.plain.changes {
            thead { tr { th scope="col" { (lang.field()) } th scope="col" { (lang.before()) } th scope="col" { (lang.after()) } } }
            tbody { @for field in fields { tr { th scope="row" { (field.known().map_or_else(|| field.field.clone(), |known| called(lang, known))) } td { del { (value(lang, &field.before)) } } td { ins { (value(lang, &field.after)) } } } } }
        }
    }
}

fn value(lang: Lang, value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(yes) => {
            if *yes {
                lang.yes()
            } else {
                lang.no()
            }
        }
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64().map_or_else(|| number.to_string(), |number| lang.number(number)),
        Value::Array(items) => items.iter().map(|item| self::value(lang, item)).collect::<Vec<_>>().join("; "),
        Value::Object(row) => {
            row.values().map(|item| self::value(lang, item)).filter(|text| text != "–").collect::<Vec<_>>().join(", ")
        }
    }
}

/// What a field of a procedure is called.
fn called(lang: Lang, field: ProcedureField) -> String {
    let name = lang.pick(field.vietnamese(), field.english());
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
