//! The object that says how everything is configured.

use api::ContourConfiguration;
use kube::Client;
use kube::core::Request;
use model::Problem;
use serde_json::{Value, json};
use status::{Input, Observation, Statement, Target};

use crate::Error;

/// Where ContourConfigurations are.
const PATH: &str = "/apis/projectcontour.io/v1alpha1/namespaces";

/// The ContourConfiguration that everything was configured by.
#[derive(Debug, Clone)]
pub struct Configured {
    /// As a manifest: what decides nothing is left out.
    pub manifest: String,
    generation: i64,
    target: Target,
    observation: Option<Observation>,
}

impl Configured {
    fn of(found: Value, namespace: &str, name: &str) -> Self {
        let manifest = json!({
            "apiVersion": "projectcontour.io/v1alpha1",
            "kind": "ContourConfiguration",
            "metadata": {"name": name, "namespace": namespace},
            "spec": found["spec"],
        });
        let generation = found["metadata"]["generation"].as_i64().unwrap_or_default();
        // What is wrong with it is said by those who read the manifest, and then nothing is served.
        let object: Option<ContourConfiguration> = serde_json::from_value(found).ok();
        Self {
            manifest: format!("{manifest:#}"),
            generation,
            target: Target::new(status::Kind::ContourConfiguration, namespace, name),
            observation: object.map(|object| Observation::of_configuration(&object).1),
        }
    }

    /// What the writer of statuses is told when it is in force: in the form that was read, whatever comes later.
    #[must_use]
    pub fn in_force(&self) -> Vec<Input> {
        let observed = self.observation.clone();
        let observed =
            observed.map(|observation| Input::Observed(self.target.clone(), Box::new(observation)));
        observed.into_iter().chain([self.said(&[])]).collect()
    }

    /// What there is to say of it, in place of what was said before.
    #[must_use]
    pub fn said(&self, problems: &[Problem]) -> Input {
        let Self { generation, target, .. } = self;
        let said = Statement::of_configuration(&target.namespace, &target.name, *generation, problems);
        Input::Said(Box::new(said))
    }
}

/// The ContourConfiguration of this name.
///
/// # Errors
/// When it cannot be read, or is not there.
pub async fn contour_configuration(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<Configured, Error> {
    let request = Request::new(format!("{PATH}/{namespace}/contourconfigurations"));
    let request = request.get(name, &kube::api::GetParams::default()).map_err(kube::Error::BuildRequest)?;
    Ok(Configured::of(client.request(request).await?, namespace, name))
}
