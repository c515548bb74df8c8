//! The Envoy of one run: its bootstrap, its process, its end.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use envoy::bootstrap::{AdminAddress, BootstrapOptions, Node, XdsTls, bootstrap};
use launcher::admin::Admin;
use launcher::{Backoff, Event, Guard, Program, Restart, Supervised};
use tokio::sync::Notify;

use super::certificates::ClientFiles;
use super::screen::Screen;

/// How long clients have to finish what they are at when the run ends.
const DRAIN: Duration = Duration::from_secs(5);
/// How long Envoy has to end after that.
const GRACE: Duration = Duration::from_secs(5);

/// The Envoy of one run.
pub(super) struct Process {
    supervised: Supervised,
    /// Told each time Envoy ends.
    ended: Arc<Notify>,
    admin: Admin,
}

/// More connections than a machine has; without any limit Envoy warns at every start.
const CONNECTIONS: u32 = 1_000_000;

/// What an Envoy is started with.
pub(super) struct Start<'a> {
    pub(super) envoy: PathBuf,
    pub(super) folder: &'a Path,
    pub(super) files: &'a ClientFiles,
    pub(super) xds_port: u16,
    pub(super) mode: envoy::XdsMode,
    pub(super) admin_port: u16,
    pub(super) log_level: &'a str,
}

impl Process {
    /// Starts Envoy; it is started again when it dies.
    pub(super) fn start(start: Start<'_>, screen: &Arc<Screen>) -> anyhow::Result<Self> {
        let (address, admin) = administration(&start);
        let config = start.folder.join("envoy.json");
        let options = options(&start, address)?;
        let json = serde_json::to_string_pretty(&envoy::message_to_json(&bootstrap(&options)))?;
        fs::write(&config, json).with_context(|| config.display().to_string())?;
        let arguments = ["-c".into(), config.into(), "--log-level".into(), start.log_level.into()];
        // Several may run on one machine; nobody restarts this one hot. Time and thread are of no use here.
        let more = ["--disable-hot-restart".into(), "--log-format".into(), "%l: %v".into()];
        let arguments = arguments.into_iter().chain(more);
        let program = Program {
            path: start.envoy,
            arguments: arguments.collect(),
            guard: Guard::OwnExecutable,
            restart: Restart::After(Backoff::default()),
        };
        let (screen, ended) = (Arc::clone(screen), Arc::new(Notify::new()));
        let told = Arc::clone(&ended);
        let supervised = Supervised::start(program, move |event| {
            tell(&screen, &event);
            if let Event::Ended(_) = event {
                told.notify_one();
            }
        })?;
        Ok(Self { supervised, ended, admin })
    }

    /// Waits until Envoy ends.
    pub(super) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Lets clients finish, then ends Envoy. Blocks.
    pub(super) fn stop(&self) {
        // An Envoy that does not answer has nobody to wait for.
        let _ = launcher::drain::drain(&self.admin, DRAIN);
        self.supervised.stop(GRACE);
    }
}

fn administration(start: &Start<'_>) -> (AdminAddress, Admin) {
    if start.admin_port == 0 {
        let socket = start.folder.join("admin.sock");
        (AdminAddress::Pipe(socket.to_string_lossy().into()), Admin::Unix(socket))
    } else {
        (AdminAddress::Loopback(start.admin_port), Admin::Tcp((Ipv4Addr::LOCALHOST, start.admin_port).into()))
    }
}

fn options(start: &Start<'_>, admin: AdminAddress) -> anyhow::Result<BootstrapOptions> {
    let text = |path: &Path| -> anyhow::Result<Arc<str>> {
        Ok(path.to_str().with_context(|| format!("{}: is not UTF-8", path.display()))?.into())
    };
    Ok(BootstrapOptions {
        node: Some(Node { id: "up".into(), cluster: "isobath".into() }),
        mode: start.mode,
        xds_port: start.xds_port,
        tls: Some(XdsTls {
            ca: text(&start.files.ca)?,
            certificate: text(&start.files.certificate)?,
            key: text(&start.files.key)?,
            resources_dir: None,
        }),
        admin,
        namespace: "isobath".into(),
        max_downstream_connections: Some(CONNECTIONS),
        ..BootstrapOptions::new()
    })
}

fn tell(screen: &Screen, event: &Event<'_>) {
    match event {
        Event::Started { pid } => screen.line(&format!("envoy: started, process {pid}")),
        Event::Line(_, line) => screen.line(&format!("envoy: {line}")),
        Event::Ended(status) => screen.line(&format!("envoy: ended, {status}")),
        Event::CannotStart(error) => screen.line(&format!("envoy: cannot start: {error}")),
        Event::Restarting { after } => screen.line(&format!("envoy: starts again in {after:?}")),
    }
}
