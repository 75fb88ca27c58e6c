//! The HTTP API between real nodes: bytes over sockets, and every answer held against the description that is served.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "api/access.rs"]
mod access;
#[path = "api/attachments.rs"]
mod attachments;
#[path = "api/catalogue.rs"]
mod catalogue;
#[path = "api/client.rs"]
mod client;
#[path = "api/contract.rs"]
mod contract;
#[path = "api/events.rs"]
mod events;
#[path = "api/network.rs"]
mod network;
#[path = "api/sending.rs"]
mod sending;
