//! The interface of the national axis' SDK: recorded requests byte for byte, and a client that behaves as
//! recorded, between real nodes that really exchange.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "vxp/client.rs"]
mod client;
#[path = "vxp/exchange.rs"]
mod exchange;
#[path = "vxp/java.rs"]
mod java;
#[path = "vxp/network.rs"]
mod network;
#[path = "vxp/recorded.rs"]
mod recorded;
#[path = "vxp/refusals.rs"]
mod refusals;
#[path = "vxp/sessions.rs"]
mod sessions;
