//! Sending a document: a packet as it is, or one written on the command line.

use std::path::Path;

use congvan::control::{LinkTo, NamedDocument, RelationTo, Request};
use congvan::core::document::{Packaging, Signer};
use congvan::core::limits::MAX_ATTACHMENTS;
use congvan::core::{Attachment, Bounded, Content, Digest, Envelope, Text, Wire};
use congvan_edxml::{ImportError, PacketLink};

use crate::agency::{Written, code};
use crate::args;
use crate::attach::{Parts, media_type};
use crate::exit::{Exit, Failure};
use crate::home::{App, Link};
use crate::output::{Counted, Unit};

/// A document with its bytes, ready for the node.
struct Prepared {
    to: Vec<String>,
    from: Option<String>,
    envelope: Envelope,
    lengths: Vec<u64>,
    skeleton: Option<u64>,
    references: Vec<NamedDocument>,
    body: Parts,
}

/// What is said of it beside its envelope.
struct Manner {
    links: Vec<LinkTo>,
    force: bool,
    key: Option<String>,
    public: bool,
}

impl Manner {
    fn of(args: &args::Send) -> Self {
        let given = [
            (RelationTo::Answers, &args.answers),
            (RelationTo::Recalls, &args.recalls),
            (RelationTo::Updates, &args.updates),
            (RelationTo::Replaces, &args.replaces),
        ];
        let link = |relation, document: &String| LinkTo { relation, document: document.clone() };
        let links = given.into_iter().flat_map(|(relation, ids)| ids.iter().map(move |id| link(relation, id)));
        Self { links: links.collect(), force: args.force, key: args.key.clone(), public: args.public }
    }
}

/// `send`
pub(crate) async fn send(app: &App, args: args::Send) -> Result<Exit, Failure> {
    let given = args.to.iter().map(|to| code("--to", to).map(|code| code.to_string()));
    let given: Vec<String> = given.collect::<Result<_, _>>()?;
    let (manner, offline) = (Manner::of(&args), args.offline.offline);
    let mut prepared = match &args.packet {
        Some(path) => of_packet(app, path)?,
        None => of_options(app, args)?,
    };
    if !given.is_empty() {
        prepared.to = given;
    }
    if prepared.to.is_empty() && !manner.public {
        return Err(Failure::NoAddressee);
    }
    let link = app.session(offline).await?;
    let written = transmit(app, &link, prepared, manner).await;
    link.close().await;
    let written = written?;
    let lang = app.out.lang;
    app.out.result(&written, |page| {
        page.line(lang.sent(written.number));
        page.fields(&[(lang.h_id(), written.id.clone())]);
    })?;
    Ok(Exit::Done)
}

async fn transmit(app: &App, link: &Link, prepared: Prepared, manner: Manner) -> Result<Written, Failure> {
    let Prepared { to, from, envelope, lengths, skeleton, references, body } = prepared;
    let Manner { links, force, key, public } = manner;
    let known = link.agencies().await?;
    let unknown: Vec<_> = to.iter().filter(|to| known.iter().all(|agency| agency.code != **to)).cloned().collect();
    if !unknown.is_empty() {
        return Err(Failure::UnknownAgencies(unknown));
    }
    let own = link.node().await?.agency;
    if let Some(from) = from.filter(|from| *from != own) {
        app.out.remark(app.out.lang.other_sender(from, own));
    }
    let total = lengths.iter().sum::<u64>() + skeleton.unwrap_or(0);
    let mut body = Counted::new(body, app.out.meter(app.out.lang.p_send(), total, Unit::Bytes));
    let content = hex::encode(Content::V1(envelope).to_bytes());
    let request = Request::Send { to, content, attachments: lengths, skeleton, key, public, links, references, force };
    Written::of(link.0.call_with(request, &mut body).await?)
}

/// A packet, kept byte for byte.
fn of_packet(app: &App, path: &Path) -> Result<Prepared, Failure> {
    let packet = std::fs::read(path).map_err(Failure::file(path))?;
    let draft = congvan_edxml::draft_of(&packet).map_err(|error| match error {
        ImportError::Status => Failure::StatusPacket(path.to_owned()),
        error => Failure::Packet(path.to_owned(), error),
    })?;
    let references = draft.links.into_iter().map(named).collect();
    drop(packet);
    let mut body = Parts::new(app.out.lang);
    let lengths = draft.attachments.iter().map(|bytes| bytes.len() as u64).collect();
    let skeleton = Some(draft.skeleton.len() as u64);
    draft.attachments.into_iter().chain([draft.skeleton]).for_each(|bytes| body.bytes(bytes));
    Ok(Prepared { to: draft.to, from: draft.from, envelope: draft.envelope, lengths, skeleton, references, body })
}

/// A document that a packet names, for the node to look for.
fn named(link: PacketLink) -> NamedDocument {
    NamedDocument {
        relation: link.relation.into(),
        agency: link.author().unwrap_or_default().to_owned(),
        document_id: link.document_id.unwrap_or_default(),
        code: link.code.unwrap_or_default(),
        date: link.date.unwrap_or_default(),
    }
}

fn field<const MAX: usize>(option: &'static str, value: Option<String>) -> Result<Text<MAX>, Failure> {
    Text::new(value.unwrap_or_default()).map_err(|error| Failure::Bound(option, error))
}

/// A document from the command line's options.
fn of_options(app: &App, args: args::Send) -> Result<Prepared, Failure> {
    if args.attach.len() > MAX_ATTACHMENTS {
        return Err(Failure::Attachments(args.attach.len()));
    }
    let mut body = Parts::new(app.out.lang);
    let (mut listed, mut lengths) = (Vec::new(), Vec::new());
    for (blob, path) in (0..).zip(&args.attach) {
        let len = body.file(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        listed.push(Attachment {
            name: field("--attach", Some(name))?,
            media_type: field("--attach", Some(media_type(path).to_owned()))?,
            description: Text::default(),
            packaging: Packaging::Plain,
            len,
            // The node, which reads the bytes, fills it in.
            digest: Digest::from_bytes([0; 32]),
            blob,
        });
        lengths.push(len);
    }
    let envelope = Envelope {
        document_id: field("--document-id", args.document_id)?,
        number: field("--number", args.number)?,
        notation: field("--notation", args.notation)?,
        place: field("--place", args.place)?,
        promulgated: field("--date", args.date)?,
        type_name: field("--type", args.type_name)?,
        subject: field("--subject", args.subject)?,
        summary: field("--summary", args.summary)?,
        signer: Signer {
            competence: Text::default(),
            position: field("--position", args.position)?,
            name: field("--signer", args.signer)?,
        },
        due: field("--due", args.due)?,
        priority: field("--priority", args.priority)?,
        attachments: Bounded::new(listed).map_err(|error| Failure::Bound("--attach", error))?,
        ..Envelope::default()
    };
    Ok(Prepared { to: args.to, from: None, envelope, lengths, skeleton: None, references: Vec::new(), body })
}
