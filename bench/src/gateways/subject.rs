//! The controller in a process of its own, and what it makes Envoys of Gateways known by.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use certs::GatewayCa;
use k8s_openapi::ByteString;
use kube::Client;
use model::Layout;
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{Cluster, Objects};
use testkit::Envoy;

use super::objects::{GATEWAY, address, class};
use crate::controller::now;
use crate::envoys;
use crate::in_cluster::{Process, Program, XDS, create};

/// The Secret in which controllers find the CA of Gateways' Envoys.
const GATEWAY_CA: &str = "gatewayca";

/// What is measured.
pub(super) struct Subject {
    pub(super) cluster: Arc<Cluster>,
    pub(super) client: Client,
    pub(super) controller: Process,
    program: Program,
    certificates: TempDir,
    ca: GatewayCa,
}

impl Subject {
    /// Starts it in a cluster that knows the kinds and has a class.
    pub(super) async fn start(cluster: &Arc<Cluster>) -> Self {
        let client = cluster.client().await.expect("a client");
        let objects = Objects::new(client.clone(), "default");
        let gateways = testbed::gateway_definitions().expect("the definitions are there");
        for definitions in [gateways, api::crd::definitions()] {
            objects.define(&definitions).await.expect("the API server takes the definitions");
        }
        create(&client, &class()).await;
        let ca = GatewayCa::new(now()).expect("fixed options");
        create(&client, &secret_of(&ca)).await;
        let program = Program::Isobath(Layout::Scoped);
        let certificates = program.certificates(cluster);
        let controller = Process::start(&mut program.serve(cluster, certificates.path()));
        envoys::wait_for(XDS).await;
        Self { cluster: Arc::clone(cluster), client, controller, program, certificates, ca }
    }

    /// Starts an Envoy of the Gateway in this namespace, and waits until it listens at the Gateway's port.
    pub(super) async fn envoy(&self, namespace: &str, port: u16) -> Envoy {
        let identity =
            self.ca.issue(&format!("gateway/{namespace}/{GATEWAY}"), now()).expect("a name of ours");
        let folder = self.certificates.path();
        let files = [("cert", &*identity.certificate), ("key", identity.key.expose())];
        for (name, content) in files {
            fs::write(folder.join(format!("{namespace}{name}.pem")), content)
                .expect("the folder is writable");
        }
        let fleet = format!("gateway/{namespace}/{GATEWAY}");
        let envoy = self.program.envoy(&self.cluster, folder, namespace, &fleet);
        envoys::wait_for(address(port)).await;
        envoy
    }
}

/// The Secret with the CA, as the provisioner writes it.
fn secret_of(ca: &GatewayCa) -> Value {
    let data: BTreeMap<_, _> = ca.data().into_iter().map(|(key, value)| (key, ByteString(value))).collect();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": GATEWAY_CA}, "data": data})
}
