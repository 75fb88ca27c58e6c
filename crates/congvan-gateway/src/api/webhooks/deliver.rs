//! Delivering to one webhook: event by event, in order, each until it is taken.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use congvan::{Consumer, setup};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use tokio::time::sleep;
use utoipa::ToSchema;

use super::EventName;
use super::client::Client;
use super::target::Target;
use crate::api::events::kind_of;

/// How long to wait after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// Events read at once.
const AT_ONCE: usize = 32;
/// How long to wait for events before looking again.
const QUIET: Duration = Duration::from_secs(60);
/// The most characters of an error that is shown.
const MAX_ERROR: usize = 300;

/// How delivering goes.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(super) struct DeliveryState {
    /// Deliveries that succeeded since the node's start.
    delivered: u64,
    /// How often the event that is due now failed.
    failures: u32,
    /// Why it failed last.
    last_error: Option<String>,
    /// When it is tried again: milliseconds since 1970.
    next_try: Option<u64>,
}

/// The same, shared with whoever shows it.
#[derive(Debug, Default)]
pub(super) struct Deliveries(Mutex<DeliveryState>);

impl Deliveries {
    pub(super) fn get(&self) -> DeliveryState {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, change: impl FnOnce(&mut DeliveryState)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// One webhook's work.
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) target: Target,
    pub(super) key: Vec<u8>,
    pub(super) events: Vec<EventName>,
    pub(super) consumer: Consumer,
    pub(super) client: Arc<Client>,
    pub(super) deliveries: Arc<Deliveries>,
}

impl Delivery {
    /// Delivers until the node stops.
    pub(super) async fn run(mut self) {
        loop {
            let events = match self.consumer.next_within(AT_ONCE, QUIET).await {
                Ok(events) => events,
                Err(error) => return tracing::debug!(webhook = self.id, %error, "a webhook ends"),
            };
            for event in events {
                // Plain data: this cannot fail.
                let body = serde_json::to_value(&event).unwrap_or_default();
                let kind = kind_of(&body);
                if self.events.is_empty() || self.events.iter().any(|wanted| wanted.name() == kind) {
                    self.deliver(event.number, body.to_string().into()).await;
                }
                if let Err(error) = self.consumer.acknowledge(event.number) {
                    // It comes again after a restart.
                    tracing::error!(webhook = self.id, %error, "how far a webhook is cannot be written");
                }
            }
        }
    }

    async fn deliver(&self, number: u64, body: Bytes) {
        for failures in 1.. {
            let timestamp = setup::now().as_millis() / 1000;
            let headers = [
                ("content-type", "application/json".to_owned()),
                ("user-agent", concat!("congvan/", env!("CARGO_PKG_VERSION")).to_owned()),
                ("webhook-id", number.to_string()),
                ("webhook-timestamp", timestamp.to_string()),
                ("webhook-signature", signature(&self.key, number, timestamp, &body)),
            ];
            let Err(error) = self.client.post(&self.target, &headers, body.clone()).await else {
                return self.deliveries.set(|state| {
                    *state = DeliveryState { delivered: state.delivered + 1, ..DeliveryState::default() };
                });
            };
            let pause = pause(failures);
            tracing::warn!(webhook = self.id, event = number, failures, %error, "a webhook was not delivered");
            self.deliveries.set(|state| {
                state.failures = failures;
                state.last_error = Some(error.to_string().chars().take(MAX_ERROR).collect());
                state.next_try = Some(setup::now().as_millis() + pause.as_millis() as u64);
            });
            sleep(pause).await;
        }
    }
}

/// How long to wait after so many failures.
fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << (failures.saturating_sub(1)).min(20)).min(LONGEST_PAUSE)
}

/// `v1,` and in base64 the HMAC-SHA256 over id, timestamp and body, parted by dots: as the Standard Webhooks
/// specification has it.
fn signature(key: &[u8], number: u64, timestamp: u64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{number}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<_> = [1, 2, 3, 10, 11, 12, u32::MAX].map(|failures| pause(failures).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 512, 900, 900, 900]);
    }

    /// The specification's own example.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#);
        assert_eq!(STANDARD.encode(mac.finalize().into_bytes()), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let ours = signature(&key, 7, 1_614_265_330, b"{}");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(b"7.1614265330.{}");
        assert_eq!(ours, format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
}
