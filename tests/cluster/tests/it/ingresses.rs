//! The scenarios of Kubernetes for Ingresses, one feature after the other, in one cluster that Isobath was installed in from
//! its manifests. `scenarios.yaml` has them; `docs/conformance/ingress.md` shows them.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use certs::Options;
use http::Uri;
use http::uri::Scheme;
use serde::Deserialize;
use serde_json::{Value, json};
use status::Kind;
use testbed::{Bed, Objects};
use testkit::{Answer, ClientTls, Request, Trust};

use crate::controller::now;
use crate::install::{MANIFESTS, address, is_installed, kubectl};
use crate::objects::{pair, secret};
use crate::statuses::{apply, becomes, status_of};

/// What requests that nobody is to get are answered with.
const NOT_FOUND: &str = "not found";
/// How the clients call themselves.
const CLIENT: &str = "scenarios/1";

/// Ingresses, and what must come of them. See the head of `scenarios.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    feature: String,
    backends: BTreeMap<String, u32>,
    certificate: Option<String>,
    ingresses: serde_json::Map<String, Value>,
    scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    title: String,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expected {
    Answers(BTreeMap<String, String>),
    EveryPod { of: String, request: String, times: usize },
    NoAddress(String),
}

fn features() -> Vec<Feature> {
    let documents = Objects::parse(include_str!("ingresses/scenarios.yaml")).unwrap();
    documents.into_iter().map(|document| serde_json::from_value(document).unwrap()).collect()
}

/// A feature in a namespace of its own.
struct Stage {
    feature: Feature,
    bed: Bed,
    /// Who certified its certificate.
    ca: String,
}

impl Stage {
    /// With its backends and its certificate.
    async fn build(cluster: &Bed, feature: Feature) -> Self {
        let namespace = feature.feature.to_lowercase().replace(' ', "-");
        let bed = Bed::make(cluster.cluster.clone(), &namespace).await.unwrap();
        for (name, pods) in &feature.backends {
            for object in backend(name, *pods) {
                apply(&bed, &object).await;
            }
        }
        let names = feature.certificate.clone().into_iter().collect();
        let made = Options { extra_server_names: names, ..Options::loopback(now()) };
        let made = certs::generate(&made).unwrap();
        apply(&bed, &secret("certificate", "kubernetes.io/tls", &pair(&made.server))).await;
        Self { feature, bed, ca: made.ca }
    }

    /// Everything that is asked for comes, and nothing else: the Ingresses go again before the next feature has its turn.
    async fn passes(&self, entrance: IpAddr) {
        for (name, spec) in &self.feature.ingresses {
            apply(&self.bed, &ingress(name, spec)).await;
        }
        for name in self.feature.ingresses.keys().filter(|name| self.is_served(name)) {
            let wanted = json!([{"ip": entrance.to_string()}]);
            becomes(&format!("the address of {name}"), wanted, async || self.addresses(name).await).await;
        }
        let scenarios = &self.feature.scenarios;
        let wanted = scenarios.iter().map(|scenario| (&*scenario.title, self.wanted(&scenario.expected)));
        becomes(&self.feature.feature, wanted.collect::<Vec<_>>(), async || {
            let mut found = Vec::new();
            for scenario in scenarios {
                found.push((&*scenario.title, self.found(entrance, &scenario.expected).await));
            }
            found
        })
        .await;
        for (name, spec) in &self.feature.ingresses {
            self.bed.objects.delete(&ingress(name, spec).to_string()).await.unwrap();
        }
        becomes("the answer without an Ingress", NOT_FOUND.to_owned(), async || {
            self.outcome(entrance, "GET http://nobody.example/").await
        })
        .await;
    }

    /// Whether an Ingress is to have an address.
    fn is_served(&self, name: &str) -> bool {
        let is_other =
            |scenario: &Scenario| matches!(&scenario.expected, Expected::NoAddress(of) if of == name);
        !self.feature.scenarios.iter().any(is_other)
    }

    /// Where the status of an Ingress says that clients get in.
    async fn addresses(&self, name: &str) -> Value {
        status_of(&self.bed, Kind::Ingress, name).await["loadBalancer"]["ingress"].clone()
    }

    fn wanted(&self, expected: &Expected) -> Value {
        match expected {
            Expected::Answers(answers) => json!(answers),
            Expected::EveryPod { of, .. } => json!({of.as_str(): self.feature.backends[of]}),
            Expected::NoAddress(_) => Value::Null,
        }
    }

    async fn found(&self, entrance: IpAddr, expected: &Expected) -> Value {
        match expected {
            Expected::Answers(answers) => {
                let mut found = BTreeMap::new();
                for request in answers.keys() {
                    found.insert(request, self.outcome(entrance, request).await);
                }
                json!(found)
            }
            Expected::EveryPod { request, times, .. } => {
                let mut pods = BTreeSet::new();
                for _ in 0..*times {
                    pods.insert(self.pod(entrance, request).await.unwrap_or_else(|why| why));
                }
                let mut found = BTreeMap::new();
                pods.iter().for_each(|pod| *found.entry(backend_of(pod)).or_insert(0) += 1);
                json!(found)
            }
            Expected::NoAddress(name) => self.addresses(name).await,
        }
    }

    /// The backend that gets a request, or what comes instead.
    async fn outcome(&self, entrance: IpAddr, request: &str) -> String {
        self.pod(entrance, request).await.map_or_else(|why| why, |pod| backend_of(&pod).to_owned())
    }

    /// The pod that gets a request, or what comes instead.
    async fn pod(&self, entrance: IpAddr, request: &str) -> Result<String, String> {
        let request = self.request(entrance, request);
        let answer = request.send().await.map_err(|failure| failure.to_string())?;
        match answer.code() {
            200 => pod_of(&request, &answer),
            404 => Err(NOT_FOUND.to_owned()),
            other => Err(other.to_string()),
        }
    }

    fn request(&self, entrance: IpAddr, text: &str) -> Request {
        let (method, uri) = text.split_once(' ').unwrap();
        let uri: Uri = uri.parse().unwrap();
        let (host, path) = (uri.host().unwrap(), uri.path());
        let request = |port| Request::get(SocketAddr::new(entrance, port), host, path);
        let request = match uri.scheme() == Some(&Scheme::HTTPS) {
            true => request(443).tls(ClientTls::new(host, &Trust::Roots(self.ca.clone()))),
            false => request(80),
        };
        request.method(method.parse().unwrap()).header("user-agent", CLIENT)
    }
}

/// The pod that answered, when all of the request has come to it and all of the answer has come back.
fn pod_of(request: &Request, answer: &Answer) -> Result<String, String> {
    let seen = answer.seen().ok_or("no backend answered")?;
    let sent = [request.method.as_str(), &request.host, &request.path, "HTTP/1.1", CLIENT];
    let came = [
        &*seen.method,
        &seen.host,
        &seen.path,
        &seen.protocol,
        seen.header("user-agent").unwrap_or_default(),
    ];
    if came != sent {
        return Err(format!("{came:?} came instead of {sent:?}"));
    }
    let headers = ["content-length", "content-type", "date", "server"];
    match headers.iter().find(|name| answer.header(name).is_none_or(str::is_empty)) {
        Some(missing) => Err(format!("the answer has no {missing}")),
        None => Ok(seen.service),
    }
}

/// The Deployment that a pod belongs to; what is no pod is given back.
fn backend_of(pod: &str) -> &str {
    pod.rsplitn(3, '-').nth(2).unwrap_or(pod)
}

fn ingress(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": spec,
    })
}

/// Pods that answer with their names, and the Service that they are behind.
fn backend(name: &str, pods: u32) -> [Value; 2] {
    let labels = json!({"app": name});
    let container = json!({
        "name": "echo",
        "image": "isobath-echo",
        "args": ["--listen", "0.0.0.0:8080", "--name", "$(POD)"],
        "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": pods, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
    });
    [deployment, service]
}

#[test]
fn what_kubernetes_expects_of_whoever_serves_ingresses_comes() {
    testbed::test_alone("scenarios", async |bed| {
        kubectl(bed, &["apply", "--server-side", "--filename", MANIFESTS]).await;
        let mut stages = Vec::new();
        for feature in features() {
            stages.push(Stage::build(bed, feature).await);
        }
        is_installed(bed).await;
        let entrance = address(bed).await.ip();
        for stage in &stages {
            stage.passes(entrance).await;
        }
    });
}
