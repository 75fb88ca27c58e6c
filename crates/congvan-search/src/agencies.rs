//! Agencies by the words of their names and codes. The index holds codes only, so that a name is searched as
//! the roster has it now.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::words::{Accented, Extent, Word, words};

/// The directory, for looking up words. An agency is its place in `codes`.
#[derive(Default)]
pub(crate) struct Agencies {
    codes: Vec<String>,
    by_code: HashMap<String, usize>,
    plain: BTreeMap<String, Vec<usize>>,
    accented: BTreeMap<String, Vec<usize>>,
}

impl Agencies {
    /// The agencies with these codes and names.
    pub(crate) fn new<'a>(agencies: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all = Self::default();
        for (code, name) in agencies {
            let agency = all.codes.len();
            all.codes.push(code.to_owned());
            all.by_code.insert(code.to_lowercase(), agency);
            for word in words(name).into_iter().chain(words(code)) {
                all.plain.entry(word.plain).or_default().push(agency);
                for key in word.accented.iter().flat_map(Accented::keys) {
                    all.accented.entry(key.to_owned()).or_default().push(agency);
                }
            }
        }
        all
    }

    /// The code of the agency that has exactly this one.
    pub(crate) fn with_code(&self, text: &str) -> Option<&str> {
        self.by_code.get(&text.trim().to_lowercase()).map(|agency| &*self.codes[*agency])
    }

    /// The codes of those with a word in name or code.
    pub(crate) fn with_word(&self, word: &Word, extent: Extent) -> BTreeSet<&str> {
        let (by_word, asked) = match &word.accented {
            Some(accented) => (&self.accented, accented.asked(extent)),
            None => (&self.plain, vec![&*word.plain]),
        };
        let mut found = BTreeSet::new();
        for text in asked {
            let from = by_word.range::<str, _>((Bound::Included(text), Bound::Unbounded));
            let fits = |known: &str| match extent {
                Extent::Whole => known == text,
                Extent::Beginning => known.starts_with(text),
            };
            let agencies = from.take_while(|(known, _)| fits(known)).flat_map(|(_, agencies)| agencies);
            found.extend(agencies.map(|agency| &*self.codes[*agency]));
        }
        found
    }

    /// The codes of those that a text means: the one with this code, else those whose name or code has each of
    /// its words, the last of which may go on.
    pub(crate) fn meant(&self, text: &str) -> BTreeSet<&str> {
        if let Some(code) = self.with_code(text) {
            return [code].into();
        }
        let words = words(text);
        let Some((last, before)) = words.split_last() else { return BTreeSet::new() };
        let all = self.with_word(last, Extent::Beginning);
        before.iter().fold(all, |all, word| &all & &self.with_word(word, Extent::Whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agencies() -> Agencies {
        let all = [
            ("000.00.00.H55", "UBND tỉnh Thái Nguyên"),
            ("000.00.01.H55", "Sở Tài chính"),
            ("000.00.02.H55", "Sở Tài nguyên và Môi trường"),
            ("H55.01", "Thanh tra tỉnh"),
        ];
        Agencies::new(all.into_iter())
    }

    fn meant(text: &str) -> Vec<String> {
        agencies().meant(text).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn an_agency_is_meant_by_its_code_or_by_words_of_its_name() {
        assert_eq!(meant("h55.01"), ["H55.01"], "the whole code");
        assert_eq!(meant("sở tài"), ["000.00.01.H55", "000.00.02.H55"]);
        assert_eq!(meant("so tai ch"), ["000.00.01.H55"]);
        assert_eq!(meant("tai nguyen"), ["000.00.02.H55"]);
        assert_eq!(meant("H55").len(), 4, "a word of each code");
        assert_eq!(meant("sơ tài chính"), [""; 0], "another word");
        assert_eq!(meant("-"), [""; 0]);
    }
}
