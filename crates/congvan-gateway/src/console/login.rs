//! Logging in and out, and the choice of language.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use congvan::users::Users;
use cookie::{Cookie, SameSite};
use maud::html;
use serde::Deserialize;
use tokio::time::timeout;

use super::Console;
use super::page;
use super::problem::Problem;
use super::session;
use super::text::{LANGUAGE, Lang};
use super::who::{Fields, Signed, TOKEN, Who, cookie, cookie_name, encoded, local};

/// The cookie that ties the form for logging in to the browser that it was made for.
const FORM_COOKIE: &str = "congvan-login";
/// How long a password waits for its turn to be looked at.
const PATIENCE: Duration = Duration::from_secs(10);
/// A year.
const LANGUAGE_KEPT: cookie::time::Duration = cookie::time::Duration::days(365);

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
    expired: Option<String>,
    left: Option<String>,
}

/// What the page says above the form.
enum Said {
    Nothing,
    Expired,
    Left,
    Wrong,
    Wait(u64),
}

/// `GET /login`
pub(crate) async fn form(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    if Who::of(&console, &headers, "/").is_ok() {
        return Ok(Redirect::to(local(&asked.next)).into_response());
    }
    let said = match (asked.expired, asked.left) {
        (Some(_), _) => Said::Expired,
        (_, Some(_)) => Said::Left,
        _ => Said::Nothing,
    };
    show(&console, &headers, "", &asked.next, said).await
}

async fn show(console: &Console, headers: &HeaderMap, name: &str, next: &str, said: Said) -> Result<Response, Problem> {
    let lang = Lang::of(headers);
    let nobody = Users::load(console.node.home()).map_err(Problem::internal)?.iter().next().is_none();
    let random = match cookie(headers, FORM_COOKIE) {
        Some(random) if random.len() == 64 => random.to_owned(),
        _ => session::random().map_err(Problem::internal)?,
    };
    let (status, words) = match said {
        Said::Nothing => (StatusCode::OK, None),
        Said::Expired => (StatusCode::OK, Some(lang.login_expired())),
        Said::Left => (StatusCode::OK, Some(lang.login_left())),
        Said::Wrong => (StatusCode::FORBIDDEN, Some(lang.login_wrong())),
        Said::Wait(minutes) => (StatusCode::TOO_MANY_REQUESTS, Some(lang.login_wait(minutes))),
    };
    let is_error = status != StatusCode::OK;
    let body = html! {
        div.card.login {
            h1 { (lang.login()) }
            p.muted { (page::agency_name(console)) }
            @if let Some(words) = words {
                p.notice.bad[is_error] role=(if is_error { "alert" } else { "status" }) { (words) }
            }
            @if nobody { p.notice.bad { (lang.login_nobody()) " " code { "congvan user add" } } }
            form method="post" action="/login" {
                input type="hidden" name=(TOKEN) value=(console.sessions.token(&random));
                input type="hidden" name="next" value=(local(next));
                label for="name" { (lang.user_name()) }
                input #name name="name" value=(name) autocomplete="username" autocapitalize="none" spellcheck="false"
                    maxlength="64" required autofocus[name.is_empty()];
                label for="password" { (lang.password()) }
                input #password name="password" type="password" autocomplete="current-password" maxlength="256"
                    required autofocus[!name.is_empty()];
                button.primary.wide type="submit" { (lang.log_in()) }
            }
        }
    };
    let mut response = (status, page::bare(console, lang, &lang.login(), body)).into_response();
    set(&mut response, console, Cookie::build((FORM_COOKIE, random)).path("/login"));
    Ok(response)
}

/// `POST /login`
pub(crate) async fn login(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Problem> {
    let made_for = cookie(&headers, FORM_COOKIE).unwrap_or_default();
    if made_for.is_empty() || !console.sessions.is_token(made_for, fields.get(TOKEN)) {
        return Err(Problem::Stale);
    }
    let (name, next) = (fields.get("name").to_owned(), fields.get("next").to_owned());
    if let Err(wait) = console.throttle.try_once(&name, Instant::now()) {
        tracing::warn!(user = %shown(&console, &name), "too many wrong passwords: the console makes this user wait");
        return show(&console, &headers, &name, &next, Said::Wait(wait.as_secs().div_ceil(60))).await;
    }
    let password = fields.raw("password").to_owned();
    let Ok(turn) = timeout(PATIENCE, console.checks.acquire()).await else {
        return show(&console, &headers, &name, &next, Said::Wait(1)).await;
    };
    let turn = turn.map_err(Problem::internal)?;
    let (home, typed) = (console.node.home().clone(), name.clone());
    let checked = tokio::task::spawn_blocking(move || Users::load(&home).map(|users| users.check(&typed, &password)));
    let checked = checked.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    drop(turn);
    let Some((name, user)) = checked else {
        tracing::warn!(user = %shown(&console, &name), "a wrong password for the console");
        return show(&console, &headers, &name, &next, Said::Wrong).await;
    };
    console.throttle.succeeded(name.as_str());
    tracing::info!(user = %name, "logged in to the console");
    let cookie = console.sessions.open(name, user.since, Instant::now()).map_err(Problem::internal)?;
    let mut response = Redirect::to(local(&next)).into_response();
    set(&mut response, &console, Cookie::build((cookie_name(&console), cookie)).path("/"));
    Ok(response)
}

/// What was typed as a name, for the log: a password typed into the wrong field is not to stand there.
fn shown(console: &Console, name: &str) -> String {
    let users = Users::load(console.node.home()).unwrap_or_default();
    let known = name.parse().ok().filter(|name| users.get(name).is_some());
    known.map_or_else(|| "(nobody's name)".to_owned(), |name| name.to_string())
}

/// `POST /logout`
pub(crate) async fn logout(State(console): State<Arc<Console>>, signed: Signed) -> Response {
    console.sessions.close(&signed.who.cookie);
    let mut response = Redirect::to("/login?left=1").into_response();
    let gone = Cookie::build((cookie_name(&console), "")).path("/").max_age(cookie::time::Duration::ZERO);
    set(&mut response, &console, gone);
    response
}

#[derive(Debug, Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    back: String,
}

/// `GET /language/{language}`: keeps the choice in a cookie, and goes back.
pub(crate) async fn language(
    State(console): State<Arc<Console>>,
    Path(language): Path<String>,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    let lang = Lang::named(&language).ok_or(Problem::NoPage)?;
    let mut response = Redirect::to(local(&back.back)).into_response();
    set(&mut response, &console, Cookie::build((LANGUAGE, lang.name())).path("/").max_age(LANGUAGE_KEPT));
    Ok(response)
}

/// Where the switch of language leads from a page.
pub(crate) fn switch(lang: Lang, here: &str) -> String {
    format!("/language/{}?back={}", lang.other().name(), encoded(here))
}

fn set(response: &mut Response, console: &Console, cookie: cookie::CookieBuilder<'_>) {
    let cookie = cookie.http_only(true).same_site(SameSite::Strict).secure(console.options.secure).build();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
