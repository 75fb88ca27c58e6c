//! Root at work in another user's directory: becomes that user, so that the files are the service's own.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};

use crate::exit::Failure;

/// As root, becomes the owner of a directory that is there; anybody else stays who he is. What root alone may
/// read or write elsewhere is then out of reach, which the system says of the file.
pub(crate) fn become_owner(dir: &Path) -> Result<(), Failure> {
    let Ok(found) = fs::metadata(dir) else { return Ok(()) };
    if !geteuid().is_root() || found.uid() == 0 {
        return Ok(());
    }
    let gid = Gid::from_raw(found.gid());
    let became = setgroups(&[gid]).and_then(|()| setgid(gid)).and_then(|()| setuid(Uid::from_raw(found.uid())));
    became.map_err(|error| Failure::Owner(dir.to_owned(), io::Error::from(error)))
}
