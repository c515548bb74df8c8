//! What controllers need to know of Gateways' Envoys, whoever provisions them: where clients reach them, and whose
//! certificates they have.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::core::{Secret, Service};
use certs::GATEWAY_CA_BUNDLE;
use futures::{Stream, StreamExt};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Config, Event, watcher};
use kube::{Api, Client};
use model::FleetOwner;
use provisioner::{MANAGED_BY, MANAGER, Reached, reached};
use tokio::sync::{mpsc, watch};
use x509::CaBundle;

use crate::GATEWAY_CA;

/// Tells where the Gateways of each fleet are reached, now and when that changes, and `None` when it has no Service any more,
/// until nobody listens. `controllers` is the namespace of the controllers; with `only`, Services of that namespace alone are
/// looked at.
pub async fn follow_gateways(
    client: Client,
    controllers: String,
    only: Option<Arc<str>>,
    tell: mpsc::UnboundedSender<(FleetOwner, Option<Reached>)>,
) {
    let services: Api<Service> = match only {
        Some(namespace) => Api::namespaced(client, &namespace),
        None => Api::all(client),
    };
    let made = Config::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
    let known = Known { namespace: controllers, ..Known::default() };
    tell_gateways(watcher(services, made).default_backoff(), known, &tell).await;
}

async fn tell_gateways(
    events: impl Stream<Item = watcher::Result<Event<Service>>>,
    mut known: Known,
    tell: &mpsc::UnboundedSender<(FleetOwner, Option<Reached>)>,
) {
    futures::pin_mut!(events);
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = tell.closed() => return,
        };
        match event {
            None => return,
            Some(Ok(event)) => known.take(event).into_iter().for_each(|news| drop(tell.send(news))),
            Some(Err(error)) if is_stale(&error) => {}
            Some(Err(error)) => tracing::warn!(%error, "the Services of Gateways cannot be watched"),
        }
    }
}

/// Where the Gateways of each fleet are reached.
#[derive(Default)]
struct Known {
    /// That of the controllers.
    namespace: String,
    fleets: BTreeMap<FleetOwner, Reached>,
    /// What a list that is being read has said.
    listed: BTreeMap<FleetOwner, Reached>,
}

impl Known {
    /// What is new by an event.
    fn take(&mut self, event: Event<Service>) -> Vec<(FleetOwner, Option<Reached>)> {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(service) => self.listed.extend(reached(&service, &self.namespace)),
            Event::InitDone => {
                let before = std::mem::replace(&mut self.fleets, std::mem::take(&mut self.listed));
                let gone = before.keys().filter(|fleet| !self.fleets.contains_key(*fleet));
                let gone = gone.map(|fleet| (fleet.clone(), None));
                let news = self.fleets.iter().filter(|(fleet, now)| before.get(*fleet) != Some(*now));
                return gone.chain(news.map(|(fleet, now)| (fleet.clone(), Some(now.clone())))).collect();
            }
            Event::Apply(service) => {
                let Some((fleet, now)) = reached(&service, &self.namespace) else { return vec![] };
                if self.fleets.insert(fleet.clone(), now.clone()).as_ref() != Some(&now) {
                    return vec![(fleet, Some(now))];
                }
            }
            Event::Delete(service) => {
                let Some((fleet, _)) = reached(&service, &self.namespace) else { return vec![] };
                self.fleets.remove(&fleet);
                return vec![(fleet, None)];
            }
        }
        vec![]
    }
}

/// Tells which authorities sign the certificates of Gateways' Envoys, now and when that changes, until nobody listens.
pub async fn follow_gateway_ca(
    client: Client,
    namespace: &str,
    authorities: watch::Sender<Option<CaBundle>>,
) {
    let secrets: Api<Secret> = Api::namespaced(client, namespace);
    let only = Config::default().fields(&format!("metadata.name={GATEWAY_CA}"));
    let mut events = std::pin::pin!(watcher(secrets, only).default_backoff());
    // A list that is being read: nothing is taken away before it is complete.
    let mut listed = None;
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = authorities.closed() => return,
        };
        let now = match event {
            None => return,
            Some(Err(error)) => {
                if !is_stale(&error) {
                    tracing::warn!(%error, "the CA of Gateways cannot be watched");
                }
                continue;
            }
            Some(Ok(Event::Init)) => {
                listed = None;
                continue;
            }
            Some(Ok(Event::InitApply(secret))) => {
                listed = bundle(&secret);
                continue;
            }
            Some(Ok(Event::InitDone)) => listed.take(),
            Some(Ok(Event::Apply(secret))) => bundle(&secret),
            Some(Ok(Event::Delete(_))) => None,
        };
        authorities.send_if_modified(|before| std::mem::replace(before, now.clone()) != now);
    }
}

/// Whether only too much has happened since: everything is listed again.
pub(crate) fn is_stale(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchError(refusal) if refusal.code == 410)
}

fn bundle(secret: &Secret) -> Option<CaBundle> {
    let text = secret.data.as_ref().and_then(|data| data.get(GATEWAY_CA_BUNDLE)).map(|text| &text.0[..]);
    CaBundle::parse(text.unwrap_or_default())
        .inspect_err(|error| tracing::warn!(secret = GATEWAY_CA, %error, "the CA of Gateways cannot be used"))
        .ok()
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use serde_json::{from_value, json};

    use super::*;

    fn service(name: &str, ip: &str) -> Service {
        from_value(json!({
            "metadata": {
                "name": format!("isobath-{name}"), "namespace": "ns",
                "ownerReferences": [
                    {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "name": name, "uid": "u"},
                ],
            },
            "spec": {"type": "ClusterIP", "clusterIPs": [ip], "ports": [{"port": 80}]},
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn each_gateway_is_told_when_it_changes_and_when_it_goes() {
        let (a, b) = (service("a", "10.0.0.1"), service("b", "10.0.0.2"));
        let events = [
            Event::Init,
            Event::InitApply(a.clone()),
            Event::InitApply(b.clone()),
            Event::InitDone,
            Event::Apply(a.clone()),
            Event::Apply(service("a", "10.0.0.3")),
            Event::Init,
            Event::InitApply(b.clone()),
            Event::InitDone,
            Event::Delete(b),
        ];
        let (tell, mut told) = mpsc::unbounded_channel();
        tell_gateways(stream::iter(events.map(Ok)), Known::default(), &tell).await;
        drop(tell);
        let mut all = Vec::new();
        while let Some((fleet, reached)) = told.recv().await {
            let address = reached.and_then(|reached| Some(reached.addresses.into_iter().next()?.value));
            all.push((fleet, address));
        }
        let told =
            |name: &str, address: Option<&str>| (FleetOwner::gateway("ns", name), address.map(str::to_owned));
        assert_eq!(
            all,
            [
                told("a", Some("10.0.0.1")),
                told("b", Some("10.0.0.2")),
                told("a", Some("10.0.0.3")),
                told("a", None),
                told("b", None),
            ]
        );
    }
}
