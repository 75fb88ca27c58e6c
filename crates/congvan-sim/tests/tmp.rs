use congvan_sim::{Day, Scenario, run};
#[test]
fn tmp() {
    let base = Scenario::province(100, 1).hours(3.0);
    let day = base.day.unwrap();
    let calm = base.clone().calm();
    let c = calm.day.unwrap();
    let all = [
        ("all", base.clone()),
        ("calm", calm.clone()),
        ("calm+enemies", Scenario { day: Some(c), ..base.clone() }),
        ("calm+lines", Scenario { day: Some(Day { bad_lines: 150, ..c }), ..calm.clone() }),
        ("calm+night", Scenario { day: Some(Day { off_at_night: 600, ..c }), ..calm.clone() }),
        ("calm+parts", Scenario { day: Some(Day { parts: true, ..c }), ..calm.clone() }),
        (
            "calm+rest",
            Scenario { day: Some(Day { bad_lines: 0, parts: false, off_at_night: 0, ..day }), ..calm.clone() },
        ),
    ];
    for (name, s) in all {
        let began = std::time::Instant::now();
        match run(&s) {
            Ok(r) => {
                let at = |p: f64| r.delays_ms[((r.delays_ms.len() - 1) as f64 * p) as usize];
                println!(
                    "{name}: {:?} entries {} messages {} bytes {} in {:?}",
                    [0.1, 0.5, 0.9, 0.99, 1.0].map(at),
                    r.entries,
                    r.messages,
                    r.bytes,
                    began.elapsed()
                );
            }
            Err(e) => println!("{name}: {e}"),
        }
    }
}
