//! The packets that real software wrote. They are not part of the repository: they lie beside it, in
//! `../shared/edxml`, and without them there is nothing to test here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use congvan_edxml::{
    BusinessKind, Date, DeclaredId, DocumentPacket, FieldError, NotBase64, Packet, PacketError, Skeleton, StatusCode,
    StatusPacket, Timestamp,
};

/// A packet's bytes; none when the packets are not there, which on CI is a failure.
fn real(name: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/edxml");
    if !folder.is_dir() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "real packets not present at {}",
            folder.display()
        );
        println!("skipped: real packets not present");
        return None;
    }
    Some(std::fs::read(folder.join(name)).expect(name))
}

fn document(bytes: &[u8]) -> DocumentPacket {
    match Packet::parse(bytes).expect("a packet") {
        Packet::Document(document) => *document,
        Packet::Status(_) => panic!("a status"),
    }
}

fn status(bytes: &[u8]) -> StatusPacket {
    match Packet::parse(bytes).expect("a packet") {
        Packet::Status(status) => *status,
        Packet::Document(_) => panic!("a document"),
    }
}

/// Splits, joins and compares; returns how many attachments were cut out.
fn split_and_join(bytes: &[u8]) -> usize {
    let parsed = Packet::parse(bytes).expect("a packet");
    let (skeleton, attachments) = Skeleton::split(bytes, &parsed);
    let skeleton = Skeleton::from_bytes(&skeleton.to_bytes()).expect("its own encoding");
    assert!(skeleton.join(&attachments).expect("its own attachments") == bytes);
    attachments.len()
}

#[test]
fn the_report() {
    let Some(bytes) = real("report_2025.edxml") else {
        return;
    };
    let packet = document(&bytes);
    let header = &packet.header;
    assert!(header.from.organ_id.is_some());
    assert_eq!(header.to.len(), 1);
    assert_eq!(header.to[0], header.from, "a sender that addresses itself");
    assert!(header.code.number.is_some() && header.code.notation.is_some());
    assert!(DeclaredId::split(header.document_id.as_deref().unwrap()).is_err());
    assert!(header.document_type.name.is_some() && header.signer.full_name.is_some());
    assert!(header.other.fields.priority.is_some());
    assert_eq!(header.other.appendixes.len(), 2);
    assert_eq!(header.to_places.len(), 2);
    assert_eq!(packet.trace.len(), 2);
    assert_eq!(packet.trace[0].organ_id, None, "it says null");
    let time = packet.trace[1].timestamp.as_deref().unwrap();
    assert_eq!(time.parse::<Timestamp>().unwrap().to_string(), time);
    assert_eq!(packet.business, None);
    assert_eq!(packet.manifest.version.as_deref(), Some("1.0"));
    assert_eq!(packet.manifest.references.len(), 1);
    assert_eq!(packet.signature, None);
    assert_eq!(packet.unknown(), []);

    let [attachment] = &packet.attachments[..] else { panic!("one attachment") };
    assert_eq!(attachment.content_id, packet.manifest.references[0].content_id);
    let file = attachment.file().unwrap();
    assert_eq!(file.name_in_zip, None);
    assert_eq!(file.bytes.len(), 18_839);
    assert!(file.bytes.starts_with(b"%PDF"));
    let text = &bytes[attachment.encoded_range().unwrap()];
    assert_eq!(text.len(), 25_120);

    assert_eq!(split_and_join(&bytes), 1);
    let again = document(&packet.write().unwrap());
    assert_eq!(again, packet);
}

#[test]
fn the_recall() {
    let Some(bytes) = real("edoc_revocation.edxml") else {
        return;
    };
    let packet = document(&bytes);
    assert_eq!(packet.header.to.len(), 3);
    let id = DeclaredId::split(packet.header.document_id.as_deref().unwrap()).unwrap();
    let code = &packet.header.code;
    let (number, notation) = (code.number.as_deref(), code.notation.as_deref());
    assert_eq!(id.code.split_once('/'), number.zip(notation));
    assert_eq!(packet.header.from.organ_id.as_deref(), Some(id.agency));
    assert!(id.date.parse::<Date>().is_ok());
    let business = packet.business.as_ref().unwrap();
    assert_eq!(business.kind(), Ok(BusinessKind::Recall));
    assert_eq!(business.staff.len(), 1);
    assert_eq!(packet.header.response_for.len(), 1);
    assert!(packet.signature.as_ref().unwrap().as_str().starts_with("<Signature>"));
    assert_eq!(packet.unknown(), []);

    let file = packet.attachments[0].file().unwrap();
    assert_eq!(file.bytes.len(), 388_347);
    assert!(file.name.ends_with(".doc"));
    assert!(file.name_in_zip.unwrap().ends_with(".edxml"));

    assert_eq!(split_and_join(&bytes), 1);
    assert_eq!(document(&packet.write().unwrap()), packet, "its signature is carried along");
}

#[test]
fn the_statuses() {
    for (name, code) in [
        ("status_inbox_01.edxml", StatusCode::Arrived),
        ("status_acceptance_03.edxml", StatusCode::Accepted),
        ("status_processing_05.edxml", StatusCode::Processing),
    ] {
        let Some(bytes) = real(name) else { return };
        let packet = status(&bytes);
        assert_eq!(packet.status(), Ok(code), "{name}");
        assert!(packet.from.organ_id.is_some());
        assert!(packet.response_for.document_id.is_some());
        assert!(packet.description.is_some() && packet.staff.staff.is_some());
        assert!(packet.timestamp.as_deref().unwrap().parse::<Timestamp>().is_ok());
        assert_eq!(packet.unknown(), []);
        assert_eq!(split_and_join(&bytes), 0);
        assert_eq!(status(&packet.write().unwrap()), packet);
    }
}

#[test]
fn the_load_tests_template_fails_for_its_attachment() {
    let Some(bytes) = real("edoc.edxml") else {
        return;
    };
    let error = Packet::parse(&bytes).unwrap_err();
    let message = error.to_string();
    let PacketError::AttachmentNotBase64 { number, name, reason } = error else {
        panic!("{error}");
    };
    let (character, offset) = ('$', 0);
    assert_eq!((number, reason), (1, NotBase64::Character { character, offset }));
    assert!(message.contains(&name) && message.contains("is no base64"), "{message}");

    // All else in it, the undeclared prefix too, can be read.
    let text = String::from_utf8(bytes).unwrap();
    let (before, after) = text.split_once("${").unwrap();
    let after = &after[after.find('<').unwrap()..];
    let repaired = format!("{before}QUJD{after}");
    let packet = document(repaired.as_bytes());
    assert_eq!(packet.attachments[0].name.as_deref(), Some(name.as_str()));
    assert_eq!(packet.header.document_id.as_deref().unwrap().len(), 36, "a UUID");
    assert_eq!(packet.header.response_for, [], "empty, and in a comment");
    assert_eq!(packet.header.to_places.len(), 1);
    assert_eq!(packet.manifest.references[0].content_type, None);
    assert!(packet.signature.is_some());
    assert_eq!(packet.unknown(), []);
    assert_eq!(split_and_join(repaired.as_bytes()), 1);
}

#[test]
fn stray_bytes_are_counted() {
    let Some(bytes) = real("edoc_new.edxml") else {
        return;
    };
    let error = Packet::parse(&bytes).unwrap_err();
    assert_eq!(error, PacketError::StrayBytes { count: 4 });
    assert_eq!(error.to_string(), "4 stray bytes before the XML declaration");
    let packet = document(&bytes[4..]);
    let business = packet.business.unwrap();
    let id = DeclaredId::split(business.fields.document_id.as_deref().unwrap()).unwrap();
    let day = id.date.parse::<Date>();
    assert!(matches!(day, Err(FieldError::NoSuchDay { .. })), "a 30 February");
    assert_eq!(split_and_join(&bytes[4..]), 1);
}
