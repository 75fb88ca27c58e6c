//! Words, as they are indexed and as they are asked for.
//!
//! A word is a run of letters and digits, in lower case. Each has a plain form, without any accent ("công"
//! → "cong", "Đường" → "duong"), and, where it has accents, an accented one. That one begins with the tone
//! ("hòa" → "`hoa"), because Vietnamese writes the same tone on one vowel or on the next, "hòa" or "hoà",
//! and because so "hò" is its beginning whatever vowel comes last.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most letters of a word; what follows is neither indexed nor asked for.
pub(crate) const MAX_LETTERS: usize = 40;

/// Grave, acute, tilde, hook above, dot below: the tones, in whatever order they were typed.
const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];

/// One word.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word {
    /// Without accents.
    pub(crate) plain: String,
    /// Tones first, then letters with their other accents; `None` where it has none.
    pub(crate) accented: Option<String>,
}

#[derive(Default)]
struct Building {
    tones: String,
    letters: String,
    plain: String,
    len: usize,
}

impl Building {
    fn letter(&mut self, letter: char) {
        self.len += 1;
        if self.len > MAX_LETTERS {
            return;
        }
        // The letter eth looks like Đ, and old converters wrote it for Đ.
        let letter = if letter == 'ð' { 'đ' } else { letter };
        self.letters.push(letter);
        self.plain.push(if letter == 'đ' { 'd' } else { letter });
    }

    fn accent(&mut self, accent: char) {
        let of_a_letter = (1..=MAX_LETTERS).contains(&self.len);
        let to = if TONES.contains(&accent) { &mut self.tones } else { &mut self.letters };
        // Accents beyond any writing's are noise, and must not make words without end.
        if of_a_letter && to.len() < 4 * MAX_LETTERS {
            to.push(accent);
        }
    }

    fn finish(&mut self) -> Option<Word> {
        let Self { tones, letters, plain, .. } = std::mem::take(self);
        let accented = !tones.is_empty() || letters != plain;
        (!plain.is_empty()).then(|| Word { plain, accented: accented.then(|| tones + &letters) })
    }
}

/// The words of a text, in its order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Building::default();
    for c in text.nfkd().flat_map(char::to_lowercase) {
        if is_combining_mark(c) {
            word.accent(c);
        } else if c.is_alphanumeric() {
            word.letter(c);
        } else {
            words.extend(word.finish());
        }
    }
    words.extend(word.finish());
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.plain).collect()
    }

    fn one(text: &str) -> Word {
        let [word] = words(text).try_into().unwrap();
        word
    }

    #[test]
    fn a_text_is_cut_at_whatever_is_no_letter_or_digit() {
        assert_eq!(
            plain("V/v báo cáo 7816/VPCP-TTĐT, ngày 30.9"),
            ["v", "v", "bao", "cao", "7816", "vpcp", "ttdt", "ngay", "30", "9"]
        );
        assert_eq!(plain(" …/- "), [""; 0]);
    }

    #[test]
    fn a_word_is_the_same_however_its_accents_are_written() {
        // In one character, letter by letter, with the tone before or after the other accent.
        let same = ["Tiếng", "tie\u{302}\u{301}ng", "ti\u{65}\u{301}\u{302}ng", "TIẾNG"];
        for text in same {
            assert_eq!(one(text), one("tiếng"), "{text}");
        }
        assert_eq!(one("hòa"), one("hoà"));
        assert_eq!(one("Thuỷ"), one("thủy"));
        assert_eq!(one("Ðường"), one("đường"), "eth for Đ");
    }

    #[test]
    fn accents_tell_words_apart_only_where_they_are() {
        let (cong, công, cộng) = (one("cong"), one("công"), one("cộng"));
        assert_eq!([&*công.plain, &*cộng.plain], ["cong", "cong"]);
        assert_ne!(công.accented, cộng.accented);
        assert_eq!(cong.accented, None);
        assert!(one("đa").accented.is_some() && one("đa").plain == "da");
    }

    #[test]
    fn a_beginning_has_the_beginning_of_the_accented_form() {
        for (beginning, whole) in [("hò", "hoà"), ("hoà", "hòa"), ("đồ", "đồng"), ("thủ", "thuỷ")] {
            let (beginning, whole) = (one(beginning).accented.unwrap(), one(whole).accented.unwrap());
            assert!(whole.starts_with(&beginning), "{beginning:?} {whole:?}");
        }
    }

    #[test]
    fn a_word_has_a_bound() {
        let at = "ế".repeat(MAX_LETTERS);
        assert_eq!(one(&at).plain, "e".repeat(MAX_LETTERS));
        assert_eq!(one(&format!("{at}z")), one(&at), "one letter past it says nothing");
        assert_ne!(one(&at[..at.len() - 'ế'.len_utf8()]), one(&at));
        let marks = format!("a{}", "\u{302}".repeat(100_000));
        assert!(one(&marks).accented.unwrap().len() < 8 * MAX_LETTERS);
    }

    proptest! {
        #[test]
        fn no_text_makes_an_empty_or_an_endless_word(text in any::<String>()) {
            for word in words(&text) {
                prop_assert!(!word.plain.is_empty() && word.plain.chars().count() <= MAX_LETTERS);
                prop_assert!(word.accented.is_none_or(|accented| accented.len() <= 16 * MAX_LETTERS));
            }
        }

        #[test]
        fn a_plain_form_is_its_own(text in any::<String>()) {
            for word in words(&text) {
                prop_assert_eq!(plain(&word.plain), [word.plain]);
            }
        }
    }
}
