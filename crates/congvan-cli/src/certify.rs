//! The printed page of a proof: one sheet of paper that names the file, says what it proves, and can be found again by
//! its square code. The page itself proves nothing; it says so.

use congvan::bundle::{BundleView, Claim, EntryView};
use maud::{Markup, PreEscaped, html};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use crate::exit::Failure;
use crate::network::fingerprint_of;
use crate::output::time;
use crate::prove::claim_in;
use crate::sheet::sheet;
use crate::text::Lang;

/// What the square code says: enough to find the entry at any node, and the file among others.
fn code_of(view: &BundleView, digest: &str) -> String {
    let named = |document: &EntryView| format!("/{}/{}?entry={}&", document.agency, document.number, document.id);
    let entry = view.document.as_ref().map_or_else(|| "?".to_owned(), named);
    format!("congvan:{}{entry}file={digest}", view.network)
}

/// The page, complete in itself.
pub(crate) fn page(view: &BundleView, digest: &str, lang: Lang) -> Result<String, Failure> {
    let square = QrCode::with_error_correction_level(code_of(view, digest), EcLevel::M)
        .map_err(|_| Failure::Unexpected)?
        .render::<svg::Color<'_>>()
        .quiet_zone(true)
        .build();
    // Inside a page, no XML declaration.
    let square = square.find("<svg").map_or("", |at| &square[at..]);
    let mut rows = Vec::new();
    if let Some(document) = &view.document {
        rows.push((lang.h_from(), format!("{} {}", document.agency, document.agency_name)));
        rows.push((lang.h_number(), document.number.to_string()));
        rows.push((lang.h_time(), time(lang, document.time)));
    }
    if let Some(named) = &view.named {
        rows.push((lang.h_to(), format!("{} (1/{})", named.agency, named.of)));
    }
    if let Some(content) = &view.content {
        rows.push((lang.h_to(), content.to.join(", ")));
        rows.push((lang.h_code(), content.code.clone()));
        rows.push((lang.h_type(), content.type_name.clone()));
        rows.push((lang.h_subject(), content.subject.clone()));
        rows.push((lang.h_signed_by(), content.signer.clone()));
        for file in &content.attachments {
            rows.push((lang.h_file(), format!("{} ({} B, {})", file.name, file.len, file.digest)));
        }
    }
    let id = view.document.as_ref().map(|document| document.id.as_str()).unwrap_or_default();
    let body = html! {
        table { @for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) { tr { td { (name) } td { (value) } } } }
        (list(lang, &lang.proven(), &view.proven))
        (list(lang, &lang.not_proven(), &view.not_proven))
        footer {
            (lang.page_says_nothing())
            p {
                (lang.h_fingerprint()) ": " code { (fingerprint_of(&view.network)) } br;
                (lang.h_id()) ": " code { (id) } br;
                (lang.h_file_digest()) ": " code { (digest) }
            }
        }
    };
    Ok(sheet(lang, &lang.page_title(), &view.network_name, html! { (PreEscaped(square)) }, body))
}

fn list(lang: Lang, heading: &str, claims: &[Claim]) -> Markup {
    html! {
        h2 { (heading) }
        ul { @for claim in claims { li { (claim_in(lang, claim)) } } }
    }
}
