//! Packets as documents and statuses of the ledger, and back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Cursor, Write as _};
use std::path::Path;

use congvan_core::codec::{BoundError, Bounded, Text};
use congvan_core::document::{Attachment, Business, Envelope, Packaging, Reference, Signer};
use congvan_core::limits::{MAX_ATTACHMENTS, MAX_FIELD, MAX_INLINE_PACKET, MAX_REFERENCES, MAX_SUMMARY};
use congvan_core::status::{Staff, StatusCode, StatusNote};
use congvan_edxml::{
    DocumentPacket, ExportError, FieldError, ImportError, Organization, Packet, ResponseFor, SkeletonError,
    StatusPacket, WriteError, build_packet, build_status, draft_of, packet_of, status_of,
};
use proptest::prelude::*;

/// A packet's bytes; none when the packets are not there, which on CI is a failure.
fn real(name: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/edxml");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "no real packets at {}", folder.display());
        println!("skipped: real packets not present");
        return None;
    }
    Some(std::fs::read(folder.join(name)).expect(name))
}

fn t<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

fn listed(name: &str, media_type: &str, packaging: Packaging, bytes: &[u8], blob: u32) -> Attachment {
    Attachment {
        name: t(name),
        media_type: t(media_type),
        description: t(""),
        packaging,
        len: bytes.len() as u64,
        digest: Attachment::digest([bytes]),
        blob,
    }
}

fn to() -> Vec<(String, String)> {
    [("H55.01", "Sở Tài chính"), ("H55.02", "")].map(|(code, name)| (code.to_owned(), name.to_owned())).into()
}

const FROM: (&str, &str) = ("000.00.00.H55", "UBND tỉnh Thái Nguyên");

/// A packet that can be sent, to be altered.
fn minimal() -> DocumentPacket {
    let agency = |id: &str| Organization { organ_id: Some(id.into()), ..Organization::default() };
    let mut document = DocumentPacket::default();
    document.header.from = agency("H55");
    document.header.to = vec![agency("H55.01")];
    document.header.document_id = Some("1".into());
    document
}

fn draft_error(document: &DocumentPacket) -> ImportError {
    draft_of(&document.write().unwrap()).unwrap_err()
}

#[test]
fn the_real_report_maps() {
    let Some(bytes) = real("report_2025.edxml") else { return };
    let draft = draft_of(&bytes).unwrap();
    assert_eq!(draft.from.as_deref(), Some("vxp.saas.03"));
    assert_eq!(draft.to, ["vxp.saas.03"], "a sender that addresses itself");
    let Packet::Document(packet) = Packet::parse(&bytes).unwrap() else { panic!("a status") };
    let (header, envelope) = (&packet.header, &draft.envelope);
    let same = |found: &Option<String>, kept: &str| assert_eq!(found.as_deref().unwrap_or_default(), kept);
    same(&header.document_id, &envelope.document_id);
    same(&header.code.number, &envelope.number);
    same(&header.code.notation, &envelope.notation);
    same(&header.promulgation.place, &envelope.place);
    same(&header.promulgation.date, &envelope.promulgated);
    same(&header.document_type.kind, &envelope.type_code);
    same(&header.document_type.name, &envelope.type_name);
    same(&header.subject, &envelope.subject);
    same(&header.content, &envelope.summary);
    same(&header.signer.competence, &envelope.signer.competence);
    same(&header.signer.position, &envelope.signer.position);
    same(&header.signer.full_name, &envelope.signer.name);
    same(&header.due_date, &envelope.due);
    same(&header.other.fields.priority, &envelope.priority);
    assert!(!envelope.subject.is_empty() && !envelope.signer.name.is_empty() && !envelope.priority.is_empty());
    assert_eq!((envelope.business, &envelope.responds_to[..]), (Business::New, &[][..]));
    assert_eq!(envelope.packet, None);

    let [attachment] = &envelope.attachments[..] else { panic!("one attachment") };
    assert_eq!(*attachment, listed(&attachment.name, "application/pdf", Packaging::Plain, &draft.attachments[0], 0));
    assert_eq!(attachment.len, 18_839);
    assert!(draft.skeleton.len() <= MAX_INLINE_PACKET, "the skeleton of a usual packet stands in the envelope");
    assert!(packet_of(&draft.skeleton, &draft.attachments).unwrap() == bytes);
}

#[test]
fn the_real_recall_maps() {
    let Some(bytes) = real("edoc_revocation.edxml") else { return };
    let draft = draft_of(&bytes).unwrap();
    assert_eq!(draft.from.as_deref(), Some("000.00.00.G22"));
    assert_eq!(draft.to, ["000.00.00.H41", "000.00.00.H14", "000.00.00.G17"]);
    assert_eq!(draft.envelope.business, Business::Recall);
    assert_eq!(
        draft.envelope.responds_to[..],
        [Reference {
            agency: t("000.00.00.H14"),
            code: t("267/VPCP-TTĐT"),
            date: t("2018/09/28"),
            document_id: t("000.00.04.G14,2012/08/06,267/VPCP-TTĐT"),
        }]
    );
    assert_eq!(draft.envelope.attachments[0].packaging, Packaging::Zip);
    assert!(packet_of(&draft.skeleton, &draft.attachments).unwrap() == bytes);
}

#[test]
fn the_faulty_packets_are_refused_for_their_fault() {
    let Some(bytes) = real("edoc.edxml") else { return };
    let message = draft_of(&bytes).unwrap_err().to_string();
    assert!(message.starts_with("attachment 1 (") && message.contains("is no base64"), "{message}");
    let Some(bytes) = real("edoc_new.edxml") else { return };
    assert_eq!(draft_of(&bytes).unwrap_err().to_string(), "4 stray bytes before the XML declaration");
    let draft = draft_of(&bytes[4..]).unwrap();
    assert_eq!(draft.envelope.responds_to[0].document_id.as_str(), "000.00.00.G22,2014/02/30,7806/VPCP-TTĐT");
    assert!(packet_of(&draft.skeleton, &draft.attachments).unwrap() == bytes[4..]);
}

#[test]
fn the_real_statuses_map() {
    for (name, code) in [
        ("status_inbox_01.edxml", StatusCode::Arrived),
        ("status_acceptance_03.edxml", StatusCode::Accepted),
        ("status_processing_05.edxml", StatusCode::Processing),
    ] {
        let Some(bytes) = real(name) else { return };
        let status = status_of(&bytes).unwrap();
        assert_eq!(status.code, code, "{name}");
        assert_eq!(status.responds_to.document_id.as_str(), "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT");
        assert!(status.from.is_some() && !status.note.note.is_empty() && !status.note.staff.name.is_empty());
        assert!(!status.note.at.is_empty());
        assert_eq!(status.note.packet.as_deref(), Some(&bytes[..]));
        assert_eq!(draft_of(&bytes), Err(ImportError::Status));
    }
    let Some(bytes) = real("report_2025.edxml") else { return };
    assert_eq!(status_of(&bytes), Err(ImportError::Document));
}

#[test]
fn addressees_without_a_code_are_left_out() {
    let written = minimal().write().unwrap();
    let text = String::from_utf8(written).unwrap();
    let to = "<edXML:To><edXML:OrganId>null</edXML:OrganId></edXML:To><edXML:To><edXML:OrganId/></edXML:To>";
    let (before, after) = text.split_once("<edXML:To>").unwrap();
    let draft = draft_of(format!("{before}{to}<edXML:To>{after}").as_bytes()).unwrap();
    assert_eq!(draft.to, ["H55.01"]);
}

#[test]
fn attachments_whose_text_stays_in_the_skeleton_come_back_too() {
    let mut document = minimal();
    for n in 0..3u8 {
        let name = format!("{n}.bin");
        document.attach(congvan_edxml::Attachment::new(&name, &name, "application/x-test", vec![n; 30]));
    }
    let text = String::from_utf8(document.write().unwrap()).unwrap();
    // Base64 that is broken inside, as no encoder does, cannot be made again from the bytes.
    let packet = text.replacen("AQEBAQEB", "AQEB\nAQE\nB", 1);
    assert_ne!(packet, text);
    let draft = draft_of(packet.as_bytes()).unwrap();
    assert_eq!(draft.attachments.len(), 3);
    assert!(packet_of(&draft.skeleton, &draft.attachments).unwrap() == packet.as_bytes());

    let error = packet_of(&draft.skeleton, &draft.attachments[..2]).unwrap_err();
    assert_eq!(error, ExportError::Absent { number: 3 });
    let longer = [vec![0; 31], vec![1; 30], vec![2; 30]];
    let error = packet_of(&draft.skeleton, &longer).unwrap_err();
    assert_eq!(error, ExportError::Skeleton(SkeletonError::Length { gap: 0, given: 31, wanted: 30 }));
}

#[test]
fn what_is_over_a_bound_is_refused_by_name_and_never_cut() {
    let too_long = |element, len, max| ImportError::Bound { element, bound: BoundError::TextTooLong { len, max } };
    let mut document = minimal();
    document.header.promulgation.place = Some("x".repeat(MAX_FIELD));
    document.header.content = Some("x".repeat(MAX_SUMMARY));
    let draft = draft_of(&document.write().unwrap()).unwrap();
    assert_eq!((draft.envelope.place.len(), draft.envelope.summary.len()), (MAX_FIELD, MAX_SUMMARY));

    document.header.promulgation.place = Some("x".repeat(MAX_FIELD + 1));
    let error = draft_error(&document);
    assert_eq!(error, too_long("PromulgationInfo/Place", MAX_FIELD + 1, MAX_FIELD));
    assert_eq!(error.to_string(), "PromulgationInfo/Place: the text has 513 bytes; at most 512 are allowed");

    let too_many = |element, max| ImportError::Bound { element, bound: BoundError::ListTooLong { len: max + 1, max } };
    let mut document = minimal();
    let answered = |n: usize| ResponseFor { code: Some(n.to_string()), ..ResponseFor::default() };
    document.header.response_for = (0..MAX_REFERENCES).map(answered).collect();
    assert_eq!(draft_of(&document.write().unwrap()).unwrap().envelope.responds_to.len(), MAX_REFERENCES);
    document.header.response_for.push(answered(0));
    assert_eq!(draft_error(&document), too_many("ResponseFor", MAX_REFERENCES));

    let mut document = minimal();
    let file = |n: usize| congvan_edxml::Attachment::new(&n.to_string(), "a.txt", "text/plain", vec![1]);
    (0..MAX_ATTACHMENTS).for_each(|n| document.attach(file(n)));
    assert_eq!(draft_of(&document.write().unwrap()).unwrap().attachments.len(), MAX_ATTACHMENTS);
    document.attach(file(0));
    assert_eq!(draft_error(&document), too_many("Attachment", MAX_ATTACHMENTS));

    let mut status = StatusPacket { status_code: Some("02".into()), ..StatusPacket::default() };
    status.from.organ_id = Some("H55".into());
    status.response_for.document_id = Some("1".into());
    status.description = Some("x".repeat(MAX_SUMMARY + 1));
    let error = status_of(&status.write().unwrap()).unwrap_err();
    assert_eq!(error, too_long("Description", MAX_SUMMARY + 1, MAX_SUMMARY));
}

#[test]
fn a_status_packet_is_kept_whole_up_to_the_bound() {
    let mut status = StatusPacket { status_code: Some("02".into()), ..StatusPacket::default() };
    status.from.organ_id = Some("H55".into());
    status.response_for.document_id = Some("1".into());
    let mut bytes = status.write().unwrap();
    bytes.resize(MAX_INLINE_PACKET, b' ');
    assert_eq!(status_of(&bytes).unwrap().note.packet.as_deref(), Some(&bytes[..]));
    bytes.push(b' ');
    assert_eq!(status_of(&bytes).unwrap().note.packet, None);
}

#[test]
fn codes_that_the_ledger_must_understand_are_checked() {
    let mut document = minimal();
    document.business = Some(congvan_edxml::Business::default());
    document.business.as_mut().unwrap().fields.kind = Some("7".into());
    let meaning = FieldError::BusinessKind { text: "7".into() };
    assert_eq!(draft_error(&document), ImportError::Meaning { element: "Bussiness/BussinessDocType", meaning });
    let mut status = StatusPacket { status_code: Some("99".into()), ..StatusPacket::default() };
    status.from.organ_id = Some("H55".into());
    status.response_for.document_id = Some("1".into());
    let meaning = FieldError::StatusCode { text: "99".into() };
    assert_eq!(status_of(&status.write().unwrap()), Err(ImportError::Meaning { element: "StatusCode", meaning }));
}

#[test]
fn a_state_secret_is_refused_where_the_packet_says_so() {
    let mut document = minimal();
    document.header.subject = Some("Mật".into());
    assert!(draft_of(&document.write().unwrap()).is_ok(), "a subject is no mark");
    document.header.other.fields.sphere = Some("TỐI MẬT".into());
    let error = draft_error(&document);
    assert!(
        matches!(&error, ImportError::Secret { element, .. } if element == "OtherInfo/SphereOfPromulgation"),
        "{error}"
    );
    let text = String::from_utf8(minimal().write().unwrap()).unwrap();
    let (before, after) = text.split_once("<edXML:DocumentId>").unwrap();
    let marked = format!("{before}<SecurityLevel>Tuyệt mật</SecurityLevel><edXML:DocumentId>{after}");
    let error = draft_of(marked.as_bytes()).unwrap_err();
    assert!(
        matches!(&error, ImportError::Secret { element, .. } if element.ends_with("MessageHeader/SecurityLevel")),
        "{error}"
    );
    let marked = format!("{before}<Security level=\"TUYET MAT\"/><edXML:DocumentId>{after}");
    let error = draft_of(marked.as_bytes()).unwrap_err();
    assert!(
        matches!(&error, ImportError::Secret { element, .. } if element.ends_with("MessageHeader/Security@level")),
        "{error}"
    );
    // Also a person's name, and what stands in a signature, may be that word.
    for name in ["<edXML:SignerInfo><Alias>Mật</Alias></edXML:SignerInfo>", "<Signature><a>Mật</a></Signature>"] {
        draft_of(format!("{before}{name}<edXML:DocumentId>{after}").as_bytes()).unwrap();
    }
    let places: [fn(&mut DocumentPacket) -> &mut Option<String>; 6] = [
        |document| &mut document.header.document_type.name,
        |document| &mut document.header.document_type.detail,
        |document| &mut document.header.other.fields.priority,
        |document| &mut document.header.other.fields.sphere,
        |document| &mut document.header.steering_type,
        |document| &mut document.header.application_type,
    ];
    for place in places {
        for mark in ["Mật", "tối mật", "TUYỆT MẬT"] {
            let mut document = minimal();
            *place(&mut document) = Some(mark.into());
            assert!(matches!(draft_error(&document), ImportError::Secret { text, .. } if text == mark));
            *place(&mut document) = Some("Không mật".into());
            assert!(draft_of(&document.write().unwrap()).is_ok());
        }
    }
}

#[test]
fn an_attachment_that_nobody_could_open_is_refused() {
    let mut document = minimal();
    let broken = zip_of("a.doc", b"text")[..40].to_vec();
    document.attach(congvan_edxml::Attachment::new("cid:1", "a.doc", "application/zip", broken));
    let error = draft_error(&document);
    assert!(matches!(error, ImportError::Attachment(_)) && error.to_string().contains("a.doc"), "{error}");
}

#[test]
fn a_zipped_file_has_the_type_of_the_file() {
    let mut document = minimal();
    let zipped = zip_of("b.doc", b"text");
    document.attach(congvan_edxml::Attachment::new("cid:1", "a.doc", "application/zip", zipped.clone()));
    document.manifest.references[0].content_type = Some("application/msword".into());
    let draft = draft_of(&document.write().unwrap()).unwrap();
    assert_eq!(draft.envelope.attachments[..], [listed("a.doc", "application/msword", Packaging::Zip, &zipped, 0)]);
}

#[test]
fn a_packet_is_built_only_with_the_documents_own_attachments() {
    let envelope = Envelope {
        document_id: t("1"),
        attachments: Bounded::new(vec![listed("a.txt", "text/plain", Packaging::Plain, b"one", 0)]).unwrap(),
        ..Envelope::default()
    };
    let build = |attachments: &[&[u8]]| build_packet(&envelope, FROM, &to(), attachments);
    assert!(build(&[b"one"]).is_ok());
    assert_eq!(build(&[]), Err(ExportError::Count { given: 0, wanted: 1 }));
    assert_eq!(build(&[b"two"]), Err(ExportError::Differs { number: 1, name: "a.txt".into() }));

    let missing = |element| Err(ExportError::Write(WriteError::Missing { element }));
    assert_eq!(build_packet(&envelope, FROM, &[], &[b"one"]), missing("MessageHeader/To"));
    let unnamed = Envelope { document_id: t(""), ..envelope };
    assert_eq!(build_packet(&unnamed, FROM, &to(), &[b"one"]), missing("MessageHeader/DocumentId"));
}

#[test]
fn a_packet_never_says_that_a_file_is_what_it_is_not() {
    let zip = zip_of("b.doc", b"text");
    for (media_type, packaging, bytes, wrapped) in [
        ("application/zip", Packaging::Plain, &zip[..], true),
        ("application/msword", Packaging::Zip, &b"text"[..], false),
    ] {
        let envelope = Envelope {
            document_id: t("1"),
            attachments: Bounded::new(vec![listed("a.doc", media_type, packaging, bytes, 0)]).unwrap(),
            ..Envelope::default()
        };
        let error = build_packet(&envelope, FROM, &to(), &[bytes]).unwrap_err();
        assert_eq!(error, ExportError::Packaging { number: 1, name: "a.doc".into(), wrapped });
    }
}

/// Text as a packet can carry it: XML's characters, nothing around it, not the word for nothing.
fn carried<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    "([a-zA-Z0-9<>&\"'àđềữỹĐ/,.-][ a-zA-Z0-9<>&\"'ắộ\t\n-]{0,40}[a-z0-9Ươ])?"
        .prop_filter("means nothing", |text| text != "null")
        .prop_map(|text| t(&text))
}

fn references() -> impl Strategy<Value = Vec<Reference>> {
    let one = (carried(), carried(), carried(), carried())
        .prop_map(|(agency, code, date, document_id)| Reference { agency, code, date, document_id })
        .prop_filter("says nothing", |reference| *reference != Reference::default());
    proptest::collection::vec(one, 0..4)
}

fn attachments() -> impl Strategy<Value = Vec<(Attachment, Vec<u8>)>> {
    let one = (carried(), carried(), carried(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..200));
    proptest::collection::vec(one, 0..4).prop_map(|list| {
        let number = |(blob, (name, media_type, description, zipped, bytes)): (u32, (_, _, _, bool, Vec<u8>))| {
            let (packaging, bytes) = match zipped {
                true => (Packaging::Zip, zip_of("inside.bin", &bytes)),
                false => (Packaging::Plain, bytes),
            };
            let (len, digest) = (bytes.len() as u64, Attachment::digest([&bytes[..]]));
            (Attachment { name, media_type, description, packaging, len, digest, blob }, bytes)
        };
        (0..).zip(list).map(number).collect()
    })
}

prop_compose! {
    fn envelopes()(
        document_id in carried().prop_filter("a packet needs one", |id: &Text<MAX_FIELD>| !id.is_empty()),
        (number, notation, place, promulgated) in (carried(), carried(), carried(), carried()),
        (type_code, type_name, due, priority) in (carried(), carried(), carried(), carried()),
        (subject, summary) in (carried(), carried()),
        (competence, position, name) in (carried(), carried(), carried()),
        business in prop_oneof![
            Just(Business::New), Just(Business::Recall), Just(Business::Update), Just(Business::Replace),
        ],
        responds_to in references(),
        attachments in attachments(),
    ) -> (Envelope, Vec<Vec<u8>>) {
        let (listed, bytes) = attachments.into_iter().unzip();
        let signer = Signer { competence, position, name };
        let responds_to = Bounded::new(responds_to).unwrap();
        let attachments = Bounded::new(listed).unwrap();
        let envelope = Envelope {
            document_id, number, notation, place, promulgated, type_code, type_name, subject, summary, signer,
            due, priority, business, responds_to, attachments, packet: None,
        };
        (envelope, bytes)
    }
}

proptest! {
    #[test]
    fn a_built_packet_reads_as_the_same_document((envelope, attachments) in envelopes()) {
        let packet = build_packet(&envelope, FROM, &to(), &attachments).unwrap();
        let draft = draft_of(&packet).unwrap();
        prop_assert_eq!(draft.from.as_deref(), Some(FROM.0));
        prop_assert_eq!(&draft.to, &["H55.01", "H55.02"]);
        prop_assert_eq!(&draft.envelope, &envelope);
        prop_assert_eq!(&draft.attachments, &attachments);
        prop_assert!(packet_of(&draft.skeleton, &draft.attachments).unwrap() == packet);
    }

    #[test]
    fn a_built_status_reads_as_the_same_status(
        code in proptest::sample::select(&StatusCode::ALL[..]),
        (agency, number, date, note, at) in (carried(), carried(), carried(), carried(), carried()),
        (department, name, email, mobile) in (carried(), carried(), carried(), carried()),
    ) {
        let responds_to = Reference { agency, code: number, date, document_id: t("H55,2026/03/02,12/BC") };
        let note = StatusNote { note, staff: Staff { department, name, email, mobile }, at, packet: None };
        let packet = build_status(FROM, &responds_to, code, &note).unwrap();
        let status = status_of(&packet).unwrap();
        prop_assert_eq!(status.from.as_deref(), Some(FROM.0));
        prop_assert_eq!(&status.responds_to, &responds_to);
        prop_assert_eq!(status.code, code);
        prop_assert_eq!(status.note.packet.as_deref(), Some(&packet[..]));
        prop_assert_eq!(StatusNote { packet: None, ..status.note }, note);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = draft_of(&bytes);
        let _ = status_of(&bytes);
        let _ = packet_of(&bytes, &[&bytes]);
    }
}
