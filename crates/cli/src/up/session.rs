//! One run, from the first look at the files to the end of its Envoys.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use files::{Folder, Reload, WatchSettings};
use launcher::sweeper::Sweeper;
use model::{FleetId, Settings};
use runtime::{Controller, Input, Notice, Options};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use xds::Server;

use super::Arguments;
use super::certificates::Certificates;
use super::changes::Changes;
use super::envoy_process::Start;
use super::envoys::Envoys;
use super::hosts::{Hosts, Served};
use super::ports;
use super::problems::Problems;
use super::screen::{Screen, envoy_of};
use crate::manifests;
use crate::output::Outcome;

/// Changes that wait for the engine; a watcher that is ahead of it waits.
const BACKLOG: usize = 16;
/// After so long without news, what came of it is summed up.
const QUIET: Duration = Duration::from_millis(300);

/// Runs until a signal comes, or (with `--once`) until the first configuration is in force.
pub(super) async fn run(arguments: Arguments, settings: Settings, envoy: PathBuf) -> anyhow::Result<Outcome> {
    let screen = Arc::new(Screen::new());
    let scratch = tempfile::Builder::new().prefix("isobath-").tempdir()?;
    // Before there is a key in it: a run that is killed cannot remove it.
    let _sweeper = Sweeper::start(scratch.path()).context("the process that removes temporary files")?;
    let certificates = Certificates::new()?;
    let mode = arguments.xds_mode.into();
    let (controller, notices) = Controller::new(Options { settings, mode, xds: xds::Settings::default() });

    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("xDS")?;
    let xds_port = listener.local_addr()?.port();
    let stop = CancellationToken::new();
    let server = Server::new(controller.hub(), certificates.security()?);
    let server = tokio::spawn(server.serve(listener, stop.clone()));
    let start = Start {
        envoy,
        certificates,
        xds_port,
        mode,
        admin_port: arguments.admin_port,
        log_level: arguments.envoy_log_level,
        screen: Arc::clone(&screen),
        ended: Arc::default(),
    };

    let (inputs, received) = mpsc::channel(BACKLOG);
    let controller = tokio::spawn(controller.run(received));
    let folder = Arc::new(Mutex::new(Folder::new(&arguments.paths)));
    let reload = lock(&folder).reload();
    let mut run = Run {
        screen: Arc::clone(&screen),
        hosts: Hosts::new(),
        problems: Problems::default(),
        changes: Changes::default(),
        envoys: Envoys::new(start, scratch.path()),
        awaited: BTreeSet::new(),
        folder,
        inputs,
        once: arguments.once,
    };
    run.take(reload).await?;
    run.inputs.send(Input::Synced).await?;
    run.show_hosts().await?;
    let ended = run.follow(notices).await;
    run.problems.quiet(&screen);

    screen.line("ending: clients may finish what they are at");
    let Run { envoys, inputs, .. } = run;
    envoys.end_all().await?;
    stop.cancel();
    server.await??;
    drop(inputs);
    controller.await?;
    ended
}

/// What a run needs while it follows its files.
struct Run {
    screen: Arc<Screen>,
    hosts: Hosts,
    problems: Problems,
    changes: Changes,
    envoys: Envoys,
    /// Fleets that have not acknowledged any configuration.
    awaited: BTreeSet<FleetId>,
    folder: Arc<Mutex<Folder>>,
    inputs: mpsc::Sender<Input>,
    once: bool,
}

impl Run {
    /// Follows files and Envoys until the end of the run.
    async fn follow(&mut self, mut notices: mpsc::UnboundedReceiver<Notice>) -> anyhow::Result<Outcome> {
        let (batches, mut reloads) = mpsc::channel(BACKLOG);
        let watching = files::watch(Arc::clone(&self.folder), WatchSettings::default(), batches);
        let mut watching = std::pin::pin!(watching);
        let mut quiet = Some(Instant::now() + QUIET);
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        loop {
            tokio::select! {
                ended = &mut watching => ended?,
                Some(reload) = reloads.recv() => {
                    self.take(reload).await?;
                    quiet = Some(Instant::now() + QUIET);
                }
                Some(notice) = notices.recv() => {
                    quiet = Some(Instant::now() + QUIET);
                    self.look_at_ports(&notice).await?;
                    if self.show(notice)? == Step::Ends {
                        return Ok(self.problems.outcome());
                    }
                }
                () = until(self.changes.due()) => self.changes.show_due(&self.screen),
                () = until(quiet) => {
                    quiet = None;
                    self.sum_up().await?;
                }
                () = self.envoys.one_ends(), if self.once => {
                    bail!("Envoy ended before it took a configuration; what it said is above")
                }
                _ = interrupt.recv() => return Ok(Outcome::Good),
                _ = terminate.recv() => return Ok(Outcome::Good),
            }
        }
    }

    /// Hands changes of files to the engine, and shows what is wrong with them.
    async fn take(&mut self, reload: Reload) -> anyhow::Result<()> {
        self.problems.reloaded(&reload, &lock(&self.folder), &self.screen);
        let changes: Vec<_> = reload.changes.into_iter().map(manifests::change).collect();
        if !changes.is_empty() {
            self.inputs.send(Input::Changes(changes)).await?;
        }
        Ok(())
    }

    /// Says which ports of a Gateway others have, before its Envoy starts: Envoys of one user share ports without a word.
    /// Those of the ingress were looked at before the run.
    async fn look_at_ports(&self, notice: &Notice) -> anyhow::Result<()> {
        let Notice::Published(published) = notice else { return Ok(()) };
        let fleet = &published.fleet;
        if fleet.is_ingress() || self.envoys.has(fleet) {
            return Ok(());
        }
        let listeners = self.ask(Input::Listeners).await?;
        let own = listeners.iter().filter(|listener| listener.id.fleet() == fleet);
        let ending = self.envoys.ending();
        for why in own.filter_map(|listener| ports::hindrance_of(listener, &ending)) {
            if self.once {
                bail!("{fleet}: {why}");
            }
            self.screen.line(&format!("{fleet}: {why}"));
        }
        Ok(())
    }

    fn show(&mut self, notice: Notice) -> anyhow::Result<Step> {
        match notice {
            Notice::Published(published) => {
                if self.envoys.start(&published.fleet)? {
                    self.awaited.insert(published.fleet.clone());
                }
                self.changes.offered(published);
            }
            Notice::Acknowledged { fleet, generation, after, .. } => {
                self.changes.acknowledged(&fleet, generation, after, &self.screen);
                self.awaited.remove(&fleet);
                if self.once && self.awaited.is_empty() {
                    return Ok(Step::Ends);
                }
            }
            Notice::Dissolved(fleet) => {
                self.changes.forget(&fleet, &self.screen);
                self.awaited.remove(&fleet);
                self.envoys.end(&fleet);
            }
            Notice::Report { report, .. } => {
                self.problems.reported(&report, &lock(&self.folder), &self.screen);
            }
            Notice::Rejected { fleet, rejection, .. } => self.screen.line(&format!(
                "{} rejects {:?} {}: {}",
                envoy_of(&fleet),
                rejection.resource_type,
                rejection.name,
                rejection.message
            )),
            Notice::Connected { fleet, .. } => {
                self.screen.line(&format!("{}: connected", envoy_of(&fleet)));
            }
            Notice::Disconnected { fleet, .. } => {
                self.screen.line(&format!("{}: disconnected", envoy_of(&fleet)));
            }
            Notice::Forgotten(_) => {}
        }
        Ok(Step::GoesOn)
    }

    async fn show_hosts(&mut self) -> anyhow::Result<()> {
        let hosts = self.describe().await?;
        self.hosts.show_all(&hosts, &self.screen);
        Ok(())
    }

    /// Nothing has happened for a moment: shows what came of it.
    async fn sum_up(&mut self) -> anyhow::Result<()> {
        self.problems.quiet(&self.screen);
        if self.hosts.are_followed() {
            let hosts = self.describe().await?;
            self.hosts.show_changes(&hosts, &self.screen);
        }
        Ok(())
    }

    async fn describe(&self) -> anyhow::Result<Served> {
        let (hosts, listeners) = (self.ask(Input::Describe).await?, self.ask(Input::Listeners).await?);
        Ok(Served { hosts, listeners })
    }

    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Input) -> anyhow::Result<T> {
        let (answer, answered) = oneshot::channel();
        self.inputs.send(question(answer)).await?;
        Ok(answered.await?)
    }
}

fn lock(folder: &Mutex<Folder>) -> std::sync::MutexGuard<'_, Folder> {
    folder.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until a point in time, or for ever.
async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Whether the run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    GoesOn,
    Ends,
}
