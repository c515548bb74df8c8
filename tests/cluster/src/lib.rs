//! What tests in a cluster share: our definitions of kinds, put into the cluster once, and waiting. The tests themselves
//! are in `tests/it`, one file for each topic.
//!
//! It starts no cluster (see `testbed`), and fails by panicking.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::wait::{await_condition, conditions::is_crd_established};
use testbed::{Bed, Mode};
use tokio::sync::OnceCell;

/// How long the API server may take to serve a new kind.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long anything may take on a loaded machine: clients of the API server wait between two tries.
const LIMIT: Duration = Duration::from_secs(120);

/// Tries until `attempt` succeeds, as [`testkit::eventually`] does, with the patience that a cluster needs.
pub async fn eventually<T>(what: &str, attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    testkit::eventually_within(LIMIT, what, attempt).await
}

/// Puts our definitions into the cluster that all tests share, and waits until their kinds are served.
pub async fn install_definitions(bed: &Bed) {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    INSTALLED.get_or_init(async || install(bed).await).await;
}

/// The same in a cluster that a test has for itself.
pub async fn install_definitions_alone(bed: &Bed) {
    install(bed).await;
}

async fn install(bed: &Bed) {
    for definition in api::crd::definitions() {
        let kept = bed.objects.apply_one(&definition, Mode::Keep).await;
        let name = kept.expect("the API server takes our definitions").metadata.name.unwrap_or_default();
        is_served(bed, &name).await;
    }
}

async fn is_served(bed: &Bed, name: &str) {
    let served = await_condition(bed.all::<CustomResourceDefinition>(), name, is_crd_established());
    tokio::time::timeout(PATIENCE, served)
        .await
        .unwrap_or_else(|_| panic!("{name} is not served after {PATIENCE:?}"))
        .expect("the definition can be watched");
}

/// Puts the definitions of the Gateway API, experimental channel, into the cluster that all tests share.
pub async fn install_gateway_definitions(bed: &Bed) {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    INSTALLED.get_or_init(async || install_gateways(bed).await).await;
}

/// The same in a cluster that a test has for itself.
pub async fn install_gateway_definitions_alone(bed: &Bed) {
    install_gateways(bed).await;
}

async fn install_gateways(bed: &Bed) {
    let kept = bed.objects.apply(&gateway_definitions()).await.expect("the API server takes them");
    for object in kept {
        let is_definition = object.types.is_some_and(|types| types.kind == "CustomResourceDefinition");
        if is_definition {
            is_served(bed, &object.metadata.name.unwrap_or_default()).await;
        }
    }
}

/// What is in the folder that `hack/gateway-api` prints.
fn gateway_definitions() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hack/gateway-api");
    let ran = Command::new(script).output().expect("hack/gateway-api runs");
    assert!(ran.status.success(), "hack/gateway-api: {}", String::from_utf8_lossy(&ran.stderr));
    let folder = Path::new(String::from_utf8_lossy(&ran.stdout).trim_end()).join("experimental");
    let files = std::fs::read_dir(folder).expect("a folder of definitions");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let is_definition =
        |file: &&PathBuf| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("gateway."));
    let texts = files.iter().filter(is_definition);
    let texts = texts.map(|file| std::fs::read_to_string(file).expect("definitions"));
    texts.collect::<Vec<_>>().join("\n---\n")
}
