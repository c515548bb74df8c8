//! Whether a Lease may be taken.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

use super::Settings;

/// The Lease as it was seen last, and since when it has been so by our clock; those of others do not count.
#[derive(Debug, Default)]
pub(super) struct Observed {
    last: Option<(LeaseSpec, Instant)>,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Claim {
    /// Another holds it.
    None,
    /// There is none yet.
    Create(Lease),
    /// It is ours, or can be.
    Take(Lease),
}

impl Observed {
    /// Takes note of the Lease.
    pub(super) fn see(&mut self, lease: Option<&Lease>, now: Instant) {
        let spec = lease.and_then(|lease| lease.spec.clone()).unwrap_or_default();
        if self.last.as_ref().is_none_or(|(last, _)| *last != spec) {
            self.last = Some((spec, now));
        }
    }

    /// What is to be done about a Lease that was just seen.
    pub(super) fn claim(
        &self,
        found: Option<Lease>,
        settings: &Settings,
        now: Instant,
        time: Timestamp,
    ) -> Claim {
        let Some(found) = found else {
            let metadata = ObjectMeta {
                name: Some(settings.name.clone()),
                owner_references: settings.owner.clone().map(|owner| vec![owner]),
                ..ObjectMeta::default()
            };
            return Claim::Create(Lease {
                metadata,
                spec: Some(ours(&LeaseSpec::default(), settings, time)),
            });
        };
        let spec = found.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        if !holder.is_empty() && holder != settings.identity && !self.has_expired(&spec, settings, now) {
            return Claim::None;
        }
        Claim::Take(Lease { spec: Some(ours(&spec, settings, time)), ..found })
    }

    /// Whether the holder has not renewed it for as long as it said.
    fn has_expired(&self, spec: &LeaseSpec, settings: &Settings, now: Instant) -> bool {
        let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let duration = seconds.map_or(settings.lease_duration, Duration::from_secs);
        self.last.as_ref().is_some_and(|(_, since)| *since + duration <= now)
    }
}

/// The Lease in our hands.
fn ours(before: &LeaseSpec, settings: &Settings, time: Timestamp) -> LeaseSpec {
    let is_new = before.holder_identity.as_deref() != Some(&*settings.identity);
    let transitions = before.lease_transitions.unwrap_or_default();
    let acquired = before.acquire_time.clone().filter(|_| !is_new);
    LeaseSpec {
        holder_identity: Some(settings.identity.clone()),
        lease_duration_seconds: Some(seconds(settings.lease_duration)),
        acquire_time: acquired.or(Some(MicroTime(time))),
        renew_time: Some(MicroTime(time)),
        lease_transitions: Some(
            transitions.saturating_add(i32::from(is_new && before.holder_identity.is_some())),
        ),
        ..before.clone()
    }
}

/// Leases count in whole seconds; others may wait longer than needed, not shorter.
fn seconds(duration: Duration) -> i32 {
    let part = u64::from(duration.subsec_nanos() > 0);
    i32::try_from(duration.as_secs().saturating_add(part)).unwrap_or(i32::MAX)
}

/// The Lease in nobody's hands; `None` when it is not ours to give back.
pub(super) fn released(lease: Lease, identity: &str, time: Timestamp) -> Option<Lease> {
    let spec = lease.spec.clone().filter(|spec| spec.holder_identity.as_deref() == Some(identity))?;
    let spec = LeaseSpec {
        holder_identity: Some(String::new()),
        lease_duration_seconds: Some(1),
        renew_time: Some(MicroTime(time)),
        ..spec
    };
    Some(Lease { spec: Some(spec), ..lease })
}
