//! Checking a proof in the reader's own browser: the page, and what of the roster the browser is given for it. The proof
//! itself never comes here.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use congvan::Node;
use congvan::bundle::COMPACT;
use congvan::core::limits::MAX_WITNESSES;
use congvan::core::roster::Agency;
use congvan::core::{ChainId, Seq};
use maud::html;
use serde::{Deserialize, Serialize};

use super::Console;
use super::assets::CHECK;
use super::page::{self, Page, Part};
use super::problem::Problem;
use super::text::Lang;
use super::who::Who;

/// Chains that are asked for at once: a document's, and its witnesses'.
const MAX_CHAINS: usize = MAX_WITNESSES + 1;

/// `GET /check`: the text stands behind `#` in the address where a link brings it, which browsers keep to themselves.
pub(crate) async fn check(State(console): State<Arc<Console>>, who: Who) -> Result<Response, Problem> {
    let lang = who.lang;
    let body = html! {
        div.head { h1 { (lang.check()) } }
        noscript { p.notice.bad { (lang.check_needs_script()) } }
        section.card {
            p { (lang.check_what()) }
            label for="proof" { (lang.check_text()) }
            textarea #proof rows="6" spellcheck="false" autocomplete="off" aria-describedby="stays" placeholder={ (COMPACT) "…" } {}
            p.small #stays { (lang.check_stays()) }
            p { button.primary.large #judge type="button" disabled { (lang.check_now()) } }
        }
        section.card.verdict #verdict tabindex="-1" hidden {}
        template #words { @for (name, words) in words(lang) { p data-word=(name) { (words) } } }
        script type="module" src=(CHECK.path) {}
    };
    let page = Page { who: &who, part: Part::Check, title: lang.check(), here: "/check".to_owned() };
    Ok(page.show(&console, body).await?.into_response())
}

/// What the browser says, by the names that `check.js` has for it; it fills in what stands in braces.
fn words(lang: Lang) -> [(&'static str, String); 43] {
    let (name, number) = ("{name}", "{number}");
    [
        ("good", lang.verdict_good()),
        ("bad", lang.verdict_bad()),
        ("bad-next", lang.verdict_bad_next()),
        ("unable", lang.verdict_unable()),
        ("proven", lang.verdict_proven()),
        ("not-proven", lang.verdict_not_proven()),
        ("trusted", lang.verdict_trusted()),
        ("trusted-what", lang.verdict_trusted_what()),
        ("look", lang.verdict_look()),
        ("genuine", lang.proven_genuine(number, name, "{code}")),
        ("content", lang.proven_content("{length}", "{digest}")),
        ("covered", lang.proven_covered("{size}", name)),
        ("witnessed", lang.proven_witnessed("{time}", "{names}", "{needed}")),
        ("open-content", lang.open_content()),
        ("open-time", lang.open_time("{time}")),
        ("open-time-wrong", lang.open_time_wrong("{time}")),
        ("open-nobody-asked", lang.open_nobody_asked()),
        ("open-uncovered", lang.open_uncovered()),
        ("open-unwitnessed", lang.open_unwitnessed("{seen}", "{needed}")),
        ("open-branch", lang.open_branch(number)),
        ("open-later", lang.open_later()),
        ("trusted-key", lang.trusted_key("{key}", name, "{code}", "{from}")),
        ("trusted-witnesses", lang.trusted_witnesses("{needed}", "{named}")),
        ("trusted-whole", lang.trusted_whole(name)),
        ("trusted-network", lang.trusted_network(name, "{fingerprint}", "{roster}")),
        ("fault-text", lang.fault_text()),
        ("fault-network", lang.fault_network("{network}")),
        ("fault-agency", lang.fault_agency("{chain}")),
        ("fault-key", lang.fault_key(name, number)),
        ("fault-signature", lang.fault_signature(name)),
        ("fault-limit", lang.fault_limit(name, "{limit}")),
        ("fault-pinned", lang.fault_pinned(number)),
        ("fault-kind", lang.fault_kind()),
        ("fault-quarantined", lang.fault_quarantined(name, "{from}")),
        ("fault-place", lang.fault_place("{at}", "{size}")),
        ("fault-inclusion", lang.fault_inclusion("{size}")),
        ("fault-checkpoint", lang.fault_checkpoint("{code}")),
        ("fault-continued", lang.fault_continued()),
        ("fault-pin", lang.fault_pin(number)),
        ("fault-witness", lang.fault_witness(name)),
        ("unable-insecure", lang.unable_insecure()),
        ("unable-browser", lang.unable_browser()),
        ("unable-roster", lang.unable_roster()),
    ]
}

/// The chains that a proof speaks of.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// Digits, commas between them.
    chains: String,
}

/// What of the roster a proof is held against. Numbers of entries are texts: JavaScript's own numbers are too short.
#[derive(Debug, Serialize)]
struct RosterView {
    network: String,
    network_name: String,
    /// The roster's last number.
    roster: String,
    /// The chains of those who may witness, and how many are asked for.
    witnesses: Vec<String>,
    threshold: u16,
    agencies: Vec<AgencyView>,
}

/// What the roster, and its chain's own changes of keys, say of an agency.
#[derive(Debug, Serialize)]
struct AgencyView {
    chain: String,
    code: String,
    name: String,
    /// The last number that may be.
    limit: Option<String>,
    /// From which number on its chain contradicts itself, as far as this node knows.
    quarantined: Option<String>,
    keys: Vec<KeyView>,
    pins: Vec<PinView>,
}

/// A key, and from which number on it holds.
#[derive(Debug, Serialize)]
struct KeyView {
    from: String,
    key: String,
}

/// The entry that the registrar named for a number.
#[derive(Debug, Serialize)]
struct PinView {
    number: String,
    id: String,
}

/// `GET /check/roster?chains=…`
pub(crate) async fn roster(
    State(console): State<Arc<Console>>,
    _: Who,
    Query(Wanted { chains }): Query<Wanted>,
) -> Result<Response, Problem> {
    let wanted: Result<BTreeSet<ChainId>, _> = chains.split(',').take(MAX_CHAINS + 1).map(str::parse).collect();
    let wanted = wanted.ok().filter(|wanted| wanted.len() <= MAX_CHAINS).ok_or(Problem::Form)?;
    let view = console.read(move |node| RosterView::of(node, &wanted)).await?;
    Ok(Json(view).into_response())
}

impl RosterView {
    fn of(node: &Node, wanted: &BTreeSet<ChainId>) -> Self {
        let roster = node.ledger().roster();
        let policy = roster.witnesses();
        let agencies = wanted.iter().filter_map(|chain| roster.agency(*chain));
        Self {
            network: roster.network().to_string(),
            network_name: roster.genesis().name.to_string(),
            roster: roster.head().map_or(0, |head| head.seq.get()).to_string(),
            witnesses: policy.witnesses.iter().map(ToString::to_string).collect(),
            threshold: policy.threshold,
            agencies: agencies.map(|agency| AgencyView::of(node, agency)).collect(),
        }
    }
}

impl AgencyView {
    fn of(node: &Node, agency: &Agency) -> Self {
        let (ledger, policy) = (node.ledger(), agency.policy());
        let state = ledger.state(agency.chain);
        // A key comes by the registrar's word, or by the chain's own.
        let granted = policy.grants.iter().map(|grant| grant.from);
        let starts: BTreeSet<Seq> = granted.chain(state.spans().iter().map(|span| span.from)).collect();
        let key = |from| Some(KeyView { from: Seq::to_string(&from), key: state.key_at(policy, from)?.to_string() });
        Self {
            chain: agency.chain.to_string(),
            code: agency.code.to_string(),
            name: page::name_of(node, agency.code.as_str()),
            limit: policy.limit.map(|limit| limit.to_string()),
            quarantined: ledger.status(agency.chain).quarantined.map(|quarantine| quarantine.from.to_string()),
            keys: starts.into_iter().filter_map(key).collect(),
            pins: policy
                .pins
                .iter()
                .map(|pin| PinView { number: pin.seq.to_string(), id: pin.id.to_string() })
                .collect(),
        }
    }
}
