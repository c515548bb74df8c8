//! Where the other controllers are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use futures::StreamExt;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::sync::watch;

/// The port of the Service at which controllers are asked.
const PORT: &str = "xds";

/// Tells which controllers are behind a Service besides `own`, for as long as somebody listens.
///
/// Those that are not ready yet, or not any more, count: Envoys may be connected to them.
pub async fn follow_peers(
    client: Client,
    namespace: &str,
    service: &str,
    own: Option<IpAddr>,
    peers: watch::Sender<BTreeSet<SocketAddr>>,
) {
    let slices: Api<EndpointSlice> = Api::namespaced(client, namespace);
    let of_service = watcher::Config::default().labels(&format!("kubernetes.io/service-name={service}"));
    let mut events = std::pin::pin!(watcher(slices, of_service).default_backoff());
    let mut known = Known::default();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => known.take(event),
            Err(error) => tracing::debug!(%error, "the addresses of other controllers are not told"),
        }
        if peers.is_closed() {
            return;
        }
        let now = known.addresses(own);
        peers.send_if_modified(|before| std::mem::replace(before, now.clone()) != now);
    }
}

/// The addresses of each EndpointSlice.
#[derive(Default)]
struct Known {
    slices: BTreeMap<String, BTreeSet<SocketAddr>>,
    /// What a list that is being read has said.
    listed: BTreeMap<String, BTreeSet<SocketAddr>>,
}

impl Known {
    fn take(&mut self, event: Event<EndpointSlice>) {
        match event {
            Event::Apply(slice) => drop(self.slices.insert(slice.name_any(), addresses(&slice))),
            Event::Delete(slice) => drop(self.slices.remove(&slice.name_any())),
            Event::Init => self.listed.clear(),
            Event::InitApply(slice) => drop(self.listed.insert(slice.name_any(), addresses(&slice))),
            Event::InitDone => self.slices = std::mem::take(&mut self.listed),
        }
    }

    fn addresses(&self, own: Option<IpAddr>) -> BTreeSet<SocketAddr> {
        let all = self.slices.values().flatten().copied();
        all.filter(|address| Some(address.ip()) != own).collect()
    }
}

fn addresses(slice: &EndpointSlice) -> BTreeSet<SocketAddr> {
    let ports = slice.ports.iter().flatten().filter(|port| port.name.as_deref() == Some(PORT));
    let ports: Vec<u16> = ports.filter_map(|port| port.port?.try_into().ok()).collect();
    // One that ends has no Envoys for long.
    let stays = |conditions: &k8s_openapi::api::discovery::v1::EndpointConditions| {
        conditions.terminating != Some(true)
    };
    let endpoints = slice.endpoints.iter().filter(|each| each.conditions.as_ref().is_none_or(stays));
    let addresses =
        endpoints.flat_map(|endpoint| &endpoint.addresses).filter_map(|address| address.parse().ok());
    addresses
        .flat_map(|address: IpAddr| ports.iter().map(move |port| SocketAddr::new(address, *port)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn slice(name: &str, addresses: &[(&str, serde_json::Value)]) -> EndpointSlice {
        let endpoints = addresses
            .iter()
            .map(|(address, conditions)| json!({"addresses": [address], "conditions": conditions}));
        serde_json::from_value(json!({
            "metadata": {"name": name}, "addressType": "IPv4",
            "ports": [{"name": "xds", "port": 8001}, {"name": "metrics", "port": 8000}],
            "endpoints": endpoints.collect::<Vec<_>>(),
        }))
        .unwrap()
    }

    fn at(addresses: &[&str]) -> BTreeSet<SocketAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn every_controller_but_this_one_counts_until_it_ends() {
        let mut known = Known::default();
        known.take(Event::Apply(slice(
            "a",
            &[
                ("10.0.0.1", json!({"ready": true})),
                ("10.0.0.2", json!({"ready": false})),
                ("10.0.0.3", json!({"ready": false, "terminating": true})),
                ("10.0.0.4", json!({})),
            ],
        )));
        let own = Some("10.0.0.4".parse().unwrap());
        assert_eq!(known.addresses(own), at(&["10.0.0.1:8001", "10.0.0.2:8001"]));
        assert_eq!(known.addresses(None), at(&["10.0.0.1:8001", "10.0.0.2:8001", "10.0.0.4:8001"]));
    }

    #[test]
    fn a_list_takes_away_what_it_lacks_when_it_is_complete() {
        let mut known = Known::default();
        known.take(Event::Apply(slice("a", &[("10.0.0.1", json!({}))])));
        known.take(Event::Init);
        known.take(Event::InitApply(slice("b", &[("10.0.0.2", json!({}))])));
        assert_eq!(known.addresses(None), at(&["10.0.0.1:8001"]));
        known.take(Event::InitDone);
        assert_eq!(known.addresses(None), at(&["10.0.0.2:8001"]));
    }
}
