//! The directory: `registerAgency`, `deleteAgency`, `getAgenciesList`, `getSynchronizeUnit`.
//!
//! Who is a member is the registrar's word, in the roster; a node can only say what that is.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use congvan::core::{Agency, AgencyCode, Roster, Standing};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Data, Fault, Nothing};
use super::{Caller, MAX_BODY, Vxp, spool};

/// An agency, as the SDK knows it. Its id is its code, and `pid` that of the agency above it, or `0`.
#[derive(Debug, Serialize)]
struct Entry {
    id: String,
    pid: String,
    code: String,
    name: String,
    mail: String,
}

impl Entry {
    fn of(agency: &Agency) -> Self {
        Self {
            id: agency.code.to_string(),
            pid: agency.parent.as_ref().map_or_else(|| "0".to_owned(), AgencyCode::to_string),
            code: agency.code.to_string(),
            name: agency.name.clone(),
            // The roster knows no e-mail addresses.
            mail: String::new(),
        }
    }
}

/// The same with what synchronisation needs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Unit {
    #[serde(flatten)]
    entry: Entry,
    /// The roster's number that admitted it.
    version: u32,
    /// The agency at the top of its branch.
    center_code: String,
    deleted: bool,
    /// The roster does not say when an agency changed last.
    modify_date: String,
    is_agency: bool,
}

/// What the SDK sends to register an agency; of the rest, nothing is used.
#[derive(Debug, Deserialize)]
struct Registration {
    code: String,
}

impl Vxp {
    pub(super) async fn register_agency(&self, caller: &Caller, body: &mut Body) -> Result<Response, Fault> {
        let body = spool::small(body, MAX_BODY).await?;
        let Registration { code } =
            serde_json::from_slice(&body).map_err(|_| Fault::Body("a JSON object with the text \"code\""))?;
        match self.member(caller, &code)? {
            Some(Standing::Active) => {
                Ok(Answer::noting("Đơn vị đã có trong danh bạ / The agency is in the directory", Nothing {})
                    .into_response())
            }
            Some(Standing::Suspended) => Err(Fault::Registrar(code, "suspended")),
            Some(Standing::Closed) => Err(Fault::Registrar(code, "closed")),
            None => Err(Fault::Registrar(code, "not in the directory yet")),
        }
    }

    pub(super) fn delete_agency(&self, caller: &Caller) -> Result<Response, Fault> {
        let code = caller.claim.get("AgencyCode").ok_or(Fault::Key("deleteAgency", "AgencyCode"))?;
        match self.member(caller, code)? {
            Some(Standing::Closed) => {
                Ok(Answer::noting("Đơn vị đã đóng / The agency is closed", Nothing {}).into_response())
            }
            Some(_) => Err(Fault::Registrar(code.to_owned(), "a member")),
            None => Err(Fault::Registrar(code.to_owned(), "not in the directory")),
        }
    }

    /// What the roster says of an agency that the system may speak for.
    fn member(&self, caller: &Caller, code: &str) -> Result<Option<Standing>, Fault> {
        if !caller.system.speaks_for(code) {
            let agency = code.chars().take(64).collect();
            return Err(Fault::Unbound { system: caller.id.clone(), agency });
        }
        let roster = self.node.ledger().roster();
        let agency = AgencyCode::new(code).ok().and_then(|code| roster.by_code(&code).map(|found| found.standing));
        Ok(agency)
    }

    pub(super) fn agencies(&self) -> Response {
        let roster = self.node.ledger().roster();
        let members = roster.agencies().filter(|agency| agency.standing != Standing::Closed);
        Answer::done(Data { data: members.map(Entry::of).collect() }).into_response()
    }

    pub(super) fn units(&self) -> Response {
        let roster = self.node.ledger().roster();
        let unit = |agency: &Agency| Unit {
            entry: Entry::of(agency),
            version: u32::try_from(agency.admitted.get()).unwrap_or(u32::MAX),
            center_code: top(&roster, agency).to_string(),
            deleted: agency.standing == Standing::Closed,
            modify_date: String::new(),
            is_agency: true,
        };
        Answer::done(Data { data: roster.agencies().map(unit).collect() }).into_response()
    }
}

/// The agency at the top of the branch; parents are what their agencies told, so they may go in circles.
fn top<'a>(roster: &'a Roster, agency: &'a Agency) -> &'a AgencyCode {
    let mut top = &agency.code;
    let mut above = agency.parent.as_ref();
    for _ in 0..16 {
        let Some(code) = above else { break };
        top = code;
        above = roster.by_code(code).and_then(|found| found.parent.as_ref());
    }
    top
}
