//! Controllers that make the Envoys of Gateways: what they may do, and that those Envoys are as ours.

use std::collections::BTreeSet;

use api::gateway_api::Gateway;
use isobath_deploy_tests::{Objects, containers, helm, kustomize, pods};
use provisioner::{Certificate, Owner, Parameters, Port, Protocol, Server, Settings, Wanted};
use serde_json::{Value, from_value, json};

const OVERLAY: &str = "deploy/overlays/gateways";

fn of<'a>(objects: &'a Objects, kind: &str, name: &str) -> &'a Value {
    &objects[&(kind.to_owned(), name.to_owned())]
}

fn names(objects: &Objects) -> BTreeSet<(String, String)> {
    objects.keys().cloned().collect()
}

/// The objects of a Gateway, with the images of the manifests, and those of its own controller.
fn provisioned() -> [Vec<Value>; 2] {
    let gateway: Gateway =
        from_value(json!({"metadata": {"namespace": "shop", "name": "web", "uid": "u"}})).unwrap();
    let settings = Settings {
        controller_name: "projectcontour.io/gateway-controller".to_owned(),
        namespace: "isobath".to_owned(),
        isobath_image: "isobath:0.1.0".to_owned(),
        envoy_image: "envoyproxy/envoy:distroless-v1.40.0".to_owned(),
        xds_address: "isobath".to_owned(),
        xds_port: 8001,
        dedicated_role: "isobath-dedicated".to_owned(),
        stats_port: 8002,
    };
    let [trusted, certificate, key] = Default::default();
    let wanted = Wanted {
        settings: &settings,
        owner: Owner::Gateway(&gateway),
        parameters: &Parameters::default(),
        ports: [Port { number: 80, protocol: Protocol::Tcp }].into(),
        server: Server::Shared(&Certificate { trusted, certificate, key }),
    };
    [provisioner::objects(&wanted), provisioner::controller_objects(&wanted, &[])]
}

#[test]
fn pods_of_gateways_are_as_those_of_the_base() {
    let Some(base) = kustomize("deploy/base") else { return };
    let [all, _] = provisioned();
    let made = all.iter().find(|object| object["kind"] == "DaemonSet").unwrap();
    let mut ours = of(&base, "DaemonSet", "envoy")["spec"].clone();
    // What is of one Gateway.
    ours["selector"] = made["spec"]["selector"].clone();
    ours["template"]["metadata"] = made["spec"]["template"]["metadata"].clone();
    let spec = &mut ours["template"]["spec"];
    spec["serviceAccountName"] = "isobath-web".into();
    spec["volumes"][0]["secret"]["secretName"] = "isobath-web".into();
    let envoy = &mut spec["containers"][0];
    envoy["args"][3] = "gateway/shop/web".into();
    // What ContourDeployments say is the default.
    envoy["args"][7] = "info".into();
    // Listeners come and go.
    let ports: Vec<_> =
        envoy["ports"].as_array().unwrap().iter().filter(|port| port["name"] == "metrics").cloned().collect();
    envoy["ports"] = ports.into();
    assert_eq!(ours, made["spec"]);
}

#[test]
fn own_controllers_of_gateways_are_as_those_of_the_base() {
    let Some(base) = kustomize("deploy/base") else { return };
    let [_, all] = provisioned();
    let made = all.iter().find(|object| object["kind"] == "Deployment").unwrap();
    let mut ours = of(&base, "Deployment", "isobath")["spec"].clone();
    // What is of one Gateway.
    ours["selector"] = made["spec"]["selector"].clone();
    ours["template"]["metadata"] = made["spec"]["template"]["metadata"].clone();
    let spec = &mut ours["template"]["spec"];
    spec["topologySpreadConstraints"][0]["labelSelector"] = made["spec"]["selector"].clone();
    spec["serviceAccountName"] = "isobathcontroller-web".into();
    spec["volumes"][0]["secret"]["secretName"] = "isobathcert-web".into();
    // It is configured by flags, and by an object.
    spec["volumes"].as_array_mut().unwrap().truncate(1);
    let container = &mut spec["containers"][0];
    container["volumeMounts"].as_array_mut().unwrap().truncate(1);
    let arguments = container["args"].as_array_mut().unwrap();
    assert_eq!(arguments.pop().unwrap(), "--config-path=/config/isobath.yaml");
    arguments.extend(
        [
            "--health-address=0.0.0.0",
            "--health-port=8000",
            "--dedicated-to-gateway=shop/web",
            "--gateway-controller-name=projectcontour.io/gateway-controller",
            "--watch-namespaces=shop",
            "--leader-election-resource-namespace=shop",
            "--leader-election-resource-name=isobathcontroller-web",
            "--controller-service-name=isobathcontroller-web",
            "--envoy-service-namespace=shop",
            "--envoy-service-name=isobath-web",
        ]
        .map(Value::from),
    );
    container["env"].as_array_mut().unwrap().push(json!({"name": "GATEWAY_UID", "value": "u"}));
    assert_eq!(ours, made["spec"]);
}

/// The lists of a rule.
fn texts(rule: &Value, field: &str) -> Vec<String> {
    rule[field].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What roles allow, each verb with what it is for.
pub(crate) fn rights(objects: &Objects, roles: &[(&str, &str)]) -> BTreeSet<String> {
    let rules = roles.iter().flat_map(|(kind, name)| of(objects, kind, name)["rules"].as_array().unwrap());
    let mut rights = BTreeSet::new();
    for rule in rules {
        for (group, resource) in texts(rule, "apiGroups")
            .iter()
            .flat_map(|group| texts(rule, "resources").into_iter().map(move |each| (group.clone(), each)))
        {
            rights.extend(texts(rule, "verbs").iter().map(|verb| format!("{verb} {resource}.{group}")));
        }
    }
    rights
}

#[test]
fn the_own_controller_of_a_gateway_may_do_less_than_a_shared_one() {
    let Some(overlay) = kustomize(OVERLAY) else { return };
    let shared = rights(&overlay, &[("ClusterRole", "isobath"), ("Role", "isobath")]);
    let dedicated = ["isobath-dedicated", "isobath-dedicated-own", "isobath-dedicated-cluster"];
    let dedicated = rights(&overlay, &dedicated.map(|name| ("ClusterRole", name)));
    assert_eq!(dedicated.difference(&shared).collect::<Vec<_>>(), Vec::<&String>::new());
    let less: Vec<_> = shared.difference(&dedicated).collect();
    assert_eq!(
        less,
        [
            "get customresourcedefinitions.apiextensions.k8s.io",
            "get gatewayclasses.gateway.networking.k8s.io",
            "patch extensionservices/status.projectcontour.io",
            "patch gatewayclasses/status.gateway.networking.k8s.io",
            "patch tlscertificatedelegations/status.contour.heptio.com",
            "patch tlscertificatedelegations/status.projectcontour.io",
        ]
    );
    // In the whole cluster it may look at these, and do nothing else.
    assert_eq!(
        rights(&overlay, &[("ClusterRole", "isobath-dedicated-cluster")]).into_iter().collect::<Vec<_>>(),
        [
            "list gatewayclasses.gateway.networking.k8s.io",
            "list namespaces.",
            "watch gatewayclasses.gateway.networking.k8s.io",
            "watch namespaces.",
        ]
    );
    // Nobody has them here.
    let bound = overlay.values().filter_map(|object| object.pointer("/roleRef/name")?.as_str());
    assert!(bound.into_iter().all(|role| !role.starts_with("isobath-dedicated")));
}

#[test]
fn a_controller_that_provisions_may_write_what_runs_envoys_and_nothing_more() {
    let (Some(base), Some(overlay)) = (kustomize("deploy/base"), kustomize(OVERLAY)) else { return };
    let (base_names, overlay_names) = (names(&base), names(&overlay));
    let more: Vec<_> = overlay_names.difference(&base_names).map(|(kind, name)| (&**kind, &**name)).collect();
    assert_eq!(
        more,
        [
            ("ClusterRole", "isobath-dedicated"),
            ("ClusterRole", "isobath-dedicated-cluster"),
            ("ClusterRole", "isobath-dedicated-own"),
            ("ClusterRole", "isobath-gateways"),
            ("ClusterRoleBinding", "isobath-gateways"),
            ("GatewayClass", "isobath"),
            ("Role", "isobath-gateways"),
            ("RoleBinding", "isobath-gateways"),
        ]
    );
    assert!(base_names.is_subset(&overlay_names));
    let written: BTreeSet<_> = provisioner::ChildKind::all().map(provisioner::ChildKind::plural).collect();
    let rules = of(&overlay, "ClusterRole", "isobath-gateways")["rules"].as_array().unwrap();
    let writing = ["create", "delete", "get", "list", "patch", "watch"];
    let (writing, others): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| texts(rule, "verbs") == writing);
    let resources: BTreeSet<_> = writing.iter().flat_map(|rule| texts(rule, "resources")).collect();
    assert_eq!(resources, written.into_iter().map(str::to_owned).collect());
    // It can give others the rights of these roles, and no others; at Gateways it says who serves them, at
    // their classes that they share Envoys.
    let roles = ["isobath-dedicated", "isobath-dedicated-cluster", "isobath-dedicated-own"];
    let expected = [
        json!({
            "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "verbs": ["bind"],
            "resourceNames": roles,
        }),
        json!({
            "apiGroups": ["gateway.networking.k8s.io"], "resources": ["gatewayclasses", "gateways"],
            "verbs": ["patch"],
        }),
    ];
    assert_eq!(others, expected.iter().collect::<Vec<_>>());
    let rule = json!([
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["update"], "resourceNames": ["gatewayca"]},
    ]);
    assert_eq!(of(&overlay, "Role", "isobath-gateways")["rules"], rule);
}

/// The flag, the images for Pods of Gateways, and whether their Envoys get in.
fn told(objects: &Objects) -> (bool, Vec<String>, bool) {
    let controller = containers(pods(objects)["Deployment/isobath"]).next().unwrap();
    let flag = controller["args"].as_array().unwrap().contains(&"--provision-gateways".into());
    let variables = controller["env"].as_array().unwrap().iter();
    let images = variables.filter(|each| each["name"].as_str().unwrap().ends_with("_IMAGE"));
    let images = images.map(|image| image["value"].as_str().unwrap().to_owned()).collect();
    let from = of(objects, "NetworkPolicy", "isobath").pointer("/spec/ingress/0/from").unwrap();
    let pods = json!({
        "namespaceSelector": {},
        "podSelector": {"matchLabels": {
            "app.kubernetes.io/name": "isobath", "app.kubernetes.io/component": "gateway-envoy",
        }},
    });
    (flag, images, from.as_array().unwrap().contains(&pods))
}

#[test]
fn pods_of_gateways_have_the_images_of_the_manifests_and_reach_the_controllers() {
    let Some(overlay) = kustomize(OVERLAY) else { return };
    let images = ["isobath:0.1.0", "envoyproxy/envoy:distroless-v1.40.0"].map(str::to_owned).to_vec();
    assert_eq!(told(&overlay), (true, images.clone(), true));
    let Some(chart) = helm(&["gateways.provision=true", "gateways.className=isobath"]) else { return };
    let chart = chart.unwrap();
    assert_eq!(told(&chart), (true, images, true));
    assert_eq!(names(&chart).iter().filter(|(_, name)| name == "isobath-gateways").count(), 4);
    for (kind, name) in [
        ("ClusterRole", "isobath-dedicated"),
        ("ClusterRole", "isobath-dedicated-cluster"),
        ("ClusterRole", "isobath-dedicated-own"),
        ("ClusterRole", "isobath-gateways"),
        ("Role", "isobath-gateways"),
    ] {
        assert_eq!(of(&chart, kind, name)["rules"], of(&overlay, kind, name)["rules"], "{kind}");
    }
    assert_eq!(
        of(&chart, "GatewayClass", "isobath")["spec"],
        of(&overlay, "GatewayClass", "isobath")["spec"]
    );
    assert_eq!(told(&kustomize("deploy/base").unwrap()), (false, vec![], false));
}

#[test]
fn the_chart_provisions_for_the_whole_cluster_or_not_at_all() {
    let Some(refused) = helm(&["gateways.provision=true", "watchNamespaces={a}"]) else { return };
    let refused = refused.expect_err("both");
    assert!(
        refused.contains("gateways.provision: a controller that reads some namespaces alone"),
        "{refused}"
    );
}
