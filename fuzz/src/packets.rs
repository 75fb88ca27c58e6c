//! edXML: packets from outside, what is in them, and skeletons from the ledger.

use congvan_edxml::{Attachment, Packet, Skeleton, draft_of, packet_of, status_of};

/// Far below the real bound, so that a fuzzer stays quick.
const LIMIT: u64 = 1 << 20;

/// A packet; what is cut out of it is put back byte for byte, and what is written says the same.
pub fn packet(bytes: &[u8]) {
    let Ok(packet) = Packet::parse_at_most(bytes, LIMIT) else { return };
    for attachment in packet.attachments() {
        let name_in_zip = attachment.file().map(|file| file.name_in_zip);
        assert!(name_in_zip == attachment.check(), "a file is there, or not, by how it is asked for");
    }
    let (cut, attachments) = Skeleton::split(bytes, &packet);
    assert!(cut.join(&attachments).is_ok_and(|joined| joined == bytes), "a packet does not come back");
    let read = Skeleton::from_bytes(&cut.to_bytes());
    assert!(read.is_ok_and(|read| read == cut), "a skeleton does not come back");
    written_again(bytes, &packet);
    if let (Packet::Document(document), Ok(draft)) = (&packet, draft_of(bytes)) {
        assert!(draft.links == document.links());
        assert!(packet_of(&draft.skeleton, &draft.attachments).is_ok_and(|again| again == bytes));
    }
}

/// A status packet.
pub fn status_packet(bytes: &[u8]) {
    let Ok(packet) = Packet::parse_at_most(bytes, LIMIT) else { return };
    if let (Packet::Status(status), Ok(draft)) = (&packet, status_of(bytes)) {
        assert!(status.status().is_ok_and(|code| code.code() == draft.code.digits()));
        assert!(draft.note.packet.is_none_or(|kept| kept[..] == *bytes));
    }
    written_again(bytes, &packet);
}

/// What can be written reads the same, and is written again the same.
fn written_again(bytes: &[u8], packet: &Packet) {
    let write = |packet: &Packet| match packet {
        Packet::Document(document) => document.write(),
        Packet::Status(status) => status.write(),
    };
    // A packet without a sender can be read, but not written.
    let Ok(written) = write(packet) else { return };
    let read = Packet::parse(&written).expect("what is written can be read");
    assert!(write(&read).is_ok_and(|again| again == written), "what is written is not stable");
    // A signature declares more when it is written.
    if !bytes.windows(9).any(|window| window == b"Signature") {
        assert!(read == *packet, "what is written says something else");
    }
}

/// What an attachment carries, which may be a ZIP around a file.
pub fn attachment(bytes: &[u8]) {
    let attachment = Attachment::new("cid:1", "a.doc", "application/zip", bytes.to_vec());
    let checked = attachment.check();
    match attachment.file() {
        Ok(file) => {
            assert!(checked.is_ok_and(|name| name == file.name_in_zip));
            assert!(file.name_in_zip.is_some() || file.bytes == bytes);
        }
        Err(error) => assert!(checked == Err(error)),
    }
}

/// The text of an attachment's content, base64 as some software wrote it.
pub fn base64(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let packet = format!(
        "<edXML><edXMLEnvelope><edXMLHeader><MessageHeader/></edXMLHeader></edXMLEnvelope><AttachmentEncoded><Attachment>\
         <ContentTransferEncoded>{text}</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>"
    );
    let Ok(parsed) = Packet::parse_at_most(packet.as_bytes(), LIMIT) else { return };
    // A text with tags in it may be anything.
    let plain = !text.contains(['<', '&']);
    if plain {
        let characters = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').count();
        assert!(parsed.attachments()[0].transport_bytes().len() == characters * 3 / 4);
    }
    let (skeleton, cut) = Skeleton::split(packet.as_bytes(), &parsed);
    assert!(skeleton.join(&cut).is_ok_and(|joined| joined == packet.as_bytes()));
}

/// A skeleton's encoding: one for each skeleton.
pub fn skeleton(bytes: &[u8]) {
    let Ok(skeleton) = Skeleton::from_bytes(bytes) else { return };
    assert_eq!(skeleton.to_bytes(), bytes);
    if skeleton.lengths().sum::<u64>() < 1 << 16 {
        let attachments: Vec<_> = skeleton.lengths().map(|len| vec![7; len as usize]).collect();
        assert!(skeleton.join(&attachments).is_ok());
    }
}
