//! For any IngressRoutes: the converted objects give Envoy the same, but for the kind of object that a route names as
//! its origin.

#[path = "../../../../tests/cases.rs"]
mod cases;

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Effect, Engine, Event};
use envoy::{ResourceType, XdsMode};
use model::{Kind, Settings, Traffic, VirtualHost, VirtualHostKey};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use store::Change;

use self::cases::cases;

type Any = BoxedStrategy<Value>;

const PATHS: &[&str] = &["/", "/a", "/a/", "/a/b", "/a//b", "/b", "/ab"];
/// Most of them are within what is delegated.
const PATHS_OF_PARTS: &[&str] = &["/a", "/a", "/a/", "/a/b", "/a/c", "/a//b", "/a/b/c", "/ab", "/"];
const PARTS: &[&str] = &["one", "two", "three"];
const NAMESPACES: &[&str] = &["default", "team"];

fn word(words: &'static [&'static str]) -> Any {
    select(words).prop_map(Value::from).boxed()
}

/// An object with some of these fields, each as often as its share of ten says.
fn object(fields: Vec<(&'static str, u32, Any)>) -> Any {
    let entries: Vec<_> = fields
        .into_iter()
        .filter(|(_, share, _)| *share > 0)
        .map(|(name, share, value)| {
            let value = prop::option::weighted(f64::from(share) / 10.01, value);
            value.prop_map(move |value| (name.to_owned(), value)).boxed()
        })
        .collect();
    let there = |entries: Vec<(String, Option<Value>)>| {
        Value::Object(entries.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    };
    entries.prop_map(there).boxed()
}

fn list(item: Any, most: usize) -> Any {
    prop::collection::vec(item, 1..=most).prop_map(Value::Array).boxed()
}

fn services() -> Any {
    let check = object(vec![
        ("path", 10, word(&["/ok", "/ok", "/ok", "bad", ""])),
        ("intervalSeconds", 3, Just(json!(5)).boxed()),
    ]);
    let service = object(vec![
        ("name", 10, word(&["web", "web", "web", "other", "other", "gone"])),
        ("port", 10, select(vec![80, 80, 80, 80, 80, 80, 81, 0]).prop_map(Value::from).boxed()),
        ("weight", 3, select(vec![0, 0, 1, 1, 9, 9, -1]).prop_map(Value::from).boxed()),
        ("strategy", 1, word(&["Cookie", "Random", "RoundRobin", "Other"])),
        ("healthCheck", 1, check),
        ("validation", 1, Just(json!({"caSecret": "gone", "subjectName": "a"})).boxed()),
    ]);
    list(service, 2)
}

fn delegate() -> Any {
    object(vec![("name", 10, word(PARTS)), ("namespace", 2, word(&["default", "team", ""]))])
}

fn route(paths: &'static [&'static str]) -> Any {
    let limits = word(&["1s", "infinity", "soon", "0", ""]);
    let served = object(vec![
        ("match", 10, word(paths)),
        ("services", 10, services()),
        ("prefixRewrite", 2, word(&["/", "/x", "/y/", ""])),
        ("permitInsecure", 3, any::<bool>().prop_map(Value::from).boxed()),
        ("enableWebsockets", 2, any::<bool>().prop_map(Value::from).boxed()),
        ("timeoutPolicy", 2, object(vec![("request", 9, limits.clone())])),
        (
            "retryPolicy",
            2,
            object(vec![
                ("count", 6, (-1..5_i64).prop_map(Value::from).boxed()),
                ("perTryTimeout", 5, limits),
            ]),
        ),
    ]);
    let handed = object(vec![
        ("match", 10, word(&["/a", "/a", "/a/", "/a/b", "/b", "/"])),
        ("delegate", 10, delegate()),
    ]);
    prop_oneof![6 => served, 3 => handed, 1 => object(vec![("match", 10, word(paths))])].boxed()
}

fn spec(is_root: bool) -> Any {
    let tls = object(vec![
        ("secretName", 7, word(&["cert", "cert", "cert", "gone"])),
        ("passthrough", 2, any::<bool>().prop_map(Value::from).boxed()),
        ("minimumProtocolVersion", 3, word(&["1.1", "1.2", "1.3", ""])),
    ]);
    let host =
        object(vec![("fqdn", 10, word(&["a.shop.example", "B.shop.example", "c.example"])), ("tls", 4, tls)]);
    let tcp =
        prop_oneof![object(vec![("services", 10, services())]), object(vec![("delegate", 10, delegate())])];
    object(vec![
        ("virtualhost", if is_root { 10 } else { 0 }, host),
        ("routes", 9, list(route(if is_root { PATHS } else { PATHS_OF_PARTS }), 3)),
        ("tcpproxy", 2, tcp.boxed()),
    ])
}

fn ingress_route(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "contour.heptio.com/v1beta1", "kind": "IngressRoute",
           "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

/// Two roots and the parts of both namespaces.
fn objects() -> impl Strategy<Value = Vec<Value>> {
    let roots =
        ["root", "site"].map(|name| spec(true).prop_map(move |spec| ingress_route("default", name, &spec)));
    let mut all: Vec<Any> = roots.into_iter().map(Strategy::boxed).collect();
    for namespace in NAMESPACES {
        all.extend(
            PARTS
                .iter()
                .map(|name| spec(false).prop_map(move |spec| ingress_route(namespace, name, &spec)).boxed()),
        );
    }
    all
}

fn surroundings() -> String {
    let case = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/cases/ingress/tls.yaml"
    ));
    let case = case.expect("the case is there");
    let secret =
        case.split("\n---\n").find(|document| document.contains("\nkind: Secret\n")).expect("it has one");
    let secret = secret.replace("name: cert\n", "name: cert\n  namespace: default\n");
    let service = |namespace: &str, name: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        )
    };
    let services =
        NAMESPACES.iter().flat_map(|namespace| ["web", "other"].map(|name| service(namespace, name)));
    services.chain([secret]).collect::<Vec<_>>().join("\n---\n")
}

/// What Envoy is given of the objects in a text: its hosts, and the bytes of all that is no host.
fn served(text: &str) -> (BTreeMap<VirtualHostKey, VirtualHost>, BTreeMap<String, Vec<u8>>) {
    let settings = Arc::new(Settings::default());
    let mode = XdsMode::default();
    let layout = envoy::layout(&settings, mode);
    let mut engine = Engine::new(settings, mode, layout);
    let objects = files::documents(text).into_iter().filter_map(|range| {
        let value = files::value(&text[range])?;
        let word = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let kind = api::Kind::find(&word("apiVersion"), &word("kind"))?;
        Some(Change::Applied(api::decode(kind, value).ok()?.object))
    });
    engine.handle(Event::Changes(objects.collect()));
    let effects = engine.handle(Event::SourceSynced);
    let publications = effects.into_iter().filter_map(|effect| match effect {
        Effect::Publish(publication) => Some(publication),
        Effect::Dissolve(_) | Effect::Report(_) | Effect::Forget(_) => None,
    });
    let resources = publications.flat_map(|publication| publication.set);
    let alike = [
        ResourceType::Cluster,
        ResourceType::ClusterLoadAssignment,
        ResourceType::Listener,
        ResourceType::Secret,
    ];
    let resources = resources.filter(|resource| alike.contains(&resource.resource_type));
    let bytes = resources.map(|resource| {
        (format!("{:?} {}", resource.resource_type, resource.name), resource.body.to_bytes().to_vec())
    });
    let mut hosts = engine.virtual_hosts();
    for host in hosts.values_mut() {
        if let Traffic::Http(routes) = &mut host.traffic {
            routes.iter_mut().for_each(|route| route.origin.kind = Kind::HttpProxy);
        }
    }
    (hosts, bytes.collect())
}

/// What an API server would refuse of the HTTPProxies in a text.
fn refused(text: &str) -> Vec<String> {
    let values = files::documents(text).into_iter().filter_map(|range| files::value(&text[range]));
    let proxies = values.filter(|value| value["kind"] == "HTTPProxy");
    let all = proxies.flat_map(|proxy| match api::decode(api::Kind::HttpProxy, proxy) {
        Ok(decoded) => decoded.violations.iter().map(ToString::to_string).collect(),
        Err(problem) => vec![problem.to_string()],
    });
    all.collect()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn the_same_is_served_after_the_conversion_as_before_and_an_api_server_takes_it(objects in objects()) {
        let objects = objects.iter().map(|object| serde_saphyr::to_string(object).expect("an object"));
        let old = objects.collect::<Vec<_>>().join("\n---\n");
        let new = convert::ingress_routes(&[&old]).texts.remove(0);
        prop_assert_eq!(refused(&new), Vec::<String>::new(), "{}", new);
        let surroundings = surroundings();
        let (old, new) = [old, new].map(|text| format!("{text}\n---\n{surroundings}")).into();
        prop_assert_eq!(served(&new), served(&old), "{}", new);
    }
}

/// The property would hold for a conversion that refuses everything, and for worlds that serve nothing.
#[test]
fn most_objects_are_converted_and_served() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut converted, mut hosts) = (0, 0);
    for _ in 0..100 {
        let objects = objects().new_tree(&mut runner).unwrap().current();
        let texts = objects.iter().map(|object| serde_saphyr::to_string(object).unwrap());
        let text = texts.collect::<Vec<_>>().join("\n---\n");
        converted += convert::ingress_routes(&[&text]).converted.len();
        hosts += served(&format!("{text}\n---\n{}", surroundings())).0.len();
    }
    assert!(converted > 80 && hosts > 50, "{converted} objects, {hosts} hosts");
}
