//! Changing this agency's keys: an entry signed by the old key names the new one.

use congvan_core::chain::KeyRotation;
use congvan_core::keyfile::Keys;
use congvan_core::rng;
use congvan_core::{AgencySecret, Draft, Kind, Wire};

use crate::node::{Node, lock};
use crate::send::{Receipt, SendError};
use crate::setup;

impl Node {
    /// Replaces the agency's keys. The new key is on disk before the entry that names it, so that no
    /// crash loses it; old sealing keys stay, for what was sealed to them.
    ///
    /// # Errors
    /// [`SendError`]; the old key holds on then.
    pub async fn rotate_key(&self) -> Result<Receipt, SendError> {
        let mut own = self.writable_own().await?;
        let next = AgencySecret::generate(&mut rng::from_os()?);
        let staged = self.0.home.next_agency_key();
        let passphrase = self.0.passphrase.clone();
        own.seals.insert(0, next.seal.clone());
        own.sign = next.sign.clone();
        let keys = Keys::Agency { sign: own.sign.clone(), seals: own.seals.clone() };
        // One that an earlier, refused rotation left behind names no key that anybody knows.
        let _ = std::fs::remove_file(&staged);
        setup::write_keys(&staged, &keys, passphrase.as_deref())?;

        let payload = KeyRotation::to(&next, self.0.network, own.chain).to_bytes();
        let draft = Draft { kind: Kind::ROTATION, time: setup::now(), payload };
        let entry = self.append_own(draft).await?;
        // From here on the next number is the new key's. The writer holds the old one: it is closed,
        // and opens again with the new.
        setup::promote(&staged, &self.0.home.agency_key())?;
        *lock(&self.0.own) = own;
        if let Some(writer) = lock(&self.0.writer).take() {
            writer.close();
        }
        self.0.judge();
        Ok(Receipt { entry: entry.reference(), repeated: false })
    }
}
