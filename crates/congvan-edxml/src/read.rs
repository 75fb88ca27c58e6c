//! From the tree of elements to the model.

use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attributes;

use crate::attachment::Attachment;
use crate::error::PacketError;
use crate::limits::{MAX_ADDRESSEES, MAX_ATTACHMENTS, MAX_FIELD_BYTES, MAX_UNKNOWN};
use crate::packet::{
    Business, BusinessDocument, DocumentPacket, Manifest, MessageHeader, OtherInfo, Packet, Record, Replacement,
    StatusPacket, Unknown,
};
use crate::transfer;
use crate::tree::{self, Element, SIGNATURE};

/// What a function makes of an element: nothing is left, or the element, which it does not know.
type Left<'a> = Result<Option<Element<'a>>, PacketError>;

/// Reads a packet of at most `limit` bytes.
pub(crate) fn packet(bytes: &[u8], limit: u64) -> Result<Packet, PacketError> {
    let root = tree::parse(bytes, limit)?;
    let mut mapper = Mapper { path: Vec::new(), unknown: Vec::new() };
    let is_status = is_status(&root);
    mapper.path.push(root.name);
    if is_status { mapper.status(root) } else { mapper.document(root) }
}

/// Whether a header says what became of a document.
fn is_status(root: &Element<'_>) -> bool {
    ["edXMLEnvelope", "edXMLHeader", "MessageHeader"]
        .iter()
        .try_fold(root, |element, name| element.children.iter().find(|child| child.name == *name))
        .is_some_and(|header| {
            header.children.iter().any(|child| child.name == "StatusCode" && value(&child.text).is_some())
        })
}

/// The text of a field, unless it says that there is none.
fn value(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty() && *text != "null")
}

struct Mapper<'a> {
    /// The local names from the root to where the mapper is.
    path: Vec<&'a str>,
    unknown: Vec<Unknown>,
}

impl<'a> Mapper<'a> {
    fn document(mut self, root: Element<'a>) -> Result<Packet, PacketError> {
        let mut packet = DocumentPacket::default();
        let mut envelopes = 0;
        let mut headers = 0;
        let mut messages = 0;
        self.each(root, |this, child| match child.name {
            "edXMLEnvelope" => {
                this.once(&mut envelopes)?;
                this.each(child, |this, child| match child.name {
                    "edXMLHeader" => {
                        this.once(&mut headers)?;
                        this.each(child, |this, child| match child.name {
                            "MessageHeader" => {
                                this.once(&mut messages)?;
                                this.message_header(&mut packet.header, child)
                            }
                            "TraceHeaderList" => this.trace(&mut packet, child),
                            _ => this.signature(&mut packet.signature, child),
                        })
                    }
                    "edXMLBody" => this.each(child, |this, child| match child.name {
                        "edXMLManifest" => this.manifest(&mut packet.manifest, child),
                        _ => Ok(Some(child)),
                    }),
                    _ => Ok(Some(child)),
                })
            }
            "AttachmentEncoded" => this.each(child, |this, child| match child.name {
                "Attachment" => this.attachment(&mut packet.attachments, child),
                _ => Ok(Some(child)),
            }),
            _ => Ok(Some(child)),
        })?;
        if messages == 0 {
            return Err(no_message_header());
        }
        packet.unknown = self.unknown;
        Ok(Packet::Document(Box::new(packet)))
    }

    fn status(mut self, root: Element<'a>) -> Result<Packet, PacketError> {
        let mut packet = StatusPacket::default();
        let mut envelopes = 0;
        let mut headers = 0;
        let mut messages = 0;
        self.each(root, |this, child| match child.name {
            "edXMLEnvelope" => {
                this.once(&mut envelopes)?;
                this.each(child, |this, child| match child.name {
                    "edXMLHeader" => {
                        this.once(&mut headers)?;
                        this.each(child, |this, child| match child.name {
                            "MessageHeader" => {
                                this.once(&mut messages)?;
                                this.status_header(&mut packet, child)
                            }
                            _ => this.signature(&mut packet.signature, child),
                        })
                    }
                    "edXMLBody" => this.each(child, |_, child| match child.name {
                        "edXMLManifest" if child.children.is_empty() => Ok(None),
                        "edXMLManifest" => Err(PacketError::StatusWithAttachments),
                        _ => Ok(Some(child)),
                    }),
                    _ => Ok(Some(child)),
                })
            }
            "AttachmentEncoded" if child.children.is_empty() => Ok(None),
            "AttachmentEncoded" => Err(PacketError::StatusWithAttachments),
            _ => Ok(Some(child)),
        })?;
        packet.unknown = self.unknown;
        Ok(Packet::Status(Box::new(packet)))
    }

    fn status_header(&mut self, packet: &mut StatusPacket, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| match child.name {
            "From" => this.record(&mut packet.from, child),
            "ResponseFor" => this.record(&mut packet.response_for, child),
            "StaffInfo" => this.record(&mut packet.staff, child),
            "StatusCode" => this.leaf(&mut packet.status_code, child),
            "Description" => this.leaf(&mut packet.description, child),
            "Timestamp" => this.leaf(&mut packet.timestamp, child),
            _ => Ok(Some(child)),
        })
    }

    fn message_header(&mut self, header: &mut MessageHeader, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| match child.name {
            "From" => this.record(&mut header.from, child),
            "To" => {
                this.push_record(&mut header.to, child)?;
                this.at_most(header.to.len(), MAX_ADDRESSEES)
            }
            "DocumentId" => this.leaf(&mut header.document_id, child),
            "Code" => this.record(&mut header.code, child),
            "PromulgationInfo" => this.record(&mut header.promulgation, child),
            "DocumentType" => this.record(&mut header.document_type, child),
            "Subject" => this.leaf(&mut header.subject, child),
            "Content" => this.leaf(&mut header.content, child),
            "SignerInfo" => this.record(&mut header.signer, child),
            "DueDate" => this.leaf(&mut header.due_date, child),
            "OtherInfo" => this.other_info(&mut header.other, child),
            "ResponseFor" => this.push_record(&mut header.response_for, child),
            "SteeringType" => this.leaf(&mut header.steering_type, child),
            "ToPlaces" => this.texts("Place", &mut header.to_places, child),
            "ResponseForTask" => this.leaf(&mut header.response_for_task, child),
            "ApplicationType" => this.leaf(&mut header.application_type, child),
            _ => Ok(Some(child)),
        })
    }

    fn other_info(&mut self, other: &mut OtherInfo, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| match child.name {
            "Appendixes" => this.texts("Appendix", &mut other.appendixes, child),
            name => match other.fields.slot(name) {
                Some(slot) => this.leaf(slot, child),
                None => Ok(Some(child)),
            },
        })
    }

    fn trace(&mut self, packet: &mut DocumentPacket, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| match child.name {
            "TraceHeader" => this.push_record(&mut packet.trace, child),
            "Bussiness" => {
                let mut business = packet.business.take().unwrap_or_default();
                this.business(&mut business, child)?;
                packet.business = Some(business).filter(|business| !business.is_empty());
                Ok(None)
            }
            _ => Ok(Some(child)),
        })
    }

    fn business(&mut self, business: &mut Business, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| match child.name {
            "BussinessDocumentInfo" => this.business_document(&mut business.document, child),
            "ReplacementInfoList" => this.each(child, |this, child| match child.name {
                "ReplacementInfo" => {
                    let mut replacement = Replacement::default();
                    this.replacement(&mut replacement, child)?;
                    if !replacement.is_empty() {
                        business.replacements.push(replacement);
                    }
                    Ok(None)
                }
                _ => Ok(Some(child)),
            }),
            "StaffInfo" => this.push_record(&mut business.staff, child),
            name => match business.fields.slot(name) {
                Some(slot) => this.leaf(slot, child),
                None => Ok(Some(child)),
            },
        })
    }

    fn business_document(&mut self, document: &mut BusinessDocument, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| match child.name {
            "DocumentInfo" => this.leaf(&mut document.document_info, child),
            "DocumentReceiver" => this.leaf(&mut document.document_receiver, child),
            "ReceiverList" => this.each(child, |this, child| match child.name {
                "Receiver" => this.push_record(&mut document.receivers, child),
                _ => Ok(Some(child)),
            }),
            _ => Ok(Some(child)),
        })
    }

    fn replacement(&mut self, replacement: &mut Replacement, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| match child.name {
            "DocumentId" => this.leaf(&mut replacement.document_id, child),
            "OrganIdList" => this.texts("OrganId", &mut replacement.organ_ids, child),
            _ => Ok(Some(child)),
        })
    }

    fn manifest(&mut self, manifest: &mut Manifest, element: Element<'a>) -> Left<'a> {
        if let Some(version) = attribute(element.attributes, "version") {
            let path = || format!("{}@version", self.path.join("/"));
            if version.len() > MAX_FIELD_BYTES {
                return Err(PacketError::FieldTooLong { element: path(), size: version.len(), limit: MAX_FIELD_BYTES });
            }
            if let Some(wrong) = version.chars().find(|c| !tree::is_xml_char(*c)) {
                return Err(PacketError::IllegalCharacter { element: path(), code: wrong.into() });
            }
            manifest.version = Some(version);
        }
        self.each(element, |this, child| match child.name {
            "Reference" => {
                this.push_record(&mut manifest.references, child)?;
                this.at_most(manifest.references.len(), MAX_ATTACHMENTS)
            }
            _ => Ok(Some(child)),
        })
    }

    fn attachment(&mut self, list: &mut Vec<Attachment>, element: Element<'a>) -> Left<'a> {
        self.at_most(list.len() + 1, MAX_ATTACHMENTS)?;
        let mut attachment = Attachment::default();
        let mut content: Option<Element<'a>> = None;
        self.each(element, |this, child| match child.name {
            "ContentId" => this.leaf(&mut attachment.content_id, child),
            "AttachmentName" => this.leaf(&mut attachment.name, child),
            "Description" => this.leaf(&mut attachment.description, child),
            "ContentType" => this.leaf(&mut attachment.content_type, child),
            "ContentTransferEncoded" => match content {
                Some(_) => Err(PacketError::Duplicate { element: this.path.join("/") }),
                None => {
                    content = Some(child);
                    Ok(None)
                }
            },
            _ => Ok(Some(child)),
        })?;
        let number = list.len() + 1;
        let name = attachment.name.clone().unwrap_or_default();
        let Some(content) = content else {
            return Err(PacketError::AttachmentWithoutContent { number, name });
        };
        if let Some(inside) = content.children.first() {
            let element = format!("{}/{}/{}", self.path.join("/"), content.name, inside.name);
            return Err(PacketError::Malformed {
                offset: content.inner.start,
                reason: format!("an element in an attachment's content: {element}"),
            });
        }
        attachment.data = transfer::decode(&content.text).map_err(|reason| PacketError::AttachmentNotBase64 {
            number,
            name,
            reason,
        })?;
        attachment.encoded_at = Some(content.inner);
        list.push(attachment);
        Ok(None)
    }

    fn signature(&mut self, slot: &mut Option<String>, element: Element<'a>) -> Left<'a> {
        match element.raw {
            Some(raw) if element.name == SIGNATURE && slot.is_none() => {
                *slot = Some(raw.to_owned());
                Ok(None)
            }
            _ => Ok(Some(element)),
        }
    }

    /// Fields that are one text each.
    fn record<R: Record>(&mut self, record: &mut R, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| match record.slot(child.name) {
            Some(slot) => this.leaf(slot, child),
            None => Ok(Some(child)),
        })
    }

    /// Such a record in a list; one that says nothing is left out.
    fn push_record<R: Record + PartialEq>(&mut self, list: &mut Vec<R>, element: Element<'a>) -> Left<'a> {
        let mut record = R::default();
        self.record(&mut record, element)?;
        if record != R::default() {
            list.push(record);
        }
        Ok(None)
    }

    /// A list of texts: all the elements of one name in `element`.
    fn texts(&mut self, name: &str, list: &mut Vec<String>, element: Element<'a>) -> Left<'a> {
        self.each(element, |this, child| {
            if child.name != name {
                return Ok(Some(child));
            }
            let mut text = None;
            this.leaf(&mut text, child)?;
            list.extend(text);
            Ok(None)
        })
    }

    /// One text. The element may say it twice, but not say two things.
    fn leaf(&mut self, slot: &mut Option<String>, element: Element<'a>) -> Left<'a> {
        match (value(&element.text), slot.as_deref()) {
            (Some(new), Some(old)) if new != old => {
                return Err(PacketError::Duplicate { element: self.path.join("/") });
            }
            (Some(new), None) => *slot = Some(new.to_owned()),
            _ => {}
        }
        for child in element.children {
            self.path.push(child.name);
            self.keep(child)?;
            self.path.pop();
        }
        Ok(None)
    }

    /// Calls `f` for each element in `element`; what `f` does not know is kept aside.
    fn each(&mut self, element: Element<'a>, mut f: impl FnMut(&mut Self, Element<'a>) -> Left<'a>) -> Left<'a> {
        self.keep_text(element.text.trim())?;
        for child in element.children {
            self.path.push(child.name);
            if let Some(left) = f(self, child)? {
                self.keep(left)?;
            }
            self.path.pop();
        }
        Ok(None)
    }

    /// Keeps aside an element that the format does not name, with all that is in it.
    fn keep(&mut self, element: Element<'a>) -> Left<'a> {
        if let Some(raw) = element.raw {
            self.keep_text(raw)?;
        } else if element.children.is_empty() {
            self.push_unknown(element.text.trim())?;
        } else {
            self.keep_text(element.text.trim())?;
        }
        for child in element.children {
            self.path.push(child.name);
            self.keep(child)?;
            self.path.pop();
        }
        Ok(None)
    }

    fn keep_text(&mut self, text: &str) -> Result<(), PacketError> {
        if text.is_empty() {
            return Ok(());
        }
        self.push_unknown(text)
    }

    fn push_unknown(&mut self, text: &str) -> Result<(), PacketError> {
        let path = self.path.join("/");
        if self.unknown.len() >= MAX_UNKNOWN {
            return Err(PacketError::TooMany { element: path, limit: MAX_UNKNOWN });
        }
        self.unknown.push(Unknown { path, text: text.to_owned() });
        Ok(())
    }

    fn once(&self, seen: &mut usize) -> Result<(), PacketError> {
        *seen += 1;
        if *seen > 1 {
            return Err(PacketError::Duplicate { element: self.path.join("/") });
        }
        Ok(())
    }

    fn at_most(&self, count: usize, limit: usize) -> Left<'a> {
        if count > limit {
            return Err(PacketError::TooMany { element: self.path.join("/"), limit });
        }
        Ok(None)
    }
}

fn no_message_header() -> PacketError {
    PacketError::Missing { element: "edXML/edXMLEnvelope/edXMLHeader/MessageHeader".to_owned() }
}

/// An attribute's value, when it is there and says something.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut attributes = Attributes::new(attributes.trim_end_matches(['/', '>']), 0);
    attributes.with_checks(false).flatten().find(|attribute| attribute.key.local_name().into_inner() == name).and_then(
        |attribute| {
            let text = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            value(&text).map(str::to_owned)
        },
    )
}
