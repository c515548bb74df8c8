//! An API server that lists and watches, and fails when it is told to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The API server.
#[derive(Clone, Default)]
pub(crate) struct ApiServer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    version: u64,
    kinds: BTreeMap<String, Kind>,
    requests: Vec<String>,
    mood: Mood,
    lists_as_streams: bool,
}

#[derive(Default)]
struct Kind {
    objects: BTreeMap<(String, String), Value>,
    events: Vec<(u64, String)>,
    /// Events up to this version are forgotten.
    oldest: u64,
    watches: Vec<mpsc::UnboundedSender<String>>,
}

/// How requests are answered.
#[derive(Clone, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Good,
    /// With nothing but this status.
    Failing(u16),
    /// Lists and watches of this path with this status.
    Refusing(String, u16),
}

impl ApiServer {
    /// One that has all kinds of Kubernetes' own, and those at `paths`.
    pub(crate) fn with(paths: &[&str]) -> Self {
        let server = Self::default();
        let own = ["/api/v1/services", "/api/v1/secrets", "/apis/discovery.k8s.io/v1/endpointslices"];
        for path in own.iter().chain(&["/apis/networking.k8s.io/v1/ingresses"]).chain(paths) {
            server.define(path);
        }
        server
    }

    pub(crate) fn streaming_lists(self) -> Self {
        self.state().lists_as_streams = true;
        self
    }

    pub(crate) fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request.uri())) }
        });
        Client::new(service, "default")
    }

    pub(crate) fn define(&self, path: &str) {
        self.state().kinds.entry(path.to_owned()).or_default();
    }

    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut state = self.state();
        state.version += 1;
        let version = state.version;
        let kind = state.kinds.get_mut(path).unwrap();
        object["metadata"]["resourceVersion"] = version.to_string().into();
        let known = kind.objects.insert(name(&object), object.clone());
        kind.tell(version, if known.is_some() { "MODIFIED" } else { "ADDED" }, &object);
    }

    pub(crate) fn delete(&self, path: &str, namespace: &str, name: &str) {
        let mut state = self.state();
        state.version += 1;
        let version = state.version;
        let kind = state.kinds.get_mut(path).unwrap();
        let mut object = kind.objects.remove(&(namespace.to_owned(), name.to_owned())).unwrap();
        object["metadata"]["resourceVersion"] = version.to_string().into();
        kind.tell(version, "DELETED", &object);
    }

    /// Ends all watches.
    pub(crate) fn cut(&self) {
        self.state().kinds.values_mut().for_each(|kind| kind.watches.clear());
    }

    /// Forgets what happened up to now, for watches that begin from now on.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.version += 1;
        let version = state.version;
        for kind in state.kinds.values_mut() {
            kind.oldest = version;
            kind.events.clear();
        }
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn answer(&self, uri: &http::Uri) -> Response<Body> {
        let mut state = self.state();
        state.requests.push(uri.to_string());
        let query: BTreeMap<_, _> =
            uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')).collect();
        match &state.mood {
            Mood::Failing(code) => return status(*code),
            Mood::Refusing(path, code) if path == uri.path() => return status(*code),
            Mood::Good | Mood::Refusing(..) => {}
        }
        let (version, streams) = (state.version, state.lists_as_streams);
        let below = format!("{}/", uri.path());
        let Some(kind) = state.kinds.get_mut(uri.path()) else {
            let names = state.kinds.keys().filter_map(|path| path.strip_prefix(&below));
            let names: Vec<_> =
                names.filter(|name| !name.contains('/')).map(|name| json!({"name": name})).collect();
            return if names.is_empty() { status(404) } else { ok(json!({"resources": names}).to_string()) };
        };
        match (query.get("watch"), query.get("sendInitialEvents")) {
            (None, _) => kind.page(version, &query),
            (Some(_), Some(_)) if !streams => status(422),
            (Some(_), Some(_)) => kind.watch(kind.all(version)),
            (Some(_), None) => kind.watch_after(query["resourceVersion"].parse().unwrap_or_default()),
        }
    }
}

impl Kind {
    fn tell(&mut self, version: u64, what: &str, object: &Value) {
        let line = event(what, object);
        self.events.push((version, line.clone()));
        self.watches.retain(|watch| watch.send(line.clone()).is_ok());
    }

    fn page(&self, version: u64, query: &BTreeMap<&str, &str>) -> Response<Body> {
        let number = |key: &str| query.get(key).and_then(|text| text.parse::<usize>().ok());
        let (from, limit) = (number("continue").unwrap_or(0), number("limit").unwrap_or(usize::MAX));
        let items: Vec<_> = self.objects.values().skip(from).take(limit).collect();
        let end = from + items.len();
        let rest = if end < self.objects.len() { end.to_string() } else { String::new() };
        ok(json!({"metadata": {"resourceVersion": version.to_string(), "continue": rest}, "items": items})
            .to_string())
    }

    fn all(&self, version: u64) -> Vec<String> {
        let mut lines: Vec<_> = self.objects.values().map(|object| event("ADDED", object)).collect();
        let annotations = json!({"k8s.io/initial-events-end": "true"});
        let metadata = json!({"resourceVersion": version.to_string(), "annotations": annotations});
        lines.push(event("BOOKMARK", &json!({"metadata": metadata})));
        lines
    }

    fn watch_after(&mut self, version: u64) -> Response<Body> {
        if version < self.oldest {
            return lines(vec![event("ERROR", &json!({"code": 410, "message": "too old"}))], None);
        }
        let missed = self.events.iter().filter(|(told, _)| *told > version);
        self.watch(missed.map(|(_, line)| line.clone()).collect())
    }

    fn watch(&mut self, first: Vec<String>) -> Response<Body> {
        let (watch, events) = mpsc::unbounded_channel();
        self.watches.push(watch);
        lines(first, Some(events))
    }
}

fn name(object: &Value) -> (String, String) {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

fn event(what: &str, object: &Value) -> String {
    format!("{{\"type\":\"{what}\",\"object\":{object}}}\n")
}

fn ok(text: String) -> Response<Body> {
    lines(vec![text], None)
}

fn status(code: u16) -> Response<Body> {
    let mut response = ok(json!({"kind": "Status", "code": code, "message": "as told"}).to_string());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

fn lines(first: Vec<String>, then: Option<mpsc::UnboundedReceiver<String>>) -> Response<Body> {
    let then = stream::iter(then).flat_map(UnboundedReceiverStream::new);
    let frames = stream::iter(first).chain(then).map(|line| Ok(Frame::data(Bytes::from(line))));
    Response::new(StreamBody::new(frames).boxed_unsync())
}
