//! One object, from the bytes of the API server. Only what is used is decoded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use api::core::Service;
use api::discovery::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use api::meta::ObjectMeta;
use api::{DecodeProblem, Decoded, Kind, Object};
use model::{ObjectId, Problem, Report, Severity, Verdict};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::kinds::Watched;

/// Fields of `metadata` that nobody here reads; the first may be larger than the rest of the object.
const UNUSED: [&str; 4] = ["managedFields", "ownerReferences", "finalizers", "selfLink"];

/// Who an object is, and in which form.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    metadata: Names<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    resource_version: Cow<'a, str>,
    #[serde(default)]
    generation: i64,
}

impl<'a> Head<'a> {
    /// Reads no more than the head.
    pub(super) fn of(raw: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(raw)
    }

    #[cfg(test)]
    pub(super) fn new(namespace: &'a str, name: &'a str, uid: &'a str, version: &'a str) -> Self {
        let [name, namespace, uid, resource_version] = [name, namespace, uid, version].map(Cow::Borrowed);
        Self { metadata: Names { name, namespace, uid, resource_version, generation: 0 } }
    }

    pub(super) fn name(&self) -> &str {
        &self.metadata.name
    }

    pub(super) fn namespace(&self) -> &str {
        &self.metadata.namespace
    }

    pub(super) fn uid(&self) -> &str {
        &self.metadata.uid
    }

    pub(super) fn version(&self) -> &str {
        &self.metadata.resource_version
    }

    pub(super) fn id(&self, kind: Kind) -> ObjectId {
        ObjectId::new(store::kind(kind), self.namespace(), self.name())
    }

    /// What there is to say of an object that cannot be read.
    pub(super) fn unreadable(&self, kind: Kind, problem: Problem) -> Report {
        Report::new(self.id(kind), self.metadata.generation, Verdict::Invalid, vec![problem])
    }
}

/// The object, or why it cannot be used.
pub(super) fn object(watched: &Watched, raw: &str) -> Result<Object, Problem> {
    // What Kubernetes itself checks is right as a rule: the long way finds the words for what is not.
    let lean = match watched.kind {
        Kind::EndpointSlice => serde_json::from_str::<Slice>(raw).ok().map(|slice| slice.object().into()),
        Kind::Service => serde_json::from_str::<LeanService>(raw).ok().map(|lean| lean.object().into()),
        _ => None,
    };
    match lean {
        Some(object) => Ok(object),
        None => strict(watched, raw).map_err(problem),
    }
}

/// An object that cannot be used, as far as it can be read: with its metadata and its status.
pub(super) fn shell(watched: &Watched, raw: &str) -> Option<Object> {
    let mut value = pruned(raw, watched.has_status).ok()?;
    value["spec"] = Value::Object(Map::new());
    api::decode(watched.kind, value).ok().map(|decoded| decoded.object)
}

fn strict(watched: &Watched, raw: &str) -> Result<Object, DecodeProblem> {
    let decode = |with_status| {
        let value = pruned(raw, with_status).map_err(|error| fault("", error.to_string()))?;
        api::decode(watched.kind, value)
    };
    let decoded = match decode(watched.has_status) {
        // A status may be anybody's: it takes nothing from what was asked for.
        Err(problem) if problem.path.starts_with("status") => decode(false),
        decoded => decoded,
    };
    let Decoded { object, unknown, .. } = decoded?;
    let is_ours = |path: &String| !path.starts_with("metadata.") && !path.starts_with("status");
    let unknown = unknown.into_iter().find(is_ours);
    match unknown.filter(|_| is_strict(watched.kind)) {
        Some(path) => Err(fault(&path, format!("is not a field of {} that is known here", watched.kind))),
        None => Ok(object),
    }
}

/// Whether a field that is not known may be one that restricts access. The API server keeps only those that the
/// definition of the kind has: it is newer than we are. Definitions of IngressRoutes kept anything, and Kubernetes'
/// own kinds get fields that change nothing for those who do not know them.
fn is_strict(kind: Kind) -> bool {
    match kind {
        Kind::HttpProxy
        | Kind::TlsCertificateDelegation
        | Kind::ExtensionService
        | Kind::GatewayClass
        | Kind::Gateway
        | Kind::ListenerSet
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::TcpRoute
        | Kind::UdpRoute
        | Kind::ReferenceGrant
        | Kind::BackendTlsPolicy
        | Kind::XBackendTrafficPolicy => true,
        Kind::Namespace
        | Kind::Service
        | Kind::EndpointSlice
        | Kind::Secret
        | Kind::ConfigMap
        | Kind::Ingress
        | Kind::IngressRoute
        | Kind::HeptioCertificateDelegation
        | Kind::ContourDeployment => false,
    }
}

fn fault(path: &str, message: String) -> DecodeProblem {
    DecodeProblem { path: path.to_owned(), message }
}

fn problem(problem: DecodeProblem) -> Problem {
    let at = if problem.path.is_empty() { "the object" } else { &problem.path };
    Problem {
        severity: Severity::Error,
        kind: "SpecError",
        reason: "Unreadable",
        message: format!("{at}: {}", problem.message),
        path: problem.path,
        help: None,
    }
}

/// The value without what nobody reads.
fn pruned(raw: &str, with_status: bool) -> Result<Value, serde_json::Error> {
    let mut object = Map::new();
    for (field, value) in fields(raw)? {
        let value = match &*field {
            "status" if !with_status => continue,
            "metadata" => metadata(value.get())?,
            _ => serde_json::from_str(value.get())?,
        };
        object.insert(field.into_owned(), value);
    }
    Ok(Value::Object(object))
}

fn metadata(raw: &str) -> Result<Value, serde_json::Error> {
    let used = fields(raw)?.into_iter().filter(|(field, _)| !UNUSED.contains(&&**field));
    let used = used.map(|(field, value)| Ok((field.into_owned(), serde_json::from_str(value.get())?)));
    used.collect::<Result<Map<_, _>, _>>().map(Value::Object)
}

fn fields(raw: &str) -> Result<BTreeMap<Cow<'_, str>, &RawValue>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Fields<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);
    serde_json::from_str::<Fields<'_>>(raw).map(|fields| fields.0)
}

/// The part of metadata that is used of kinds of Kubernetes' own.
#[derive(Deserialize)]
struct Named {
    name: String,
    namespace: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Named {
    fn object(self) -> ObjectMeta {
        let Self { name, namespace, labels, annotations } = self;
        ObjectMeta { name: Some(name), namespace, labels, annotations, ..ObjectMeta::default() }
    }
}

/// The part of an EndpointSlice that is used: of an endpoint with its Pod, its node and its zone, a third.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Slice {
    metadata: Named,
    #[serde(default)]
    address_type: String,
    endpoints: Option<Vec<LeanEndpoint>>,
    ports: Option<Vec<EndpointPort>>,
}

#[derive(Deserialize)]
struct LeanEndpoint {
    addresses: Vec<String>,
    conditions: Option<EndpointConditions>,
}

impl Slice {
    fn object(self) -> EndpointSlice {
        let endpoint = |endpoint: LeanEndpoint| Endpoint {
            addresses: endpoint.addresses,
            conditions: endpoint.conditions,
            ..Endpoint::default()
        };
        EndpointSlice {
            metadata: self.metadata.object(),
            address_type: self.address_type,
            endpoints: self.endpoints.into_iter().flatten().map(endpoint).collect(),
            ports: self.ports,
        }
    }
}

/// A Service without its status and the fields of `metadata` that are not used.
#[derive(Deserialize)]
struct LeanService {
    metadata: Named,
    spec: Option<api::core::ServiceSpec>,
}

impl LeanService {
    fn object(self) -> Service {
        Service { metadata: self.metadata.object(), spec: self.spec, status: None }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::WATCHED;
    use super::*;
    use serde_json::json;

    fn decode(kind: Kind, value: &Value) -> Result<Object, (String, String)> {
        let watched = WATCHED.iter().find(|watched| watched.kind == kind).unwrap();
        object(watched, &value.to_string()).map_err(|problem| (problem.path, problem.message))
    }

    #[test]
    fn of_metadata_only_what_is_used_is_kept() {
        let proxy = json!({
            "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy",
            "metadata": {
                "name": "p", "namespace": "n", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [{"manager": "m"}], "ownerReferences": [{"any": "thing"}],
            },
            "spec": {"virtualhost": {"fqdn": "a.example"}},
            "status": {"currentStatus": "valid"},
        });
        let Ok(Object::HttpProxy(object)) = decode(Kind::HttpProxy, &proxy) else { panic!() };
        assert_eq!(object.status.unwrap().current_status, "valid");
        assert_eq!(object.metadata.managed_fields, None);
        assert_eq!(object.metadata.owner_references, None);
        assert_eq!(object.metadata.uid.as_deref(), Some("u"));
        assert!(object.metadata.creation_timestamp.is_some());
        assert_eq!(object.spec.virtualhost.unwrap().fqdn, "a.example");
    }

    #[test]
    fn an_endpoint_keeps_its_addresses_and_conditions() {
        let slice = json!({
            "metadata": {"name": "s", "namespace": "n", "labels": {"kubernetes.io/service-name": "svc"},
                "managedFields": [{"manager": "m"}]},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}, "nodeName": "node",
                "targetRef": {"kind": "Pod", "name": "p"}, "zone": "z"}],
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        });
        let Ok(Object::EndpointSlice(object)) = decode(Kind::EndpointSlice, &slice) else { panic!() };
        let [endpoint] = object.endpoints.as_slice() else { panic!() };
        assert_eq!(endpoint.addresses, ["10.0.0.1"]);
        assert_eq!(endpoint.conditions.as_ref().unwrap().ready, Some(true));
        assert_eq!((&endpoint.node_name, &endpoint.target_ref), (&None, &None));
        assert_eq!(object.ports.unwrap()[0].port, Some(80));
        let none = json!({"metadata": {"name": "s"}, "addressType": "IPv4", "endpoints": null});
        assert!(decode(Kind::EndpointSlice, &none).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let proxy = json!({"metadata": {"name": "p"}, "spec": {"routes": [{"services": [{"port": "x"}]}]}});
        let (path, _) = decode(Kind::HttpProxy, &proxy).unwrap_err();
        assert_eq!(path, "spec.routes[0].services[0].port");
        let slice =
            json!({"metadata": {"name": "s"}, "addressType": "IPv4", "endpoints": [{"addresses": [1]}]});
        let (path, _) = decode(Kind::EndpointSlice, &slice).unwrap_err();
        assert_eq!(path, "endpoints[0].addresses[0]");
    }

    #[test]
    fn a_status_that_cannot_be_read_is_not_looked_at() {
        let status = json!({"currentStatus": 7});
        let proxy = json!({"metadata": {"name": "p"}, "spec": {}, "status": status});
        let Ok(Object::HttpProxy(object)) = decode(Kind::HttpProxy, &proxy) else { panic!() };
        assert_eq!(object.status, None);
        let newer = json!({"metadata": {"name": "p"}, "spec": {}, "status": {"newer": 7}});
        assert!(decode(Kind::HttpProxy, &newer).is_ok());
    }

    #[test]
    fn a_field_of_a_newer_definition_may_restrict_access() {
        let newer = json!({"metadata": {"name": "p", "newer": 1}, "spec": {"guard": {"all": true}}});
        let (path, message) = decode(Kind::HttpProxy, &newer).unwrap_err();
        assert_eq!(path, "spec.guard");
        assert_eq!(message, "spec.guard: is not a field of HTTPProxy that is known here");
        assert!(decode(Kind::IngressRoute, &newer).is_ok());
        let ingress = json!({"metadata": {"name": "i"}, "spec": {"newer": 1}});
        assert!(decode(Kind::Ingress, &ingress).is_ok());
    }

    #[test]
    fn what_cannot_be_read_of_a_secret_is_not_repeated() {
        let secret = json!({"metadata": {"name": "s"}, "data": {"tls.key": "not base64: HUSH"}});
        let (_, message) = decode(Kind::Secret, &secret).unwrap_err();
        assert!(!message.contains("HUSH"), "{message}");
    }
}
