//! One request for each write, and what its answer means.

use std::future::Future;
use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::api::{Patch, PatchParams, PostParams};
use kube::client::Body;
use serde_json::Value;
use status::{Event, FIELD_MANAGER, Kind, Observation, Outcome, Target, Write};

/// How long to wait when the API server does not say.
const WAIT: Duration = Duration::from_secs(1);
/// No answer makes us wait longer.
const WAIT_MOST: Duration = Duration::from_secs(60);

/// Writes a status: server-side apply, forced, because a field is ours whoever wrote it before.
pub(crate) fn write(client: Client, write: Write) -> (Target, impl Future<Output = Outcome>) {
    let Write { target, body, .. } = write;
    let written = target.clone();
    (written, async move {
        match apply(client, &target, &body).await {
            Ok((status, headers, answer)) => outcome(&target, status, &headers, &answer),
            Err(error) => {
                tracing::warn!(object = %target, error, "a status cannot be written");
                Outcome::Failed
            }
        }
    })
}

async fn apply(client: Client, target: &Target, body: &Value) -> Result<Answer, String> {
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let request = kube::core::Request::new(path(target));
    let request = request.patch_subresource("status", &target.name, &params, &Patch::Apply(body));
    send(client, request.map_err(text)?).await
}

type Answer = (StatusCode, HeaderMap, Vec<u8>);

async fn send(client: Client, request: Request<Vec<u8>>) -> Result<Answer, String> {
    let answer = client.send(request.map(Body::from)).await.map_err(text)?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(text)?.to_bytes();
    Ok((head.status, head.headers, body.to_vec()))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Where objects of the kind are.
fn path(target: &Target) -> String {
    let (kind, namespace) = (target.kind, &target.namespace);
    format!("/apis/{}/namespaces/{namespace}/{}", kind.api_version(), kind.plural())
}

fn outcome(target: &Target, status: StatusCode, headers: &HeaderMap, answer: &[u8]) -> Outcome {
    if status.is_success() {
        return match observation(target.kind, answer) {
            Ok(observation) => Outcome::Written(Box::new(observation)),
            Err(error) => {
                tracing::warn!(object = %target, error, "an object cannot be read after its status was written");
                Outcome::Failed
            }
        };
    }
    if status == StatusCode::NOT_FOUND {
        return Outcome::Gone;
    }
    if status == StatusCode::TOO_MANY_REQUESTS || headers.contains_key(http::header::RETRY_AFTER) {
        return Outcome::Busy(wait(headers));
    }
    let message = message(answer);
    tracing::warn!(object = %target, status = status.as_u16(), message, "a status cannot be written");
    Outcome::Failed
}

fn observation(kind: Kind, answer: &[u8]) -> Result<Observation, String> {
    let object: Value = serde_json::from_slice(answer).map_err(text)?;
    Observation::decode(kind, object).map_err(text)
}

/// How long the API server asks us to wait.
fn wait(headers: &HeaderMap) -> Duration {
    let header = headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = header.and_then(|seconds| seconds.parse().ok());
    seconds.map_or(WAIT, Duration::from_secs).min(WAIT_MOST)
}

/// What the API server says about a refusal.
fn message(answer: &[u8]) -> String {
    let status: Value = serde_json::from_slice(answer).unwrap_or_default();
    let message = status["message"].as_str().map(str::to_owned);
    message.unwrap_or_else(|| String::from_utf8_lossy(&answer[..answer.len().min(500)]).into_owned())
}

/// Tells something by an Event. One that is there already has told it.
pub(crate) async fn tell(client: Client, event: Event) {
    let told = post(client, &event).await;
    let (status, error) = match told {
        Ok((status, _, _)) if status.is_success() || status == StatusCode::CONFLICT => return,
        Ok((status, _, answer)) => (status.as_u16(), message(&answer)),
        Err(error) => (0, error),
    };
    tracing::debug!(object = %event.regarding, status, error, "an Event cannot be created");
}

async fn post(client: Client, event: &Event) -> Result<Answer, String> {
    let path = format!("/apis/events.k8s.io/v1/namespaces/{}/events", event.regarding.namespace);
    let body = serde_json::to_vec(&event.body).map_err(text)?;
    let request = kube::core::Request::new(path).create(&PostParams::default(), body).map_err(text)?;
    send(client, request).await
}
