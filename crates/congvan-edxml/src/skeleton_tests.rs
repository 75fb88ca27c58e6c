#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

/// A packet with one attachment for each of the given texts.
fn packet(contents: &[&str]) -> Vec<u8> {
    let mut text = String::from(
        "<?xml version=\"1.0\"?>\r\n<edXML><edXMLEnvelope><edXMLHeader><MessageHeader>\
         <Subject>V/v</Subject></MessageHeader></edXMLHeader></edXMLEnvelope><AttachmentEncoded>",
    );
    for content in contents {
        text.push_str("<Attachment><ContentTransferEncoded>");
        text.push_str(content);
        text.push_str("</ContentTransferEncoded></Attachment>");
    }
    text.push_str("</AttachmentEncoded></edXML>");
    text.into_bytes()
}

/// Splits, checks the way back, and says which attachments were cut out.
fn cut(packet: &[u8]) -> Vec<usize> {
    let parsed = Packet::parse(packet).unwrap();
    let (skeleton, attachments) = Skeleton::split(packet, &parsed);
    assert_eq!(skeleton.join(&attachments).unwrap(), packet);
    for (number, attachment) in skeleton.attachments().zip(&attachments) {
        assert_eq!(parsed.attachments()[number].transport_bytes(), *attachment);
    }
    let lengths: Vec<u64> = attachments.iter().map(|a| a.len() as u64).collect();
    assert!(skeleton.lengths().eq(lengths));
    assert_eq!(Skeleton::from_bytes(&skeleton.to_bytes()).unwrap(), skeleton);
    skeleton.attachments().collect()
}

#[test]
fn cuts_what_it_can_write_again() {
    for content in [
        "QUJD",
        "  \r\n QUI=\n",
        "QUJD\nREVG\nR0g=",
        "QUJD\r\nREVG\r\nR0g=\r\n",
        "QUJDR&#13;\nEVGR0&#13;\ng=&#13;\n",
        "&#xD;\nQUJDR&#xD;\nEVGR0&#xD;\ng=&#xd;\n",
        "QUJDREV\nGR0g=",
    ] {
        let expected: &[usize] = if content.starts_with('&') { &[] } else { &[0] };
        assert_eq!(cut(&packet(&[content])), expected, "{content:?}");
    }
}

#[test]
fn leaves_what_it_cannot_write_again() {
    for content in [
        "",
        " \n",
        "QUI",
        "QUJ=",
        "QUJD REVG",
        "QUJD\nREVGR0g=",
        "QUJDREVG\nR0hI\nQUJD",
        "QUJD\nREVG\r\nR0g=",
        "QUJD<!-- x -->REVG",
        "<![CDATA[QUJD]]>",
        "QUJ&#68;",
    ] {
        assert_eq!(cut(&packet(&[content])), [0_usize; 0], "{content:?}");
    }
    assert_eq!(cut(&packet(&["QUJD", "QUI", "", "REVG"])), [0, 3]);
}

#[test]
fn another_packets_attachments_cut_nothing() {
    let (one, other) = (packet(&["QUJDREVG"]), packet(&["REVGQUJD"]));
    let parsed = Packet::parse(&other).unwrap();
    let (skeleton, attachments) = Skeleton::split(&one, &parsed);
    assert!(attachments.is_empty());
    assert_eq!(skeleton.join(&attachments).unwrap(), one);
    let (skeleton, attachments) = Skeleton::split(b"<edXML/>", &parsed);
    assert_eq!(skeleton.join(&attachments).unwrap(), b"<edXML/>");
}

#[test]
fn join_wants_what_was_cut_out() {
    let bytes = packet(&["QUJD"]);
    let (skeleton, _) = Skeleton::split(&bytes, &Packet::parse(&bytes).unwrap());
    assert_eq!(skeleton.join::<&[u8]>(&[]), Err(SkeletonError::Count { given: 0, wanted: 1 }));
    assert_eq!(skeleton.join(&[b"AB"]), Err(SkeletonError::Length { gap: 0, given: 2, wanted: 3 }));
}

fn gap(attachment: u32, at: u64, length: u64, line: u32, ending: u8) -> Vec<u8> {
    let mut bytes = attachment.to_le_bytes().to_vec();
    bytes.extend(at.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(line.to_le_bytes());
    bytes.push(ending);
    bytes
}

fn encoding(gaps: &[Vec<u8>], text: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend((gaps.len() as u32).to_le_bytes());
    bytes.extend(gaps.concat());
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text);
    bytes
}

#[test]
fn the_encoding_is_as_documented() {
    let skeleton = Skeleton {
        gaps: vec![Gap { attachment: 1, at: 2, length: 300, wrap: Some(Wrap { line: 76, ending: Ending::CrLf }) }],
        text: b"abcd".to_vec(),
    };
    let bytes = encoding(&[gap(1, 2, 300, 76, 2)], b"abcd");
    assert_eq!(skeleton.to_bytes(), bytes);
    assert_eq!(Skeleton::from_bytes(&bytes).unwrap(), skeleton);
    for end in 0..bytes.len() {
        assert!(Skeleton::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(Skeleton::from_bytes(&longer), Err(SkeletonError::Trailing { count: 1 }));
}

#[test]
fn no_other_encoding_is_accepted() {
    let most = u32::try_from(MAX_ATTACHMENTS).unwrap();
    let good = [vec![], vec![gap(0, 0, 1, 0, 0), gap(1, 1, 1, 0, 0)], vec![gap(most - 1, 4, 3, 3, 4)]];
    for gaps in good {
        let bytes = encoding(&gaps, b"abcd");
        assert_eq!(Skeleton::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }
    for (field, gaps) in [
        ("attachment", vec![gap(most, 0, 1, 0, 0)]),
        ("attachment", vec![gap(1, 0, 1, 0, 0), gap(1, 1, 1, 0, 0)]),
        ("place", vec![gap(0, 1, 1, 0, 0), gap(1, 1, 1, 0, 0)]),
        ("place", vec![gap(0, 5, 1, 0, 0)]),
        ("length", vec![gap(0, 0, 0, 0, 0)]),
        ("length", vec![gap(0, 0, u64::MAX, 0, 0)]),
        ("line ending", vec![gap(0, 0, 3, 1, 0)]),
        ("line ending", vec![gap(0, 0, 3, 1, 5)]),
        ("line length", vec![gap(0, 0, 3, 0, 1)]),
        ("line length", vec![gap(0, 0, 3, 4, 1)]),
    ] {
        let error = Skeleton::from_bytes(&encoding(&gaps, b"abcd")).unwrap_err();
        assert!(matches!(error, SkeletonError::Field { field: found, .. } if found == field), "{field}: {error}");
    }
    assert_eq!(Skeleton::from_bytes(b"CVSK\x02"), Err(SkeletonError::Magic));
}

#[test]
fn the_bounds_hold() {
    // What fills this gap, with no text beside, is exactly the bound.
    let length = MAX_PACKET_BYTES / 4 * 3;
    assert!(Skeleton::from_bytes(&encoding(&[gap(0, 0, length, 0, 0)], b"")).is_ok());
    for bytes in [
        encoding(&[gap(0, 0, length + 1, 0, 0)], b""),
        encoding(&[gap(0, 0, length, 0, 0)], b"a"),
        encoding(&[gap(0, 0, length, 76, 1)], b""),
    ] {
        assert_eq!(Skeleton::from_bytes(&bytes), Err(SkeletonError::TooLarge { limit: MAX_PACKET_BYTES }));
    }
    let gaps = |count: u32| -> Vec<Vec<u8>> { (0..count).map(|n| gap(n, n.into(), 1, 0, 0)).collect() };
    let most = u32::try_from(MAX_ATTACHMENTS).unwrap();
    assert!(Skeleton::from_bytes(&encoding(&gaps(most), &[b'a'; MAX_ATTACHMENTS])).is_ok());
    assert_eq!(
        Skeleton::from_bytes(&encoding(&gaps(most + 1), &[b'a'; MAX_ATTACHMENTS + 1])),
        Err(SkeletonError::TooManyGaps { count: MAX_ATTACHMENTS + 1, limit: MAX_ATTACHMENTS })
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_give_a_skeleton_of_one_encoding_or_an_error(
        tail in proptest::collection::vec(proptest::num::u8::ANY, 0..120),
        small in proptest::bool::ANY,
    ) {
        let mut bytes = MAGIC.to_vec();
        if small {
            bytes.extend([1, 0, 0, 0]);
        }
        bytes.extend(tail);
        if let Ok(skeleton) = Skeleton::from_bytes(&bytes) {
            proptest::prop_assert_eq!(skeleton.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed_or_harmless(at in 0_usize..70, byte in proptest::num::u8::ANY) {
        let mut bytes = encoding(&[gap(0, 1, 30, 4, 1), gap(2, 3, 5, 0, 0)], b"abcdef");
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(skeleton) = Skeleton::from_bytes(&bytes) {
            proptest::prop_assert_eq!(skeleton.to_bytes(), bytes);
        }
    }
}
