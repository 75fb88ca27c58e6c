//! Reading a packet, modelling it and writing it again gives the same meaning, element by element.
//!
//! What is compared are two trees of XML, the packet's and that of what is written: names without their prefixes,
//! texts, and the order of elements of one name, but not the order of others, nor what says nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use congvan_edxml::{ImportError, Packet, draft_of, packet_of};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// What an element says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Meaning {
    attributes: BTreeMap<String, String>,
    text: String,
    children: BTreeMap<String, Vec<Meaning>>,
}

impl Meaning {
    /// What a packet says, all in an element without a name.
    fn of(packet: &[u8]) -> Self {
        let packet = std::str::from_utf8(packet).unwrap();
        let mut reader = Reader::from_str(packet.trim_start_matches('\u{FEFF}'));
        let mut open = vec![(String::new(), Self::default())];
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) => open.push(Self::open(&tag)),
                Event::Empty(tag) => {
                    open.push(Self::open(&tag));
                    Self::close(&mut open);
                }
                Event::End(_) => Self::close(&mut open),
                Event::Text(text) => open.last_mut().unwrap().1.text.push_str(&text.xml10_content()),
                Event::CData(text) => open.last_mut().unwrap().1.text.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) => {
                    let text = match entity.resolve_char_ref().unwrap() {
                        Some(c) => c.to_string(),
                        None => resolve_predefined_entity(&entity).unwrap().to_owned(),
                    };
                    open.last_mut().unwrap().1.text.push_str(&text);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let [(_, all)] = &open[..] else { panic!("not closed") };
        Self { text: all.text.trim().to_owned(), ..all.clone() }
    }

    fn open(tag: &BytesStart<'_>) -> (String, Self) {
        let mut found = Self::default();
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap().trim().to_owned();
            let key = attribute.key.0;
            if key != "xmlns" && !key.starts_with("xmlns:") && !value.is_empty() {
                found.attributes.insert(key.rsplit(':').next().unwrap().to_owned(), value);
            }
        }
        (tag.name().0.rsplit(':').next().unwrap().to_owned(), found)
    }

    /// Closes the innermost element; what says nothing is left out, if the format knows it.
    fn close(open: &mut Vec<(String, Self)>) {
        let (name, mut closed) = open.pop().unwrap();
        closed.text = match name.as_str() {
            "ContentTransferEncoded" => closed.text.split_whitespace().collect(),
            _ => closed.text.trim().to_owned(),
        };
        let unknown = name.starts_with('X');
        if closed.text == "null" && !unknown {
            closed.text.clear();
        }
        if unknown || closed != Self::default() {
            open.last_mut().unwrap().1.children.entry(name).or_default().push(closed);
        }
    }
}

fn written(packet: &Packet) -> Vec<u8> {
    match packet {
        Packet::Document(document) => document.write().unwrap(),
        Packet::Status(status) => status.write().unwrap(),
    }
}

/// Reads, writes and reads a packet again, and compares each with each.
fn same_meaning(bytes: &[u8]) {
    let packet = Packet::parse(bytes).unwrap();
    let again = written(&packet);
    assert_eq!(Meaning::of(bytes), Meaning::of(&again), "{}", String::from_utf8_lossy(&again));
    let read = Packet::parse(&again).unwrap();
    assert_eq!(read, packet, "{}", String::from_utf8_lossy(&again));
    assert!(written(&read) == again, "what is written is written again the same");
}

/// The packets in a folder.
fn packets(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let packets = files.filter(|path| path.extension().is_some_and(|kind| kind == "edxml"));
    packets.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn of_the_samples() {
    let samples = packets(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data"));
    assert!(samples.len() >= 2);
    samples.iter().for_each(|(_, bytes)| same_meaning(bytes));
}

#[test]
fn of_the_packets_of_real_software() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/edxml");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "no real packets at {}", folder.display());
        println!("skipped: real packets not present");
        return;
    }
    let mut good = 0;
    for (path, bytes) in packets(&folder) {
        let bytes = match path.file_name().unwrap().to_str().unwrap() {
            // The two faulty ones, without their faults.
            "edoc_new.edxml" => bytes[4..].to_vec(),
            "edoc.edxml" => {
                let text = String::from_utf8(bytes).unwrap();
                let (before, after) = text.split_once("${").unwrap();
                format!("{before}QUJD{}", &after[after.find('<').unwrap()..]).into_bytes()
            }
            _ => bytes,
        };
        same_meaning(&bytes);
        good += 1;
    }
    assert_eq!(good, 7);
}

/// An element as it may stand in a packet.
#[derive(Debug, Clone)]
struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Node>,
    style: Style,
}

/// How an element is written, which means nothing.
#[derive(Debug, Clone, Copy)]
struct Style {
    prefix: &'static str,
    cdata: bool,
    before: &'static str,
    /// Before which child the text stands.
    text_at: usize,
}

fn styles() -> impl Strategy<Value = Style> {
    let comment = "<!-- <edXML:To><edXML:OrganId>H00</edXML:OrganId></edXML:To> -->";
    let between = select(vec!["", "\n", "\r\n  ", "\t", comment, "<!--  -->\r\n"]);
    (select(vec!["", "edXML:", "n:"]), any::<bool>(), between, 0..3_usize)
        .prop_map(|(prefix, cdata, before, text_at)| Style { prefix, cdata, before, text_at })
}

impl Node {
    fn write(&self, out: &mut String) {
        let Self { name, attributes, text, children, style } = self;
        out.push_str(&format!("{}<{}{name}", style.before, style.prefix));
        for (key, value) in attributes {
            out.push_str(&format!(" {key}=\"{}\"", escaped(value).replace('\n', "&#10;").replace('\t', "&#9;")));
        }
        if text.is_empty() && children.is_empty() {
            return out.push_str(" />");
        }
        out.push('>');
        let text_at = style.text_at.min(children.len());
        for (number, child) in children.iter().enumerate() {
            if number == text_at {
                out.push_str(&style.text(text));
            }
            child.write(out);
        }
        if text_at == children.len() {
            out.push_str(&style.text(text));
        }
        out.push_str(&format!("</{}{name}>", style.prefix));
    }
}

impl Style {
    fn text(&self, text: &str) -> String {
        if self.cdata && !text.is_empty() && !text.contains("]]>") && !text.contains('\r') {
            return format!("<![CDATA[{text}]]>");
        }
        escaped(text)
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    text.replace("]]>", "]]&gt;").replace('\r', "&#13;")
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 ./,&<>\"'\\r\\n\\t\\]đĐăâêôơưẠ-ỹ💼]{1,16}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("says something", |text| !text.is_empty())
}

/// An element that no format names.
fn unknown() -> impl Strategy<Value = Node> {
    let attribute = ("[a-zđ][a-z0-9.-]{0,5}", prop_oneof![Just(String::new()), text()]);
    let attributes = proptest::collection::btree_map(attribute.0, attribute.1, 0..3);
    let leaf = (
        "X[a-zA-ZđĐẠ-ỹ0-9._-]{0,4}",
        attributes,
        prop_oneof![Just("null".to_owned()), Just(String::new()), text()],
        styles(),
    )
        .prop_map(|(name, attributes, text, style)| {
            let attributes = attributes.into_iter().filter(|(key, _)| key != "xmlns").collect();
            Node { name, attributes, text, children: Vec::new(), style }
        });
    leaf.prop_recursive(3, 8, 3, |inner| {
        (inner.clone(), vec(inner, 0..3)).prop_map(|(node, children)| Node { children, ..node })
    })
}

/// Mostly nothing; else what stands where it does not belong.
fn strays() -> impl Strategy<Value = (Vec<Node>, String)> {
    let text = prop_oneof![9 => Just(String::new()), 1 => text()];
    (prop_oneof![6 => Just(Vec::new()), 1 => vec(unknown(), 1..3)], text)
}

/// An element around others, in any order, with strays.
fn around(name: &'static str, children: impl Strategy<Value = Vec<Node>> + 'static) -> BoxedStrategy<Node> {
    let children = (children, strays()).prop_flat_map(|(mut children, (unknown, text))| {
        children.extend(unknown);
        (Just(children).prop_shuffle(), Just(text))
    });
    let name = name.to_owned();
    (children, styles())
        .prop_map(move |((children, text), style)| Node {
            name: name.clone(),
            attributes: Vec::new(),
            text,
            children,
            style,
        })
        .boxed()
}

/// An element with a text, and at times an unknown element.
fn saying(name: &'static str, text: BoxedStrategy<String>) -> BoxedStrategy<Node> {
    let unknown = prop_oneof![15 => Just(Vec::new()), 1 => vec(unknown(), 1..2)];
    (text, unknown, styles())
        .prop_map(move |(text, children, style)| Node {
            name: name.to_owned(),
            attributes: Vec::new(),
            text,
            children,
            style,
        })
        .boxed()
}

fn leaf(name: &'static str) -> BoxedStrategy<Vec<Node>> {
    let text = prop_oneof![1 => Just(String::new()), 1 => Just("null".to_owned()), 4 => text()];
    vec(saying(name, text.boxed()), 0..2).boxed()
}

fn must(name: &'static str) -> BoxedStrategy<Vec<Node>> {
    let text = text().prop_filter("says something", |text| text != "null");
    saying(name, text.boxed()).prop_map(|node| vec![node]).boxed()
}

fn all(parts: Vec<BoxedStrategy<Vec<Node>>>) -> BoxedStrategy<Vec<Node>> {
    parts.prop_map(|parts| parts.concat()).boxed()
}

fn one(node: BoxedStrategy<Node>) -> BoxedStrategy<Vec<Node>> {
    node.prop_map(|node| vec![node]).boxed()
}

fn some(node: BoxedStrategy<Node>) -> BoxedStrategy<Vec<Node>> {
    vec(node, 0..3).boxed()
}

fn record(name: &'static str, leaves: &'static [&'static str]) -> BoxedStrategy<Node> {
    around(name, all(leaves.iter().map(|name| leaf(name)).collect()))
}

/// A list of texts. No strays in these: which of them they stood in is not kept.
fn texts(name: &'static str, each: &'static str) -> BoxedStrategy<Vec<Node>> {
    let node = (prop_oneof![Just(String::new()), text()], styles()).prop_map(move |(text, style)| Node {
        name: each.to_owned(),
        attributes: Vec::new(),
        text,
        children: Vec::new(),
        style,
    });
    vec(around(name, vec(node, 0..3)), 0..2).boxed()
}

fn agency(name: &'static str) -> BoxedStrategy<Node> {
    let rest = ["OrganizationInCharge", "OrganName", "OrganAdd", "Email", "Telephone", "Fax", "Website"];
    around(name, all(std::iter::once(must("OrganId")).chain(rest.map(leaf)).collect()))
}

const RESPONSE: &[&str] = &["OrganId", "Code", "PromulgationDate", "DocumentId"];
const STAFF: &[&str] = &["Department", "Staff", "Email", "Mobile"];

fn message() -> BoxedStrategy<Node> {
    let other = ["Priority", "SphereOfPromulgation", "TyperNotation", "PromulgationAmount", "PageAmount", "Direction"];
    let other = other.map(leaf).into_iter().chain([texts("Appendixes", "Appendix")]).collect();
    let mut parts = vec![
        one(agency("From")),
        vec(agency("To"), 1..4).boxed(),
        must("DocumentId"),
        one(record("Code", &["CodeNumber", "CodeNotation"])),
        one(record("PromulgationInfo", &["Place", "PromulgationDate"])),
        one(record("DocumentType", &["Type", "TypeDetail", "TypeName"])),
        one(record("SignerInfo", &["Competence", "Position", "FullName"])),
        one(around("OtherInfo", all(other))),
        some(record("ResponseFor", RESPONSE)),
        texts("ToPlaces", "Place"),
    ];
    parts.extend(["Subject", "Content", "DueDate", "SteeringType", "ResponseForTask", "ApplicationType"].map(leaf));
    around("MessageHeader", all(parts))
}

fn trace() -> BoxedStrategy<Node> {
    let receivers = around("ReceiverList", some(record("Receiver", &["OrganId", "ReceiverType"])));
    let update = vec![leaf("DocumentInfo"), leaf("DocumentReceiver"), one(receivers)];
    let replacement = vec![leaf("DocumentId"), texts("OrganIdList", "OrganId")];
    let business = vec![
        leaf("DocumentId"),
        leaf("BussinessDocType"),
        leaf("BussinessDocReason"),
        leaf("Paper"),
        one(around("BussinessDocumentInfo", all(update))),
        one(around("ReplacementInfoList", some(around("ReplacementInfo", all(replacement))))),
        some(record("StaffInfo", STAFF)),
    ];
    let parts = vec![
        some(record("TraceHeader", &["OrganId", "Timestamp"])),
        vec(around("Bussiness", all(business)), 0..2).boxed(),
    ];
    around("TraceHeaderList", all(parts))
}

fn document() -> BoxedStrategy<Node> {
    let reference = record("Reference", &["ContentId", "ContentType", "Description", "AttachmentName"]);
    let manifest =
        (around("edXMLManifest", some(reference)), select(vec![None, Some("1.0")])).prop_map(|(node, version)| Node {
            attributes: version.map(|v| ("version".to_owned(), v.to_owned())).into_iter().collect(),
            ..node
        });
    let content = vec(any::<u8>(), 0..40).prop_map(|data| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(data)
    });
    let content = (content, styles()).prop_map(|(text, style)| {
        let name = "ContentTransferEncoded".to_owned();
        vec![Node { name, attributes: Vec::new(), text, children: Vec::new(), style }]
    });
    let attachment = ["ContentId", "AttachmentName", "Description", "ContentType"].map(leaf);
    let attachment = around("Attachment", all(attachment.into_iter().chain([content.boxed()]).collect()));
    let header = around("edXMLHeader", all(vec![one(message()), one(trace())]));
    let body = around("edXMLBody", one(manifest.boxed()));
    let envelope = around("edXMLEnvelope", all(vec![one(header), one(body)]));
    let attachments = vec(around("AttachmentEncoded", some(attachment)), 0..2);
    around("edXML", all(vec![one(envelope), attachments.boxed()]))
}

fn status() -> BoxedStrategy<Node> {
    let message = vec![
        one(agency("From")),
        one(around(
            "ResponseFor",
            all(vec![leaf("OrganId"), leaf("Code"), leaf("PromulgationDate"), must("DocumentId")]),
        )),
        one(record("StaffInfo", STAFF)),
        must("StatusCode"),
        leaf("Description"),
        leaf("Timestamp"),
    ];
    let header = around("edXMLHeader", one(around("MessageHeader", all(message))));
    around("edXML", one(around("edXMLEnvelope", one(header))))
}

fn bytes(root: &Node, mark: &str, declaration: &str) -> Vec<u8> {
    let root = Node { style: Style { before: "", ..root.style }, ..root.clone() };
    let mut out = format!("{mark}{declaration}");
    root.write(&mut out);
    out.into_bytes()
}

fn marks() -> impl Strategy<Value = (&'static str, &'static str)> {
    (select(vec!["", "\u{FEFF}"]), select(vec!["", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n", "\r\n"]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn of_any_document_in_any_style((root, (mark, declaration)) in (document(), marks())) {
        let bytes = bytes(&root, mark, declaration);
        same_meaning(&bytes);
        match draft_of(&bytes) {
            Ok(draft) => prop_assert!(packet_of(&draft.skeleton, &draft.attachments).unwrap() == bytes),
            // Any text makes a packet, but not any a document.
            Err(ImportError::Meaning { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn of_any_status_in_any_style((root, (mark, declaration)) in (status(), marks())) {
        same_meaning(&bytes(&root, mark, declaration));
    }
}
