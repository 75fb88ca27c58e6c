//! What of the configuration is about HTTP: the API, and TLS.

use std::num::NonZeroU32;
use std::path::Path;

use congvan_gateway::ApiOptions;

use crate::config::{Config, ConfigError};

/// Nobody asks more often than that.
const MAX_REQUESTS: u32 = 10_000;
/// The 64 attachments of a document, each of 2 GiB.
const MAX_UPLOAD_MIB: u32 = 128 << 10;

impl Config {
    /// How software that is not Rust is answered, if it is.
    pub(crate) fn api_options(&self) -> Result<Option<ApiOptions>, ConfigError> {
        let wrong = |key, value: String, reason: String| ConfigError::Value { key, value, reason };
        if self.api && self.http.is_none() {
            let reason = "it is served where `http` listens, and that is not set".to_owned();
            return Err(wrong("api", "true".to_owned(), reason));
        }
        let bounds = [
            ("api_requests_per_second", self.api_requests_per_second, MAX_REQUESTS),
            ("api_max_upload_mib", self.api_max_upload_mib, MAX_UPLOAD_MIB),
        ];
        for (key, value, most) in bounds {
            if !(1..=most).contains(&value) {
                return Err(wrong(key, value.to_string(), format!("it is a number from 1 to {most}")));
            }
        }
        Ok(self.api.then(|| ApiOptions {
            requests_per_second: NonZeroU32::MIN.saturating_add(self.api_requests_per_second - 1),
            max_upload: u64::from(self.api_max_upload_mib) << 20,
            insecure_webhooks: self.api_insecure_webhooks,
            ..ApiOptions::default()
        }))
    }

    /// The certificate's and the key's files, if there are any.
    pub(crate) fn tls_files(&self) -> Result<Option<(&Path, &Path)>, ConfigError> {
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            (None, None) => Ok(None),
            (certificate, key) => Err(ConfigError::Value {
                key: if certificate.is_some() { "tls_certificate" } else { "tls_key" },
                value: certificate.as_ref().or(key.as_ref()).map(|path| path.display().to_string()).unwrap_or_default(),
                reason: "tls_certificate and tls_key are set together, or neither".to_owned(),
            }),
        }
    }
}
