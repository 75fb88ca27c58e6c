//! The transfer encoding of attachments: base64, read leniently, written exactly as asked.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::error::NotBase64;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const STRICT: GeneralPurpose = base64::engine::general_purpose::STANDARD;

/// Bytes that are encoded at a time, a multiple of 3.
const RAW_CHUNK: usize = 48 << 10;
/// Characters that are decoded at a time, a multiple of 4.
const TEXT_CHUNK: usize = 64 << 10;

/// Decodes base64 with any white space in it, with or without padding.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
    let mut data = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut chunk = Vec::with_capacity(TEXT_CHUNK.min(text.len()));
    let mut characters = 0_usize;
    let mut padding = 0;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            b'=' => {
                padding += 1;
                if padding > 2 {
                    return Err(NotBase64::Padding { offset });
                }
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                if padding > 0 {
                    return Err(NotBase64::Padding { offset });
                }
            }
            _ => {
                let rest = text.get(offset..).unwrap_or_default();
                let character = rest.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
                return Err(NotBase64::Character { character, offset });
            }
        }
        characters += 1;
        chunk.push(byte);
        if chunk.len() == TEXT_CHUNK {
            decode_chunk(&mut chunk, &mut data, characters)?;
        }
    }
    decode_chunk(&mut chunk, &mut data, characters)?;
    Ok(data)
}

fn decode_chunk(chunk: &mut Vec<u8>, data: &mut Vec<u8>, characters: usize) -> Result<(), NotBase64> {
    // The characters are those of the alphabet, so only their number can be wrong.
    LENIENT.decode_vec(chunk.as_slice(), data).map_err(|_| NotBase64::Length { characters })?;
    chunk.clear();
    Ok(())
}

/// Characters of the base64 of so many bytes.
pub(crate) fn encoded_len(bytes: u64) -> Option<u64> {
    bytes.div_ceil(3).checked_mul(4)
}

/// What ends a line of base64. Serializers write a carriage return as a character reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Lf,
    CrLf,
    CrDecimalLf,
    CrHexLf,
}

impl Ending {
    const ALL: [Self; 4] = [Self::Lf, Self::CrLf, Self::CrDecimalLf, Self::CrHexLf];

    pub(crate) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
            Self::CrDecimalLf => b"&#13;\n",
            Self::CrHexLf => b"&#xD;\n",
        }
    }

    /// Its number in a skeleton.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Lf => 1,
            Self::CrLf => 2,
            Self::CrDecimalLf => 3,
            Self::CrHexLf => 4,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.code() == code)
    }
}

/// How base64 is broken into lines: none, or lines of one length, the last one without an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wrap {
    pub(crate) line: u32,
    pub(crate) ending: Ending,
}

/// The text without white space (also as character references) around it, as a range of `text`.
pub(crate) fn core(text: &[u8]) -> std::ops::Range<usize> {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = text.iter().take_while(|byte| space(byte)).count();
    let mut end = text.len();
    loop {
        let head = text.get(start..end).unwrap_or_default();
        let references: [&[u8]; 3] = [b"&#13;", b"&#xD;", b"&#xd;"];
        if let Some(reference) = references.into_iter().find(|r| head.ends_with(r)) {
            end -= reference.len();
        } else if head.last().is_some_and(space) {
            end -= 1;
        } else {
            return start..end;
        }
    }
}

/// How a text seems to be broken into lines, judged by its first line.
pub(crate) fn detect(text: &[u8]) -> Option<Option<Wrap>> {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let line = text.iter().take_while(|byte| legal(byte)).count();
    if line == text.len() {
        return Some(None);
    }
    let rest = text.get(line..)?;
    let ending = Ending::ALL.into_iter().find(|ending| rest.starts_with(ending.bytes()))?;
    let line = u32::try_from(line).ok().filter(|line| *line > 0)?;
    Some(Some(Wrap { line, ending }))
}

/// Encodes, piece by piece, until `sink` says no. Returns whether it never did.
pub(crate) fn encode(data: &[u8], wrap: Option<Wrap>, sink: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let mut text = String::new();
    let width = wrap.map_or(usize::MAX, |wrap| usize::try_from(wrap.line).unwrap_or(usize::MAX));
    let mut column = 0;
    for chunk in data.chunks(RAW_CHUNK) {
        text.clear();
        STRICT.encode_string(chunk, &mut text);
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            if column == width {
                let ending = wrap.map_or(&b""[..], |wrap| wrap.ending.bytes());
                if !sink(ending) {
                    return false;
                }
                column = 0;
            }
            let (line, tail) = rest.split_at(rest.len().min(width - column));
            if !sink(line) {
                return false;
            }
            column += line.len();
            rest = tail;
        }
    }
    true
}

/// Whether `text` is what [`encode`] makes of `data`.
pub(crate) fn is_encoding(text: &[u8], data: &[u8], wrap: Option<Wrap>) -> bool {
    let mut rest = text;
    let all = encode(data, wrap, &mut |piece| match rest.strip_prefix(piece) {
        Some(tail) => {
            rest = tail;
            true
        }
        None => false,
    });
    all && rest.is_empty()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn decodes_what_practice_writes() {
        assert_eq!(decode("").unwrap(), b"");
        assert_eq!(decode(" aGVs\r\nbG8=\n").unwrap(), b"hello");
        assert_eq!(decode("aGVsbG8").unwrap(), b"hello", "no padding");
        assert_eq!(decode("aGVsbG9=").unwrap(), b"hello", "stray bits at the end");
        assert_eq!(decode("${template}"), Err(NotBase64::Character { character: '$', offset: 0 }));
        assert_eq!(decode("aGVsế"), Err(NotBase64::Character { character: 'ế', offset: 4 }));
        assert_eq!(decode("aGVsbG8=aGVs"), Err(NotBase64::Padding { offset: 8 }));
        assert_eq!(decode("aG==="), Err(NotBase64::Padding { offset: 4 }));
        assert_eq!(decode("aGVsb"), Err(NotBase64::Length { characters: 5 }));
        assert_eq!(decode("="), Err(NotBase64::Length { characters: 1 }));
    }

    #[test]
    fn decodes_across_chunks() {
        for extra in [0, 1, 2, 3, 4, 5] {
            let data: Vec<u8> = (0..RAW_CHUNK * 2 + extra).map(|i| (i % 251) as u8).collect();
            let mut text = Vec::new();
            let wrap = Some(Wrap { line: 61, ending: Ending::CrLf });
            encode(&data, wrap, &mut |piece| {
                text.extend_from_slice(piece);
                true
            });
            assert_eq!(decode(std::str::from_utf8(&text).unwrap()).unwrap(), data);
            assert_eq!(detect(&text), Some(wrap));
            assert!(is_encoding(&text, &data, wrap));
        }
        // A chunk that ends in padding, with more after it.
        let mut text = "A".repeat(TEXT_CHUNK - 1);
        text.push('=');
        assert!(decode(&text).is_ok());
        text.push('A');
        assert!(decode(&text).is_err());
    }

    #[test]
    fn trims_white_space_however_it_is_written() {
        assert_eq!(core(b"\r\n QUJD&#13;\n  "), 3..7);
        assert_eq!(core(b" \n"), 2..2);
        assert_eq!(core(b"&#13;\n"), 0..0);
        assert_eq!(core(b""), 0..0);
    }
}
