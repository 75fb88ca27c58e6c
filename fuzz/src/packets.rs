//! edXML: packets from outside, and skeletons from the ledger.

use congvan_edxml::{Packet, Skeleton};

/// A packet; what is cut out of it is put back byte for byte.
pub fn packet(bytes: &[u8]) {
    // Far below the real bound, so that a fuzzer stays quick.
    let Ok(packet) = Packet::parse_at_most(bytes, 1 << 20) else { return };
    for attachment in packet.attachments() {
        let _ = attachment.file();
    }
    let (cut, attachments) = Skeleton::split(bytes, &packet);
    assert!(cut.join(&attachments).is_ok_and(|joined| joined == bytes), "a packet does not come back");
    let read = Skeleton::from_bytes(&cut.to_bytes());
    assert!(read.is_ok_and(|read| read == cut), "a skeleton does not come back");
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
