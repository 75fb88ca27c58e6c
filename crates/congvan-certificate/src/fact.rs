//! What can be found of a certification, each in words that an auditor can act on.

use serde::{Deserialize, Serialize};

/// How a point came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was checked, and holds.
    Holds,
    /// It was checked, and does not hold.
    Fails,
    /// It could not be checked here.
    Unchecked,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Its number among those that the agency gave, from 1; 0 for a trust anchor.
    pub number: usize,
    /// Its subject.
    pub subject: String,
}

impl Who {
    fn english(&self) -> String {
        match self.number {
            0 => format!("the trusted authority ({})", self.subject),
            number => format!("certificate {number} ({})", self.subject),
        }
    }

    fn vietnamese(&self) -> String {
        match self.number {
            0 => format!("cơ quan chứng thực được tin cậy ({})", self.subject),
            number => format!("chứng thư {number} ({})", self.subject),
        }
    }
}

/// One point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fact {
    /// The agency's key signed for the certificate.
    Consent,
    /// It did not.
    NoConsent,
    /// The certificate's key signed for the agency's key, for this agency of this network.
    Proof,
    /// It did not.
    NoProof,
    /// The certificate's key is of an algorithm that is not known here.
    ProofAlgorithm {
        /// Its object identifier.
        algorithm: String,
    },
    /// Issued by the next.
    Issued {
        /// Which.
        who: Who,
        /// By whom.
        by: Who,
    },
    /// The next is not the one that it names as its issuer.
    WrongOrder {
        /// Which.
        who: Who,
        /// Whom it names.
        issuer: String,
        /// Who comes next.
        next: Who,
    },
    /// The issuer's key did not sign it.
    NotIssued {
        /// Which.
        who: Who,
        /// Who should have.
        by: Who,
    },
    /// Its signature's algorithm can be forged.
    WeakAlgorithm {
        /// Which.
        who: Who,
        /// The algorithm.
        algorithm: String,
    },
    /// Its signature's algorithm is not known here.
    UnknownAlgorithm {
        /// Which.
        who: Who,
        /// The algorithm's object identifier.
        algorithm: String,
    },
    /// Its key is too short.
    WeakKey {
        /// Which.
        who: Who,
        /// Its bits.
        bits: usize,
    },
    /// It may issue certificates.
    MayIssue {
        /// Which.
        who: Who,
    },
    /// It may not.
    MayNotIssue {
        /// Which.
        who: Who,
    },
    /// More authorities stand below it than it allows.
    PathTooLong {
        /// Which.
        who: Who,
        /// How many it allows.
        allowed: u32,
    },
    /// Its key may sign.
    MaySign {
        /// Which.
        who: Who,
    },
    /// Its key is for something else.
    MayNotSign {
        /// Which.
        who: Who,
    },
    /// Valid at the time in question.
    Valid {
        /// Which.
        who: Who,
        /// Until when; a date.
        until: String,
    },
    /// Not valid yet.
    NotYetValid {
        /// Which.
        who: Who,
        /// From when on; a date.
        from: String,
    },
    /// Not valid any more.
    Expired {
        /// Which.
        who: Who,
        /// Until when it was; a date.
        until: String,
    },
    /// It has a critical extension that nobody here understands.
    UnknownExtension {
        /// Which.
        who: Who,
        /// The extension's object identifier.
        extension: String,
    },
    /// It cannot be read.
    Malformed {
        /// Its number, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// The chain ends at an authority that the reader trusts.
    Anchored {
        /// The authority.
        anchor: String,
    },
    /// It ends at one that he does not.
    NotAnchored {
        /// The authority.
        issuer: String,
    },
    /// The reader named nobody whom he trusts.
    NoAnchors {
        /// The authority at which the chain ends.
        issuer: String,
    },
    /// Revocations are not fetched.
    Revocation {
        /// Where the certificates say that they can be looked up.
        addresses: Vec<String>,
    },
}

impl Fact {
    /// How it came out.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Consent
            | Self::Proof
            | Self::Issued { .. }
            | Self::MayIssue { .. }
            | Self::MaySign { .. }
            | Self::Valid { .. }
            | Self::Anchored { .. } => Outcome::Holds,
            Self::NoConsent
            | Self::NoProof
            | Self::WrongOrder { .. }
            | Self::NotIssued { .. }
            | Self::WeakAlgorithm { .. }
            | Self::WeakKey { .. }
            | Self::MayNotIssue { .. }
            | Self::PathTooLong { .. }
            | Self::MayNotSign { .. }
            | Self::NotYetValid { .. }
            | Self::Expired { .. }
            | Self::Malformed { .. }
            | Self::NotAnchored { .. } => Outcome::Fails,
            Self::ProofAlgorithm { .. }
            | Self::UnknownAlgorithm { .. }
            | Self::UnknownExtension { .. }
            | Self::NoAnchors { .. }
            | Self::Revocation { .. } => Outcome::Unchecked,
        }
    }

    /// In English.
    pub fn english(&self) -> String {
        match self {
            Self::Consent => "the agency's key signed for the certificate".to_owned(),
            Self::NoConsent => "the agency's key did not sign for the certificate".to_owned(),
            Self::Proof => "the certificate's key signed for the agency's key".to_owned(),
            Self::NoProof => {
                "the certificate's key did not sign for this key of this agency: the proof does not hold".to_owned()
            }
            Self::ProofAlgorithm { algorithm } => {
                format!("the certificate's key is of algorithm {algorithm}, which is not known here: no proof")
            }
            Self::Issued { who, by } => format!("{} was issued by {}", who.english(), by.english()),
            Self::WrongOrder { who, issuer, next } => {
                format!("{} names {issuer} as its issuer, but {} comes next", who.english(), next.english())
            }
            Self::NotIssued { who, by } => format!("{} was not signed by {}", who.english(), by.english()),
            Self::WeakAlgorithm { who, algorithm } => {
                format!("{} is signed with {algorithm}, which can be forged", who.english())
            }
            Self::UnknownAlgorithm { who, algorithm } => {
                format!("{} is signed with algorithm {algorithm}, which is not known here", who.english())
            }
            Self::WeakKey { who, bits } => format!("{} has an RSA key of {bits} bits: too short", who.english()),
            Self::MayIssue { who } => format!("{} may issue certificates", who.english()),
            Self::MayNotIssue { who } => format!("{} may not issue certificates", who.english()),
            Self::PathTooLong { who, allowed } => {
                format!("{} allows {allowed} authorities below it; there are more", who.english())
            }
            Self::MaySign { who } => format!("{} may sign", who.english()),
            Self::MayNotSign { who } => format!("{} is not for signing", who.english()),
            Self::Valid { who, until } => format!("{} is valid then, until {until}", who.english()),
            Self::NotYetValid { who, from } => format!("{} is valid from {from} on only", who.english()),
            Self::Expired { who, until } => format!("{} was valid until {until} only", who.english()),
            Self::UnknownExtension { who, extension } => {
                format!("{} has the critical extension {extension}, which is not checked here", who.english())
            }
            Self::Malformed { number, reason } => format!("certificate {number} cannot be read: {reason}"),
            Self::Anchored { anchor } => format!("the chain ends at a trusted authority: {anchor}"),
            Self::NotAnchored { issuer } => {
                format!("the chain ends at an authority that is not trusted here: {issuer}")
            }
            Self::NoAnchors { issuer } => {
                format!("no trusted authority was given, so whether to trust {issuer} is open")
            }
            Self::Revocation { addresses } => match addresses.as_slice() {
                [] => "whether it was revoked: nothing is fetched, and the certificates name no address".to_owned(),
                list => format!("whether it was revoked: nothing is fetched; look it up at {}", list.join(", ")),
            },
        }
    }

    /// In Vietnamese.
    pub fn vietnamese(&self) -> String {
        match self {
            Self::Consent => "khóa của cơ quan đã ký xác nhận chứng thư".to_owned(),
            Self::NoConsent => "khóa của cơ quan không ký xác nhận chứng thư".to_owned(),
            Self::Proof => "khóa của chứng thư đã ký xác nhận khóa của cơ quan".to_owned(),
            Self::NoProof => {
                "khóa của chứng thư không ký xác nhận khóa này của cơ quan này: bằng chứng không đúng".to_owned()
            }
            Self::ProofAlgorithm { algorithm } => {
                format!("khóa của chứng thư dùng thuật toán {algorithm}, không biết ở đây: không có bằng chứng")
            }
            Self::Issued { who, by } => format!("{} do {} cấp", who.vietnamese(), by.vietnamese()),
            Self::WrongOrder { who, issuer, next } => {
                format!("{} ghi bên cấp là {issuer}, nhưng tiếp theo lại là {}", who.vietnamese(), next.vietnamese())
            }
            Self::NotIssued { who, by } => format!("{} không phải do {} ký", who.vietnamese(), by.vietnamese()),
            Self::WeakAlgorithm { who, algorithm } => {
                format!("{} được ký bằng {algorithm}, có thể giả mạo", who.vietnamese())
            }
            Self::UnknownAlgorithm { who, algorithm } => {
                format!("{} được ký bằng thuật toán {algorithm}, không biết ở đây", who.vietnamese())
            }
            Self::WeakKey { who, bits } => format!("{} có khóa RSA {bits} bit: quá ngắn", who.vietnamese()),
            Self::MayIssue { who } => format!("{} được phép cấp chứng thư", who.vietnamese()),
            Self::MayNotIssue { who } => format!("{} không được phép cấp chứng thư", who.vietnamese()),
            Self::PathTooLong { who, allowed } => {
                format!("{} chỉ cho phép {allowed} cấp chứng thực bên dưới; thực tế nhiều hơn", who.vietnamese())
            }
            Self::MaySign { who } => format!("{} được dùng để ký", who.vietnamese()),
            Self::MayNotSign { who } => format!("{} không dùng để ký", who.vietnamese()),
            Self::Valid { who, until } => format!("{} còn hiệu lực khi đó, đến {until}", who.vietnamese()),
            Self::NotYetValid { who, from } => format!("{} chỉ có hiệu lực từ {from}", who.vietnamese()),
            Self::Expired { who, until } => format!("{} chỉ có hiệu lực đến {until}", who.vietnamese()),
            Self::UnknownExtension { who, extension } => {
                format!("{} có phần mở rộng bắt buộc {extension}, không kiểm được ở đây", who.vietnamese())
            }
            Self::Malformed { number, reason } => format!("không đọc được chứng thư {number}: {reason}"),
            Self::Anchored { anchor } => format!("chuỗi chứng thư kết thúc ở cơ quan được tin cậy: {anchor}"),
            Self::NotAnchored { issuer } => {
                format!("chuỗi chứng thư kết thúc ở cơ quan không được tin cậy tại đây: {issuer}")
            }
            Self::NoAnchors { issuer } => {
                format!("chưa chỉ định cơ quan chứng thực tin cậy, nên chưa rõ có tin {issuer} hay không")
            }
            Self::Revocation { addresses } => match addresses.as_slice() {
                [] => "đã bị thu hồi hay chưa: không tải gì về, và chứng thư không ghi địa chỉ tra cứu".to_owned(),
                list => format!("đã bị thu hồi hay chưa: không tải gì về; hãy tra cứu tại {}", list.join(", ")),
            },
        }
    }
}
