//! Random objects of the Gateway API.

use api::Object;
use model::{Kind, ObjectId};
use serde_json::{Value, json};

use super::{NAMESPACES, PATHS, metadata};
use crate::dice::Dice;

const OURS: &str = "projectcontour.io/gateway-controller";
const HOSTS: [&str; 5] = ["one.com", "x.one.com", "*.one.com", "*.x.one.com", "two.com"];
const LISTENERS: [&str; 3] = ["l0", "l1", "l2"];

/// An object of one of these kinds.
pub(super) fn any(dice: &mut Dice, id: &ObjectId) -> Object {
    let spec = match id.kind {
        Kind::ContourDeployment => json!({"envoy": {
            "gateways": *dice.mostly(&["Merged", "Separate"], &["Odd"]),
            "workloadType": *dice.mostly(&["Deployment", "DaemonSet"], &["Pod"]),
            "extraVolumes": [{"name": "a", (*dice.mostly(&["emptyDir"], &["hostPath"])): {}}],
        }}),
        Kind::GatewayClass => {
            let mut class = json!({"controllerName": *dice.mostly(&[OURS], &["example.com/other"])});
            if dice.chance(60) {
                class["parametersRef"] = parameters(dice);
                class["parametersRef"]["namespace"] = namespace(dice).into();
            }
            class
        }
        Kind::Gateway => gateway(dice),
        Kind::ListenerSet => {
            let listeners = listeners(dice, 2);
            json!({"parentRef": {"name": name(dice, 2), "namespace": namespace(dice)}, "listeners": listeners})
        }
        Kind::HttpRoute => http_route(dice),
        Kind::GrpcRoute => grpc_route(dice),
        Kind::TlsRoute => {
            let hosts = [host(dice)];
            with_parents(dice, json!({"hostnames": hosts}), forwarding)
        }
        Kind::TcpRoute | Kind::UdpRoute => with_parents(dice, json!({}), forwarding),
        Kind::ReferenceGrant => grant(dice),
        Kind::BackendTlsPolicy => json!({
            "targetRefs": [{"group": "", "kind": "Service", "name": name(dice, 4)}],
            "validation": {
                "caCertificateRefs": [{"group": "", "kind": "Secret", "name": name(dice, 3)}],
                "hostname": "backend.example",
            },
        }),
        _ => json!({"targetRefs": [{"group": "", "kind": "Service", "name": name(dice, 4)}]}),
    };
    let decoded = api::decode(store::api_kind(id.kind), json!({"spec": spec}));
    let mut object = decoded.unwrap_or_else(|why| panic!("{}: {why}: {spec}", id.kind)).object;
    let of_cluster = id.kind == Kind::GatewayClass;
    *object.metadata_mut() = metadata(if of_cluster { "" } else { &id.namespace }, &id.name);
    object.metadata_mut().creation_timestamp = Some(crate::objects::time(*dice.pick(&[0, 1, 2])));
    object
}

fn name(dice: &mut Dice, names: usize) -> String {
    format!("it{}", dice.below(names))
}

fn namespace(dice: &mut Dice) -> &'static str {
    dice.pick::<&str>(&NAMESPACES)
}

fn host(dice: &mut Dice) -> &'static str {
    dice.pick::<&str>(&HOSTS)
}

fn gateway(dice: &mut Dice) -> Value {
    let listeners = listeners(dice, 3);
    let from = *dice.mostly(&["All"], &["Same", "None"]);
    let mut gateway = json!({
        "gatewayClassName": name(dice, 2),
        "listeners": listeners,
        "allowedListeners": {"namespaces": {"from": from}},
    });
    if dice.chance(30) {
        gateway["infrastructure"] = json!({"parametersRef": parameters(dice)});
    }
    gateway
}

fn parameters(dice: &mut Dice) -> Value {
    let kind = *dice.mostly(&["ContourDeployment"], &["ConfigMap"]);
    json!({"group": "projectcontour.io", "kind": kind, "name": name(dice, 2)})
}

fn listeners(dice: &mut Dice, most: usize) -> Vec<Value> {
    let count = 1 + dice.below(most);
    LISTENERS[..count].iter().map(|name| listener(dice, name)).collect()
}

fn listener(dice: &mut Dice, name: &str) -> Value {
    let (protocol, port) = *dice.pick(&[
        ("HTTP", 80),
        ("HTTP", 80),
        ("HTTP", 8080),
        ("HTTPS", 443),
        ("HTTPS", 443),
        ("HTTPS", 80),
        ("TLS", 443),
        ("TCP", 9000),
        ("UDP", 9000),
        ("SMTP", 25),
    ]);
    let from = *dice.mostly(&["All"], &["Same", "Selector"]);
    let mut listener = json!({
        "name": name,
        "protocol": protocol,
        "port": port,
        "allowedRoutes": {"namespaces": {"from": from, "selector": {"matchLabels": {"note": "1"}}}},
    });
    if !matches!(protocol, "TCP" | "UDP") && dice.chance(60) {
        listener["hostname"] = host(dice).into();
    }
    if matches!(protocol, "HTTPS" | "TLS") {
        let mode = if protocol == "TLS" && dice.chance(50) { "Passthrough" } else { "Terminate" };
        let certificate = json!({"name": self::name(dice, 3), "namespace": namespace(dice)});
        listener["tls"] = json!({"mode": mode, "certificateRefs": [certificate]});
    }
    if dice.chance(10) {
        listener["allowedRoutes"]["kinds"] =
            json!([{"kind": *dice.pick(&["GRPCRoute", "HTTPRoute", "Odd"])}]);
    }
    listener
}

/// A spec with parents and rules.
fn with_parents(dice: &mut Dice, mut spec: Value, rule: fn(&mut Dice) -> Value) -> Value {
    let count = 1 + dice.below(2);
    let parents = dice.some(count, |dice| {
        let kind = *dice.mostly(&["Gateway"], &["ListenerSet"]);
        let mut parent = json!({"kind": kind, "name": name(dice, 2), "namespace": namespace(dice)});
        if dice.chance(30) {
            parent["sectionName"] = (*dice.pick(&LISTENERS)).into();
        }
        if dice.chance(10) {
            parent["port"] = (*dice.pick(&[80, 443])).into();
        }
        parent
    });
    spec["parentRefs"] = parents.into();
    let count = 1 + dice.below(2);
    spec["rules"] = dice.some(count, rule).into();
    spec
}

fn backend(dice: &mut Dice) -> Value {
    let kind = *dice.mostly(&["Service"], &["Odd"]);
    json!({
        "kind": kind,
        "name": name(dice, 4),
        "namespace": namespace(dice),
        "port": *dice.mostly(&[80], &[81]),
        "weight": dice.below(3),
    })
}

fn forwarding(dice: &mut Dice) -> Value {
    let count = 1 + dice.below(2);
    json!({"backendRefs": dice.some(count, backend)})
}

fn http_route(dice: &mut Dice) -> Value {
    let count = dice.below(3);
    let hosts: Vec<_> = dice.some(count, host);
    with_parents(dice, json!({"hostnames": hosts}), |dice| {
        let kind = *dice.mostly(&["PathPrefix", "Exact"], &["RegularExpression"]);
        let mut matched = json!({"path": {"type": kind, "value": *dice.mostly(&PATHS, &["/[", "no-slash"])}});
        if dice.chance(20) {
            matched["headers"] = json!([{"name": "x-a", "value": *dice.pick(&["1", "2"])}]);
        }
        let mut rule = json!({"matches": [matched]});
        match dice.below(10) {
            0 => {
                rule["filters"] =
                    json!([{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]);
            }
            1 => {
                let path = json!({"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"});
                rule["filters"] = json!([{"type": "URLRewrite", "urlRewrite": {"path": path}}]);
            }
            2 => {
                let mut backend = backend(dice);
                backend.as_object_mut().map(|fields| fields.remove("weight"));
                rule["filters"] =
                    json!([{"type": "RequestMirror", "requestMirror": {"backendRef": backend}}]);
            }
            3 => rule["filters"] = json!([{"type": "Odd"}]),
            _ => {}
        }
        let count = dice.below(3);
        rule["backendRefs"] = dice.some(count, backend).into();
        rule
    })
}

fn grpc_route(dice: &mut Dice) -> Value {
    let count = dice.below(2);
    let hosts: Vec<_> = dice.some(count, host);
    with_parents(dice, json!({"hostnames": hosts}), |dice| {
        let method = json!({"service": "a.b", "method": *dice.pick(&["C", "D"])});
        let count = dice.below(2);
        json!({"matches": [{"method": method}], "backendRefs": dice.some(count, backend)})
    })
}

fn grant(dice: &mut Dice) -> Value {
    let kind = *dice.pick(&["HTTPRoute", "Gateway", "TCPRoute", "ListenerSet"]);
    let to = *dice.pick(&["Service", "Secret"]);
    json!({
        "from": [{"group": api::gateway_api::GROUP, "kind": kind, "namespace": namespace(dice)}],
        "to": [{"group": "", "kind": to}],
    })
}
