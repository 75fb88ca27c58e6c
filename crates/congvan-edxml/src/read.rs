//! From the tree of elements to the model.

use crate::attachment::Attachment;
use crate::error::PacketError;
use crate::limits::{MAX_ADDRESSEES, MAX_ATTACHMENTS, MAX_UNKNOWN};
use crate::packet::{
    Business, BusinessDocument, DocumentPacket, Manifest, MessageHeader, OtherInfo, Packet, Record, Replacement,
    StatusPacket,
};
use crate::signature::Signature;
use crate::transfer;
use crate::tree::{self, Element};
use crate::unknown::Unknown;

/// What a function makes of an element.
enum Made<'a> {
    /// The format has it here. What is unknown in it, and was not kept by what was made of it.
    Known(Vec<Unknown>),
    /// The format does not name it here.
    Left(Element<'a>),
}

type Making<'a> = Result<Made<'a>, PacketError>;

/// An element that was taken whole.
fn taken<'a>() -> Making<'a> {
    Ok(Made::Known(Vec::new()))
}

/// Reads a packet of at most `limit` bytes.
pub(crate) fn packet(bytes: &[u8], limit: u64) -> Result<Packet, PacketError> {
    let root = tree::parse(bytes, limit)?;
    let mut mapper = Mapper { path: Vec::new(), unknown: 0 };
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
    /// How many unknown elements and attributes were kept.
    unknown: usize,
}

impl<'a> Mapper<'a> {
    fn document(mut self, root: Element<'a>) -> Result<Packet, PacketError> {
        let mut packet = DocumentPacket::default();
        let mut envelopes = 0;
        let mut headers = 0;
        let mut messages = 0;
        packet.unknown = self.walk(root, |this, child| match child.name {
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
                        _ => Ok(Made::Left(child)),
                    }),
                    _ => Ok(Made::Left(child)),
                })
            }
            "AttachmentEncoded" => this.each(child, |this, child| match child.name {
                "Attachment" => this.attachment(&mut packet.attachments, child),
                _ => Ok(Made::Left(child)),
            }),
            _ => Ok(Made::Left(child)),
        })?;
        if messages == 0 {
            return Err(no_message_header());
        }
        Ok(Packet::Document(Box::new(packet)))
    }

    fn status(mut self, root: Element<'a>) -> Result<Packet, PacketError> {
        let mut packet = StatusPacket::default();
        let mut envelopes = 0;
        let mut headers = 0;
        let mut messages = 0;
        packet.unknown = self.walk(root, |this, child| match child.name {
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
                        "edXMLManifest" if child.children.is_empty() => taken(),
                        "edXMLManifest" => Err(PacketError::StatusWithAttachments),
                        _ => Ok(Made::Left(child)),
                    }),
                    _ => Ok(Made::Left(child)),
                })
            }
            "AttachmentEncoded" if child.children.is_empty() => taken(),
            "AttachmentEncoded" => Err(PacketError::StatusWithAttachments),
            _ => Ok(Made::Left(child)),
        })?;
        Ok(Packet::Status(Box::new(packet)))
    }

    fn status_header(&mut self, packet: &mut StatusPacket, element: Element<'a>) -> Making<'a> {
        self.each(element, |this, child| match child.name {
            "From" => this.record(&mut packet.from, child),
            "ResponseFor" => this.record(&mut packet.response_for, child),
            "StaffInfo" => this.record(&mut packet.staff, child),
            "StatusCode" => this.leaf(&mut packet.status_code, child),
            "Description" => this.leaf(&mut packet.description, child),
            "Timestamp" => this.leaf(&mut packet.timestamp, child),
            _ => Ok(Made::Left(child)),
        })
    }

    fn message_header(&mut self, header: &mut MessageHeader, element: Element<'a>) -> Making<'a> {
        let found = self.walk(element, |this, child| match child.name {
            "From" => this.record(&mut header.from, child),
            "To" => {
                let known = this.push_record(&mut header.to, child)?;
                this.at_most(header.to.len(), MAX_ADDRESSEES)?;
                Ok(known)
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
            _ => Ok(Made::Left(child)),
        })?;
        keep_in(&mut header.unknown, found)
    }

    fn other_info(&mut self, other: &mut OtherInfo, element: Element<'a>) -> Making<'a> {
        let found = self.walk(element, |this, child| match child.name {
            "Appendixes" => this.texts("Appendix", &mut other.appendixes, child),
            name => match other.fields.slot(name) {
                Some(slot) => this.leaf(slot, child),
                None => Ok(Made::Left(child)),
            },
        })?;
        keep_in(&mut other.fields.unknown, found)
    }

    fn trace(&mut self, packet: &mut DocumentPacket, element: Element<'a>) -> Making<'a> {
        self.each(element, |this, child| match child.name {
            "TraceHeader" => this.push_record(&mut packet.trace, child),
            "Bussiness" => {
                let mut business = packet.business.take().unwrap_or_default();
                this.business(&mut business, child)?;
                packet.business = Some(business).filter(|business| !business.is_empty());
                taken()
            }
            _ => Ok(Made::Left(child)),
        })
    }

    fn business(&mut self, business: &mut Business, element: Element<'a>) -> Making<'a> {
        let found = self.walk(element, |this, child| match child.name {
            "BussinessDocumentInfo" => this.business_document(&mut business.document, child),
            "ReplacementInfoList" => this.each(child, |this, child| match child.name {
                "ReplacementInfo" => {
                    let mut replacement = Replacement::default();
                    this.replacement(&mut replacement, child)?;
                    if !replacement.is_empty() {
                        business.replacements.push(replacement);
                    }
                    taken()
                }
                _ => Ok(Made::Left(child)),
            }),
            "StaffInfo" => this.push_record(&mut business.staff, child),
            name => match business.fields.slot(name) {
                Some(slot) => this.leaf(slot, child),
                None => Ok(Made::Left(child)),
            },
        })?;
        keep_in(&mut business.fields.unknown, found)
    }

    fn business_document(&mut self, document: &mut BusinessDocument, element: Element<'a>) -> Making<'a> {
        let found = self.walk(element, |this, child| match child.name {
            "DocumentInfo" => this.leaf(&mut document.document_info, child),
            "DocumentReceiver" => this.leaf(&mut document.document_receiver, child),
            "ReceiverList" => this.each(child, |this, child| match child.name {
                "Receiver" => this.push_record(&mut document.receivers, child),
                _ => Ok(Made::Left(child)),
            }),
            _ => Ok(Made::Left(child)),
        })?;
        keep_in(&mut document.unknown, found)
    }

    fn replacement(&mut self, replacement: &mut Replacement, element: Element<'a>) -> Making<'a> {
        let found = self.walk(element, |this, child| match child.name {
            "DocumentId" => this.leaf(&mut replacement.document_id, child),
            "OrganIdList" => this.texts("OrganId", &mut replacement.organ_ids, child),
            _ => Ok(Made::Left(child)),
        })?;
        keep_in(&mut replacement.unknown, found)
    }

    fn manifest(&mut self, manifest: &mut Manifest, element: Element<'a>) -> Making<'a> {
        let mut attributes = element.attributes().into_iter();
        if let Some((_, version)) = attributes.find(|(name, _)| name == "version") {
            manifest.version = value(&version).map(str::to_owned).or(manifest.version.take());
        }
        let found = self.walk(element, |this, child| match child.name {
            "Reference" => {
                let known = this.push_record(&mut manifest.references, child)?;
                this.at_most(manifest.references.len(), MAX_ATTACHMENTS)?;
                Ok(known)
            }
            _ => Ok(Made::Left(child)),
        })?;
        keep_in(&mut manifest.unknown, found)
    }

    fn attachment(&mut self, list: &mut Vec<Attachment>, element: Element<'a>) -> Making<'a> {
        self.at_most(list.len() + 1, MAX_ATTACHMENTS)?;
        let mut attachment = Attachment::default();
        let mut content: Option<Element<'a>> = None;
        attachment.unknown = self.walk(element, |this, child| match child.name {
            "ContentId" => this.leaf(&mut attachment.content_id, child),
            "AttachmentName" => this.leaf(&mut attachment.name, child),
            "Description" => this.leaf(&mut attachment.description, child),
            "ContentType" => this.leaf(&mut attachment.content_type, child),
            "ContentTransferEncoded" => match content {
                Some(_) => Err(PacketError::Duplicate { element: this.path.join("/") }),
                None => {
                    content = Some(child);
                    taken()
                }
            },
            _ => Ok(Made::Left(child)),
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
        taken()
    }

    fn signature(&mut self, slot: &mut Option<Signature>, element: Element<'a>) -> Making<'a> {
        match element.raw {
            Some(raw) if slot.is_none() => {
                *slot = Some(Signature::as_found(raw));
                taken()
            }
            _ => Ok(Made::Left(element)),
        }
    }

    /// Fields that are one text each.
    fn record<R: Record>(&mut self, record: &mut R, element: Element<'a>) -> Making<'a> {
        let found = self.walk(element, |this, child| match record.slot(child.name) {
            Some(slot) => this.leaf(slot, child),
            None => Ok(Made::Left(child)),
        })?;
        keep_in(record.unknown_mut(), found)
    }

    /// Such a record in a list; one that says nothing is left out.
    fn push_record<R: Record + PartialEq>(&mut self, list: &mut Vec<R>, element: Element<'a>) -> Making<'a> {
        let mut record = R::default();
        self.record(&mut record, element)?;
        if record != R::default() {
            list.push(record);
        }
        taken()
    }

    /// A list of texts: all the elements of one name in `element`.
    fn texts(&mut self, name: &str, list: &mut Vec<String>, element: Element<'a>) -> Making<'a> {
        self.each(element, |this, child| {
            if child.name != name {
                return Ok(Made::Left(child));
            }
            let mut text = None;
            let known = this.leaf(&mut text, child)?;
            list.extend(text);
            Ok(known)
        })
    }

    /// One text. The element may say it twice, but not say two things.
    fn leaf(&mut self, slot: &mut Option<String>, element: Element<'a>) -> Making<'a> {
        match (value(&element.text), slot.as_deref()) {
            (Some(new), Some(old)) if new != old => {
                return Err(PacketError::Duplicate { element: self.path.join("/") });
            }
            (Some(new), None) => *slot = Some(new.to_owned()),
            _ => {}
        }
        Ok(Made::Known(self.keep_all(element.children)?))
    }

    /// Calls `f` for each element in `element`. What is unknown is kept by whoever keeps this element.
    fn each(&mut self, element: Element<'a>, f: impl FnMut(&mut Self, Element<'a>) -> Making<'a>) -> Making<'a> {
        self.walk(element, f).map(Made::Known)
    }

    /// Calls `f` for each element in `element`, and returns what is unknown.
    fn walk(
        &mut self,
        element: Element<'a>,
        mut f: impl FnMut(&mut Self, Element<'a>) -> Making<'a>,
    ) -> Result<Vec<Unknown>, PacketError> {
        let mut unknown = Vec::new();
        Unknown::push_text(&mut unknown, element.text.trim());
        let mut within = Vec::new();
        for child in element.children {
            let name = child.name;
            self.path.push(name);
            match f(self, child)? {
                Made::Known(inside) if inside.is_empty() => {}
                Made::Known(inside) => within.push(Unknown::Within { name: name.to_owned(), inside }),
                Made::Left(element) => unknown.push(self.keep(element)?),
            }
            self.path.pop();
        }
        Unknown::merge(&mut unknown, within);
        Ok(unknown)
    }

    /// An element that the format does not name, with all that is in it.
    fn keep(&mut self, element: Element<'a>) -> Result<Unknown, PacketError> {
        let attributes = element.attributes();
        self.unknown += 1 + attributes.len();
        if self.unknown > MAX_UNKNOWN {
            return Err(PacketError::TooMany { element: self.path.join("/"), limit: MAX_UNKNOWN });
        }
        if let Some(raw) = element.raw {
            return Ok(Unknown::Signature(raw.to_owned()));
        }
        let mut inside = Vec::new();
        Unknown::push_text(&mut inside, element.text.trim());
        inside.extend(self.keep_all(element.children)?);
        Ok(Unknown::Element { name: element.name.to_owned(), attributes, inside })
    }

    fn keep_all(&mut self, elements: Vec<Element<'a>>) -> Result<Vec<Unknown>, PacketError> {
        let mut kept = Vec::new();
        for element in elements {
            self.path.push(element.name);
            kept.push(self.keep(element)?);
            self.path.pop();
        }
        Ok(kept)
    }

    fn once(&self, seen: &mut usize) -> Result<(), PacketError> {
        *seen += 1;
        if *seen > 1 {
            return Err(PacketError::Duplicate { element: self.path.join("/") });
        }
        Ok(())
    }

    fn at_most(&self, count: usize, limit: usize) -> Result<(), PacketError> {
        if count > limit {
            return Err(PacketError::TooMany { element: self.path.join("/"), limit });
        }
        Ok(())
    }
}

/// What is unknown in an element, kept by what was made of the element.
fn keep_in<'a>(kept: &mut Vec<Unknown>, found: Vec<Unknown>) -> Making<'a> {
    Unknown::merge(kept, found);
    taken()
}

fn no_message_header() -> PacketError {
    PacketError::Missing { element: "edXML/edXMLEnvelope/edXMLHeader/MessageHeader".to_owned() }
}
