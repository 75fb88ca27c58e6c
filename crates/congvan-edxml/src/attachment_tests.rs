#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::io::Write as _;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn attachment(name: &str, content_type: &str, data: Vec<u8>) -> Attachment {
    Attachment::new("cid:1", name, content_type, data)
}

/// Overwrites the same four bytes wherever they stand in the directory.
fn patch_directory(zip: &mut [u8], offset: usize, value: u32) {
    let at = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    zip[at + offset..at + offset + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn takes_the_file_out_of_its_zip() {
    let zip = zipped(&[("8b1d.edxml", b"noi dung")]);
    for kind in ["application/zip", "Application/ZIP; x=y", "application/x-zip-compressed", ""] {
        let attachment = attachment("van-ban.doc", kind, zip.clone());
        let file = attachment.file().unwrap();
        assert_eq!(file.name, "van-ban.doc", "{kind}");
        assert_eq!(file.name_in_zip.as_deref(), Some("8b1d.edxml"));
        assert_eq!(file.bytes.as_ref(), b"noi dung");
        assert_eq!(attachment.transport_bytes(), zip);
    }
    let nameless = Attachment { data: zip, ..Attachment::default() };
    assert_eq!(nameless.file().unwrap().name, "8b1d.edxml");
}

#[test]
fn leaves_other_files_as_they_are() {
    let one = zipped(&[("a", b"a")]);
    let two = zipped(&[("a", b"a"), ("b", b"b")]);
    for (name, kind, data) in [
        ("a.pdf", "application/pdf", b"%PDF-1.7".to_vec()),
        ("a.pdf", "application/zip", b"%PDF-1.7".to_vec()),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", one.clone()),
        ("a.docx", "application/zip", two),
        ("số liệu.ZIP", "application/zip", one),
        ("a", "", Vec::new()),
    ] {
        let attachment = attachment(name, kind, data.clone());
        let file = attachment.file().unwrap();
        assert_eq!((file.name.as_str(), file.name_in_zip), (name, None));
        assert_eq!(file.bytes.as_ref(), data);
    }
}

#[test]
fn refuses_names_that_leave_the_folder() {
    for inner in ["../a", "a/b", "/a", "a\\b", "C:a", "..", ".", "a..b", "a\nb", "thư mục/"] {
        assert!(!is_plain_name(inner), "{inner:?}");
    }
    assert!(!is_plain_name(""));
    assert!(is_plain_name("Báo cáo số 12.signed.pdf"));
    assert!(is_plain_name(&"a".repeat(MAX_INNER_NAME_BYTES)));
    assert!(!is_plain_name(&"a".repeat(MAX_INNER_NAME_BYTES + 1)));

    let data = zipped(&[("../../etc/passwd", b"x")]);
    let error = attachment("a.doc", "application/zip", data).file().unwrap_err();
    assert!(
        matches!(&error, AttachmentError::InnerName { name, inner } if name == "a.doc" && inner == "../../etc/passwd"),
        "{error}"
    );
}

#[test]
fn bounds_size_and_ratio() {
    let name = || String::from("a");
    assert!(check_sizes(MAX_FILE_BYTES, MAX_FILE_BYTES, &name).is_ok());
    assert!(matches!(check_sizes(MAX_FILE_BYTES + 1, MAX_FILE_BYTES, &name), Err(AttachmentError::TooLarge { .. })));
    assert!(check_sizes(ZIP_RATIO_FREE_BYTES, 1, &name).is_ok());
    assert!(check_sizes(20_000 * MAX_ZIP_RATIO, 20_000, &name).is_ok());
    assert!(matches!(check_sizes(20_000 * MAX_ZIP_RATIO + 1, 20_000, &name), Err(AttachmentError::Ratio { .. })));
    let zeros = vec![0; usize::try_from(ZIP_RATIO_FREE_BYTES).unwrap()];
    let at = attachment("a", "application/zip", zipped(&[("a", &zeros)]));
    assert_eq!(at.file().unwrap().bytes.len(), zeros.len());
    let bomb = vec![0; zeros.len() + 1];
    let past = attachment("a", "application/zip", zipped(&[("a", &bomb)]));
    assert!(matches!(past.file(), Err(AttachmentError::Ratio { .. })));
}

#[test]
fn refuses_lying_sizes() {
    let text = b"noi dung cua van ban, noi dung cua van ban";
    for declared in [0, 1, 41, 43, 1_000_000] {
        let mut zip = zipped(&[("a", text)]);
        patch_directory(&mut zip, 24, declared);
        let error = attachment("a", "application/zip", zip).file().unwrap_err();
        match error {
            AttachmentError::SizeDiffers { found: 42, .. } => assert!(declared > 42, "{error}"),
            AttachmentError::Zip { ref reason, .. } => {
                assert!(declared < 42 && reason.contains("larger than its declared"), "{error}");
            }
            _ => panic!("{declared}: {error}"),
        }
    }
    let mut zip = zipped(&[("a", text)]);
    patch_directory(&mut zip, 16, 0);
    let error = attachment("a", "application/zip", zip).file().unwrap_err();
    assert!(matches!(error, AttachmentError::Zip { .. }), "checksum: {error}");
}

#[test]
fn refuses_what_is_no_proper_zip() {
    let whole = zipped(&[("a", b"noi dung")]);
    let mut trailing = whole.clone();
    trailing.push(0);
    let mut moved = whole.clone();
    moved.splice(whole.len() - 22..whole.len() - 22, [0]);
    for broken in [b"PK\x03\x04".to_vec(), whole[..whole.len() - 1].to_vec(), trailing, moved] {
        let error = attachment("a.doc", "application/zip", broken).file().unwrap_err();
        assert!(matches!(error, AttachmentError::Zip { .. }), "{error}");
    }
    let mut encrypted = whole.clone();
    let at = whole.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    encrypted[at + 8] |= 1;
    let error = attachment("a.doc", "application/zip", encrypted).file().unwrap_err();
    assert!(matches!(error, AttachmentError::Encrypted { .. }), "{error}");
    // Another name at the data than in the directory.
    let mut two_names = whole;
    two_names[30] = b'b';
    let error = attachment("a.doc", "application/zip", two_names).file().unwrap_err();
    assert!(matches!(error, AttachmentError::Zip { .. }), "{error}");
}

/// Where the only file's directory begins, and its end record.
fn directory(zip: &[u8]) -> (usize, usize) {
    let at = |signature: &[u8]| zip.windows(4).position(|window| window == signature).unwrap();
    (at(b"PK\x01\x02"), at(b"PK\x05\x06"))
}

/// Adds to a number of the end record.
fn adjust(zip: &mut [u8], offset: usize, by: usize) {
    let (_, end) = directory(zip);
    let old = u32::from_le_bytes(zip[end + offset..end + offset + 4].try_into().unwrap());
    let new = old + u32::try_from(by).unwrap();
    zip[end + offset..end + offset + 4].copy_from_slice(&new.to_le_bytes());
}

#[test]
fn refuses_a_second_file_that_other_readers_would_find() {
    let (one, other) = (zipped(&[("a", b"noi dung")]), zipped(&[("a", b"khac")]));
    let ((directory_at, end), (other_directory, other_end)) = (directory(&one), directory(&other));
    // In the directory, with the end record still saying that there is one.
    let mut listed = one.clone();
    let second = &other[other_directory..other_end];
    listed.splice(end..end, second.iter().copied());
    adjust(&mut listed, 12, second.len());
    // Behind the file, where readers that go from file to file find it.
    let mut behind = one.clone();
    behind.splice(directory_at..directory_at, other[..other_directory].iter().copied());
    adjust(&mut behind, 16, other_directory);
    // Before it, with all places in the directory moved along.
    let mut before = other[..other_directory].to_vec();
    before.extend(&one);
    adjust(&mut before, 16, other_directory);
    let header = other_directory + directory_at;
    before[header + 42..header + 46].copy_from_slice(&u32::try_from(other_directory).unwrap().to_le_bytes());
    // The same, with places that count from where the file begins.
    let mut shifted = other[..other_directory].to_vec();
    shifted.extend(&one);
    for hidden in [listed, behind, before, shifted] {
        let error = attachment("a.doc", "application/zip", hidden.clone()).file().unwrap_err();
        assert!(matches!(error, AttachmentError::Zip { .. }), "{error}");
        assert_eq!(attachment("a.doc", "application/zip", hidden).check(), Err(error));
    }
}

#[test]
fn several_files_and_zips_in_zips_are_not_looked_into() {
    // A bomb: 64 MiB of zeros, in a ZIP in a ZIP.
    let mut inner = zipped(&[("bomb", &vec![0; 64 << 20])]);
    for level in 0..3 {
        let nested = attachment("a.doc", "application/zip", zipped(&[("inner.zip", &inner)]));
        let file = nested.file().unwrap();
        assert_eq!(file.bytes, inner, "{level}");
        inner = nested.into_transport_bytes();
    }
    let bomb = vec![0; 4 << 20];
    let several = zipped(&[("../a", &bomb), ("b", &bomb)]);
    let several = attachment("a.doc", "application/zip", several);
    assert_eq!(several.check(), Ok(None));
    assert_eq!(several.file().unwrap().bytes, several.transport_bytes());
    // The same name twice is two files, as well.
    let mut twice = zipped(&[("a", b"1"), ("b", b"2")]);
    twice.iter_mut().filter(|byte| **byte == b'b').for_each(|byte| *byte = b'a');
    assert_eq!(attachment("a.doc", "application/zip", twice).check(), Ok(None));
}

proptest::proptest! {
    /// A damaged ZIP gives an error or a file, and nothing worse.
    #[test]
    fn survives_damage(
        cuts in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 1..6),
        keep in proptest::num::usize::ANY,
    ) {
        let mut zip = zipped(&[("a.doc", b"noi dung cua van ban, noi dung cua van ban")]);
        for (at, byte) in cuts {
            let at = at % zip.len();
            zip[at] = byte;
        }
        let cut = keep % (zip.len() + 1);
        for zip in [zip.clone(), zip[..cut].to_vec()] {
            let damaged = attachment("a", "application/zip", zip);
            let file = damaged.file();
            proptest::prop_assert_eq!(file.map(|file| file.name_in_zip), damaged.check());
        }
    }
}
