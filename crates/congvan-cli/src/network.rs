//! A network: making it, its fingerprint, and who is connected.

use std::path::{Path, PathBuf};

use congvan::control::{Reply, Request};
use congvan::core::Genesis;
use congvan::setup;
use congvan::view::PeerView;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::{Page, time};

/// What people compare, and what is behind it.
#[derive(Serialize)]
struct NetworkInfo {
    name: String,
    network: String,
    fingerprint: String,
    created: u64,
    registrars: Vec<String>,
    threshold: u16,
    genesis: PathBuf,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keys: Vec<PathBuf>,
}

impl NetworkInfo {
    fn new(genesis: &Genesis, path: PathBuf, keys: Vec<PathBuf>) -> Self {
        let network = genesis.network_id().to_string();
        Self {
            name: genesis.name.to_string(),
            fingerprint: fingerprint_of(&network),
            network,
            created: genesis.created.as_millis(),
            registrars: genesis.registrars.iter().map(ToString::to_string).collect(),
            threshold: genesis.threshold,
            genesis: path,
            keys,
        }
    }

    fn print(&self, app: &App, page: &mut Page) {
        let lang = app.out.lang;
        let mut fields = vec![
            (lang.h_name(), self.name.clone()),
            (lang.h_network(), self.network.clone()),
            (lang.h_fingerprint(), self.fingerprint.clone()),
            (lang.h_created(), time(lang, self.created)),
            (lang.h_registrars(), lang.of_them(self.threshold, self.registrars.len())),
            (lang.h_genesis(), self.genesis.display().to_string()),
        ];
        fields.extend(self.keys.iter().map(|key| (lang.h_key(), key.display().to_string())));
        page.fields(&fields);
    }
}

/// The network's id in groups of four digits, as one reads it out.
pub(crate) fn fingerprint_of(network: &str) -> String {
    let digits: Vec<char> = network.chars().collect();
    digits.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

/// `network create`
pub(crate) fn create(app: &App, name: &str, registrars: u16, threshold: u16, encrypt: bool) -> Result<Exit, Failure> {
    let passphrase = app.new_passphrase(encrypt)?;
    let genesis = setup::create_network(app.home.dir(), name, registrars, threshold, passphrase.as_deref())?;
    let keys = (1..=registrars).map(|number| app.home.registrar_key(number)).collect();
    let info = NetworkInfo::new(&genesis, app.home.genesis(), keys);
    app.out.result(&info, |page| {
        page.line(app.out.lang.network_made(name));
        info.print(app, page);
        page.line(app.out.lang.network_next());
    })?;
    Ok(Exit::Done)
}

/// `fingerprint`
pub(crate) fn fingerprint(app: &App, path: &Path) -> Result<Exit, Failure> {
    let info = NetworkInfo::new(&setup::read_genesis(path)?, path.to_owned(), Vec::new());
    app.out.result(&info, |page| info.print(app, page))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Peers {
    peers: Vec<PeerView>,
}

/// `peers`
pub(crate) async fn peers(app: &App) -> Result<Exit, Failure> {
    let link = app.running().await?;
    let Reply::Peers { peers } = link.0.call(Request::Peers).await? else { return Err(Failure::Unexpected) };
    link.close().await;
    let peers = Peers { peers };
    let lang = app.out.lang;
    app.out.result(&peers, |page| {
        if peers.peers.is_empty() {
            return page.line(lang.d_peers_none());
        }
        let row = |peer: &PeerView| {
            let addresses = peer.addresses.join(" ");
            [peer.agency.clone(), lang.seconds(peer.connected_s), peer.node.clone(), addresses]
        };
        let headings = [lang.h_agency(), lang.h_connected(), lang.h_node(), lang.h_address()];
        page.table(headings, peers.peers.iter().map(row).collect());
    })?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_fingerprint_is_read_in_fours() {
        assert_eq!(super::fingerprint_of("0123456789ab"), "0123 4567 89ab");
    }
}
