//! The events of a watch, a line each.

use std::time::Duration;

use futures::{AsyncBufRead, AsyncBufReadExt};
use http::{HeaderValue, Request, header};
use kube::Client;
use kube::core::Status;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::failure::Failure;

/// The bookmark that carries it ends a list.
const LIST_ENDS: &str = "k8s.io/initial-events-end";

/// The lines of a watch.
pub(super) struct Events {
    lines: Box<dyn AsyncBufRead + Send + Unpin>,
    line: Vec<u8>,
}

/// Something that happened to objects of a kind.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// An object is there, in this form.
    Put(&'a str),
    /// An object is gone.
    Gone(&'a str),
    /// Everything up to a version was told.
    Bookmark { version: String, ends_list: bool },
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

impl Events {
    /// Begins a watch.
    pub(super) async fn open(client: &Client, mut request: Request<Vec<u8>>) -> Result<Self, Failure> {
        // A compressed stream is not told event by event.
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let lines = client.request_stream(request).await?;
        Ok(Self { lines: Box::new(Box::pin(lines)), line: Vec::new() })
    }

    /// The next event, or `None` at the end of the watch.
    pub(super) async fn next(&mut self, silence: Duration) -> Result<Option<Event<'_>>, Failure> {
        self.line.clear();
        let read = self.lines.read_until(b'\n', &mut self.line);
        match tokio::time::timeout(silence, read).await {
            Err(_) => Err(Failure::Broken("the API server has fallen silent".to_owned())),
            Ok(Err(error)) => Err(Failure::Broken(error.to_string())),
            Ok(Ok(0)) => Ok(None),
            // The end of a watch that was cut off in the middle of an event.
            Ok(Ok(_)) if !self.line.ends_with(b"\n") => Ok(None),
            Ok(Ok(_)) => parse(&self.line).map(Some),
        }
    }
}

fn parse(line: &[u8]) -> Result<Event<'_>, Failure> {
    let Line { kind, object } = serde_json::from_slice(line).map_err(|error| not_an_event(&error))?;
    let object = object.get();
    match kind {
        "ADDED" | "MODIFIED" => Ok(Event::Put(object)),
        "DELETED" => Ok(Event::Gone(object)),
        "BOOKMARK" => bookmark(object),
        "ERROR" => Err(serde_json::from_str::<Status>(object).map_err(|error| not_an_event(&error))?.into()),
        other => Err(Failure::Broken(format!("an event of type {other}"))),
    }
}

/// The place in the line, and nothing of the line: it may be a Secret.
fn not_an_event(error: &serde_json::Error) -> Failure {
    Failure::Broken(format!("a line that is no event, at {}", error.column()))
}

fn bookmark(object: &str) -> Result<Event<'_>, Failure> {
    #[derive(Deserialize)]
    struct Bookmark<'a> {
        #[serde(borrow)]
        metadata: Metadata<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metadata<'a> {
        resource_version: String,
        #[serde(borrow, default)]
        annotations: Option<std::collections::BTreeMap<&'a str, &'a RawValue>>,
    }
    let Bookmark { metadata } = serde_json::from_str(object).map_err(|error| not_an_event(&error))?;
    let ends_list = metadata.annotations.is_some_and(|annotations| annotations.contains_key(LIST_ENDS));
    Ok(Event::Bookmark { version: metadata.resource_version, ends_list })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_events() {
        let put = parse(br#"{"type":"ADDED","object":{"metadata":{}}}"#).unwrap();
        assert!(matches!(put, Event::Put(r#"{"metadata":{}}"#)));
        let gone = parse(br#"{"type":"DELETED","object":{}}"#).unwrap();
        assert!(matches!(gone, Event::Gone("{}")));
        let bookmark = br#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}"#;
        assert!(
            matches!(parse(bookmark).unwrap(), Event::Bookmark { version, ends_list: false } if version == "7")
        );
        let end = br#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7",
            "annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
        assert!(matches!(parse(end).unwrap(), Event::Bookmark { ends_list: true, .. }));
        let expired = br#"{"type":"ERROR","object":{"code":410,"message":"too old"}}"#;
        assert_eq!(parse(expired).unwrap_err(), Failure::Expired);
    }

    #[test]
    fn nothing_of_a_broken_line_is_told() {
        let Failure::Broken(words) = parse(br#"{"type":"ADDED","object":{"data":"HUSH"#).unwrap_err() else {
            panic!()
        };
        assert!(!words.contains("HUSH"), "{words}");
    }
}
