//! The carrier between real nodes on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admission;
mod exchange;
mod hostile;
mod node;
mod pressure;
