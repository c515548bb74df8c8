//! What tests in a cluster share: our definitions of kinds, put into the cluster once, and waiting. The tests themselves
//! are in `tests/it`, one file for each topic.
//!
//! It starts no cluster (see `testbed`), and fails by panicking.

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
        let served = await_condition(bed.all::<CustomResourceDefinition>(), &name, is_crd_established());
        tokio::time::timeout(PATIENCE, served)
            .await
            .unwrap_or_else(|_| panic!("{name} is not served after {PATIENCE:?}"))
            .expect("the definition can be watched");
    }
}
