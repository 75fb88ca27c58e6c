//! What the demo is played on: a temporary directory, the two programs, and the clock.
//!
//! Whatever way the demo ends, by success, failure, panic or Ctrl-C, the children that it started are
//! gone and so is the directory.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A step that did not hold, told in full.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

pub(crate) type Step<T = ()> = Result<T, Failure>;

/// Says what failed, with the error behind it.
pub(crate) trait Context<T> {
    fn context(self, what: impl Display) -> Step<T>;
}

impl<T, E: Display> Context<T> for Result<T, E> {
    fn context(self, what: impl Display) -> Step<T> {
        self.map_err(|error| Failure(format!("{what}: {error}")))
    }
}

pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Step {
    if holds { Ok(()) } else { Err(Failure(otherwise())) }
}

/// No command and no condition takes longer than this.
const BOUND: Duration = Duration::from_secs(20);
/// What a node may take to stop.
pub(crate) const STOP: Duration = Duration::from_secs(5);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(50);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Ctrl-C and SIGTERM end the demo at its next look at a condition, so that it tidies up.
pub(crate) fn watch_for_interruption() {
    thread::spawn(|| {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            INTERRUPTED.store(true, Ordering::Relaxed);
        });
    });
}

/// Looks at a condition until it gives something.
pub(crate) fn until<T>(what: &str, bound: Duration, mut look: impl FnMut() -> Step<Option<T>>) -> Step<T> {
    let deadline = Instant::now() + bound;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure(!INTERRUPTED.load(Ordering::Relaxed), || "interrupted".to_owned())?;
        ensure(Instant::now() < deadline, || format!("after {} s still not: {what}", bound.as_secs()))?;
        thread::sleep(LOOK);
    }
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) line: String,
    pub(crate) output: Output,
}

impl Ran {
    pub(crate) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Everything, for whoever has to find out why.
    pub(crate) fn in_full(&self) -> String {
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        format!("$ {}\n{}{stderr}({})", self.line, self.stdout(), self.output.status)
    }
}

/// The programs and a place for their files.
pub(crate) struct Stage {
    programs: PathBuf,
    dir: TempDir,
    began: Instant,
}

impl Stage {
    pub(crate) fn set() -> Step<Self> {
        let example = std::env::current_exe().context("where is this program?")?;
        let programs = example.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        for name in ["congvan", "congvan-node"] {
            let path = programs.join(name);
            ensure(path.is_file(), || format!("{} is missing; run: make demo", path.display()))?;
        }
        let dir = tempfile::Builder::new().prefix("congvan-demo-").tempdir().context("a temporary directory")?;
        Ok(Self { programs, dir, began: Instant::now() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// One line of the timeline: what was done, and the line before is now true.
    pub(crate) fn done(&self, vietnamese: &str, english: impl Display) {
        println!("{:6.1} s  ✓ {vietnamese}\n            {english}", self.began.elapsed().as_secs_f64());
    }

    /// A program with none of the caller's own settings.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CONGVAN_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs `congvan` in an agency's directory, to its end.
    pub(crate) fn try_congvan(&self, home: &str, arguments: &[&str]) -> Step<Ran> {
        let line = format!("congvan --dir {home} {}", arguments.join(" "));
        let mut command = self.command("congvan");
        command.arg("--dir").arg(self.path(home)).args(["--lang", "en", "--quiet"]).args(arguments);
        let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()), &line)?;
        let stdout = drain(child.child.stdout.take());
        let stderr = drain(child.child.stderr.take());
        let status = child.ended(BOUND)?;
        let read = |thread: thread::JoinHandle<Vec<u8>>| thread.join().unwrap_or_default();
        Ok(Ran { line, output: Output { status, stdout: read(stdout), stderr: read(stderr) } })
    }

    /// Runs `congvan`, which must succeed.
    pub(crate) fn congvan(&self, home: &str, arguments: &[&str]) -> Step<Ran> {
        let ran = self.try_congvan(home, arguments)?;
        ensure(ran.code() == Some(0), || format!("a command failed\n{}", ran.in_full()))?;
        Ok(ran)
    }

    /// Runs `congvan --json`, which must succeed, and reads what it says.
    pub(crate) fn ask(&self, home: &str, arguments: &[&str]) -> Step<Value> {
        let ran = self.congvan(home, &[&["--json"], arguments].concat())?;
        serde_json::from_slice(&ran.output.stdout).context(format!("this is no JSON\n{}\n", ran.in_full()))
    }

    /// Starts an agency's node.
    pub(crate) fn start_node(&self, home: &str, place: &Place, bootstrap: &[String]) -> Step<Running> {
        let log = self.path(&format!("{home}.log"));
        let file = File::options().create(true).append(true).open(&log).context("a log file")?;
        let config = self.path(&format!("{home}.toml"));
        let text = format!(
            "dir = {:?}\nlisten = [{:?}]\nbootstrap = {bootstrap:?}\nhttp = {:?}\n",
            self.path(home),
            place.listen(),
            place.http.to_string()
        );
        fs::write(&config, text).context("a configuration")?;
        let mut command = self.command("congvan-node");
        command.arg("--config").arg(&config).stdout(Stdio::null()).stderr(file);
        let mut running = Running::start(&mut command, &format!("congvan-node --config {home}.toml"))?;
        running.log = Some(log);
        Ok(running)
    }
}

/// Reads a child's pipe to its end beside it, so that it never waits for us.
fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Where a node is reached.
pub(crate) struct Place {
    pub(crate) port: u16,
    pub(crate) http: SocketAddr,
}

impl Place {
    /// Free places, all different: the listeners are held until all are chosen.
    pub(crate) fn free<const N: usize>() -> Step<[Self; N]> {
        let mut held = Vec::new();
        let mut free = || -> Step<SocketAddr> {
            let listener = TcpListener::bind("127.0.0.1:0").context("a free port")?;
            let address = listener.local_addr().context("a free port")?;
            held.push(listener);
            Ok(address)
        };
        let mut places = Vec::new();
        for _ in 0..N {
            places.push(Self { port: free()?.port(), http: free()? });
        }
        places.try_into().map_err(|_| Failure("places".to_owned()))
    }

    pub(crate) fn listen(&self) -> String {
        format!("/ip4/127.0.0.1/tcp/{}", self.port)
    }

    /// Asks the node over HTTP: the status and the body; `None` while nobody answers.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect_timeout(&self.http, BOUND).ok()?;
        stream.set_read_timeout(Some(BOUND)).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// One figure of `/metrics`.
    pub(crate) fn figure(&self, name: &str) -> Option<u64> {
        let (_, body) = self.get("/metrics")?;
        body.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

/// A child that does not outlive us.
pub(crate) struct Running {
    line: String,
    child: Child,
    log: Option<PathBuf>,
}

impl Running {
    fn start(command: &mut Command, line: &str) -> Step<Self> {
        let child = command.spawn().context(format!("cannot start {line}"))?;
        Ok(Self { line: line.to_owned(), child, log: None })
    }

    /// Waits for its end.
    fn ended(&mut self, bound: Duration) -> Step<ExitStatus> {
        let what = format!("{} has ended", self.line);
        let child = &mut self.child;
        until(&what, bound, || child.try_wait().context(&what))
    }

    /// Fails with its log if it has ended though nobody asked it to.
    pub(crate) fn must_run(&mut self) -> Step {
        match self.child.try_wait().context("waiting")? {
            None => Ok(()),
            Some(status) => Err(Failure(format!("{} ended by itself ({status})\n{}", self.line, self.log()))),
        }
    }

    /// SIGTERM: it must end within [`STOP`] and with 0.
    pub(crate) fn stop(mut self) -> Step<Duration> {
        let began = Instant::now();
        let pid = self.child.id().to_string();
        // The shell's own kill, because the standard library only knows SIGKILL.
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &pid]).status().context("kill")?;
        ensure(sent.success(), || format!("SIGTERM did not reach {}", self.line))?;
        let status = self.ended(STOP)?;
        ensure(status.code() == Some(0), || format!("{} ended with {status}\n{}", self.line, self.log()))?;
        Ok(began.elapsed())
    }

    pub(crate) fn log(&self) -> String {
        self.log.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
