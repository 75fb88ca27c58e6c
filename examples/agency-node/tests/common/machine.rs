//! A page's commands, run by a shell with the real binaries.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The command, which is built beside the node.
pub(crate) fn congvan() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_congvan-node")).with_file_name("congvan");
    assert!(path.exists(), "{} is missing: cargo build --release --workspace --bins", path.display());
    path
}

/// A directory in which a page's commands are run, as on a machine of its reader.
pub(crate) struct Machine {
    pub(crate) root: tempfile::TempDir,
    /// The node's configuration, where commands find the directory.
    pub(crate) config: PathBuf,
}

impl Machine {
    pub(crate) fn shell(&self, script: &str) -> Output {
        let path = format!("{}:{}", congvan().parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        for name in ["CONGVAN_DIR", "CONGVAN_LANG", "CONGVAN_PASSPHRASE", "LC_ALL", "LC_MESSAGES"] {
            shell.env_remove(name);
        }
        shell.args(["-e", "-c", script]).current_dir(self.root.path()).env("PATH", path).env("LANG", "C.UTF-8");
        shell.env("CONGVAN_NODE_CONFIG", &self.config).stdin(Stdio::null()).output().unwrap()
    }

    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> String {
        let ran = self.shell(script);
        let (out, err) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
        assert!(ran.status.success(), "{script}\n{out}{err}");
        out
    }
}

/// The commands of a page that contain a word.
pub(crate) fn block<'a>(page: &'a str, word: &str) -> &'a str {
    let mut blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.find(|block| block.contains(word)).unwrap_or_else(|| panic!("the page has no command with {word:?}"))
}
