//! The catalogue of procedures: reading it, following it, changing it.

mod load;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use congvan::catalogue::{
    CatalogueChange, CatalogueChanges, CatalogueList, ChangeKind, FieldChange, Filter, ProcedureDetail,
    ProcedureSummary,
};
use congvan::control::{Reply, Request};
use congvan::core::catalogue::{Date, Level, ProcedureField, Retirement};
use congvan::core::{Procedure, ProcedureChange, ProcedureCode, ProcedurePayload, Text, Wire};
use serde::Serialize;
use serde_json::Value;

use crate::args::{Catalogue, ProcedureEdit, ProcedureId, ProcedureList};
use crate::exit::{Exit, Failure};
use crate::export::{Part, free_name};
use crate::home::{App, Link};
use crate::output::{Page, short_id, shorten, time};
use crate::text::Lang;
use table::{Forms, Given, Row};

/// `catalogue …`
pub(crate) async fn run(app: &App, command: Catalogue) -> Result<Exit, Failure> {
    match command {
        Catalogue::List(args) => list(app, args).await,
        Catalogue::Show { procedure, forms } => show(app, procedure, forms.as_deref()).await,
        Catalogue::Publish(args) => edit(app, args, Edit::Publish).await,
        Catalogue::Amend(args) => edit(app, args, Edit::Amend).await,
        Catalogue::Retire { code, reason, from, offline } => {
            let reason = Text::new(reason).map_err(|error| Failure::Bound("--reason", error))?;
            let from = from.as_deref().map(date).transpose()?;
            let retirement = Retirement { code: self::code(&code)?, reason, from };
            let link = app.session(offline.offline).await?;
            let written = write_one(&link, ProcedureChange::Retire(retirement)).await;
            link.close().await;
            say(app, &written?)
        }
        Catalogue::Changes { since, limit } => changes(app, since, usize::from(limit)).await,
        Catalogue::Load(args) => load::load(app, args).await,
    }
}

fn code(text: &str) -> Result<ProcedureCode, Failure> {
    ProcedureCode::new(text).map_err(|error| Failure::Procedure(error.to_string()))
}

/// A day given with an option.
fn date(text: &str) -> Result<Date, Failure> {
    table::date(text).map_err(Failure::Procedure)
}

async fn list(app: &App, args: ProcedureList) -> Result<Exit, Failure> {
    // In words that this program's users have, and the protocol's words on the wire.
    let level = args.level.map(|level| level.parse::<Level>()).transpose();
    let level = level.map_err(|error| Failure::Procedure(error.to_string()))?.map(|level| level.name().to_owned());
    let on = args.on.as_deref().map(date).transpose()?.map(|on| on.to_string());
    let filter = Filter {
        publisher: args.publisher,
        level,
        field: args.field,
        text: args.text,
        on,
        retired: args.retired,
        after: args.after,
    };
    let link = app.session(false).await?;
    let reply = link.0.call(Request::Catalogue { filter, limit: usize::from(args.limit) }).await;
    link.close().await;
    let Reply::Catalogue(listed) = reply? else { return Err(Failure::Unexpected) };
    app.out.result(&listed, |page| print_list(page, &listed, app.out.lang))?;
    if let Some(next) = &listed.next {
        app.out.remark(app.out.lang.more_procedures(next));
    }
    Ok(Exit::Done)
}

fn print_list(page: &mut Page, listed: &CatalogueList, lang: Lang) {
    if listed.procedures.is_empty() {
        return page.line(lang.nothing());
    }
    let row = |procedure: &ProcedureSummary| {
        [
            procedure.code.clone(),
            procedure.publisher.clone(),
            levels(&procedure.levels, lang),
            procedure.fee.as_ref().map(ToString::to_string).unwrap_or_default(),
            life(&procedure.life, lang),
            shorten(&procedure.field, 24),
            shorten(&procedure.name, 60),
        ]
    };
    let headings = [
        lang.h_procedure(),
        lang.h_publisher(),
        lang.h_levels(),
        lang.h_fee(),
        lang.h_life(),
        lang.h_field(),
        lang.h_name(),
    ];
    page.table(headings, listed.procedures.iter().map(row).collect());
}

fn levels(names: &[String], lang: Lang) -> String {
    let word = |name: &String| match name.parse::<Level>() {
        Ok(level) if lang == Lang::Vi => level.vietnamese().to_owned(),
        _ => name.clone(),
    };
    names.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn life(life: &str, lang: Lang) -> String {
    match life {
        "live" => lang.live(),
        "retired" => lang.retired(),
        _ => lang.not_published(),
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    detail: ProcedureDetail,
    /// Forms written as files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<PathBuf>,
}

async fn show(app: &App, id: ProcedureId, forms: Option<&Path>) -> Result<Exit, Failure> {
    let link = app.session(false).await?;
    let shown = fetch(app, &link, id, forms).await;
    link.close().await;
    let shown = shown?;
    let lang = app.out.lang;
    app.out.result(&shown, |page| {
        print(page, &shown.detail, lang);
        shown.files.iter().for_each(|file| page.line(file.display()));
    })?;
    Ok(Exit::Done)
}

async fn fetch(app: &App, link: &Link, id: ProcedureId, forms: Option<&Path>) -> Result<Shown, Failure> {
    let (code, publisher) = (id.code, id.publisher);
    let request = Request::Procedure { code: code.clone(), publisher: publisher.clone() };
    let Reply::Procedure(detail) = link.0.call(request).await? else { return Err(Failure::Unexpected) };
    let mut files = Vec::new();
    if let (Some(dir), Some(procedure)) = (forms, &detail.procedure) {
        std::fs::create_dir_all(dir).map_err(Failure::file(dir))?;
        let mut taken = BTreeSet::new();
        for (number, form) in procedure.forms.iter().enumerate() {
            let path = dir.join(free_name(&form.name, number, &mut taken));
            let (part, file) = Part::create(&path)?;
            let meter = app.out.meter(app.out.lang.p_fetch(), form.len, crate::output::Unit::Bytes);
            let mut out = crate::output::Counted::new(tokio::fs::File::from_std(file), meter);
            let request = Request::Form { code: code.clone(), publisher: publisher.clone(), number };
            link.0.fetch(request, &mut out).await?;
            part.finish(out.into_inner().into_std().await)?;
            files.push(path);
        }
    }
    Ok(Shown { detail: *detail, files })
}

fn label(field: ProcedureField, lang: Lang) -> &'static str {
    match lang {
        Lang::En => field.english(),
        Lang::Vi => field.vietnamese(),
    }
}

/// What stands in a field of the JSON form, in one line.
fn words(field: Option<ProcedureField>, value: &Value, lang: Lang) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(word) if field == Some(ProcedureField::OnlineService) && lang == Lang::Vi => {
            let kind = word.parse::<congvan::core::catalogue::OnlineService>();
            kind.map_or_else(|_| word.clone(), |kind| kind.vietnamese().to_owned())
        }
        Value::String(text) => text.clone(),
        Value::Number(amount) if field == Some(ProcedureField::Fee) => lang.vnd(amount),
        Value::Bool(true) => lang.yes(),
        Value::Bool(false) => lang.no(),
        Value::Array(items) if field == Some(ProcedureField::Levels) => {
            levels(&items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect::<Vec<_>>(), lang)
        }
        Value::Array(items) => items.iter().map(|item| words(None, item, lang)).collect::<Vec<_>>().join(" | "),
        Value::Object(parts) if parts.contains_key("blob") => {
            let part = |name: &str| parts.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("{} ({})", part("name"), short_id(part("blob")))
        }
        Value::Object(parts) => {
            let parts = ["kind", "url", "account"].into_iter().filter_map(|name| parts.get(name)?.as_str());
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

fn print(page: &mut Page, detail: &ProcedureDetail, lang: Lang) {
    let publisher = format!("{} {}", detail.publisher, detail.publisher_name);
    let name = detail.procedure.as_ref().map(|procedure| procedure.code.clone()).unwrap_or_default();
    let mut fields =
        vec![(lang.h_procedure(), name), (lang.h_publisher(), publisher), (lang.h_life(), life(&detail.life, lang))];
    if let Some(end) = &detail.retired {
        let from = end.from.as_ref().map(|from| lang.c_from(from)).unwrap_or_default();
        fields.push((lang.retired(), format!("{from} {}", end.reason).trim().to_owned()));
    }
    let stands = detail.procedure.as_ref().and_then(|procedure| serde_json::to_value(procedure).ok());
    for field in ProcedureField::ALL {
        let value = stands.as_ref().and_then(|stands| stands.get(field.name())).unwrap_or(&Value::Null);
        let list = value.as_array().filter(|_| *field != ProcedureField::Levels);
        match list {
            // One a line, the name beside the first.
            Some(items) => {
                for (number, item) in items.iter().enumerate() {
                    let name = if number == 0 { label(*field, lang) } else { "·" };
                    fields.push((name.to_owned(), words(None, item, lang)));
                }
            }
            None => fields.push((label(*field, lang).to_owned(), words(Some(*field), value, lang))),
        }
    }
    page.fields(&fields);
    page.line("");
    page.line(lang.h_history());
    for change in &detail.history {
        print_change(page, change, lang);
    }
}

/// One change: a line, and the fields that differ.
fn print_change(page: &mut Page, change: &CatalogueChange, lang: Lang) {
    page.line(format!("{}  {}", place(change, lang), headline(change, lang)));
    match &change.what {
        ChangeKind::Changed { fields, .. } => fields.iter().for_each(|field| print_field(page, field, lang)),
        ChangeKind::Retired { reason, from, .. } => {
            if let Some(from) = from {
                page.line(format!("    {}", lang.c_from(from)));
            }
            if !reason.is_empty() {
                page.line(format!("    {}", lang.c_reason(reason)));
            }
        }
        _ => {}
    }
}

fn place(change: &CatalogueChange, lang: Lang) -> String {
    let cursor = if change.cursor == 0 { String::new() } else { format!("{:>6}  ", change.cursor) };
    format!("{cursor}{}  {} {}", time(lang, change.time), change.publisher, change.number)
}

fn headline(change: &CatalogueChange, lang: Lang) -> String {
    match &change.what {
        ChangeKind::New { procedure } => lang.c_new(&procedure.code, &procedure.name),
        ChangeKind::Changed { code, name, .. } => lang.c_changed(code, name),
        ChangeKind::Retired { code, name, .. } => lang.c_retired(code, name),
        ChangeKind::Flagged { code, reason, reason_vi, .. } => {
            lang.c_flagged(code.as_deref().unwrap_or("?"), if lang == Lang::Vi { reason_vi } else { reason })
        }
        ChangeKind::Recounted => lang.c_recounted(),
        _ => String::new(),
    }
}

fn print_field(page: &mut Page, field: &FieldChange, lang: Lang) {
    let known = field.known();
    let name = known.map_or(field.field.as_str(), |known| label(known, lang));
    let stated = |value: &Value| match words(known, value, lang) {
        text if text.is_empty() => lang.c_empty(),
        text => text,
    };
    page.line(format!("    {}", lang.c_field(name, stated(&field.before), stated(&field.after))));
}

/// One line for a consumer's event.
pub(crate) fn event_line(change: &CatalogueChange, lang: Lang) -> String {
    let when = time(lang, change.time);
    [lang.ev_catalogue(), when, change.publisher.clone(), headline(change, lang)].join("  ")
}

async fn changes(app: &App, since: u64, limit: usize) -> Result<Exit, Failure> {
    let link = app.session(false).await?;
    let reply = link.0.call(Request::CatalogueChanges { since, limit }).await;
    link.close().await;
    let Reply::CatalogueChanges(found) = reply? else { return Err(Failure::Unexpected) };
    let found: CatalogueChanges = found;
    let lang = app.out.lang;
    app.out.result(&found, |page| {
        if found.changes.is_empty() {
            page.line(lang.nothing());
        }
        found.changes.iter().for_each(|change| print_change(page, change, lang));
        page.line(lang.c_next(found.next));
    })?;
    Ok(Exit::Done)
}

/// What this agency has live.
async fn live(link: &Link) -> Result<BTreeMap<ProcedureCode, Procedure>, Failure> {
    let publisher = link.node().await?.agency;
    let body = link.bytes(Request::LiveProcedures { publisher }).await?;
    let mut rest = body.as_slice();
    let mut live = BTreeMap::new();
    while let Some((len, behind)) = rest.split_first_chunk::<4>() {
        let (bytes, behind) = behind.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or(Failure::Unexpected)?;
        let procedure = Procedure::from_bytes(bytes)?;
        live.insert(procedure.code.clone(), procedure);
        rest = behind;
    }
    Ok(live)
}

#[derive(Serialize)]
struct Changed {
    code: String,
    number: u64,
}

/// Has the node write one change, and says its number.
async fn write_one(link: &Link, change: ProcedureChange) -> Result<Changed, Failure> {
    let code = change.code().to_string();
    let payload = ProcedurePayload::new(change).map_err(|error| Failure::Procedure(error.to_string()))?;
    let numbers = write(link, vec![payload]).await?;
    Ok(Changed { code, number: numbers.first().copied().unwrap_or_default() })
}

fn say(app: &App, written: &Changed) -> Result<Exit, Failure> {
    app.out.result(written, |page| page.line(app.out.lang.c_one_written(written.number)))?;
    Ok(Exit::Done)
}

/// Has the node write changes; returns their numbers.
async fn write(link: &Link, changes: Vec<ProcedurePayload>) -> Result<Vec<u64>, Failure> {
    let changes = changes.iter().map(|change| hex::encode(change.to_bytes())).collect();
    match link.0.call(Request::ChangeCatalogue { changes }).await? {
        Reply::CatalogueChanged { numbers } => Ok(numbers),
        _ => Err(Failure::Unexpected),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    Publish,
    Amend,
}

/// `catalogue publish`, `catalogue amend`
async fn edit(app: &App, args: ProcedureEdit, edit: Edit) -> Result<Exit, Failure> {
    let lang = app.out.lang;
    let mut row = Row { number: 0, code: code(&args.code)?, cells: Vec::new() };
    for set in &args.set {
        let (name, value) = set.split_once('=').ok_or_else(|| Failure::Procedure(lang.e_set(set)))?;
        let field = table::field(name).ok_or_else(|| Failure::Procedure(table::unknown_column(name)))?;
        row.cells.push((field, name.to_owned(), Given::Words(value.to_owned())));
    }
    let link = app.session(args.offline.offline).await?;
    let written = async {
        let live = live(&link).await?;
        let known = live.get(&row.code).filter(|_| edit == Edit::Amend).cloned();
        if edit == Edit::Amend && known.is_none() {
            let error = congvan::core::catalogue::Breach::Unknown;
            let error = if lang == Lang::Vi { error.vietnamese().to_owned() } else { error.to_string() };
            return Err(Failure::Procedure(format!("{}: {error}", row.code)));
        }
        let mut forms = Forms::new(Path::new("."));
        let procedure =
            row.procedure(known, &mut forms, lang).map_err(|errors| Failure::Procedure(errors.join("\n")))?;
        load::store_forms(app, &link, &forms, [&procedure], &live).await?;
        let change = match edit {
            Edit::Publish => ProcedureChange::Publish(procedure),
            Edit::Amend => ProcedureChange::Amend(procedure),
        };
        write_one(&link, change).await
    }
    .await;
    link.close().await;
    say(app, &written?)
}
