//! Which earlier documents a packet refers to, and what it does to each.

use congvan_core::Relation;

use crate::field::{BusinessKind, DeclaredId};
use crate::packet::{DocumentPacket, ResponseFor};

/// An earlier document, as a packet names it, and what the packet does to it.
///
/// Nothing here is checked: software writes UUIDs, days that do not exist, and leaves out what it does
/// not know. At least one of `document_id` and `code` is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketLink {
    /// What this document does to it.
    pub relation: Relation,
    /// Its `DocumentId`, as written.
    pub document_id: Option<String>,
    /// Its code, number and notation in one text; where the packet does not say it, taken from a
    /// `DocumentId` of the form "agency,date,code".
    pub code: Option<String>,
    /// Its date, `yyyy/MM/dd`; taken from the `DocumentId` like the code.
    pub date: Option<String>,
    /// The agencies that the packet names with it, each once. Whose they are depends on who wrote the packet: in
    /// an answer the agency that issued it; in a recall often those from whom it is recalled; in a
    /// replacement those who had it (`OrganIdList`).
    pub organs: Vec<String>,
}

impl PacketLink {
    /// The agency that issued the document: known of one that is answered. Beside one that is changed
    /// often stand its receivers.
    #[must_use]
    pub fn author(&self) -> Option<&str> {
        self.organs.first().filter(|_| self.relation == Relation::Answers).map(String::as_str)
    }
}

impl DocumentPacket {
    /// The documents that this one refers to, each with what it does to it; none twice.
    ///
    /// - A recall or an update changes the `Bussiness/DocumentId`, a replacement each `ReplacementInfo`.
    /// - Where none is named there, as recalls are written in practice, it changes what its `ResponseFor`s name.
    /// - All other `ResponseFor`s are answered.
    ///
    /// A `BussinessDocType` that is absent or none of the format changes nothing, so that only answers are left;
    /// [`draft_of`](crate::draft_of) refuses the latter. `Bussiness/DocumentId` of a new document is no link:
    /// software leaves anything there.
    ///
    /// ```
    /// use congvan_edxml::{DocumentPacket, Relation, Replacement};
    ///
    /// let mut document = DocumentPacket::default();
    /// let business = document.business.get_or_insert_default();
    /// business.fields.kind = Some("3".into());
    /// business.replacements = vec![Replacement {
    ///     document_id: Some("H55,2026/03/02,12/BC-UBND".into()),
    ///     organ_ids: vec!["H55.01".into()],
    ///     ..Replacement::default()
    /// }];
    /// let [link] = &document.links()[..] else { panic!("one link") };
    /// assert_eq!(link.relation, Relation::Replaces);
    /// assert_eq!(link.code.as_deref(), Some("12/BC-UBND"));
    /// assert_eq!(link.organs, ["H55.01"]);
    /// ```
    #[must_use]
    pub fn links(&self) -> Vec<PacketLink> {
        let mut links = Vec::new();
        let relation = self.change();
        if let (Some(relation), Some(business)) = (relation, &self.business) {
            if relation == Relation::Replaces {
                for replaced in &business.replacements {
                    add(&mut links, link(relation, replaced.document_id.as_ref(), &replaced.organ_ids));
                }
            }
            if links.is_empty() || relation != Relation::Replaces {
                add(&mut links, link(relation, business.fields.document_id.as_ref(), &[]));
            }
        }
        let elsewhere = match (relation, links.is_empty()) {
            (Some(relation), true) => relation,
            _ => Relation::Answers,
        };
        for found in &self.header.response_for {
            add(&mut links, response(elsewhere, found));
        }
        links
    }

    /// What the document does to those that it changes.
    fn change(&self) -> Option<Relation> {
        match self.business.as_ref()?.kind() {
            Ok(BusinessKind::Recall) => Some(Relation::Recalls),
            Ok(BusinessKind::Update) => Some(Relation::Updates),
            Ok(BusinessKind::Replace) => Some(Relation::Replaces),
            Ok(BusinessKind::New) | Err(_) => None,
        }
    }
}

fn link(relation: Relation, document_id: Option<&String>, organs: &[String]) -> PacketLink {
    let declared = document_id.and_then(|id| DeclaredId::split(id).ok());
    PacketLink {
        relation,
        document_id: document_id.cloned(),
        code: declared.map(|id| id.code.to_owned()),
        date: declared.map(|id| id.date.to_owned()),
        organs: organs.to_vec(),
    }
}

fn response(relation: Relation, found: &ResponseFor) -> PacketLink {
    let from_id = link(relation, found.document_id.as_ref(), found.organ_id.as_slice());
    PacketLink { code: found.code.clone().or(from_id.code), date: found.date.clone().or(from_id.date), ..from_id }
}

/// Adds a link, or what it says beyond one to the same document.
fn add(links: &mut Vec<PacketLink>, new: PacketLink) {
    if new.document_id.is_none() && new.code.is_none() {
        return;
    }
    let same = |known: &&mut PacketLink| match (&known.document_id, &new.document_id) {
        (Some(known), Some(new)) => known == new,
        // Without ids, documents of one code are told apart by their dates and agencies.
        (None, None) => known.code == new.code && known.date == new.date && known.organs == new.organs,
        _ => false,
    };
    match links.iter_mut().find(same) {
        Some(known) => {
            known.code = known.code.take().or(new.code);
            known.date = known.date.take().or(new.date);
            for organ in new.organs {
                if !known.organs.contains(&organ) {
                    known.organs.push(organ);
                }
            }
        }
        None => links.push(new),
    }
}
