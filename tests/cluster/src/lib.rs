//! What tests in a cluster share: our definitions of kinds, put into the cluster once, and waiting. The tests themselves
//! are in `tests/it`, one file for each topic.
//!
//! It starts no cluster (see `testbed`), and fails by panicking.

use std::time::Duration;

use testbed::Bed;
use tokio::sync::OnceCell;

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
    bed.objects.define(&api::crd::definitions()).await.expect("the API server takes our definitions");
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
    let definitions = testbed::gateway_definitions().expect("the definitions are there");
    bed.objects.define(&definitions).await.expect("the API server takes them");
}
