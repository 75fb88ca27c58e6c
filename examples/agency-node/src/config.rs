//! The node's configuration: one TOML file, and environment variables that override it.
//!
//! `node.toml` beside this crate is the sample that documents every key; a test holds it to
//! [`Config::default`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use congvan::deadline::Deadlines;
use congvan_gateway::{UtcOffset, VxpOptions};
use serde::{Deserialize, Serialize};

/// Where the configuration is read from unless the command line says otherwise.
pub(crate) const DEFAULT_PATH: &str = "/etc/congvan/node.toml";
/// `CONGVAN_NODE_HTTP=127.0.0.1:7412` overrides the key `http`.
pub(crate) const ENV_PREFIX: &str = "CONGVAN_NODE_";
/// Names the file itself, so it is no key of it.
pub(crate) const ENV_CONFIG: &str = "CONGVAN_NODE_CONFIG";

/// A day: a clock that is further off is no clock.
const MAX_WINDOW_MINUTES: u32 = 24 * 60;
/// A year.
const MAX_SESSION_HOURS: u32 = 366 * 24;
/// What a packet of edXML has at most.
const MAX_PACKET_MIB: u32 = 3 << 10;

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people and the journal.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// What the node is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The agency's home directory.
    pub(crate) dir: PathBuf,
    /// Addresses to listen on.
    pub(crate) listen: Vec<String>,
    /// Peers to find the network by.
    pub(crate) bootstrap: Vec<String>,
    /// Write without having asked any peer.
    pub(crate) offline_start: bool,
    /// Keep every attachment, not only one's own.
    pub(crate) archive: bool,
    /// Report 01 without a clerk.
    pub(crate) report_arrival: bool,
    /// Keep an index of the documents, to search them.
    pub(crate) search: bool,
    /// The file whose first line opens the agency's keys.
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Certificates of the authorities that vouch for agencies' keys.
    pub(crate) trust: Option<PathBuf>,
    /// Where health and metrics are served.
    pub(crate) http: Option<SocketAddr>,
    /// Whether `http` may be reachable from other machines.
    pub(crate) http_allow_remote: bool,
    /// Whether the web console is served at `/`.
    pub(crate) console: bool,
    /// The certificate that everything over HTTP is encrypted with, and those that vouch for it.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Its key.
    pub(crate) tls_key: Option<PathBuf>,
    /// Whether software that is not Rust is answered at `/api/v1`.
    pub(crate) api: bool,
    /// Requests a second that one token may make.
    pub(crate) api_requests_per_second: u32,
    /// The most MiB of one upload.
    pub(crate) api_max_upload_mib: u32,
    /// Whether webhooks may go to other machines unencrypted.
    pub(crate) api_insecure_webhooks: bool,
    /// Whether the calls of the national axis' SDK are answered at `/vxp`.
    pub(crate) vxp: bool,
    /// Minutes that a timestamp may be from the node's clock when it is first used.
    pub(crate) vxp_window_minutes: u32,
    /// Hours after which a timestamp that is not used is worth nothing.
    pub(crate) vxp_session_hours: u32,
    /// The zone of the systems' clocks.
    pub(crate) vxp_utc_offset: String,
    /// The most MiB of one packet.
    pub(crate) vxp_max_packet_mib: u32,
    /// Which messages are logged.
    pub(crate) log_level: String,
    /// How they are written.
    pub(crate) log_format: LogFormat,
    /// Working hours and terms.
    pub(crate) deadlines: Deadlines,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dir: "/var/lib/congvan".into(),
            listen: vec!["/ip4/0.0.0.0/tcp/7411".to_owned()],
            bootstrap: Vec::new(),
            offline_start: false,
            archive: false,
            report_arrival: true,
            search: true,
            passphrase_file: None,
            trust: None,
            http: None,
            http_allow_remote: false,
            console: false,
            tls_certificate: None,
            tls_key: None,
            api: false,
            api_requests_per_second: 50,
            api_max_upload_mib: 4096,
            api_insecure_webhooks: false,
            vxp: false,
            vxp_window_minutes: 10,
            vxp_session_hours: 24,
            vxp_utc_offset: "+07:00".to_owned(),
            vxp_max_packet_mib: 512,
            log_level: "info".to_owned(),
            log_format: LogFormat::Text,
            deadlines: Deadlines::default(),
        }
    }
}

/// Why the configuration does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}; name another file with --config", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or a key is unknown or of the wrong type.
    #[error("the configuration {} is wrong: {source}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with its line.
        source: Box<toml::de::Error>,
    },
    /// An environment variable names no key.
    #[error("the environment variable {variable} names no key of the configuration; the keys are: {keys}")]
    UnknownVariable {
        /// Which.
        variable: String,
        /// Those that there are.
        keys: String,
    },
    /// An environment variable's value is none for its key.
    #[error("the environment variable {variable} has the value {value:?}, which is wrong: {source}")]
    Variable {
        /// Which.
        variable: String,
        /// Its value.
        value: String,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A value is well-formed and cannot work.
    #[error("the key {key} has the value {value:?}: {reason}")]
    Value {
        /// Which key.
        key: &'static str,
        /// Its value.
        value: String,
        /// Why not, and what instead.
        reason: String,
    },
    /// The passphrase's file cannot be read.
    #[error("cannot read passphrase_file {}: {source}", path.display())]
    Passphrase {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Everybody can read the passphrase.
    #[error("passphrase_file {p} has mode {mode:04o}: everybody can read it. Run: chmod 600 {p}", p = path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

/// How a key is written in an environment variable.
enum Shape {
    /// As TOML writes a table in one line.
    Table,
    Text,
    /// Separated by commas.
    List,
    Switch,
    Number,
}

const KEYS: [(&str, Shape); 26] = [
    ("dir", Shape::Text),
    ("listen", Shape::List),
    ("bootstrap", Shape::List),
    ("offline_start", Shape::Switch),
    ("archive", Shape::Switch),
    ("report_arrival", Shape::Switch),
    ("search", Shape::Switch),
    ("passphrase_file", Shape::Text),
    ("trust", Shape::Text),
    ("http", Shape::Text),
    ("http_allow_remote", Shape::Switch),
    ("console", Shape::Switch),
    ("tls_certificate", Shape::Text),
    ("tls_key", Shape::Text),
    ("api", Shape::Switch),
    ("api_requests_per_second", Shape::Number),
    ("api_max_upload_mib", Shape::Number),
    ("api_insecure_webhooks", Shape::Switch),
    ("vxp", Shape::Switch),
    ("vxp_window_minutes", Shape::Number),
    ("vxp_session_hours", Shape::Number),
    ("vxp_utc_offset", Shape::Text),
    ("vxp_max_packet_mib", Shape::Number),
    ("log_level", Shape::Text),
    ("log_format", Shape::Text),
    ("deadlines", Shape::Table),
];

impl Config {
    /// Reads the file, then the environment.
    pub(crate) fn load(path: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config = Self::parse(&text)
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })?
            .overridden(env)?;
        config.check()?;
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// With what the environment says instead. Each variable is read as its key would be in the file, so
    /// that both accept the same values. A variable with no key is an error: it was meant to do something.
    fn overridden(self, env: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let variables: BTreeMap<String, String> =
            env.filter(|(variable, _)| variable.starts_with(ENV_PREFIX) && variable != ENV_CONFIG).collect();
        let mut config = self;
        for (variable, value) in variables {
            let key = variable[ENV_PREFIX.len()..].to_lowercase();
            let Some((key, shape)) = KEYS.iter().find(|(known, _)| *known == key) else {
                let keys = KEYS.map(|(key, _)| format!("{ENV_PREFIX}{}", key.to_uppercase())).join(", ");
                return Err(ConfigError::UnknownVariable { variable, keys });
            };
            let text = |value: &str| toml::Value::String(value.trim().to_owned());
            let parsed = match shape {
                Shape::Text => text(&value),
                Shape::List => {
                    toml::Value::Array(value.split(',').filter(|item| !item.trim().is_empty()).map(text).collect())
                }
                Shape::Number => value.trim().parse::<i64>().map_or_else(|_| text(&value), toml::Value::Integer),
                Shape::Switch => match value.trim() {
                    "1" | "true" => true.into(),
                    "0" | "false" => false.into(),
                    other => text(other),
                },
                Shape::Table => match toml::from_str::<toml::Table>(&format!("key = {value}")) {
                    Ok(mut table) => table.remove("key").unwrap_or_else(|| text(&value)),
                    Err(_) => text(&value),
                },
            };
            config = config.with(key, parsed).map_err(|source| ConfigError::Variable {
                variable,
                value,
                source: Box::new(source),
            })?;
        }
        Ok(config)
    }

    fn with(&self, key: &str, value: toml::Value) -> Result<Self, toml::de::Error> {
        let mut table = toml::Table::try_from(self).map_err(|e| serde::de::Error::custom(e.to_string()))?;
        table.insert(key.to_owned(), value);
        table.try_into()
    }

    /// What can be known to be wrong without starting anything.
    fn check(&self) -> Result<(), ConfigError> {
        for (key, addresses) in [("listen", &self.listen), ("bootstrap", &self.bootstrap)] {
            for value in addresses {
                let wrong = |reason: &str| ConfigError::Value { key, value: value.clone(), reason: reason.to_owned() };
                if !value.starts_with('/') {
                    return Err(wrong("an address is written as /ip4/192.0.2.1/tcp/7411"));
                }
                if key == "bootstrap" && !value.contains("/p2p/") {
                    return Err(wrong(
                        "a peer's address ends with its network key, /p2p/12D3…, so that no other answers",
                    ));
                }
            }
        }
        if let Some(http) = self.http
            && !http.ip().is_loopback()
            && !self.http_allow_remote
        {
            let reason = "it is reachable from other machines, and /metrics is for everybody there; use 127.0.0.1, \
                          or set http_allow_remote = true, with tls_certificate or behind a proxy that encrypts";
            return Err(ConfigError::Value { key: "http", value: http.to_string(), reason: reason.to_owned() });
        }
        if self.console && self.http.is_none() {
            let reason = "it is served where `http` listens, and that is not set".to_owned();
            return Err(ConfigError::Value { key: "console", value: "true".to_owned(), reason });
        }
        self.vxp_options()?;
        self.api_options()?;
        self.tls_files()?;
        crate::logging::filter(&self.log_level).map(drop).map_err(|e| ConfigError::Value {
            key: "log_level",
            value: self.log_level.clone(),
            reason: e.to_string(),
        })
    }

    /// How the calls of the national axis' SDK are answered, if they are.
    pub(crate) fn vxp_options(&self) -> Result<Option<VxpOptions>, ConfigError> {
        let wrong = |key, value: String, reason: String| ConfigError::Value { key, value, reason };
        if self.vxp && self.http.is_none() {
            let reason = "it is served where `http` listens, and that is not set".to_owned();
            return Err(wrong("vxp", "true".to_owned(), reason));
        }
        let bounds = [
            ("vxp_window_minutes", self.vxp_window_minutes, 1, MAX_WINDOW_MINUTES),
            ("vxp_session_hours", self.vxp_session_hours, 0, MAX_SESSION_HOURS),
            ("vxp_max_packet_mib", self.vxp_max_packet_mib, 1, MAX_PACKET_MIB),
        ];
        for (key, value, least, most) in bounds {
            if !(least..=most).contains(&value) {
                return Err(wrong(key, value.to_string(), format!("it is a number from {least} to {most}")));
            }
        }
        let utc_offset = self.vxp_utc_offset.parse::<UtcOffset>();
        let utc_offset = utc_offset.map_err(|e| wrong("vxp_utc_offset", self.vxp_utc_offset.clone(), e.to_string()))?;
        Ok(self.vxp.then(|| VxpOptions {
            window: Duration::from_secs(u64::from(self.vxp_window_minutes) * 60),
            session: Duration::from_secs(u64::from(self.vxp_session_hours) * 3600),
            utc_offset,
            max_packet: u64::from(self.vxp_max_packet_mib) << 20,
            ..VxpOptions::default()
        }))
    }

    /// The passphrase of the agency's keys.
    pub(crate) fn passphrase(&self) -> Result<Option<String>, ConfigError> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let read = || -> std::io::Result<(u32, String)> {
            Ok((std::fs::metadata(path)?.permissions().mode(), std::fs::read_to_string(path)?))
        };
        let (mode, text) = read().map_err(|source| ConfigError::Passphrase { path: path.clone(), source })?;
        if mode & 0o007 != 0 {
            return Err(ConfigError::Exposed { path: path.clone(), mode: mode & 0o777 });
        }
        Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const SAMPLE: &str = include_str!("../node.toml");

    /// The sample with every key that it shows commented out put in force.
    fn everything() -> String {
        SAMPLE.lines().map(|line| line.strip_prefix('#').filter(|l| !l.starts_with(' ')).unwrap_or(line)).fold(
            String::new(),
            |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            },
        )
    }

    fn env(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::default().overridden(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn the_sample_states_the_defaults() {
        assert_eq!(Config::parse(SAMPLE).unwrap(), Config::default());
        Config::default().check().unwrap();
    }

    #[test]
    fn the_sample_documents_every_key_and_each_can_be_overridden() {
        let full = Config::parse(&everything()).unwrap();
        full.check().unwrap();
        let table = toml::Table::try_from(&full).unwrap();
        let written: Vec<_> = table.keys().map(String::as_str).collect();
        let mut known = KEYS.map(|(key, _)| key);
        known.sort_unstable();
        assert_eq!(written, known, "a key is missing in node.toml or in KEYS");
        let mut before = "";
        for line in SAMPLE.lines() {
            if known.iter().any(|key| line.trim_start_matches('#').starts_with(&format!("{key} ="))) {
                assert!(before.starts_with("# "), "no comment above {line:?}");
            }
            before = line;
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = Config::parse("dir = \"/x\"\nbootstraps = []\n").unwrap_err().to_string();
        assert!(error.contains("bootstraps") && error.contains("line 2"), "{error}");
        let error = env(&[("CONGVAN_NODE_DIRECTORY", "/x")]).unwrap_err().to_string();
        assert!(error.contains("CONGVAN_NODE_DIRECTORY") && error.contains("CONGVAN_NODE_DIR,"), "{error}");
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let config = env(&[
            ("CONGVAN_NODE_CONFIG", "/elsewhere.toml"),
            ("CONGVAN_NODE_DIR", "/srv/congvan"),
            ("CONGVAN_NODE_BOOTSTRAP", "/ip4/192.0.2.1/tcp/1/p2p/a, /ip4/192.0.2.2/tcp/1/p2p/b"),
            ("CONGVAN_NODE_LISTEN", ""),
            ("CONGVAN_NODE_ARCHIVE", "1"),
            ("CONGVAN_NODE_HTTP", "127.0.0.1:9"),
            ("CONGVAN_NODE_LOG_FORMAT", "json"),
            ("CONGVAN_NODE_REPORT_ARRIVAL", "false"),
            ("CONGVAN_NODE_SEARCH", "false"),
            ("CONGVAN_NODE_DEADLINES", "{ soon = \"2d\", calendar = { morning = \"07:30-11:30\" } }"),
            ("CONGVAN_NODE_VXP_WINDOW_MINUTES", "5"),
            ("CONGVAN_DIR", "/not/ours"),
        ])
        .unwrap();
        assert_eq!(
            config,
            Config {
                dir: "/srv/congvan".into(),
                bootstrap: vec!["/ip4/192.0.2.1/tcp/1/p2p/a".into(), "/ip4/192.0.2.2/tcp/1/p2p/b".into()],
                listen: vec![],
                archive: true,
                http: Some("127.0.0.1:9".parse().unwrap()),
                log_format: LogFormat::Json,
                report_arrival: false,
                search: false,
                deadlines: toml::from_str("soon = \"2d\"\ncalendar.morning = \"07:30-11:30\"").unwrap(),
                vxp_window_minutes: 5,
                ..Config::default()
            }
        );
    }

    #[test]
    fn a_wrong_value_in_the_environment_names_its_variable() {
        for (variable, value) in [
            ("CONGVAN_NODE_ARCHIVE", "ja"),
            ("CONGVAN_NODE_HTTP", "localhost"),
            ("CONGVAN_NODE_LOG_FORMAT", "xml"),
            ("CONGVAN_NODE_DEADLINES", "{ soon = '1w' }"),
            ("CONGVAN_NODE_DEADLINES", "{"),
            ("CONGVAN_NODE_VXP_SESSION_HOURS", "một"),
        ] {
            let error = env(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.contains(variable) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn values_that_cannot_work_are_refused_before_anything_starts() {
        let refused = |config: Config, what: &str| {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        };
        let default = Config::default;
        refused(Config { http: Some("0.0.0.0:80".parse().unwrap()), ..default() }, "http_allow_remote");
        refused(Config { listen: vec!["192.0.2.1:7411".into()], ..default() }, "listen");
        refused(Config { bootstrap: vec!["/ip4/192.0.2.1/tcp/7411".into()], ..default() }, "/p2p/");
        refused(Config { log_level: "info,=".into(), ..default() }, "log_level");
        refused(Config { vxp: true, ..default() }, "`http`");
        refused(Config { console: true, ..default() }, "console");
        refused(Config { vxp_utc_offset: "7".into(), ..default() }, "vxp_utc_offset");
        refused(Config { api: true, ..default() }, "`http`");
        refused(Config { tls_key: Some("/x".into()), ..default() }, "tls_certificate");
        for api_requests_per_second in [0, 10_001] {
            refused(Config { api_requests_per_second, ..default() }, "1 to 10000");
        }
        for api_max_upload_mib in [0, 131_073] {
            refused(Config { api_max_upload_mib, ..default() }, "1 to 131072");
        }
        for (vxp_window_minutes, vxp_session_hours, vxp_max_packet_mib, key) in [
            (0, 24, 512, "vxp_window_minutes"),
            (1441, 24, 512, "vxp_window_minutes"),
            (10, 8785, 512, "vxp_session_hours"),
            (10, 24, 0, "vxp_max_packet_mib"),
            (10, 24, 3073, "vxp_max_packet_mib"),
        ] {
            refused(Config { vxp_window_minutes, vxp_session_hours, vxp_max_packet_mib, ..default() }, key);
        }
        Config { http: Some("0.0.0.0:80".parse().unwrap()), http_allow_remote: true, ..default() }.check().unwrap();
    }
}
