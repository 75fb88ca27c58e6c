//! An agency's directory and keys.

use std::path::{Path, PathBuf};

use congvan::control::{Reply, Request};
use congvan::core::AgencyCode;
use congvan::setup;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::network::fingerprint_of;
use crate::peer_id::peer_id;

#[derive(Serialize)]
struct Made {
    code: String,
    name: String,
    network: String,
    enrolment: PathBuf,
    /// The agency's signing key: what registrar and agency compare.
    key: String,
    node: String,
    peer_id: String,
}

/// A code given with an option.
pub(crate) fn code(option: &'static str, text: &str) -> Result<AgencyCode, Failure> {
    AgencyCode::new(text).map_err(|error| Failure::Code(option, error))
}

/// `agency create`
pub(crate) fn create(
    app: &App,
    network: &Path,
    agency: &str,
    name: &str,
    parent: Option<&str>,
    encrypt: bool,
) -> Result<Exit, Failure> {
    let agency = code("--code", agency)?;
    let parent = parent.map(|parent| code("--parent", parent)).transpose()?;
    let genesis = setup::read_genesis(network)?;
    let passphrase = app.new_passphrase(encrypt)?;
    let made = setup::create_agency(app.home.dir(), &genesis, agency, name, parent, passphrase.as_deref())?;
    let made = Made {
        code: made.code.to_string(),
        name: made.name.to_string(),
        network: genesis.network_id().to_string(),
        enrolment: app.home.enrolment(),
        key: made.keys.sign.to_string(),
        node: made.nodes.first().map(ToString::to_string).unwrap_or_default(),
        peer_id: made.nodes.first().map(peer_id).unwrap_or_default(),
    };
    let lang = app.out.lang;
    app.out.result(&made, |page| {
        page.line(lang.agency_made(&made.code, &made.name));
        page.fields(&[
            (lang.h_fingerprint(), fingerprint_of(&made.network)),
            (lang.h_enrolment(), made.enrolment.display().to_string()),
            (lang.h_key(), made.key.clone()),
            (lang.h_node(), made.peer_id.clone()),
        ]);
        page.line(lang.agency_next(made.enrolment.display()));
    })?;
    Ok(Exit::Done)
}

/// An entry that was written.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    pub id: String,
    pub agency: String,
    pub number: u64,
}

impl Written {
    pub(crate) fn of(reply: Reply) -> Result<Self, Failure> {
        match reply {
            Reply::Written { id, agency, number } => Ok(Self { id, agency, number }),
            _ => Err(Failure::Unexpected),
        }
    }
}

/// `agency rotate-key`
pub(crate) async fn rotate_key(app: &App, offline: bool) -> Result<Exit, Failure> {
    let link = app.session(offline).await?;
    let reply = link.0.call(Request::RotateKey).await;
    link.close().await;
    let written = Written::of(reply?)?;
    app.out.result(&written, |page| {
        page.line(app.out.lang.keys_rotated(written.number + 1));
        page.fields(&[(app.out.lang.h_id(), written.id.clone())]);
    })?;
    Ok(Exit::Done)
}
