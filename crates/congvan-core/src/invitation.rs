//! The code by which a registrar invites an agency: 128 secret bits in 28 easy letters.
//!
//! ```text
//! secret (16 bytes, big-endian) → 26 letters of five bits ‖ 2 check letters, in groups of four
//! ```
//!
//! The letters are Crockford's base 32. The two check letters make it a Reed-Solomon code over GF(32) of
//! distance 3: every one or two wrong letters, and every two that changed places, are noticed before
//! anything is sent, and one wrong letter can be located.

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain;
use crate::keys::{NodeKey, SecretKey};
use crate::rng::{self, CryptoRng};

/// Letters of a code, the check letters included.
pub const LETTERS: usize = 28;
/// Letters of a group, as one reads them out.
pub const GROUP: usize = 4;
/// The most characters that are looked at, blanks and hyphens included.
pub const MAX_TYPED: usize = 128;

/// Letters that carry the secret.
const DATA: usize = LETTERS - 2;
/// Without I, L, O and U, which are taken for others.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Why what was typed is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Letters are missing, or too many.
    #[error("an enrolment code has {LETTERS} letters and digits in groups of {GROUP}; this has {0}")]
    Length(usize),
    /// Far too much.
    #[error("this is far longer than an enrolment code: more than {MAX_TYPED} characters")]
    TooLong,
    /// A character that is in no code.
    #[error("{letter:?} in group {group} is in no enrolment code: these have digits and letters without U")]
    Letter {
        /// It.
        letter: char,
        /// Where, from 1.
        group: usize,
    },
    /// The check letters do not fit; where one letter is wrong, it is in this group.
    #[error("the code is mistyped, probably in group {0}; compare it with whoever read it out")]
    MistypedIn(usize),
    /// The check letters do not fit.
    #[error("the code is mistyped in more than one place; compare it with whoever read it out")]
    Mistyped,
}

/// A one-time code of a registrar for one agency. Whoever has it can enrol as that agency: it is wiped when
/// dropped, and not shown.
///
/// ```
/// use congvan_core::invitation::{CodeError, InvitationCode};
///
/// let code = InvitationCode::generate(&mut congvan_core::rng::from_seed(1));
/// let text = code.expose();
/// assert_eq!(text.len(), 34); // seven groups of four, and hyphens
/// assert_eq!(text.to_lowercase().parse(), Ok(code));
/// // A slip of the finger in the second group is noticed, and found.
/// let slip = if &text[5..6] == "X" { "Y" } else { "X" };
/// let typed = format!("{}{slip}{}", &text[..5], &text[6..]);
/// assert_eq!(typed.parse::<InvitationCode>(), Err(CodeError::MistypedIn(2)));
/// ```
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct InvitationCode([u8; 16]);

impl InvitationCode {
    /// A new code.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(rng::bytes(rng))
    }

    /// The network key that the invited side proves while it enrols: nobody else can prove it, and the registrar
    /// knows its public half alone.
    pub fn guest(&self) -> SecretKey {
        SecretKey::from_seed(&Zeroizing::new(blake3::derive_key(domain::ENROL_GUEST, &self.0)))
    }

    /// The key by which each side shows the other that it knows the invitation.
    pub fn proof(&self) -> ProofKey {
        ProofKey(blake3::derive_key(domain::ENROL_PROOF, &self.0))
    }

    /// The code, for whoever is to type it: seven groups of four letters.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut letters = Zeroizing::new([0u8; LETTERS]);
        let value = u128::from_be_bytes(self.0);
        for (at, letter) in letters[..DATA].iter_mut().enumerate() {
            *letter = (value >> (5 * (DATA - 1 - at))) as u8 & 31;
        }
        let (plain, weighted) = syndromes(&letters[..DATA]);
        // Two equations in the two check letters: their sum, and their sum weighted by their places.
        let (first, second) = (power(DATA), power(DATA + 1));
        letters[DATA] = multiply(weighted ^ multiply(second, plain), inverse(first ^ second));
        letters[DATA + 1] = plain ^ letters[DATA];
        let mut text = Zeroizing::new(String::with_capacity(LETTERS + LETTERS / GROUP));
        for (at, letter) in letters.iter().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(*letter)]));
        }
        text
    }
}

impl FromStr for InvitationCode {
    type Err = CodeError;
    /// Takes it however it was typed: in capitals or not, with blanks, hyphens or dots between, O for 0,
    /// I and L for 1.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        if text.chars().count() > MAX_TYPED {
            return Err(CodeError::TooLong);
        }
        let mut letters = Zeroizing::new(Vec::with_capacity(MAX_TYPED));
        for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '–' | '_')) {
            let meant = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = ALPHABET.iter().position(|letter| char::from(*letter) == meant);
            match value {
                Some(value) => letters.push(value as u8),
                None => return Err(CodeError::Letter { letter: c, group: letters.len() / GROUP + 1 }),
            }
        }
        if letters.len() != LETTERS {
            return Err(CodeError::Length(letters.len()));
        }
        match syndromes(&letters) {
            (0, 0) => {}
            (plain, weighted) => return Err(mistyped(plain, weighted)),
        }
        // Five bits a letter are two more than 128: the first letter has three.
        if letters[0] > 7 {
            return Err(CodeError::MistypedIn(1));
        }
        let value = letters[..DATA].iter().fold(0u128, |value, letter| value << 5 | u128::from(*letter));
        Ok(Self(value.to_be_bytes()))
    }
}

impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationCode(…)")
    }
}

/// What both sides of an invitation know: a hash of its code. With it one can pass for the registrar towards
/// the holder of the code, but not for the holder.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ProofKey([u8; 32]);

impl ProofKey {
    /// From its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The proof over a message: BLAKE3 in its keyed mode.
    pub(crate) fn over(&self, parts: &[&[u8]]) -> Proof {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(part);
        }
        Proof(*hasher.finalize().as_bytes())
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey(…)")
    }
}

/// That somebody knows an invitation. Compared in constant time.
#[derive(Clone, Copy, Debug, bincode::Encode, bincode::Decode)]
pub struct Proof(pub [u8; 32]);

impl PartialEq for Proof {
    fn eq(&self, other: &Self) -> bool {
        // blake3 compares in constant time.
        blake3::Hash::from(self.0) == blake3::Hash::from(other.0)
    }
}

impl Eq for Proof {}

/// The name of an invitation: its guest's network key.
pub fn name_of(code: &InvitationCode) -> NodeKey {
    NodeKey::from_bytes(*code.guest().public().id().as_bytes())
}

/// One wrong letter shows by how much, and at which place; two or more rarely point within the code.
fn mistyped(plain: u8, weighted: u8) -> CodeError {
    let place = (plain != 0 && weighted != 0)
        .then(|| multiply(weighted, inverse(plain)))
        .and_then(|root| (0..LETTERS).find(|at| power(*at) == root));
    place.map_or(CodeError::Mistyped, |at| CodeError::MistypedIn(at / GROUP + 1))
}

/// The letters' sum, and their sum weighted by their places; both are 0 for a code.
fn syndromes(letters: &[u8]) -> (u8, u8) {
    let weighted = letters.iter().enumerate().fold(0, |sum, (at, letter)| sum ^ multiply(*letter, power(at)));
    (letters.iter().fold(0, |sum, letter| sum ^ letter), weighted)
}

/// The product in GF(32) = GF(2)[x] / (x⁵ + x² + 1).
fn multiply(a: u8, b: u8) -> u8 {
    let mut product = 0;
    for bit in (0..5).rev() {
        product <<= 1;
        if product & 32 != 0 {
            product ^= 0b10_0101;
        }
        if b >> bit & 1 == 1 {
            product ^= a;
        }
    }
    product
}

/// x to the power of `n`; the 31 powers below 31 differ.
fn power(n: usize) -> u8 {
    (0..n).fold(1, |power, _| multiply(power, 2))
}

/// What gives 1 when multiplied by `a`, which is not 0: its 30th power.
fn inverse(a: u8) -> u8 {
    (0..30).fold(1, |power, _| multiply(power, a))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Result<InvitationCode, CodeError> {
        text.parse()
    }

    fn replace(text: &str, at: usize, letter: u8) -> String {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = letter;
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_written_form_is_fixed() {
        assert_eq!(InvitationCode([0; 16]).expose().as_str(), "0000-0000-0000-0000-0000-0000-0000");
        let known = InvitationCode(*b"congvan enrolls!");
        assert_eq!(known.expose().as_str(), KNOWN);
        assert_eq!(hex::encode(known.proof().as_bytes()), KNOWN_PROOF);
        assert_eq!(name_of(&known).to_string(), KNOWN_GUEST);
    }
    const KNOWN: &str = "33DX-Q6EX-K1DR-G6AV-KJDX-P6RW-S1SP";
    const KNOWN_PROOF: &str = "ad41f32b0371799b4a898acf4c585457ffa9dea96c9beab6cf93798bc9f96f82";
    const KNOWN_GUEST: &str = "5629450360eb45e47088f58a4ace6a453871df212a361e93b697019a947fd391";

    #[test]
    fn lengths_and_letters_have_bounds() {
        let good = InvitationCode([7; 16]).expose();
        assert_eq!(code(&good[..33]), Err(CodeError::Length(27)));
        assert_eq!(code(&format!("{}0", *good)), Err(CodeError::Length(29)));
        assert_eq!(code(""), Err(CodeError::Length(0)));
        assert_eq!(code(&" ".repeat(MAX_TYPED)), Err(CodeError::Length(0)));
        assert_eq!(code(&" ".repeat(MAX_TYPED + 1)), Err(CodeError::TooLong));
        assert_eq!(code(&replace(&good, 6, b'U')), Err(CodeError::Letter { letter: 'U', group: 2 }));
        assert!(code(&good.replace('-', " . ")).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(secret: [u8; 16]) {
            let given = InvitationCode(secret);
            let text = given.expose();
            prop_assert_eq!(code(&text), Ok(given.clone()));
            prop_assert_eq!(code(&text.to_lowercase().replace('-', "").replace('0', "o").replace('1', "l")), Ok(given));
        }

        #[test]
        fn one_slip_is_found_and_two_are_noticed(secret: [u8; 16], a in 0..LETTERS, b in 0..LETTERS, x in 1u8..32, y in 1u8..32) {
            let text = InvitationCode(secret).expose();
            let slip = |text: &str, at: usize, by: u8| {
                let at = at + at / GROUP;
                let value = ALPHABET.iter().position(|letter| *letter == text.as_bytes()[at]).unwrap();
                replace(text, at, ALPHABET[value ^ usize::from(by)])
            };
            let once = slip(&text, a, x);
            prop_assert_eq!(code(&once), Err(CodeError::MistypedIn(a / GROUP + 1)));
            prop_assume!(a != b);
            prop_assert!(code(&slip(&once, b, y)).is_err());
        }

        #[test]
        fn two_letters_that_changed_places_are_noticed(secret: [u8; 16], a in 0..LETTERS, b in 0..LETTERS) {
            let text = InvitationCode(secret).expose();
            let mut bytes = text.as_bytes().to_vec();
            bytes.swap(a + a / GROUP, b + b / GROUP);
            let swapped = String::from_utf8(bytes).unwrap();
            prop_assume!(swapped != *text);
            prop_assert!(code(&swapped).is_err());
        }

        #[test]
        fn anything_typed_is_a_code_or_an_error(text in "\\PC{0,140}") {
            if let Ok(code) = code(&text) {
                prop_assert_eq!(code.expose().replace('-', "").len(), LETTERS);
            }
        }
    }
}
