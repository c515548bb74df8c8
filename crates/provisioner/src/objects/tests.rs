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
        dedicated_role: "isobath-dedicated".to_owned(),
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
        server: Server::Shared(&certificate()),
    })
}

/// What `certgen` makes for the Gateway `web`.
pub(crate) fn controller_secrets() -> Vec<ControllerSecret> {
    let secret = |name: &str| ControllerSecret {
        name: format!("{name}-web"),
        kind: "kubernetes.io/tls".to_owned(),
        data: [("tls.key".to_owned(), format!("KEY OF {name}").into_bytes())].into(),
    };
    ["isobathcert", "envoycert"].map(secret).into()
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
        server: Server::Shared(&certificate()),
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

/// The Gateway `web`, its own controller and its Envoys.
fn with_controller(parameters: &Value) -> Vec<Value> {
    let gateway: Gateway = from_value(json!({
        "metadata": {"namespace": "shop", "name": "web", "uid": "0004"},
        "spec": {
            "gatewayClassName": "isobath", "listeners": [],
            "infrastructure": {"annotations": {"projectcontour.io/made-for-gateway": "other/one"}},
        },
    }))
    .unwrap();
    let class = from_value(parameters.clone()).unwrap();
    let wanted = Wanted {
        settings: &settings(),
        owner: Owner::Gateway(&gateway),
        parameters: &Parameters::new(Some(&class), None),
        ports: BTreeSet::new(),
        server: Server::Dedicated,
    };
    [controller_objects(&wanted, &controller_secrets()), objects(&wanted)].concat()
}

#[test]
fn a_gateway_may_have_a_controller_of_its_own() {
    insta::assert_yaml_snapshot!(
        "controller",
        with_controller(&json!({"contour": {"tenancy": "Dedicated"}}))
    );
}

#[test]
fn parameters_of_a_controller_reach_where_they_act() {
    let made = with_controller(&json!({
        "contour": {
            "tenancy": "Dedicated",
            "deployment": {"replicas": 3, "strategy": {"type": "Recreate"}},
            "nodePlacement": {"nodeSelector": {"pool": "control"}, "tolerations": [{"operator": "Exists"}]},
            "logLevel": "debug",
            "kubernetesLogLevel": 6,
            "resources": {"requests": {"cpu": "2"}},
            "podAnnotations": {"scrape": "yes"},
            "watchNamespaces": ["team-b", "team-a", "shop", "team-a"],
            "disabledFeatures": ["tlsroutes", "grpcroutes"],
        },
        "runtimeSettings": {"enableExternalNameService": true},
    }));
    let of_controller: Vec<_> = made
        .iter()
        .filter(|object| {
            ["RoleBinding", "ContourConfiguration", "Deployment"].map(Value::from).contains(&object["kind"])
        })
        .collect();
    insta::assert_yaml_snapshot!("controller_everything", of_controller);
}

#[test]
fn another_configuration_replaces_the_pods_that_read_it() {
    let template = |settings: Value| {
        let made =
            with_controller(&json!({"contour": {"tenancy": "Dedicated"}, "runtimeSettings": settings}));
        find(&made, "Deployment")["spec"]["template"].clone()
    };
    assert_ne!(
        template(json!({"enableExternalNameService": true})),
        template(json!({"enableExternalNameService": false}))
    );
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
            server: Server::Shared(&certificate),
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
