//! The object that says how everything is configured.

use kube::Client;
use kube::core::Request;
use serde_json::{Value, json};

use crate::Error;

/// Where ContourConfigurations are.
const PATH: &str = "/apis/projectcontour.io/v1alpha1/namespaces";

/// The ContourConfiguration of this name, as a manifest: what decides nothing is left out.
///
/// # Errors
/// When it cannot be read, or is not there.
pub async fn contour_configuration(client: &Client, namespace: &str, name: &str) -> Result<String, Error> {
    let request = Request::new(format!("{PATH}/{namespace}/contourconfigurations"));
    let request = request.get(name, &kube::api::GetParams::default()).map_err(kube::Error::BuildRequest)?;
    let found: Value = client.request(request).await?;
    let manifest = json!({
        "apiVersion": "projectcontour.io/v1alpha1",
        "kind": "ContourConfiguration",
        "metadata": {"name": name, "namespace": namespace},
        "spec": found["spec"],
    });
    Ok(format!("{manifest:#}"))
}
