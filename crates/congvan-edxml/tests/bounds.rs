//! Every bound: at it, and one past it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use congvan_edxml::limits::{
    MAX_ADDRESSEES, MAX_ATTACHMENTS, MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_FIELD_BYTES, MAX_NAME_BYTES,
    MAX_PACKET_BYTES, MAX_SIGNATURE_BYTES, MAX_UNKNOWN,
};
use congvan_edxml::{Attachment, DocumentPacket, Organization, Packet, PacketError, TraceHeader, WriteError};

fn packet(header: &str, rest: &str) -> Vec<u8> {
    format!("<edXML><edXMLEnvelope><edXMLHeader>{header}</edXMLHeader></edXMLEnvelope>{rest}</edXML>").into_bytes()
}

fn message(fields: &str) -> Vec<u8> {
    packet(&format!("<MessageHeader>{fields}</MessageHeader>"), "")
}

fn error(packet: &[u8]) -> PacketError {
    Packet::parse(packet).expect_err("an error")
}

#[test]
fn packet_size() {
    let bytes = message("");
    let size = bytes.len() as u64;
    assert!(Packet::parse_at_most(&bytes, size).is_ok());
    let limit = size - 1;
    assert_eq!(Packet::parse_at_most(&bytes, limit), Err(PacketError::TooLarge { size, limit }));
    // The format's own bound. At it, zeros are read, and refused for what they are.
    let (Ok(at), Ok(past)) = (usize::try_from(MAX_PACKET_BYTES), usize::try_from(MAX_PACKET_BYTES + 1)) else {
        return;
    };
    let zeros = vec![0; past];
    assert_eq!(
        Packet::parse_at_most(&zeros, u64::MAX),
        Err(PacketError::TooLarge { size: MAX_PACKET_BYTES + 1, limit: MAX_PACKET_BYTES })
    );
    assert_eq!(error(&zeros[..at]), PacketError::StrayBytes { count: at });
}

#[test]
fn depth() {
    let nested = |depth: usize| {
        // MessageHeader is at depth 4.
        let inside = depth - 4;
        message(&format!("{}{}", "<a>".repeat(inside), "</a>".repeat(inside)))
    };
    assert!(Packet::parse(&nested(MAX_DEPTH)).is_ok());
    assert!(matches!(error(&nested(MAX_DEPTH + 1)), PacketError::TooDeep { limit: MAX_DEPTH, .. }));
    let signed = |depth: usize| {
        // Signature is at depth 4, too.
        let (open, close) = ("<a>".repeat(depth - 5), "</a>".repeat(depth - 5));
        let signature = format!("<Signature>{open}<b/>{close}</Signature>");
        packet(&format!("<MessageHeader/>{signature}"), "")
    };
    assert!(Packet::parse(&signed(MAX_DEPTH)).is_ok());
    assert!(matches!(error(&signed(MAX_DEPTH + 1)), PacketError::TooDeep { .. }));
    // Far past it, nothing overflows.
    assert!(matches!(error(&nested(1_000_000)), PacketError::TooDeep { .. }));
}

#[test]
fn elements() {
    // Beside these there are the root, the envelope, the header and the message header.
    let empty = |count: usize| message(&"<To/>".repeat(count - 4));
    assert!(Packet::parse(&empty(MAX_ELEMENTS)).is_ok());
    assert_eq!(error(&empty(MAX_ELEMENTS + 1)), PacketError::TooManyElements { limit: MAX_ELEMENTS });
    let signed = |count: usize| {
        let inside = "<a/>".repeat(count - 5);
        packet(&format!("<MessageHeader/><Signature>{inside}</Signature>"), "")
    };
    assert!(Packet::parse(&signed(MAX_ELEMENTS)).is_ok());
    assert!(matches!(error(&signed(MAX_ELEMENTS + 1)), PacketError::TooManyElements { .. }));
}

#[test]
fn names() {
    let named = |size: usize| message(&format!("<{}/>", "a".repeat(size)));
    assert!(Packet::parse(&named(MAX_NAME_BYTES)).is_ok());
    assert!(matches!(
        error(&named(MAX_NAME_BYTES + 1)),
        PacketError::NameTooLong { size, limit: MAX_NAME_BYTES, .. } if size == MAX_NAME_BYTES + 1
    ));
}

#[test]
fn fields() {
    let field = |size: usize| message(&format!("<Subject> {} </Subject>", "a".repeat(size)));
    assert!(Packet::parse(&field(MAX_FIELD_BYTES)).is_ok());
    assert!(matches!(
        error(&field(MAX_FIELD_BYTES + 1)),
        PacketError::FieldTooLong { element, size, limit: MAX_FIELD_BYTES }
            if element.ends_with("/MessageHeader/Subject") && size == MAX_FIELD_BYTES + 1
    ));
    let escaped = |size: usize| message(&format!("<Subject>{}</Subject>", "&lt;".repeat(size)));
    assert!(Packet::parse(&escaped(MAX_FIELD_BYTES)).is_ok());
    assert!(matches!(error(&escaped(MAX_FIELD_BYTES + 1)), PacketError::FieldTooLong { .. }));
    let version = |size: usize| {
        let manifest = format!("<edXMLManifest version=\"{}\"/>", "1".repeat(size));
        format!("<edXML><edXMLEnvelope><edXMLHeader><MessageHeader/></edXMLHeader><edXMLBody>{manifest}</edXMLBody></edXMLEnvelope></edXML>").into_bytes()
    };
    assert!(Packet::parse(&version(MAX_FIELD_BYTES)).is_ok());
    assert!(matches!(
        error(&version(MAX_FIELD_BYTES + 1)),
        PacketError::FieldTooLong { element, .. } if element.ends_with("edXMLManifest@version")
    ));
    // Only an attachment's content, at its place, may be longer.
    let content = format!(
        "<Attachment><ContentTransferEncoded>{}</ContentTransferEncoded></Attachment>",
        "QUJD".repeat(MAX_FIELD_BYTES)
    );
    let right = format!("<AttachmentEncoded>{content}</AttachmentEncoded>");
    assert!(Packet::parse(&packet("<MessageHeader/>", &right)).is_ok());
    assert!(matches!(error(&packet("<MessageHeader/>", &content)), PacketError::FieldTooLong { .. }));
}

#[test]
fn signatures() {
    let signed = |size: usize| {
        let around = "<Signature></Signature>".len();
        let signature = format!("<Signature>{}</Signature>", "a".repeat(size - around));
        packet(&format!("<MessageHeader/>{signature}"), "")
    };
    assert!(Packet::parse(&signed(MAX_SIGNATURE_BYTES)).is_ok());
    assert!(matches!(
        error(&signed(MAX_SIGNATURE_BYTES + 1)),
        PacketError::FieldTooLong { limit: MAX_SIGNATURE_BYTES, .. }
    ));
}

#[test]
fn addressees() {
    let to = |count: usize| message(&"<To><OrganId>H55</OrganId></To>".repeat(count));
    assert!(Packet::parse(&to(MAX_ADDRESSEES)).is_ok());
    assert!(matches!(
        error(&to(MAX_ADDRESSEES + 1)),
        PacketError::TooMany { element, limit: MAX_ADDRESSEES } if element.ends_with("/To")
    ));
}

#[test]
fn attachments() {
    let one = "<Attachment><ContentTransferEncoded>QUJD</ContentTransferEncoded></Attachment>";
    let attached = |count: usize| {
        let all = format!("<AttachmentEncoded>{}</AttachmentEncoded>", one.repeat(count));
        packet("<MessageHeader/>", &all)
    };
    assert!(Packet::parse(&attached(MAX_ATTACHMENTS)).is_ok());
    assert!(matches!(
        error(&attached(MAX_ATTACHMENTS + 1)),
        PacketError::TooMany { element, limit: MAX_ATTACHMENTS } if element.ends_with("/Attachment")
    ));
}

#[test]
fn attributes() {
    let attributes = |count: usize| (0..count).map(|n| format!(" a{n}='b'")).collect::<String>();
    for element in ["Subject", "Signature", "New"] {
        let with = |count| message(&format!("<{element}{}/>", attributes(count)));
        assert!(Packet::parse(&with(MAX_ATTRIBUTES)).is_ok());
        assert!(matches!(
            error(&with(MAX_ATTRIBUTES + 1)),
            PacketError::TooMany { element: path, limit: MAX_ATTRIBUTES } if path.ends_with(&format!("/{element}@"))
        ));
    }
    let value = |size: usize| message(&format!("<Subject a='{}'/>", "b".repeat(size)));
    assert!(Packet::parse(&value(MAX_FIELD_BYTES)).is_ok());
    assert!(matches!(error(&value(MAX_FIELD_BYTES + 1)), PacketError::FieldTooLong { .. }));
    let name = |size: usize| message(&format!("<Subject {}=''/>", "b".repeat(size)));
    assert!(Packet::parse(&name(MAX_NAME_BYTES)).is_ok());
    assert!(matches!(error(&name(MAX_NAME_BYTES + 1)), PacketError::NameTooLong { .. }));
}

#[test]
fn unknown_elements() {
    let unknown = |count: usize| message(&"<x>1</x>".repeat(count));
    assert!(Packet::parse(&unknown(MAX_UNKNOWN)).is_ok());
    assert!(matches!(error(&unknown(MAX_UNKNOWN + 1)), PacketError::TooMany { limit: MAX_UNKNOWN, .. }));
    // Their attributes count, too.
    let with = |count: usize| message(&"<x a='1' b='2' xmlns='c'/>".repeat(count / 3));
    assert!(Packet::parse(&with(MAX_UNKNOWN)).is_ok());
    assert!(matches!(error(&with(MAX_UNKNOWN + 3)), PacketError::TooMany { limit: MAX_UNKNOWN, .. }));
    // What several packets held is too much for one.
    let kept = |count| match Packet::parse(&unknown(count)).unwrap() {
        Packet::Document(document) => document.header.unknown,
        Packet::Status(_) => panic!("a status"),
    };
    let mut packet = least();
    packet.header.unknown = kept(MAX_UNKNOWN);
    assert!(packet.write().is_ok());
    packet.header.unknown.extend(kept(1));
    assert!(matches!(packet.write(), Err(WriteError::TooMany { limit: MAX_UNKNOWN, .. })));
}

fn agency(id: &str) -> Organization {
    Organization { organ_id: Some(id.to_owned()), ..Organization::default() }
}

fn least() -> DocumentPacket {
    let mut packet = DocumentPacket::default();
    packet.header.from = agency("000.00.00.H55");
    packet.header.to = vec![agency("000.00.01.H55")];
    packet.header.document_id = Some("id".to_owned());
    packet
}

/// What is written at a bound can be read; one past it is not written.
#[test]
fn writing_keeps_the_bounds() {
    let mut packet = least();
    packet.header.to = vec![agency("a"); MAX_ADDRESSEES];
    packet.header.subject = Some("a".repeat(MAX_FIELD_BYTES));
    for _ in 0..MAX_ATTACHMENTS {
        packet.attach(Attachment::new("cid:1", "a", "text/plain", b"a".to_vec()));
    }
    // The rest of the elements go to hops, which have two each.
    let mut hops = 0;
    while packet.write().is_ok() {
        hops += 10_000;
        packet.trace.resize_with(hops, hop);
    }
    let (mut fits, mut fails) = (hops - 10_000, hops);
    while fails - fits > 1 {
        let middle = (fits + fails) / 2;
        packet.trace.resize_with(middle, hop);
        match packet.write() {
            Ok(_) => fits = middle,
            Err(_) => fails = middle,
        }
    }
    packet.trace.resize_with(fails, hop);
    assert_eq!(packet.write(), Err(WriteError::TooManyElements { limit: MAX_ELEMENTS }));
    packet.trace.resize_with(fits, hop);
    let bytes = packet.write().unwrap();
    let elements = bytes.windows(2).filter(|pair| pair[0] == b'<' && pair[1] != b'/' && pair[1] != b'?');
    assert!(elements.count() >= MAX_ELEMENTS - 1);
    assert_eq!(Packet::parse(&bytes).unwrap(), Packet::Document(Box::new(packet)));

    let mut packet = least();
    packet.header.subject = Some("a".repeat(MAX_FIELD_BYTES + 1));
    assert!(matches!(packet.write(), Err(WriteError::FieldTooLong { element: "Subject", .. })));
    let mut packet = least();
    packet.header.to = vec![agency("a"); MAX_ADDRESSEES + 1];
    assert!(matches!(packet.write(), Err(WriteError::TooMany { element: "To", .. })));
    let mut packet = least();
    packet.attachments = vec![Attachment::default(); MAX_ATTACHMENTS + 1];
    assert!(matches!(packet.write(), Err(WriteError::TooMany { element: "Attachment", .. })));
    let mut packet = least();
    packet.header.subject = Some("a\u{1}".to_owned());
    assert!(matches!(packet.write(), Err(WriteError::IllegalCharacter { element: "Subject", code: 1 })));
}

fn hop() -> TraceHeader {
    TraceHeader { organ_id: Some("a".to_owned()), ..TraceHeader::default() }
}

#[test]
fn writing_wants_the_least() {
    assert!(least().write().is_ok());
    let spoilt: [fn(&mut DocumentPacket); 5] = [
        |packet| packet.header.from.organ_id = None,
        |packet| packet.header.to.clear(),
        |packet| packet.header.to[0].organ_id = None,
        |packet| packet.header.document_id = Some("null".to_owned()),
        |packet| packet.header.document_id = Some(" ".to_owned()),
    ];
    for spoil in spoilt {
        let mut packet = least();
        spoil(&mut packet);
        assert!(matches!(packet.write(), Err(WriteError::Missing { .. })));
    }
}

/// Packets made to be slow are not: each is some megabytes, and is done with in far less than this.
#[test]
fn time_is_bounded() {
    const SIZE: usize = 8 << 20;
    let long_space = format!("{}x{}", " ".repeat(SIZE), "<To/>x".repeat(90_000));
    let cases = [
        message(&long_space),
        message(&format!("<Subject>{}</Subject>", "&lt; ".repeat(SIZE / 5))),
        message(&format!("<a {}/>", "a='b' ".repeat(SIZE / 6))),
        format!("<edXML {}/>", "version='b' ".repeat(SIZE / 12)).into_bytes(),
        message(&"<!-- -->".repeat(SIZE / 8)),
        format!("<edXML>{}", "<".repeat(SIZE)).into_bytes(),
        format!("<edXML>{}", "&".repeat(SIZE)).into_bytes(),
        format!("<edXML>{}", "<![CDATA[".repeat(SIZE / 9)).into_bytes(),
        format!("<!DOCTYPE {}", "[<".repeat(SIZE / 2)).into_bytes(),
        " ".repeat(SIZE).into_bytes(),
        packet(
            "<MessageHeader/>",
            &format!(
                "<AttachmentEncoded><Attachment><ContentTransferEncoded>{}</ContentTransferEncoded></Attachment></AttachmentEncoded>",
                "Q&#13;\n".repeat(SIZE / 7)
            ),
        ),
    ];
    for (number, case) in cases.iter().enumerate() {
        let start = Instant::now();
        let _ = Packet::parse(case);
        let elapsed = start.elapsed();
        assert!(elapsed < Duration::from_secs(5), "case {number}: {elapsed:?}");
    }
}
