//! The tokens of the HTTP API.

use congvan::core::Time;
use congvan::setup;
use congvan::tokens::{Scope, TokenName, Tokens};
use serde::Serialize;

use crate::args::Token;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::time;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A token, as it is shown. Its text is there only when it was made now.
#[derive(Serialize)]
struct Shown {
    name: String,
    scopes: Vec<&'static str>,
    since: u64,
    expires: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Shown {
    fn of(name: &TokenName, token: &congvan::tokens::Token) -> Self {
        let scopes = token.scopes.iter().map(|scope| scope.name()).collect();
        Self { name: name.to_string(), scopes, since: token.since, expires: token.expires, token: None }
    }
}

/// `token …`
pub(crate) fn run(app: &App, command: Token) -> Result<Exit, Failure> {
    // Only a node's directory has an enrolment.
    setup::read_enrolment(&app.home.enrolment())?;
    let mut tokens = Tokens::load(&app.home)?;
    let lang = app.out.lang;
    match command {
        Token::Add { name, scope, days } => {
            let name: TokenName = name.parse()?;
            let scopes = scope.iter().map(|scope| scope.trim().parse()).collect::<Result<Vec<Scope>, _>>()?;
            let after = |days| Time::from_millis(setup::now().as_millis() + u64::from(days) * DAY_MS);
            let secret = tokens.add(name.clone(), scopes, days.map(after))?;
            tokens.save(&app.home)?;
            let shown = tokens.iter().find(|(known, _)| **known == name).map(|(name, token)| Shown::of(name, token));
            let shown = shown.map(|shown| Shown { token: Some(secret.expose().to_owned()), ..shown });
            app.out.result(&shown, |page| {
                page.line(lang.token_added(&name, scope.join(", ")));
                page.fields(&[(lang.h_token(), secret.expose().to_owned())]);
                page.line(lang.token_once());
            })?;
        }
        Token::Remove { name } => {
            let name: TokenName = name.parse()?;
            let removed = tokens.remove(&name)?;
            tokens.save(&app.home)?;
            app.out.result(&Shown::of(&name, &removed), |page| page.line(lang.token_removed(&name)))?;
        }
        Token::List => {
            let all: Vec<_> = tokens.iter().map(|(name, token)| Shown::of(name, token)).collect();
            app.out.result(&all, |page| {
                if all.is_empty() {
                    return page.line(lang.nothing());
                }
                let row = |shown: &Shown| {
                    let expires = shown.expires.map(|expires| time(lang, expires)).unwrap_or_default();
                    [shown.name.clone(), shown.scopes.join(", "), time(lang, shown.since), expires]
                };
                page.table(
                    [lang.h_token(), lang.h_scopes(), lang.h_since(), lang.h_expires()],
                    all.iter().map(row).collect(),
                );
            })?;
        }
    }
    Ok(Exit::Done)
}
