//! Lines of JSON, one value in each.

use std::collections::BTreeMap;
use std::io;

use model::{FleetId, FleetOwner, GatewayName, Kind, ObjectId, Problem, Severity};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How many objects are named in one line.
pub(crate) const CHUNK: usize = 1000;
/// A thousand names of 253 bytes, each with a namespace and a problem of some length, fit.
const LINE_BYTES: u64 = 4 * 1024 * 1024;
/// Envoy's words may be long; what a status has of them is not.
const MESSAGE_BYTES: usize = 2048;

/// The kinds whose objects Envoys get, and of which somebody waits until they have them.
const AWAITED: [Kind; 6] = [
    Kind::HttpProxy,
    Kind::Ingress,
    Kind::IngressRoute,
    Kind::ExtensionService,
    Kind::Gateway,
    Kind::ListenerSet,
];

/// The kinds whose objects Envoys get, too, and may reject.
const ATTACHED: [Kind; 5] =
    [Kind::HttpRoute, Kind::GrpcRoute, Kind::TlsRoute, Kind::TcpRoute, Kind::UdpRoute];

/// An object in one generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    kind: String,
    namespace: String,
    name: String,
    pub(crate) generation: i64,
}

impl Version {
    pub(crate) fn new(object: &ObjectId, generation: i64) -> Self {
        let ObjectId { kind, namespace, name } = object;
        let [namespace, name] = [namespace, name].map(|part| part.to_string());
        Self { kind: kind.to_string(), namespace, name, generation }
    }

    /// The object; `None` when it is of a kind that Envoys do not get.
    pub(crate) fn object(&self) -> Option<ObjectId> {
        let kind = AWAITED.into_iter().chain(ATTACHED).find(|kind| kind.as_str() == self.kind)?;
        Some(ObjectId::new(kind, &*self.namespace, &*self.name))
    }
}

/// Whether Envoys get such objects.
pub(crate) fn is_carried(object: &ObjectId) -> bool {
    is_awaited(object) || ATTACHED.contains(&object.kind)
}

/// Whether somebody waits until they have them.
pub(crate) fn is_awaited(object: &ObjectId) -> bool {
    AWAITED.contains(&object.kind)
}

/// What the leader asks: which of these are in force with all Envoys?
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) about: Vec<Version>,
}

/// What a controller answers.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Word {
    /// How many Envoys of the ingress it has.
    pub(crate) nodes: usize,
    /// How many Envoys of each Gateway it has; none of those that are not named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) gateways: Vec<OfGateway>,
    /// The same of each class whose Gateways share them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) classes: BTreeMap<String, usize>,
    /// What was asked for, and is in force with all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) in_force: Vec<Version>,
    /// What they reject, in place of what was said of these objects before. Said without being asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) rejected: Vec<Rejected>,
}

/// The Envoys of a Gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfGateway {
    namespace: String,
    name: String,
    nodes: usize,
}

impl Word {
    /// One that says how many Envoys there are of each fleet.
    pub(crate) fn of(nodes: &Nodes) -> Self {
        let mut word = Self::default();
        for (fleet, nodes) in nodes {
            match fleet.owner() {
                None => word.nodes = *nodes,
                Some(FleetOwner::Gateway(GatewayName { namespace, name })) => {
                    let (namespace, name) = (namespace.to_string(), name.to_string());
                    word.gateways.push(OfGateway { namespace, name, nodes: *nodes });
                }
                Some(FleetOwner::Class(name)) => drop(word.classes.insert(name.to_string(), *nodes)),
            }
        }
        word
    }

    /// How many Envoys there are of each fleet.
    pub(crate) fn fleets(&self) -> Nodes {
        let gateways = self.gateways.iter();
        let gateways = gateways.map(|each| (FleetId::gateway(&*each.namespace, &*each.name), each.nodes));
        let classes = self.classes.iter().map(|(name, nodes)| (FleetId::class(&**name), *nodes));
        gateways.chain(classes).chain([(FleetId::ingress(), self.nodes)]).collect()
    }
}

/// How many Envoys there are of each fleet.
pub(crate) type Nodes = BTreeMap<FleetId, usize>;

/// What Envoys have to say against an object.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rejected {
    #[serde(flatten)]
    pub(crate) version: Version,
    /// Their words and the way out; `None`: nothing any more.
    pub(crate) words: Option<Words>,
}

/// A problem that an Envoy found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl From<&Problem> for Words {
    fn from(problem: &Problem) -> Self {
        let end = problem.message.floor_char_boundary(MESSAGE_BYTES);
        let message = problem.message[..end].to_owned();
        Self { message, help: problem.help.clone() }
    }
}

impl From<&Words> for Problem {
    fn from(words: &Words) -> Self {
        Self {
            severity: Severity::Error,
            kind: "EnvoyError",
            reason: "Rejected",
            path: String::new(),
            message: words.message.clone(),
            help: words.help.clone(),
        }
    }
}

/// Whether a problem is one that an Envoy found.
pub(crate) fn is_rejection(problem: &Problem) -> bool {
    problem.kind == "EnvoyError"
}

/// Sends one value.
pub(crate) async fn send(to: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    to.write_all(&line).await?;
    to.flush().await
}

/// The next value; `None` at the end.
pub(crate) async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<Option<T>> {
    // What was read stays in `line` when this is cancelled.
    let limit = LINE_BYTES.saturating_sub(line.len() as u64);
    from.take(limit).read_until(b'\n', line).await?;
    if !line.ends_with(b"\n") {
        return if line.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    }
    let value = serde_json::from_slice(line)?;
    line.clear();
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_come_back_as_they_were() {
        for kind in AWAITED.into_iter().chain(ATTACHED) {
            let object = ObjectId::new(kind, "ns", "name");
            assert_eq!(Version::new(&object, 3).object(), Some(object));
        }
        let other = ObjectId::new(Kind::Secret, "ns", "name");
        assert_eq!(Version::new(&other, 3).object(), None);
    }

    #[test]
    fn envoys_come_back_as_they_were_counted() {
        let (gateway, class) = (FleetId::gateway("ns", "edge"), FleetId::class("edge"));
        let nodes = Nodes::from([(FleetId::ingress(), 2), (gateway, 1), (class, 3)]);
        assert_eq!(Word::of(&nodes).fleets(), nodes);
        // A controller from before Gateways were served has no Envoys of any.
        let before: Word = serde_json::from_str(r#"{"nodes": 3}"#).unwrap();
        assert_eq!(before.fleets(), Nodes::from([(FleetId::ingress(), 3)]));
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_not_read_for_ever() {
        let endless = vec![b'x'; usize::try_from(LINE_BYTES).unwrap() + 10];
        let read = receive::<Ask>(&mut &endless[..], &mut Vec::new()).await;
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn values_come_one_by_one() {
        let mut sent = Vec::new();
        let first = Word { nodes: 2, ..Word::default() };
        send(&mut sent, &first).await.unwrap();
        send(&mut sent, &Word::default()).await.unwrap();
        let (mut from, mut line) = (&sent[..], Vec::new());
        assert_eq!(receive(&mut from, &mut line).await.unwrap(), Some(first));
        assert_eq!(receive(&mut from, &mut line).await.unwrap(), Some(Word::default()));
        assert_eq!(receive::<Word>(&mut from, &mut line).await.unwrap(), None);
    }
}
