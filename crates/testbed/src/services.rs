//! Services: addresses for those of type `LoadBalancer`, rules that lead from each address to endpoints, names; and the
//! ports of the node that pods ask for.

mod dns;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Pod, Service, ServiceSpec};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Patch, PatchParams};
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::Notify;

use crate::network::NODE;
use dns::Names;
use rules::{Address, Destinations, Protocol};

const RETRY: Duration = Duration::from_millis(200);
/// Changes that come close together are one.
const TOGETHER: Duration = Duration::from_millis(50);
/// What addresses of load balancers begin with.
const BALANCED: &str = "10.89.";
const OF_SERVICE: &str = "kubernetes.io/service-name";

/// What is watched.
struct Watched {
    services: Store<Service>,
    slices: Store<EndpointSlice>,
    pods: Store<Pod>,
}

/// Binds the port of DNS; the future works until it is dropped.
pub(crate) async fn run(client: Client) -> Result<impl Future<Output = ()>> {
    let names = Names::default();
    let answering = dns::serve(names.clone(), (NODE, 53)).await?;
    let changed = Arc::new(Notify::new());
    let (services, watching_services) = watch::<Service>(&client, changed.clone());
    let (slices, watching_slices) = watch::<EndpointSlice>(&client, changed.clone());
    let (pods, watching_pods) = watch::<Pod>(&client, changed.clone());
    let proxy = Proxy { client, names, addresses: BTreeMap::new(), destinations: Destinations::new() };
    let proxying = proxy.run(Watched { services, slices, pods }, changed);
    Ok(async move {
        tokio::join!(answering, watching_services, watching_slices, watching_pods, proxying);
    })
}

fn watch<K>(client: &Client, changed: Arc<Notify>) -> (Store<K>, impl Future<Output = ()> + use<K>)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let events = watcher(Api::<K>::all(client.clone()), watcher::Config::default());
    let following = async move {
        let mut events = pin!(reflector::reflector(writer, events));
        while let Some(event) = events.next().await {
            match event {
                Ok(_) => changed.notify_one(),
                // The API server is away; it may be on purpose.
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    };
    (store, following)
}

struct Proxy {
    client: Client,
    names: Names,
    /// The addresses of load balancers, by the uid of their Services.
    addresses: BTreeMap<String, String>,
    destinations: Destinations,
}

impl Proxy {
    async fn run(mut self, watched: Watched, changed: Arc<Notify>) {
        loop {
            changed.notified().await;
            tokio::time::sleep(TOGETHER).await;
            if !self.follow(&watched).await {
                tokio::time::sleep(RETRY).await;
                changed.notify_one();
            }
        }
    }

    /// Whether everything could be done.
    async fn follow(&mut self, watched: &Watched) -> bool {
        let services = watched.services.state();
        self.forget_all_but(&services);
        let mut is_done = true;
        for service in &services {
            is_done &= self.balance(service).await;
        }
        let endpoints = endpoints(&watched.slices.state());
        self.names.replace(services.iter().filter_map(|service| name(service, &endpoints)).collect());
        let pods = watched.pods.state();
        let of_services = services.iter().flat_map(|service| self.of_service(service, &endpoints));
        let destinations = of_services.chain(pods.iter().flat_map(|pod| host_ports(pod))).collect();
        if destinations == self.destinations {
            return is_done;
        }
        match rules::install(&destinations).await {
            Ok(()) => {
                self.destinations = destinations;
                is_done
            }
            Err(_) => false,
        }
    }

    fn forget_all_but(&mut self, services: &[Arc<Service>]) {
        let living: BTreeSet<String> = services.iter().filter_map(|service| service.uid()).collect();
        self.addresses.retain(|uid, _| living.contains(uid));
    }

    /// Gives the Service an address if it is to have one.
    async fn balance(&mut self, service: &Service) -> bool {
        let (Some(spec), Some(uid)) = (&service.spec, service.uid()) else { return true };
        if spec.type_.as_deref() != Some("LoadBalancer") {
            return true;
        }
        let address = match (self.addresses.get(&uid).cloned(), address_in_status(service)) {
            (Some(known), _) => known,
            (None, Some(told)) => told,
            (None, None) => match &spec.load_balancer_ip {
                None => self.free(),
                Some(wanted) if self.is_free(wanted) => wanted.clone(),
                // As elsewhere: it has none until it asks for another.
                Some(_) => return true,
            },
        };
        self.addresses.insert(uid, address.clone());
        address_in_status(service) == Some(address.clone()) || self.write(service, &address).await
    }

    async fn write(&self, service: &Service, address: &str) -> bool {
        let services: Api<Service> =
            Api::namespaced(self.client.clone(), &service.namespace().unwrap_or_default());
        let ingress = json!([{"ip": address, "ipMode": "VIP"}]);
        let patch = Patch::Merge(json!({"status": {"loadBalancer": {"ingress": ingress}}}));
        services.patch_status(&service.name_any(), &PatchParams::default(), &patch).await.is_ok()
    }

    fn free(&self) -> String {
        let mut numbers =
            (1..=254).flat_map(|third| (2..=254).map(move |last| format!("{BALANCED}{third}.{last}")));
        numbers.find(|address| self.is_free(address)).unwrap_or_default()
    }

    fn is_free(&self, address: &str) -> bool {
        address.starts_with(BALANCED) && self.addresses.values().all(|taken| taken != address)
    }

    fn of_service(&self, service: &Service, endpoints: &Endpoints) -> Destinations {
        let Some(spec) = &service.spec else { return Destinations::new() };
        let cluster = cluster_address(spec).map(str::to_owned);
        let balancer = service.uid().and_then(|uid| self.addresses.get(&uid).cloned());
        let own: Vec<String> =
            cluster.into_iter().chain(balancer).chain(spec.external_ips.iter().flatten().cloned()).collect();
        let (namespace, name) = (service.namespace().unwrap_or_default(), service.name_any());
        let mut destinations = Destinations::new();
        for port in spec.ports.iter().flatten() {
            let Ok(number) = u16::try_from(port.port) else { continue };
            let protocol = Protocol::parse(port.protocol.as_deref());
            let key = (namespace.clone(), name.clone(), port.name.clone().unwrap_or_default());
            let targets = if (namespace.as_str(), name.as_str()) == ("default", "kubernetes") {
                BTreeSet::from([Address::new(NODE, 6443)])
            } else {
                endpoints.get(&key).cloned().unwrap_or_default()
            };
            let from = own.iter().map(|address| (protocol, Address::new(address, number)));
            destinations
                .extend(from.map(|from| (from, targets.clone())).filter(|(_, targets)| !targets.is_empty()));
        }
        destinations
    }
}

/// The ready endpoints of a Service's port: namespace, Service, name of the port.
type Endpoints = BTreeMap<(String, String, String), BTreeSet<Address>>;

fn endpoints(slices: &[Arc<EndpointSlice>]) -> Endpoints {
    let mut endpoints = Endpoints::new();
    for slice in slices.iter().filter(|slice| slice.address_type == "IPv4") {
        let Some(service) = slice.labels().get(OF_SERVICE) else { continue };
        let is_ready = |ready: Option<bool>| ready.unwrap_or(true);
        let addresses = slice.endpoints.iter();
        let ready = addresses.filter(|endpoint| {
            is_ready(endpoint.conditions.as_ref().and_then(|conditions| conditions.ready))
        });
        let addresses: Vec<&String> = ready.flat_map(|endpoint| &endpoint.addresses).collect();
        for port in slice.ports.iter().flatten() {
            let Some(number) = port.port.and_then(|number| u16::try_from(number).ok()) else { continue };
            let key = (
                slice.namespace().unwrap_or_default(),
                service.clone(),
                port.name.clone().unwrap_or_default(),
            );
            let targets = addresses.iter().map(|address| Address::new(address, number));
            endpoints.entry(key).or_default().extend(targets);
        }
    }
    endpoints
}

/// The ports of the node that a pod asks for.
fn host_ports(pod: &Pod) -> Destinations {
    let Some(address) = pod.status.as_ref().and_then(|status| status.pod_ip.clone()) else {
        return Destinations::new();
    };
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    let mapped = ports.filter_map(|port| {
        let from = Address::new(NODE, u16::try_from(port.host_port?).ok()?);
        let to = Address::new(&address, u16::try_from(port.container_port).ok()?);
        Some(((Protocol::parse(port.protocol.as_deref()), from), BTreeSet::from([to])))
    });
    mapped.collect()
}

/// The name of a Service and what it stands for.
fn name(service: &Service, endpoints: &Endpoints) -> Option<(String, Vec<String>)> {
    let (namespace, name) = (service.namespace()?, service.name_any());
    let addresses = match cluster_address(service.spec.as_ref()?) {
        Some(address) => vec![address.to_owned()],
        None => {
            let own = endpoints.iter().filter(|((space, of, _), _)| (space, of) == (&namespace, &name));
            let hosts: BTreeSet<String> = own.flat_map(|(_, targets)| targets).map(Address::host).collect();
            hosts.into_iter().collect()
        }
    };
    Some((format!("{name}.{namespace}.svc.cluster.local"), addresses))
}

/// Nothing when it is headless, or a name only.
fn cluster_address(spec: &ServiceSpec) -> Option<&str> {
    spec.cluster_ip.as_deref().filter(|address| !address.is_empty() && *address != "None")
}

fn address_in_status(service: &Service) -> Option<String> {
    let ingress = service.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?;
    ingress.first()?.ip.clone()
}
