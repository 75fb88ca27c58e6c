//! A publisher's catalogue: what each entry says, and what becomes of it.

use congvan_core::blob::BlobRef;
use congvan_core::catalogue::{
    Catalogue, Date, Fee, Form, FormBlob, InForce, Level, Life, OneStop, OnlineService, Payment, PaymentChannel,
    Retirement, Title, differences,
};
use congvan_core::limits::{MAX_FORM, MAX_STEPS};
use congvan_core::*;
use serde_json::{Value, json};

use super::valid::{hex, outline, pattern};

fn date(text: &str) -> Option<Date> {
    Some(text.parse().unwrap())
}

fn bare(code: &str, name: &str) -> Procedure {
    Procedure::new(code.parse().unwrap(), Title::new(name).unwrap())
}

/// With something in every field.
fn full() -> Procedure {
    let text = |text: &str| Text::new(text).unwrap();
    Procedure {
        field: Text::new("Hộ tịch").unwrap(),
        levels: Sorted::new(vec![Level::District, Level::Commune]).unwrap(),
        applicants: Bounded::new(vec![Text::new("Công dân Việt Nam").unwrap()]).unwrap(),
        payment: Payment {
            fee: Some(Fee::Amount(8_000)),
            online: true,
            channels: Bounded::new(vec![PaymentChannel {
                kind: Text::new("Cổng thanh toán").unwrap(),
                url: Text::new("https://thanhtoan.example/h55").unwrap(),
                account: Text::new("H55-01").unwrap(),
            }])
            .unwrap(),
        },
        legal_basis: Bounded::new(vec![text("Luật Hộ tịch 2014")]).unwrap(),
        steps: Bounded::new(vec![Text::new("Nộp hồ sơ").unwrap(), Text::new("Nhận kết quả").unwrap()]).unwrap(),
        forms: Bounded::new(vec![Form {
            name: Text::new("to-khai.pdf").unwrap(),
            media_type: Text::new("application/pdf").unwrap(),
            blob: FormBlob::new(outline(&pattern(300)).blob()).unwrap(),
        }])
        .unwrap(),
        term: text("Ngay trong ngày"),
        result: text("Giấy khai sinh"),
        in_force: InForce::new(date("2026/01/01"), date("2028/02/29")).unwrap(),
        one_stop: OneStop {
            office: Text::new("UBND cấp xã").unwrap(),
            place: text("Bộ phận một cửa"),
            online: OnlineService::Full,
            url: Text::new("https://dichvucong.example/1.001193").unwrap(),
            by_post: true,
            case_type: Text::new("HT-KS").unwrap(),
        },
        ..bare("1.001193", "Đăng ký khai sinh")
    }
}

fn retire(code: &str) -> ProcedureChange {
    let reason = Text::new("Quyết định số 12/QĐ-UBND").unwrap();
    ProcedureChange::Retire(Retirement { code: code.parse().unwrap(), reason, from: date("2026/07/01") })
}

/// Every cell of the table of lives, and the right taken away.
fn story() -> Vec<(Rights, ProcedureChange)> {
    let described = Fee::Described(Text::new("Theo biểu phí").unwrap());
    let mut amended = full();
    amended.payment.fee = Some(described);
    amended.steps = Bounded::new(vec![Text::new("Nộp hồ sơ").unwrap()]).unwrap();
    let other = bare("2.000815/H55", "Chứng thực bản sao");
    vec![
        (Rights::NONE, ProcedureChange::Publish(full())),
        (Rights::PUBLISH, ProcedureChange::Amend(full())),
        (Rights::PUBLISH, retire("1.001193")),
        (Rights::PUBLISH, ProcedureChange::Publish(full())),
        (Rights::PUBLISH, ProcedureChange::Publish(full())),
        (Rights::PUBLISH, ProcedureChange::Amend(amended.clone())),
        (Rights::PUBLISH, ProcedureChange::Publish(other.clone())),
        (Rights::PUBLISH, retire("1.001193")),
        (Rights::PUBLISH, ProcedureChange::Amend(amended)),
        (Rights::PUBLISH, retire("1.001193")),
        (Rights::PUBLISH, ProcedureChange::Publish(bare("1.001193", "Đăng ký khai sinh lại"))),
        (Rights(2), retire("2.000815/H55")),
        (Rights(3), ProcedureChange::Amend(other)),
    ]
}

pub(crate) fn life(life: Life) -> &'static str {
    match life {
        Life::Unknown => "unknown",
        Life::Live => "live",
        Life::Retired => "retired",
    }
}

pub(crate) fn state(catalogue: &Catalogue) -> Value {
    catalogue
        .records()
        .map(|record| {
            let retired = record.retired.as_ref();
            json!({
                "code": record.procedure.code.as_str(),
                "procedure": hex(record.procedure.to_bytes()),
                "published": record.published.get(),
                "changed": record.changed.get(),
                "retired": retired.map(|end| json!({ "reason": end.reason.as_str(), "from": end.from.map(|d| d.to_string()) })),
            })
        })
        .collect()
}

pub(crate) fn procedures() -> Value {
    let mut catalogue = Catalogue::default();
    let entries: Vec<_> = (1..)
        .zip(story())
        .map(|(number, (rights, change))| {
            let code = change.code().clone();
            let before = catalogue.get(&code).filter(|record| record.retired.is_none()).map(|r| r.procedure.clone());
            let payload = ProcedurePayload::new(change).unwrap();
            let payload_hex = hex(payload.to_bytes());
            let outcome = catalogue.apply(Seq::new(number).unwrap(), rights, payload.into_change());
            let changed = match (before, catalogue.get(&code)) {
                (Some(before), Some(after)) => differences(&before, &after.procedure),
                _ => Vec::new(),
            };
            json!({
                "number": number,
                "rights": rights.0,
                "payload": payload_hex,
                "code": code.as_str(),
                "outcome": outcome.map_or_else(|breach| breach.name(), life),
                "fields_changed": changed.iter().map(|difference| difference.field.name()).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "entries": entries, "catalogue": state(&catalogue) })
}

/// What no decoder may take.
pub(crate) fn refused() -> Vec<Value> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let retire =
        |code: &str, from: &str| [&[0, 0, 0, 0, 2, 0, 0, 0][..], &text(code), &text(""), &[1], &text(from)].concat();
    let publish = |procedure: &[u8]| [&[0; 8][..], procedure].concat();
    let plain = bare("A", "B").to_bytes();
    let levels = 9 + 9 + 8;
    let with = |at: usize, old: usize, new: &[u8]| publish(&[&plain[..at], new, &plain[at + old..]].concat());
    let level = |numbers: &[u32]| {
        let list = numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
        with(levels, 8, &[&(numbers.len() as u64).to_le_bytes()[..], &list].concat())
    };
    // Behind levels, applicants, fee, online, channels, legal basis.
    let steps = levels + 8 + 8 + 1 + 1 + 8 + 8;
    let many = [&(MAX_STEPS as u64 + 1).to_le_bytes()[..], &[0; 8 * (MAX_STEPS + 1)]].concat();
    let forms = steps + 8;
    let large = codec::encode(&BlobRef { id: BlobId::from_bytes([7; 32]), len: MAX_FORM + 1 });
    let form = [&1u64.to_le_bytes()[..], &text("a"), &text(""), &large].concat();
    // Behind forms, term, result.
    let force = forms + 8 + 8 + 8;
    let backwards = [&[1][..], &text("2026/01/02"), &[1], &text("2026/01/01")].concat();
    let case = |name: &str, bytes: Vec<u8>| json!({ "name": name, "type": "procedure change", "hex": hex(bytes), "reason": "malformed" });
    vec![
        case("an unknown version", [&[1, 0, 0, 0][..], &retire("A", "2026/01/01")[4..]].concat()),
        case("an unknown act", [&[0, 0, 0, 0, 3, 0, 0, 0][..], &text("A")].concat()),
        case("an empty code", retire("", "2026/01/01")),
        case("a code with a space", retire("1 001193", "2026/01/01")),
        case("a code of 65 characters", retire(&"1".repeat(65), "2026/01/01")),
        case("30 February", retire("A", "2026/02/30")),
        case("29 February of a common year", retire("A", "2100/02/29")),
        case("year 0", retire("A", "0000/01/01")),
        case("a date without zeros", retire("A", "2026/1/01")),
        case("a name of spaces", publish(&[&plain[..9], &text("  "), &plain[18..]].concat())),
        case("levels not sorted", level(&[2, 0])),
        case("a level twice", level(&[1, 1])),
        case("an unknown level", level(&[3])),
        case("129 steps", with(steps, 8, &many)),
        case("a form longer than MAX_FORM", with(forms, 8, &form)),
        case("in force until before it begins", with(force, 2, &backwards)),
    ]
}
