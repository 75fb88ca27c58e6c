//! The layout of every page, and the small parts that pages are made of.

use congvan::Node;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Console;
use super::alarms::Alarm;
use super::assets::{ICON, SCRIPT, STYLE};
use super::login;
use super::problem::Problem;
use super::text::Lang;
use super::time;
use super::who::{TOKEN, Who};

/// A part of the console, as the navigation has them, with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Inbox,
    Outbox,
    Send,
    Due,
    Agencies,
    Catalogue,
    Node,
    Alarms,
    Help,
    /// At the foot, without a key.
    Check,
}

impl Part {
    const ALL: [Self; 9] = [
        Self::Inbox,
        Self::Outbox,
        Self::Send,
        Self::Due,
        Self::Agencies,
        Self::Catalogue,
        Self::Node,
        Self::Alarms,
        Self::Help,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Inbox => "/inbox",
            Self::Outbox => "/outbox",
            Self::Send => "/send",
            Self::Due => "/due",
            Self::Agencies => "/agencies",
            Self::Catalogue => "/catalogue",
            Self::Node => "/node",
            Self::Alarms => "/alarms",
            Self::Help => "/help",
            Self::Check => "/check",
        }
    }

    /// Its key, with Alt (Alt+Shift in Firefox).
    pub(crate) fn key(self) -> Option<&'static str> {
        Some(match self {
            Self::Inbox => "1",
            Self::Outbox => "2",
            Self::Send => "3",
            Self::Due => "4",
            Self::Agencies => "5",
            Self::Catalogue => "6",
            Self::Node => "7",
            Self::Alarms => "8",
            Self::Help => "9",
            Self::Check => return None,
        })
    }

    pub(crate) fn name(self, lang: Lang) -> String {
        match self {
            Self::Inbox => lang.inbox(),
            Self::Outbox => lang.outbox(),
            Self::Send => lang.send(),
            Self::Due => lang.due(),
            Self::Agencies => lang.agencies(),
            Self::Catalogue => lang.catalogue(),
            Self::Node => lang.node(),
            Self::Alarms => lang.alarms(),
            Self::Help => lang.help(),
            Self::Check => lang.check(),
        }
    }

    /// Those with keys, in order.
    pub(crate) fn keys(lang: Lang) -> impl Iterator<Item = (&'static str, String)> {
        Self::ALL.into_iter().filter_map(move |part| Some((part.key()?, part.name(lang))))
    }
}

/// A page for a user who is logged in.
pub(crate) struct Page<'a> {
    pub(crate) who: &'a Who,
    pub(crate) part: Part,
    pub(crate) title: String,
    /// Where the reader is, to come back to after switching the language.
    pub(crate) here: String,
}

impl Page<'_> {
    /// The whole page.
    pub(crate) async fn show(self, console: &Console, body: Markup) -> Result<Markup, Problem> {
        let Self { who, part, title, here } = self;
        let lang = who.lang;
        let alarms = console.watch.look(&console.node).await?;
        let urgent = alarms.iter().find(|alarm| alarm.is_grave());
        let body = html! {
            div.frame {
                header.side {
                    p.brand { img src=(ICON.path) alt="" width="36" height="36"; span { "Công văn" } }
                    p.whose { (agency_name(console)) }
                    nav aria-label=(lang.parts()) {
                        ul {
                            @for item in Part::ALL.into_iter().filter(|item| *item != Part::Send || who.role.may_write()) {
                                li {
                                    a href=(item.path()) accesskey=[item.key()] aria-current=[(item == part).then_some("page")] {
                                        (icon(item.path())) span { (item.name(lang)) }
                                        @if item == Part::Alarms && !alarms.is_empty() {
                                            span.badge.grave[urgent.is_some()] title=(lang.alarm_count(alarms.len())) { (alarms.len()) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                    div.foot {
                        p { a href=(Part::Check.path()) aria-current=[(part == Part::Check).then_some("page")] { (Part::Check.name(lang)) } }
                        p.user { (icon("/user")) span { (who.name) " · " (role(lang, who)) } }
                        form method="post" action="/logout" { (token(who)) button.quiet type="submit" { (lang.log_out()) } }
                        p { a.language href=(login::switch(lang, &here)) lang=(lang.other().name()) { (lang.other().own_name()) } }
                    }
                }
                main #main tabindex="-1" {
                    @if let Some(alarm) = urgent.filter(|_| part != Part::Alarms) { (banner(lang, alarm)) }
                    (body)
                }
            }
        };
        Ok(whole(lang, &title, body))
    }
}

fn role(lang: Lang, who: &Who) -> String {
    if who.role.may_write() { lang.role_clerk() } else { lang.role_viewer() }
}

/// What is wrong, on every page until it is right.
fn banner(lang: Lang, alarm: &Alarm) -> Markup {
    html! {
        p.banner role="alert" { (icon("/alarms")) span { (alarm.title(lang)) } a href="/alarms" { (lang.what_to_do()) } }
    }
}

/// A page for whoever is not logged in.
pub(crate) fn bare(console: &Console, lang: Lang, title: &str, body: Markup) -> Markup {
    let body = html! {
        div.bare {
            header { p.brand { img src=(ICON.path) alt="" width="36" height="36"; span { "Công văn" } }
                p { a.language href=(login::switch(lang, "/")) lang=(lang.other().name()) { (lang.other().own_name()) } } }
            main #main tabindex="-1" { (body) }
            footer { p.small { (lang.network()) " " (console.node.ledger().genesis().name.to_string()) } }
        }
    };
    whole(lang, title, body)
}

fn whole(lang: Lang, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Công văn" }
                link rel="stylesheet" href=(STYLE.path);
                link rel="icon" href=(ICON.path) type="image/svg+xml";
                script src=(SCRIPT.path) defer {}
            }
            body { a.skip href="#main" { (lang.skip()) } (body) }
        }
    }
}

/// The agency of this node: its name and code.
pub(crate) fn agency_name(console: &Console) -> String {
    let code = console.node.code();
    format!("{} ({code})", name_of(&console.node, code.as_str()))
}

/// An agency's name in the roster, or its code where that does not know it.
pub(crate) fn name_of(node: &Node, code: &str) -> String {
    let known = congvan::core::AgencyCode::new(code).ok();
    let name = known.and_then(|code| node.ledger().roster().by_code(&code).map(|agency| agency.name.clone()));
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| code.to_owned())
}

/// What makes a form ours.
pub(crate) fn token(who: &Who) -> Markup {
    html! { input type="hidden" name=(TOKEN) value=(who.token); }
}

/// A time, for people and for programs.
pub(crate) fn moment(millis: u64) -> Markup {
    html! { time datetime=(time::machine(millis)) { (time::moment(millis)) } }
}

/// A day.
pub(crate) fn day(millis: u64) -> Markup {
    html! { time datetime=(time::machine(millis)) title=(time::moment(millis)) { (time::day(millis)) } }
}

/// A name and what stands there; nothing where that is empty.
pub(crate) fn field(name: &str, value: &str) -> Markup {
    html! { @if !value.is_empty() { dt { (name) } dd { (value) } } }
}

/// Links to the pages before and after.
pub(crate) fn pager(lang: Lang, number: usize, more: bool, link: impl Fn(usize) -> String) -> Markup {
    html! {
        @if number > 1 || more {
            nav.pager aria-label=(lang.pages()) {
                @if number > 1 { a.button href=(link(number - 1)) rel="prev" { "← " (lang.previous_page()) } }
                span { (lang.page_number(number)) }
                @if more { a.button href=(link(number + 1)) rel="next" { (lang.next_page()) " →" } }
            }
        }
    }
}

/// A small drawing, which says nothing that the words beside it do not.
pub(crate) fn icon(name: &str) -> Markup {
    let path = match name {
        "/inbox" => "M3 12h4l2 3h6l2-3h4M3 12 6 4h12l3 8v8H3z",
        "/outbox" => "M12 14V3M8 7l4-4 4 4M3 14v7h18v-7",
        "/send" => "M3 11 21 3l-6 18-4-7z M11 14 21 3",
        "/due" => "M12 3a9 9 0 1 0 .01 0M12 7v5l4 2",
        "/agencies" => "M4 21V8l8-5 8 5v13M4 21h16M9 21v-6h6v6M9 10h.01M15 10h.01",
        "/catalogue" => "M5 3h11l3 3v15H5zM8 9h8M8 13h8M8 17h5",
        "/node" => "M3 4h18v6H3zM3 14h18v6H3zM7 7h.01M7 17h.01",
        "/alarms" => "M12 3 2 20h20zM12 9v5M12 17h.01",
        "/help" => "M12 3a9 9 0 1 0 .01 0M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 17h.01",
        "/user" => "M12 4a4 4 0 1 0 .01 0M4 21c0-4 4-6 8-6s8 2 8 6",
        "file" => "M6 3h8l4 4v14H6zM14 3v4h4",
        "clip" => "M8 12l6-6a3 3 0 0 1 4 4l-8 8a5 5 0 0 1-7-7l7-7",
        "done" => "M4 12l5 5L20 6",
        "cross" => "M6 6l12 12M18 6 6 18",
        "back" => "M9 5 3 11l6 6M3 11h12a6 6 0 0 1 6 6v2",
        "dot" => "M12 8a4 4 0 1 0 .01 0",
        "work" => "M12 3v3M12 18v3M3 12h3M18 12h3M6 6l2 2M16 16l2 2M6 18l2-2M16 8l2-2",
        _ => "M4 12h16",
    };
    html! {
        svg.icon viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false" {
            (PreEscaped(format!("<path d=\"{path}\"/>")))
        }
    }
}
