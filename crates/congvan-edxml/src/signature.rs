//! The XML-DSig signature that a packet carries along.

use std::collections::BTreeSet;

use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, Reader};

use crate::write::NAMESPACE;

/// The namespace of XML-DSig.
const XML_DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// A `Signature` element, as found in a packet. It can only come from reading one.
///
/// Software signs, and then writes the packet anew, or writes a signature that is a placeholder. So it is carried
/// along, never trusted. What counts is the signature over the ledger's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(String);

impl Signature {
    /// Of an element that the reader has seen to be well-formed.
    pub(crate) fn as_found(element: &str) -> Self {
        Self(element.to_owned())
    }

    /// The element, from its first `<` to its last `>`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The element as it can stand in any packet: the prefixes that it uses, and the packet around it declared, it
/// declares itself.
pub(crate) fn standing_alone(element: &str) -> String {
    let missing = undeclared(element);
    let own = element.strip_prefix('<').and_then(|tag| tag.split_once(':')).map(|(prefix, _)| prefix);
    let name_end = element.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).unwrap_or(element.len());
    let (head, tail) = element.split_at_checked(name_end).unwrap_or((element, ""));
    let mut out = head.to_owned();
    for prefix in missing {
        let namespace = if own == Some(prefix.as_str()) { XML_DSIG } else { NAMESPACE };
        out.push_str(&format!(" xmlns:{prefix}=\"{namespace}\""));
    }
    out + tail
}

/// Elements that start in it, itself among them.
pub(crate) fn elements(element: &str) -> usize {
    let mut reader = Reader::from_str(element);
    let starts = std::iter::from_fn(|| match reader.read_event() {
        Ok(Event::Eof) | Err(_) => None,
        Ok(event) => Some(matches!(event, Event::Start(_) | Event::Empty(_))),
    });
    starts.filter(|starts| *starts).count()
}

/// The prefixes that are used in an element where nothing in it declares them.
fn undeclared(element: &str) -> BTreeSet<String> {
    let mut missing = BTreeSet::new();
    let mut reader = NsReader::from_str(element);
    loop {
        let tag = match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => tag,
            Ok(Event::Eof) | Err(_) => return missing,
            Ok(_) => continue,
        };
        let resolver = reader.resolver();
        let mut see = |resolved| {
            if let ResolveResult::Unknown(prefix) = resolved {
                missing.insert(prefix);
            }
        };
        see(resolver.resolve_element(tag.name()).0);
        for attribute in tag.attributes().with_checks(false).flatten() {
            see(resolver.resolve_attribute(attribute.key).0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declares_what_it_uses() {
        for whole in ["<Signature/>", "<Signature xmlns=\"x\"><a b='1' xml:c=''/></Signature>"] {
            assert_eq!(standing_alone(whole), whole);
        }
        assert_eq!(
            standing_alone("<ds:Signature Id=\"s\"><ds:a/><edXML:b c:d=\"\" xmlns:c=\"e\"/></ds:Signature>"),
            format!(
                "<ds:Signature xmlns:ds=\"{XML_DSIG}\" xmlns:edXML=\"{NAMESPACE}\" Id=\"s\"><ds:a/>\
                 <edXML:b c:d=\"\" xmlns:c=\"e\"/></ds:Signature>"
            )
        );
        assert_eq!(standing_alone("<ds:Signature/>"), format!("<ds:Signature xmlns:ds=\"{XML_DSIG}\"/>"));
        assert_eq!(elements("<a><!-- <b/> --><b c=\"1\"><c/></b></a>"), 3);
    }
}
