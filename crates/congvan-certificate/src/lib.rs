//! X.509 certificates that agencies bind to their Congvan keys: read, judged, reported.
//!
//! A roster entry may carry an agency's certificate from its authority, with each side's signature over the
//! other ([`Certification`](congvan_core::Certification)). The roster itself checks the agency's side
//! alone. [`judge`] checks the rest for whoever reads: that the certificate's key signed for the agency's, that
//! each certificate was issued by the next and the last by an authority that the reader trusts, what each may
//! be used for, and whether all were valid at a given time.
//!
//! The result is a [`Report`]: what holds, what does not, and what could not be checked, each as a line in
//! English and in Vietnamese. It decides nothing in a chain: an entry's signature is its agency's
//! whatever became of a certificate.
//!
//! Nothing is fetched. Whether an authority revoked a certificate is therefore always among what could not
//! be checked, with the addresses at which the certificate says that it can be looked up.
//!
//! ```no_run
//! use congvan_certificate::{Anchors, Place, Verdict, judge};
//! # fn example(certification: &congvan_core::Certification, place: Place) -> Result<(), Box<dyn std::error::Error>> {
//! let anchors = Anchors::read("/etc/congvan/trust".as_ref())?;
//! let report = judge(certification, place, congvan_core::Time::from_millis(1_772_000_000_000), &anchors);
//! for finding in &report.findings {
//!     println!("{:?}: {}", finding.outcome, finding.text);
//! }
//! assert_ne!(report.verdict, Verdict::Refuted);
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod anchors;
mod fact;
mod file;
mod parse;
mod path;
mod report;

pub use anchors::{Anchors, MAX_ANCHORS};
pub use fact::{Fact, Outcome, Who};
pub use file::{FileError, MAX_FILE, read_certificates};
pub use report::{Finding, Period, Place, Report, Verdict, judge, period};
