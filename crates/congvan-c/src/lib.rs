//! The embeddable node for C, .NET and whatever else calls C: four functions, and JSON between them.
//! `include/congvan.h` is the header; `docs/embedding.md` goes through it.
//!
//! [`ask`] has the words and knows no pointers; [`abi`] carries them across, and is all that is unsafe.

pub mod abi;
pub mod ask;
