//! The directory: every agency, whether it is connected, and how far its documents are here.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use congvan::view::AgencyView;
use maud::{Markup, html};
use serde::Deserialize;

use super::Console;
use super::mailbox::folded;
use super::page::{self, Page, Part, icon};
use super::problem::Problem;
use super::text::Lang;
use super::who::{Who, encoded};
use super::words::{Tone, chip};

/// Agencies on one page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sought {
    q: String,
    online: Option<String>,
    page: String,
}

/// `GET /agencies`
pub(crate) async fn agencies(
    State(console): State<Arc<Console>>,
    who: Who,
    Query(sought): Query<Sought>,
) -> Result<Response, Problem> {
    let (lang, words) = (who.lang, folded(&sought.q));
    let number = sought.page.parse().unwrap_or(1).max(1);
    let mut connected = BTreeMap::new();
    for peer in console.node.peers().await {
        connected.insert(peer.agency, peer.connected_s);
    }
    connected.insert(console.node.code().to_string(), 0);
    let announced = console.node.announced().await;
    let online = sought.online.is_some();
    let (total, agencies, connected) = console
        .read(move |node| {
            let meant = |agency: &AgencyView| {
                let whole = folded(&format!("{} {}", agency.name, agency.code));
                words.split_whitespace().all(|word| whole.contains(word))
                    && (!online || connected.contains_key(&agency.code))
            };
            let all: Vec<_> = node.agencies().into_iter().filter(meant).collect();
            let total = all.len();
            (total, all.into_iter().skip((number - 1) * PAGE).take(PAGE).collect::<Vec<_>>(), connected)
        })
        .await?;
    let own = console.node.code();
    let address = |number: usize| {
        format!("/agencies?q={}&page={number}{}", encoded(&sought.q), if online { "&online=1" } else { "" })
    };
    let body = html! {
        div.head { h1 { (lang.agencies()) " " span.count { (lang.number(total as u64)) } } }
        form.search role="search" action="/agencies" {
            div.line {
                label.hidden for="q" { (lang.find_agency()) }
                input #q type="search" name="q" value=(sought.q) placeholder=(lang.find_agency_hint()) maxlength="200" accesskey="0";
                label.tick { input type="checkbox" name="online" value="1" checked[online]; span { (lang.online_only()) } }
                button type="submit" { (lang.search()) }
            }
        }
        @if agencies.is_empty() { div.card.empty { p { (lang.no_agency_found()) } } }
        @else {
            table.list {
                thead { tr {
                    th scope="col" { (lang.agency()) } th scope="col" { (lang.connection()) }
                    th.number scope="col" { (lang.held_to()) } th scope="col" { (lang.checked()) }
                } }
                tbody { @for agency in &agencies { (row(lang, agency, connected.get(&agency.code).copied(), announced.get(&agency.code).copied(), agency.code == own.as_str())) } }
            }
            p.small { (lang.agencies_note()) }
        }
        (page::pager(lang, number, total > number * PAGE, address))
    };
    let page = Page { who: &who, part: Part::Agencies, title: lang.agencies(), here: address(number) };
    Ok(page.show(&console, body).await?.into_response())
}

fn row(lang: Lang, agency: &AgencyView, connected: Option<u64>, announced: Option<u64>, own: bool) -> Markup {
    let behind = announced.map_or(0, |last| last.saturating_sub(agency.head));
    html! {
        tr {
            td.what {
                b { (agency.name) } @if own { " " span.muted { "(" (lang.this_agency()) ")" } }
                p.under { (agency.code)
                    @if agency.standing == "suspended" { " · " span.warn { (lang.suspended()) } }
                    @if agency.standing == "closed" { " · " span.warn { (lang.closed()) } }
                    @if agency.rights.iter().any(|right| right == "publish") { " · " (lang.publishes()) }
                }
            }
            td.state {
                @match connected {
                    Some(_) if own => (chip(Tone::Good, "dot", &lang.here())),
                    Some(seconds) => { (chip(Tone::Good, "dot", &lang.online())) p.under { (lang.duration(seconds)) } },
                    None => (chip(Tone::Grey, "line", &lang.not_connected_now())),
                }
            }
            td.number {
                (lang.number(agency.head))
                @if let Some(newest) = agency.newest { p.under { (page::moment(newest)) } }
                @if behind > 0 { p.under { span.warn { (lang.behind_by(lang.number(behind))) } } }
            }
            td {
                @match agency.quarantined {
                    Some(from) => span.warn { (icon("/alarms")) " " (lang.distrusted_from(lang.number(from))) },
                    None if agency.verified >= agency.head => span.good { (lang.checked_all()) },
                    None => (lang.checked_to(lang.number(agency.verified))),
                }
            }
        }
    }
}
