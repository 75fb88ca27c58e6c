//! What is due: what this agency has to do, and what others owe it.

use std::path::Path;

use congvan::control::{Reply, Request};
use congvan::deadline::{Deadlines, DueView, Lateness, Side, Step};
use serde::{Deserialize, Serialize};

use crate::args;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::{Page, short_id, shorten, time};
use crate::text::Lang;

#[derive(Serialize)]
struct Listed {
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<Vec<DueView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Vec<DueView>>,
}

/// `due`
pub(crate) async fn due(app: &App, args: args::Due) -> Result<Exit, Failure> {
    let deadlines = args.config.as_deref().map(configured).transpose()?.map(Box::new);
    let link = app.session(false).await?;
    let ask = async |side: Side, wanted: bool| -> Result<Option<Vec<DueView>>, Failure> {
        if !wanted {
            return Ok(None);
        }
        match link.0.call(Request::Due { side, deadlines: deadlines.clone() }).await? {
            Reply::Due { due } => Ok(Some(due.into_iter().filter(|due| chosen(&args, due)).collect())),
            _ => Err(Failure::Unexpected),
        }
    };
    let received = ask(Side::Received, !args.sent).await;
    let sent = ask(Side::Sent, !args.received).await;
    link.close().await;
    let listed = Listed { received: received?, sent: sent? };
    let lang = app.out.lang;
    app.out.result(&listed, |page| {
        if let Some(received) = &listed.received {
            print(page, lang.due_received(), lang.h_from(), received, |due| due.from.clone(), lang);
        }
        if let Some(sent) = &listed.sent {
            print(page, lang.due_sent(), lang.h_by(), sent, |due| due.by.clone(), lang);
        }
    })?;
    Ok(Exit::Done)
}

/// The deadlines of a node's configuration; its other keys do not matter here.
fn configured(path: &Path) -> Result<Deadlines, Failure> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        deadlines: Deadlines,
    }
    let text = std::fs::read_to_string(path).map_err(Failure::file(path))?;
    let config: Config = toml::from_str(&text).map_err(|error| Failure::Config(path.to_owned(), error.to_string()))?;
    Ok(config.deadlines)
}

fn chosen(args: &args::Due, due: &DueView) -> bool {
    match due.lateness {
        Lateness::Overdue => !args.soon && !args.unanswered,
        Lateness::Soon => !args.overdue && !args.unanswered,
        Lateness::Unanswered => !args.overdue && !args.soon,
        Lateness::DateUnreadable => !args.overdue && !args.soon && !args.unanswered,
        Lateness::Later => false,
    }
}

fn print(
    page: &mut Page,
    title: String,
    other: String,
    listed: &[DueView],
    who: impl Fn(&DueView) -> String,
    lang: Lang,
) {
    page.line(title);
    if listed.is_empty() {
        return page.line(lang.nothing());
    }
    let row = |due: &DueView| {
        let at = match due.at {
            Some(at) => time(lang, at),
            None => due.due.clone(),
        };
        let subject = shorten(&due.subject, 50);
        [
            at,
            lateness(due.lateness, lang),
            step(due.step, lang),
            short_id(&due.document),
            who(due),
            due.code.clone(),
            subject,
        ]
    };
    let headings =
        [lang.h_until(), lang.h_lateness(), lang.h_step(), lang.h_id(), other, lang.h_code(), lang.h_subject()];
    page.table(headings, listed.iter().map(row).collect());
}

fn lateness(lateness: Lateness, lang: Lang) -> String {
    match lateness {
        Lateness::Overdue => lang.overdue(),
        Lateness::Soon => lang.due_soon(),
        Lateness::Later => lang.due_later(),
        Lateness::Unanswered => lang.unanswered(),
        Lateness::DateUnreadable => lang.date_unreadable(),
    }
}

fn step(step: Step, lang: Lang) -> String {
    match step {
        Step::Receive => lang.step_receive(),
        Step::Complete => lang.step_complete(),
        Step::Answer => lang.step_answer(),
    }
}
