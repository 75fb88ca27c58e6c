//! How this node is, what is wrong, and how the console is used.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use congvan::Gate;
use congvan::core::StatusCode;
use maud::{Markup, html};

use super::Console;
use super::alarms;
use super::page::{self, Page, Part, icon};
use super::problem::Problem;
use super::text::Lang;
use super::who::Who;
use super::words::{Tone, chip};
use crate::Snapshot;

/// `GET /alarms`
pub(crate) async fn alarms(State(console): State<Arc<Console>>, who: Who) -> Result<Response, Problem> {
    let lang = who.lang;
    let alarms = console.watch.look(&console.node).await?;
    let body = html! {
        div.head { h1 { (lang.alarms()) } }
        @if alarms.is_empty() {
            div.card.empty { p.good { (icon("done")) b { (lang.no_alarms()) } } p.muted { (lang.looked_at(alarms::now())) } }
        }
        @for alarm in alarms.iter() {
            section.card.alarm.grave[alarm.is_grave()] {
                h2 { (icon("/alarms")) (alarm.title(lang)) }
                p { (alarm.next(lang)) }
                @if let Some(detail) = alarm.detail() { p.small { (lang.for_technician()) " " span lang="en" { (detail) } } }
            }
        }
    };
    let page = Page { who: &who, part: Part::Alarms, title: lang.alarms(), here: "/alarms".to_owned() };
    Ok(page.show(&console, body).await?.into_response())
}

/// `GET /node`
pub(crate) async fn node(State(console): State<Arc<Console>>, who: Who) -> Result<Response, Problem> {
    let lang = who.lang;
    let snapshot = Snapshot::of(&console.node).await;
    let peers = console.node.peers().await;
    let node = &snapshot.node;
    let writing = match &snapshot.gate {
        Gate::Open => chip(Tone::Good, "done", &lang.writes()),
        Gate::Waiting(_) => chip(Tone::Going, "/due", &lang.writes_later()),
        Gate::Refused(_) => chip(Tone::Bad, "cross", &lang.writes_not()),
    };
    let connected = match snapshot.peers {
        0 => chip(Tone::Bad, "cross", &lang.not_connected()),
        count => chip(Tone::Good, "done", &lang.connected(count)),
    };
    let free = snapshot.disk.map(|disk| lang.free_of(lang.size(disk.free), lang.size(disk.total)));
    let body = html! {
        div.head { h1 { (lang.node()) } }
        div.facts {
            (fact(&lang.sending(), writing, ""))
            (fact(&lang.line(), connected, ""))
            (fact(&lang.own_documents(), html! { b { (lang.number(node.head)) } }, &lang.own_documents_note()))
            (fact(&lang.to_check(), html! { b { (lang.number(node.unchecked)) } }, &lang.to_check_note()))
            (fact(&lang.files_coming(), html! { b { (lang.number(node.blobs_wanted as u64)) } }, &lang.files_coming_note()))
            (fact(&lang.disk(), html! { b { (lang.size(node.disk_bytes)) } }, &free.unwrap_or_default()))
        }
        section.card {
            h2 { (lang.connections()) " " span.count { (peers.len()) } }
            @if peers.is_empty() { p.muted { (lang.alarm_alone_next()) } }
            @else {
                table.plain {
                    thead { tr { th scope="col" { (lang.agency()) } th scope="col" { (lang.since()) } th scope="col" { (lang.address()) } } }
                    tbody {
                        @for peer in &peers {
                            tr {
                                td { (page::name_of(&console.node, &peer.agency)) }
                                td { (lang.duration(peer.connected_s)) }
                                td.muted { (peer.addresses.first().map_or("", String::as_str)) }
                            }
                        }
                    }
                }
            }
        }
        section.card {
            h2 { (lang.for_technician_title()) }
            dl.codes {
                (page::field(&lang.version(), &node.version))
                (page::field(&lang.network(), &format!("{} ({})", node.network_name, node.network)))
                (page::field(&lang.node_key(), &node.node))
                (page::field(&lang.listens(), &node.listening.join(", ")))
                (page::field(&lang.agencies(), &lang.number(node.agencies as u64)))
                @if let Some(memory) = snapshot.memory { (page::field(&lang.memory(), &lang.size(memory.resident))) }
            }
        }
    };
    let page = Page { who: &who, part: Part::Node, title: lang.node(), here: "/node".to_owned() };
    Ok(page.show(&console, body).await?.into_response())
}

fn fact(name: &str, value: Markup, note: &str) -> Markup {
    html! { div.card.fact { p.muted { (name) } p.value { (value) } @if !note.is_empty() { p.small { (note) } } } }
}

/// `GET /help`
pub(crate) async fn help(State(console): State<Arc<Console>>, who: Who) -> Result<Response, Problem> {
    let lang = who.lang;
    let body = html! {
        div.head { h1 { (lang.help()) } }
        div.two {
            section.card {
                h2 { (lang.states()) }
                dl.states { @for code in StatusCode::ALL { (state(lang, code)) } }
            }
            section.card {
                h2 { (lang.keys()) }
                p { (lang.keys_note()) }
                table.plain {
                    tbody {
                        @for (key, name) in Part::keys(lang) { tr { td { kbd { "Alt" } " + " kbd { (key) } } td { (name) } } }
                        tr { td { kbd { "Alt" } " + " kbd { "0" } } td { (lang.key_search()) } }
                        tr { td { kbd { "Tab" } " / " kbd { "Shift" } " + " kbd { "Tab" } } td { (lang.key_tab()) } }
                        tr { td { kbd { "Enter" } " / " kbd { (lang.space()) } } td { (lang.key_enter()) } }
                        tr { td { kbd { "Ctrl" } " + " kbd { "P" } } td { (lang.key_print()) } }
                    }
                }
            }
        }
    };
    let page = Page { who: &who, part: Part::Help, title: lang.help(), here: "/help".to_owned() };
    Ok(page.show(&console, body).await?.into_response())
}

fn state(lang: Lang, code: StatusCode) -> Markup {
    let means = match code {
        StatusCode::Arrived => lang.means_arrived(),
        StatusCode::Refused => lang.means_refused(),
        StatusCode::Accepted => lang.means_accepted(),
        StatusCode::Assigned => lang.means_assigned(),
        StatusCode::Processing => lang.means_processing(),
        StatusCode::Completed => lang.means_completed(),
        StatusCode::RecallAsked => lang.means_recall_asked(),
        StatusCode::RecallAgreed => lang.means_recall_agreed(),
        StatusCode::RecallRefused => lang.means_recall_refused(),
    };
    html! { dt { (code.digits()) " – " (lang.pick(code.vietnamese(), code.english())) } dd { (means) } }
}
