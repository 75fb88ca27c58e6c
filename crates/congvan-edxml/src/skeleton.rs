//! A packet with its attachments cut out, and back, byte for byte.
//!
//! The ledger keeps attachments once, by their content, apart from the documents that carry them. A
//! vendor's packet must come out at the other end as it went in all the same, with its own white space,
//! prefixes and line breaks, so that a signature over it stays what it was. A [`Skeleton`] is the packet
//! with gaps where the base64 of attachments stood; joined with their bytes it is the packet again.
//!
//! An attachment is cut out only when encoding its bytes again gives the same text: the standard
//! alphabet with padding, in one line or in lines of one length. White space around the text stays in
//! the skeleton. Any other text, valid base64 though it may be, stays in the skeleton as it is.
//!
//! # Encoding
//!
//! [`to_bytes`](Skeleton::to_bytes) writes, with integers in little-endian order:
//!
//! | what | bytes |
//! |---|---|
//! | `CVSK`, then the version 1 | 4 + 1 |
//! | number of gaps | u32 |
//! | for each gap: the attachment's number in the packet, from 0 | u32 |
//! | … where it belongs: bytes of the text that come before it | u64 |
//! | … bytes of the attachment, at least 1 | u64 |
//! | … characters of a line; 0 when there is one line | u32 |
//! | … line ending: 0 none, 1 LF, 2 CRLF, 3 `&#13;` LF, 4 `&#xD;` LF | u8 |
//! | bytes of the text | u64 |
//! | the text: the packet without what was cut out | as many |
//!
//! There is one encoding of a skeleton, and [`from_bytes`](Skeleton::from_bytes) accepts no other:
//! numbers and places of gaps rise strictly, places lie within the text, the line length is 0 exactly
//! when the ending is, and is less than the characters of the base64, and nothing follows the text.

use crate::error::SkeletonError;
use crate::limits::{MAX_ATTACHMENTS, MAX_PACKET_BYTES};
use crate::packet::Packet;
use crate::transfer::{self, Ending, Wrap};

const MAGIC: &[u8; 5] = b"CVSK\x01";

/// Where an attachment was cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    attachment: u32,
    at: u64,
    length: u64,
    wrap: Option<Wrap>,
}

impl Gap {
    /// Bytes of the text that fills it.
    fn filling(&self) -> Option<u64> {
        let encoded = transfer::encoded_len(self.length)?;
        let breaks = match self.wrap {
            Some(wrap) => {
                let count = encoded.saturating_sub(1).checked_div(wrap.line.into())?;
                count.checked_mul(u64::try_from(wrap.ending.bytes().len()).ok()?)?
            }
            None => 0,
        };
        encoded.checked_add(breaks)
    }
}

/// A packet with its attachments cut out. See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skeleton {
    gaps: Vec<Gap>,
    text: Vec<u8>,
}

impl Skeleton {
    /// Cuts the attachments out of a packet. `parsed` is what [`Packet::parse`] made of it; given
    /// another packet's, nothing is cut that would not come back.
    ///
    /// Returned beside the skeleton are the bytes of the attachments that were cut out, in order;
    /// [`attachments`](Self::attachments) tells which they are.
    #[must_use]
    pub fn split<'p>(packet: &[u8], parsed: &'p Packet) -> (Self, Vec<&'p [u8]>) {
        let mut skeleton = Self { gaps: Vec::new(), text: Vec::new() };
        let mut cut = Vec::new();
        let mut done = 0;
        for (number, attachment) in parsed.attachments().iter().enumerate() {
            let Some(range) = attachment.encoded_range().filter(|range| range.start >= done) else {
                continue;
            };
            let Some(text) = packet.get(range.clone()) else {
                continue;
            };
            let core = transfer::core(text);
            let (start, end) = (range.start + core.start, range.start + core.end);
            let (Some(text), Some(before)) = (packet.get(start..end), packet.get(done..start)) else {
                continue;
            };
            let data = attachment.transport_bytes();
            let Some(wrap) = transfer::detect(text).filter(|_| !data.is_empty()) else {
                continue;
            };
            if !transfer::is_encoding(text, data, wrap) {
                continue;
            }
            let (Ok(attachment), Ok(at), Ok(length)) =
                (u32::try_from(number), u64::try_from(skeleton.text.len() + before.len()), u64::try_from(data.len()))
            else {
                continue;
            };
            skeleton.text.extend_from_slice(before);
            skeleton.gaps.push(Gap { attachment, at, length, wrap });
            cut.push(data);
            done = end;
        }
        skeleton.text.extend_from_slice(packet.get(done..).unwrap_or_default());
        (skeleton, cut)
    }

    /// The packet again, given the bytes of the attachments that were cut out, in order.
    ///
    /// # Errors
    /// [`SkeletonError`] when these are not as many, or not as long, as what was cut out.
    pub fn join<B: AsRef<[u8]>>(&self, attachments: &[B]) -> Result<Vec<u8>, SkeletonError> {
        if attachments.len() != self.gaps.len() {
            return Err(SkeletonError::Count { given: attachments.len(), wanted: self.gaps.len() });
        }
        for (number, (gap, attachment)) in self.gaps.iter().zip(attachments).enumerate() {
            let given = u64::try_from(attachment.as_ref().len()).unwrap_or(u64::MAX);
            if given != gap.length {
                return Err(SkeletonError::Length { gap: number, given, wanted: gap.length });
            }
        }
        let too_large = SkeletonError::TooLarge { limit: MAX_PACKET_BYTES };
        let size = usize::try_from(self.packet_len().ok_or(too_large)?).map_err(|_| too_large)?;
        let mut packet = Vec::with_capacity(size);
        let mut done = 0;
        for (gap, attachment) in self.gaps.iter().zip(attachments) {
            // Places rise and lie within the text.
            let at = usize::try_from(gap.at).unwrap_or(usize::MAX);
            packet.extend_from_slice(self.text.get(done..at).unwrap_or_default());
            transfer::encode(attachment.as_ref(), gap.wrap, &mut |piece| {
                packet.extend_from_slice(piece);
                true
            });
            done = at;
        }
        packet.extend_from_slice(self.text.get(done..).unwrap_or_default());
        Ok(packet)
    }

    /// The numbers in the packet, from 0, of the attachments that were cut out, in order.
    pub fn attachments(&self) -> impl Iterator<Item = usize> + '_ {
        self.gaps.iter().map(|gap| usize::try_from(gap.attachment).unwrap_or(usize::MAX))
    }

    /// The lengths in bytes of the attachments that were cut out, in order.
    pub fn lengths(&self) -> impl Iterator<Item = u64> + '_ {
        self.gaps.iter().map(|gap| gap.length)
    }

    /// Bytes of the packet, when within the bound.
    fn packet_len(&self) -> Option<u64> {
        let text = u64::try_from(self.text.len()).ok()?;
        self.gaps
            .iter()
            .try_fold(text, |sum, gap| sum.checked_add(gap.filling()?))
            .filter(|size| *size <= MAX_PACKET_BYTES)
    }

    /// Its encoding, described in the [module](self).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        // No more gaps than attachments, no text longer than memory: the conversions cannot fail.
        let count = u32::try_from(self.gaps.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&count.to_le_bytes());
        for gap in &self.gaps {
            bytes.extend_from_slice(&gap.attachment.to_le_bytes());
            bytes.extend_from_slice(&gap.at.to_le_bytes());
            bytes.extend_from_slice(&gap.length.to_le_bytes());
            bytes.extend_from_slice(&gap.wrap.map_or(0, |wrap| wrap.line).to_le_bytes());
            bytes.push(gap.wrap.map_or(0, |wrap| wrap.ending.code()));
        }
        let length = u64::try_from(self.text.len()).unwrap_or(u64::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.text);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) writes, and nothing else.
    ///
    /// # Errors
    /// [`SkeletonError`], which says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SkeletonError> {
        let mut input = Input { rest: bytes.strip_prefix(MAGIC).ok_or(SkeletonError::Magic)? };
        let count = usize::try_from(u32::from_le_bytes(input.take("number of gaps")?)).unwrap_or(usize::MAX);
        if count > MAX_ATTACHMENTS {
            return Err(SkeletonError::TooManyGaps { count, limit: MAX_ATTACHMENTS });
        }
        let mut gaps: Vec<Gap> = Vec::new();
        for number in 0..count {
            let gap = input.gap(number)?;
            if let Some(last) = gaps.last() {
                let rises = [("attachment", gap.attachment > last.attachment), ("place", gap.at > last.at)];
                if let Some((field, _)) = rises.into_iter().find(|(_, rises)| !rises) {
                    return Err(SkeletonError::Field { gap: number, field });
                }
            }
            gaps.push(gap);
        }
        let length = u64::from_le_bytes(input.take("length of the text")?);
        let text = usize::try_from(length).ok().and_then(|length| input.rest.split_at_checked(length));
        let Some((text, after)) = text else {
            return Err(SkeletonError::Short { field: "text" });
        };
        if !after.is_empty() {
            return Err(SkeletonError::Trailing { count: after.len() });
        }
        if gaps.last().is_some_and(|last| last.at > length) {
            return Err(SkeletonError::Field { gap: gaps.len() - 1, field: "place" });
        }
        let skeleton = Self { gaps, text: text.to_vec() };
        match skeleton.packet_len() {
            Some(_) => Ok(skeleton),
            None => Err(SkeletonError::TooLarge { limit: MAX_PACKET_BYTES }),
        }
    }
}

struct Input<'a> {
    rest: &'a [u8],
}

impl Input<'_> {
    fn take<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], SkeletonError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(SkeletonError::Short { field })?;
        self.rest = rest;
        Ok(*head)
    }

    fn gap(&mut self, number: usize) -> Result<Gap, SkeletonError> {
        let wrong = |field| SkeletonError::Field { gap: number, field };
        let attachment = u32::from_le_bytes(self.take("gaps")?);
        let at = u64::from_le_bytes(self.take("gaps")?);
        let length = u64::from_le_bytes(self.take("gaps")?);
        let line = u32::from_le_bytes(self.take("gaps")?);
        let [ending] = self.take("gaps")?;
        if usize::try_from(attachment).map_or(true, |attachment| attachment >= MAX_ATTACHMENTS) {
            return Err(wrong("attachment"));
        }
        if length == 0 {
            return Err(wrong("length"));
        }
        let wrap = match (line, ending) {
            (0, 0) => None,
            _ => Some(Wrap { line, ending: Ending::from_code(ending).ok_or(wrong("line ending"))? }),
        };
        let encoded = transfer::encoded_len(length).ok_or(wrong("length"))?;
        if wrap.is_some_and(|wrap| wrap.line == 0 || u64::from(wrap.line) >= encoded) {
            return Err(wrong("line length"));
        }
        Ok(Gap { attachment, at, length, wrap })
    }
}

#[cfg(test)]
#[path = "skeleton_tests.rs"]
mod tests;
