//! What is made for Gateways: by a provisioner that runs alone, and, in `installed`, by controllers from the manifests. In
//! `isolated`, what Envoys of many Gateways have; in `dedicated`, Gateways with controllers of their own; in `merged`,
//! Gateways that share Envoys.

mod dedicated;
mod installed;
mod isolated;
mod merged;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use api::gateway_api::gateway::GatewayStatusAddress;
use isobath_cluster_tests::{
    eventually, install_definitions, install_definitions_alone, install_gateway_definitions,
    install_gateway_definitions_alone,
};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{Secret, Service, ServiceAccount};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::serde::de::DeserializeOwned;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use kubernetes::follow_gateways;
use model::FleetOwner;
use provisioner::{Port, Protocol, Reached};
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::Bed;
use tokio::sync::mpsc;

use crate::controller::certificates;
use crate::statuses::{apply, becomes};

/// `isobath gateway-provisioner` beside the cluster; dropped, it is killed.
struct Provisioner {
    process: Child,
    folder: TempDir,
    /// What it gives Envoys to check controllers by.
    trusted: String,
}

impl Provisioner {
    /// One for the classes of this bed.
    fn start(bed: &Bed) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (bundle, log) = (folder.path().join("ca.crt"), folder.path().join("log"));
        let trusted = certificates(0).ca;
        fs::write(&bundle, &trusted).unwrap();
        let log = File::create(log).unwrap();
        let mut command = Command::new(&bed.cluster.programs().isobath);
        command.arg("gateway-provisioner").arg("--kubeconfig").arg(bed.cluster.kubeconfig());
        command.arg("--envoy-cafile").arg(bundle).arg("--enable-leader-election");
        command.args([
            format!("--namespace={}", bed.namespace),
            format!("--gateway-controller-name={}", controller_name(bed)),
        ]);
        let process =
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Self { process, folder, trusted }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Provisioner {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn controller_name(bed: &Bed) -> String {
    format!("example.com/{}", bed.namespace)
}

/// A class of the bed, with these parameters in the bed's namespace.
async fn class(bed: &Bed, name: &str, controller: &str, envoy: Option<Value>) {
    let mut spec = json!({"controllerName": controller});
    if let Some(envoy) = envoy {
        let reference = json!({
            "group": "projectcontour.io", "kind": "ContourDeployment", "namespace": bed.namespace, "name": name,
        });
        spec["parametersRef"] = reference;
        apply(
            bed,
            &json!({
                "apiVersion": "projectcontour.io/v1alpha1", "kind": "ContourDeployment",
                "metadata": {"name": name}, "spec": {"envoy": envoy},
            }),
        )
        .await;
    }
    apply(
        bed,
        &json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass",
            "metadata": {"name": name}, "spec": spec,
        }),
    )
    .await;
}

fn gateway(class: &str, ports: &[u16]) -> Value {
    let listener = |port: &u16| json!({"name": format!("p{port}"), "port": port, "protocol": "HTTP"});
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "web"},
        "spec": {"gatewayClassName": class, "listeners": ports.iter().map(listener).collect::<Vec<_>>()},
    })
}

/// The names of what was made for Gateways in the bed's namespace, by kind.
async fn made(bed: &Bed) -> BTreeSet<(&'static str, String)> {
    async fn of<K>(bed: &Bed, kind: &'static str, into: &mut BTreeSet<(&'static str, String)>)
    where
        K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        let ours = ListParams::default().labels("gateway.networking.k8s.io/gateway-name");
        let found = bed.api::<K>().list(&ours).await.unwrap();
        into.extend(found.items.iter().map(|object| (kind, object.name_any())));
    }
    let mut all = BTreeSet::new();
    of::<ServiceAccount>(bed, "ServiceAccount", &mut all).await;
    of::<Secret>(bed, "Secret", &mut all).await;
    of::<Service>(bed, "Service", &mut all).await;
    of::<DaemonSet>(bed, "DaemonSet", &mut all).await;
    of::<Deployment>(bed, "Deployment", &mut all).await;
    of::<PodDisruptionBudget>(bed, "PodDisruptionBudget", &mut all).await;
    all
}

const WITH_DEPLOYMENT: [&str; 5] =
    ["Deployment", "PodDisruptionBudget", "Secret", "Service", "ServiceAccount"];

/// Waits until just these kinds are there for the Gateway `web`.
async fn has_just(bed: &Bed, kinds: &[&'static str]) {
    let expected: BTreeSet<_> = kinds.iter().map(|kind| (*kind, "isobath-web".to_owned())).collect();
    becomes("what is made for the Gateway", expected, async || made(bed).await).await;
}

/// The texts of the Gateway's Secret.
async fn secret(bed: &Bed) -> BTreeMap<String, String> {
    let data = bed.api::<Secret>().get("isobath-web").await.unwrap().data.unwrap();
    data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).unwrap())).collect()
}

/// The ports of the Gateway's Service, each with where it leads.
async fn ports(bed: &Bed) -> Vec<(i32, Value)> {
    let spec = bed.api::<Service>().get("isobath-web").await.unwrap().spec.unwrap();
    spec.ports.into_iter().flatten().map(|port| (port.port, json!(port.target_port))).collect()
}

#[test]
fn a_gateway_gets_what_runs_its_envoys_and_keeps_it() {
    testbed::test("provisioned", async |bed| {
        install_definitions(bed).await;
        install_gateway_definitions(bed).await;
        let provisioner = Provisioner::start(bed);
        let envoy = json!({"workloadType": "Deployment", "networkPublishing": {"type": "ClusterIPService"}});
        class(bed, "provisioned", &controller_name(bed), Some(envoy)).await;
        apply(bed, &gateway("provisioned", &[80])).await;
        has_just(bed, &WITH_DEPLOYMENT).await;
        assert_eq!(ports(bed).await, [(80, json!(8080))]);

        // The certificate is that of this Gateway, and of the CA beside the controllers.
        let first = secret(bed).await;
        assert_eq!(first["ca.crt"], provisioner.trusted);
        let ca = bed.api::<Secret>().get("gatewayca").await.unwrap().data.unwrap();
        let authority = certs::GatewayCa::parse(&ca.into_iter().map(|(key, value)| (key, value.0)).collect());
        let authority = authority.unwrap();
        let (certificate, key) = (first["tls.crt"].as_bytes(), first["tls.key"].as_bytes());
        assert!(authority.renewal(certificate, key, &format!("gateway/{}/web", bed.namespace)).is_some());

        // Whatever somebody changes or takes away comes back.
        let drift = json!({"spec": {"ports": [{"name": "tcp-80", "port": 80, "targetPort": 1}]}});
        let services = bed.api::<Service>();
        services.patch("isobath-web", &PatchParams::default(), &Patch::Merge(drift)).await.unwrap();
        becomes("the port", vec![(80, json!(8080))], async || ports(bed).await).await;
        bed.api::<Secret>().delete("isobath-web", &DeleteParams::default()).await.unwrap();
        bed.api::<Deployment>().delete("isobath-web", &DeleteParams::default()).await.unwrap();
        has_just(bed, &WITH_DEPLOYMENT).await;
        assert_ne!(secret(bed).await["tls.crt"], first["tls.crt"]);

        // Listeners come and go.
        apply(bed, &gateway("provisioned", &[8080])).await;
        becomes("the port", vec![(8080, json!(64_080))], async || ports(bed).await).await;

        // Another workload takes the place of the one before.
        class(bed, "provisioned", &controller_name(bed), Some(json!({"workloadType": "DaemonSet"}))).await;
        has_just(bed, &["DaemonSet", "Secret", "Service", "ServiceAccount"]).await;

        // Another controller's class, and back.
        class(bed, "provisioned-elsewhere", "example.com/somebody-else", None).await;
        apply(bed, &gateway("provisioned-elsewhere", &[80])).await;
        has_just(bed, &[]).await;
        apply(bed, &gateway("provisioned", &[80])).await;
        has_just(bed, &["DaemonSet", "Secret", "Service", "ServiceAccount"]).await;

        // With the Gateway everything goes.
        bed.objects.delete(&gateway("provisioned", &[80]).to_string()).await.unwrap();
        has_just(bed, &[]).await;
        assert!(!provisioner.log().contains("WARN"), "{}", provisioner.log());
    });
}

#[test]
fn somebody_elses_object_is_left_alone_and_the_gateway_says_so() {
    testbed::test("taken", async |bed| {
        install_definitions(bed).await;
        install_gateway_definitions(bed).await;
        let theirs = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "isobath-web"},
            "spec": {"ports": [{"port": 1}]},
        });
        apply(bed, &theirs).await;
        let before = bed.api::<Service>().get("isobath-web").await.unwrap();
        let _provisioner = Provisioner::start(bed);
        class(bed, "taken", &controller_name(bed), None).await;
        apply(bed, &gateway("taken", &[80])).await;
        let note = format!(
            "Service isobath-web: is there already and was not made for Gateway {}/web; delete it, or give that another \
             name",
            bed.namespace
        );
        eventually("an Event says so", async || {
            let events =
                bed.api::<Event>().list(&ListParams::default()).await.map_err(|error| error.to_string())?;
            let notes: Vec<_> = events.items.into_iter().filter_map(|event| event.note).collect();
            if notes.contains(&note) { Ok(()) } else { Err(format!("{notes:?}")) }
        })
        .await;
        assert_eq!(bed.api::<Service>().get("isobath-web").await.unwrap(), before);
        bed.objects.delete(&theirs.to_string()).await.unwrap();
        has_just(bed, &["DaemonSet", "Secret", "Service", "ServiceAccount"]).await;
    });
}

#[test]
fn what_happens_to_envoys_while_the_api_server_is_away_is_seen_afterwards() {
    testbed::test_alone("provisioned-outage", async |bed| {
        install_definitions_alone(bed).await;
        install_gateway_definitions_alone(bed).await;
        let provisioner = Provisioner::start(bed);
        class(bed, "provisioned-outage", &controller_name(bed), None).await;
        apply(bed, &gateway("provisioned-outage", &[80])).await;
        let kinds = ["DaemonSet", "Secret", "Service", "ServiceAccount"];
        has_just(bed, &kinds).await;
        let certificate = secret(bed).await;
        for _ in 0..2 {
            bed.cluster.stop_api_server().await.unwrap();
            bed.cluster.start_api_server().await.unwrap();
            bed.api::<DaemonSet>().delete("isobath-web", &DeleteParams::default()).await.unwrap();
            has_just(bed, &kinds).await;
        }
        // Nobody was given another certificate, and the CA is the one that it was.
        assert_eq!(secret(bed).await, certificate);
        assert_eq!(provisioner.log().matches("the CA of Gateways was made").count(), 1);
    });
}

/// What is told next of where the Gateway `web` of the bed is reached.
async fn told(
    bed: &Bed,
    news: &mut mpsc::UnboundedReceiver<(FleetOwner, Option<Reached>)>,
) -> Option<Reached> {
    loop {
        let (gateway, reached) = news.recv().await.expect("it is followed");
        if gateway == FleetOwner::gateway(&*bed.namespace, "web") {
            return reached;
        }
    }
}

#[test]
fn a_gateway_is_reached_at_the_address_that_it_asks_for_or_at_none() {
    testbed::test("reached", async |bed| {
        install_definitions(bed).await;
        install_gateway_definitions(bed).await;
        let _provisioner = Provisioner::start(bed);
        class(bed, "reached", &controller_name(bed), None).await;
        let (tell, mut news) = mpsc::unbounded_channel();
        let following = tokio::spawn(follow_gateways(bed.client.clone(), bed.namespace.clone(), None, tell));
        let at = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| {
                let value = (*address).to_owned();
                GatewayStatusAddress { value, ..GatewayStatusAddress::default() }
            });
            let ports = [Port { number: 80, protocol: Protocol::Tcp }].into();
            Some(Reached { addresses: addresses.collect(), ports })
        };
        let mut asking = gateway("reached", &[80]);
        // No load balancer of this cluster has it.
        asking["spec"]["addresses"] = json!([{"value": "192.0.2.1"}]);
        apply(bed, &asking).await;
        assert_eq!(told(bed, &mut news).await, at(&[]));
        asking["spec"]["addresses"] = json!([{"value": "10.89.200.7"}]);
        apply(bed, &asking).await;
        assert_eq!(told(bed, &mut news).await, at(&["10.89.200.7"]));
        bed.objects.delete(&asking.to_string()).await.unwrap();
        assert_eq!(told(bed, &mut news).await, None);
        following.abort();
    });
}
