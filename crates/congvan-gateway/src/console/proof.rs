//! What this node vouches for of a document, in words; no more than is true.

use congvan::witness::CoverView;
use maud::{Markup, html};

use super::document::Loaded;
use super::page::{self, icon};
use super::text::Lang;
use super::words::{self, Tone};

/// Whether its chain contradicts itself at or before it.
fn is_distrusted(loaded: &Loaded) -> bool {
    loaded.document.proof.quarantined.is_some_and(|from| loaded.document.summary.number >= from)
}

/// In a word, which leads to the frame.
pub(crate) fn chip(lang: Lang, loaded: &Loaded) -> Markup {
    let word = match is_distrusted(loaded) {
        true => words::chip(Tone::Bad, "/alarms", &lang.proof_not()),
        false => words::chip(Tone::Good, "done", &lang.proof_short(lang.number(loaded.document.summary.number))),
    };
    html! { a href="#proof" { (word) } }
}

/// The frame beside a document.
pub(crate) fn card(lang: Lang, loaded: &Loaded) -> Markup {
    let (summary, proof) = (&loaded.document.summary, &loaded.document.proof);
    let distrusted = is_distrusted(loaded);
    let number = lang.number(summary.number);
    html! {
        section #proof .card.proof {
            h2 { (lang.proof()) }
            @if distrusted {
                p.bad { (icon("/alarms")) b { (lang.proof_distrusted(&number, loaded.name(&summary.from))) } }
                p { (lang.proof_distrusted_next()) }
            } @else {
                p.good { (icon("done")) b { (lang.proof_genuine(&number, &summary.from)) } }
                p { (lang.proof_means(loaded.name(&summary.from))) }
                (cover(lang, loaded, proof.cover.as_ref()))
                @if let Some(text) = &loaded.compact { (compact(lang, text)) }
            }
            details {
                summary { (lang.proof_more()) }
                dl.codes {
                    (page::field(&lang.proof_id(), &summary.id))
                    (page::field(&lang.proof_key(), &proof.signer))
                    (page::field(&lang.proof_digest(), &proof.payload_digest))
                    (page::field(&lang.proof_previous(), &proof.previous))
                    (page::field(&lang.proof_head(), &lang.number(proof.head)))
                    @if let Some(cover) = &proof.cover { (page::field(&lang.proof_root(lang.number(cover.size)), &cover.root)) }
                    @if let Some(certificate) = &proof.certificate {
                        (page::field(&lang.proof_certificate(), &certificate.report.subject))
                        (page::field(&lang.proof_issuer(), &certificate.report.issuer))
                        @for finding in &certificate.report.findings { dd { (lang.pick(&finding.text_vi, &finding.text)) } }
                    }
                }
                p.small { (lang.proof_how()) " " code { "congvan show " (&summary.id[..8]) } }
            }
        }
    }
}

/// A text to copy, which proves the document to anybody in the network, and a press that has the browser check it.
fn compact(lang: Lang, text: &str) -> Markup {
    html! {
        details {
            summary { (lang.compact()) }
            p.small { (lang.compact_what()) }
            p.text #compact tabindex="0" { (text) }
            p.line {
                button type="button" data-copy="compact" data-copied=(lang.copied()) hidden { (lang.copy()) }
                a.button href={ "/check#" (text) } { (lang.check_here()) }
            }
        }
    }
}

/// The checkpoint over it, and which agencies saw that.
fn cover(lang: Lang, loaded: &Loaded, cover: Option<&CoverView>) -> Markup {
    let Some(cover) = cover else { return html! { p.muted { (lang.cover_none()) } } };
    let (seen, asked) = (cover.witnesses.len(), cover.needed);
    html! {
        @match (cover.witnessed, asked) {
            (true, _) => p.good { (icon("done")) (lang.cover_witnessed(seen, asked)) },
            (false, 0) => p.muted { (lang.cover_nobody_asked()) },
            (false, _) => p.muted { (lang.cover_unwitnessed(seen, asked)) },
        }
        @if seen > 0 {
            ul.witnesses {
                @for witness in &cover.witnesses { li { b { (loaded.name(&witness.agency)) } " " span.muted { (page::moment(witness.time)) } } }
            }
        }
        p.muted { (lang.cover_checkpoint(lang.number(cover.checkpoint), lang.number(cover.size))) }
    }
}
