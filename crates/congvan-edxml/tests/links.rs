//! Which documents a packet refers to, and what it does to them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use congvan_edxml::{DocumentPacket, Packet, PacketLink, Relation};

const ID: &str = "H55,2026/03/02,12/BC-UBND";
const UUID: &str = "5f0c1c3e-0000-4000-8000-000000000001";

/// The links of a packet with the given elements in `MessageHeader` and in `Bussiness`.
fn links(header: &str, business: &str) -> Vec<PacketLink> {
    let packet = format!(
        "<edXML><edXMLEnvelope><edXMLHeader><MessageHeader>{header}</MessageHeader><TraceHeaderList><Bussiness>\
         {business}</Bussiness></TraceHeaderList></edXMLHeader></edXMLEnvelope></edXML>"
    );
    document(packet.as_bytes()).links()
}

fn document(bytes: &[u8]) -> DocumentPacket {
    match Packet::parse(bytes).expect("a packet") {
        Packet::Document(document) => *document,
        Packet::Status(_) => panic!("a status"),
    }
}

fn answer(organ: &str, code: &str, date: &str, id: &str) -> String {
    format!(
        "<ResponseFor><OrganId>{organ}</OrganId><Code>{code}</Code><PromulgationDate>{date}</PromulgationDate>\
         <DocumentId>{id}</DocumentId></ResponseFor>"
    )
}

fn link(relation: Relation, id: &str, code: &str, date: &str, organs: &[&str]) -> PacketLink {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    PacketLink {
        relation,
        document_id: text(id),
        code: text(code),
        date: text(date),
        organs: organs.iter().map(|organ| (*organ).to_owned()).collect(),
    }
}

#[test]
fn a_new_document_answers() {
    let two = answer("H55.01", "5/CV", "2026/01/02", UUID) + &answer("H55", "", "", ID) + "<ResponseFor/>";
    let expected = [
        link(Relation::Answers, UUID, "5/CV", "2026/01/02", &["H55.01"]),
        link(Relation::Answers, ID, "12/BC-UBND", "2026/03/02", &["H55"]),
    ];
    for kind in ["", "<BussinessDocType>0</BussinessDocType>", "<BussinessDocType>9</BussinessDocType>"] {
        assert_eq!(links(&two, kind), expected, "{kind}");
        // What a new document has there is no document that it does something to.
        assert_eq!(links(&two, &format!("{kind}<DocumentId>{ID}9</DocumentId>")), expected, "{kind}");
    }
    assert_eq!(links("", ""), []);
}

#[test]
fn a_recall_recalls_what_it_names_or_else_what_it_responds_to() {
    let kind = "<BussinessDocType>1</BussinessDocType>";
    // Once for each agency that it is recalled from.
    let responses = answer("H55.01", "12/BC-UBND", "2026/03/02", ID) + &answer("H55.02", "", "", ID);
    let both = ["H55.01", "H55.02"];
    assert_eq!(links(&responses, kind), [link(Relation::Recalls, ID, "12/BC-UBND", "2026/03/02", &both)]);

    let named = format!("{kind}<DocumentId>{ID}</DocumentId>");
    assert_eq!(links("", &named), [link(Relation::Recalls, ID, "12/BC-UBND", "2026/03/02", &[])]);
    let responses = answer("H55.01", "", "", ID) + &answer("H55.02", "5/CV", "", "");
    assert_eq!(
        links(&responses, &named),
        [
            link(Relation::Recalls, ID, "12/BC-UBND", "2026/03/02", &["H55.01"]),
            link(Relation::Answers, "", "5/CV", "", &["H55.02"]),
        ]
    );
}

#[test]
fn an_update_updates_the_named_document() {
    let named = format!("<BussinessDocType>2</BussinessDocType><DocumentId>{UUID}</DocumentId>");
    assert_eq!(links("", &named), [link(Relation::Updates, UUID, "", "", &[])]);
    let details = answer("H55", "12/BC-UBND", "2026/02/30", UUID);
    assert_eq!(links(&details, &named), [link(Relation::Updates, UUID, "12/BC-UBND", "2026/02/30", &["H55"])]);
}

#[test]
fn a_replacement_replaces_each_listed_document() {
    let replaced = |id: &str, organs: &str| {
        format!("<ReplacementInfo><DocumentId>{id}</DocumentId><OrganIdList>{organs}</OrganIdList></ReplacementInfo>")
    };
    let first = replaced(ID, "<OrganId>H55.01</OrganId><OrganId>H55.02</OrganId>");
    let second = replaced(UUID, "");
    let list = format!(
        "<BussinessDocType>3</BussinessDocType><ReplacementInfoList>{first}{second}{second}</ReplacementInfoList>"
    );
    assert_eq!(
        links(&answer("H55.03", "7/CV", "", ""), &list),
        [
            link(Relation::Replaces, ID, "12/BC-UBND", "2026/03/02", &["H55.01", "H55.02"]),
            link(Relation::Replaces, UUID, "", "", &[]),
            link(Relation::Answers, "", "7/CV", "", &["H55.03"]),
        ]
    );
    // Software that does not know the list names the document where recalls and updates do.
    let named = format!("<BussinessDocType>3</BussinessDocType><DocumentId>{ID}</DocumentId>");
    assert_eq!(links("", &named), [link(Relation::Replaces, ID, "12/BC-UBND", "2026/03/02", &[])]);
}

#[test]
fn documents_without_an_id_are_told_apart_by_code_date_and_agency() {
    let same = answer("H55", "1/CV", "2026/01/02", "");
    let other = answer("H55.01", "1/CV", "2026/01/02", "");
    let found = links(&format!("{same}{same}{other}"), "");
    assert_eq!(
        found,
        [
            link(Relation::Answers, "", "1/CV", "2026/01/02", &["H55"]),
            link(Relation::Answers, "", "1/CV", "2026/01/02", &["H55.01"]),
        ]
    );
    assert_eq!(links(&answer("H55", "", "2026/01/02", ""), ""), [], "a date alone names no document");
}

#[test]
fn the_real_recall() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/edxml");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "no real packets at {}", folder.display());
        println!("skipped: real packets not present");
        return;
    }
    let bytes = std::fs::read(folder.join("edoc_revocation.edxml")).unwrap();
    let id = "000.00.04.G14,2012/08/06,267/VPCP-TTĐT";
    let expected = link(Relation::Recalls, id, "267/VPCP-TTĐT", "2018/09/28", &["000.00.00.H14"]);
    assert_eq!(document(&bytes).links(), [expected]);
    let bytes = std::fs::read(folder.join("report_2025.edxml")).unwrap();
    assert_eq!(document(&bytes).links(), []);
}
