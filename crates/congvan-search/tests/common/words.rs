//! Words of official letters, for documents by the thousand.

const WORDS: [&str; 16] = [
    "báo",
    "cáo",
    "kế",
    "hoạch",
    "công",
    "tác",
    "phòng",
    "chống",
    "thiên",
    "tai",
    "ngân",
    "sách",
    "đường",
    "giao",
    "thông",
    "tỉnh",
];

/// So many of them, by a number.
pub(crate) fn words(n: u64, count: u32) -> Vec<&'static str> {
    (0..count).map(|k| WORDS[(n.wrapping_mul(2_654_435_761).rotate_left(k * 3) % 16) as usize]).collect()
}
