//! A file of procedures, CSV or JSON, read into procedures. What is wrong is said with its row and column.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use congvan::core::blob::{BlobRef, CHUNK, Outliner};
use congvan::core::catalogue::{
    Date, Fee, Form, FormBlob, InForce, Level, OnlineService, PaymentChannel, ProcedureField, Title,
};
use congvan::core::limits::MAX_FORM;
use congvan::core::{BlobId, Bounded, Procedure, ProcedureCode, Sorted, Text};
use serde_json::Value;

use crate::attach::media_type;
use crate::exit::Failure;
use crate::text::Lang;

/// The most bytes of a file to load.
pub(crate) const MAX_FILE: u64 = 256 * 1024 * 1024;

/// What a file says of one field.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// A cell of a table.
    Words(String),
    /// A value of JSON.
    Json(Value),
}

/// One procedure of a file: the fields that it has.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// As a spreadsheet counts: the heading is row 1. Of JSON: the first object is 1.
    pub number: usize,
    pub code: ProcedureCode,
    /// Field, its column as written, and what stands there.
    pub cells: Vec<(ProcedureField, String, Given)>,
}

/// The field of a column, by its English or Vietnamese name.
pub(crate) fn field(name: &str) -> Option<ProcedureField> {
    let name = name.trim().to_lowercase();
    ProcedureField::ALL.iter().copied().find(|field| {
        [field.name(), field.english(), field.vietnamese()].contains(&name.as_str())
            || name == field.name().replace('_', " ")
    })
}

fn is_code(name: &str) -> bool {
    matches!(name.trim().to_lowercase().as_str(), "code" | "mã thủ tục" | "mã tthc" | "mã")
}

pub(crate) fn unknown_column(name: &str) -> String {
    let names: Vec<_> = ProcedureField::ALL.iter().map(|field| field.name()).collect();
    format!("{name:?} is no field of a procedure; they are code, {}", names.join(", "))
}

/// A day: `yyyy/MM/dd`, `yyyy-MM-dd`, or `dd/MM/yyyy` as spreadsheets in Vietnam have it.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    let text = text.trim();
    let parts: Vec<&str> = text.split(['/', '-']).collect();
    let ordered = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => format!("{year}/{month}/{day}"),
        [day, month, year] if year.len() == 4 => format!("{year}/{month}/{day}"),
        _ => text.to_owned(),
    };
    ordered.parse::<Date>().map_err(|_| format!("{text:?} is not a date; write yyyy/MM/dd, such as 2026/01/31"))
}

impl Given {
    fn text(&self) -> Result<String, String> {
        match self {
            Self::Words(words) => Ok(words.trim().to_owned()),
            Self::Json(Value::Null) => Ok(String::new()),
            Self::Json(Value::String(text)) => Ok(text.clone()),
            Self::Json(Value::Number(number)) => Ok(number.to_string()),
            Self::Json(other) => Err(format!("text is due, not {other}")),
        }
    }

    fn flag(&self) -> Result<bool, String> {
        if let Self::Json(Value::Bool(flag)) = self {
            return Ok(*flag);
        }
        let text = self.text()?;
        match text.to_lowercase().as_str() {
            "" | "0" | "no" | "false" | "không" => Ok(false),
            "1" | "x" | "yes" | "true" | "có" => Ok(true),
            _ => Err(format!("{text:?} is neither yes nor no (có, không)")),
        }
    }

    fn items(&self) -> Result<Vec<Given>, String> {
        match self {
            Self::Words(words) => {
                let items = words.split(['\n', '|']).map(str::trim).filter(|item| !item.is_empty());
                Ok(items.map(|item| Self::Words(item.to_owned())).collect())
            }
            Self::Json(Value::Null) => Ok(Vec::new()),
            Self::Json(Value::Array(items)) => Ok(items.iter().cloned().map(Self::Json).collect()),
            Self::Json(other) => Err(format!("a list is due, not {other}")),
        }
    }

    fn list<T, const MAX: usize>(
        &self,
        read: impl FnMut(Given) -> Result<T, String>,
    ) -> Result<Bounded<T, MAX>, String> {
        let items = self.items()?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Bounded::new(items).map_err(|error| error.to_string())
    }
}

fn bounded<const MAX: usize>(given: &Given) -> Result<Text<MAX>, String> {
    Text::new(given.text()?).map_err(|error| error.to_string())
}

fn day(given: &Given) -> Result<Option<Date>, String> {
    match given.text()? {
        text if text.is_empty() => Ok(None),
        text => date(&text).map(Some),
    }
}

fn fee(given: &Given) -> Result<Option<Fee>, String> {
    let text = given.text()?;
    if text.is_empty() {
        return Ok(None);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let amount = text.parse().map_err(|_| format!("{text} is more than can be counted"))?;
        return Ok(Some(Fee::Amount(amount)));
    }
    Ok(Some(Fee::Described(Text::new(text).map_err(|error| error.to_string())?)))
}

fn channel(given: Given) -> Result<PaymentChannel, String> {
    let part = |text: &str| text.trim().to_owned();
    let [kind, url, account] = match &given {
        Given::Json(Value::Object(parts)) => {
            let part = |name: &str| Given::Json(parts.get(name).cloned().unwrap_or(Value::Null)).text();
            [part("kind")?, part("url")?, part("account")?]
        }
        given => {
            let text = given.text()?;
            let parts: Vec<&str> = text.split(';').collect();
            match parts.as_slice() {
                [kind] => [part(kind), String::new(), String::new()],
                [kind, url] => [part(kind), part(url), String::new()],
                [kind, url, account] => [part(kind), part(url), part(account)],
                _ => return Err(format!("{text:?} is not kind; url; account")),
            }
        }
    };
    Ok(PaymentChannel {
        kind: Text::new(kind).map_err(|error| format!("kind: {error}"))?,
        url: Text::new(url).map_err(|error| format!("url: {error}"))?,
        account: Text::new(account).map_err(|error| format!("account: {error}"))?,
    })
}

/// Forms' files, each read once.
pub(crate) struct Forms {
    dir: PathBuf,
    read: BTreeMap<PathBuf, FormBlob>,
    /// Where the bytes of a form are.
    pub paths: BTreeMap<BlobId, PathBuf>,
}

impl Forms {
    /// Paths are taken from `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), read: BTreeMap::new(), paths: BTreeMap::new() }
    }

    fn form(&mut self, given: Given) -> Result<Form, String> {
        let (path, name, kind) = match &given {
            // As `show --json` has it: a form that is in the ledger.
            Given::Json(Value::Object(parts)) => {
                let part = |name: &str| Given::Json(parts.get(name).cloned().unwrap_or(Value::Null)).text();
                match (part("path")?, parts.get("blob").and_then(Value::as_str)) {
                    (path, Some(blob)) if path.is_empty() => {
                        let id: BlobId = blob.parse().map_err(|error| format!("blob: {error}"))?;
                        let len = parts.get("len").and_then(Value::as_u64).ok_or("len: a number is due")?;
                        return self::form(&part("name")?, &part("media_type")?, BlobRef { id, len });
                    }
                    (path, _) => (path, part("name")?, part("media_type")?),
                }
            }
            given => (given.text()?, String::new(), String::new()),
        };
        let path = self.dir.join(&path);
        let blob = self.blob(&path)?;
        let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = if name.is_empty() { own } else { name };
        let kind = if kind.is_empty() { media_type(&path).to_owned() } else { kind };
        form(&name, &kind, blob.blob())
    }

    fn blob(&mut self, path: &Path) -> Result<FormBlob, String> {
        if let Some(blob) = self.read.get(path) {
            return Ok(*blob);
        }
        let named = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = File::open(path).map_err(named)?;
        let metadata = file.metadata().map_err(named)?;
        if !metadata.is_file() {
            return Err(format!("{}: not a file", path.display()));
        }
        let mut outliner = Outliner::default();
        // One byte over the bound is enough to know.
        let mut left = MAX_FORM + 1;
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            let take = left.min(CHUNK as u64);
            file.by_ref().take(take).read_to_end(&mut chunk).map_err(named)?;
            left -= chunk.len() as u64;
            let last = chunk.len() < CHUNK;
            if !chunk.is_empty() || file.stream_position().map_err(named)? == 0 {
                outliner.push(&chunk).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            if last {
                break;
            }
        }
        let blob = FormBlob::new(outliner.finish().blob()).map_err(|error| format!("{}: {error}", path.display()))?;
        self.read.insert(path.to_owned(), blob);
        self.paths.insert(blob.blob().id, path.to_owned());
        Ok(blob)
    }
}

fn form(name: &str, media_type: &str, blob: BlobRef) -> Result<Form, String> {
    Ok(Form {
        name: Text::new(name).map_err(|error| format!("name: {error}"))?,
        media_type: Text::new(media_type).map_err(|error| format!("media_type: {error}"))?,
        blob: FormBlob::new(blob).map_err(|error| error.to_string())?,
    })
}

impl Row {
    /// The procedure that follows from what is live and from this row: fields that the row does not have
    /// stay. Else every error, with row and column.
    pub(crate) fn procedure(
        &self,
        live: Option<Procedure>,
        forms: &mut Forms,
        lang: Lang,
    ) -> Result<Procedure, Vec<String>> {
        let mut errors = Vec::new();
        let place = |column: &str, error: String| match self.number {
            0 => format!("{column}: {error}"),
            row => lang.e_cell(row, column, error),
        };
        let name = self.cells.iter().find(|(field, ..)| *field == ProcedureField::Name);
        let mut title = live.as_ref().map(|live| live.name.clone());
        match name {
            Some((_, column, given)) => {
                match given.text().and_then(|text| Title::new(text).map_err(|error| error.to_string())) {
                    Ok(named) => title = Some(named),
                    Err(error) => errors.push(place(column, error)),
                }
            }
            None if title.is_none() => errors.push(place("name", "a procedure needs a name".to_owned())),
            None => {}
        }
        let placeholder = || Title::new("?").ok();
        // With an error nothing is returned, so any name will do to find the others.
        let Some(title) = title.or_else(placeholder) else { return Err(errors) };
        let mut procedure = live.unwrap_or_else(|| Procedure::new(self.code.clone(), title.clone()));
        procedure.name = title;
        let mut force = (procedure.in_force.from(), procedure.in_force.until());
        let mut force_column = "in_force_until";
        for (field, column, given) in &self.cells {
            if matches!(field, ProcedureField::InForceFrom | ProcedureField::InForceUntil) {
                force_column = column;
            }
            if let Err(error) = set(&mut procedure, &mut force, *field, given, forms) {
                errors.push(place(column, error));
            }
        }
        match InForce::new(force.0, force.1) {
            Ok(in_force) => procedure.in_force = in_force,
            Err(error) => errors.push(place(force_column, error.to_string())),
        }
        match errors.is_empty() {
            true => Ok(procedure),
            false => Err(errors),
        }
    }
}

fn set(
    procedure: &mut Procedure,
    force: &mut (Option<Date>, Option<Date>),
    field: ProcedureField,
    given: &Given,
    forms: &mut Forms,
) -> Result<(), String> {
    match field {
        // Set before all others.
        ProcedureField::Name => {}
        ProcedureField::Field => procedure.field = bounded(given)?,
        ProcedureField::Levels => {
            // Levels have no spaces of their own, so commas and semicolons divide them too.
            let words = match given {
                Given::Words(words) => Given::Words(words.replace([',', ';'], "|")),
                json => json.clone(),
            };
            let read = |item: Given| item.text()?.parse::<Level>().map_err(|error| error.to_string());
            let levels = words.items()?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
            procedure.levels = Sorted::from_unsorted(levels).map_err(|error| error.to_string())?;
        }
        ProcedureField::Applicants => procedure.applicants = given.list(|item| bounded(&item))?,
        ProcedureField::Fee => procedure.payment.fee = fee(given)?,
        ProcedureField::OnlinePayment => procedure.payment.online = given.flag()?,
        ProcedureField::PaymentChannels => procedure.payment.channels = given.list(channel)?,
        ProcedureField::LegalBasis => procedure.legal_basis = given.list(|item| bounded(&item))?,
        ProcedureField::Steps => procedure.steps = given.list(|item| bounded(&item))?,
        ProcedureField::Forms => procedure.forms = given.list(|item| forms.form(item))?,
        ProcedureField::Term => procedure.term = bounded(given)?,
        ProcedureField::Result => procedure.result = bounded(given)?,
        ProcedureField::InForceFrom => force.0 = day(given)?,
        ProcedureField::InForceUntil => force.1 = day(given)?,
        ProcedureField::Office => procedure.one_stop.office = bounded(given)?,
        ProcedureField::Place => procedure.one_stop.place = bounded(given)?,
        ProcedureField::OnlineService => {
            procedure.one_stop.online = match given.text()? {
                text if text.is_empty() => OnlineService::None,
                text => text.parse().map_err(|error: congvan::core::catalogue::NotAPart| error.to_string())?,
            }
        }
        ProcedureField::OnlineUrl => procedure.one_stop.url = bounded(given)?,
        ProcedureField::ByPost => procedure.one_stop.by_post = given.flag()?,
        ProcedureField::CaseType => procedure.one_stop.case_type = bounded(given)?,
    }
    Ok(())
}

/// The rows of a file, by its name's ending.
pub(crate) fn read(path: &Path, lang: Lang) -> Result<Vec<Row>, Failure> {
    let mut file = File::open(path).map_err(Failure::file(path))?;
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(Failure::file(path))?;
    let wrong = |errors: Vec<String>| Failure::Load(path.to_owned(), errors);
    if bytes.len() as u64 > MAX_FILE {
        return Err(wrong(vec![format!("the file has more than {MAX_FILE} bytes")]));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        wrong(vec![format!("line {line} is not UTF-8: save it as CSV UTF-8")])
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rows = match path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        true => of_json(text, lang),
        false => of_csv(text, lang),
    };
    rows.map_err(wrong)
}

/// Spreadsheets in Vietnam divide by semicolons, and some by tabs.
fn delimiter(text: &str) -> u8 {
    let heading = text.lines().next().unwrap_or_default();
    [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|byte| {
            // Of equals, the comma.
            (heading.bytes().filter(|b| b == byte).count(), *byte == b',')
        })
        .unwrap_or(b',')
}

fn of_csv(text: &str, lang: Lang) -> Result<Vec<Row>, Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter(text)).from_reader(text.as_bytes());
    let headings = reader.headers().map_err(|error| vec![error.to_string()])?.clone();
    let mut errors = Vec::new();
    let mut code = None;
    let mut columns: Vec<(usize, ProcedureField, String)> = Vec::new();
    for (at, heading) in headings.iter().enumerate() {
        match field(heading) {
            _ if is_code(heading) => code = code.or(Some((at, heading.to_owned()))),
            Some(field) if columns.iter().any(|(_, known, _)| *known == field) => {
                errors.push(lang.e_cell(1, heading, "this field has a column already"));
            }
            Some(field) => columns.push((at, field, heading.to_owned())),
            None => errors.push(lang.e_cell(1, heading, unknown_column(heading))),
        }
    }
    let Some((code_at, code_column)) = code else {
        errors.push(lang.e_row(1, "the column code (mã thủ tục) is missing"));
        return Err(errors);
    };
    let mut rows = Vec::new();
    for (record, number) in reader.records().zip(2..) {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                errors.push(lang.e_row(number, error));
                continue;
            }
        };
        let cell = |at: usize| record.get(at).unwrap_or_default();
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match ProcedureCode::new(cell(code_at).trim()) {
            Ok(code) => {
                let given = |(at, field, column): &(usize, ProcedureField, String)| {
                    (*field, column.clone(), Given::Words(cell(*at).to_owned()))
                };
                rows.push(Row { number, code, cells: columns.iter().map(given).collect() });
            }
            Err(error) => errors.push(lang.e_cell(number, &code_column, error)),
        }
    }
    unique(rows, errors, lang)
}

fn of_json(text: &str, lang: Lang) -> Result<Vec<Row>, Vec<String>> {
    let value: Value = serde_json::from_str(text).map_err(|error| vec![error.to_string()])?;
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut object) => match object.remove("procedures") {
            Some(Value::Array(list)) => list,
            _ => return Err(vec!["a list of procedures is due".to_owned()]),
        },
        _ => return Err(vec!["a list of procedures is due".to_owned()]),
    };
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (value, number) in list.into_iter().zip(1..) {
        let Value::Object(object) = value else {
            errors.push(lang.e_row(number, "an object is due"));
            continue;
        };
        let mut code = None;
        let mut cells = Vec::new();
        for (name, value) in object {
            match field(&name) {
                _ if is_code(&name) => code = Some(Given::Json(value).text()),
                Some(field) => cells.push((field, name, Given::Json(value))),
                None => errors.push(lang.e_cell(number, &name, unknown_column(&name))),
            }
        }
        match code.unwrap_or(Ok(String::new())).map(|code| ProcedureCode::new(code).map_err(|error| error.to_string()))
        {
            Ok(Ok(code)) => rows.push(Row { number, code, cells }),
            Ok(Err(error)) | Err(error) => errors.push(lang.e_cell(number, "code", error)),
        }
    }
    unique(rows, errors, lang)
}

/// Each code once.
fn unique(rows: Vec<Row>, mut errors: Vec<String>, lang: Lang) -> Result<Vec<Row>, Vec<String>> {
    let mut first: BTreeMap<&ProcedureCode, usize> = BTreeMap::new();
    for row in &rows {
        match first.get(&row.code) {
            Some(before) => errors.push(lang.e_row(row.number, format!("{} stands in row {before} too", row.code))),
            None => drop(first.insert(&row.code, row.number)),
        }
    }
    match errors.is_empty() {
        true => Ok(rows),
        false => Err(errors),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn one(text: &str) -> Procedure {
        let rows = of_csv(text, Lang::En).unwrap();
        rows[0].procedure(None, &mut Forms::new(Path::new(".")), Lang::En).unwrap()
    }

    #[test]
    fn both_languages_and_three_delimiters_say_the_same() {
        let english = one("code,name,levels,fee\n1.1,Khai sinh,\"commune, district\",8000\n");
        assert_eq!(
            one("Mã thủ tục;Tên thủ tục;Cấp thực hiện;Phí, lệ phí\n1.1;Khai sinh;cấp xã, huyện;8000\n"),
            english
        );
        assert_eq!(one("code\tname\tlevels\tfee\n1.1\tKhai sinh\txã|huyện\t8000\n"), english);
        assert_eq!(english.payment.fee, Some(Fee::Amount(8_000)));
    }

    #[test]
    fn days_are_understood_as_people_write_them() {
        for text in ["2026/01/31", "2026-01-31", "31/01/2026"] {
            assert_eq!(date(text).unwrap().to_string(), "2026/01/31");
        }
        for text in ["2026/02/30", "1/1/26", "", "01/31/2026"] {
            assert!(date(text).unwrap_err().contains("yyyy/MM/dd"), "{text}");
        }
    }

    #[test]
    fn every_error_of_a_file_is_said_with_its_place() {
        let text = "code,name,fee,in_force_from,in_force_until,levels\n\
                    1.1,,0,2026/02/30,,xã\n\
                    1 2,Hai,0,,,\n\
                    1.1,Ba,0,,,\n";
        let errors = of_csv(text, Lang::En).unwrap_err();
        assert!(errors[0].starts_with("row 3, column code: ") && errors[1].contains("row 4: 1.1 stands in row 2 too"));
        let text = "code,name,in_force_from,in_force_until,levels\n1.1, ,30/02/2026,,làng\n";
        let rows = of_csv(text, Lang::En).unwrap();
        let errors = rows[0].procedure(None, &mut Forms::new(Path::new(".")), Lang::En).unwrap_err();
        let columns: Vec<_> = errors.iter().map(|error| error.split(':').next().unwrap()).collect();
        assert_eq!(columns, ["row 2, column name", "row 2, column in_force_from", "row 2, column levels"]);
        let errors = of_csv("code,name,price\n", Lang::En).unwrap_err();
        assert!(errors[0].starts_with("row 1, column price: ") && errors[0].contains("online_payment"), "{errors:?}");
        assert!(of_csv("name\nMột\n", Lang::En).unwrap_err()[0].contains("code (mã thủ tục)"));
        assert!(of_csv("code,name\n1.1\n", Lang::En).unwrap_err()[0].starts_with("row 2: "));
    }

    #[test]
    fn a_bound_is_named() {
        let long = "a".repeat(4_097);
        let rows = of_csv(&format!("code,name,term\n1.1,Một,{long}\n"), Lang::En).unwrap();
        let errors = rows[0].procedure(None, &mut Forms::new(Path::new(".")), Lang::En).unwrap_err();
        assert_eq!(errors, ["row 2, column term: the text has 4097 bytes; at most 4096 are allowed"]);
    }
}
