//! One request for each write, and what its answer means.

use std::future::Future;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::api::{GetParams, Patch, PatchParams, PostParams};
use serde_json::Value;
use status::{Body, Event, FIELD_MANAGER, Kind, Observation, Outcome, Target, Write};

/// How long to wait when the API server does not say.
const WAIT: Duration = Duration::from_secs(1);
/// No answer makes us wait longer.
const WAIT_MOST: Duration = Duration::from_secs(60);

/// Writes a status.
pub(crate) fn write(client: Client, write: Write) -> (Target, impl Future<Output = Outcome>) {
    let Write { target, body, .. } = write;
    let written = target.clone();
    (written, async move {
        match send_body(client, &target, &body).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(object = %target, error, "a status cannot be written");
                Outcome::Failed
            }
        }
    })
}

async fn send_body(client: Client, target: &Target, body: &Body) -> Result<Outcome, String> {
    match body {
        Body::Apply(object) => {
            let (status, headers, answer) = send(client, apply(target, object)?).await?;
            Ok(outcome(target, status, &headers, &answer))
        }
        Body::Patch(patch) => {
            let (status, headers, answer) = send(client.clone(), change(target, &patch.operations)?).await?;
            // The object may have changed: another version, or something is not where it was.
            if matches!(status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY)
                && let Some(found) = changed_since(client, target, patch.version).await?
            {
                return Ok(found);
            }
            Ok(outcome(target, status, &headers, &answer))
        }
    }
}

/// Server-side apply, forced, because a field is ours whoever wrote it before.
fn apply(target: &Target, object: &Value) -> Result<Request<Vec<u8>>, String> {
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let request = kube::core::Request::new(path(target));
    request.patch_subresource("status", &target.name, &params, &Patch::Apply(object)).map_err(text)
}

/// A JSON Patch.
fn change(target: &Target, operations: &Value) -> Result<Request<Vec<u8>>, String> {
    let uri = format!("{}/{}/status?fieldManager={FIELD_MANAGER}", path(target), target.name);
    let request = Request::patch(uri).header(CONTENT_TYPE, "application/json-patch+json");
    request.body(serde_json::to_vec(operations).map_err(text)?).map_err(text)
}

/// What became of an object that has changed since this version; `None` when it has not.
async fn changed_since(client: Client, target: &Target, version: u64) -> Result<Option<Outcome>, String> {
    let request = kube::core::Request::new(path(target)).get(&target.name, &GetParams::default());
    let (status, headers, answer) = send(client, request.map_err(text)?).await?;
    if !status.is_success() {
        return Ok(Some(outcome(target, status, &headers, &answer)));
    }
    let found = observation(target.kind, &answer)?;
    Ok((found.version() != Some(version)).then(|| Outcome::Outdated(Box::new(found))))
}

type Answer = (StatusCode, HeaderMap, Vec<u8>);

async fn send(client: Client, request: Request<Vec<u8>>) -> Result<Answer, String> {
    let answer = client.send(request.map(kube::client::Body::from)).await.map_err(text)?;
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
    if namespace.is_empty() {
        return format!("/apis/{}/{}", kind.api_version(), kind.plural());
    }
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
    let namespace = event.regarding.namespace_of_events();
    let path = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events");
    let body = serde_json::to_vec(&event.body).map_err(text)?;
    let request = kube::core::Request::new(path).create(&PostParams::default(), body).map_err(text)?;
    send(client, request).await
}
