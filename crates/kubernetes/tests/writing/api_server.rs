//! An API server that keeps objects, applies statuses, and answers slowly or not at all when it is told to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;

/// The API server.
#[derive(Clone, Default)]
pub(crate) struct ApiServer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    version: u64,
    /// Method and path of each request, and when it came.
    requests: Vec<(String, Instant)>,
    under_way: usize,
    most_under_way: usize,
    mood: Mood,
    /// Those who cannot reach it.
    cut_off: Vec<String>,
}

/// How requests are answered.
#[derive(Clone, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Good,
    /// Well, after a while.
    Slow(Duration),
    /// With a status, and a time to wait.
    Busy(StatusCode, u64),
    /// Well, but nothing may be changed.
    Strict,
}

impl ApiServer {
    /// A client of somebody with a name, who may be cut off.
    pub(crate) fn client(&self, name: &str) -> Client {
        let (server, name) = (self.clone(), name.to_owned());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (server, name) = (server.clone(), name.clone());
            async move { Ok::<_, Infallible>(server.answer(&name, request).await) }
        });
        Client::new(service, "default")
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.state().mood = mood;
    }

    pub(crate) fn cut_off(&self, names: &[&str]) {
        self.state().cut_off = names.iter().map(|name| (*name).to_owned()).collect();
    }

    pub(crate) fn put(&self, path: &str, object: Value) {
        self.state().store(path, object);
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.state().objects.get(path).cloned().unwrap_or_default()
    }

    /// The requests of a method until now, each with the time when it came.
    pub(crate) fn requests(&self, method: &str) -> Vec<(String, Instant)> {
        let state = self.state();
        let of_method = state.requests.iter().filter(|(request, _)| request.starts_with(method));
        of_method.cloned().collect()
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.state().most_under_way
    }

    async fn answer(&self, name: &str, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let mood = self.state().begin(format!("{} {path}", request.method()));
        let under_way = UnderWay(self);
        if self.state().cut_off.iter().any(|other| other == name) {
            std::future::pending::<()>().await;
        }
        match mood {
            Mood::Good | Mood::Strict => {}
            Mood::Slow(pause) => tokio::time::sleep(pause).await,
            Mood::Busy(status, seconds) => {
                let answer = Response::builder().status(status).header("retry-after", seconds);
                return answer.body(Body::from(b"Too many requests".to_vec())).unwrap();
            }
        }
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        drop(under_way);
        let (status, answer) = match head.method {
            Method::PATCH if mood == Mood::Strict => refused(StatusCode::UNPROCESSABLE_ENTITY, "Invalid"),
            _ => self.state().handle(&head.method, &path, body),
        };
        let answer = Body::from(serde_json::to_vec(&answer).unwrap());
        Response::builder().status(status).body(answer).unwrap()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// A request that is under way until it is dropped.
struct UnderWay<'a>(&'a ApiServer);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
    }
}

impl State {
    fn begin(&mut self, request: String) -> Mood {
        self.requests.push((request, Instant::now()));
        self.under_way += 1;
        self.most_under_way = self.most_under_way.max(self.under_way);
        self.mood.clone()
    }

    fn handle(&mut self, method: &Method, path: &str, body: Value) -> (StatusCode, Value) {
        match *method {
            Method::GET => self.objects.get(path).cloned().map_or_else(missing, good),
            Method::POST => {
                let path = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap());
                match self.objects.contains_key(&path) {
                    true => refused(StatusCode::CONFLICT, "AlreadyExists"),
                    false => good(self.store(&path, body)),
                }
            }
            Method::PUT => match self.objects.get(path) {
                None => missing(),
                Some(found)
                    if found["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"] =>
                {
                    refused(StatusCode::CONFLICT, "Conflict")
                }
                Some(_) => good(self.store(path, body)),
            },
            Method::PATCH => {
                let path = path.strip_suffix("/status").unwrap();
                let Some(mut object) = self.objects.get(path).cloned() else { return missing() };
                match body.as_array() {
                    None => object["status"] = body["status"].clone(),
                    Some(operations) if operations[0]["value"] != object["metadata"]["resourceVersion"] => {
                        return refused(StatusCode::CONFLICT, &format!("{operations:?}"));
                    }
                    Some(operations) => operations[1..].iter().for_each(|each| change(&mut object, each)),
                }
                good(self.store(path, object))
            }
            _ => refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
        }
    }

    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert(path.to_owned(), object.clone());
        object
    }
}

/// The operations `add` and `test` of a JSON Patch.
fn change(object: &mut Value, operation: &Value) {
    let (parent, last) = operation["path"].as_str().unwrap().rsplit_once('/').unwrap();
    let value = &operation["value"];
    match (operation["op"].as_str().unwrap(), object.pointer_mut(parent).unwrap()) {
        ("test", parent) => assert_eq!(&parent[last], value),
        ("add", Value::Array(list)) => list.push(value.clone()),
        ("add", parent) => parent[last] = value.clone(),
        (operation, _) => panic!("{operation}"),
    }
}

fn good(object: Value) -> (StatusCode, Value) {
    (StatusCode::OK, object)
}

fn missing() -> (StatusCode, Value) {
    refused(StatusCode::NOT_FOUND, "NotFound")
}

fn refused(status: StatusCode, reason: &str) -> (StatusCode, Value) {
    let code = status.as_u16();
    let answer = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": code,
    });
    (status, answer)
}
