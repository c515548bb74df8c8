//! The object that says how everything is configured.

use std::time::Instant;

use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::core::Request;
use model::Problem;
use serde_json::{Value, json};
use status::{Board, Input, Observation, Statement, Target};

use crate::Error;
use crate::status::{PATIENCE, request};

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
    problems: Vec<Problem>,
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
        Self {
            manifest: format!("{manifest:#}"),
            generation,
            target: Target::new(status::Kind::ContourConfiguration, namespace, name),
            observation: Observation::decode(status::Kind::ContourConfiguration, found).ok(),
            problems: vec![],
        }
    }

    /// Takes note of what is wrong with it, or may be.
    pub fn judge(&mut self, problems: Vec<Problem>) {
        self.problems = problems;
    }

    /// What the writer of statuses is told when it is in force: in the form that was read, whatever comes later.
    #[must_use]
    pub fn in_force(&self) -> Vec<Input> {
        let observed = self.observation.clone();
        let observed =
            observed.map(|observation| Input::Observed(self.target.clone(), Box::new(observation)));
        observed.into_iter().chain([self.said(&[])]).collect()
    }

    /// What there is to say of it, with more that is wrong now, in place of what was said before.
    #[must_use]
    pub fn said(&self, more: &[Problem]) -> Input {
        let Self { generation, target, problems, .. } = self;
        let problems = [problems, more].concat();
        let said = Statement::of_configuration(&target.namespace, &target.name, *generation, &problems);
        Input::Said(Box::new(said))
    }

    /// Says in its status, and by an Event, what is wrong with it: nothing can be configured by it, so nobody leads who
    /// would. Those who find the same say the same.
    pub async fn refuse(&self, client: &Client, identity: &str) {
        let now = Instant::now();
        let mut board = Board::new(identity);
        for input in self.in_force().into_iter().chain([Input::Leads { until: now + PATIENCE }]) {
            board.handle(now, input);
        }
        let (event, write) =
            (board.next_event(now, Timestamp::now()), board.next_write(now, Timestamp::now()));
        let told = async {
            if let Some(event) = event {
                request::tell(client.clone(), event).await;
            }
            if let Some(write) = write {
                let (_, written) = request::write(client.clone(), write);
                drop(written.await);
            }
        };
        let _ = tokio::time::timeout(PATIENCE, told).await;
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
