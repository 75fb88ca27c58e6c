//! Writing a document: one form that keeps what was typed and what was uploaded whenever it comes back, and that
//! sends once, however often it is sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::multipart::Multipart;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use congvan::core::document::{Business, Packaging, Relation, Signer};
use congvan::core::limits::{MAX_ADDRESSEES, MAX_ATTACHMENTS, MAX_SUBJECT};
use congvan::core::{AgencyCode, Attachment, Bounded, Digest, Envelope, Link, Standing, Text};
use congvan::{Node, Outgoing, ReadError, Source};
use maud::{Markup, html};
use serde::Deserialize;

use super::draft::{DraftError, MAX_TOTAL, Spooled};
use super::mailbox::folded;
use super::page::{self, Page, Part, icon};
use super::problem::Problem;
use super::text::Lang;
use super::who::{Fields, TOKEN, Who};
use super::{Console, MAX_FORM, session, time};

/// Agencies that a search shows.
const MAX_SHOWN: usize = 40;
/// The field of a form that says which document is being written.
const KEY: &str = "key";
/// The most bytes of a key.
const MAX_KEY: usize = 64;

/// A link to an earlier document, as the page's address names it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    answers: Option<String>,
    recalls: Option<String>,
    updates: Option<String>,
    replaces: Option<String>,
}

impl About {
    fn relation(self) -> Option<(Relation, String)> {
        let all = [
            (Relation::Answers, self.answers),
            (Relation::Recalls, self.recalls),
            (Relation::Updates, self.updates),
            (Relation::Replaces, self.replaces),
        ];
        all.into_iter().find_map(|(relation, id)| Some((relation, id?)))
    }
}

fn relation_name(relation: Relation) -> &'static str {
    match relation {
        Relation::Answers => "answers",
        Relation::Recalls => "recalls",
        Relation::Updates => "updates",
        Relation::Replaces => "replaces",
    }
}

fn relation_named(name: &str) -> Option<Relation> {
    [Relation::Answers, Relation::Recalls, Relation::Updates, Relation::Replaces]
        .into_iter()
        .find(|relation| relation_name(*relation) == name)
}

/// Everything that the form says.
#[derive(Debug, Default)]
struct Written {
    key: String,
    to: BTreeSet<String>,
    fields: Fields,
    /// What it is to which earlier document.
    about: Option<(Relation, String)>,
    files: Vec<Spooled>,
    /// What has to be put right.
    faults: Vec<String>,
}

/// `GET /send`
pub(crate) async fn compose(
    State(console): State<Arc<Console>>,
    who: Who,
    Query(about): Query<About>,
) -> Result<Response, Problem> {
    who.writes()?;
    let mut written = Written { key: session::random().map_err(Problem::internal)?, ..Written::default() };
    if let Some((relation, id)) = about.relation() {
        let lang = who.lang;
        let document = console.read(move |node| node.document(&id)).await??;
        let summary = document.summary;
        written.to = match relation {
            Relation::Answers => [summary.from].into(),
            _ => summary.to.into_iter().collect(),
        };
        let subject = match relation {
            Relation::Answers => lang.subject_answer(&summary.subject),
            Relation::Recalls => lang.subject_recall(&summary.subject),
            Relation::Updates | Relation::Replaces => summary.subject,
        };
        written.fields.set("subject".to_owned(), subject);
        written.about = Some((relation, summary.id));
    }
    show(&console, &who, written).await
}

/// `POST /send`
pub(crate) async fn send(State(console): State<Arc<Console>>, who: Who, form: Multipart) -> Result<Response, Problem> {
    who.writes()?;
    let mut written = receive(&console, &who, form).await?;
    let action = written.fields.get("action").to_owned();
    if let Some(number) = action.strip_prefix("drop-").and_then(|number| number.parse::<usize>().ok()) {
        if number < written.files.len() {
            written.files.remove(number);
        }
        return show(&console, &who, written).await;
    }
    if action != "send" || !written.faults.is_empty() {
        return show(&console, &who, written).await;
    }
    let outgoing = match outgoing(&console, who.lang, &mut written).await? {
        Some(outgoing) => outgoing,
        None => return show(&console, &who, written).await,
    };
    match console.node.send(outgoing).await {
        Ok(receipt) => {
            // The attachments' files go with `written`.
            let done = if receipt.repeated { "again" } else { "sent" };
            tracing::info!(user = %who.name, document = %receipt.entry.id, done, "sent in the console");
            Ok(Redirect::to(&format!("/documents/{}?done={done}", receipt.entry.id)).into_response())
        }
        Err(error) => {
            let (what, next) = Problem::from(error).said(who.lang);
            written.faults.push(format!("{what} {next}"));
            show(&console, &who, written).await
        }
    }
}

/// Reads the form: its token first, before any byte of an attachment is kept.
async fn receive(console: &Console, who: &Who, mut form: Multipart) -> Result<Written, Problem> {
    let lang = who.lang;
    let mut written = Written::default();
    let (mut signed, mut bytes) = (false, 0);
    let mut uploaded = Vec::new();
    while let Some(mut field) = form.next_field().await.map_err(|_| Problem::Form)? {
        let name = field.name().unwrap_or_default().to_owned();
        if field.file_name().is_some() {
            if !signed {
                return Err(Problem::Stale);
            }
            if field.file_name() == Some("") {
                continue;
            }
            if written.files.len() + uploaded.len() >= MAX_ATTACHMENTS {
                return Err(Problem::Refused { vi: Lang::Vi.too_many_files(), en: Lang::En.too_many_files() });
            }
            let so_far: u64 = written.files.iter().chain(&uploaded).map(|file: &Spooled| file.len).sum();
            let spool = console.node.home().spool();
            match Spooled::receive(&mut field, &spool, MAX_TOTAL.saturating_sub(so_far)).await {
                Ok(file) => uploaded.push(file),
                Err(DraftError::TooLong) => {
                    return Err(Problem::Refused { vi: Lang::Vi.file_too_long(), en: Lang::En.file_too_long() });
                }
                Err(error @ DraftError::Io(_)) => {
                    tracing::error!(%error, "an upload cannot be kept");
                    return Err(Problem::Refused { vi: Lang::Vi.file_not_kept(), en: Lang::En.file_not_kept() });
                }
                Err(_) => return Err(Problem::Form),
            }
            continue;
        }
        let mut text = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|_| Problem::Form)? {
            bytes += piece.len();
            if bytes > MAX_FORM {
                return Err(Problem::Form);
            }
            text.extend_from_slice(&piece);
        }
        let text = String::from_utf8(text).map_err(|_| Problem::Form)?;
        match name.as_str() {
            TOKEN if console.sessions.is_token(&who.cookie, &text) => signed = true,
            TOKEN => return Err(Problem::Stale),
            _ if !signed => return Err(Problem::Stale),
            KEY if text.len() > MAX_KEY => return Err(Problem::Form),
            KEY => {
                written.files = who.drafts.take(&text);
                written.key = text;
            }
            "to" => {
                written.to.extend(text.split(',').map(str::trim).filter(|to| !to.is_empty()).map(str::to_owned));
            }
            "document" if !text.is_empty() => {
                let (relation, id) = text.split_once(' ').ok_or(Problem::Form)?;
                written.about = Some((relation_named(relation).ok_or(Problem::Form)?, id.to_owned()));
            }
            _ => written.fields.set(name, text),
        }
    }
    if !signed || written.key.is_empty() {
        return Err(Problem::Stale);
    }
    written.files.extend(uploaded);
    let missing = [("subject", lang.subject_missing())];
    if written.fields.get("action") == "send" {
        if written.to.is_empty() {
            written.faults.push(lang.recipient_missing());
        }
        written.faults.extend(
            missing.into_iter().filter(|(name, _)| written.fields.get(name).is_empty()).map(|(_, words)| words),
        );
    }
    Ok(written)
}

/// The document to send; `None` where something has to be put right first.
async fn outgoing(console: &Console, lang: Lang, written: &mut Written) -> Result<Option<Outgoing>, Problem> {
    let field = |name: &str| written.fields.get(name).to_owned();
    let mut faults = Vec::new();
    let mut date = |name: &str| match field(name).as_str() {
        "" => String::new(),
        text => time::typed(text).map(time::stored).unwrap_or_else(|| {
            faults.push(lang.wrong_date());
            String::new()
        }),
    };
    let (due, promulgated) = (date("due"), date("promulgated"));
    let to: Result<Vec<_>, _> = written.to.iter().map(AgencyCode::new).collect();
    let to = to.map_err(|_| Problem::Form)?;
    if to.len() > MAX_ADDRESSEES {
        faults.push(lang.too_many_recipients(MAX_ADDRESSEES));
    }
    let code = field("code");
    let (number, notation) = code.split_once('/').unwrap_or((&code, ""));
    let listed = (0..).zip(&written.files).map(|(blob, file)| {
        Ok(Attachment {
            name: Text::new(file.name.as_str())?,
            media_type: Text::new(file.media_type.as_str())?,
            description: Text::default(),
            packaging: Packaging::Plain,
            len: file.len,
            // The node, which reads the bytes, fills it in.
            digest: Digest::from_bytes([0; 32]),
            blob,
        })
    });
    let business = match written.about {
        None | Some((Relation::Answers, _)) => Business::New,
        Some((Relation::Recalls, _)) => Business::Recall,
        Some((Relation::Updates, _)) => Business::Update,
        Some((Relation::Replaces, _)) => Business::Replace,
    };
    let envelope = || -> Result<Envelope, congvan::core::codec::BoundError> {
        Ok(Envelope {
            number: Text::new(number.trim())?,
            notation: Text::new(notation.trim())?,
            promulgated: Text::new(promulgated)?,
            type_name: Text::new(field("kind"))?,
            subject: Text::new(field("subject"))?,
            summary: Text::new(field("summary"))?,
            signer: Signer {
                name: Text::new(field("signer"))?,
                position: Text::new(field("position"))?,
                ..Signer::default()
            },
            due: Text::new(due)?,
            priority: Text::new(field("priority"))?,
            business,
            attachments: Bounded::new(listed.collect::<Result<_, congvan::core::codec::BoundError>>()?)?,
            ..Envelope::default()
        })
    };
    let envelope = match envelope() {
        Ok(envelope) => Some(envelope),
        Err(_) => {
            faults.push(lang.too_long());
            None
        }
    };
    let mut links = Vec::new();
    if let Some((relation, id)) = written.about.clone() {
        let document =
            console.read(move |node: &Node| -> Result<_, ReadError> { Ok(node.life(&id)?.document.entry) }).await??;
        links.push(Link { relation, document });
    }
    written.faults.extend(faults);
    let attachments = written.files.iter().map(|file| Source::File(file.path.to_path_buf())).collect();
    let key = Some(format!("console-{}", written.key));
    let outgoing = envelope.map(|envelope| Outgoing { to, links, envelope, attachments, key, ..Outgoing::default() });
    Ok(outgoing.filter(|_| written.faults.is_empty()))
}

/// An agency that a document can go to.
#[derive(Clone, Debug)]
struct Choice {
    code: String,
    name: String,
}

/// Agencies whose name or code has all the words that are looked for, accents apart.
fn choices(node: &Node, sought: &str, limit: usize) -> (Vec<Choice>, bool) {
    let (own, roster) = (node.code(), node.ledger().roster());
    let words: Vec<_> = folded(sought).split_whitespace().map(str::to_owned).collect();
    let able = roster.agencies().filter(|agency| agency.code != own && agency.standing == Standing::Active);
    let mut found = able.filter_map(|agency| {
        let whole = folded(&format!("{} {}", agency.name, agency.code));
        let meant = words.iter().all(|word| whole.contains(word));
        meant.then(|| Choice { code: agency.code.to_string(), name: agency.name.clone() })
    });
    let shown: Vec<_> = found.by_ref().take(limit).collect();
    (shown, found.next().is_some())
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct AgencySearch {
    #[serde(default)]
    find: String,
}

/// `GET /send/agencies`: a piece of the page, for the script that looks for agencies as one types.
pub(crate) async fn agencies(
    State(console): State<Arc<Console>>,
    who: Who,
    Query(AgencySearch { find }): Query<AgencySearch>,
) -> Result<Markup, Problem> {
    who.writes()?;
    let found = console.read(move |node| choices(node, &find, MAX_SHOWN)).await?;
    Ok(results(who.lang, &found.0, found.1, &BTreeSet::new()))
}

fn results(lang: Lang, choices: &[Choice], more: bool, chosen: &BTreeSet<String>) -> Markup {
    html! {
        @if choices.is_empty() { p.muted { (lang.no_agency_found()) } }
        @for choice in choices.iter().filter(|choice| !chosen.contains(&choice.code)) { (tick(choice, false)) }
        @if more { p.muted { (lang.more_agencies()) } }
    }
}

fn tick(choice: &Choice, chosen: bool) -> Markup {
    html! {
        label.tick { input type="checkbox" name="to" value=(choice.code) checked[chosen]; span { (choice.name) " " small { (choice.code) } } }
    }
}

/// The form. What was uploaded is kept for when it comes back.
async fn show(console: &Console, who: &Who, written: Written) -> Result<Response, Problem> {
    let lang = who.lang;
    let Written { key, to, fields, about, files, faults } = written;
    let sought = fields.get("find").to_owned();
    let (shown, more) = console
        .read({
            let sought = sought.clone();
            move |node| choices(node, &sought, MAX_SHOWN)
        })
        .await?;
    let chosen = to.iter().map(|code| Choice { code: code.clone(), name: page::name_of(&console.node, code) });
    let title = match about.as_ref().map(|(relation, _)| *relation) {
        None => lang.send(),
        Some(Relation::Answers) => lang.write_answer(),
        Some(Relation::Recalls) => lang.write_recall(),
        Some(Relation::Updates) => lang.write_update(),
        Some(Relation::Replaces) => lang.write_replacement(),
    };
    let line = |name: &str, label: String, hint: &str, required: bool| {
        html! { div { label for=(name) { (label) } input id=(name) name=(name) value=(fields.get(name)) placeholder=(hint) maxlength="500" required[required]; } }
    };
    let priorities = [("", lang.normal()), ("1", lang.urgent()), ("2", lang.very_urgent()), ("3", lang.immediate())];
    let body = html! {
        div.head { h1 { (title) } }
        @if !faults.is_empty() {
            div.notice.bad role="alert" { p { b { (lang.put_right()) } } ul { @for fault in &faults { li { (fault) } } } }
        }
        form.compose method="post" action="/send" enctype="multipart/form-data" data-once {
            (page::token(who))
            input type="hidden" name=(KEY) value=(key);
            @if let Some((relation, id)) = &about { input type="hidden" name="document" value={ (relation_name(*relation)) " " (id) }; }
            section.card {
                h2 { "1. " (lang.recipients()) }
                @if let Some((_, id)) = &about { p.muted { (lang.about_document()) " " a href={ "/documents/" (id) } { (lang.see_that_document()) } } }
                div #chosen .ticks aria-label=(lang.chosen()) role="group" { @for choice in chosen { (tick(&choice, true)) } }
                label for="find" { (lang.find_agency()) }
                div.line {
                    input #find type="search" name="find" value=(sought) autocomplete="off" placeholder=(lang.find_agency_hint()) data-find="/send/agencies" data-into="found";
                    button type="submit" name="action" value="find" formnovalidate { (lang.search()) }
                }
                div #found .ticks aria-live="polite" { (results(lang, &shown, more, &to)) }
            }
            section.card {
                h2 { "2. " (lang.content()) }
                label for="subject" { (lang.subject()) }
                textarea #subject name="subject" rows="2" maxlength=(MAX_SUBJECT / 4) required { (fields.get("subject")) }
                div.grid {
                    (line("code", lang.code(), "123/UBND-VP", false))
                    (line("kind", lang.kind(), &lang.kind_hint(), false))
                    (line("promulgated", lang.promulgated(), &lang.day_hint(), false))
                    (line("due", lang.answer_until(), &lang.day_hint(), false))
                    div { label for="priority" { (lang.urgency()) }
                        select #priority name="priority" { @for (value, words) in priorities { option value=(value) selected[fields.get("priority") == value] { (words) } } } }
                    (line("position", lang.position(), "", false))
                    (line("signer", lang.signer(), "", false))
                }
            }
            section.card {
                h2 { "3. " (lang.files()) }
                @if !files.is_empty() {
                    ul.files {
                        @for (number, file) in files.iter().enumerate() {
                            li { (icon("file")) span { (file.name) } span.muted { (lang.size(file.len)) }
                                button.quiet type="submit" name="action" value={ "drop-" (number) } formnovalidate { (lang.drop_file()) } }
                        }
                    }
                }
                label for="files" { (lang.choose_files()) }
                input #files type="file" name="files" multiple;
                p.small { (lang.files_note(MAX_ATTACHMENTS)) }
            }
            div.last { button.primary.large type="submit" name="action" value="send" { (icon("/send")) (lang.send_now()) } p.small { (lang.send_note()) } }
        }
    };
    who.drafts.keep(&key, files);
    let page = Page { who, part: Part::Send, title, here: "/send".to_owned() };
    Ok(page.show(console, body).await?.into_response())
}
