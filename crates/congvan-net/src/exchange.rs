//! Where other peers are: a small question among admitted peers, so that two nodes that know only a
//! third find each other before it goes down.

use congvan_core::codec::{Bounded, Decode, Encode, bincode};
use congvan_core::wire;
use congvan_sync::Peer;
use libp2p::Multiaddr;

/// The most peers in one answer.
pub(crate) const MAX_CONTACTS: usize = 64;
/// The most addresses of one peer.
pub(crate) const MAX_ADDRESSES: usize = 8;
/// The most bytes of one address.
pub(crate) const MAX_ADDRESS: usize = 128;

/// "Whom do you know?"
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
pub(crate) struct PeersRequest {
    /// At most this many, and [`MAX_CONTACTS`].
    pub(crate) limit: u16,
}
wire!(PeersRequest, "peers request", 2);

/// One peer and where it was met.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
pub(crate) struct Contact {
    pub(crate) peer: Peer,
    addresses: Bounded<Bounded<u8, MAX_ADDRESS>, MAX_ADDRESSES>,
}

impl Contact {
    /// A contact with as many of the addresses as fit.
    pub(crate) fn new<'a>(peer: Peer, addresses: impl Iterator<Item = &'a Multiaddr>) -> Self {
        let fitting = addresses.filter_map(|a| Bounded::new(a.to_vec()).ok()).take(MAX_ADDRESSES).collect();
        Self { peer, addresses: Bounded::new(fitting).unwrap_or_default() }
    }

    /// Those of the addresses that are well-formed.
    pub(crate) fn addresses(&self) -> Vec<Multiaddr> {
        self.addresses.iter().filter_map(|bytes| Multiaddr::try_from(bytes.to_vec()).ok()).collect()
    }
}

/// "These."
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
#[bincode(crate = "bincode")]
pub(crate) struct PeersResponse(pub(crate) Bounded<Contact, MAX_CONTACTS>);
wire!(PeersResponse, "peers response", 8 + MAX_CONTACTS * (32 + 8 + MAX_ADDRESSES * (8 + MAX_ADDRESS)));

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use congvan_core::Wire;

    use super::*;

    #[test]
    fn the_largest_answer_fits_its_bound() {
        let longest: Multiaddr = format!("/dns4/{}/tcp/65535", "a".repeat(MAX_ADDRESS - 5)).parse().unwrap();
        assert_eq!(longest.to_vec().len(), MAX_ADDRESS);
        let contact = Contact::new(Peer::from_bytes([1; 32]), std::iter::repeat_n(&longest, MAX_ADDRESSES + 1));
        assert_eq!(contact.addresses().len(), MAX_ADDRESSES);
        let answer = PeersResponse(Bounded::new(vec![contact; MAX_CONTACTS]).unwrap());
        assert_eq!(answer.to_bytes().len(), PeersResponse::MAX);
        assert_eq!(PeersResponse::from_bytes(&answer.to_bytes()).unwrap(), answer);
    }
}
