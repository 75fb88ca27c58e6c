//! The catalogue from the command line: files in, changes out, and the right that it needs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{H55, Net, Ran, TTTT, congvan, json, run, sample};
use serde_json::Value;

/// The registrar lets H55 publish.
fn publishing() -> Net {
    let net = Net::new();
    net.registrar(&["roster", "rights", H55, "--publish", "on"]).ok().says("number 1");
    net.share_roster(&["h55", "tttt", "tc"]);
    net
}

fn catalogue(net: &Net, words: &[&str]) -> Ran {
    json(&net.path("h55"), &[&["catalogue"], words].concat())
}

fn load(net: &Net, file: &Path, more: &[&str]) -> Ran {
    catalogue(net, &[&["load", file.to_str().unwrap(), "--offline"], more].concat())
}

fn counts(loaded: &Value) -> [usize; 5] {
    let len = |name: &str| loaded[name].as_array().unwrap().len();
    let number = |name: &str| loaded[name].as_u64().unwrap() as usize;
    [len("new"), len("changed"), len("retired"), number("unchanged"), number("written")]
}

#[test]
fn a_file_is_shown_first_then_written_once_and_read_elsewhere() {
    let net = publishing();
    let (table, list) = (sample("thu-tuc.csv"), sample("thu-tuc.json"));
    assert_eq!(counts(&load(&net, &table, &["--dry-run"]).ok().json()), [12, 0, 0, 0, 0]);
    assert_eq!(catalogue(&net, &["list"]).ok().json()["procedures"].as_array().unwrap().len(), 0);
    assert_eq!(counts(&load(&net, &table, &[]).ok().json()), [12, 0, 0, 0, 12]);
    assert_eq!(counts(&load(&net, &table, &[]).ok().json()), [0, 0, 0, 12, 0], "a second time there is nothing to do");
    assert_eq!(counts(&load(&net, &list, &[]).ok().json()), [0, 0, 0, 12, 0], "both files say the same");
    let next = catalogue(&net, &["changes"]).ok().json()["next"].to_string();

    let amend = ["amend", "1.900003", "--offline", "--set", "fee=10000", "--set", "hiệu lực đến=31/12/2027"];
    catalogue(&net, &amend).ok();
    catalogue(&net, &["retire", "1.900010", "--offline", "--reason", "Quyết định mẫu", "--from", "2026/07/01"]).ok();
    let changes = catalogue(&net, &["changes", "--since", &next]).ok().json();
    let fields = changes["changes"][0]["fields"].as_array().unwrap();
    let fields: Vec<_> = fields.iter().map(|f| (f["field"].as_str().unwrap(), &f["before"], &f["after"])).collect();
    assert_eq!(
        fields,
        [("fee", &8_000.into(), &10_000.into()), ("in_force_until", &Value::Null, &"2027/12/31".into())]
    );
    assert_eq!(changes["changes"][1]["change"], "retired");
    assert_eq!(changes["changes"].as_array().unwrap().len(), 2);

    // The file again undoes what was amended by hand, field by field, and brings the retired one back.
    let shown = load(&net, &table, &["--dry-run"]).ok().json();
    assert_eq!(counts(&shown), [1, 1, 0, 10, 0]);
    assert_eq!(shown["changed"][0]["fields"].as_array().unwrap().len(), 2);
    let people = net.h55(&["catalogue", "load", table.to_str().unwrap(), "--dry-run", "--lang", "vi"]).ok();
    people.says("phí, lệ phí: 10000 đồng → 8000 đồng").says("hiệu lực đến: 2027/12/31 → (trống)").says("Chưa ghi gì");

    // A shorter file retires the rest only when told to.
    let short = net.path("short.json");
    std::fs::write(&short, r#"[{"code": "1.900001"}]"#).unwrap();
    assert_eq!(counts(&load(&net, &short, &[]).ok().json()), [0, 0, 0, 1, 0]);
    let retired = load(&net, &short, &["--retire-missing", "--reason", "Quyết định mẫu 2"]).ok().json();
    assert_eq!(counts(&retired), [0, 0, 10, 1, 10]);

    net.carry("h55", "tttt");
    let there = json(&net.path("tttt"), &["catalogue", "list", "--retired"]).ok().json();
    assert_eq!(there["procedures"].as_array().unwrap().len(), 12);
    let forms = net.str("forms");
    let shown = json(&net.path("tttt"), &["catalogue", "show", "1.900001", "--forms", &forms]).ok().json();
    assert_eq!((&shown["life"], &shown["procedure"]["forms"][0]["present"]), (&"live".into(), &true.into()));
    let form = std::fs::read(net.path("forms").join("to-khai-khai-sinh.txt")).unwrap();
    assert_eq!(form, std::fs::read(sample("mau-don/to-khai-khai-sinh.txt")).unwrap());
    net.tttt(&["catalogue", "show", "1.900002", "--lang", "vi"]).ok().says("đã bãi bỏ").says("Quyết định mẫu 2");
    json(&net.path("tttt"), &["audit", net.str("tttt").as_str()]).ok().says("\"live\":1");
}

#[test]
fn without_the_right_nothing_is_published_and_the_message_says_who_gives_it() {
    let net = publishing();
    let refused = net.tttt(&["catalogue", "publish", "2.1", "--offline", "--set", "name=Một"]).fails(1);
    refused.says(&format!("congvan roster rights {TTTT} --publish on"));
    let listed = net.registrar(&["roster", "list"]).ok();
    assert!(listed.out.lines().any(|line| line.starts_with(H55) && line.contains("publishes")), "{listed:?}");
    assert!(listed.out.lines().any(|line| line.starts_with(TTTT) && !line.contains("publishes")), "{listed:?}");
    let agencies = json(&net.path("h55"), &["roster", "list"]).ok().json();
    assert_eq!(agencies["agencies"][0]["rights"], serde_json::json!(["publish"]));

    net.h55(&["catalogue", "publish", "1.1", "--offline", "--set", "name=Một"]).ok().says("number 1");
    net.h55(&["catalogue", "publish", "1.1", "--offline", "--set", "name=Một"]).fails(1).says("already");
    net.h55(&["catalogue", "amend", "1.2", "--offline", "--set", "name=Hai"]).fails(2).says("never published");
    net.h55(&["catalogue", "amend", "1.1", "--offline", "--set", "price=1"]).fails(2).says("online_payment");
    net.h55(&["catalogue", "retire", "1 2", "--offline"]).fails(2).says("' '");
    net.h55(&["catalogue", "show", "9.9"]).fails(3).says("9.9");
    // Withdrawn, it is gone for the next number.
    net.carry("h55", "registrar");
    net.registrar(&["roster", "rights", H55, "--publish", "off"]).ok().says("number 2");
    net.share_roster(&["h55"]);
    net.h55(&["catalogue", "retire", "1.1", "--offline"]).fails(1).says("no right");
    assert_eq!(catalogue(&net, &["list"]).ok().json()["procedures"].as_array().unwrap().len(), 1);
}

#[test]
fn a_faulty_file_is_refused_whole_with_every_place_named() {
    let net = publishing();
    let file = net.path("sai.csv");
    let long = "a".repeat(4_097);
    std::fs::write(&file, format!("code,name,fee,levels,in_force_from,term,forms\n1.1,Một,,xã,2026/02/30,,\n1.2,,,làng,,,\n1.3,Ba,,,,{long},none.pdf\n")).unwrap();
    let refused = run(&net.path("h55"), &["catalogue", "load", file.to_str().unwrap(), "--offline"]).fails(2);
    for place in [
        "row 2, column in_force_from: \"2026/02/30\" is not a date",
        "row 3, column name: a procedure needs a name",
        "row 3, column levels: \"làng\"",
        "row 4, column term: the text has 4097 bytes; at most 4096 are allowed",
        "row 4, column forms: ",
    ] {
        assert!(refused.err.contains(place), "{place:?} is not in {refused:?}");
    }
    std::fs::write(&file, b"code,name\n1.1,\xff\n").unwrap();
    run(&net.path("h55"), &["catalogue", "load", file.to_str().unwrap(), "--offline"])
        .fails(2)
        .says("line 2 is not UTF-8");
    assert_eq!(catalogue(&net, &["changes"]).ok().json()["changes"].as_array().unwrap().len(), 0);
}

#[test]
fn a_load_that_was_killed_writes_the_rest_when_it_is_run_again() {
    const COUNT: usize = 6_000;
    let net = publishing();
    let file = net.path("lon.csv");
    let mut text = String::from("code,name,steps\n");
    for n in 0..COUNT {
        writeln!(text, "1.{n},Thủ tục {n},{}", format!("Bước của {n}|").repeat(40)).unwrap();
    }
    std::fs::write(&file, text).unwrap();
    let mut child = congvan();
    child.args(["--dir", &net.str("h55"), "catalogue", "load", file.to_str().unwrap(), "--offline"]);
    let mut child = child.spawn().unwrap();
    // Whoever reads needs no lock: as soon as some stand, the writer dies.
    let deadline = Instant::now() + Duration::from_secs(60);
    let some = || run(&net.path("h55"), &["audit", "--json", net.str("h55").as_str()]).out.contains("\"live\":");
    while !some() && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "nothing is written");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let again = load(&net, &file, &[]).ok().json();
    let [new, changed, retired, unchanged, written] = counts(&again);
    println!("killed after {unchanged} of {COUNT}");
    assert_eq!((new + unchanged, changed, retired, written), (COUNT, 0, 0, new));
    assert!(unchanged > 0, "some were there");
    let report = json(&net.path("h55"), &["audit", net.str("h55").as_str()]).ok().json();
    assert_eq!(report["catalogue"][0]["live"], COUNT);
    assert_eq!(report["catalogue"][0]["flagged"], serde_json::json!([]));
}

/// Every command of the page, in its order, in a directory that has the sample data.
#[test]
fn the_pages_commands_do_what_it_says() {
    let page = include_str!("../../../docs/catalogue.md");
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("examples/data");
    std::fs::create_dir_all(data.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(sample(".").canonicalize().unwrap(), data).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_congvan")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let blocks: Vec<&str> = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 4, "the page has commands");
    for block in blocks {
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", block]).current_dir(dir.path()).env("PATH", &path).env("LANG", "C.UTF-8");
        for name in ["CONGVAN_DIR", "CONGVAN_LANG", "CONGVAN_PASSPHRASE", "LC_ALL", "LC_MESSAGES"] {
            shell.env_remove(name);
        }
        let ran: Ran = shell.output().unwrap().into();
        assert_eq!(ran.code, 0, "{block}\n{ran:?}");
    }
}
