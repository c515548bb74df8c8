//! A real Envoy.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use launcher::admin::{Admin, AdminError};
use launcher::drain::drain;
use launcher::{Event, Guard, Program, Restart, Search, Signal, Stopped, Supervised};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{LIMIT, Stats, eventually, eventually_blocking};

/// How Envoy is launched.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The bootstrap. Without an `admin` section it gets one on a Unix socket.
    pub bootstrap: Value,
    /// The number of worker threads.
    pub workers: u32,
    /// `trace` to `critical`.
    pub log_level: String,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// The executable; None for the pinned one.
    pub binary: Option<PathBuf>,
}

impl Launch {
    /// One worker, log level `info`, the pinned Envoy.
    pub fn new(bootstrap: Value) -> Self {
        Self { bootstrap, workers: 1, log_level: "info".into(), arguments: Vec::new(), binary: None }
    }
}

/// A running Envoy in a folder of its own. Dropping it kills it; the end of its log is printed when
/// that happens during a panic.
#[derive(Debug)]
pub struct Envoy {
    process: Supervised,
    program: Program,
    admin: Admin,
    log: Log,
    folder: TempDir,
}

type Log = Arc<Mutex<VecDeque<String>>>;

/// The lines that are kept of the log.
const LOG_LINES: usize = 20_000;

/// The pinned Envoy of the source tree, else the one on `PATH`. Panics with the way to get it.
pub fn envoy_binary() -> PathBuf {
    let mut search = Search::from_environment();
    search.tools_above.push(env!("CARGO_MANIFEST_DIR").into());
    let found = search.pinned_envoy().map_or_else(|| search.envoy(), Ok);
    found.unwrap_or_else(|error| panic!("{error}"))
}

impl Envoy {
    /// Launches Envoy with this bootstrap and waits until it is ready.
    pub async fn start(bootstrap: Value) -> Self {
        let envoy = Self::launch(Launch::new(bootstrap));
        envoy.ready().await;
        envoy
    }

    /// Launches Envoy and returns when there is a process: it may wait for its configuration for long,
    /// or exit because of its bootstrap.
    pub fn launch(launch: Launch) -> Self {
        let folder = tempfile::Builder::new().prefix("isobath-envoy-").tempdir().expect("a temporary folder");
        let mut bootstrap = launch.bootstrap;
        let admin = admin_of(&mut bootstrap, folder.path());
        let config = folder.path().join("bootstrap.json");
        fs::write(&config, bootstrap.to_string()).expect("the temporary folder is writable");
        let mut arguments: Vec<OsString> = vec!["--config-path".into(), config.into()];
        let workers = launch.workers.to_string();
        let fixed = ["--disable-hot-restart", "--concurrency", &workers, "--log-level", &launch.log_level];
        arguments.extend(fixed.map(OsString::from));
        arguments.extend(launch.arguments.into_iter().map(OsString::from));
        let path = launch.binary.unwrap_or_else(envoy_binary);
        // A test executable's `main` is not ours; a test that is killed must leave no Envoy behind either.
        let program = Program { path, arguments, guard: Guard::Watcher, restart: Restart::Never };
        let log = Log::default();
        let process = start(&program, &log);
        Self { process, program, admin, log, folder }
    }

    /// Waits until Envoy has its first configuration and serves.
    pub async fn ready(&self) {
        eventually("Envoy is ready", async || self.readiness().await).await;
    }

    async fn readiness(&self) -> Result<(), String> {
        assert!(self.is_running(), "Envoy ended with {:?}", self.process.last_exit());
        match self.ask("GET", "/ready").await {
            Ok((200, _)) => Ok(()),
            Ok((status, body)) => Err(format!("status {status}: {body}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Waits until Envoy has ended by itself, as it does with a bad bootstrap, and gives its code; None
    /// when a signal ended it.
    pub async fn ended(&self) -> Option<i32> {
        let status = eventually("Envoy has ended", async || {
            self.process.wait(Duration::ZERO).ok_or_else(|| "it runs".to_owned())
        });
        status.await.code()
    }

    /// Where the administration interface is.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Its folder: the bootstrap is here, and tests may put files beside it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Whether there is a process.
    pub fn is_running(&self) -> bool {
        self.process.pid().is_some()
    }

    /// All counters and gauges.
    pub async fn stats(&self) -> Stats {
        Stats::parse(&self.get("/stats").await)
    }

    /// One counter or gauge; 0 when Envoy does not have it.
    pub async fn stat(&self, name: &str) -> u64 {
        self.stats().await.get(name)
    }

    /// The configuration that Envoy has, endpoints included.
    pub async fn config_dump(&self) -> Value {
        let text = self.get("/config_dump?include_eds").await;
        serde_json::from_str(&text).expect("a configuration dump is JSON")
    }

    /// Reads from the administration interface.
    pub async fn get(&self, path: &str) -> String {
        self.accepted("GET", path).await
    }

    /// Posts to the administration interface, which is how Envoy is told to do something.
    pub async fn post(&self, path: &str) -> String {
        self.accepted("POST", path).await
    }

    async fn accepted(&self, method: &'static str, path: &str) -> String {
        match self.ask(method, path).await {
            Ok((200, body)) => body,
            other => panic!("Envoy's admin interface, {method} {path}: {other:?}"),
        }
    }

    /// On a thread for blocking work: the test's own runtime may be serving this Envoy meanwhile.
    async fn ask(&self, method: &'static str, path: &str) -> Result<(u16, String), AdminError> {
        let (admin, path) = (self.admin.clone(), path.to_owned());
        let answer = tokio::task::spawn_blocking(move || admin.ask(method, &path)).await;
        answer.expect("asking Envoy does not panic").map(|answer| (answer.status, answer.body))
    }

    /// What it has logged, oldest first, across restarts.
    pub fn log(&self) -> Vec<String> {
        lines(&self.log).iter().cloned().collect()
    }

    /// Whether a line of the log has this in it.
    pub fn has_logged(&self, part: &str) -> bool {
        lines(&self.log).iter().any(|line| line.contains(part))
    }

    /// Stops the process where it is, as a machine that hangs does, until [`Envoy::thaw`].
    pub fn freeze(&self) {
        let pid = self.pid().expect("Envoy runs");
        self.process.signal(Signal::Freeze);
        eventually_blocking("Envoy is frozen", || {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|error| error.to_string())?;
            if stat.contains(") T ") { Ok(()) } else { Err(stat) }
        });
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.process.signal(Signal::Thaw);
    }

    /// Ends it with `SIGKILL`, as the kernel does when memory is short.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again, after [`Envoy::kill`] or [`Envoy::stop`], or instead of one that runs. Does not
    /// wait until it is ready.
    pub fn start_again(&mut self) {
        self.process.kill();
        self.process = start(&self.program, &self.log);
    }

    /// Ends it with `SIGTERM`: it exits at once and cuts its connections.
    pub fn stop(&self) -> Stopped {
        self.process.stop(LIMIT)
    }

    /// Drains it, then ends it: no connection is cut as long as its requests end within `limit`.
    pub async fn drain_and_stop(&self, limit: Duration) -> Stopped {
        let admin = self.admin.clone();
        let drained = tokio::task::spawn_blocking(move || drain(&admin, limit)).await;
        drained.expect("draining does not panic").unwrap_or_else(|error| panic!("{error}"));
        self.stop()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.process.kill();
        if std::thread::panicking() {
            let lines = lines(&self.log);
            eprintln!("the end of Envoy's log:");
            lines.iter().skip(lines.len().saturating_sub(60)).for_each(|line| eprintln!("  {line}"));
        }
    }
}

fn start(program: &Program, log: &Log) -> Supervised {
    let log = Arc::clone(log);
    let process = Supervised::start(program.clone(), move |event| {
        if let Event::Line(_, line) = event {
            keep(&log, line);
        }
    });
    process.unwrap_or_else(|error| panic!("{error}"))
}

fn keep(log: &Log, line: &str) {
    let mut lines = lines(log);
    if lines.len() == LOG_LINES {
        lines.pop_front();
    }
    lines.push_back(line.to_owned());
}

fn lines(log: &Log) -> MutexGuard<'_, VecDeque<String>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the bootstrap has the administration interface; gives it one when it has none.
fn admin_of(bootstrap: &mut Value, folder: &Path) -> Admin {
    if bootstrap.get("admin").is_none() {
        let socket = folder.join("admin.sock");
        bootstrap["admin"] = json!({ "address": { "pipe": { "path": socket } } });
    }
    let address = &bootstrap["admin"]["address"];
    if let Some(path) = address["pipe"]["path"].as_str() {
        return Admin::Unix(path.into());
    }
    let socket = &address["socket_address"];
    let ip = socket["address"].as_str().and_then(|text| text.parse::<std::net::IpAddr>().ok());
    let port = socket["port_value"].as_u64().and_then(|port| u16::try_from(port).ok());
    match (ip, port) {
        (Some(ip), Some(port)) => Admin::Tcp((ip, port).into()),
        _ => panic!("the bootstrap's admin address is neither a pipe nor an IP and port: {address}"),
    }
}
