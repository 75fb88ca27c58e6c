//! What a packet holds beside the elements of the format: kept where it stands, and written there again.

use std::fmt::Write as _;

use crate::packet::{Business, DocumentPacket, MessageHeader, Packet, Record, StatusPacket};

/// Something that the format does not name at its place. It is kept by whatever it stands in, in the field
/// `unknown`, and can only come from reading a packet.
///
/// ```
/// use congvan_edxml::{Packet, Unknown};
///
/// let packet = "<edXML><edXMLEnvelope><edXMLHeader><MessageHeader>\
///     <From><OrganId>H55</OrganId><Level>3</Level></From>\
///     </MessageHeader></edXMLHeader></edXMLEnvelope></edXML>";
/// let packet = Packet::parse(packet.as_bytes())?;
/// assert!(matches!(&packet.from().unknown[..], [Unknown::Element { name, .. }] if name == "Level"));
/// let path = "edXML/edXMLEnvelope/edXMLHeader/MessageHeader/From/Level";
/// assert_eq!(packet.unknown(), [(path.to_owned(), "3".to_owned())]);
/// # Ok::<(), congvan_edxml::PacketError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// An element.
    #[non_exhaustive]
    Element {
        /// Its local name.
        name: String,
        /// Its attributes by their local names, without those that declare namespaces.
        attributes: Vec<(String, String)>,
        /// What is in it: its text, then its elements.
        inside: Vec<Unknown>,
    },
    /// What is unknown in an element that the format does name, and that has no place of its own for it.
    #[non_exhaustive]
    Within {
        /// The element's local name.
        name: String,
        /// What is unknown in it.
        inside: Vec<Unknown>,
    },
    /// Text where none belongs, trimmed; or that of an unknown element.
    #[non_exhaustive]
    Text(String),
    /// An XML-DSig `Signature` other than the header's first, as found.
    #[non_exhaustive]
    Signature(String),
}

impl Unknown {
    /// Adds text, if there is any.
    pub(crate) fn push_text(list: &mut Vec<Self>, text: &str) {
        if !text.is_empty() {
            list.push(Self::Text(text.to_owned()));
        }
    }

    /// Adds to a list what was found later: what is within one known element stays together.
    pub(crate) fn merge(list: &mut Vec<Self>, found: Vec<Self>) {
        for unknown in found {
            let Self::Within { name, inside } = unknown else {
                list.push(unknown);
                continue;
            };
            let same = list.iter_mut().find_map(|known| match known {
                Self::Within { name: known, inside } if *known == name => Some(inside),
                _ => None,
            });
            match same {
                Some(known) => Self::merge(known, inside),
                None => list.push(Self::Within { name, inside }),
            }
        }
        // The order of elements of the format means nothing; writing changes it. All else stays in its order.
        list.sort_by(|a, b| a.rank().cmp(&b.rank()));
    }

    fn rank(&self) -> (u8, &str) {
        match self {
            Self::Text(_) => (0, ""),
            Self::Element { .. } | Self::Signature(_) => (1, ""),
            Self::Within { name, .. } => (2, name),
        }
    }

    fn list(&self, path: &mut String, out: &mut Vec<(String, String)>) {
        match self {
            Self::Element { name, attributes, inside } => within(path, name, |path| {
                for (attribute, value) in attributes {
                    out.push((format!("{path}@{attribute}"), value.clone()));
                }
                if inside.is_empty() {
                    out.push((path.clone(), String::new()));
                }
                inside.iter().for_each(|unknown| unknown.list(path, out));
            }),
            Self::Within { name, inside } => {
                within(path, name, |path| inside.iter().for_each(|unknown| unknown.list(path, out)));
            }
            Self::Text(text) => out.push((path.clone(), text.clone())),
            Self::Signature(raw) => within(path, "Signature", |path| out.push((path.clone(), raw.clone()))),
        }
    }
}

fn within(path: &mut String, name: &str, f: impl FnOnce(&mut String)) {
    let outside = path.len();
    // Writing to a String cannot fail.
    let _ = write!(path, "/{name}");
    f(path);
    path.truncate(outside);
}

impl Packet {
    /// What the packet holds beside the elements of the format: every text and attribute, and every element
    /// that holds neither, each with its path (the local names from the root, joined by `/`).
    #[must_use]
    pub fn unknown(&self) -> Vec<(String, String)> {
        match self {
            Self::Document(document) => document.unknown(),
            Self::Status(status) => status.unknown(),
        }
    }
}

const MESSAGE: &str = "edXML/edXMLEnvelope/edXMLHeader/MessageHeader";
const BUSINESS: &str = "edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness";

impl DocumentPacket {
    /// As [`Packet::unknown`].
    #[must_use]
    pub fn unknown(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        let mut add = |path: &str, unknown: &[Unknown]| {
            unknown.iter().for_each(|unknown| unknown.list(&mut path.to_owned(), &mut out));
        };
        add("edXML", &self.unknown);
        self.header.each_unknown(&mut add);
        for hop in &self.trace {
            add("edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/TraceHeader", &hop.unknown);
        }
        if let Some(business) = &self.business {
            business.each_unknown(&mut add);
        }
        let manifest = "edXML/edXMLEnvelope/edXMLBody/edXMLManifest";
        add(manifest, &self.manifest.unknown);
        for reference in &self.manifest.references {
            add(&format!("{manifest}/Reference"), &reference.unknown);
        }
        for attachment in &self.attachments {
            add("edXML/AttachmentEncoded/Attachment", &attachment.unknown);
        }
        out
    }
}

impl StatusPacket {
    /// As [`Packet::unknown`].
    #[must_use]
    pub fn unknown(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for (path, unknown) in [
            ("edXML".to_owned(), &self.unknown),
            (format!("{MESSAGE}/From"), &self.from.unknown),
            (format!("{MESSAGE}/ResponseFor"), &self.response_for.unknown),
            (format!("{MESSAGE}/StaffInfo"), &self.staff.unknown),
        ] {
            unknown.iter().for_each(|unknown| unknown.list(&mut path.clone(), &mut out));
        }
        out
    }
}

impl MessageHeader {
    fn each_unknown(&self, add: &mut impl FnMut(&str, &[Unknown])) {
        add(MESSAGE, &self.unknown);
        records(add, MESSAGE, "From", [&self.from]);
        records(add, MESSAGE, "To", &self.to);
        records(add, MESSAGE, "Code", [&self.code]);
        records(add, MESSAGE, "PromulgationInfo", [&self.promulgation]);
        records(add, MESSAGE, "DocumentType", [&self.document_type]);
        records(add, MESSAGE, "SignerInfo", [&self.signer]);
        records(add, MESSAGE, "OtherInfo", [&self.other.fields]);
        records(add, MESSAGE, "ResponseFor", &self.response_for);
    }
}

impl Business {
    fn each_unknown(&self, add: &mut impl FnMut(&str, &[Unknown])) {
        add(BUSINESS, &self.fields.unknown);
        let document = format!("{BUSINESS}/BussinessDocumentInfo");
        add(&document, &self.document.unknown);
        records(add, &format!("{document}/ReceiverList"), "Receiver", &self.document.receivers);
        for replacement in &self.replacements {
            add(&format!("{BUSINESS}/ReplacementInfoList/ReplacementInfo"), &replacement.unknown);
        }
        records(add, BUSINESS, "StaffInfo", &self.staff);
    }
}

fn records<'a, R: Record + 'a>(
    add: &mut impl FnMut(&str, &[Unknown]),
    parent: &str,
    name: &str,
    list: impl IntoIterator<Item = &'a R>,
) {
    list.into_iter().for_each(|record| add(&format!("{parent}/{name}"), record.unknown()));
}
