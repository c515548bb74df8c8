//! Who may write: the holder of a Lease (`coordination.k8s.io/v1`).
//!
//! Whoever holds the Lease renews it every retry period. Who could not renew it for the renew deadline leads no more,
//! and knows so by its own clock; others take the Lease when it has not changed for the lease duration, by theirs.
//! As the deadline is shorter than the duration, two never lead at once.

mod claim;

use std::future::Future;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
/// The object that another one goes with.
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use claim::{Claim, Observed};

/// How the leader is elected (the flags `--leader-election-…`).
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// With what the Lease goes, if with anything.
    pub owner: Option<OwnerReference>,
    /// Who we are; no two processes may have one identity.
    pub identity: String,
    /// When others may take a Lease that is not renewed.
    pub lease_duration: Duration,
    /// When the leader leads no more, if it cannot renew the Lease; shorter than the duration.
    pub renew_deadline: Duration,
    /// How often the leader renews it, and others look at it; shorter than the deadline.
    pub retry_period: Duration,
}

/// Periods that make no sense together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeriods {
    /// Two could lead at once.
    #[error(
        "the renew deadline of the leader election ({deadline:?}) must be shorter than its lease duration ({duration:?})"
    )]
    Deadline {
        /// The deadline.
        deadline: Duration,
        /// The duration.
        duration: Duration,
    },
    /// The leader would lead no more before it has tried to renew the Lease.
    #[error(
        "the retry period of the leader election ({period:?}) must be more than 0 and shorter than its renew deadline ({deadline:?})"
    )]
    Period {
        /// The period.
        period: Duration,
        /// The deadline.
        deadline: Duration,
    },
}

impl Settings {
    /// Contour's periods and name (reference 1.1), for `identity` in `namespace`.
    #[must_use]
    pub fn new(namespace: &str, identity: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: "leader-elect".to_owned(),
            owner: None,
            identity: identity.to_owned(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }

    /// Whether the periods make sense together.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), InvalidPeriods> {
        let (duration, deadline, period) = (self.lease_duration, self.renew_deadline, self.retry_period);
        if deadline >= duration {
            return Err(InvalidPeriods::Deadline { deadline, duration });
        }
        if period.is_zero() || period >= deadline {
            return Err(InvalidPeriods::Period { period, deadline });
        }
        Ok(())
    }
}

/// What we are in the election.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Somebody else leads, or nobody.
    Follower,
    /// We lead, at most until then; each renewal moves it.
    Leader {
        /// When we lead no more, whatever is told or not told by then.
        until: std::time::Instant,
    },
}

/// Somebody who wants to lead.
pub struct Candidate {
    leases: Api<Lease>,
    settings: Settings,
    observed: Observed,
    /// The Lease as we wrote it last, unless something went wrong since.
    held: Option<Lease>,
    role: watch::Sender<Role>,
    /// Until when we lead.
    until: Option<Instant>,
}

impl Candidate {
    /// A candidate who has not begun, and what it is, now and later.
    ///
    /// # Errors
    /// When the periods make no sense together.
    pub fn new(client: Client, settings: Settings) -> Result<(Self, watch::Receiver<Role>), InvalidPeriods> {
        settings.check()?;
        let (role, roles) = watch::channel(Role::Follower);
        let leases = Api::namespaced(client, &settings.namespace);
        let candidate =
            Self { leases, settings, observed: Observed::default(), held: None, role, until: None };
        Ok((candidate, roles))
    }

    /// Takes the Lease when it can be taken and renews it, until the shutdown; then gives it back.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let began = Instant::now();
            tokio::select! {
                () = self.attempt(began) => {}
                () = &mut shutdown => break,
            }
            // The end of the leadership is told when it comes, not with the next attempt.
            let next = began + self.settings.retry_period;
            let next = self.until.map_or(next, |until| next.min(until));
            tokio::select! {
                () = sleep_until(next) => {}
                () = &mut shutdown => break,
            }
        }
        self.release().await;
    }

    /// Tries once to take or to renew the Lease.
    async fn attempt(&mut self, began: Instant) {
        // One request that hangs must not cost the leadership.
        let patience = began + self.settings.renew_deadline / 2;
        self.expire(began);
        match timeout_at(patience, self.claim(began)).await {
            Ok(Ok(true)) => self.leads(began + self.settings.renew_deadline),
            Ok(Ok(false)) => self.follows("another holds the lease"),
            // Another was faster; the next look says who.
            Ok(Err(kube::Error::Api(status))) if status.code == 409 => {}
            Ok(Err(error)) => tracing::warn!(%error, "the lease cannot be taken or renewed"),
            Err(_) => tracing::warn!("the lease cannot be taken or renewed: no answer in time"),
        }
        self.expire(Instant::now());
    }

    /// Leads no more when the time is over.
    fn expire(&mut self, now: Instant) {
        if self.until.is_some_and(|until| until <= now) {
            self.follows("the lease was not renewed in time");
        }
    }

    /// Whether the Lease is ours now.
    async fn claim(&mut self, now: Instant) -> Result<bool, kube::Error> {
        let found = match self.held.take() {
            Some(held) => Some(held),
            None => self.leases.get_opt(&self.settings.name).await?,
        };
        self.observed.see(found.as_ref(), now);
        let params = PostParams::default();
        let taken = match self.observed.claim(found, &self.settings, now, Timestamp::now()) {
            Claim::None => return Ok(false),
            Claim::Create(lease) => self.leases.create(&params, &lease).await?,
            Claim::Take(lease) => self.leases.replace(&self.settings.name, &params, &lease).await?,
        };
        self.held = Some(taken);
        Ok(true)
    }

    fn leads(&mut self, until: Instant) {
        if self.until.is_none() {
            tracing::info!(identity = self.settings.identity, "leading");
        }
        self.until = Some(until);
        self.role.send_replace(Role::Leader { until: until.into_std() });
    }

    fn follows(&mut self, why: &'static str) {
        if self.until.take().is_some() {
            tracing::warn!(identity = self.settings.identity, why, "leading no more");
            self.role.send_replace(Role::Follower);
        }
    }

    /// Gives the Lease back, so that others need not wait.
    async fn release(mut self) {
        if self.until.is_none() {
            return;
        }
        self.follows("shutdown");
        let released = async {
            let Some(lease) = self.leases.get_opt(&self.settings.name).await? else { return Ok(()) };
            let Some(lease) = claim::released(lease, &self.settings.identity, Timestamp::now()) else {
                return Ok(());
            };
            self.leases.replace(&self.settings.name, &PostParams::default(), &lease).await.map(drop)
        };
        match timeout_at(Instant::now() + self.settings.retry_period, released).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let error: kube::Error = error;
                tracing::warn!(%error, "the lease cannot be given back");
            }
            Err(_) => tracing::warn!("the lease cannot be given back: no answer in time"),
        }
    }
}
