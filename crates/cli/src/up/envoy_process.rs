//! An Envoy of a run: its bootstrap, its process, its end.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use envoy::bootstrap::{AdminAddress, BootstrapOptions, Node, XdsTls, bootstrap};
use launcher::admin::Admin;
use launcher::{Backoff, Event, Guard, Program, Restart, Supervised};
use model::FleetId;
use tokio::sync::Notify;

use super::certificates::{Certificates, ClientFiles};
use super::screen::{self, Screen};

/// How long clients have to finish what they are at when the run ends.
const DRAIN: Duration = Duration::from_secs(5);
/// How long Envoy has to end after that.
const GRACE: Duration = Duration::from_secs(5);

/// An Envoy of a run.
pub(super) struct Process {
    supervised: Supervised,
    admin: Admin,
}

/// More connections than a machine has; without any limit Envoy warns at every start.
const CONNECTIONS: u32 = 1_000_000;

/// What all Envoys of a run are started with.
pub(super) struct Start {
    pub(super) envoy: PathBuf,
    pub(super) certificates: Certificates,
    pub(super) xds_port: u16,
    pub(super) mode: envoy::XdsMode,
    /// The port of the administration interface of the ingress's Envoy.
    pub(super) admin_port: u16,
    pub(super) log_level: String,
    pub(super) screen: Arc<Screen>,
    /// Told each time an Envoy ends.
    pub(super) ended: Arc<Notify>,
}

impl Process {
    /// Starts the Envoy of a fleet, whose files are in a folder of its own; it is started again when it dies.
    pub(super) fn start(start: &Start, fleet: &FleetId, folder: &Path) -> anyhow::Result<Self> {
        let files = start.certificates.write_client(fleet, folder)?;
        let (address, admin) = administration(start, fleet, folder);
        let config = folder.join("envoy.json");
        let options = options(start, fleet, &files, address)?;
        let json = serde_json::to_string_pretty(&envoy::message_to_json(&bootstrap(&options)))?;
        fs::write(&config, json).with_context(|| config.display().to_string())?;
        let arguments = ["-c".into(), config.into(), "--log-level".into(), start.log_level.clone().into()];
        // Several may run on one machine; nobody restarts this one hot. Time and thread are of no use here.
        let more = ["--disable-hot-restart".into(), "--log-format".into(), "%l: %v".into()];
        let arguments = arguments.into_iter().chain(more);
        let program = Program {
            path: start.envoy.clone(),
            arguments: arguments.collect(),
            guard: Guard::OwnExecutable,
            restart: Restart::After(Backoff::default()),
        };
        let (screen, ended) = (Arc::clone(&start.screen), Arc::clone(&start.ended));
        let name = screen::envoy_of(fleet);
        let supervised = Supervised::start(program, move |event| {
            tell(&screen, &name, &event);
            if let Event::Ended(_) = event {
                ended.notify_one();
            }
        })?;
        Ok(Self { supervised, admin })
    }

    /// The process, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.supervised.pid()
    }

    /// Lets clients finish, then ends Envoy. Blocks.
    pub(super) fn stop(&self) {
        // An Envoy that does not answer has nobody to wait for.
        let _ = launcher::drain::drain(&self.admin, DRAIN);
        self.supervised.stop(GRACE);
    }
}

fn administration(start: &Start, fleet: &FleetId, folder: &Path) -> (AdminAddress, Admin) {
    if start.admin_port == 0 || !fleet.is_ingress() {
        let socket = folder.join("admin.sock");
        (AdminAddress::Pipe(socket.to_string_lossy().into()), Admin::Unix(socket))
    } else {
        (AdminAddress::Loopback(start.admin_port), Admin::Tcp((Ipv4Addr::LOCALHOST, start.admin_port).into()))
    }
}

fn options(
    start: &Start,
    fleet: &FleetId,
    files: &ClientFiles,
    admin: AdminAddress,
) -> anyhow::Result<BootstrapOptions> {
    let text = |path: &Path| -> anyhow::Result<Arc<str>> {
        Ok(path.to_str().with_context(|| format!("{}: is not UTF-8", path.display()))?.into())
    };
    let cluster = fleet.owner().map_or_else(|| "isobath".into(), |owner| owner.path().into());
    Ok(BootstrapOptions {
        node: Some(Node { id: "up".into(), cluster }),
        mode: start.mode,
        xds_port: start.xds_port,
        tls: Some(XdsTls {
            ca: text(&files.ca)?,
            certificate: text(&files.certificate)?,
            key: text(&files.key)?,
            resources_dir: None,
        }),
        admin,
        namespace: "isobath".into(),
        max_downstream_connections: Some(CONNECTIONS),
        ..BootstrapOptions::new()
    })
}

fn tell(screen: &Screen, name: &str, event: &Event<'_>) {
    screen.line(&match event {
        Event::Started { pid } => format!("{name}: started, process {pid}"),
        Event::Line(_, line) => format!("{name}: {line}"),
        Event::Ended(status) => format!("{name}: ended, {status}"),
        Event::CannotStart(error) => format!("{name}: cannot start: {error}"),
        Event::Restarting { after } => format!("{name}: starts again in {after:?}"),
    });
}
