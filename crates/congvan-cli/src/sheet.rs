//! Pages to keep and to print, each complete in itself.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::text::Lang;

const STYLE: &str = "
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

/// A page with its heading; `beside` stands next to that.
pub(crate) fn sheet(lang: Lang, title: &str, under: &str, beside: Markup, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang=(if lang == Lang::Vi { "vi" } else { "en" }) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    div { h1 { (title) } @if !under.is_empty() { p { (under) } } }
                    (beside)
                }
                (body)
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let page = sheet(Lang::En, "<b a=\"x\">&", "", html! {}, html! { p { "<script>" } });
        assert!(page.contains("<h1>&lt;b a=&quot;x&quot;&gt;&amp;</h1>") && page.contains("<p>&lt;script&gt;</p>"));
    }
}
