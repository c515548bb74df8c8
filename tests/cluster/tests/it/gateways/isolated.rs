//! Many Gateways on one controller: each Envoy has what is its Gateway's, and nothing else.

use certs::GatewayCa;
use isobath_cluster_tests::{eventually, install_definitions, install_gateway_definitions};
use serde_json::{Value, json};
use testkit::Envoy;

use super::{class, controller_name};
use crate::controller::{Controller, certificates, now};
use crate::objects::{gateway_ca, pair, secret};
use crate::statuses::apply;

const GATEWAYS: u16 = 20;

pub(super) fn name(number: u16) -> String {
    format!("only-of-{number:02}")
}

/// A Gateway with one HTTPS listener, its certificate, a route and the Service behind it; its name is part of all of it.
pub(super) fn objects(number: u16) -> [Value; 4] {
    let name = name(number);
    let host = format!("{name}.example");
    let listener = json!({
        "name": "https", "port": 20_000 + number, "protocol": "HTTPS", "hostname": host,
        "tls": {"certificateRefs": [{"name": name}]},
    });
    let filter = json!({
        "type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-from", "value": name}]},
    });
    let backends = json!([{"name": name, "port": 80}]);
    [
        secret(&name, "kubernetes.io/tls", &pair(&certificates(0).server)),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"ports": [{"port": 80}]},
        }),
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": name},
            "spec": {"gatewayClassName": "isolated", "listeners": [listener]},
        }),
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name},
            "spec": {
                "parentRefs": [{"name": name}],
                "hostnames": [host],
                "rules": [{"filters": [filter], "backendRefs": backends}],
            },
        }),
    ]
}

/// The Gateways whose hosts, and those of which anything, is in what an Envoy has: listeners, routes, clusters,
/// endpoints, certificates.
async fn has(envoy: &Envoy) -> [Vec<u16>; 2] {
    let dump = envoy.config_dump().await.to_string() + &envoy.get("/certs").await;
    let with = |end: &str| {
        let is_in = |number: &u16| dump.contains(&format!("{}{end}", name(*number)));
        (1..=GATEWAYS).filter(is_in).collect()
    };
    [with(".example"), with("")]
}

/// Waits until each of the Envoys, those of the first Gateways, has what is its Gateway's and nothing else.
pub(super) async fn have_just_their_own(envoys: &[Envoy]) {
    for (envoy, number) in envoys.iter().zip(1..) {
        envoy.ready().await;
        eventually("an Envoy has what is its Gateway's", async || {
            let found = has(envoy).await;
            if found == [[number], [number]] { Ok(()) } else { Err(format!("{number}: {found:?}")) }
        })
        .await;
    }
}

#[test]
fn an_envoy_has_nothing_of_other_gateways() {
    testbed::test("isolated", async |bed| {
        install_definitions(bed).await;
        install_gateway_definitions(bed).await;
        let ca = GatewayCa::new(now()).unwrap();
        apply(bed, &gateway_ca(&ca)).await;
        class(bed, "isolated", &controller_name(bed), None).await;
        for object in (1..=GATEWAYS).flat_map(objects) {
            apply(bed, &object).await;
        }
        let controller = Controller::of_gateways(bed, &controller_name(bed)).await;
        let start = |number| {
            let identity = ca.issue(&format!("gateway/{}/{}", bed.namespace, name(number)), now()).unwrap();
            controller.envoy_of_gateway(bed, &name(number), &identity)
        };
        let envoys: Vec<_> = (1..=GATEWAYS).map(start).collect();
        have_just_their_own(&envoys).await;
        // All of them are there by now: none has got more meanwhile.
        for (envoy, number) in envoys.iter().zip(1..) {
            assert_eq!(has(envoy).await, [[number], [number]]);
        }
    });
}
