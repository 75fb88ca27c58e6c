//! From bytes to a tree of elements, within bounds.
//!
//! Every bound on hostile input that is about XML is kept here, in one pass over the packet: what comes
//! out has bounded depth, count and texts, no entities but those of XML itself, and no comments.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::error::PacketError;
use crate::field::excerpt;
use crate::limits::{MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_FIELD_BYTES, MAX_NAME_BYTES, MAX_SIGNATURE_BYTES};

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// Where an attachment's content stands: the one text that may be long.
const CONTENT_PATH: [&str; 4] = ["edXML", "AttachmentEncoded", "Attachment", "ContentTransferEncoded"];
/// The element that is not looked into.
pub(crate) const SIGNATURE: &str = "Signature";

/// An element, its names and texts borrowed from the packet where possible.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    /// The local name.
    pub(crate) name: &'a str,
    /// What stands in the start tag after the name.
    pub(crate) attributes: &'a str,
    /// The text directly in it, not trimmed. White space between elements is left out.
    pub(crate) text: Cow<'a, str>,
    /// Where its content stands in the packet.
    pub(crate) inner: Range<usize>,
    /// The element as found, for a `Signature`, which has no children here.
    pub(crate) raw: Option<&'a str>,
    /// The elements in it.
    pub(crate) children: Vec<Element<'a>>,
}

/// Reads the tree of a packet; the root is `edXML`.
pub(crate) fn parse(packet: &[u8], limit: u64) -> Result<Element<'_>, PacketError> {
    let size = u64::try_from(packet.len()).unwrap_or(u64::MAX);
    if size > limit {
        return Err(PacketError::TooLarge { size, limit });
    }
    let source = std::str::from_utf8(packet).map_err(|error| PacketError::NotUtf8 { offset: error.valid_up_to() })?;
    let base = if packet.starts_with(BOM) { BOM.len() } else { 0 };
    let base = base + stray_bytes(source.get(base..).unwrap_or_default())?;
    let body = source.get(base..).unwrap_or_default();
    let mut builder = Builder {
        source: body,
        base,
        reader: Reader::from_str(body),
        open: Vec::new(),
        signature: None,
        elements: 0,
        root: None,
    };
    builder.run()
}

/// White space before the first markup; anything else there is refused.
fn stray_bytes(text: &str) -> Result<usize, PacketError> {
    let rest = text.trim_start_matches(is_xml_space);
    if rest.is_empty() {
        return Err(PacketError::Empty);
    }
    if rest.starts_with('<') {
        return Ok(text.len() - rest.len());
    }
    let count = rest.find("<?xml").or_else(|| rest.find('<'));
    Err(PacketError::StrayBytes { count: count.unwrap_or(rest.len()) })
}

/// White space in the sense of XML.
fn is_xml_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether XML allows a character in text.
pub(crate) fn is_xml_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Whether a name is one in a packet with namespaces: a name of XML, or two with a colon between them.
fn is_qualified_name(name: &str) -> bool {
    let (prefix, local) = name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
    prefix.into_iter().chain([local]).all(|part| {
        let mut letters = part.chars();
        letters.next().is_some_and(is_name_start) && letters.all(is_name_char)
    })
}

/// `NameStartChar` of XML 1.0 (fifth edition), without the colon.
fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` of XML 1.0 (fifth edition), without the colon.
fn is_name_char(c: char) -> bool {
    is_name_start(c) || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

fn raw_attributes(attributes: &str) -> Attributes<'_> {
    // What is given ends as the tag does: in `>`, or in `/>`.
    let inside = attributes.strip_suffix('>').unwrap_or(attributes);
    Attributes::new(inside.strip_suffix('/').unwrap_or(inside), 0)
}

/// An element that is not closed yet.
struct Open<'a> {
    element: Element<'a>,
    /// Whether it is an attachment's content.
    content: bool,
}

/// The signature that is being passed over.
struct Passing {
    start: usize,
    depth: usize,
}

struct Builder<'a> {
    source: &'a str,
    /// Where `source` begins in the packet.
    base: usize,
    reader: Reader<&'a [u8]>,
    open: Vec<Open<'a>>,
    signature: Option<Passing>,
    elements: usize,
    root: Option<Element<'a>>,
}

impl Element<'_> {
    /// Local names and values of the attributes, without those that declare namespaces; of two with one local
    /// name, the first.
    pub(crate) fn attributes(&self) -> Vec<(String, String)> {
        let mut list: Vec<(String, String)> = Vec::new();
        // They have been checked.
        for attribute in raw_attributes(self.attributes).with_checks(false).flatten() {
            let key = attribute.key.0;
            let name = key.split_once(':').map_or(key, |(_, local)| local);
            let declares = key == "xmlns" || key.starts_with("xmlns:");
            if declares || list.iter().any(|(known, _)| known == name) {
                continue;
            }
            if let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) {
                list.push((name.to_owned(), value.into_owned()));
            }
        }
        list
    }
}

impl<'a> Builder<'a> {
    fn run(&mut self) -> Result<Element<'a>, PacketError> {
        loop {
            let start = self.position();
            let event = self.reader.read_event().map_err(|error| {
                let offset = usize::try_from(self.reader.error_position()).unwrap_or(0);
                self.malformed(offset, &error.to_string())
            })?;
            match event {
                Event::Start(tag) => self.start(&tag, start, false)?,
                Event::Empty(tag) => self.start(&tag, start, true)?,
                Event::End(_) => self.end(start)?,
                Event::Text(text) => {
                    let content = self.open.last().is_some_and(|open| open.content);
                    let chunk = if content { text.into_inner() } else { text.xml10_content() };
                    self.text(chunk, start)?;
                }
                Event::CData(text) => self.text(text.xml10_content(), start)?,
                Event::GeneralRef(reference) => self.reference(&reference, start)?,
                Event::Decl(declaration) => self.declaration(&declaration, start)?,
                Event::DocType(_) => {
                    return Err(PacketError::Doctype { offset: self.base + start });
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if self.signature.is_some() || !self.open.is_empty() {
            let reason = format!("{} is not closed", excerpt(&self.path(None)));
            return Err(self.malformed(self.source.len(), &reason));
        }
        let root = self.root.take().ok_or(PacketError::Empty)?;
        if root.name != "edXML" {
            return Err(PacketError::NotEdxml { root: excerpt(root.name) });
        }
        Ok(root)
    }

    fn start(&mut self, tag: &BytesStart<'a>, start: usize, empty: bool) -> Result<(), PacketError> {
        if self.root.is_some() {
            return Err(self.malformed(start, "an element after the root element"));
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(PacketError::TooManyElements { limit: MAX_ELEMENTS });
        }
        let passing = self.signature.as_ref().map_or(0, |passing| passing.depth);
        if self.open.len() + passing >= MAX_DEPTH {
            return Err(PacketError::TooDeep { element: self.path(None), limit: MAX_DEPTH });
        }
        let size = tag.name().as_ref().len();
        if size > MAX_NAME_BYTES {
            return Err(PacketError::NameTooLong { parent: self.path(None), size, limit: MAX_NAME_BYTES });
        }
        let end = self.position();
        // The tag is borrowed from the source: its name follows the '<'.
        let name_at = start + 1;
        let qualified = self.source.get(name_at..name_at + size).unwrap_or_default();
        let name = qualified.split_once(':').map_or(qualified, |(_, local)| local);
        if !is_qualified_name(qualified) {
            return Err(self.malformed(start, "a tag without a proper name"));
        }
        let attributes = self.source.get(name_at + size..end).unwrap_or_default();
        self.check_attributes(name, attributes, start)?;
        if let Some(passing) = &mut self.signature {
            if !empty {
                passing.depth += 1;
            }
            return Ok(());
        }
        let content = CONTENT_PATH.len() == self.open.len() + 1
            && self.open.iter().map(|open| open.element.name).chain([name]).eq(CONTENT_PATH);
        let signature = name == SIGNATURE && !self.open.is_empty();
        self.open.push(Open {
            element: Element {
                name,
                attributes,
                text: Cow::Borrowed(""),
                inner: self.base + end..self.base + end,
                raw: None,
                children: Vec::new(),
            },
            content,
        });
        if signature {
            self.signature = Some(Passing { start, depth: 0 });
        }
        if empty { self.end(end) } else { Ok(()) }
    }

    /// Closes the innermost element; its content ends at `inner_end`.
    fn end(&mut self, inner_end: usize) -> Result<(), PacketError> {
        if let Some(passing) = &mut self.signature
            && passing.depth > 0
        {
            passing.depth -= 1;
            return Ok(());
        }
        // The reader refuses an end tag that closes nothing, so there is an open element.
        let Some(mut closed) = self.open.pop() else {
            return Ok(());
        };
        let (size, limit) = match self.signature.take() {
            Some(passing) => {
                let raw = self.source.get(passing.start..self.position());
                closed.element.raw = raw;
                (raw.map_or(0, str::len), MAX_SIGNATURE_BYTES)
            }
            None if closed.content => (0, MAX_FIELD_BYTES),
            None => (closed.element.text.trim().len(), MAX_FIELD_BYTES),
        };
        if size > limit {
            return Err(PacketError::FieldTooLong { element: self.path(Some(closed.element.name)), size, limit });
        }
        closed.element.inner.end = self.base + inner_end;
        match self.open.last_mut() {
            Some(parent) => {
                let parent = &mut parent.element;
                // Only before the first child can the text be blank, so this is looked at once.
                if parent.children.is_empty() && parent.text.trim().is_empty() {
                    parent.text = Cow::Borrowed("");
                }
                parent.children.push(closed.element);
            }
            None => self.root = Some(closed.element),
        }
        Ok(())
    }

    fn text(&mut self, chunk: Cow<'a, str>, start: usize) -> Result<(), PacketError> {
        if self.signature.is_some() {
            return self.check_text(&chunk);
        }
        let Some(open) = self.open.last() else {
            if chunk.trim().is_empty() {
                return Ok(());
            }
            return Err(self.malformed(start, "text outside the root element"));
        };
        // An attachment's content is looked at, character by character, when it is decoded.
        if !open.content {
            self.check_text(&chunk)?;
        }
        let Some(Open { element, .. }) = self.open.last_mut() else {
            return Ok(());
        };
        if element.text.is_empty() {
            if element.children.is_empty() || !chunk.trim().is_empty() {
                element.text = chunk;
            }
        } else {
            element.text.to_mut().push_str(&chunk);
        }
        Ok(())
    }

    fn check_text(&self, text: &str) -> Result<(), PacketError> {
        match text.chars().find(|c| !is_xml_char(*c)) {
            Some(wrong) => Err(PacketError::IllegalCharacter { element: self.path(None), code: wrong.into() }),
            None => Ok(()),
        }
    }

    /// Attributes, which the reader leaves unread, are held to the same rules as texts.
    fn check_attributes(&self, name: &str, attributes: &str, start: usize) -> Result<(), PacketError> {
        let path = || self.path(Some(name));
        let mut found = raw_attributes(attributes);
        // Each is compared with those before it, so their number comes first.
        if found.clone().with_checks(false).nth(MAX_ATTRIBUTES).is_some() {
            return Err(PacketError::TooMany { element: format!("{}@", path()), limit: MAX_ATTRIBUTES });
        }
        for attribute in found.with_checks(true) {
            let attribute = attribute.map_err(|error| self.malformed(start, &error.to_string()))?;
            let key = attribute.key.0;
            if key.len() > MAX_NAME_BYTES {
                return Err(PacketError::NameTooLong { parent: path(), size: key.len(), limit: MAX_NAME_BYTES });
            }
            if !is_qualified_name(key) || attribute.value.contains('<') {
                return Err(self.malformed(start, "an attribute without a proper name or value"));
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| self.malformed(start, &error.to_string()))?;
            let element = || format!("{}@{key}", path());
            if value.len() > MAX_FIELD_BYTES {
                let size = value.len();
                return Err(PacketError::FieldTooLong { element: element(), size, limit: MAX_FIELD_BYTES });
            }
            if let Some(wrong) = value.chars().find(|c| !is_xml_char(*c)) {
                return Err(PacketError::IllegalCharacter { element: element(), code: wrong.into() });
            }
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'a>, start: usize) -> Result<(), PacketError> {
        let character = reference.resolve_char_ref().map_err(|error| self.malformed(start, &error.to_string()))?;
        let resolved = match character {
            Some(c) => Cow::Owned(c.to_string()),
            None => match resolve_predefined_entity(reference) {
                Some(text) => Cow::Borrowed(text),
                None => {
                    return Err(PacketError::UnknownEntity { element: self.path(None), entity: excerpt(reference) });
                }
            },
        };
        self.text(resolved, start)
    }

    fn declaration(&mut self, declaration: &BytesDecl<'a>, start: usize) -> Result<(), PacketError> {
        if start > 0 {
            return Err(PacketError::StrayBytes { count: start });
        }
        let Some(encoding) = declaration.encoding() else {
            return Ok(());
        };
        let encoding = encoding.map_err(|error| self.malformed(start, &error.to_string()))?;
        if ["utf-8", "utf8", "us-ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known)) {
            Ok(())
        } else {
            Err(PacketError::Encoding { declared: excerpt(&encoding) })
        }
    }

    /// Where the reader stands in `source`.
    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn malformed(&self, offset: usize, reason: &str) -> PacketError {
        PacketError::Malformed { offset: self.base + offset, reason: reason.chars().take(200).collect() }
    }

    /// The path of the innermost open element, or of one in it.
    fn path(&self, child: Option<&str>) -> String {
        let names: Vec<&str> = self.open.iter().map(|open| open.element.name).chain(child).collect();
        names.join("/")
    }
}
