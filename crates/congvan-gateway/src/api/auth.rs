//! Who asks, what it may do, and how often.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use congvan::setup;
use congvan::tokens::{Scope, Token, TokenName, Tokens};

use super::parse;
use super::problem::{Kind, Problem};
use super::{Api, blocking};
use crate::limit::site;

/// A program that showed a good token.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) name: TokenName,
    token: Token,
}

/// Counts the request, and finds out who asks. What that program may do is for each operation to ask.
pub(super) async fn admit(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(header::AUTHORIZATION).cloned();
    let caller = async {
        api.addresses.admit(&site(peer.ip())).map_err(too_many)?;
        let Some(header) = header else { return Ok(None) };
        let token = parse::bearer(header.as_bytes()).map(str::to_owned);
        let token = token.ok_or_else(|| unauthorized("the header is written as Authorization: Bearer TOKEN"))?;
        let caller = api.clone().identify(token).await?;
        api.callers.admit(&caller.name).map_err(too_many)?;
        Ok(Some(caller))
    };
    match caller.await {
        Ok(caller) => {
            caller.map(|caller| request.extensions_mut().insert(caller));
            next.run(request).await
        }
        Err(problem) => Problem::into_response(problem),
    }
}

fn too_many(wait: std::time::Duration) -> Problem {
    let seconds = wait.as_secs() + 1;
    Problem::new(Kind::TooMany, format!("ask again in {seconds} s")).retry_after(seconds)
}

fn unauthorized(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Unauthorized, detail)
}

impl Api {
    async fn identify(self: Arc<Self>, token: String) -> Result<Caller, Problem> {
        blocking(move || {
            let tokens = self.tokens.get(|| Tokens::load(self.node.home()).map_err(Problem::from))?;
            let admitted = tokens.admit(&token, setup::now());
            let (name, token) = admitted.map_err(|error| unauthorized(error.to_string()))?;
            Ok::<_, Problem>(Caller { name: name.clone(), token: token.clone() })
        })
        .await
    }
}

/// What an operation needs.
pub(super) trait Needs {
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($scope:ident)*) => { $(
        #[derive(Debug)]
        pub(super) struct $scope;
        impl Needs for $scope {
            const SCOPE: Scope = Scope::$scope;
        }
    )* };
}
scopes! { DocumentsRead DocumentsWrite StatusWrite DirectoryRead CatalogueRead EventsRead Admin }

/// That the caller may do what needs this scope: an operation that takes it runs for nobody else.
#[derive(Debug)]
pub(super) struct May<S>(pub(super) Caller, PhantomData<S>);

impl<S: Needs, T: Send + Sync> FromRequestParts<T> for May<S> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller
            .ok_or_else(|| unauthorized("`congvan token add` makes a token; send it as Authorization: Bearer TOKEN"))?;
        match caller.token.allows(S::SCOPE) {
            true => Ok(Self(caller, PhantomData)),
            false => {
                Err(Problem::new(Kind::Forbidden, format!("the token {} has not the scope {}", caller.name, S::SCOPE)))
            }
        }
    }
}
