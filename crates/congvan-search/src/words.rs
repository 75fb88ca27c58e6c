//! Words, as they are indexed and as they are asked for.
//!
//! A word is a run of letters and digits, in lower case. Each has a plain form, without any accent ("công"
//! → "cong", "Đường" → "duong"), and, where it has accents, two accented ones: as it was written, and with the
//! tone before all letters ("hòa" → "`hoa"). For Vietnamese writes the same tone on one vowel or on the next, "hòa"
//! or "hoà", so a whole word is its letters and its tone; but who has typed "trư" of "trường" has not come to the
//! tone yet.

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
    /// `None` where it has none.
    pub(crate) accented: Option<Accented>,
}

/// A word with its accents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Accented {
    /// Tones first, then letters with their other accents.
    pub(crate) tone_first: String,
    /// As it was written, the tone of each letter before its other accents.
    pub(crate) written: String,
}

/// How much of a word was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// It may go on.
    Beginning,
}

impl Accented {
    /// What it is indexed under.
    pub(crate) fn keys(&self) -> [&str; 2] {
        [&self.tone_first, &self.written]
    }

    /// Which of these to look for.
    pub(crate) fn asked(&self, extent: Extent) -> Vec<&str> {
        match extent {
            Extent::Whole => vec![&self.tone_first],
            Extent::Beginning => self.keys().to_vec(),
        }
    }
}

#[derive(Default)]
struct Building {
    tones: String,
    letters: String,
    written: String,
    /// Where the last letter of `written` ends.
    after_letter: usize,
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
        self.written.push(letter);
        self.after_letter = self.written.len();
        self.plain.push(if letter == 'đ' { 'd' } else { letter });
    }

    fn accent(&mut self, accent: char) {
        let of_a_letter = (1..=MAX_LETTERS).contains(&self.len);
        let is_tone = TONES.contains(&accent);
        let to = if is_tone { &mut self.tones } else { &mut self.letters };
        // Accents beyond any writing's are noise, and must not make words without end.
        if of_a_letter && to.len() < 4 * MAX_LETTERS {
            to.push(accent);
            self.written.insert(if is_tone { self.after_letter } else { self.written.len() }, accent);
        }
    }

    fn finish(&mut self) -> Option<Word> {
        let Self { tones, letters, written, plain, .. } = std::mem::take(self);
        let accented = (written != plain).then(|| Accented { tone_first: tones + &letters, written });
        (!plain.is_empty()).then_some(Word { plain, accented })
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

    /// Whether what was asked for finds a word.
    fn finds(asked: &str, extent: Extent, word: &str) -> bool {
        let (asked, word) = (one(asked).accented.unwrap(), one(word).accented.unwrap());
        let fits = |key: &str, asked: &str| match extent {
            Extent::Whole => key == asked,
            Extent::Beginning => key.starts_with(asked),
        };
        asked.asked(extent).iter().any(|asked| word.keys().iter().any(|key| fits(key, asked)))
    }

    #[test]
    fn a_word_is_its_letters_and_its_tone_wherever_the_tone_is_written() {
        for (one, other) in [("hòa", "hoà"), ("Thuỷ", "thủy"), ("khỏe", "khoẻ")] {
            assert!(finds(one, Extent::Whole, other) && finds(other, Extent::Whole, one), "{one} {other}");
        }
        for (one, other) in [("công", "cộng"), ("cô", "công"), ("cồn", "còn"), ("đa", "dạ")] {
            assert!(!finds(one, Extent::Whole, other) && !finds(other, Extent::Whole, one), "{one} {other}");
        }
    }

    #[test]
    fn a_beginning_is_found_before_its_tone_and_after_it() {
        let beginnings =
            [("hò", "hoà"), ("hoà", "hòa"), ("hoà", "hoàn"), ("đồ", "đồng"), ("thủ", "thuỷ"), ("trư", "trường")];
        for (beginning, word) in beginnings {
            assert!(finds(beginning, Extent::Beginning, word), "{beginning} {word}");
        }
        for (beginning, word) in [("công", "cộng"), ("cô", "cộng"), ("đô", "đồng")] {
            assert!(!finds(beginning, Extent::Beginning, word), "{beginning} {word}");
        }
    }

    #[test]
    fn a_word_has_a_bound() {
        let at = "ế".repeat(MAX_LETTERS);
        assert_eq!(one(&at).plain, "e".repeat(MAX_LETTERS));
        assert_eq!(one(&format!("{at}z")), one(&at), "one letter past it says nothing");
        assert_ne!(one(&at[..at.len() - 'ế'.len_utf8()]), one(&at));
        let marks = format!("a{}", "\u{302}".repeat(100_000));
        assert!(one(&marks).accented.unwrap().written.len() < 8 * MAX_LETTERS);
    }

    proptest! {
        #[test]
        fn no_text_makes_an_empty_or_an_endless_word(text in any::<String>()) {
            for word in words(&text) {
                prop_assert!(!word.plain.is_empty() && word.plain.chars().count() <= MAX_LETTERS);
                prop_assert!(word.accented.is_none_or(|accented| accented.keys().iter().all(|key| key.len() <= 16 * MAX_LETTERS)));
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
