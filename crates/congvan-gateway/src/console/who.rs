//! Who asks: a logged-in user, and a form that comes from a page made for them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use congvan::users::{Role, UserName, Users};
use cookie::Cookie;

use super::Console;
use super::draft::Drafts;
use super::problem::Problem;
use super::session::Found;
use super::text::Lang;

/// The session's cookie.
pub(crate) const COOKIE: &str = "congvan";
/// The same where it travels by https alone: browsers take this name from nobody else.
const SECURE_COOKIE: &str = "__Host-congvan";
/// The field of a form that holds its token.
pub(crate) const TOKEN: &str = "token";

/// Under which name the session's cookie goes.
pub(crate) fn cookie_name(console: &Console) -> &'static str {
    if console.options.secure { SECURE_COOKIE } else { COOKIE }
}

/// A cookie's value.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| Cookie::split_parse(text).flatten());
    let found = pairs.find(|cookie| cookie.name() == name)?;
    found.value_raw()
}

/// A logged-in user.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) lang: Lang,
    pub(crate) name: UserName,
    pub(crate) role: Role,
    /// For the forms of pages made for them.
    pub(crate) token: String,
    pub(crate) cookie: String,
    pub(crate) drafts: Arc<Drafts>,
}

impl Who {
    /// The user behind a request's cookie.
    ///
    /// # Errors
    /// Where to go instead: to log in.
    pub(crate) fn of(console: &Console, headers: &HeaderMap, came_for: &str) -> Result<Self, Redirect> {
        let log_in = |why: &str| Redirect::to(&format!("/login?{why}next={}", encoded(came_for)));
        let cookie = cookie(headers, cookie_name(console)).ok_or_else(|| log_in(""))?;
        let (name, since, drafts) = match console.sessions.find(cookie, Instant::now()) {
            Found::Nothing => return Err(log_in("")),
            Found::Expired => return Err(log_in("expired=1&")),
            Found::Session { user, since, drafts } => (user, since, drafts),
        };
        // As the file has them now: removed, or given another password, they are out.
        let users = Users::load(console.node.home()).unwrap_or_else(|error| {
            tracing::error!(%error, "the users cannot be read: nobody is logged in");
            Users::default()
        });
        let Some(user) = users.get(&name).filter(|user| user.since == since) else {
            console.sessions.close(cookie);
            return Err(log_in("expired=1&"));
        };
        let (token, cookie) = (console.sessions.token(cookie), cookie.to_owned());
        Ok(Self { lang: Lang::of(headers), name, role: user.role, token, cookie, drafts })
    }

    /// Whether they may send and report.
    ///
    /// # Errors
    /// [`Problem::MayNotWrite`].
    pub(crate) fn writes(&self) -> Result<(), Problem> {
        if self.role.may_write() { Ok(()) } else { Err(Problem::MayNotWrite) }
    }
}

impl FromRequestParts<Arc<Console>> for Who {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Response> {
        // A form cannot be sent again by a redirect.
        let came_for = match parts.method {
            Method::GET => parts.uri.path_and_query().map_or("/", |path| path.as_str()),
            _ => "/",
        };
        Self::of(console, &parts.headers, came_for).map_err(IntoResponse::into_response)
    }
}

/// A form's fields; of several with one name, the last.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// A field, trimmed; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// A field as it was typed.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(crate) fn set(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }
}

impl FromRequest<Arc<Console>> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Problem> {
        let Form(pairs) =
            Form::<Vec<(String, String)>>::from_request(request, console).await.map_err(|_| Problem::Form)?;
        Ok(Self(pairs.into_iter().collect()))
    }
}

/// A form that came from a page made for this user.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) who: Who,
    pub(crate) fields: Fields,
}

impl FromRequest<Arc<Console>> for Signed {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let who = Who::from_request_parts(&mut parts, console).await?;
        let fields = Fields::from_request(Request::from_parts(parts, body), console).await;
        let fields = fields.map_err(IntoResponse::into_response)?;
        match console.sessions.is_token(&who.cookie, fields.get(TOKEN)) {
            true => Ok(Self { who, fields }),
            false => Err(Problem::Stale.into_response()),
        }
    }
}

/// Text as a part of an address.
pub(crate) fn encoded(text: &str) -> String {
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match safe(byte) {
            true => encoded.push(char::from(byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// A place to go to afterwards: one of ours, or the first page.
pub(crate) fn local(path: &str) -> &str {
    let ours = path.starts_with('/') && !path.starts_with("//");
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if ours && plain && path.len() <= 2_048 { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_places_are_gone_to() {
        assert_eq!(local("/documents/ab?x=1"), "/documents/ab?x=1");
        for wrong in ["", "//other.example", "/\\other.example", "https://other.example", "inbox", "/a\r\nb: c", "/ế"]
        {
            assert_eq!(local(wrong), "/", "{wrong:?}");
        }
    }

    #[test]
    fn text_goes_into_an_address_and_nothing_out_of_it() {
        assert_eq!(encoded("/inbox?q=báo &x"), "%2Finbox%3Fq%3Db%C3%A1o%20%26x");
    }
}
