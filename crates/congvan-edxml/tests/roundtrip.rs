//! Properties: what is written reads the same, what is split joins the same, and no bytes break anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_edxml::{
    Attachment, Business, BusinessDocument, BusinessFields, Code, DocumentPacket, DocumentType, Manifest,
    MessageHeader, Organization, OtherFields, OtherInfo, Packet, PromulgationInfo, Receiver, Reference, Replacement,
    ResponseFor, SignerInfo, Skeleton, StaffInfo, StatusPacket, TraceHeader,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// A text as a field may hold it: Vietnamese, marks of XML, line breaks; trimmed, not `null`.
fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 ./,&<>\"'\\r\\n\\t\\]đĐăâêôơưẠ-ỹ\u{301}\u{323}💼\u{A0}]{1,24}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("says something", |text| !text.is_empty() && text != "null")
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    of(text())
}

prop_compose! {
    fn organization()(
        id in text(), in_charge in maybe(), name in maybe(), address in maybe(), email in maybe(),
        telephone in maybe(), fax in maybe(), website in maybe(),
    ) -> Organization {
        Organization { organ_id: Some(id), in_charge, name, address, email, telephone, fax, website, unknown: Vec::new() }
    }
}

prop_compose! {
    fn response_for()(
        organ_id in maybe(), code in maybe(), date in maybe(), id in text(),
    ) -> ResponseFor {
        ResponseFor { organ_id, code, date, document_id: Some(id), unknown: Vec::new() }
    }
}

prop_compose! {
    fn staff()(department in maybe(), name in text(), email in maybe(), mobile in maybe()) -> StaffInfo {
        StaffInfo { department, staff: Some(name), email, mobile, unknown: Vec::new() }
    }
}

prop_compose! {
    fn other()(
        priority in maybe(), sphere in maybe(), typer in maybe(), copies in maybe(), pages in maybe(),
        direction in maybe(), appendixes in vec(text(), 0..3),
    ) -> OtherInfo {
        OtherInfo {
            fields: OtherFields { priority, sphere, typer, copies, pages, direction, unknown: Vec::new() },
            appendixes,
        }
    }
}

prop_compose! {
    fn header()(
        from in organization(),
        to in vec(organization(), 1..4),
        (id, subject, content, due_date) in (text(), maybe(), maybe(), maybe()),
        (number, notation, place, date) in (maybe(), maybe(), maybe(), maybe()),
        (kind, detail, name) in (maybe(), maybe(), maybe()),
        (competence, position, full_name) in (maybe(), maybe(), maybe()),
        other in other(),
        response_for in vec(response_for(), 0..3),
        to_places in vec(text(), 0..3),
        (steering_type, response_for_task, application_type) in (maybe(), maybe(), maybe()),
    ) -> MessageHeader {
        MessageHeader {
            from,
            to,
            document_id: Some(id),
            code: Code { number, notation, unknown: Vec::new() },
            promulgation: PromulgationInfo { place, date, unknown: Vec::new() },
            document_type: DocumentType { kind, detail, name, unknown: Vec::new() },
            subject,
            content,
            signer: SignerInfo { competence, position, full_name, unknown: Vec::new() },
            due_date,
            other,
            response_for,
            steering_type,
            to_places,
            response_for_task,
            application_type, unknown: Vec::new() }
    }
}

prop_compose! {
    fn business()(
        (document_id, kind, reason, paper) in (maybe(), text(), maybe(), maybe()),
        (document_info, document_receiver) in (maybe(), maybe()),
        receivers in vec((text(), maybe()), 0..3),
        replacements in vec((text(), vec(text(), 0..3)), 0..3),
        staff in vec(staff(), 0..3),
    ) -> Business {
        Business {
            fields: BusinessFields { document_id, kind: Some(kind), reason, paper, unknown: Vec::new() },
            document: BusinessDocument {
                document_info,
                document_receiver,
                receivers: receivers
                    .into_iter()
                    .map(|(id, kind)| Receiver { organ_id: Some(id), kind, unknown: Vec::new() })
                    .collect(), unknown: Vec::new() },
            replacements: replacements
                .into_iter()
                .map(|(id, organ_ids)| Replacement { document_id: Some(id), organ_ids, unknown: Vec::new() })
                .collect(),
            staff,
        }
    }
}

prop_compose! {
    fn attachment()(
        id in text(), name in text(), kind in text(), description in maybe(),
        data in vec(any::<u8>(), 0..200),
    ) -> Attachment {
        let mut attachment = Attachment::new(&id, &name, &kind, data);
        attachment.description = description;
        attachment
    }
}

prop_compose! {
    fn document()(
        header in header(),
        trace in vec((text(), maybe()), 0..3),
        business in of(business()),
        version in maybe(),
        references in vec((text(), maybe(), maybe(), maybe()), 0..3),
        attachments in vec(attachment(), 0..4),
    ) -> DocumentPacket {
        DocumentPacket {
            header,
            trace: trace
                .into_iter()
                .map(|(timestamp, organ_id)| TraceHeader { organ_id, timestamp: Some(timestamp), unknown: Vec::new() })
                .collect(),
            business,
            manifest: Manifest {
                version,
                references: references
                    .into_iter()
                    .map(|(id, content_type, description, attachment_name)| Reference {
                        content_id: Some(id),
                        content_type,
                        description,
                        attachment_name, unknown: Vec::new() })
                    .collect(), unknown: Vec::new() },
            attachments,
            ..DocumentPacket::default()
        }
    }
}

prop_compose! {
    fn status()(
        from in organization(), response_for in response_for(), staff in staff(), code in text(),
        description in maybe(), timestamp in maybe(),
    ) -> StatusPacket {
        StatusPacket {
            from,
            response_for,
            staff,
            status_code: Some(code),
            description,
            timestamp,
            ..StatusPacket::default()
        }
    }
}

/// Splits, encodes, decodes and joins; the packet must come back. Returns what was cut out.
fn there_and_back(bytes: &[u8], parsed: &Packet) -> Result<usize, TestCaseError> {
    let (skeleton, attachments) = Skeleton::split(bytes, parsed);
    let skeleton = Skeleton::from_bytes(&skeleton.to_bytes()).expect("its own encoding");
    let joined = skeleton.join(&attachments).expect("its own attachments");
    prop_assert!(joined == bytes);
    Ok(attachments.len())
}

/// Base64 as some software may have written it.
fn written(data: &[u8], line: usize, ending: &str, around: (&str, &str), padded: bool) -> String {
    use base64::Engine as _;
    let mut encoded = base64::engine::general_purpose::STANDARD.encode(data);
    if !padded {
        encoded.truncate(encoded.trim_end_matches('=').len());
    }
    let mut text = around.0.to_owned();
    for (number, chunk) in encoded.as_bytes().chunks(line).enumerate() {
        if number > 0 {
            text.push_str(ending);
        }
        text.push_str(std::str::from_utf8(chunk).unwrap());
    }
    text + around.1
}

proptest! {
    #[test]
    fn a_written_document_reads_the_same(document in document()) {
        let bytes = document.write().unwrap();
        let not_empty = document.attachments.iter().filter(|a| !a.transport_bytes().is_empty()).count();
        let parsed = Packet::parse(&bytes).unwrap();
        prop_assert_eq!(there_and_back(&bytes, &parsed)?, not_empty);
        prop_assert_eq!(parsed, Packet::Document(Box::new(document)));
    }

    #[test]
    fn a_written_status_reads_the_same(status in status()) {
        let bytes = status.write().unwrap();
        let parsed = Packet::parse(&bytes).unwrap();
        prop_assert_eq!(there_and_back(&bytes, &parsed)?, 0);
        prop_assert_eq!(parsed, Packet::Status(Box::new(status)));
    }

    /// However base64 is broken into lines, the packet comes back; when regularly, it is cut out.
    #[test]
    fn any_way_of_writing_base64_comes_back(
        data in vec(any::<u8>(), 1..400),
        line in prop_oneof![Just(64_usize), Just(76), 1_usize..90, Just(10_000)],
        ending in prop::sample::select(vec!["\n", "\r\n", "&#13;\n", "&#xD;\n", " ", "\n\n", "\r"]),
        around in prop::sample::select(vec![("", ""), ("\n  ", "\r\n\t"), ("", "&#13;\n"), ("<!-- -->", "")]),
        padded in prop::bool::weighted(0.8),
    ) {
        let content = written(&data, line, ending, around, padded);
        let packet = format!(
            "<edXML><edXMLEnvelope><edXMLHeader><MessageHeader/></edXMLHeader></edXMLEnvelope>\
             <AttachmentEncoded><Attachment><ContentTransferEncoded>{content}</ContentTransferEncoded>\
             </Attachment></AttachmentEncoded></edXML>"
        );
        let parsed = Packet::parse(packet.as_bytes()).unwrap();
        prop_assert_eq!(parsed.attachments()[0].transport_bytes(), &data);
        let cut = there_and_back(packet.as_bytes(), &parsed)?;
        let one_line = data.len().div_ceil(3) * 4 <= line;
        let regular = (one_line || ["\n", "\r\n", "&#13;\n", "&#xD;\n"].contains(&ending))
            && (padded || data.len() % 3 == 0)
            && around.0 != "<!-- -->";
        prop_assert_eq!(cut, usize::from(regular));
    }

    /// Damaged packets give an error or a packet that splits and joins, and nothing worse.
    #[test]
    fn damage_breaks_nothing(
        document in document(),
        changes in vec((any::<prop::sample::Index>(), prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            prop::sample::select(vec![
                "", "<", ">", "</", "/>", "&", "&#13;", "&#x110000;", "<!--", "-->", "<![CDATA[", "]]>", "<?xml?>",
                "<!DOCTYPE a>", "<Signature>", "</Signature>", "<edXML:To>", "\n", "=", "\u{1}", "null", ":",
            ]).prop_map(|text| text.as_bytes().to_vec()),
        ]), 1..6),
        cut in of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = document.write().unwrap();
        for (at, change) in changes {
            let at = at.index(bytes.len());
            bytes.splice(at..at + 1, change);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(parsed) = Packet::parse(&bytes) {
            there_and_back(&bytes, &parsed)?;
            for attachment in parsed.attachments() {
                let _ = attachment.file();
            }
        }
    }

    #[test]
    fn any_bytes_break_nothing(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Packet::parse(&bytes);
        let _ = Skeleton::from_bytes(&bytes);
    }
}
