//! Bringing this agency's catalogue to what a file says: the fewest changes, shown or written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use congvan::catalogue::FieldChange;
use congvan::control::{Reply, Request};
use congvan::core::catalogue::{Plan, differences};
use congvan::core::{BlobId, Procedure, ProcedureChange, ProcedureCode, ProcedurePayload, Text, Wire};
use serde::Serialize;

use super::table::{self, Forms};
use super::{live, print_field, write};
use crate::args;
use crate::attach::Parts;
use crate::exit::{Exit, Failure};
use crate::home::{App, Link};
use crate::output::{Page, Unit};
use crate::text::Lang;

/// Changes that the node writes at once, and the most bytes of them.
const BATCH: usize = 250;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

#[derive(Serialize)]
struct Named {
    code: String,
    name: String,
}

#[derive(Serialize)]
struct Amended {
    code: String,
    name: String,
    fields: Vec<FieldChange>,
}

/// What a load does, or would do.
#[derive(Serialize)]
struct Loaded {
    file: PathBuf,
    dry_run: bool,
    new: Vec<Named>,
    changed: Vec<Amended>,
    retired: Vec<Named>,
    unchanged: usize,
    /// Entries written.
    written: usize,
}

fn named(procedure: &Procedure) -> Named {
    Named { code: procedure.code.to_string(), name: procedure.name.to_string() }
}

/// `catalogue load`
pub(super) async fn load(app: &App, args: args::Load) -> Result<Exit, Failure> {
    let lang = app.out.lang;
    let reason = Text::new(args.reason.clone()).map_err(|error| Failure::Bound("--reason", error))?;
    let from = args.from.as_deref().map(super::date).transpose()?;
    let rows = table::read(&args.file, lang)?;
    let link = app.session(args.offline.offline).await?;
    let loaded = async {
        let live = live(&link).await?;
        let mut forms = Forms::new(args.file.parent().unwrap_or(Path::new(".")));
        let (mut wanted, mut errors) = (Vec::new(), Vec::new());
        for row in rows {
            match row.procedure(live.get(&row.code).cloned(), &mut forms, lang) {
                Ok(procedure) => match ProcedurePayload::new(ProcedureChange::Publish(procedure.clone())) {
                    Ok(_) => wanted.push(procedure),
                    Err(error) => errors.push(lang.e_row(row.number, error)),
                },
                Err(found) => errors.extend(found),
            }
        }
        if !errors.is_empty() {
            return Err(Failure::Load(args.file.clone(), errors));
        }
        let plan = Plan::new(live.clone(), wanted, args.retire_missing);
        let mut loaded = Loaded::of(&args, &plan);
        if !args.dry_run && !plan.is_empty() {
            let to_write = plan.new.iter().chain(plan.changed.iter().map(|(_, after)| after));
            store_forms(app, &link, &forms, to_write, &live).await?;
            loaded.written = write_all(app, &link, plan.into_changes(&reason, from)).await?;
        }
        Ok(loaded)
    }
    .await;
    link.close().await;
    let loaded = loaded?;
    app.out.result(&loaded, |page| loaded.print(page, lang))?;
    Ok(Exit::Done)
}

async fn write_all(app: &App, link: &Link, changes: Vec<ProcedureChange>) -> Result<usize, Failure> {
    let mut meter = app.out.meter(app.out.lang.p_load(), changes.len() as u64, Unit::Entries);
    let (mut written, mut bytes) = (0, 0);
    let mut batch = Vec::new();
    let mut changes = changes.into_iter().peekable();
    while let Some(change) = changes.next() {
        let payload = ProcedurePayload::new(change).map_err(|error| Failure::Procedure(error.to_string()))?;
        bytes += payload.to_bytes().len();
        batch.push(payload);
        if batch.len() == BATCH || bytes >= BATCH_BYTES || changes.peek().is_none() {
            written += write(link, std::mem::take(&mut batch)).await?.len();
            bytes = 0;
            meter.at(written as u64);
        }
    }
    Ok(written)
}

/// Hands the node the bytes of forms that nothing live has yet.
pub(super) async fn store_forms<'a>(
    app: &App,
    link: &Link,
    forms: &Forms,
    procedures: impl IntoIterator<Item = &'a Procedure>,
    live: &BTreeMap<ProcedureCode, Procedure>,
) -> Result<(), Failure> {
    let ids = |procedure: &Procedure| procedure.forms.iter().map(|form| form.blob.blob().id).collect::<Vec<_>>();
    let known: BTreeSet<BlobId> = live.values().flat_map(ids).collect();
    let wanted: BTreeSet<BlobId> = procedures.into_iter().flat_map(ids).filter(|id| !known.contains(id)).collect();
    let mut meter = app.out.meter(app.out.lang.p_forms(), wanted.len() as u64, Unit::Entries);
    for (done, id) in (1..).zip(&wanted) {
        // A form without a file is one that the ledger must have; the node says so if it has not.
        let Some(path) = forms.paths.get(id) else { continue };
        let mut body = Parts::new(app.out.lang);
        let len = body.file(path)?;
        match link.0.call_with(Request::StoreForm { len }, &mut body).await? {
            Reply::Form { blob, .. } if blob == id.to_string() => meter.at(done),
            Reply::Form { .. } => return Err(Failure::Procedure(app.out.lang.e_changed(path.display()))),
            _ => return Err(Failure::Unexpected),
        }
    }
    Ok(())
}

impl Loaded {
    fn of(args: &args::Load, plan: &Plan) -> Self {
        let amended = |(before, after): &(Procedure, Procedure)| Amended {
            code: after.code.to_string(),
            name: after.name.to_string(),
            fields: differences(before, after).iter().map(FieldChange::of).collect(),
        };
        Self {
            file: args.file.clone(),
            dry_run: args.dry_run,
            new: plan.new.iter().map(named).collect(),
            changed: plan.changed.iter().map(amended).collect(),
            retired: plan.missing.iter().map(named).collect(),
            unchanged: plan.unchanged,
            written: 0,
        }
    }

    fn print(&self, page: &mut Page, lang: Lang) {
        if self.dry_run {
            self.new.iter().for_each(|new| page.line(lang.c_new(&new.code, &new.name)));
            for changed in &self.changed {
                page.line(lang.c_changed(&changed.code, &changed.name));
                changed.fields.iter().for_each(|field| print_field(page, field, lang));
            }
            self.retired.iter().for_each(|retired| page.line(lang.c_retired(&retired.code, &retired.name)));
        }
        page.line(lang.c_planned(self.new.len(), self.changed.len(), self.retired.len(), self.unchanged));
        page.line(match (self.dry_run, self.written) {
            (true, _) => lang.c_dry_run(),
            (false, 0) => lang.c_no_change(),
            (false, written) => lang.c_written(written),
        });
    }
}
