//! One run, from the first look at the cluster to the last Envoy that leaves.

use std::future::Future;
use std::sync::Arc;

use admin::TlsSource;
use anyhow::bail;
use certs::ReloadingServerConfig;
use certs::certgen::CertgenOptions;
use config::{Configuration, Feature, Serving};
use kubernetes::watch::{Settings, Watches};
use kubernetes::{Client, Provisioner};
use runtime::{Controller, Notice, Options};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use xds::Server;

use super::engine_handle::EngineHandle;
use super::expiry::Told;
use super::metrics::{Contour, Happened, Metrics};
use super::pages::{Sources, both};
use super::setup::Setup;
use super::sockets::Bound;
use super::statuses::{Gateways, Seams, Statuses};
use super::tenancy::Tenancy;
use super::{feed, renewal, security};
use crate::output::Outcome;

/// What waits for the engine: what comes meanwhile is gathered into the next.
const BACKLOG: usize = 1;

/// The tasks of a run; none ends before it is told to.
pub(super) struct Tasks {
    running: JoinSet<(&'static str, anyhow::Result<()>)>,
    pub(super) stop: CancellationToken,
}

impl Tasks {
    /// Starts one that ends by itself when the session does.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.running.spawn(async move { (name, task.await) });
    }

    /// Starts one that has nothing to finish.
    pub(super) fn start_until_stop(
        &mut self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let stop = self.stop.clone();
        self.start(name, async move {
            tokio::select! {
                ended = task => ended,
                () = stop.cancelled() => Ok(()),
            }
        });
    }

    /// Waits for a signal, then for all tasks.
    async fn run(mut self) -> anyhow::Result<Outcome> {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            ended = self.running.join_next() => match ended {
                Some(ended) => {
                    let (name, ended) = ended?;
                    ended?;
                    bail!("{name} ended");
                }
                None => bail!("nothing runs"),
            },
        }
        tracing::info!("ending: envoys keep what they have");
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended?.1?;
        }
        Ok(Outcome::Good)
    }
}

/// Runs until a signal comes.
pub(super) async fn run(setup: Setup) -> anyhow::Result<Outcome> {
    let Setup {
        configuration, mode, client, writer, contour_metrics, configured, namespace, tenancy, ..
    } = setup;
    let Configuration { settings, serving } = configuration;
    let xds = Bound::new(serving.xds, "xDS")?;
    let mut tasks = Tasks { running: JoinSet::new(), stop: CancellationToken::new() };
    let pod = setup.statuses.pod(&namespace);
    let (serves_gateways, is_dedicated) = (serves_gateways(&serving, &tenancy), tenancy.only().is_some());
    let gateways = serves_gateways.then_some(Gateways {
        controller: &settings.gateway_controller,
        namespace: &namespace,
        tenancy: &tenancy,
    });
    let (statuses, Seams { leads, writes, peers }) =
        Statuses::start(&mut tasks, &client, writer, &serving, &setup.statuses, gateways)?;
    statuses.configured_by(configured.as_ref());
    start_what_one_does(&mut tasks, &client, &leads, setup.renewal, setup.provisioner);
    let (security, certificates) = security::security(&serving.xds_security, &tenancy.fleet(), peers)?;
    let kinds = watched(&serving, &settings, &tenancy);
    let (controller, notices) = Controller::new(Options { settings, mode, xds: xds::Settings::default() });
    if let Some(certificates) = &certificates {
        let told = Told { client: client.clone(), pod, configured, statuses: statuses.clone() };
        let trust = security::trust_gateways(client.clone(), namespace, Arc::clone(certificates));
        look_after(&mut tasks, certificates, told.follow(Arc::clone(certificates), controller.hub()));
        if !is_dedicated {
            tasks.start_until_stop("the CA of Gateways", done(trust));
        }
    }
    let server = Server::new(controller.hub(), security);
    let watches = Watches::new(client.clone(), kinds);
    if serves_gateways && !is_dedicated {
        statuses.follow_gateway_api(&mut tasks, watches.tallies(), client);
    }
    // Who may never lead is not missed as a leader.
    let leads = setup.statuses.are_written().then_some(leads);
    let metrics = Arc::new(Metrics {
        hub: controller.hub(),
        tallies: watches.tallies(),
        certificates,
        contour: contour_metrics.then(Contour::default),
        leads,
        statuses: writes,
        happened: Happened::default(),
    });
    let flow = Flow { watches, controller, notices, metrics: Arc::clone(&metrics), statuses, tenancy };
    let engine = flow.start(&mut tasks);
    let (is_ready, stop) = (engine.ready.clone(), tasks.stop.clone());
    serve_pages(&mut tasks, &serving, &Sources { engine, metrics })?;
    tasks.start("xDS", serve_xds(server, xds, is_ready, stop));
    tasks.run().await
}

/// Starts what one of several controllers does, the one that leads.
fn start_what_one_does(
    tasks: &mut Tasks,
    client: &Client,
    leads: &watch::Receiver<bool>,
    renewal: Option<CertgenOptions>,
    provisioner: Option<Provisioner>,
) {
    if let Some(options) = renewal {
        let renewal = renewal::renew(client.clone(), leads.clone(), options);
        tasks.start_until_stop("the renewal of certificates", done(renewal));
    }
    if let Some(provisioner) = provisioner {
        tasks.start_until_stop("the Envoys of Gateways", done(provisioner.run(leads.clone())));
    }
}

/// Starts what follows the certificates for xDS: their files, and their ends.
fn look_after(
    tasks: &mut Tasks,
    certificates: &Arc<ReloadingServerConfig>,
    warnings: impl Future<Output = ()> + Send + 'static,
) {
    tasks.start_until_stop("warnings of certificates", done(warnings));
    let certificates = Arc::clone(certificates);
    tasks.start_until_stop("certificates", async move { match certificates.watch().await {} });
}

/// The way of objects to the engine, and what the engine says to them.
struct Flow {
    watches: Watches,
    controller: Controller,
    notices: mpsc::UnboundedReceiver<Notice>,
    metrics: Arc<Metrics>,
    statuses: Statuses,
    tenancy: Tenancy,
}

impl Flow {
    /// Starts all of it.
    fn start(self, tasks: &mut Tasks) -> EngineHandle {
        let Self { watches, controller, notices, metrics, statuses, tenancy } = self;
        let (inputs, received) = mpsc::channel(BACKLOG);
        let (batches, batched) = mpsc::channel(BACKLOG);
        let (ready, is_ready) = watch::channel(false);
        let engine = EngineHandle { ready: is_ready, inputs: inputs.clone() };
        tasks.start_until_stop("the engine", done(controller.run(received)));
        let log = feed::notices(notices, ready, Arc::clone(&metrics), statuses.clone());
        tasks.start_until_stop("the log", done(log));
        tasks
            .start_until_stop("the feed", done(feed::changes(batched, inputs, (metrics, statuses), tenancy)));
        tasks.start_until_stop("the watches", async { Ok(watches.run(batches).await?) });
        engine
    }
}

pub(super) async fn done(task: impl Future<Output = ()>) -> anyhow::Result<()> {
    task.await;
    Ok(())
}

/// Serves xDS from when the first configuration is complete: until then Envoys do better with other controllers.
async fn serve_xds(
    server: Server,
    bound: Bound,
    mut ready: watch::Receiver<bool>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        is_ready = ready.wait_for(|ready| *ready) => drop(is_ready?),
    }
    tracing::info!("serving xDS");
    Ok(server.serve(bound.listen()?, stop).await?)
}

/// Health and metrics may share an address.
fn serve_pages(tasks: &mut Tasks, serving: &Serving, sources: &Sources) -> anyhow::Result<()> {
    let mut serve = |name, bind, pages, tls: Option<TlsSource>| {
        let listener = Bound::new(bind, name)?.listen()?;
        let server = admin::Server::new(pages);
        let server = match tls {
            Some(tls) => server.secured(tls),
            None => server,
        };
        tasks.start(name, done(server.serve(listener, tasks.stop.clone())));
        anyhow::Ok(())
    };
    let tls = serving.metrics_tls.as_ref().map(security::of_metrics).transpose()?;
    if serving.health == serving.metrics {
        serve("health and metrics", serving.health, both(sources.health(), sources.metrics()), tls)?;
    } else {
        serve("health", serving.health, sources.health(), None)?;
        serve("metrics", serving.metrics, sources.metrics(), tls)?;
    }
    serve("the debug pages", serving.debug, sources.debug(), None)
}

/// Classes and namespaces are the whole cluster's: who reads some namespaces alone serves no Gateways, or one.
fn serves_gateways(serving: &Serving, tenancy: &Tenancy) -> bool {
    serving.watched.is_empty() || tenancy.only().is_some()
}

fn watched(serving: &Serving, settings: &model::Settings, tenancy: &Tenancy) -> Settings {
    let disabled = serving.disabled.iter().map(|feature| match feature {
        Feature::ExtensionServices => api::Kind::ExtensionService,
        Feature::TlsRoutes => api::Kind::TlsRoute,
        Feature::GrpcRoutes => api::Kind::GrpcRoute,
        Feature::TcpRoutes => api::Kind::TcpRoute,
        Feature::BackendTlsPolicies => api::Kind::BackendTlsPolicy,
    });
    let (serves_gateways, is_dedicated) = (serves_gateways(serving, tenancy), tenancy.only().is_some());
    let serves_roots = !is_dedicated || settings.roots == tenancy.fleet();
    let is_of_no_use = |kind: &api::Kind| {
        (!serves_gateways && is_for_gateways(*kind)) || (!serves_roots && is_for_roots(*kind))
    };
    let of_no_use = api::Kind::ALL.iter().copied().filter(is_of_no_use);
    let without = disabled.chain(of_no_use).collect();
    let namespaces = serving.watched.clone();
    let (namespace_labels, secret_labels) = (is_dedicated, tenancy.secret_labels());
    Settings { namespaces, namespace_labels, secret_labels, without, ..Settings::default() }
}

/// Whether a kind matters to those who serve HTTPProxies, Ingresses and IngressRoutes alone.
const fn is_for_roots(kind: api::Kind) -> bool {
    matches!(
        kind,
        api::Kind::Ingress
            | api::Kind::HttpProxy
            | api::Kind::IngressRoute
            | api::Kind::TlsCertificateDelegation
            | api::Kind::HeptioCertificateDelegation
    )
}

/// Whether a kind matters to the Gateway API alone.
fn is_for_gateways(kind: api::Kind) -> bool {
    matches!(kind, api::Kind::Namespace | api::Kind::ConfigMap | api::Kind::ContourDeployment)
        || kind.api_version().starts_with("gateway.networking.")
}
