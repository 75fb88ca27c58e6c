//! Working days of small provinces, with all enemies; large ones with `CONGVAN_LONG=1`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_sim::{Report, Scenario, run};

fn day(agencies: usize, seed: u64) -> Report {
    run(&Scenario::province(agencies, seed)).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn a_small_province_has_its_day() {
    let reports: Vec<_> = (0..3).map(|seed| day(30, seed)).collect();
    for report in &reports {
        assert!(report.documents >= 30 && report.crashes >= 1, "{report:?}");
        assert!(report.bans > 0, "nobody noticed the enemies: {report:?}");
    }
    assert!(reports.iter().map(|report| report.restores).sum::<u64>() >= 1, "{reports:?}");
}

#[test]
fn a_failed_run_names_the_command_that_repeats_it() {
    let command = |scenario: Scenario| scenario.replay();
    let start = "cargo run --release -p congvan-sim -- --agencies";
    assert_eq!(command(Scenario::province(1_793, 5)), format!("{start} 1793 --seed 5 --day"));
    assert_eq!(
        command(Scenario::province(40, 5).hours(1.0).calm()),
        format!("{start} 40 --seed 5 --day --hours 1 --calm")
    );
    assert_eq!(command(Scenario::small(12, 3)), format!("{start} 12 --seed 3 --trouble"));
}

/// What a node spends on an entry beyond the entry itself grows by no more than the logarithm of the agencies.
#[test]
fn what_an_entry_costs_a_node_hardly_grows_with_the_province() {
    let cost = |agencies: usize| {
        let report = run(&Scenario::province(agencies, 1).calm().hours(1.0)).unwrap();
        let of_one = |total: u64| total as f64 / agencies as f64;
        let bytes = (of_one(report.bytes) - report.entry_bytes as f64) / report.entries as f64;
        (of_one(report.messages) / report.entries as f64, bytes)
    };
    let (small, large) = (cost(40), cost(160));
    let grown = 160f64.ln() / 40f64.ln();
    assert!(large.0 <= small.0 * grown, "messages: {small:?} {large:?}");
    assert!(large.1 <= small.1 * grown, "bytes: {small:?} {large:?}");
}

#[test]
fn a_whole_province_has_its_day() {
    if std::env::var_os("CONGVAN_LONG").is_none() {
        return println!("only with CONGVAN_LONG=1: it takes minutes");
    }
    let report = day(1_793, 1);
    assert!(report.documents >= 1_793, "{report:?}");
}
