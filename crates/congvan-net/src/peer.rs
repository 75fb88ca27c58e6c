//! A peer's two names: ours is its 32-byte Ed25519 key, libp2p's is that key inlined in a multihash.

use congvan_sync::Peer;
use libp2p::PeerId;
use libp2p::multihash::Multihash;

/// What precedes the key in the multihash: protobuf field 1 = Ed25519, field 2 = 32 bytes.
const PREFIX: [u8; 4] = [0x08, 0x01, 0x12, 0x20];
/// The multihash code of "the digest is the thing itself".
const IDENTITY: u64 = 0;

/// libp2p's name of a peer. No curve arithmetic: a roster of 100,000 nodes is converted in no time, and
/// a key that is no point can never be proved in a handshake anyway.
pub(crate) fn to_libp2p(peer: &Peer) -> PeerId {
    let bytes = [PREFIX.as_slice(), peer.as_bytes()].concat();
    match Multihash::wrap(IDENTITY, &bytes).map(PeerId::from_multihash) {
        Ok(Ok(id)) => id,
        // 36 bytes are within what a multihash holds and a peer id inlines.
        _ => unreachable!("an inlined Ed25519 key is a peer id"),
    }
}

/// Our name of a peer; `None` if its key is not an Ed25519 one.
pub(crate) fn from_libp2p(id: &PeerId) -> Option<Peer> {
    let hash: &Multihash<64> = id.as_ref();
    let key = hash.digest().strip_prefix(PREFIX.as_slice())?;
    match hash.code() {
        IDENTITY => Some(Peer::from_bytes(key.try_into().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use libp2p::identity::Keypair;

    use super::*;

    #[test]
    fn both_names_are_of_one_key() {
        let keys = Keypair::ed25519_from_bytes([7; 32]).unwrap();
        let id = keys.public().to_peer_id();
        let peer = from_libp2p(&id).unwrap();
        assert_eq!(peer.as_bytes(), &keys.public().try_into_ed25519().unwrap().to_bytes());
        assert_eq!(to_libp2p(&peer), id);
    }

    #[test]
    fn a_hashed_key_has_no_name_with_us() {
        let hashed = Multihash::wrap(0x12, &[1; 32]).unwrap();
        assert_eq!(from_libp2p(&PeerId::from_multihash(hashed).unwrap()), None);
    }
}
