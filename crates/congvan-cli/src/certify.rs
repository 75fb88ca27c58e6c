//! The printed page of a proof: one sheet of paper that names the file, says what it proves, and can be found again by
//! its square code. The page itself proves nothing; it says so.

use std::fmt::Write as _;

use congvan::bundle::{BundleView, Claim, EntryView};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use crate::exit::Failure;
use crate::network::fingerprint_of;
use crate::output::time;
use crate::prove::claim_in;
use crate::text::Lang;

pub(crate) const STYLE: &str = "
@page { size: A4; margin: 18mm }
body { font: 11pt/1.45 'Noto Serif', 'Times New Roman', serif; color: #111; max-width: 174mm; margin: 0 auto; padding: 8mm }
h1 { font-size: 17pt; margin: 0 0 1mm } h2 { font-size: 12pt; margin: 5mm 0 1mm }
header { display: flex; gap: 6mm; justify-content: space-between; border-bottom: 1.5pt solid #111; padding-bottom: 4mm }
header svg { width: 38mm; height: 38mm; flex: none }
table { border-collapse: collapse; width: 100% } td { vertical-align: top; padding: .6mm 3mm .6mm 0 }
th { text-align: left } td:first-child { white-space: nowrap; color: #444 }
ul { margin: 0; padding-left: 5mm } li { margin: .8mm 0 }
code { font: 9pt/1.3 'Noto Sans Mono', monospace; overflow-wrap: anywhere }
footer { border-top: .5pt solid #111; margin-top: 6mm; padding-top: 2mm; font-size: 9pt }
@media print { body { padding: 0 } }
";

/// Text for HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

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
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n<header><div><h1>{}</h1><p>{}</p></div>{square}</header>\n<table>\n",
        if lang == Lang::Vi { "vi" } else { "en" },
        escaped(&lang.page_title()),
        escaped(&lang.page_title()),
        escaped(&view.network_name),
    );
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing into a string does not fail.
        let _ = writeln!(html, "<tr><td>{}<td>{}", escaped(name), escaped(value));
    }
    html.push_str("</table>\n");
    let mut list = |heading: String, claims: &[Claim]| {
        let _ = write!(html, "<h2>{}</h2>\n<ul>\n", escaped(&heading));
        for claim in claims {
            let _ = writeln!(html, "<li>{}", escaped(&claim_in(lang, claim)));
        }
        html.push_str("</ul>\n");
    };
    list(lang.proven(), &view.proven);
    list(lang.not_proven(), &view.not_proven);
    let _ = write!(
        html,
        "<footer>{}\n<p>{}: <code>{}</code><br>{}: <code>{}</code><br>{}: <code>{digest}</code>\n</footer>\n</html>\n",
        escaped(&lang.page_says_nothing()),
        escaped(&lang.h_fingerprint()),
        fingerprint_of(&view.network),
        escaped(&lang.h_id()),
        view.document.as_ref().map(|document| document.id.as_str()).unwrap_or_default(),
        escaped(&lang.h_file_digest()),
    );
    Ok(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(escaped("<b a=\"x\">&"), "&lt;b a=&quot;x&quot;&gt;&amp;");
    }
}
