//! The main job, step by step.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use congvan::core::archive::{Frame, MAGIC};
use congvan::core::{Kind, UnverifiedEntry, Wire};
use congvan_edxml::Packet;
use serde_json::Value;

use crate::stage::{Context, Failure, Place, Running, Stage, Step, ensure, until};

/// An agency of the play.
struct Agency {
    /// Its directory's name.
    home: &'static str,
    code: &'static str,
    name: &'static str,
}

const A: Agency = Agency { home: "a", code: "000.00.00.H55", name: "UBND tỉnh Thái Nguyên" };
const B: Agency = Agency { home: "b", code: "000.00.01.H55", name: "Sở Thông tin và Truyền thông" };
const C: Agency = Agency { home: "c", code: "000.00.02.H55", name: "Sở Tài chính" };
const ALL: [Agency; 3] = [A, B, C];
const REGISTRAR: &str = "registrar";

/// What a document may take to arrive, and a node to catch up.
const ARRIVAL: Duration = Duration::from_secs(20);

/// Plays it all.
pub(crate) fn play(packet: &Path) -> Step {
    let stage = Stage::set()?;
    println!("\n  Công văn · một văn bản đi qua sổ cái, từ nơi gửi đến kiểm toán\n");
    let bytes = fs::read(packet).context(packet.display())?;
    // A packet that cannot be sent shows before any node runs, in the words of the command that refuses it.
    let parsed = Packet::parse(&bytes);
    if let Ok(Packet::Document(document)) = &parsed {
        let files = document.attachments.len();
        stage.done(
            &format!("Gói tin edXML hợp lệ: {}, {} byte, {files} tệp đính kèm", name_of(packet), bytes.len()),
            "the edXML packet is well-formed",
        );
    }
    let peers = found(&stage)?;
    let parsed = match parsed {
        Ok(parsed @ Packet::Document(_)) => parsed,
        Ok(Packet::Status(_)) => return refused(&stage, packet, "is a status packet"),
        Err(error) => return refused(&stage, packet, &error.to_string()),
    };
    admit(&stage)?;

    let places: [Place; 3] = Place::free()?;
    let addresses: Vec<String> =
        places.iter().zip(&peers).map(|(place, peer)| format!("{}/p2p/{peer}", place.listen())).collect();
    let mut nodes = Vec::new();
    for (number, agency) in ALL.iter().enumerate() {
        nodes.push(stage.start_node(agency.home, &places[number], &addresses[..number])?);
    }
    await_ready(&places, &mut nodes)?;
    stage.done(
        "Ba nút chạy, mỗi nút một thư mục, đã nối với nhau",
        "three congvan-node processes run and see each other",
    );

    let id = send_packet(&stage, packet)?;
    for receiver in [B, C] {
        arrives_whole(&stage, &receiver, &id, &bytes, &parsed)?;
    }
    report_statuses(&stage, &id)?;
    let [a, b, c] = <[Running; 3]>::try_from(nodes).map_err(|_| Failure("three nodes".to_owned()))?;
    let c = one_is_away(&stage, c, &places[2], &addresses[..2])?;
    let copy = auditors_agree(&stage)?;
    altered_copy_is_found(&stage, &copy)?;
    let mut slowest = Duration::ZERO;
    for node in [a, b, c] {
        slowest = slowest.max(node.stop()?);
    }
    stage.done(
        "Ba nút đã dừng gọn",
        format_args!("every node stopped cleanly, the slowest in {} ms", slowest.as_millis()),
    );
    println!("\n  Xong · done: sent, received, reported, caught up, audited, and the altered copy found out\n");
    Ok(())
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A member of a command's JSON that must be text.
fn text(value: &Value, name: &str) -> Step<String> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| Failure(format!("no {name:?} in {value:#}")))
}

/// The network and its agencies' keys; each node's network key.
fn found(stage: &Stage) -> Step<[String; 3]> {
    let made = stage.ask(REGISTRAR, &["network", "create", "--name", "Thái Nguyên"])?;
    stage.done(
        "Mạng liên thông được lập, cơ quan đăng ký giữ khóa",
        format_args!("network {}", text(&made, "network")?),
    );
    let genesis = stage.path(REGISTRAR).join("genesis.cgv").display().to_string();
    let mut peers = [const { String::new() }; 3];
    for (peer, agency) in peers.iter_mut().zip(&ALL) {
        let mut arguments =
            vec!["agency", "create", "--network", &genesis, "--code", agency.code, "--name", agency.name];
        if agency.code != A.code {
            arguments.extend(["--parent", A.code]);
        }
        *peer = text(&stage.ask(agency.home, &arguments)?, "peer_id")?;
        stage.done(&format!("{} · {}", agency.code, agency.name), "made its own keys, which never leave its directory");
    }
    Ok(peers)
}

/// The registrar admits all, and everybody gets the roster.
fn admit(stage: &Stage) -> Step {
    for agency in &ALL {
        let enrolment = stage.path(agency.home).join("enrolment.cgv").display().to_string();
        stage.congvan(REGISTRAR, &["roster", "admit", &enrolment])?;
    }
    let roster = stage.path("roster.cgva").display().to_string();
    stage.congvan(REGISTRAR, &["ledger", "export", "-o", &roster])?;
    for agency in &ALL {
        stage.congvan(agency.home, &["ledger", "import", &roster])?;
    }
    stage.done(
        "Cơ quan đăng ký kết nạp ba đơn vị; danh bạ được phát cho từng đơn vị",
        "the registrar admitted all three",
    );
    Ok(())
}

/// What `congvan send` says of a packet that cannot be read.
fn refused(stage: &Stage, packet: &Path, why: &str) -> Step {
    let packet = packet.display().to_string();
    let ran = stage.try_congvan(A.home, &["send", "--to", B.code, "--packet", &packet])?;
    ensure(ran.code() != Some(0), || format!("congvan send took what it must refuse: {why}\n{}", ran.in_full()))?;
    let full = ran.in_full();
    ensure(full.contains(why), || format!("congvan send does not say what is wrong ({why})\n{full}"))?;
    Err(Failure(format!("gói tin bị từ chối · the packet was refused, nothing was sent\n{full}")))
}

/// Every node sees both others and may write.
fn await_ready(places: &[Place], nodes: &mut [Running]) -> Step {
    for (place, node) in places.iter().zip(nodes) {
        let connected = until("the nodes see each other and may write", ARRIVAL, || {
            node.must_run()?;
            let ready = place.get("/readyz").is_some_and(|(status, _)| status == 200);
            Ok((ready && place.figure("congvan_peers") >= Some(2)).then_some(()))
        });
        connected.map_err(|Failure(what)| {
            let said = place.get("/readyz").map(|(_, body)| body).unwrap_or_default();
            Failure(format!("{what}\n/readyz: {said}\n{}", node.log()))
        })?;
    }
    Ok(())
}

fn send_packet(stage: &Stage, packet: &Path) -> Step<String> {
    let packet = packet.display().to_string();
    let sent = stage.ask(A.home, &["send", "--to", B.code, "--to", C.code, "--packet", &packet])?;
    let id = text(&sent, "id")?;
    stage.done(
        &format!("{} gửi văn bản số {} trong sổ của mình", A.code, sent["number"]),
        format_args!("sent to {} and {}: {id}", B.code, C.code),
    );
    Ok(id)
}

/// The receiver gets back the packet and its files, byte for byte.
fn arrives_whole(stage: &Stage, receiver: &Agency, id: &str, packet: &[u8], parsed: &Packet) -> Step {
    stage.congvan(receiver.home, &["wait", id, "--timeout", "20"])?;
    let out = stage.path(&format!("{}.edxml", receiver.home));
    let files = stage.path(&format!("{}-files", receiver.home));
    let (out_text, files_text) = (out.display().to_string(), files.display().to_string());
    stage.congvan(receiver.home, &["export", id, "-o", &out_text, "--attachments", &files_text])?;
    let exported = fs::read(&out).context(out.display())?;
    ensure(exported == packet, || {
        let at = exported.iter().zip(packet).position(|(a, b)| a != b).unwrap_or(exported.len().min(packet.len()));
        format!(
            "{} exported {} bytes of {}; they differ from byte {at} on",
            receiver.code,
            exported.len(),
            packet.len()
        )
    })?;
    let mut sent = Vec::new();
    for attachment in parsed.attachments() {
        sent.push(attachment.file().context("an attachment")?.bytes.into_owned());
    }
    let mut received = Vec::new();
    if files.is_dir() {
        for file in fs::read_dir(&files).context(files.display())? {
            let path = file.context(files.display())?.path();
            received.push(fs::read(&path).context(path.display())?);
        }
    }
    sent.sort();
    received.sort();
    ensure(sent == received, || {
        let lengths = |files: &[Vec<u8>]| files.iter().map(|f| f.len().to_string()).collect::<Vec<_>>().join(", ");
        format!("{} has attachments of {} bytes, not of {}", receiver.code, lengths(&received), lengths(&sent))
    })?;
    stage.done(
        &format!("{} nhận đủ, đúng từng byte", receiver.code),
        format_args!("packet ({} bytes) and {} attachment(s) are identical to what was sent", packet.len(), sent.len()),
    );
    Ok(())
}

/// What an agency sees reported of a document: by whom, and what.
fn reported(stage: &Stage, agency: &Agency, id: &str) -> Step<BTreeSet<(String, String)>> {
    let shown = stage.ask(agency.home, &["show", id])?;
    let history = shown["history"].as_array().cloned().unwrap_or_default();
    history.iter().map(|status| Ok((text(status, "by")?, text(status, "status")?))).collect()
}

/// 01 arrived, by the nodes themselves; 03 accepted and 06 completed, by the clerks. The sender sees all
/// six, and what cannot follow is refused.
fn report_statuses(stage: &Stage, id: &str) -> Step {
    let of = |statuses: &[&str]| -> BTreeSet<_> {
        let both = [B, C].into_iter().flat_map(|receiver| statuses.iter().map(move |status| (receiver.code, *status)));
        both.map(|(by, status)| (by.to_owned(), status.to_owned())).collect()
    };
    until("the sender sees that both receivers' nodes reported 01", ARRIVAL, || {
        Ok((reported(stage, &A, id)? == of(&["01"])).then_some(()))
    })?;
    stage
        .done("Hai nút tự báo 01 đã đến, không cần ai bấm", "both receiving nodes reported 01, arrived, by themselves");
    for receiver in [B, C] {
        for status in ["03", "06"] {
            stage.congvan(receiver.home, &["status", id, status])?;
        }
    }
    until("the sender sees the statuses 01, 03 and 06 of both receivers", ARRIVAL, || {
        Ok((reported(stage, &A, id)? == of(&["01", "03", "06"])).then_some(()))
    })?;
    stage.done(
        "03 đã tiếp nhận, 06 hoàn thành từ cả hai nơi nhận; nơi gửi thấy đủ",
        "the sender sees statuses 01, 03 and 06 of both receivers",
    );
    let ran = stage.try_congvan(B.home, &["status", id, "02"])?;
    ensure(ran.code() == Some(1), || format!("02 after 06 was not refused\n{}", ran.in_full()))?;
    stage.done("02 sau 06 bị từ chối, không ghi gì", "02 after 06 is refused, and nothing is written");
    Ok(())
}

/// C stops; documents flow on; C comes back and catches up.
fn one_is_away(stage: &Stage, c: Running, place: &Place, bootstrap: &[String]) -> Step<Running> {
    let took = c.stop()?;
    stage.done(&format!("{} tắt máy", C.code), format_args!("SIGTERM: exit 0 after {} ms", took.as_millis()));
    let attachment = stage.path("phu-luc.txt");
    fs::write(&attachment, "Phụ lục kèm theo văn bản\n".repeat(20_000)).context("an attachment")?;
    let attachment = attachment.display().to_string();
    let mut ids = Vec::new();
    for (receiver, subject) in [(B, "Văn bản khi Sở Tài chính vắng mặt"), (C, "Văn bản chờ Sở Tài chính trở lại")]
    {
        let arguments = ["send", "--to", receiver.code, "--subject", subject, "--attach", &attachment];
        ids.push(text(&stage.ask(A.home, &arguments)?, "id")?);
    }
    stage.congvan(B.home, &["wait", &ids[0], "--timeout", "20"])?;
    stage.done("Văn bản vẫn đi: một cho nơi đang chạy, một chờ nơi vắng mặt", "two more documents were sent meanwhile");
    let mut back = stage.start_node(C.home, place, bootstrap)?;
    until("the node that came back may write again", ARRIVAL, || {
        back.must_run()?;
        Ok(place.get("/readyz").filter(|(status, _)| *status == 200))
    })
    .map_err(|Failure(what)| Failure(format!("{what}\n{}", back.log())))?;
    stage.congvan(C.home, &["wait", &ids[1], "--timeout", "20"])?;
    let files = stage.path("c-late").display().to_string();
    stage.congvan(
        C.home,
        &["export", &ids[1], "-o", &stage.path("late.edxml").display().to_string(), "--attachments", &files],
    )?;
    let late = fs::read(Path::new(&files).join("phu-luc.txt")).context("the late attachment")?;
    ensure(late == fs::read(&attachment).context("an attachment")?, || "the late attachment differs".to_owned())?;
    stage.done(&format!("{} trở lại và nhận đủ phần đã lỡ", C.code), "the node is back and has caught up");
    Ok(back)
}

/// A copy from each node; all genuine, all with one digest. Gives the path of one.
fn auditors_agree(stage: &Stage) -> Step<String> {
    let copy = |agency: &Agency| stage.path(&format!("copy-{}.cgva", agency.home)).display().to_string();
    let mut reports = Vec::new();
    let all_alike = || {
        reports.clear();
        for agency in &ALL {
            let path = copy(agency);
            let _ = fs::remove_file(&path);
            stage.congvan(agency.home, &["ledger", "export", "-o", &path])?;
            reports.push(text(&audit(stage, &path, 0)?, "digest")?);
        }
        Ok((reports[0] == reports[1] && reports[1] == reports[2]).then_some(()))
    };
    until("the three copies are alike", ARRIVAL, all_alike)?;
    stage.done("Ba bản sao sổ cái, ba lần kiểm toán: thật, đủ, giống nhau", format_args!("one digest: {}", reports[0]));
    Ok(copy(&A))
}

/// Audits a copy, which must end with `code`, and gives its report.
fn audit(stage: &Stage, path: &str, code: i32) -> Step<Value> {
    let ran = stage.try_congvan(A.home, &["--json", "audit", path])?;
    ensure(ran.code() == Some(code), || format!("the audit did not end with {code}\n{}", ran.in_full()))?;
    let report: Value = serde_json::from_slice(&ran.output.stdout).context(ran.in_full())?;
    Ok(match report {
        Value::Array(mut reports) if reports.len() == 1 => reports.remove(0),
        report => report,
    })
}

/// Where the last document of a copy stands: the byte in the middle of its entry, and its number.
fn middle_of_last_document(copy: &[u8]) -> Step<(usize, u64)> {
    let mut at = MAGIC.len();
    let mut last = None;
    while let Some(length) = copy.get(at..at + 4) {
        let length = length.try_into().map(u32::from_le_bytes).context("a frame's length")? as usize;
        let bytes = copy.get(at + 4..at + 4 + length).ok_or_else(|| Failure("a frame is cut short".to_owned()))?;
        if let Frame::Entry(entry) = Frame::from_bytes(bytes).context("a frame")? {
            let entry = UnverifiedEntry::parse(&entry).context("an entry")?;
            if entry.header().kind == Kind::DOCUMENT {
                last = Some((at + 4 + length / 2, entry.seq().get()));
            }
        }
        at += 4 + length;
    }
    last.ok_or_else(|| Failure("the copy holds no document".to_owned()))
}

/// One bit of one document of A is turned; the audit says so, and where.
fn altered_copy_is_found(stage: &Stage, copy: &str) -> Step {
    let mut bytes = fs::read(copy).context(copy)?;
    let (at, number) = middle_of_last_document(&bytes)?;
    bytes[at] ^= 1;
    let altered = stage.path("altered.cgva");
    fs::write(&altered, bytes).context(altered.display())?;
    let altered = altered.display().to_string();
    let report = audit(stage, &altered, 1)?;
    let violations = report["violations"].as_array().cloned().unwrap_or_default();
    let named = violations.iter().find(|v| v["agency"] == A.code && v["number"] == number);
    let named = named.ok_or_else(|| Failure(format!("no violation names {} number {number}: {report:#}", A.code)))?;
    let reason = text(named, "reason")?;
    ensure(!reason.is_empty(), || format!("the audit gives no reason: {report:#}"))?;
    let ran = stage.try_congvan(A.home, &["audit", &altered])?;
    let told = ran.in_full();
    ensure(told.contains(A.code) && told.contains(&number.to_string()) && told.contains(&reason), || {
        format!("the audit's own words leave out agency, number or reason\n{told}")
    })?;
    stage.done(
        &format!("Sửa một byte (thứ {at}) của một bản sao: kiểm toán phát hiện, thoát với mã 1"),
        format_args!("agency {}, number {number}: {reason}", A.code),
    );
    Ok(())
}
