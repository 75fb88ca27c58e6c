//! The web console: what a clerk and a technician rely on, on real nodes that really exchange; over plain HTTP, and
//! in a real browser where one is installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "console/access.rs"]
mod access;
#[path = "console/browser.rs"]
mod browser;
#[path = "console/check.rs"]
mod check;
#[path = "console/chromium.rs"]
mod chromium;
#[path = "console/history.rs"]
mod history;
#[path = "console/http.rs"]
mod http;
#[path = "console/mail.rs"]
mod mail;
#[path = "console/office.rs"]
mod office;
#[path = "console/pictures.rs"]
mod pictures;
#[path = "console/proof.rs"]
mod proof;
#[path = "console/speed.rs"]
mod speed;
#[path = "console/wrong.rs"]
mod wrong;
