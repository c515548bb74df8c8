//! Writes of statuses, as the API server counts them.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Client;
use serde_json::Value;
use testbed::Cluster;

/// How many writes of statuses the API server has counted so far, of one kind.
pub(crate) struct Writes {
    client: Client,
    resource: &'static str,
    before: u64,
}

impl Writes {
    /// Counts from now on. The kind is named as in URLs: `httproutes`.
    pub(crate) async fn count(client: &Client, resource: &'static str) -> Self {
        let before = counted(client, resource).await;
        Self { client: client.clone(), resource, before }
    }

    /// Those since it was begun to count.
    pub(crate) async fn so_far(&self) -> u64 {
        counted(&self.client, self.resource).await - self.before
    }
}

async fn counted(client: &Client, resource: &str) -> u64 {
    let request = http::Request::get("/metrics").body(vec![]).expect("a request");
    let metrics = client.request_text(request).await.expect("the API server has metrics");
    let resource = format!("resource=\"{resource}\"");
    let is_meant = |line: &&str| {
        line.starts_with("apiserver_request_total{")
            && line.contains(&resource)
            && line.contains("subresource=\"status\"")
    };
    let count =
        |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok()).unwrap_or_default();
    metrics.lines().filter(is_meant).map(count).sum::<f64>() as u64
}

/// When the status of one object was written, from the first write on, as the audit of the API server has it.
pub(crate) fn writes_of_one(cluster: &Cluster, resource: &str, name: &str) -> Vec<Duration> {
    let audit = cluster.audit().expect("the API server writes it");
    let events = audit.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_meant = |event: &Value| {
        let of = &event["objectRef"];
        of["resource"] == resource && of["subresource"] == "status" && of["name"] == name
    };
    let at = |event: Value| serde_json::from_value(event["requestReceivedTimestamp"].clone()).ok();
    let mut times: Vec<MicroTime> = events.filter(is_meant).filter_map(at).collect();
    times.sort();
    let since = |time: &MicroTime| {
        let elapsed = time.0.as_microsecond() - times[0].0.as_microsecond();
        Duration::from_micros(elapsed.unsigned_abs())
    };
    times.iter().map(since).collect()
}
