//! What is due, as a clerk asks for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;

use common::{H55, Net, TTTT, json, run};
use serde_json::{Value, json};

/// What a list holds of each thing: its document, who has to do what, and how late it is.
fn told(listed: &Value) -> Vec<[Value; 4]> {
    let due = listed.as_array().unwrap();
    due.iter().map(|due| ["code", "by", "step", "lateness"].map(|key| due[key].clone())).collect()
}

fn of(code: &str, step: &str, lateness: &str) -> [Value; 4] {
    [code, TTTT, step, lateness].map(Value::from)
}

/// Three documents: one whose date has long passed, one that is due in three days, one without a date.
fn three_documents(net: &Net) -> Vec<String> {
    let today = jiff::tz::offset(7).to_datetime(jiff::Timestamp::now()).date();
    let date = |days: i64| today.saturating_add(jiff::Span::new().days(days)).strftime("%Y/%m/%d").to_string();
    let documents = [("1", Some(date(-30))), ("2", Some(date(3))), ("3", None)];
    let sent = documents.into_iter().map(|(number, due)| {
        let mut words = vec!["send", "--offline", "--to", TTTT, "--subject", "Báo cáo", "--number", number];
        let due = due.unwrap_or_default();
        if !due.is_empty() {
            words.extend(["--due", &due]);
        }
        json(&net.path("h55"), &words).ok().json()["id"].as_str().unwrap().to_owned()
    });
    let sent = sent.collect();
    net.carry("h55", "tttt");
    sent
}

#[test]
fn what_is_late_is_listed_on_both_sides_until_it_is_settled() {
    let net = Net::new();
    let documents = three_documents(&net);
    // Every minute counts, so that what is due does not depend on the hour at which this runs.
    let config = net.str("node.toml");
    let week = r#"["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#;
    fs::write(
        &config,
        format!(
            "[deadlines]\nsoon = \"7d\"\n[deadlines.reception]\nnormal = \"100d\"\n\
             [deadlines.calendar]\nworking_days = {week}\nmorning = \"00:00-12:00\"\nafternoon = \"12:00-23:59\"\n"
        ),
    )
    .unwrap();
    let due = |agency: &str, words: &[&str]| {
        let words = [&["due", "--config", &config], words].concat();
        json(&net.path(agency), &words).ok().json()
    };

    let received = due("tttt", &["--received"]);
    assert_eq!(told(&received["received"]), [of("1", "complete", "overdue"), of("2", "complete", "soon")]);
    assert_eq!(received["received"][0]["from"], H55);
    assert!(received.get("sent").is_none(), "{received}");
    // The sender also asks what was never answered.
    let sent = due("h55", &[]);
    assert_eq!(sent["received"], json!([]));
    let expected = [of("1", "complete", "overdue"), of("1", "answer", "unanswered"), of("2", "complete", "soon")];
    assert_eq!(told(&sent["sent"]), expected);
    for (option, lateness) in [("--overdue", "overdue"), ("--unanswered", "unanswered"), ("--soon", "soon")] {
        let some = due("h55", &["--sent", option]);
        let expected: Vec<_> = expected.iter().filter(|due| due[3] == lateness).cloned().collect();
        assert_eq!(told(&some["sent"]), expected, "{option}");
    }

    // In words, in the clerk's language.
    let page = run(&net.path("tttt"), &["--lang", "vi", "due", "--overdue", "--config", &config]);
    page.ok().says(&documents[0][..8]).says("Báo cáo").says("quá hạn");

    // Done is done, on both sides.
    for code in ["03", "06"] {
        net.tttt(&["status", "--offline", &documents[0], code]).ok();
    }
    net.carry("tttt", "h55");
    assert_eq!(told(&due("tttt", &["--received"])["received"]), [of("2", "complete", "soon")]);
    assert_eq!(told(&due("h55", &["--sent"])["sent"]), [of("2", "complete", "soon")]);
}

#[test]
fn a_configuration_that_cannot_be_read_names_its_file() {
    let net = Net::new();
    let config = net.str("node.toml");
    fs::write(&config, "[deadlines]\nsoon = \"7 parsecs\"\n").unwrap();
    net.tttt(&["due", "--config", &config]).fails(2).says("node.toml").says("soon");
    net.tttt(&["due", "--config", &net.str("none.toml")]).fails(2).says("none.toml");
    run(&net.path("tttt"), &["due", "--soon", "--overdue"]).fails(2);
}
