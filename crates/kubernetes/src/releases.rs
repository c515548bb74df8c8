//! Which releases the definitions of the Gateway API are of.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client, ResourceExt as _};
use status::{Input, Release};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::status::PATIENCE;
use crate::watch::gateway_api_definitions;

/// Where a definition says which release it is of.
const ANNOTATION: &str = "gateway.networking.k8s.io/bundle-version";
/// What the supported releases begin with.
const SUPPORTED: &str = "v1.6.";
/// Between two looks: definitions change with a release, some times in a year.
const PERIOD: Duration = Duration::from_secs(5 * 60);
/// Where there are none yet, or where they may not be read.
const UNKNOWN: Duration = Duration::from_secs(30);
/// After a look that failed.
const RETRY: Duration = Duration::from_secs(10);

/// Tells whether the cluster's definitions of the Gateway API are of a release that is supported, and again when they
/// are not any more, until nobody listens.
pub async fn follow_releases(client: Client, tell: mpsc::UnboundedSender<Input>) {
    loop {
        let pause = match timeout(PATIENCE, release(&client)).await {
            Ok(Ok(release)) => {
                let pause = if release == Release::Unknown { UNKNOWN } else { PERIOD };
                if tell.send(Input::Release(release)).is_err() {
                    return;
                }
                pause
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the definitions of the Gateway API cannot be read");
                RETRY
            }
            Err(_) => RETRY,
        };
        tokio::time::sleep(pause).await;
    }
}

/// Which release the definitions are of that the cluster has now.
///
/// # Errors
/// When the API server cannot be asked. That it may not be asked, or has no classes, is [`Release::Unknown`].
pub async fn release(client: &Client) -> Result<Release, kube::Error> {
    let all: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut foreign = Vec::new();
    for (index, name) in gateway_api_definitions().enumerate() {
        match all.get_metadata_opt(&name).await {
            // The first is that of classes: without it nobody can be told.
            Ok(None) if index == 0 => return Ok(Release::Unknown),
            Ok(None) => {}
            Ok(Some(found)) => foreign.extend(complaint(&name, found.annotations().get(ANNOTATION))),
            Err(kube::Error::Api(status)) if status.code == 403 => return Ok(Release::Unknown),
            Err(error) => return Err(error),
        }
    }
    Ok(if foreign.is_empty() { Release::Supported } else { Release::Unsupported(foreign) })
}

fn complaint(name: &str, release: Option<&String>) -> Option<String> {
    match release {
        Some(release) if release.starts_with(SUPPORTED) => None,
        Some(release) => Some(format!("{name} is of release {release}")),
        None => Some(format!("{name} does not say which release it is of")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_says_which_release_it_is_of() {
        let of = |release: &str| complaint("gateways.g", Some(&release.to_owned()));
        assert_eq!(of("v1.6.1"), None);
        assert_eq!(of("v1.6.0-rc.2"), None);
        assert_eq!(of("v1.60.0"), Some("gateways.g is of release v1.60.0".to_owned()));
        assert_eq!(complaint("g", None), Some("g does not say which release it is of".to_owned()));
    }
}
