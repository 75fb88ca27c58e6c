//! Documents by their words.

use congvan::control::{Reply, Request};
use congvan::search::{Hit, Mailbox, Query};

use crate::args;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::{short_id, shorten, time};

/// `search`
pub(crate) async fn search(app: &App, args: args::Search) -> Result<Exit, Failure> {
    let mailbox = match (args.inbox, args.outbox) {
        (true, _) => Mailbox::Inbox,
        (_, true) => Mailbox::Outbox,
        _ => Mailbox::All,
    };
    let args::Search { text, code, agency, from, to, offset, limit, .. } = args;
    let query = Query { mailbox, text, code, agency, from, to, offset, limit };
    let link = app.running().await?;
    let Reply::Searched(found) = link.0.call(Request::Search(Box::new(query))).await? else {
        return Err(Failure::Unexpected);
    };
    link.close().await;
    let lang = app.out.lang;
    app.out.result(&found, |page| {
        if found.hits.is_empty() {
            return page.line(lang.nothing());
        }
        let row = |hit: &Hit| {
            let other = match hit.own {
                true => lang.to_agencies(hit.recipients),
                false => format!("{} {}", hit.sender, shorten(&hit.sender_name, 30)),
            };
            [short_id(&hit.id), time(lang, hit.time), other, hit.code.clone(), shorten(&hit.subject, 60)]
        };
        let headings = [lang.h_id(), lang.h_time(), lang.h_other_end(), lang.h_code(), lang.h_subject()];
        page.table(headings, found.hits.iter().map(row).collect());
        page.line(lang.found(found.hits.len(), found.total));
    })?;
    Ok(Exit::Done)
}
