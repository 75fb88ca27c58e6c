//! Packets and ZIPs made to exhaust whoever reads them: refused in bounded time and memory, which are measured, each in
//! a process of its own that has done nothing before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use congvan_edxml::limits::{MAX_ELEMENTS, MAX_UNKNOWN};
use congvan_edxml::{Attachment, Packet, Skeleton, draft_of};
use zip::CompressionMethod::{Deflated, Stored};
use zip::write::SimpleFileOptions;

const MIB: usize = 1 << 20;
const SIZE: usize = 16 * MIB;
/// Far more than any takes, on a machine that is busy.
const TIME: Duration = Duration::from_secs(10);

type Operation = fn(&[u8]) -> String;

/// What is done with the bytes of a case, named for the process that does it.
const OPERATIONS: [(&str, Operation); 4] = [
    ("draft", |bytes| outcome(draft_of(bytes).map(|draft| draft.attachments.len()))),
    ("parse", |bytes| outcome(Packet::parse(bytes).map(|packet| packet.attachments().len()))),
    ("skeleton", |bytes| outcome(Skeleton::from_bytes(bytes).map(|skeleton| skeleton.attachments().count()))),
    ("check", |bytes| {
        // The attachment's own copy of the bytes is not what is measured: a case allows for it.
        outcome(Attachment::new("cid:1", "a.doc", "application/zip", bytes.to_vec()).check())
    }),
];

fn outcome<T: std::fmt::Debug, E: std::fmt::Display>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => format!("ok {value:?}"),
        Err(error) => format!("refused {error}"),
    }
}

/// A number of bytes that Linux tells of this process.
fn memory(field: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? * 1024)
}

/// Not a test: one case, when the tests below start this program again for it.
#[test]
fn one_case() {
    let (Ok(operation), Ok(file)) = (std::env::var("HOSTILE_OPERATION"), std::env::var("HOSTILE_FILE")) else { return };
    let (_, run) = OPERATIONS.into_iter().find(|(name, _)| *name == operation).unwrap();
    let bytes = std::fs::read(file).unwrap();
    let before = memory("VmRSS:").unwrap();
    let start = Instant::now();
    let outcome = run(&bytes);
    let elapsed = start.elapsed();
    let peak = memory("VmHWM:").unwrap().saturating_sub(before);
    println!("\nHOSTILE {} {peak} {outcome}", elapsed.as_millis());
}

/// Runs a case: `what` it must come to, with at most `most` bytes of memory beside the case's own.
fn case(name: &str, operation: &str, bytes: &[u8], what: &str, most: usize) {
    if memory("VmHWM:").is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "memory cannot be measured here");
        println!("skipped: {name}: memory cannot be measured here");
        return;
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{operation}-{name}"));
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_case", "--nocapture"])
        .env("HOSTILE_OPERATION", operation)
        .env("HOSTILE_FILE", &file)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{name}: {text} {}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.strip_prefix("HOSTILE ")).unwrap();
    let (time, rest) = line.split_once(' ').unwrap();
    let (peak, outcome) = rest.split_once(' ').unwrap();
    let (time, peak) = (time.parse::<u64>().unwrap(), peak.parse::<usize>().unwrap());
    println!("{operation} {name}: {} bytes, {time} ms, {peak} bytes more: {outcome:.100}", bytes.len());
    assert!(outcome.contains(what), "{name}: {outcome:.300}");
    assert!(Duration::from_millis(time) < TIME, "{name}: {time} ms");
    assert!(peak <= most, "{name}: {peak} bytes of memory, more than {most}");
}

fn packet(header: &str, rest: &str) -> String {
    format!("<edXML><edXMLEnvelope><edXMLHeader>{header}</edXMLHeader></edXMLEnvelope>{rest}</edXML>")
}

fn message(fields: &str) -> String {
    packet(&format!("<MessageHeader>{fields}</MessageHeader>"), "")
}

fn fill(pattern: &str) -> String {
    pattern.repeat(SIZE / pattern.len())
}

fn numbered(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

#[test]
fn xml() {
    let entities = numbered(40, |n| format!("<!ENTITY e{} \"{}\">", n + 1, format!("&e{n};").repeat(10)));
    let bomb = format!("<!DOCTYPE a [<!ENTITY e0 \"ha\">{entities}]><edXML>&e40;</edXML>");
    case("entities", "draft", bomb.as_bytes(), "DOCTYPE", MIB);
    let unknown = message(&fill("&e9;"));
    case("references", "draft", unknown.as_bytes(), "unknown entity", MIB);
    case("depth", "draft", fill("<a>").as_bytes(), "64 deep", MIB);
    case("depth-in-place", "draft", message(&fill("<To>")).as_bytes(), "64 deep", MIB);
    case("depth-signed", "draft", packet(&format!("<Signature>{}", fill("<a>")), "").as_bytes(), "64 deep", MIB);

    let attributes = numbered(SIZE / 16, |n| format!(" a{n}='b'"));
    case("attributes", "draft", message(&format!("<Subject{attributes}/>")).as_bytes(), "more than 64", MIB);
    let signed = packet(&format!("<Signature><a{attributes}/></Signature>"), "");
    case("attributes-signed", "draft", signed.as_bytes(), "more than 64", MIB);
    case("attributes-same", "draft", message(&format!("<a {}/>", fill("b='' "))).as_bytes(), "more than 64", MIB);
    let value = message(&format!("<Subject a='{}'/>", fill("b")));
    case("attribute-value", "draft", value.as_bytes(), "bound of 65536", MIB);
    let value = message(&format!("<Subject a='{}'/>", fill("&lt;")));
    case("attribute-entities", "draft", value.as_bytes(), "bound of 65536", SIZE);

    case("name", "draft", message(&format!("<{}/>", fill("a"))).as_bytes(), "bound of 256", MIB);
    case("text", "draft", message(&format!("<Subject>{}</Subject>", fill("a"))).as_bytes(), "65536", MIB);
    // Put together from pieces, it is held until its end is seen.
    let pieces = message(&format!("<Subject>{}</Subject>", fill("a&lt;")));
    case("text-in-pieces", "draft", pieces.as_bytes(), "65536", 2 * SIZE);
    case("text-between", "draft", message(&fill("x<To/>")).as_bytes(), "more than", 64 * MIB);
    case("comments", "parse", message(&fill("<!-- a -->")).as_bytes(), "ok", MIB);
    case("comment", "parse", message(&format!("<!-- {} -->", fill("<a>"))).as_bytes(), "ok", MIB);
    case("cdata", "parse", message(&fill("<![CDATA[ ]]>")).as_bytes(), "ok", 2 * MIB);
    // What says nothing is part of the packet all the same, and so of its skeleton, and of its encoding.
    case("kept-comments", "draft", message(&fill("<!-- a -->")).as_bytes(), "ok", 2 * SIZE + MIB);
    case("instructions", "parse", message(&fill("<?a b?>")).as_bytes(), "ok", MIB);
    case("open-tags", "draft", fill("<").as_bytes(), "not well-formed", MIB);
    case("white-space", "draft", fill(" ").as_bytes(), "empty", MIB);
    case("no-text", "draft", &vec![0xff; SIZE], "not UTF-8", MIB);

    // As many as are allowed cost most; one more is refused before it costs more.
    case("elements", "draft", message(&fill("<To/>")).as_bytes(), "elements", 64 * MIB);
    case("most-elements", "draft", message(&"<To/>".repeat(MAX_ELEMENTS - 4)).as_bytes(), "ok", 64 * MIB);
    case("unknown", "draft", message(&fill("<a>b</a>")).as_bytes(), "elements", 64 * MIB);
    case("most-unknown", "draft", message(&"<a>b</a>".repeat(MAX_UNKNOWN)).as_bytes(), "ok", 16 * MIB);
    let attachment = "<Attachment><ContentTransferEncoded>QQ==</ContentTransferEncoded></Attachment>";
    let attachments =
        packet("<MessageHeader/>", &format!("<AttachmentEncoded>{}</AttachmentEncoded>", fill(attachment)));
    case("attachments", "draft", attachments.as_bytes(), "elements", 64 * MIB);
    case("signature", "draft", packet(&format!("<Signature>{}</Signature>", fill("a")), "").as_bytes(), "4194304", MIB);
}

fn attached(content: &str) -> String {
    let name = "<AttachmentName>a.doc</AttachmentName><ContentType>application/zip</ContentType>";
    let content = format!("<ContentTransferEncoded>{content}</ContentTransferEncoded>");
    let all = format!("<AttachmentEncoded><Attachment>{name}{content}</Attachment></AttachmentEncoded>");
    packet("<MessageHeader/>", &all)
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Bytes that do not compress, the same each time.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[7]
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn base64_and_its_memory() {
    let wrong = attached(&(fill("QUJD") + "$"));
    case("wrong-at-the-end", "parse", wrong.as_bytes(), "is no base64", SIZE);
    case("padding", "parse", attached(&fill("=")).as_bytes(), "padding", SIZE);
    // A true attachment is held once beside the packet, and where its text comes in pieces, that too.
    let bytes = noise(SIZE);
    let text = base64(&bytes);
    case("one-line", "draft", attached(&text).as_bytes(), "ok 1", SIZE + SIZE / 8);
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    case("lines", "draft", attached(&lines.join("\r\n")).as_bytes(), "ok 1", SIZE + SIZE / 8);
    case("referenced-lines", "draft", attached(&lines.join("&#13;\n")).as_bytes(), "ok 1", 4 * SIZE);
}

fn zip(method: zip::CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Writes a number at a place of the directory's only header, and at one of the file's.
fn lie(zip: &mut [u8], in_directory: usize, at_file: usize, number: u32) {
    let directory = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for at in [directory + in_directory, at_file] {
        zip[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
}

#[test]
fn zips() {
    // 256 MiB of zeros are 256 KiB in a ZIP.
    let zeros = vec![0; 256 * MIB];
    let bomb = zip(Deflated, &[("bomb", &zeros)]);
    assert!(bomb.len() < MIB);
    case("bomb", "check", &bomb, "more than 200 times", 2 * MIB);
    case("bomb-in-a-packet", "draft", attached(&base64(&bomb)).as_bytes(), "more than 200 times", 3 * MIB);
    // It says that it is small, or just small enough, or 4 GiB.
    for (name, size, what) in
        [("small", 100, "larger than its declared"), ("large", u32::MAX - 1, "bound of 2147483648")]
    {
        let mut lying = bomb.clone();
        lie(&mut lying, 24, 22, size);
        case(&format!("lying-{name}"), "check", &lying, what, 2 * MIB);
    }
    let mut lying = zip(Stored, &[("a", b"noi dung")]);
    lie(&mut lying, 20, 18, u32::MAX - 1);
    case("lying-compressed", "check", &lying, "refused", 2 * MIB);
    // Unwrapped, it would be zeros again: of the ZIP in the ZIP nothing is read but its bytes.
    case("nested", "check", &zip(Stored, &[("inner.zip", &bomb)]), "ok Some", 2 * MIB);
    case("several", "check", &zip(Deflated, &[("a", &zeros), ("b", b"")]), "ok None", 2 * MIB);
    let many: Vec<(String, &[u8])> = (0..60_000).map(|n| (n.to_string(), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let many = zip(Stored, &many);
    let len = many.len();
    case("many", "check", &many, "ok None", len + MIB);
    case("path", "check", &zip(Stored, &[("../../etc/passwd", b"x")]), "which is refused", MIB);
    // A file as large as its ZIP allows is read through, and not held.
    let large = noise(SIZE);
    case("large", "check", &zip(Stored, &[("a", &large)]), "ok Some", SIZE + MIB);
    let packed = zip(Deflated, &[("a", &[noise(400_000), vec![0; 48 * MIB]].concat())]);
    let len = packed.len();
    case("large-packed", "check", &packed, "ok Some", len + MIB);
}

#[test]
fn skeletons() {
    let claim = |count: u32, length: u64| {
        let mut bytes = b"CVSK\x01".to_vec();
        bytes.extend(count.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend([0; 5]);
        bytes.extend(u64::MAX.to_le_bytes());
        bytes
    };
    case("gaps", "skeleton", &claim(u32::MAX, 1), "gaps", MIB);
    case("length", "skeleton", &claim(1, u64::MAX), "out of range", MIB);
    case("text", "skeleton", &claim(1, 1), "ends within its text", MIB);
    let mut long = b"CVSK\x01".to_vec();
    long.extend(0_u32.to_le_bytes());
    long.extend(u64::try_from(SIZE).unwrap().to_le_bytes());
    long.resize(long.len() + SIZE, b' ');
    case("long", "skeleton", &long, "ok 0", SIZE + MIB);
}
