//! State secrets, which must not travel this way: how a packet says that it is one.
//!
//! The law knows three degrees: "Tuyệt mật", "Tối mật" and "Mật". The format has no element for them, so a packet is
//! refused when one of the places where software puts such a mark says one of them and nothing else:
//!
//! | place | why |
//! |---|---|
//! | `DocumentType/TypeName`, `DocumentType/TypeDetail` | "Văn bản mật" as a kind of document |
//! | `OtherInfo/Priority` | urgency and secrecy share a field in some software |
//! | `OtherInfo/SphereOfPromulgation` | how far it may be passed on |
//! | `SteeringType`, `ApplicationType` | what the receiver is to do with it |
//! | any element or attribute that the format does not name, such as `SecurityLevel` | software's own field for it |
//!
//! In upper or lower case, with or without accents however these are encoded, with marks of punctuation, and after
//! "Độ mật", "Mức độ mật", "Dấu", "Tài liệu" or "Văn bản". A subject, an abstract, a name, a place or an attachment's
//! name is no mark, whatever it says: "Báo cáo công tác bảo vệ bí mật nhà nước" is an ordinary report. So are numbers:
//! no two vendors mean the same by them.

use crate::error::ImportError;
use crate::packet::DocumentPacket;

/// Elements in which people and places stand, and not marks: "Mật" is a name, too.
const NAMES: [&str; 9] =
    ["From", "To", "SignerInfo", "StaffInfo", "ToPlaces", "ResponseFor", "Signature", "Subject", "Content"];

/// Refuses a document that is marked as a state secret.
pub(crate) fn refuse(document: &DocumentPacket) -> Result<(), ImportError> {
    let header = &document.header;
    let known = [
        ("DocumentType/TypeName", &header.document_type.name),
        ("DocumentType/TypeDetail", &header.document_type.detail),
        ("OtherInfo/Priority", &header.other.fields.priority),
        ("OtherInfo/SphereOfPromulgation", &header.other.fields.sphere),
        ("SteeringType", &header.steering_type),
        ("ApplicationType", &header.application_type),
    ];
    let known = known.into_iter().filter_map(|(element, text)| Some((element, text.as_deref()?)));
    let unknown = document.unknown();
    let unknown = unknown.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let unknown = unknown.filter(|(path, _)| path.split('/').all(|name| !NAMES.contains(&name)));
    match known.chain(unknown).find(|(_, text)| is_degree(text)) {
        Some((element, text)) => Err(ImportError::Secret { element: element.to_owned(), text: text.to_owned() }),
        None => Ok(()),
    }
}

/// A word without its accents, and the accents that it may have.
type Word = (&'static str, &'static [char]);

const CIRCUMFLEX: char = '\u{302}';
const DOT: char = '\u{323}';
const ACUTE: char = '\u{301}';
const GRAVE: char = '\u{300}';
const HOOK: char = '\u{309}';
const BREVE: char = '\u{306}';
const HORN: char = '\u{31b}';

const MAT: Word = ("mat", &[CIRCUMFLEX, DOT]);
const TOI: Word = ("toi", &[CIRCUMFLEX, ACUTE]);
const TUYET: Word = ("tuyet", &[CIRCUMFLEX, DOT]);
const DEGREES: [&[Word]; 3] = [&[MAT], &[TOI, MAT], &[TUYET, MAT]];

const DO: Word = ("do", &[CIRCUMFLEX, DOT]);
const BEFORE: [&[Word]; 6] = [
    &[],
    &[DO, MAT],
    &[("muc", &[HORN, ACUTE]), DO, MAT],
    &[("dau", &[CIRCUMFLEX, ACUTE])],
    &[("tai", &[GRAVE]), ("lieu", &[CIRCUMFLEX, DOT])],
    &[("van", &[BREVE]), ("ban", &[HOOK])],
];

/// Whether a text is a degree of secrecy, and nothing else.
fn is_degree(text: &str) -> bool {
    // The longest that is one, with room for accents apart and for punctuation.
    if text.len() > 200 {
        return false;
    }
    let apart: String = text.chars().flat_map(char::to_lowercase).flat_map(accents_apart).collect();
    let accent = |c: char| matches!(c, '\u{300}'..='\u{36f}');
    let words = apart.split(|c: char| !c.is_alphanumeric() && !accent(c)).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    BEFORE.iter().any(|before| {
        words
            .split_at_checked(before.len())
            .is_some_and(|(head, degree)| says(head, before) && DEGREES.iter().any(|known| says(degree, known)))
    })
}

fn says(words: &[&str], known: &[Word]) -> bool {
    words.len() == known.len()
        && words
            .iter()
            .zip(known)
            .all(|(word, (plain, accents))| word.chars().filter(|c| !accents.contains(c)).eq(plain.chars()))
}

/// A letter of these words with its accents after it; any other letter as it is.
fn accents_apart(letter: char) -> impl Iterator<Item = char> {
    let (plain, accents): (char, &[char]) = match letter {
        'ậ' => ('a', &[CIRCUMFLEX, DOT]),
        'ấ' => ('a', &[CIRCUMFLEX, ACUTE]),
        'â' => ('a', &[CIRCUMFLEX]),
        'ạ' => ('a', &[DOT]),
        'à' => ('a', &[GRAVE]),
        'á' => ('a', &[ACUTE]),
        'ả' => ('a', &[HOOK]),
        'ă' => ('a', &[BREVE]),
        'ệ' => ('e', &[CIRCUMFLEX, DOT]),
        'ê' => ('e', &[CIRCUMFLEX]),
        'ẹ' => ('e', &[DOT]),
        'ố' => ('o', &[CIRCUMFLEX, ACUTE]),
        'ộ' => ('o', &[CIRCUMFLEX, DOT]),
        'ô' => ('o', &[CIRCUMFLEX]),
        'ó' => ('o', &[ACUTE]),
        'ọ' => ('o', &[DOT]),
        'ứ' => ('u', &[HORN, ACUTE]),
        'ư' => ('u', &[HORN]),
        'ú' => ('u', &[ACUTE]),
        'đ' => ('d', &[]),
        other => (other, &[]),
    };
    std::iter::once(plain).chain(accents.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::is_degree;

    #[test]
    fn degrees_of_secrecy_are_known() {
        for mark in [
            "Mật",
            "MẬT",
            "mat",
            "(Mật)",
            "[MẬT].",
            "TỐI MẬT",
            "Toi mat",
            "tối  mật",
            " tuyệt\nmật ",
            "TUYỆT MẬT",
            "Tuyet_Mat",
            "Ma\u{323}\u{302}t",
            "Mâ\u{323}t",
            "Tuye\u{302}\u{323}t mạ\u{302}t",
            "To\u{302}\u{301}i mật",
            "Độ mật: Tối mật",
            "Mức độ mật - Mật",
            "Dấu MẬT",
            "Văn bản mật",
            "Tài liệu tuyệt mật",
            "Đo\u{323}\u{302} mật: mật",
        ] {
            assert!(is_degree(mark), "{mark}");
        }
    }

    #[test]
    fn what_only_speaks_of_secrets_is_no_mark() {
        for other in [
            "",
            "0",
            "1",
            "Thường",
            "Công khai",
            "Không mật",
            "Độ mật: Thường",
            "Độ mật",
            "Lưu hành nội bộ",
            "Bảo mật",
            "Bí mật",
            "Mất",
            "Ma\u{302}\u{301}t",
            "Mặt",
            "Mắt",
            "Tôi mất",
            "Mật ong",
            "Mật khẩu",
            "Giải mật",
            "Báo cáo công tác bảo vệ bí mật nhà nước",
            "Giải mật văn bản tối mật",
        ] {
            assert!(!is_degree(other), "{other}");
        }
        assert!(!is_degree(&"mật ".repeat(100)));
    }
}
