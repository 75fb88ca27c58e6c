//! Signatures that documents carry inside: found, kept, and not judged.
//!
//! A PDF may hold signatures of its own, and so may XML. What they are worth is for the software that made them,
//! or for the authority's, to say; Congvan keeps every byte that they cover. [`Scanner`] only sees that they are there.

use serde::{Deserialize, Serialize};

/// The longest attachment that is looked through when a document is shown.
pub const MAX_SCAN: u64 = 64 * 1024 * 1024;

/// What was seen of a signature inside an attachment or a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Carries {
    /// Nobody looked: in a list, or where it is not here yet, in a ZIP, or longer than [`MAX_SCAN`].
    #[default]
    NotLooked,
    /// None.
    Nothing,
    /// A PDF with a signature dictionary: `/Sig` with its `/ByteRange`.
    PdfSignature,
    /// XML with an element in the namespace of XML-DSig.
    XmlSignature,
}

const PDF: &[u8] = b"%PDF-";
const PDF_MARKS: [&[u8]; 2] = [b"/ByteRange", b"/Sig"];
const XML_MARKS: [&[u8]; 2] = [b"http://www.w3.org/2000/09/xmldsig#", b"Signature"];
/// One byte less than the longest mark: what must be kept of one piece for a mark that ends in the next.
const OVERLAP: usize = XML_MARKS[0].len() - 1;

/// Looks through bytes that come in pieces.
///
/// ```
/// use congvan::legal::{Carries, Scanner};
///
/// let mut scanner = Scanner::default();
/// scanner.look(b"%PDF-1.7 1 0 obj <</Type /Si");
/// scanner.look(b"g /ByteRange [0 10 20 30] >>");
/// assert_eq!(scanner.found(), Carries::PdfSignature);
/// ```
#[derive(Debug, Default)]
pub struct Scanner {
    start: Vec<u8>,
    rest: Vec<u8>,
    pdf: [bool; 2],
    xml: [bool; 2],
}

impl Scanner {
    /// The next piece.
    pub fn look(&mut self, piece: &[u8]) {
        if self.start.len() < 1024 {
            self.start.extend_from_slice(&piece[..piece.len().min(1024)]);
        }
        self.rest.extend_from_slice(piece);
        for (found, mark) in self.pdf.iter_mut().zip(PDF_MARKS).chain(self.xml.iter_mut().zip(XML_MARKS)) {
            *found = *found || contains(&self.rest, mark);
        }
        self.rest.drain(..self.rest.len().saturating_sub(OVERLAP));
    }

    /// What was seen so far.
    pub fn found(&self) -> Carries {
        // Readers of PDF look for its mark within the first kibibyte.
        let is_pdf = contains(&self.start, PDF);
        match () {
            () if is_pdf && self.pdf == [true; 2] => Carries::PdfSignature,
            () if !is_pdf && self.xml == [true; 2] => Carries::XmlSignature,
            () => Carries::Nothing,
        }
    }
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    // The first byte is rare; windows alone would compare at every place.
    let Some((first, _)) = mark.split_first() else { return true };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(mark) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(bytes: &[u8], piece: usize) -> Carries {
        let mut scanner = Scanner::default();
        bytes.chunks(piece).for_each(|piece| scanner.look(piece));
        scanner.found()
    }

    #[test]
    fn marks_are_seen_wherever_pieces_end() {
        let pdf = b"%PDF-1.7\n1 0 obj\n<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> >>\n";
        let xml = b"<?xml version='1.0'?><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>";
        for piece in 1..xml.len() {
            assert_eq!(scan(pdf, piece), Carries::PdfSignature);
            assert_eq!(scan(xml, piece), Carries::XmlSignature);
        }
    }

    #[test]
    fn a_mark_alone_is_no_signature() {
        for bytes in [
            &b""[..],
            b"%PDF-1.7 /Sig",
            b"%PDF-1.7 /ByteRange",
            // A PDF about XML signatures, a text about PDF signatures.
            b"%PDF-1.7 <Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>",
            b"a text: /Sig /ByteRange",
            b"<Signature/>",
            b"http://www.w3.org/2000/09/xmldsig#",
        ] {
            assert_eq!(scan(bytes, 7), Carries::Nothing, "{bytes:?}");
        }
    }
}
