//! The controller's metrics, in one list: each is written when somebody asks.

mod contour;
pub(super) mod judged;
mod process;
mod statuses;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use admin::{Exposition, Histogram, Kind, Summary};
use certs::{LoadedCertificate, ReloadingServerConfig, Role};
use kubernetes::watch::{State, Tallies, Tally};
use model::FleetId;
use runtime::{Notice, Published};
use xds::{Hub, NodeStatus, Traffic};

use super::expiry::{in_use, word};
use super::heap;
pub(super) use contour::Contour;
use judged::Judged;
pub(super) use statuses::Writes;

/// Upper bounds for times, in seconds.
const TIMES: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

const EXPIRY: &str = "isobath_xds_certificate_expiry_timestamp_seconds";
const EXPIRY_HELP: &str = "When the certificates for xDS expire: the CA, the controller's, and of those that connected Envoys show the first.";
const LEADER_HELP: &str = "Whether this controller writes statuses; not there with `--status=off`.";

/// What metrics are made from.
pub(super) struct Metrics {
    pub(super) hub: Arc<Hub>,
    pub(super) tallies: Tallies,
    pub(super) certificates: Option<Arc<ReloadingServerConfig>>,
    /// Whether this controller writes statuses; nothing of one that never will.
    pub(super) leads: Option<tokio::sync::watch::Receiver<bool>>,
    /// How writing statuses fares.
    pub(super) statuses: Arc<Writes>,
    /// Contour's names, where they are wanted.
    pub(super) contour: Option<Contour>,
    pub(super) happened: Happened,
}

/// What has happened since the start.
pub(super) struct Happened {
    publications: AtomicU64,
    resources: AtomicU64,
    bytes: AtomicU64,
    units: AtomicU64,
    changes: AtomicU64,
    rejections: AtomicU64,
    /// Unix seconds.
    last: AtomicU64,
    audiences: Mutex<BTreeMap<FleetId, Audience>>,
    engine: Histogram<{ TIMES.len() }>,
    engine_lately: Summary,
    acknowledged: Histogram<{ TIMES.len() }>,
    pub(super) judged: Judged,
}

/// Who listens in a fleet.
#[derive(Default)]
struct Audience {
    envoys: u64,
    /// The last configuration that was offered while nobody listened.
    unseen: u64,
}

impl Default for Happened {
    fn default() -> Self {
        let [publications, resources, bytes, units, changes, rejections, last] = Default::default();
        Self {
            publications,
            resources,
            bytes,
            units,
            changes,
            rejections,
            last,
            audiences: Mutex::default(),
            engine: Histogram::new(TIMES),
            engine_lately: Summary::default(),
            acknowledged: Histogram::new(TIMES),
            judged: Judged::default(),
        }
    }
}

impl Happened {
    fn published(&self, published: &Published) {
        let work = &published.work;
        for (counter, count) in [
            (&self.publications, 1),
            (&self.resources, work.resources),
            (&self.bytes, work.bytes),
            (&self.units, work.units()),
            (&self.changes, work.changes),
        ] {
            counter.fetch_add(count, Ordering::Relaxed);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last.store(now.as_secs(), Ordering::Relaxed);
        self.engine.observe(published.engine_time);
        self.engine_lately.observe(published.engine_time);
        self.audience(&published.fleet, |audience| {
            if audience.envoys == 0 {
                audience.unseen = published.generation;
            }
        });
    }

    /// Does something with those who listen in a fleet. Of a fleet of which nothing is known nothing is kept.
    fn audience<T>(&self, fleet: &FleetId, change: impl FnOnce(&mut Audience) -> T) -> T {
        let mut audiences = self.audiences.lock().unwrap_or_else(PoisonError::into_inner);
        let audience = audiences.entry(fleet.clone()).or_default();
        let changed = change(audience);
        if let Audience { envoys: 0, unseen: 0 } = audience {
            audiences.remove(fleet);
        }
        changed
    }

    /// What waited for an Envoy to come says nothing of how long Envoys take.
    fn acknowledged(&self, fleet: &FleetId, generation: u64, took: Duration) {
        if generation > self.audience(fleet, |audience| audience.unseen) {
            self.acknowledged.observe(took);
        }
    }
}

impl Metrics {
    /// Counts what happened.
    pub(super) fn note(&self, notice: &Notice) {
        let happened = &self.happened;
        match notice {
            Notice::Published(published) => happened.published(published),
            Notice::Acknowledged { fleet, generation, in_all, .. } => {
                happened.acknowledged(fleet, *generation, *in_all);
            }
            Notice::Dissolved(fleet) => happened.audience(fleet, |audience| audience.unseen = 0),
            Notice::Report { report, .. } => happened.judged.put(report),
            Notice::Forgotten(object) => happened.judged.forget(object),
            Notice::Rejected { .. } => drop(happened.rejections.fetch_add(1, Ordering::Relaxed)),
            Notice::Connected { fleet, .. } => happened.audience(fleet, |audience| audience.envoys += 1),
            Notice::Disconnected { fleet, .. } => {
                happened.audience(fleet, |audience| audience.envoys = audience.envoys.saturating_sub(1));
            }
        }
    }

    /// Writes all of them.
    pub(super) fn write(&self, ready: bool, to: &mut Exposition) {
        to.metric(
            "isobath_build_info",
            Kind::Gauge,
            "The release, and that of the Envoy it was tested with.",
        )
        .sample(&[("version", &env!("CARGO_PKG_VERSION")), ("envoy", &launcher::ENVOY_VERSION)], 1);
        to.number(
            "isobath_ready",
            Kind::Gauge,
            "Whether the first configuration is complete.",
            u8::from(ready),
        );
        if let Some(leads) = &self.leads {
            let leads = u8::from(*leads.borrow());
            to.number("isobath_leader", Kind::Gauge, LEADER_HELP, leads);
        }
        self.statuses.write(to);
        self.happened.write(to);
        envoys(&self.hub, to);
        traffic(&self.hub.traffic(), to);
        watches(&self.tallies, to);
        if let Some(certificates) = &self.certificates {
            expiry(&in_use(certificates, &self.hub), to);
        }
        if let Some(contour) = &self.contour {
            contour.write(&self.happened, &self.tallies, to);
            self.statuses.write_as_contour(to);
        }
        process::write(to);
        memory(to);
    }
}

/// What the allocator says of its memory.
fn memory(to: &mut Exposition) {
    let help = "Memory by the allocator: in use, of the machine, and kept as addresses alone.";
    let mut samples = to.metric("isobath_heap_bytes", Kind::Gauge, help);
    for (state, bytes) in heap::bytes().into_iter().flatten() {
        samples.sample(&[("state", &state)], bytes);
    }
}

impl Happened {
    fn write(&self, to: &mut Exposition) {
        for (name, help, counter) in [
            ("isobath_changes_total", "Changes of objects that the engine took.", &self.changes),
            ("isobath_units_total", "Units that were computed again.", &self.units),
            ("isobath_publications_total", "Configurations that were offered to Envoys.", &self.publications),
            ("isobath_published_resources_total", "Resources that changed in them.", &self.resources),
            ("isobath_published_bytes_total", "Bytes of these resources.", &self.bytes),
            (
                "isobath_rejected_resources_total",
                "Resources that an Envoy was found to reject.",
                &self.rejections,
            ),
        ] {
            to.number(name, Kind::Counter, help, counter.load(Ordering::Relaxed));
        }
        let last = self.last.load(Ordering::Relaxed);
        let name = "isobath_publication_timestamp_seconds";
        to.number(name, Kind::Gauge, "When a configuration was offered last.", last);
        to.histogram("isobath_engine_seconds", "How long a configuration took to compute.", &self.engine);
        let help = "How long it took from when a change was taken until all connected Envoys acknowledged what came of it.";
        to.histogram("isobath_acknowledgement_seconds", help, &self.acknowledged);
        self.judged.write(to);
    }
}

/// How far Envoys are behind what was published.
fn envoys(hub: &Hub, to: &mut Exposition) {
    let nodes = hub.status();
    let mut samples = to.metric("isobath_envoys", Kind::Gauge, "Envoys that are connected.");
    let mut fleets: Vec<_> =
        nodes.iter().map(|node| node.fleet.clone()).chain([xds::FleetId::default_fleet()]).collect();
    fleets.sort();
    fleets.dedup();
    for fleet in fleets {
        let count = nodes.iter().filter(|node| node.fleet == fleet).count();
        samples.sample(&[("fleet", &fleet)], count);
    }
    let help = "Configurations that were published after the last one that this Envoy acknowledged.";
    let mut samples = to.metric("isobath_envoy_lag", Kind::Gauge, help);
    for node in &nodes {
        samples.sample(&[("fleet", &node.fleet), ("node", &node.node)], lag(hub, node));
    }
    let mut samples =
        to.metric("isobath_envoy_held_resources", Kind::Gauge, "Resources that this Envoy rejects.");
    for node in &nodes {
        samples.sample(&[("fleet", &node.fleet), ("node", &node.node)], node.held.len());
    }
    let is_stuck = |node: &&NodeStatus| node.types.iter().any(|status| status.stuck);
    let stuck = nodes.iter().filter(is_stuck).count();
    to.number("isobath_envoys_stuck", Kind::Gauge, "Envoys that do not answer what they were sent.", stuck);
}

/// How many configurations an Envoy is behind.
pub(super) fn lag(hub: &Hub, node: &NodeStatus) -> u64 {
    let published = hub.snapshot(&node.fleet).map_or(0, |snapshot| snapshot.generation().0);
    published.saturating_sub(node.generation.map_or(0, |generation| generation.0))
}

fn traffic(traffic: &[Traffic], to: &mut Exposition) {
    type Count = fn(&Traffic) -> u64;
    let metrics: [(&str, &str, Count); 6] = [
        ("isobath_xds_requests_total", "Requests of Envoys; an acknowledgement is one.", |each| {
            each.requests
        }),
        ("isobath_xds_received_bytes_total", "Bytes of these requests.", |each| each.request_bytes),
        ("isobath_xds_responses_total", "Responses that were sent to Envoys.", |each| each.responses),
        ("isobath_xds_sent_bytes_total", "Bytes of these responses.", |each| each.bytes),
        ("isobath_xds_acknowledged_total", "Responses that Envoys acknowledged.", |each| each.acks),
        ("isobath_xds_rejected_total", "Responses that Envoys rejected.", |each| each.nacks),
    ];
    for (name, help, count) in metrics {
        let mut samples = to.metric(name, Kind::Counter, help);
        for each in traffic {
            samples.sample(&[("type", &each.resource_type)], count(each));
        }
    }
}

/// The tallies of each kind: with `--watch-namespaces` there are several.
fn watches(tallies: &Tallies, to: &mut Exposition) {
    type Count = fn(&Tally) -> u64;
    let metrics: [(&str, Kind, &str, Count); 5] = [
        ("isobath_objects", Kind::Gauge, "Objects that are known.", Tally::objects),
        (
            "isobath_watches_failing",
            Kind::Gauge,
            "Watches that do not work now; what was known is still used.",
            |tally| u64::from(tally.state() == State::Failing),
        ),
        ("isobath_watch_failures_total", Kind::Counter, "How often a watch failed.", Tally::failures),
        ("isobath_lists_total", Kind::Counter, "How often everything was listed.", Tally::lists),
        (
            "isobath_unreadable_objects_total",
            Kind::Counter,
            "Objects that could not be read.",
            Tally::unreadable,
        ),
    ];
    for (name, kind, help, count) in metrics {
        let mut samples = to.metric(name, kind, help);
        for (kind, tallies) in by_kind(tallies) {
            let sum = tallies.iter().map(|tally| count(tally)).sum::<u64>();
            samples.sample(&[("kind", &kind.name()), ("group", &group(kind))], sum);
        }
    }
}

/// The tallies, with those of one kind together.
fn by_kind(tallies: &Tallies) -> Vec<(api::Kind, Vec<&Tally>)> {
    let mut kinds = Vec::<(api::Kind, Vec<&Tally>)>::new();
    for tally in tallies.iter() {
        match kinds.iter_mut().find(|(kind, _)| *kind == tally.kind()) {
            Some((_, known)) => known.push(tally),
            None => kinds.push((tally.kind(), vec![tally])),
        }
    }
    kinds
}

/// The group of a kind; empty for the core group.
pub(super) fn group(kind: api::Kind) -> &'static str {
    kind.api_version().split_once('/').map_or("", |(group, _)| group)
}

/// Of each role the certificate that expires first.
fn expiry(certificates: &[LoadedCertificate], to: &mut Exposition) {
    let mut samples = to.metric(EXPIRY, Kind::Gauge, EXPIRY_HELP);
    for role in [Role::Ca, Role::Server, Role::Client] {
        let expires = certificates.iter().filter(|each| each.role == role).map(|each| each.not_after).min();
        if let Some(expires) = expires {
            samples.sample(&[("role", &word(role))], expires);
        }
    }
}

#[cfg(test)]
mod tests;
