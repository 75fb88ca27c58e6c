//! The state of a document in one glance: a word, a colour and a drawing.

use congvan::view::{DocumentSummary, Progress};
use maud::{Markup, html};

use super::page::icon;
use super::text::Lang;

/// What colour a state has; the words say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Somebody has to act.
    New,
    /// It goes on.
    Going,
    /// Done.
    Good,
    /// Refused, gone, late.
    Bad,
    /// It no longer counts.
    Grey,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::New => "chip new",
            Self::Going => "chip going",
            Self::Good => "chip good",
            Self::Bad => "chip bad",
            Self::Grey => "chip grey",
        }
    }
}

/// A state.
pub(crate) fn chip(tone: Tone, drawing: &str, words: &str) -> Markup {
    html! { span class=(tone.class()) { (icon(drawing)) span { (words) } } }
}

/// A status of handling, as the addressee itself sees it.
pub(crate) fn own_state(lang: Lang, progress: &Progress) -> Markup {
    if let Some((tone, drawing, words)) = held(lang, progress) {
        return chip(tone, drawing, &words);
    }
    match progress.status.as_deref() {
        None | Some("01") => chip(Tone::New, "dot", &lang.state_new()),
        code => handled(lang, code),
    }
}

/// The same, as the sender sees it.
pub(crate) fn their_state(lang: Lang, progress: &Progress) -> Markup {
    if let Some((tone, drawing, words)) = held(lang, progress) {
        return chip(tone, drawing, &words);
    }
    match progress.status.as_deref() {
        None => chip(Tone::Grey, "line", &lang.state_on_its_way()),
        Some("01") => chip(Tone::Going, "dot", &lang.state_arrived()),
        code => handled(lang, code),
    }
}

fn held(lang: Lang, progress: &Progress) -> Option<(Tone, &'static str, String)> {
    match progress.held.as_str() {
        "withdrawn" => Some((Tone::Grey, "back", lang.state_withdrawn())),
        "replaced" => Some((Tone::Grey, "back", lang.state_replaced())),
        _ if !progress.open.is_empty() => Some((Tone::Bad, "back", lang.state_asked_back())),
        _ => None,
    }
}

fn handled(lang: Lang, code: Option<&str>) -> Markup {
    match code {
        Some("02") => chip(Tone::Bad, "cross", &lang.state_refused()),
        Some("03") => chip(Tone::Going, "done", &lang.state_accepted()),
        Some("04") => chip(Tone::Going, "/user", &lang.state_assigned()),
        Some("05") => chip(Tone::Going, "work", &lang.state_processing()),
        Some("06") => chip(Tone::Good, "done", &lang.state_completed()),
        _ => html! {},
    }
}

/// What the document is worth, where that is not simply that it holds.
pub(crate) fn standing(lang: Lang, standing: &str) -> Option<Markup> {
    let (tone, words) = match standing {
        "recall_asked" => (Tone::Bad, lang.standing_recall_asked()),
        "recalled_by_some" => (Tone::Bad, lang.standing_recalled_by_some()),
        "recalled_by_all" => (Tone::Grey, lang.standing_recalled()),
        "updated" => (Tone::Going, lang.standing_updated()),
        "replaced" => (Tone::Grey, lang.standing_replaced()),
        _ => return None,
    };
    Some(chip(tone, "back", &words))
}

/// How many addressees are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) all: usize,
    pub(crate) completed: usize,
    pub(crate) refused: usize,
    /// Accepted, assigned, in processing.
    pub(crate) going: usize,
    pub(crate) arrived: usize,
}

impl Tally {
    pub(crate) fn of(document: &DocumentSummary) -> Self {
        let mut tally = Self { all: document.progress.len(), ..Self::default() };
        for progress in &document.progress {
            match progress.status.as_deref() {
                Some("06") => tally.completed += 1,
                Some("02") => tally.refused += 1,
                Some("01") => tally.arrived += 1,
                Some(_) => tally.going += 1,
                None => {}
            }
        }
        tally
    }

    /// A bar of 100 parts, and the same in words.
    pub(crate) fn show(self, lang: Lang) -> Markup {
        let part = |count: usize| count * 100 / self.all.max(1);
        let pieces = [
            ("b-good", part(self.completed)),
            ("b-bad", part(self.refused)),
            ("b-going", part(self.going)),
            ("b-arrived", part(self.arrived)),
        ];
        let mut at = 0;
        let pieces = pieces.map(|(class, width)| {
            at += width;
            (class, at - width, width)
        });
        html! {
            div.tally {
                svg.bar viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                    @for (class, x, width) in pieces { rect class=(class) x=(x) y="0" width=(width) height="6" {} }
                }
                span { (self.words(lang)) }
            }
        }
    }

    fn words(self, lang: Lang) -> String {
        let mut words = vec![lang.tally_completed(self.completed, self.all)];
        if self.refused > 0 {
            words.push(lang.tally_refused(self.refused));
        }
        if self.going > 0 {
            words.push(lang.tally_going(self.going));
        }
        let silent = self.all - self.completed - self.refused - self.going - self.arrived;
        if silent > 0 {
            words.push(lang.tally_silent(silent));
        }
        words.join(" · ")
    }
}

/// How urgent a document is, where it is more than usual.
pub(crate) fn urgency(lang: Lang, priority: &str) -> Option<Markup> {
    use congvan::deadline::Urgency;
    let words = match Urgency::of(priority) {
        Urgency::Normal => return None,
        Urgency::Urgent => lang.urgent(),
        Urgency::VeryUrgent => lang.very_urgent(),
        Urgency::Immediate => lang.immediate(),
    };
    Some(chip(Tone::Bad, "/due", &words))
}
