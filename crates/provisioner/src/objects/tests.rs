//! Whole objects, beside this file as snapshots.

use serde_json::{Value, from_value, json};

use super::*;

pub(crate) fn settings() -> Settings {
    Settings {
        controller_name: "projectcontour.io/gateway-controller".to_owned(),
        namespace: "isobath".to_owned(),
        isobath_image: "isobath:test".to_owned(),
        envoy_image: "envoyproxy/envoy:test".to_owned(),
        xds_address: "isobath.isobath.svc".to_owned(),
        xds_port: 8001,
        stats_port: 8002,
    }
}

pub(crate) fn certificate() -> Certificate {
    let [trusted, certificate, key] = ["CA", "CERTIFICATE", "KEY"].map(str::to_owned);
    Certificate { trusted, certificate, key }
}

fn made(gateway: Value, parameters: Option<Value>) -> Vec<Value> {
    let gateway: Gateway = from_value(gateway).unwrap();
    let class = parameters.map(|spec| from_value(spec).unwrap());
    objects(&Wanted {
        settings: &settings(),
        owner: Owner::Gateway(&gateway),
        parameters: &Parameters::new(class.as_ref(), None),
        ports: crate::ports::of_gateways([&gateway].into_iter(), std::iter::empty()),
        certificate: &certificate(),
    })
}

fn find<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap()
}

#[test]
fn a_gateway_without_parameters_has_an_envoy_on_each_node_behind_a_load_balancer() {
    let gateway = json!({
        "metadata": {"namespace": "shop", "name": "web", "uid": "0001"},
        "spec": {"gatewayClassName": "isobath", "listeners": [
            {"name": "http", "port": 80, "protocol": "HTTP"},
            {"name": "dns", "port": 5353, "protocol": "UDP"},
        ]},
    });
    insta::assert_yaml_snapshot!("plain", made(gateway, None));
}

#[test]
fn gateways_that_share_envoys_have_them_beside_the_controllers_for_the_class() {
    let class: GatewayClass = from_value(json!({"metadata": {"name": "edge", "uid": "0004"}})).unwrap();
    let gateway = |namespace: &str, port: u16| -> Gateway {
        let listeners = json!([{"name": "http", "port": port, "protocol": "HTTP"}]);
        // What one of them says of its own Envoys holds for none.
        from_value(json!({
            "metadata": {"namespace": namespace, "name": "web"},
            "spec": {
                "listeners": listeners,
                "addresses": [{"value": "192.0.2.7"}],
                "infrastructure": {"labels": {"team": namespace}, "annotations": {"note": namespace}},
            },
        }))
        .unwrap()
    };
    let gateways = [gateway("one", 80), gateway("two", 8080), gateway("three", 80)];
    let made = objects(&Wanted {
        settings: &settings(),
        owner: Owner::Class(&class),
        parameters: &Parameters::default(),
        ports: crate::ports::of_gateways(gateways.iter(), std::iter::empty()),
        certificate: &certificate(),
    });
    insta::assert_yaml_snapshot!("shared", made);
}

#[test]
fn parameters_and_infrastructure_reach_where_they_act() {
    let gateway = json!({
        "metadata": {"namespace": "shop", "name": "web.example", "uid": "0002"},
        "spec": {
            "gatewayClassName": "isobath",
            "listeners": [{"name": "http", "port": 30080, "protocol": "HTTP"}],
            "addresses": [{"type": "Hostname", "value": "web.example"}, {"value": "192.0.2.7"}],
            "infrastructure": {
                "labels": {"team": "shop", "app.kubernetes.io/name": "mine"},
                "annotations": {"note": "of the Gateway"},
            },
        },
    });
    let parameters = json!({
        "resourceLabels": {"stage": "test", "team": "none"},
        "envoy": {
            "workloadType": "Deployment",
            "deployment": {"replicas": 4, "strategy": {"type": "Recreate"}},
            "networkPublishing": {
                "type": "NodePortService",
                "externalTrafficPolicy": "Cluster",
                "ipFamilyPolicy": "PreferDualStack",
                "serviceAnnotations": {"note": "of the class", "balancer": "fast"},
            },
            "nodePlacement": {
                "nodeSelector": {"pool": "edge"},
                "tolerations": [{"key": "edge", "operator": "Exists"}],
            },
            "extraVolumes": [{"name": "extra", "emptyDir": {}}],
            "extraVolumeMounts": [{"name": "extra", "mountPath": "/extra"}],
            "podAnnotations": {"note": "of the Pods", "scrape": "yes"},
            "resources": {"requests": {"cpu": "2"}},
            "logLevel": "debug",
            "baseID": 3,
            "overloadMaxHeapSize": 1_000_000_000,
            "overloadMaxDownstreamConnections": 5000,
        },
    });
    insta::assert_yaml_snapshot!("everything", made(gateway, Some(parameters)));
}

fn service(publishing: &str, address: &Value) -> Value {
    let gateway = json!({
        "metadata": {"namespace": "shop", "name": "web", "uid": "0003"},
        "spec": {
            "listeners": [{"name": "https", "port": 443, "protocol": "HTTPS"}],
            "addresses": [address],
        },
    });
    let parameters = json!({"envoy": {"networkPublishing": {"type": publishing}}});
    find(&made(gateway, Some(parameters)), "Service")["spec"].clone()
}

#[test]
fn only_a_load_balancer_is_asked_for_an_address_and_only_what_is_outside_has_a_policy() {
    let ip = json!({"type": "IPAddress", "value": "192.0.2.7"});
    let spec = service("LoadBalancerService", &ip);
    assert_eq!(
        (&spec["loadBalancerIP"], &spec["externalTrafficPolicy"]),
        (&json!("192.0.2.7"), &json!("Local"))
    );
    let spec = service("ClusterIPService", &ip);
    assert_eq!((spec.get("loadBalancerIP"), spec.get("externalTrafficPolicy")), (None, None));
    for any in
        [json!({"type": "IPAddress"}), json!({"value": ""}), json!({"type": "Hostname", "value": "a.b"})]
    {
        assert_eq!(service("LoadBalancerService", &any).get("loadBalancerIP"), None);
    }
}

#[test]
fn without_a_port_there_is_no_service() {
    let gateway = json!({"metadata": {"namespace": "shop", "name": "web"}, "spec": {}});
    let kinds: Vec<_> = made(gateway, None).iter().map(|object| object["kind"].clone()).collect();
    assert_eq!(kinds, ["ServiceAccount", "Secret", "DaemonSet"]);
}

#[test]
fn another_key_shows_in_the_secret_alone() {
    let gateway: Gateway = from_value(json!({"metadata": {"namespace": "shop", "name": "web"}})).unwrap();
    let parameters = Parameters::default();
    let with = |key: &str| {
        let certificate = Certificate { key: key.to_owned(), ..certificate() };
        let (settings, ports) = (settings(), BTreeSet::new());
        let wanted = Wanted {
            settings: &settings,
            owner: Owner::Gateway(&gateway),
            parameters: &parameters,
            ports,
            certificate: &certificate,
        };
        objects(&wanted)
    };
    let (mut one, mut other) = (with("one"), with("other"));
    assert_ne!(one[1]["data"]["tls.key"], other[1]["data"]["tls.key"]);
    for objects in [&mut one, &mut other] {
        objects[1]["data"]["tls.key"] = Value::Null;
    }
    assert_eq!(one, other);
}
