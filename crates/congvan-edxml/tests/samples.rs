//! The sample packets of `examples/data`: they are what this test writes from the model and the PDF.
//!
//! After a change that alters them on purpose, write them again with
//! `CONGVAN_WRITE_SAMPLES=1 cargo test -p congvan-edxml --test samples`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use congvan_edxml::{
    Attachment, Code, DocumentPacket, DocumentType, MessageHeader, Organization, OtherFields, OtherInfo, Packet,
    PromulgationInfo, ResponseFor, SignerInfo, Skeleton, StaffInfo, StatusCode, StatusPacket, TraceHeader,
};

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

fn acceptance() -> StatusPacket {
    StatusPacket {
        from: department("000.00.01.H55", "Sở Thông tin và Truyền thông", "stttt.example"),
        response_for: ResponseFor {
            organ_id: text("000.00.00.H55"),
            code: text("12/BC-UBND"),
            date: text("2026/03/02"),
            document_id: text(DOCUMENT_ID),
            ..ResponseFor::default()
        },
        staff: StaffInfo {
            department: text("Văn phòng"),
            staff: text("Văn thư mẫu"),
            email: text("vanthu@stttt.example"),
            ..StaffInfo::default()
        },
        status_code: text(StatusCode::Accepted.code()),
        description: text("Văn thư - Văn phòng: Đã tiếp nhận, vào sổ văn bản đến"),
        timestamp: text("2026/03/02 09:15:00"),
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
fn the_status_is_what_the_model_writes() {
    let model = acceptance();
    let bytes = sample("trang-thai-03.edxml", &model.write().unwrap());
    assert!(bytes == model.write().unwrap(), "the sample is out of date");
    let Packet::Status(status) = Packet::parse(&bytes).unwrap() else {
        panic!("not a status");
    };
    assert_eq!(status.status(), Ok(StatusCode::Accepted));
    assert_eq!(*status, model);
}
