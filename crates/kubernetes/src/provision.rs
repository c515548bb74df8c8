//! Envoys of Gateways, kept as they are wanted.
//!
//! What is to be done is decided by [`provisioner::World`]; here the API server is watched and asked, certificates are
//! signed, and what failed is tried again.

mod authority;
mod deeds;
mod own_certificates;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use certs::GatewayCa;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use model::FleetOwner;
use provisioner::{Certificates, Owner, Plan, Settings, Stage, World, object_name};
use status::{Event, Regarding};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::status::{PATIENCE, request};
pub use authority::GATEWAY_CA;
use deeds::{Done, carry_out, deeds};
use sources::Sources;

/// How many fleets are worked on at once.
const AT_A_TIME: usize = 8;
/// How often the CA of Gateways and the bundle of the controllers are looked at.
const LOOK: Duration = Duration::from_secs(60);
/// How often the certificates of all fleets are.
const RENEWALS: Duration = Duration::from_secs(3600);
/// The pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Gives the bundle, in PEM, that Envoys check controllers by; read again each time.
pub type TrustedBundle = Box<dyn Fn() -> std::io::Result<String> + Send + Sync>;

/// Makes what runs the Envoys of Gateways, and keeps it so, while it leads.
pub struct Provisioner {
    client: Client,
    /// Of the CA's Secret.
    namespace: String,
    /// Who tells what is wrong.
    identity: String,
    trusted: TrustedBundle,
    world: World,
    sources: Sources,
    /// What certificates need, once it is known.
    signing: Option<Signing>,
    running: FuturesUnordered<BoxFuture<'static, Done>>,
    events: FuturesUnordered<BoxFuture<'static, ()>>,
    /// Fleets that are worked on and have changed since, by their owners.
    again: BTreeSet<FleetOwner>,
    failed: BTreeMap<FleetOwner, Failed>,
    next_look: Instant,
    next_renewals: Instant,
}

#[derive(PartialEq)]
struct Signing {
    ca: GatewayCa,
    trusted: String,
}

/// A fleet with which something went wrong.
struct Failed {
    pause: Duration,
    /// When it is tried again; nothing while it is.
    retry: Option<Instant>,
    why: String,
}

impl Provisioner {
    /// One that has not begun; the CA of Gateways is in `namespace`.
    #[must_use]
    pub fn new(
        client: Client,
        settings: Settings,
        namespace: &str,
        identity: &str,
        trusted: TrustedBundle,
    ) -> Self {
        Self {
            sources: Sources::new(&client),
            client,
            namespace: namespace.to_owned(),
            identity: identity.to_owned(),
            trusted,
            world: World::new(settings),
            signing: None,
            running: FuturesUnordered::new(),
            events: FuturesUnordered::new(),
            again: BTreeSet::new(),
            failed: BTreeMap::new(),
            next_look: Instant::now(),
            next_renewals: Instant::now(),
        }
    }

    /// Works for as long as it is polled, and `leads` is there.
    pub async fn run(mut self, mut leads: watch::Receiver<bool>) {
        loop {
            let next_retry = self.next_retry();
            let is_leading = *leads.borrow_and_update();
            if is_leading && self.sources.are_synced() {
                self.begin();
            }
            tokio::select! {
                // What happened comes before what is to be done about it.
                biased;
                changed = leads.changed() => match changed {
                    Ok(()) => self.begin_leading(),
                    Err(_) => return,
                },
                Some(done) = self.running.next() => self.take(done),
                () = self.sources.follow(&mut self.world) => {}
                Some(()) = self.events.next() => {}
                () = sleep_until(self.next_look), if is_leading => self.look().await,
                () = until(next_retry), if is_leading => self.retry(),
            }
        }
    }

    /// Somebody else may have done anything meanwhile.
    fn begin_leading(&mut self) {
        self.next_look = Instant::now();
        self.world.mark_all();
    }

    /// Looks after what certificates need.
    async fn look(&mut self) {
        self.next_look = Instant::now() + LOOK;
        let trusted = match (self.trusted)() {
            Ok(trusted) => trusted,
            Err(error) => {
                return tracing::warn!(%error, "the bundle that Envoys check controllers by cannot be read");
            }
        };
        let found = timeout(PATIENCE, authority::authority(&self.client, &self.namespace, now())).await;
        let ca = match found {
            Ok(Ok(ca)) => ca,
            Ok(Err(error)) => return tracing::warn!(%error, "there is no CA of Gateways"),
            Err(_) => return tracing::warn!("there is no CA of Gateways: no answer in time"),
        };
        let signing = Some(Signing { ca, trusted });
        let is_time = Instant::now() >= self.next_renewals;
        if is_time || self.signing != signing {
            self.signing = signing;
            self.next_renewals = Instant::now() + RENEWALS;
            self.world.mark_all();
        }
    }

    /// Begins what is to be done, as far as there is room.
    fn begin(&mut self) {
        while self.running.len() < AT_A_TIME && self.signing.is_some() {
            let Some(owner) = self.world.next_fleet() else { return };
            if self.world.is_busy(&owner) {
                self.again.insert(owner);
                continue;
            }
            self.begin_one(owner);
        }
    }

    fn begin_one(&mut self, owner: FleetOwner) {
        let Some(signing) = &self.signing else { return };
        match plan(&self.world, signing, &owner) {
            Ok(plan) if plan == Plan::default() => drop(self.failed.remove(&owner)),
            Ok(plan) => {
                let deeds = deeds(plan, |object| self.world.knows(&owner, object));
                self.world.begin(owner.clone());
                self.running.push(Box::pin(carry_out(self.client.clone(), owner, deeds)));
            }
            // Nothing but a change of an object helps, and that marks the fleet.
            Err(why) => self.note_failure(owner, why, None),
        }
    }

    fn take(&mut self, done: Done) {
        let Done { owner, settled, result } = done;
        self.world.end(&owner, settled);
        if self.again.remove(&owner) {
            self.world.mark_one(owner.clone());
        }
        match result {
            Ok(()) => drop(self.failed.remove(&owner)),
            Err(failure) => {
                let pause = self.failed.get(&owner).map_or(FIRST_PAUSE, |failed| failed.pause * 2);
                self.note_failure(owner, failure.to_string(), Some(pause.min(LONGEST_PAUSE)));
            }
        }
    }

    /// Says what is wrong, once, in the log and at the Gateway, or at the class.
    fn note_failure(&mut self, owner: FleetOwner, why: String, pause: Option<Duration>) {
        let is_known = self.failed.get(&owner).is_some_and(|failed| failed.why == why);
        if !is_known {
            tracing::warn!(%owner, why, "Envoys of Gateways cannot be set up");
            self.tell(&owner, &why);
        }
        let retry = pause.map(|pause| Instant::now() + pause);
        let pause = pause.unwrap_or(FIRST_PAUSE);
        self.failed.insert(owner, Failed { pause, retry, why });
    }

    fn tell(&self, id: &FleetOwner, why: &str) {
        let Some(owner) = self.world.served(id) else { return };
        let (kind, metadata) = match owner {
            Owner::Gateway(gateway) => ("Gateway", &gateway.metadata),
            Owner::Class(class) => ("GatewayClass", &class.metadata),
        };
        let regarding = Regarding {
            api_version: "gateway.networking.k8s.io/v1".to_owned(),
            kind: kind.to_owned(),
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone().unwrap_or_default(),
        };
        let event =
            Event::warning(regarding, ("Provision", "NotProvisioned"), why, &self.identity, Timestamp::now());
        let told = request::tell(self.client.clone(), event);
        self.events.push(Box::pin(async move {
            // Events are worth one attempt; it is in the log, too.
            let _ = timeout(PATIENCE, told).await;
        }));
    }

    fn next_retry(&self) -> Option<Instant> {
        self.failed.values().filter_map(|failed| failed.retry).min()
    }

    fn retry(&mut self) {
        let due = Instant::now();
        for (owner, failed) in &mut self.failed {
            if failed.retry.is_some_and(|retry| retry <= due) {
                failed.retry = None;
                self.world.mark_one(owner.clone());
            }
        }
    }
}

/// What is to be done for a fleet, with the certificates that it needs now; why nothing can be.
fn plan(world: &World, Signing { ca, trusted }: &Signing, owner: &FleetOwner) -> Result<Plan, String> {
    let stage = world.stage(owner).map_err(|error| error.to_string())?;
    let shared = stage.filter(|stage| stage.is_served_by_shared()).map(|_| {
        let secret = world.secret(owner, &object_name(owner));
        authority::certificate(ca, owner, secret, trusted, now())
    });
    let dedicated = match owner {
        FleetOwner::Gateway(gateway) if stage.is_some_and(Stage::has_controller) => {
            own_certificates::secrets(gateway, |name| world.secret(owner, name), now())
        }
        FleetOwner::Gateway(_) | FleetOwner::Class(_) => Ok(vec![]),
    };
    let certificates = Certificates {
        shared: shared.transpose().map_err(|error| error.to_string())?,
        dedicated: dedicated.map_err(|error| error.to_string())?,
    };
    world.plan(owner, &certificates).map_err(|error| error.to_string())
}

/// Now, in unix seconds.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
