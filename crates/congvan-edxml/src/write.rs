//! Packets as QCVN 102:2016/BTTTT orders them: from the model to bytes.
//!
//! What is written is stricter than what is read: elements in the order of the format, the prefix
//! `edXML` as practice has it, UTF-8 without a byte order mark, and nothing that a reader would refuse.

use crate::error::WriteError;
use crate::limits::{
    MAX_ADDRESSEES, MAX_ATTACHMENTS, MAX_ELEMENTS, MAX_FIELD_BYTES, MAX_PACKET_BYTES, MAX_SIGNATURE_BYTES, MAX_UNKNOWN,
};
use crate::packet::{Business, DocumentPacket, MessageHeader, Record, StatusPacket};
use crate::signature::{self, Signature};
use crate::transfer;
use crate::tree::is_xml_char;
use crate::unknown::Unknown;

/// The namespace of QCVN 102:2016/BTTTT.
pub const NAMESPACE: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";

impl DocumentPacket {
    /// The packet's bytes. Reading them gives the same model, if its texts have no white space around
    /// them, none is empty or `null`, and no list holds an empty element. What is unknown is written where it was
    /// found, after the elements of the format. The signature is written as found, and declares the prefixes
    /// that it uses; over these bytes it proves nothing.
    ///
    /// # Errors
    /// [`WriteError`] when the sender, the addressees or the document's id are absent, or a text or
    /// list is such that no reader would accept it.
    pub fn write(&self) -> Result<Vec<u8>, WriteError> {
        let header = &self.header;
        require(&header.from.organ_id, "MessageHeader/From/OrganId")?;
        require(&header.document_id, "MessageHeader/DocumentId")?;
        if header.to.is_empty() {
            return Err(WriteError::Missing { element: "MessageHeader/To" });
        }
        for to in &header.to {
            require(&to.organ_id, "MessageHeader/To/OrganId")?;
        }
        at_most("To", header.to.len(), MAX_ADDRESSEES)?;
        at_most("Reference", self.manifest.references.len(), MAX_ATTACHMENTS)?;
        at_most("Attachment", self.attachments.len(), MAX_ATTACHMENTS)?;

        let mut out = Writer::new(&self.unknown);
        out.root(|out| {
            out.element("edXMLEnvelope", |out| {
                out.element("edXMLHeader", |out| {
                    out.owner("MessageHeader", None, &header.unknown, |out| header.write(out))?;
                    out.element("TraceHeaderList", |out| {
                        out.records("TraceHeader", &self.trace)?;
                        match &self.business {
                            Some(business) => business.write(out),
                            None => Ok(()),
                        }
                    })?;
                    out.signature(self.signature.as_ref().map(Signature::as_str))
                })?;
                out.element("edXMLBody", |out| {
                    let version = self.manifest.version.as_deref();
                    out.owner("edXMLManifest", version.map(|v| ("version", v)), &self.manifest.unknown, |out| {
                        out.records("Reference", &self.manifest.references)
                    })
                })
            })?;
            out.attachments(self)
        })?;
        out.finish()
    }
}

impl StatusPacket {
    /// The packet's bytes. Reading them gives the same model, if its texts have no white space around
    /// them, none is empty or `null`, and no list holds an empty element. What is unknown is written where it was
    /// found, after the elements of the format. The signature is written as found, and declares the prefixes
    /// that it uses; over these bytes it proves nothing.
    ///
    /// # Errors
    /// [`WriteError`] when the sender, the document's id or the status code are absent, or a text is
    /// such that no reader would accept it.
    pub fn write(&self) -> Result<Vec<u8>, WriteError> {
        require(&self.from.organ_id, "MessageHeader/From/OrganId")?;
        require(&self.response_for.document_id, "MessageHeader/ResponseFor/DocumentId")?;
        require(&self.status_code, "MessageHeader/StatusCode")?;
        let mut out = Writer::new(&self.unknown);
        out.root(|out| {
            out.element("edXMLEnvelope", |out| {
                out.element("edXMLHeader", |out| {
                    out.element("MessageHeader", |out| {
                        out.record("From", &self.from)?;
                        out.record("ResponseFor", &self.response_for)?;
                        out.record("StaffInfo", &self.staff)?;
                        out.leaf("StatusCode", self.status_code.as_deref())?;
                        out.leaf("Description", self.description.as_deref())?;
                        out.leaf("Timestamp", self.timestamp.as_deref())
                    })?;
                    out.signature(self.signature.as_ref().map(Signature::as_str))
                })
            })
        })?;
        out.finish()
    }
}

impl MessageHeader {
    fn write<'u>(&'u self, out: &mut Writer<'u>) -> Result<(), WriteError> {
        out.record("From", &self.from)?;
        out.records("To", &self.to)?;
        out.leaf("DocumentId", self.document_id.as_deref())?;
        out.record("Code", &self.code)?;
        out.record("PromulgationInfo", &self.promulgation)?;
        out.record("DocumentType", &self.document_type)?;
        out.leaf("Subject", self.subject.as_deref())?;
        out.leaf("Content", self.content.as_deref())?;
        out.record("SignerInfo", &self.signer)?;
        out.leaf("DueDate", self.due_date.as_deref())?;
        if !self.other.fields.is_empty() || !self.other.appendixes.is_empty() {
            out.owner("OtherInfo", None, &self.other.fields.unknown, |out| {
                out.fields(&self.other.fields)?;
                out.texts("Appendixes", "Appendix", &self.other.appendixes)
            })?;
        }
        out.records("ResponseFor", &self.response_for)?;
        out.leaf("SteeringType", self.steering_type.as_deref())?;
        out.texts("ToPlaces", "Place", &self.to_places)?;
        out.leaf("ResponseForTask", self.response_for_task.as_deref())?;
        out.leaf("ApplicationType", self.application_type.as_deref())
    }
}

impl Business {
    fn write<'u>(&'u self, out: &mut Writer<'u>) -> Result<(), WriteError> {
        out.owner("Bussiness", None, &self.fields.unknown, |out| {
            out.fields(&self.fields)?;
            if !self.document.is_empty() {
                out.owner("BussinessDocumentInfo", None, &self.document.unknown, |out| {
                    out.leaf("DocumentInfo", self.document.document_info.as_deref())?;
                    out.leaf("DocumentReceiver", self.document.document_receiver.as_deref())?;
                    if self.document.receivers.is_empty() {
                        return Ok(());
                    }
                    out.element("ReceiverList", |out| out.records("Receiver", &self.document.receivers))
                })?;
            }
            if !self.replacements.is_empty() {
                out.element("ReplacementInfoList", |out| {
                    for replacement in &self.replacements {
                        out.owner("ReplacementInfo", None, &replacement.unknown, |out| {
                            out.leaf("DocumentId", replacement.document_id.as_deref())?;
                            out.texts("OrganIdList", "OrganId", &replacement.organ_ids)
                        })?;
                    }
                    Ok(())
                })?;
            }
            out.records("StaffInfo", &self.staff)
        })
    }
}

fn require(field: &Option<String>, element: &'static str) -> Result<(), WriteError> {
    match field.as_deref().map(str::trim) {
        None | Some("" | "null") => Err(WriteError::Missing { element }),
        Some(_) => Ok(()),
    }
}

fn at_most(element: &'static str, count: usize, limit: usize) -> Result<(), WriteError> {
    if count > limit {
        return Err(WriteError::TooMany { element, count, limit });
    }
    Ok(())
}

struct Writer<'u> {
    out: String,
    depth: usize,
    elements: usize,
    /// Unknown elements and attributes.
    unknown: usize,
    /// Whether elements belong to the prefix; those of the attachments do not, by habit.
    prefix: bool,
    /// For each open element, what is unknown in it and not written yet.
    left: Vec<Vec<&'u Unknown>>,
}

impl<'u> Writer<'u> {
    fn new(unknown: &'u [Unknown]) -> Self {
        Self {
            out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"),
            depth: 1,
            elements: 0,
            unknown: 0,
            prefix: true,
            left: vec![unknown.iter().collect()],
        }
    }

    fn root(&mut self, inside: impl FnOnce(&mut Self) -> Result<(), WriteError>) -> Result<(), WriteError> {
        self.count()?;
        self.out.push_str("<edXML xmlns=\"");
        self.out.push_str(NAMESPACE);
        self.out.push_str("\">\n");
        inside(self)?;
        self.unknown_left()?;
        self.out.push_str("</edXML>\n");
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, WriteError> {
        if u64::try_from(self.out.len()).map_or(true, |size| size > MAX_PACKET_BYTES) {
            return Err(WriteError::TooLarge { limit: MAX_PACKET_BYTES });
        }
        Ok(self.out.into_bytes())
    }

    fn count(&mut self) -> Result<(), WriteError> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(WriteError::TooManyElements { limit: MAX_ELEMENTS });
        }
        Ok(())
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    /// A tag's name; the envelope declares the prefix, and so does whoever stands outside it.
    fn name(&mut self, name: &str) {
        if self.prefix {
            self.out.push_str("edXML:");
        }
        self.out.push_str(name);
    }

    /// An element of the format; what is unknown in it is kept by one around it.
    fn element(
        &mut self,
        name: &'static str,
        inside: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.owner(name, None, &[], inside)
    }

    /// An element of the format, with what is unknown in it.
    fn owner(
        &mut self,
        name: &'static str,
        attribute: Option<(&'static str, &str)>,
        unknown: &'u [Unknown],
        inside: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let mut within = self.within(name);
        within.extend(unknown);
        self.block(name, attribute, within, inside)
    }

    fn block<'t>(
        &mut self,
        name: &str,
        attributes: impl IntoIterator<Item = (&'t str, &'t str)>,
        unknown: Vec<&'u Unknown>,
        inside: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.open(name, attributes)?;
        let start = self.out.len();
        self.out.push_str(">\n");
        let inner = self.out.len();
        self.depth += 1;
        self.left.push(unknown);
        inside(self)?;
        self.unknown_left()?;
        self.left.pop();
        self.depth -= 1;
        if self.out.len() == inner {
            self.out.truncate(start);
            self.out.push_str("/>\n");
            return Ok(());
        }
        self.indent();
        self.close(name);
        Ok(())
    }

    /// A tag without its end; the envelope declares the prefix.
    fn open<'t>(
        &mut self,
        name: &str,
        attributes: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<(), WriteError> {
        self.count()?;
        self.indent();
        self.out.push('<');
        self.name(name);
        let declare = (self.depth == 1 && self.prefix).then_some(("xmlns:edXML", NAMESPACE));
        for (key, value) in declare.into_iter().chain(attributes) {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            self.escaped("an attribute", value, true)?;
            self.out.push('"');
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.name(name);
        self.out.push_str(">\n");
    }

    fn leaf(&mut self, name: &'static str, text: Option<&str>) -> Result<(), WriteError> {
        let within = self.within(name);
        let text = text.unwrap_or_default();
        if !within.is_empty() {
            return self.block(name, None, within, |out| out.line(name, text));
        }
        if text.is_empty() {
            return Ok(());
        }
        self.open(name, None)?;
        self.out.push('>');
        self.escaped(name, text, false)?;
        self.close(name);
        Ok(())
    }

    /// Text with elements after it; readers do not count the white space around it.
    fn line(&mut self, element: &'static str, text: &str) -> Result<(), WriteError> {
        if text.is_empty() {
            return Ok(());
        }
        self.indent();
        self.escaped(element, text, false)?;
        self.out.push('\n');
        Ok(())
    }

    /// Takes what is unknown within an element of the format from what is left around it.
    fn within(&mut self, element: &str) -> Vec<&'u Unknown> {
        let Some(left) = self.left.last_mut() else { return Vec::new() };
        let mut within = Vec::new();
        left.retain(|unknown| match unknown {
            Unknown::Within { name, inside } if name == element => {
                within.extend(inside);
                false
            }
            _ => true,
        });
        within
    }

    /// Writes what is unknown in the open element and was not written with an element of the format.
    fn unknown_left(&mut self) -> Result<(), WriteError> {
        let left = self.left.last_mut().map(std::mem::take).unwrap_or_default();
        for unknown in left {
            self.unknown += match unknown {
                Unknown::Element { attributes, .. } => 1 + attributes.len(),
                Unknown::Signature(_) => 1,
                Unknown::Within { .. } | Unknown::Text(_) => 0,
            };
            at_most("unknown elements and attributes", self.unknown, MAX_UNKNOWN)?;
            match unknown {
                Unknown::Element { name, attributes, inside } => {
                    let attributes = attributes.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                    self.block(name, attributes, inside.iter().collect(), |_| Ok(()))?;
                }
                Unknown::Within { name, inside } => self.block(name, None, inside.iter().collect(), |_| Ok(()))?,
                Unknown::Text(text) => self.line("an unknown element", text)?,
                Unknown::Signature(raw) => self.signature(Some(raw))?,
            }
        }
        Ok(())
    }

    fn signature(&mut self, element: Option<&str>) -> Result<(), WriteError> {
        let Some(element) = element else { return Ok(()) };
        self.elements += signature::elements(element).saturating_sub(1);
        self.count()?;
        let element = signature::standing_alone(element);
        if element.len() > MAX_SIGNATURE_BYTES {
            let (size, limit) = (element.len(), MAX_SIGNATURE_BYTES);
            return Err(WriteError::FieldTooLong { element: "Signature", size, limit });
        }
        self.indent();
        self.out.push_str(&element);
        self.out.push('\n');
        Ok(())
    }

    fn escaped(&mut self, element: &'static str, text: &str, attribute: bool) -> Result<(), WriteError> {
        if text.len() > MAX_FIELD_BYTES {
            return Err(WriteError::FieldTooLong { element, size: text.len(), limit: MAX_FIELD_BYTES });
        }
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\r' => self.out.push_str("&#13;"),
                // A reader turns these into spaces, in an attribute.
                '\t' if attribute => self.out.push_str("&#9;"),
                '\n' if attribute => self.out.push_str("&#10;"),
                c if is_xml_char(c) => self.out.push(c),
                c => {
                    return Err(WriteError::IllegalCharacter { element, code: c.into() });
                }
            }
        }
        Ok(())
    }

    fn fields<R: Record>(&mut self, record: &R) -> Result<(), WriteError> {
        for (name, text) in record.entries() {
            self.leaf(name, text)?;
        }
        Ok(())
    }

    fn record<R: Record>(&mut self, name: &'static str, record: &'u R) -> Result<(), WriteError> {
        if record.entries().iter().all(|(_, text)| text.is_none()) && record.unknown().is_empty() {
            return Ok(());
        }
        self.owner(name, None, record.unknown(), |out| out.fields(record))
    }

    fn records<R: Record>(&mut self, name: &'static str, list: &'u [R]) -> Result<(), WriteError> {
        list.iter().try_for_each(|record| self.record(name, record))
    }

    fn texts(&mut self, list_name: &'static str, name: &'static str, list: &[String]) -> Result<(), WriteError> {
        if list.is_empty() {
            return Ok(());
        }
        self.element(list_name, |out| list.iter().try_for_each(|text| out.leaf(name, Some(text))))
    }

    fn attachments(&mut self, packet: &'u DocumentPacket) -> Result<(), WriteError> {
        if packet.attachments.is_empty() {
            return Ok(());
        }
        self.prefix = false;
        self.element("AttachmentEncoded", |out| {
            for attachment in &packet.attachments {
                out.owner("Attachment", None, &attachment.unknown, |out| {
                    out.leaf("ContentId", attachment.content_id.as_deref())?;
                    out.leaf("AttachmentName", attachment.name.as_deref())?;
                    out.leaf("Description", attachment.description.as_deref())?;
                    out.leaf("ContentType", attachment.content_type.as_deref())?;
                    out.content(attachment.transport_bytes())
                })?;
            }
            Ok(())
        })
    }

    fn content(&mut self, data: &[u8]) -> Result<(), WriteError> {
        let too_large = WriteError::TooLarge { limit: MAX_PACKET_BYTES };
        let size = u64::try_from(data.len()).ok().and_then(transfer::encoded_len);
        if size.is_none_or(|size| size > MAX_PACKET_BYTES) {
            return Err(too_large);
        }
        self.count()?;
        self.indent();
        self.out.push_str("<edXML:ContentTransferEncoded xmlns:edXML=\"");
        self.out.push_str(NAMESPACE);
        self.out.push_str("\">");
        let out = &mut self.out;
        transfer::encode(data, None, &mut |piece| {
            // Base64 is ASCII.
            out.push_str(std::str::from_utf8(piece).unwrap_or_default());
            true
        });
        self.out.push_str("</edXML:ContentTransferEncoded>\n");
        Ok(())
    }
}
