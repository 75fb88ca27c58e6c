//! What is due: what this agency has to do, and what others owe it.

use std::path::Path;

use congvan::control::{Reply, Request};
use congvan::deadline::{Deadlines, DueView, Late, Lateness, Side, Step};
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
    /// Things of either side that are not listed.
    more: u64,
}

/// `due`
pub(crate) async fn due(app: &App, args: args::Due) -> Result<Exit, Failure> {
    let deadlines = args.config.as_deref().map(configured).transpose()?.map(Box::new);
    let link = app.session(false).await?;
    let (only, limit) = (args.only(), usize::from(args.limit));
    let ask = async |side: Side, wanted: bool| -> Result<Option<Late>, Failure> {
        if !wanted {
            return Ok(None);
        }
        match link.0.call(Request::Due { side, only, limit, deadlines: deadlines.clone() }).await? {
            Reply::Due(late) => Ok(Some(late)),
            _ => Err(Failure::Unexpected),
        }
    };
    let received = ask(Side::Received, !args.sent).await;
    let sent = ask(Side::Sent, !args.received).await;
    link.close().await;
    let (received, sent) = (received?, sent?);
    let more = [&received, &sent].into_iter().flatten().map(|late| late.more).sum();
    let listed = Listed { received: received.map(|late| late.listed), sent: sent.map(|late| late.listed), more };
    let lang = app.out.lang;
    app.out.result(&listed, |page| {
        if let Some(received) = &listed.received {
            print(page, lang.due_received(), lang.h_from(), received, |due| due.from.clone(), lang);
        }
        if let Some(sent) = &listed.sent {
            print(page, lang.due_sent(), lang.h_by(), sent, |due| due.by.clone(), lang);
        }
        if more > 0 {
            page.line(lang.due_more(more));
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

impl args::Due {
    fn only(&self) -> Option<Lateness> {
        let asked =
            [(self.overdue, Lateness::Overdue), (self.soon, Lateness::Soon), (self.unanswered, Lateness::Unanswered)];
        asked.into_iter().find_map(|(asked, lateness)| asked.then_some(lateness))
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
