//! A node's key as libp2p writes it in addresses: `12D3KooW…`.

use congvan::core::NodeKey;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The peer id of a node: base58 of the identity multihash (0x00, length 0x24) of the protobuf that
/// holds the key (type 1, Ed25519; 32 bytes), as the libp2p specification has it.
pub(crate) fn peer_id(node: &NodeKey) -> String {
    let bytes = [&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20], node.as_bytes().as_slice()].concat();
    base58(&bytes)
}

fn base58(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    // Digits, least significant first.
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let leading = std::iter::repeat_n(b'1', zeros);
    let rest = digits.iter().rev().map(|digit| ALPHABET[usize::from(*digit)]);
    leading.chain(rest).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base58_is_bitcoins() {
        // From the draft draft-msporny-base58-03, §5.
        assert_eq!(base58(b"Hello World!"), "2NEpo7TZRRrLZSi2U");
        assert_eq!(base58(&[0, 0, 0x28, 0x7f, 0xb4, 0xcd]), "11233QC4");
        assert_eq!(base58(b""), "");
    }

    #[test]
    fn a_peer_id_begins_as_every_ed25519_one_does() {
        assert!(peer_id(&NodeKey::from_bytes([7; 32])).starts_with("12D3KooW"));
    }
}
