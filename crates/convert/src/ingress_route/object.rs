//! One object, field by field, in the order of its file.

use api::IngressRoute;
use api::duration::Timeout;
use api::ingress_route::{Route, Service};
use serde_json::{Map, Value};

use super::world::strategy;
use super::{GROUP, paths};
use crate::tree::{NOWHERE, Node, element, field};

/// What an API server says about an object that it stores; a new object has none of it.
const OF_SERVER: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];
/// What `kubectl apply` keeps of an object of the old kind.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

type Fields<'n> = Vec<(&'n str, Node)>;

/// A TLSCertificateDelegation of the old group.
pub(super) fn delegation(path: &str, fields: &Map<String, Value>) -> Node {
    let fields = fields.iter().filter_map(|(key, value)| {
        let from = field(path, key);
        match key.as_str() {
            "apiVersion" => Some((key.as_str(), Node::scalar(&from, GROUP))),
            "metadata" => Some((key.as_str(), metadata(&from, value))),
            "status" => None,
            _ => Some((key.as_str(), Node::copy(&from, value))),
        }
    });
    Node::map(path, fields.collect())
}

/// The HTTPProxy of an IngressRoute, whose paths go on from a base.
pub(super) fn proxy(path: &str, fields: &Map<String, Value>, object: &IngressRoute, base: &str) -> Node {
    let fields = fields.iter().filter_map(|(key, value)| {
        let from = field(path, key);
        let node = match key.as_str() {
            "apiVersion" => Node::scalar(&from, GROUP),
            "kind" => Node::scalar(&from, "HTTPProxy"),
            "metadata" => metadata(&from, value),
            "spec" => spec(&from, value, object, base),
            _ => return None,
        };
        Some((key.as_str(), node))
    });
    Node::map(path, fields.collect())
}

fn metadata(path: &str, value: &Value) -> Node {
    let Some(fields) = value.as_object() else { return Node::copy(path, value) };
    let fields = fields.iter().filter(|(key, _)| !OF_SERVER.contains(&key.as_str()));
    let fields = fields.map(|(key, value)| {
        let from = field(path, key);
        let node = match key.as_str() {
            "annotations" => annotations(&from, value),
            _ => Node::copy(&from, value),
        };
        (key.as_str(), node)
    });
    Node::map(path, fields.collect())
}

fn annotations(path: &str, value: &Value) -> Node {
    let Some(fields) = value.as_object() else { return Node::copy(path, value) };
    let fields = fields.iter().filter(|(key, _)| *key != LAST_APPLIED);
    let fields = fields.map(|(key, value)| {
        let new = match key.as_str() {
            "contour.heptio.com/ingress.class" => "projectcontour.io/ingress.class",
            other => other,
        };
        (new, Node::copy(&field(path, key), value))
    });
    Node::map(path, fields.collect())
}

fn spec(path: &str, value: &Value, object: &IngressRoute, base: &str) -> Node {
    let mut fields: Fields<'_> = Vec::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let from = field(path, key);
        match key.as_str() {
            "virtualhost" => fields.push(("virtualhost", virtual_host(&from, value))),
            "routes" => routes(&from, value, object, base, &mut fields),
            "tcpproxy" => fields.push(("tcpproxy", tcp_proxy(&from, value, object))),
            _ => {}
        }
    }
    Node::map(path, fields)
}

fn virtual_host(path: &str, value: &Value) -> Node {
    let fields = value.as_object().into_iter().flatten().map(|(key, value)| {
        let from = field(path, key);
        (key.as_str(), if key == "tls" { tls(&from, value) } else { Node::copy(&from, value) })
    });
    Node::map(path, fields.collect())
}

fn tls(path: &str, value: &Value) -> Node {
    let has_secret = value["secretName"].as_str().is_some_and(|name| !name.trim().is_empty());
    let fields = value.as_object().into_iter().flatten().filter_map(|(key, value)| {
        let from = field(path, key);
        let node = match (key.as_str(), value.as_str()) {
            ("passthrough", _) if has_secret => return None,
            ("minimumProtocolVersion", Some("")) => return None,
            ("minimumProtocolVersion", Some("1.2" | "1.3")) => Node::copy(&from, value),
            ("minimumProtocolVersion", _) => Node::scalar(&from, "1.2"),
            _ => Node::copy(&from, value),
        };
        Some((key.as_str(), node))
    });
    Node::map(path, fields.collect())
}

/// Routes with services, and includes for those that delegate.
fn routes(path: &str, value: &Value, object: &IngressRoute, base: &str, fields: &mut Fields<'_>) {
    let (mut routes, mut includes) = (Vec::new(), Vec::new());
    let values = value.as_array().into_iter().flatten().zip(&object.spec.routes);
    for (index, (value, spec)) in values.enumerate() {
        let from = element(path, index);
        if spec.delegate.is_some() {
            includes.push(include(&from, value, base));
        } else if !spec.services.is_empty() {
            routes.push(route(&from, value, spec, base));
        }
    }
    if !routes.is_empty() || includes.is_empty() {
        fields.push(("routes", Node::list(path, routes)));
    }
    if !includes.is_empty() {
        // The comments of the list stay with the first of the two.
        let from = if fields.last().is_some_and(|(key, _)| *key == "routes") { NOWHERE } else { path };
        fields.push(("includes", Node::list(from, includes)));
    }
}

fn include(path: &str, value: &Value, base: &str) -> Node {
    let mut fields: Fields<'_> = Vec::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let from = field(path, key);
        match key.as_str() {
            "delegate" => fields.extend(names(&from, value)),
            "match" => {
                let path = paths::base(value.as_str().unwrap_or_default());
                let path = if path.is_empty() { "/".to_owned() } else { path };
                fields.extend(conditions(&from, &path, base));
            }
            _ => {}
        }
    }
    // Whom it is about comes first.
    fields.sort_by_key(|(key, _)| ["name", "namespace", "conditions"].iter().position(|each| each == key));
    Node::map(path, fields)
}

/// Whom a delegation names; an empty namespace means its own.
fn names<'v>(path: &str, value: &'v Value) -> Fields<'v> {
    let fields = value.as_object().into_iter().flatten();
    let fields = fields.filter(|(key, value)| *key != "namespace" || **value != "");
    fields.map(|(key, value)| (key.as_str(), Node::copy(&field(path, key), value))).collect()
}

/// The condition of a path below a base; none where it is all of it.
fn conditions<'n>(from: &str, path: &str, base: &str) -> Option<(&'n str, Node)> {
    let rest = paths::below(path, base).filter(|rest| !rest.is_empty())?;
    let prefix = Node::map(from, vec![("prefix", Node::scalar(from, rest))]);
    Some(("conditions", Node::list(NOWHERE, vec![prefix])))
}

fn route(path: &str, value: &Value, spec: &Route, base: &str) -> Node {
    let mut fields: Fields<'_> = Vec::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let from = field(path, key);
        match key.as_str() {
            "match" => fields.extend(conditions(&from, value.as_str().unwrap_or_default(), base)),
            "prefixRewrite" => fields.extend(rewrite(&from, value)),
            "timeoutPolicy" => fields.extend(timeouts(&from, spec)),
            "retryPolicy" => fields.push(("retryPolicy", retries(&from, value, spec))),
            "services" => {
                fields.push(("services", services(&from, value, &spec.services)));
                fields.extend(balancing(&element(&from, 0), spec.services.first()));
                fields.extend(probes(&element(&from, 0), &value[0]));
            }
            other => fields.push((other, Node::copy(&from, value))),
        }
    }
    Node::map(path, fields)
}

fn rewrite<'n>(from: &str, value: &Value) -> Option<(&'n str, Node)> {
    let path = value.as_str().filter(|path| !path.is_empty())?;
    let entry = Node::map(from, vec![("replacement", Node::scalar(from, path))]);
    let list = Node::list(NOWHERE, vec![entry]);
    Some(("pathRewritePolicy", Node::map(NOWHERE, vec![("replacePrefix", list)])))
}

/// A limit that an HTTPProxy's schema takes; none where nothing is said.
fn timeouts<'n>(from: &str, spec: &Route) -> Option<(&'n str, Node)> {
    let text = spec.timeout_policy.as_ref()?.request.as_deref()?;
    let text = match Timeout::parse(text) {
        Ok(Timeout::Default) => return None,
        Ok(Timeout::Infinite) | Err(_) => "infinity",
        Ok(Timeout::After(_)) => text,
    };
    let response = Node::scalar(&field(from, "request"), text);
    Some(("timeoutPolicy", Node::map(from, vec![("response", response)])))
}

fn retries(from: &str, value: &Value, spec: &Route) -> Node {
    let policy = spec.retry_policy.clone().unwrap_or_default();
    let count = policy.count.clamp(1, u32::MAX.into());
    let mut fields: Fields<'_> = Vec::new();
    for key in value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()) {
        let from = field(from, key);
        let per_try = policy.per_try_timeout.as_deref().unwrap_or_default();
        match (key, Timeout::parse(per_try)) {
            ("count", _) => fields.push((key, Node::scalar(&from, count))),
            ("perTryTimeout", Ok(Timeout::After(_) | Timeout::Infinite)) => {
                fields.push((key, Node::scalar(&from, per_try)));
            }
            _ => {}
        }
    }
    if !fields.iter().any(|(key, _)| *key == "count") {
        fields.insert(0, ("count", Node::scalar(NOWHERE, count)));
    }
    Node::map(from, fields)
}

fn services(path: &str, value: &Value, specs: &[Service]) -> Node {
    let values = value.as_array().into_iter().flatten().zip(specs).enumerate();
    let service = |(index, (value, _)): (usize, (&Value, &Service))| {
        let path = element(path, index);
        let fields = value.as_object().into_iter().flatten();
        let fields = fields.filter(|(key, _)| !matches!(key.as_str(), "strategy" | "healthCheck"));
        let fields = fields.map(|(key, value)| (key.as_str(), Node::copy(&field(&path, key), value)));
        Node::map(&path, fields.collect())
    };
    Node::list(path, values.map(service).collect())
}

/// How endpoints are chosen: all services of a route say the same.
fn balancing<'n>(service: &str, first: Option<&Service>) -> Option<(&'n str, Node)> {
    let word = first.and_then(strategy)?;
    let strategy = Node::scalar(&field(service, "strategy"), word);
    Some(("loadBalancerPolicy", Node::map(NOWHERE, vec![("strategy", strategy)])))
}

/// The probes: all services of a route say the same.
fn probes<'n>(service: &str, first: &Value) -> Option<(&'n str, Node)> {
    let check = first.get("healthCheck")?;
    Some(("healthCheckPolicy", Node::copy(&field(service, "healthCheck"), check)))
}

fn tcp_proxy(path: &str, value: &Value, object: &IngressRoute) -> Node {
    let specs = object.spec.tcpproxy.as_ref().map_or(&[][..], |tcp| &tcp.services);
    let mut fields: Fields<'_> = Vec::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let from = field(path, key);
        match key.as_str() {
            "delegate" => fields.push(("include", Node::map(&from, names(&from, value)))),
            "services" => {
                fields.push(("services", services(&from, value, specs)));
                fields.extend(balancing(&element(&from, 0), specs.first()));
            }
            _ => {}
        }
    }
    Node::map(path, fields)
}
