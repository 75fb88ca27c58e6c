//! What is read leniently, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_edxml::{
    AttachmentError, BusinessKind, DocumentPacket, FieldError, Packet, PacketError, Signature, StatusPacket,
};

fn envelope(header: &str, rest: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><edXML><edXMLEnvelope><edXMLHeader>{header}\
         </edXMLHeader></edXMLEnvelope>{rest}</edXML>"
    )
}

/// A document with the given elements in its header.
fn message(fields: &str) -> String {
    envelope(&format!("<MessageHeader>{fields}</MessageHeader>"), "")
}

fn attached(inside: &str) -> String {
    envelope("<MessageHeader/>", &format!("<AttachmentEncoded><Attachment>{inside}</Attachment></AttachmentEncoded>"))
}

fn document(packet: &str) -> DocumentPacket {
    match Packet::parse(packet.as_bytes()).expect("a packet") {
        Packet::Document(document) => *document,
        Packet::Status(_) => panic!("a status"),
    }
}

fn status(packet: &str) -> StatusPacket {
    match Packet::parse(packet.as_bytes()).expect("a packet") {
        Packet::Status(status) => *status,
        Packet::Document(_) => panic!("a document"),
    }
}

fn error(packet: &str) -> PacketError {
    Packet::parse(packet.as_bytes()).expect_err("an error")
}

#[test]
fn both_namespace_styles_and_any_prefix() {
    let plain = message("<From><OrganId>H55</OrganId></From><Subject>V/v</Subject>");
    let prefixed = plain.replace("</", "</edXML:").replace('<', "<edXML:");
    let prefixed = prefixed.replace("<edXML:/edXML:", "</edXML:").replace("<edXML:?", "<?");
    assert!(prefixed.contains("<edXML:Subject>V/v</edXML:Subject>"));
    let other = prefixed.replace("edXML:", "n1:");
    for packet in [plain, prefixed, other] {
        let packet = document(&packet);
        assert_eq!(packet.header.from.organ_id.as_deref(), Some("H55"));
        assert_eq!(packet.header.subject.as_deref(), Some("V/v"));
    }
}

#[test]
fn line_ends_marks_and_white_space() {
    let packet = message("\r\n  <Subject>\r\n V/v báo cáo\r\n tháng 02 \t</Subject>\r\n");
    let expected = document(&packet);
    assert_eq!(expected.header.subject.as_deref(), Some("V/v báo cáo\n tháng 02"));
    assert_eq!(expected.unknown(), []);
    for variant in [
        format!("\u{FEFF}{packet}"),
        format!("\r\n{packet}"),
        format!("{packet}\r\n"),
        format!("{packet}<!-- end --><?pi?>"),
        packet.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", ""),
        packet.replace("UTF-8", "utf-8"),
    ] {
        assert_eq!(document(&variant), expected, "{variant}");
    }
}

#[test]
fn attribute_prefixes_need_no_declaration() {
    let packet = "<edXML x:a='1'><edXMLEnvelope><edXMLHeader><MessageHeader/></edXMLHeader><edXMLBody>\
        <edXMLManifest x:y=\"1\" version=\"1.0\"><Reference xlink:href=\"\"><ContentId>cid:1</ContentId>\
        </Reference></edXMLManifest></edXMLBody></edXMLEnvelope></edXML>";
    let manifest = document(packet).manifest;
    assert_eq!(manifest.version.as_deref(), Some("1.0"));
    assert_eq!(manifest.references[0].content_id.as_deref(), Some("cid:1"));
    assert_eq!(manifest.references[0].content_type, None);
}

#[test]
fn elements_come_in_any_order_or_not_at_all() {
    let packet = document(&message(
        "<ToPlaces><Place>Các sở</Place><Place/></ToPlaces><OtherInfo><Appendixes><Appendix>PL 1</Appendix>\
         </Appendixes><Priority>1</Priority></OtherInfo><To><OrganId>H55.02</OrganId></To><ResponseFor/>\
         <ResponseFor><OrganId></OrganId><Code></Code></ResponseFor><To></To><DueDate/>\
         <From><OrganId>null</OrganId></From><ResponseFor><Code>1/A</Code></ResponseFor>\
         <DocumentId>id</DocumentId>",
    ));
    let header = &packet.header;
    assert_eq!(header.document_id.as_deref(), Some("id"));
    assert_eq!(header.to_places, ["Các sở"]);
    assert_eq!(header.other.appendixes, ["PL 1"]);
    assert_eq!(header.other.fields.priority.as_deref(), Some("1"));
    assert_eq!(header.to.len(), 1);
    assert_eq!(header.response_for.len(), 1);
    assert_eq!(header.due_date, None);
    assert!(header.from.is_empty(), "null says that there is none");
    assert_eq!(packet.unknown(), []);
}

#[test]
fn what_a_document_does_to_earlier_ones() {
    let business = |inside: &str| {
        let list = format!("<Bussiness>{inside}</Bussiness>");
        let header = format!("<MessageHeader/><TraceHeaderList><TraceHeader/>{list}</TraceHeaderList>");
        document(&envelope(&header, ""))
    };
    let packet = business(
        "<BussinessDocType>2</BussinessDocType><BussinessDocReason>Bổ sung</BussinessDocReason>\
         <Paper>0</Paper><DocumentId>id</DocumentId><BussinessDocumentInfo><DocumentInfo>0</DocumentInfo>\
         <DocumentReceiver>1</DocumentReceiver><ReceiverList><Receiver><OrganId>H55.02</OrganId>\
         <ReceiverType>1</ReceiverType></Receiver><Receiver/></ReceiverList></BussinessDocumentInfo>\
         <StaffInfo><Staff>Văn thư mẫu</Staff></StaffInfo><StaffInfo/>",
    );
    let update = packet.business.unwrap();
    assert_eq!(update.kind(), Ok(BusinessKind::Update));
    assert_eq!(update.fields.reason.as_deref(), Some("Bổ sung"));
    assert_eq!(update.document.document_receiver.as_deref(), Some("1"));
    assert_eq!(update.document.receivers.len(), 1);
    assert_eq!(update.document.receivers[0].kind.as_deref(), Some("1"));
    assert_eq!(update.staff.len(), 1);
    assert_eq!(packet.trace, [], "the hop says nothing");

    let packet = business(
        "<BussinessDocType>3</BussinessDocType><ReplacementInfoList><ReplacementInfo><DocumentId>a</DocumentId>\
         <OrganIdList><OrganId>H55.01</OrganId><OrganId>H55.02</OrganId></OrganIdList></ReplacementInfo>\
         <ReplacementInfo/></ReplacementInfoList>",
    );
    let replace = packet.business.unwrap();
    assert_eq!(replace.kind(), Ok(BusinessKind::Replace));
    assert_eq!(replace.replacements.len(), 1);
    assert_eq!(replace.replacements[0].organ_ids, ["H55.01", "H55.02"]);

    assert_eq!(business("").business, None);
    let odd = business("<BussinessDocType>7</BussinessDocType>").business;
    assert!(matches!(odd.unwrap().kind(), Err(FieldError::BusinessKind { .. })));
    let none = business("<Paper>1</Paper>").business;
    assert!(matches!(none.unwrap().kind(), Err(FieldError::Absent { .. })));
}

#[test]
fn comments_are_passed_over() {
    let packet = document(&message(
        "<!-- <Subject>a</Subject> --><Subject>V/<!-- x -->v</Subject><!--<To><OrganId>1</OrganId></To>-->",
    ));
    assert_eq!(packet.header.subject.as_deref(), Some("V/v"));
    assert_eq!(packet.header.to, []);
}

#[test]
fn text_is_unescaped_once() {
    let packet = document(&message(
        "<Subject>a &amp; b &lt; c &#7871; &#x1EBF; &quot;&apos; &amp;lt; <![CDATA[<d> &amp;]]></Subject>",
    ));
    assert_eq!(packet.header.subject.as_deref(), Some("a & b < c ế ế \"' &lt; <d> &amp;"));
}

#[test]
fn a_signature_is_carried_as_it_is() {
    let signature = "<ds:Signature xmlns:ds=\"x\"><a/><b>\r\n &amp;<Signature><c/></Signature></b></ds:Signature>";
    let packet = document(&envelope(&format!("<MessageHeader/>{signature}"), ""));
    assert_eq!(packet.signature.as_ref().map(Signature::as_str), Some(signature));
    assert_eq!(packet.unknown(), []);
    let two = document(&envelope(&format!("<Signature/>{signature}<MessageHeader/>"), ""));
    assert_eq!(two.signature.as_ref().map(Signature::as_str), Some("<Signature/>"));
    let path = "edXML/edXMLEnvelope/edXMLHeader/Signature";
    assert_eq!(two.unknown(), [(path.to_owned(), signature.to_owned())]);
}

#[test]
fn a_signature_declares_the_prefixes_that_it_uses_when_it_is_written() {
    let packet = "<edXML xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><edXMLEnvelope><edXMLHeader><MessageHeader>\
        <From><OrganId>H55</OrganId></From><To><OrganId>H55.01</OrganId></To><DocumentId>1</DocumentId>\
        </MessageHeader><ds:Signature><ds:SignedInfo/></ds:Signature></edXMLHeader></edXMLEnvelope></edXML>";
    let written = document(packet).write().unwrap();
    let again = document(std::str::from_utf8(&written).unwrap());
    assert_eq!(
        again.signature.as_ref().map(Signature::as_str),
        Some("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo/></ds:Signature>")
    );
    assert_eq!(again.write().unwrap(), written);
}

#[test]
fn unknown_elements_are_kept() {
    let packet = document(&message(
        "words<New><A> 1 </A><B/></New><Subject>V/v<Odd>2</Odd></Subject><From><Level>3</Level></From>\
         <StaffInfo><Staff>a</Staff></StaffInfo>",
    ));
    let at = "edXML/edXMLEnvelope/edXMLHeader/MessageHeader";
    let expected = [
        ("", "words"),
        ("/New/A", "1"),
        ("/New/B", ""),
        ("/StaffInfo/Staff", "a"),
        ("/Subject/Odd", "2"),
        ("/From/Level", "3"),
    ];
    assert_eq!(packet.unknown(), expected.map(|(path, text)| (format!("{at}{path}"), text.to_owned())));
    assert_eq!(packet.header.subject.as_deref(), Some("V/v"));
}

#[test]
fn a_status_code_makes_a_status() {
    let packet = status(&message(
        "<Timestamp>2026/03/02 09:15:00</Timestamp><StatusCode>99</StatusCode><To><OrganId>a</OrganId></To>",
    ));
    assert!(matches!(packet.status(), Err(FieldError::StatusCode { .. })));
    assert_eq!(packet.unknown().len(), 1);
    document(&message("<StatusCode/><Subject>V/v</Subject>"));
    document(&message("<StatusCode>null</StatusCode>"));

    let header = "<MessageHeader><StatusCode>01</StatusCode></MessageHeader>";
    status(&envelope(header, "<AttachmentEncoded> </AttachmentEncoded>"));
    let attachment = "<AttachmentEncoded><Attachment/></AttachmentEncoded>";
    assert_eq!(error(&envelope(header, attachment)), PacketError::StatusWithAttachments);
}

#[test]
fn stray_bytes_are_refused_and_counted() {
    let packet = message("");
    for (stray, count) in [("1212", 4), (" \r\n12 ", 3), ("\u{FEFF}x", 1), ("\u{FEFF}\u{FEFF}", 3), ("a<b/>", 5)] {
        let text = format!("{stray}{packet}");
        assert_eq!(error(&text), PacketError::StrayBytes { count }, "{stray:?}");
    }
    assert_eq!(error(&format!("<!-- -->{packet}")), PacketError::StrayBytes { count: 8 });
    assert_eq!(error("words"), PacketError::StrayBytes { count: 5 });
}

#[test]
fn what_is_no_packet_is_refused() {
    assert_eq!(error(""), PacketError::Empty);
    assert_eq!(error("\u{FEFF} \n"), PacketError::Empty);
    assert_eq!(error("<!-- -->"), PacketError::Empty);
    assert_eq!(Packet::parse(b"<edXML>\xFF"), Err(PacketError::NotUtf8 { offset: 7 }));
    assert!(matches!(Packet::parse(b"\xFF\xFE<\0"), Err(PacketError::NotUtf8 { offset: 0 })));
    let encoding = "<?xml version='1.0' encoding='windows-1258'?><edXML/>";
    assert!(matches!(error(encoding), PacketError::Encoding { declared } if declared == "windows-1258"));
    assert!(matches!(error("<html/>"), PacketError::NotEdxml { root } if root == "html"));
    assert!(matches!(error("<edXML/>"), PacketError::Missing { .. }));
    assert!(matches!(error("<edXML><edXMLEnvelope/></edXML>"), PacketError::Missing { .. }));
}

#[test]
fn malformed_xml_is_refused() {
    let whole = message("");
    for malformed in [
        "<edXML>".to_owned(),
        "<edXML></edxml>".to_owned(),
        "<edXML><a></edXML>".to_owned(),
        format!("{whole}<edXML/>"),
        format!("{whole}x"),
        "<edXML".to_owned(),
        "<edXML><!-- </edXML>".to_owned(),
        "<edXML>&lt</edXML>".to_owned(),
        "<edXML>&#xZZ;</edXML>".to_owned(),
        "<edXML>&#0;</edXML>".to_owned(),
        "<edXML>< a/></edXML>".to_owned(),
        "<edXML><a\u{1b}b/></edXML>".to_owned(),
        "<edXML><n:/></edXML>".to_owned(),
        "<edXML><Signature></edXML>".to_owned(),
        "<edXML><1a/></edXML>".to_owned(),
        "<edXML><a:b:c/></edXML>".to_owned(),
        "<edXML><a b/></edXML>".to_owned(),
        "<edXML><a b=c/></edXML>".to_owned(),
        "<edXML><a b='1' b='2'/></edXML>".to_owned(),
        "<edXML><a b='<'/></edXML>".to_owned(),
        "<edXML><a b='&c;'/></edXML>".to_owned(),
        "<edXML><a 1b='c'/></edXML>".to_owned(),
        "<edXML><Signature><a b='<'/></Signature></edXML>".to_owned(),
    ] {
        let error = error(&malformed);
        assert!(matches!(error, PacketError::Malformed { .. }), "{malformed}: {error}");
    }
}

#[test]
fn entities_are_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"cccc\"><!ENTITY d \"&b;&b;\">]><edXML>&d;</edXML>";
    assert_eq!(error(bomb), PacketError::Doctype { offset: 0 });
    let declared = format!("<?xml version=\"1.0\"?>{bomb}");
    assert_eq!(error(&declared), PacketError::Doctype { offset: 21 });
    let file = "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><edXML/>";
    assert!(matches!(error(file), PacketError::Doctype { .. }));
    assert!(matches!(
        error(&message("<Subject>&nbsp;</Subject>")),
        PacketError::UnknownEntity { element, entity }
            if element.ends_with("/Subject") && entity == "nbsp"
    ));
}

#[test]
fn illegal_characters_are_refused() {
    for text in ["a\u{1}", "a\u{FFFF}", "a&#1;", "a&#xFFFE;", "\0"] {
        let error = error(&message(&format!("<Subject>{text}</Subject>")));
        assert!(
            matches!(&error, PacketError::IllegalCharacter { element, .. } if element.ends_with("/Subject")),
            "{text:?}: {error}"
        );
    }
    let value = error(&message("<Subject a='&#1;'/>"));
    assert!(
        matches!(&value, PacketError::IllegalCharacter { element, .. } if element.ends_with("/Subject@a")),
        "{value}"
    );
    let signed = error(&envelope("<Signature>\u{1}</Signature>", ""));
    assert!(matches!(signed, PacketError::IllegalCharacter { .. }), "{signed}");
}

#[test]
fn saying_two_things_is_refused() {
    for twice in [
        message("<Subject>a</Subject><Subject>b</Subject>"),
        message("<From><OrganId>a</OrganId></From><From><OrganId>b</OrganId></From>"),
        envelope("<MessageHeader/><MessageHeader/>", ""),
        "<edXML><edXMLEnvelope/><edXMLEnvelope/></edXML>".to_owned(),
        attached("<ContentTransferEncoded/><ContentTransferEncoded>QUJD</ContentTransferEncoded>"),
    ] {
        let error = error(&twice);
        assert!(matches!(error, PacketError::Duplicate { .. }), "{twice}: {error}");
    }
    let same = document(&message("<Subject>a</Subject><Subject/><Subject>a</Subject>"));
    assert_eq!(same.header.subject.as_deref(), Some("a"));
}

#[test]
fn attachments_that_are_none_are_refused_by_name() {
    let error_of = |content: &str| error(&attached(&format!("<AttachmentName>ban-ve.pdf</AttachmentName>{content}")));
    assert_eq!(error_of("").to_string(), "attachment 1 (\"ban-ve.pdf\") has no ContentTransferEncoded");
    assert_eq!(
        error_of("<ContentTransferEncoded>QUJ-</ContentTransferEncoded>").to_string(),
        "attachment 1 (\"ban-ve.pdf\") is no base64: the character '-' at byte 3 of its text"
    );
    assert!(matches!(
        error_of("<ContentTransferEncoded>QUJD<x/></ContentTransferEncoded>"),
        PacketError::Malformed { .. }
    ));
    let second = attached(
        "<ContentTransferEncoded>QUJD</ContentTransferEncoded></Attachment><Attachment>\
         <ContentTransferEncoded>Q</ContentTransferEncoded>",
    );
    assert!(matches!(error(&second), PacketError::AttachmentNotBase64 { number: 2, .. }));
}

#[test]
fn attachment_content_is_read_however_it_is_written() {
    for content in [
        "QUJDREVG",
        "\r\n QUJD\r\n REVG\r\n",
        "QUJD&#13;\nREVG",
        "QU<!-- -->JDREVG",
        "<![CDATA[QUJDREVG]]>",
        "QUJD&#x52;EVG",
    ] {
        let packet = format!("<ContentTransferEncoded>{content}</ContentTransferEncoded>");
        let packet = document(&attached(&packet));
        assert_eq!(packet.attachments[0].transport_bytes(), b"ABCDEF", "{content}");
    }
    let packet = document(&attached("<ContentTransferEncoded/>"));
    assert_eq!(packet.attachments[0].transport_bytes(), b"");
    let broken = document(&attached(
        "<ContentType>application/zip</ContentType><AttachmentName>a.doc</AttachmentName>\
         <ContentTransferEncoded>UEsDBA==</ContentTransferEncoded>",
    ));
    assert!(matches!(broken.attachments[0].file(), Err(AttachmentError::Zip { .. })));
}
