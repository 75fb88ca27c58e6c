//! Reporting what became of a document.

use std::path::Path;

use congvan::control::{NamedDocument, RelationTo, Reply, Request};
use congvan::core::document::Reference;
use congvan::core::status::{Staff, StatusContent, StatusNote};
use congvan::core::{StatusCode, Text, Wire};
use congvan_edxml::StatusDraft;
use serde::Serialize;

use crate::agency::Written;
use crate::args;
use crate::exit::{Exit, Failure};
use crate::home::{App, Link};
use crate::text::Lang;

#[derive(Serialize)]
struct Reported {
    #[serde(flatten)]
    written: Written,
    document: String,
    status: &'static str,
}

/// `status`
pub(crate) async fn status(app: &App, args: args::Status) -> Result<Exit, Failure> {
    let draft = match (&args.packet, args.code) {
        (Some(path), _) => of_packet(path)?,
        (None, code) => StatusDraft {
            from: None,
            responds_to: Reference::default(),
            code: code.unwrap_or_default().parse()?,
            note: StatusNote {
                note: field("--note", args.note)?,
                staff: Staff { name: field("--staff", args.staff)?, ..Staff::default() },
                ..StatusNote::default()
            },
        },
    };
    let link = app.session(args.offline.offline).await?;
    let reported = report(app, &link, args.id, args.answers, draft).await;
    link.close().await;
    let reported = reported?;
    let lang = app.out.lang;
    app.out.result(&reported, |page| {
        let meaning = meaning(lang, reported.status);
        page.line(lang.reported(reported.status, meaning));
        page.fields(&[(lang.h_document_id(), reported.document.clone()), (lang.h_id(), reported.written.id.clone())]);
    })?;
    Ok(Exit::Done)
}

fn field<const MAX: usize>(option: &'static str, value: Option<String>) -> Result<Text<MAX>, Failure> {
    Text::new(value.unwrap_or_default()).map_err(|error| Failure::Bound(option, error))
}

fn of_packet(path: &Path) -> Result<StatusDraft, Failure> {
    let packet = std::fs::read(path).map_err(Failure::file(path))?;
    congvan_edxml::status_of(&packet).map_err(|error| Failure::Packet(path.to_owned(), error))
}

/// What a status code means, where it is one.
pub(crate) fn meaning(lang: Lang, digits: &str) -> String {
    match (lang, digits.parse::<StatusCode>()) {
        (Lang::En, Ok(code)) => code.english().to_owned(),
        (Lang::Vi, Ok(code)) => code.vietnamese().to_owned(),
        (_, Err(_)) => digits.to_owned(),
    }
}

async fn report(
    app: &App,
    link: &Link,
    id: Option<String>,
    answers: Option<String>,
    draft: StatusDraft,
) -> Result<Reported, Failure> {
    let id = match id {
        // In full, so that what is printed names the document beyond doubt.
        Some(id) => link.document(Request::Show { id }).await?.summary.id,
        None => find(link, &draft.responds_to).await?,
    };
    if let Some(from) = draft.from {
        let own = link.node().await?.agency;
        if from != own {
            app.out.remark(app.out.lang.other_sender(from, own));
        }
    }
    let status = draft.code.digits();
    let content = hex::encode(StatusContent::V1(draft.note).to_bytes());
    let request = Request::Report { id: id.clone(), status: status.to_owned(), answers, content };
    let reply = link.0.call(request).await?;
    Ok(Reported { written: Written::of(reply)?, document: id, status })
}

/// The document that a status packet is about.
async fn find(link: &Link, about: &Reference) -> Result<String, Failure> {
    let named = NamedDocument {
        relation: RelationTo::Answers,
        document_id: about.document_id.to_string(),
        code: about.code.to_string(),
        date: about.date.to_string(),
        agency: about.agency.to_string(),
    };
    let Reply::Found { ids } = link.0.call(Request::Find { named }).await? else { return Err(Failure::Unexpected) };
    match ids.as_slice() {
        [] => Err(Failure::NoDocument([&*about.agency, &*about.code, &*about.date].join(" "))),
        [id] => Ok(id.clone()),
        _ => Err(Failure::SeveralDocuments(ids)),
    }
}
