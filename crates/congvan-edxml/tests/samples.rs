//! The sample packets of `examples/data`: they are what this test writes from the model and the PDF.
//!
//! After a change that alters them on purpose, write them again with
//! `CONGVAN_WRITE_SAMPLES=1 cargo test -p congvan-edxml --test samples`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use congvan_core::document as ledger;
use congvan_edxml::{
    Attachment, Business, BusinessDocument, BusinessFields, BusinessKind, Code, DocumentPacket, DocumentType,
    MessageHeader, Organization, OtherFields, OtherInfo, Packet, PacketLink, PromulgationInfo, Receiver, Relation,
    Replacement, ResponseFor, SignerInfo, Skeleton, StaffInfo, StatusCode, StatusPacket, TraceHeader, draft_of,
    packet_of, status_of,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

const DOCUMENT_ID: &str = "000.00.00.H55,2026/03/02,12/BC-UBND";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/data").join(name)
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn organization(id: &str, name: &str, above: &str, host: &str) -> Organization {
    Organization {
        organ_id: text(id),
        in_charge: text(above),
        name: text(name),
        address: text("Tỉnh Thái Nguyên"),
        email: Some(format!("vanthu@{host}")),
        website: Some(format!("https://{host}")),
        ..Organization::default()
    }
}

fn province() -> Organization {
    let name = "Ủy ban nhân dân tỉnh Thái Nguyên";
    organization("000.00.00.H55", name, name, "ubnd.example")
}

fn department(id: &str, name: &str, host: &str) -> Organization {
    organization(id, name, "Ủy ban nhân dân tỉnh Thái Nguyên", host)
}

fn report(pdf: Vec<u8>) -> DocumentPacket {
    let mut packet = DocumentPacket {
        header: MessageHeader {
            from: province(),
            to: vec![
                department("000.00.01.H55", "Sở Thông tin và Truyền thông", "stttt.example"),
                department("000.00.02.H55", "Sở Tài chính", "stc.example"),
            ],
            document_id: text(DOCUMENT_ID),
            code: Code { number: text("12"), notation: text("BC-UBND"), ..Code::default() },
            promulgation: PromulgationInfo {
                place: text("Thái Nguyên"),
                date: text("2026/03/02"),
                ..PromulgationInfo::default()
            },
            document_type: DocumentType {
                kind: text("2"),
                detail: text("1"),
                name: text("Báo cáo"),
                ..DocumentType::default()
            },
            subject: text("Báo cáo công tác chuyển đổi số tháng 02 năm 2026"),
            content: text("Báo cáo công tác chuyển đổi số tháng 02 năm 2026 (văn bản mẫu)"),
            signer: SignerInfo {
                position: text("Chủ tịch UBND tỉnh"),
                full_name: text("Người ký mẫu"),
                ..SignerInfo::default()
            },
            due_date: text("2026/03/30"),
            other: OtherInfo {
                fields: OtherFields {
                    priority: text("0"),
                    sphere: text("Lưu hành nội bộ"),
                    typer: text("VT"),
                    copies: text("1"),
                    pages: text("1"),
                    direction: text("false"),
                    ..OtherFields::default()
                },
                appendixes: Vec::new(),
            },
            steering_type: text("1"),
            to_places: vec!["Sở Thông tin và Truyền thông".to_owned(), "Sở Tài chính".to_owned()],
            ..MessageHeader::default()
        },
        trace: vec![TraceHeader {
            organ_id: text("000.00.00.H55"),
            timestamp: text("2026/03/02 08:30:00"),
            ..TraceHeader::default()
        }],
        ..DocumentPacket::default()
    };
    packet.manifest.version = text("1.0");
    let mut attachment = Attachment::new("cid:bao-cao-12-bc-ubnd", "bao-cao.pdf", "application/pdf", pdf);
    attachment.description = text("Báo cáo số 12/BC-UBND");
    packet.attach(attachment);
    packet
}

fn response(organ: &str, code: &str, date: &str, id: &str) -> ResponseFor {
    ResponseFor {
        organ_id: text(organ),
        code: text(code),
        date: text(date),
        document_id: text(id),
        ..ResponseFor::default()
    }
}

fn clerk(host: &str) -> StaffInfo {
    StaffInfo {
        department: text("Văn phòng"),
        staff: text("Văn thư mẫu"),
        email: Some(format!("vanthu@{host}")),
        ..StaffInfo::default()
    }
}

/// A letter about the report: without its attachments, with what it does to it.
fn letter(number: &str, date: &str, subject: &str, kind: BusinessKind, reason: &str) -> DocumentPacket {
    let mut packet = report(Vec::new());
    packet.attachments.clear();
    packet.manifest.references.clear();
    let header = &mut packet.header;
    header.document_id = Some(format!("000.00.00.H55,{date},{number}/UBND-VP"));
    header.code = Code { number: text(number), notation: text("UBND-VP"), ..Code::default() };
    header.promulgation.date = text(date);
    header.document_type = DocumentType { kind: text("1"), name: text("Công văn"), ..DocumentType::default() };
    header.subject = text(subject);
    header.content = Some(format!("{subject} (văn bản mẫu)"));
    header.due_date = None;
    packet.trace[0].timestamp = Some(format!("{date} 14:00:00"));
    packet.business = Some(Business {
        fields: BusinessFields {
            kind: text(kind.code()),
            reason: text(reason),
            paper: text("0"),
            ..BusinessFields::default()
        },
        staff: vec![clerk("ubnd.example")],
        ..Business::default()
    });
    packet
}

/// A department's answer, its file in a ZIP, as the hub's own library packs it.
fn answer(pdf: &[u8]) -> DocumentPacket {
    let subject = "V/v góp ý Báo cáo số 12/BC-UBND";
    let mut packet = letter("45", "2026/03/04", subject, BusinessKind::New, "Văn bản điện tử mới");
    let header = &mut packet.header;
    header.from = department("000.00.01.H55", "Sở Thông tin và Truyền thông", "stttt.example");
    header.to = vec![province()];
    header.document_id = text("000.00.01.H55,2026/03/04,45/STTTT-VP");
    header.code.notation = text("STTTT-VP");
    header.signer.position = text("Giám đốc Sở");
    header.to_places = vec!["UBND tỉnh".to_owned()];
    header.response_for = vec![response("000.00.00.H55", "12/BC-UBND", "2026/03/02", DOCUMENT_ID)];
    packet.trace[0].organ_id = text("000.00.01.H55");
    packet.business.as_mut().unwrap().staff = vec![clerk("stttt.example")];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Not compressed, so that no other version of a library writes it otherwise.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file("gop-y-45.edxml", options.last_modified_time(DateTime::default())).unwrap();
    zip.write_all(pdf).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    packet.attach(Attachment::new("cid:gop-y-45", "gop-y.pdf", "application/zip", zip));
    packet.manifest.references[0].content_type = text("application/pdf");
    packet
}

/// The report is recalled: as in practice, from each addressee by a `ResponseFor`.
fn recall() -> DocumentPacket {
    let subject = "V/v thu hồi Báo cáo số 12/BC-UBND";
    let mut packet = letter("13", "2026/03/05", subject, BusinessKind::Recall, "Thu hồi văn bản ban hành nhầm");
    packet.header.response_for =
        ["000.00.01.H55", "000.00.02.H55"].map(|organ| response(organ, "12/BC-UBND", "2026/03/02", DOCUMENT_ID)).into();
    packet
}

/// The report is updated: it goes to another department, too.
fn update() -> DocumentPacket {
    let subject = "V/v cập nhật nơi nhận Báo cáo số 12/BC-UBND";
    let mut packet = letter("14", "2026/03/06", subject, BusinessKind::Update, "Bổ sung nơi nhận");
    packet.header.to.push(department("000.00.03.H55", "Sở Nội vụ", "snv.example"));
    let business = packet.business.as_mut().unwrap();
    business.fields.document_id = text(DOCUMENT_ID);
    business.document = BusinessDocument {
        document_info: text("0"),
        document_receiver: text("1"),
        receivers: vec![Receiver { organ_id: text("000.00.03.H55"), kind: text("1"), ..Receiver::default() }],
        ..BusinessDocument::default()
    };
    packet
}

/// The report is replaced by a new one, for those who had it.
fn replacement(pdf: Vec<u8>) -> DocumentPacket {
    let subject = "Báo cáo công tác chuyển đổi số tháng 02 năm 2026 (thay thế)";
    let mut packet = letter("15", "2026/03/09", subject, BusinessKind::Replace, "Thay thế văn bản có sai sót");
    let header = &mut packet.header;
    header.document_id = text("000.00.00.H55,2026/03/09,15/BC-UBND");
    header.code.notation = text("BC-UBND");
    header.document_type = DocumentType { kind: text("2"), name: text("Báo cáo"), ..DocumentType::default() };
    packet.business.as_mut().unwrap().replacements = vec![Replacement {
        document_id: text(DOCUMENT_ID),
        organ_ids: vec!["000.00.01.H55".to_owned(), "000.00.02.H55".to_owned()],
        ..Replacement::default()
    }];
    packet.attach(Attachment::new("cid:bao-cao-15-bc-ubnd", "bao-cao.pdf", "application/pdf", pdf));
    packet
}

/// What is said of the report, in order, by whom.
const STATUSES: [(StatusCode, &str, &str); 9] = [
    (StatusCode::Arrived, "2026/03/02 08:31:00", "Phần mềm đã nhận, văn thư chưa xử lý"),
    (StatusCode::Refused, "2026/03/02 09:00:00", "Từ chối: gửi nhầm cơ quan"),
    (StatusCode::Accepted, "2026/03/02 09:15:00", "Văn thư - Văn phòng: Đã tiếp nhận, vào sổ văn bản đến"),
    (StatusCode::Assigned, "2026/03/02 10:00:00", "Đã phân công phòng chuyên môn xử lý"),
    (StatusCode::Processing, "2026/03/02 14:00:00", "Đang xử lý văn bản đến"),
    (StatusCode::Completed, "2026/03/04 16:00:00", "Đã hoàn thành, trả lời tại văn bản số 45/STTTT-VP"),
    (StatusCode::RecallAsked, "2026/03/05 08:00:00", "Đề nghị thu hồi văn bản ban hành nhầm"),
    (StatusCode::RecallAgreed, "2026/03/05 09:00:00", "Đồng ý thu hồi"),
    (StatusCode::RecallRefused, "2026/03/05 09:00:00", "Từ chối thu hồi: văn bản đã được xử lý xong"),
];

fn status(code: StatusCode, at: &str, description: &str) -> StatusPacket {
    // A recall is asked for by who sent the document; all else is said by who received it.
    let (from, host) = match code {
        StatusCode::RecallAsked => (province(), "ubnd.example"),
        _ => (department("000.00.01.H55", "Sở Thông tin và Truyền thông", "stttt.example"), "stttt.example"),
    };
    StatusPacket {
        from,
        response_for: response("000.00.00.H55", "12/BC-UBND", "2026/03/02", DOCUMENT_ID),
        staff: clerk(host),
        status_code: text(code.code()),
        description: text(description),
        timestamp: text(at),
        ..StatusPacket::default()
    }
}

/// The sample's bytes, after writing it where that is asked for.
fn sample(name: &str, written: &[u8]) -> Vec<u8> {
    if std::env::var_os("CONGVAN_WRITE_SAMPLES").is_some() {
        std::fs::write(path(name), written).unwrap();
    }
    std::fs::read(path(name)).unwrap()
}

#[test]
fn the_report_is_what_the_model_writes() {
    let pdf = std::fs::read(path("bao-cao.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.5") && pdf.ends_with(b"%%EOF\n"));
    let model = report(pdf.clone());
    let bytes = sample("bao-cao.edxml", &model.write().unwrap());
    assert!(bytes == model.write().unwrap(), "the sample is out of date");
    let parsed = Packet::parse(&bytes).unwrap();
    assert_eq!(parsed.attachments()[0].file().unwrap().bytes, pdf);
    assert_eq!(parsed, Packet::Document(Box::new(model)));
    let (skeleton, attachments) = Skeleton::split(&bytes, &parsed);
    assert_eq!(attachments, [pdf]);
    assert!(skeleton.join(&attachments).unwrap() == bytes);
}

#[test]
fn documents_of_all_business_types_are_what_the_models_write() {
    let pdf = std::fs::read(path("bao-cao.pdf")).unwrap();
    let report = |relation| {
        let organs = match relation {
            Relation::Answers => vec!["000.00.00.H55"],
            Relation::Updates => vec![],
            Relation::Recalls | Relation::Replaces => vec!["000.00.01.H55", "000.00.02.H55"],
        };
        PacketLink {
            relation,
            document_id: text(DOCUMENT_ID),
            code: text("12/BC-UBND"),
            date: text("2026/03/02"),
            organs: organs.into_iter().map(str::to_owned).collect(),
        }
    };
    for (name, model, business, relation) in [
        ("tra-loi.edxml", answer(&pdf), ledger::Business::New, Relation::Answers),
        ("thu-hoi.edxml", recall(), ledger::Business::Recall, Relation::Recalls),
        ("cap-nhat.edxml", update(), ledger::Business::Update, Relation::Updates),
        ("thay-the.edxml", replacement(pdf.clone()), ledger::Business::Replace, Relation::Replaces),
    ] {
        let bytes = sample(name, &model.write().unwrap());
        assert!(bytes == model.write().unwrap(), "{name} is out of date");
        let parsed = Packet::parse(&bytes).unwrap();
        assert!(parsed.attachments().iter().all(|attachment| attachment.file().unwrap().bytes == pdf), "{name}");
        assert_eq!(parsed, Packet::Document(Box::new(model)), "{name}");
        let draft = draft_of(&bytes).unwrap();
        assert_eq!(draft.envelope.business, business, "{name}");
        assert_eq!(draft.links, [report(relation)], "{name}");
        assert_eq!(draft.envelope.responds_to[0].document_id.as_str(), DOCUMENT_ID, "{name}");
        assert!(packet_of(&draft.skeleton, &draft.attachments).unwrap() == bytes, "{name}");
    }
}

#[test]
fn the_statuses_are_what_the_models_write() {
    for (code, at, description) in STATUSES {
        let name = format!("trang-thai-{}.edxml", code.code());
        let model = status(code, at, description);
        let bytes = sample(&name, &model.write().unwrap());
        assert!(bytes == model.write().unwrap(), "{name} is out of date");
        let Packet::Status(parsed) = Packet::parse(&bytes).unwrap() else { panic!("{name} is no status") };
        assert_eq!(parsed.status(), Ok(code));
        assert_eq!(*parsed, model);
        let status = status_of(&bytes).unwrap();
        assert_eq!((status.code.digits(), status.note.note.as_str()), (code.code(), description));
    }
}
