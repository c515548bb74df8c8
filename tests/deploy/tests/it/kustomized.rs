//! What kustomize renders.

use std::collections::BTreeSet;

use isobath_deploy_tests::{Objects, containers, helm, kustomize, kustomize_text, pods, repository};
use serde_json::{Value, json};

use crate::gateways::rights;

/// `UPDATE=1` writes it.
#[test]
fn the_single_file_is_what_the_base_renders() {
    let Some(rendered) = kustomize_text("deploy/base") else { return };
    let head =
        "# All of deploy/base in one file, written by `UPDATE=1 cargo test -p isobath-deploy-tests`.\n";
    let (expected, path) = (head.to_owned() + &rendered, repository().join("deploy/isobath.yaml"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "deploy/isobath.yaml is out of date: UPDATE=1 cargo test -p isobath-deploy-tests"
    );
}

#[test]
fn services_select_the_pods_that_are_there() {
    for folder in ["deploy/base", "deploy/overlays/envoy-deployment", "deploy/overlays/in-place-of-contour"] {
        let Some(objects) = kustomize(folder) else { return };
        for ((kind, name), object) in &objects {
            let selector = match kind.as_str() {
                "Service" => object.pointer("/spec/selector"),
                "Deployment" | "DaemonSet" | "PodDisruptionBudget" => {
                    object.pointer("/spec/selector/matchLabels")
                }
                "NetworkPolicy" => object.pointer("/spec/podSelector/matchLabels"),
                _ => continue,
            };
            let wanted = selector.and_then(Value::as_object).unwrap();
            let selected = pods(&objects).into_values().filter(|pod| {
                let labels = pod.pointer("/metadata/labels").unwrap();
                wanted.iter().all(|(label, value)| labels.get(label) == Some(value))
            });
            assert!(selected.count() > 0, "{folder}: {kind} {name} selects nothing");
        }
    }
}

fn container<'a>(objects: &'a Objects, pod: &str, name: &str) -> &'a Value {
    containers(pods(objects)[pod]).find(|container| container["name"] == name).unwrap()
}

fn host_ports(objects: &Objects) -> Vec<(u64, u64)> {
    let ports = container(objects, "DaemonSet/envoy", "envoy")["ports"].as_array().unwrap();
    let pair = |port: &Value| Some((port["containerPort"].as_u64()?, port.get("hostPort")?.as_u64()?));
    ports.iter().filter_map(pair).collect()
}

#[test]
fn each_overlay_changes_what_it_is_for() {
    let Some(base) = kustomize("deploy/base") else { return };
    assert_eq!(host_ports(&base), [(8080, 80), (8443, 443)]);
    let beside = kustomize("deploy/overlays/side-by-side").unwrap();
    assert_eq!(host_ports(&beside), [(8080, 10080), (8443, 10443)]);
    let is_shadow = |objects: &Objects| {
        let arguments = container(objects, "Deployment/isobath", "isobath")["args"].as_array().unwrap();
        let service = &objects[&("Service".to_owned(), "envoy".to_owned())]["spec"]["type"];
        (arguments.contains(&"--status=off".into()), service == "ClusterIP")
    };
    assert_eq!(is_shadow(&beside), (true, true));
    let after = kustomize("deploy/overlays/taking-over").unwrap();
    assert_eq!(host_ports(&after), host_ports(&beside));
    assert_eq!(is_shadow(&after), (false, false));

    let far = kustomize("deploy/overlays/other-networks").unwrap();
    let names = |objects: &Objects| objects.keys().cloned().collect::<BTreeSet<_>>();
    let policy = ("NetworkPolicy".to_owned(), "isobath-other-networks".to_owned());
    assert_eq!(names(&far).difference(&names(&base)).collect::<Vec<_>>(), [&policy]);
    let ours = &base[&("NetworkPolicy".to_owned(), "isobath".to_owned())]["spec"];
    let theirs = &far[&policy]["spec"];
    assert_eq!(theirs["podSelector"], ours["podSelector"]);
    assert_eq!(theirs["ingress"][0]["ports"], ours["ingress"][0]["ports"]);
    assert_eq!(theirs["ingress"][0]["from"], json!([{"ipBlock": {"cidr": "192.0.2.0/24"}}]));
    let service = &far[&("Service".to_owned(), "isobath".to_owned())]["spec"];
    assert_eq!(
        (&service["type"], &service["externalTrafficPolicy"]),
        (&"LoadBalancer".into(), &"Local".into())
    );

    let apart = kustomize("deploy/overlays/envoy-deployment").unwrap();
    let envoy = container(&apart, "Deployment/envoy", "envoy");
    assert!(envoy["ports"].as_array().unwrap().iter().all(|port| port.get("hostPort").is_none()));
    assert!(!apart.contains_key(&("DaemonSet".to_owned(), "envoy".to_owned())));
}

/// What a controller may do in a namespace that it watches, where it watches some.
const WATCHING: [&str; 25] = [
    "create events.events.k8s.io",
    "list endpointslices.discovery.k8s.io",
    "list extensionservices.projectcontour.io",
    "list httpproxies.projectcontour.io",
    "list ingresses.networking.k8s.io",
    "list ingressroutes.contour.heptio.com",
    "list secrets.",
    "list services.",
    "list tlscertificatedelegations.contour.heptio.com",
    "list tlscertificatedelegations.projectcontour.io",
    "patch extensionservices/status.projectcontour.io",
    "patch httpproxies/status.projectcontour.io",
    "patch ingresses/status.networking.k8s.io",
    "patch ingressroutes/status.contour.heptio.com",
    "patch tlscertificatedelegations/status.contour.heptio.com",
    "patch tlscertificatedelegations/status.projectcontour.io",
    "watch endpointslices.discovery.k8s.io",
    "watch extensionservices.projectcontour.io",
    "watch httpproxies.projectcontour.io",
    "watch ingresses.networking.k8s.io",
    "watch ingressroutes.contour.heptio.com",
    "watch secrets.",
    "watch services.",
    "watch tlscertificatedelegations.contour.heptio.com",
    "watch tlscertificatedelegations.projectcontour.io",
];

#[test]
fn the_guide_shows_the_policy_for_envoys_of_other_networks() {
    let text = |path: &str| std::fs::read_to_string(repository().join(path)).unwrap();
    let policy = text("deploy/overlays/other-networks/network-policy.yaml");
    let shown: String = policy.lines().map(|line| format!("  {line}\n")).collect();
    assert!(text("docs/install.md").contains(&format!("```yaml\n{shown}  ```")));
}

#[test]
fn a_controller_that_watches_some_namespaces_may_read_no_more_than_it_does() {
    let Some(overlay) = kustomize("deploy/overlays/namespaced") else { return };
    let Some(chart) = helm(&["watchNamespaces={shop}"]) else { return };
    for objects in [overlay, chart.unwrap()] {
        assert_eq!(
            rights(&objects, &[("Role", "isobath-watched")]).into_iter().collect::<Vec<_>>(),
            WATCHING
        );
        assert!(objects.keys().all(|(kind, _)| !kind.starts_with("ClusterRole")));
    }
}

#[test]
fn a_controller_that_renews_certificates_may_write_those_secrets_alone() {
    let (Some(base), Some(renewing)) =
        (kustomize("deploy/base"), kustomize("deploy/overlays/renewing-controller"))
    else {
        return;
    };
    let names = |objects: &Objects| objects.keys().cloned().collect::<BTreeSet<_>>();
    let object = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
    let more = [object("Role", "isobath-renewal"), object("RoleBinding", "isobath-renewal")];
    assert_eq!(
        names(&renewing).difference(&names(&base)).collect::<Vec<_>>(),
        more.iter().collect::<Vec<_>>()
    );
    let less = object("CronJob", "isobath-certgen");
    assert_eq!(names(&base).difference(&names(&renewing)).collect::<Vec<_>>(), [&less]);
    let role = &renewing[&more[0]];
    assert_eq!(role["metadata"]["namespace"], "isobath");
    let rules = json!([{
        "apiGroups": [""],
        "resources": ["secrets"],
        "verbs": ["get", "update"],
        "resourceNames": ["isobathcert", "envoycert", "nextcerts", "cacert"],
    }]);
    assert_eq!(role["rules"], rules);
    let arguments = &container(&renewing, "Deployment/isobath", "isobath")["args"];
    assert!(arguments.as_array().unwrap().contains(&"--renew-certificates".into()), "{arguments}");
}

/// Reference, Appendix C: what automation for Contour's manifests assumes.
#[test]
fn in_place_of_contour_has_its_names() {
    let Some(objects) = kustomize("deploy/overlays/in-place-of-contour") else { return };
    for (kind, name) in [
        ("Namespace", "projectcontour"),
        ("ServiceAccount", "contour"),
        ("ServiceAccount", "envoy"),
        ("ServiceAccount", "contour-certgen"),
        ("ConfigMap", "contour"),
        ("Service", "contour"),
        ("Service", "envoy"),
        ("Deployment", "contour"),
        ("DaemonSet", "envoy"),
        ("ClusterRole", "contour"),
        ("Role", "contour"),
        ("Role", "contour-certgen"),
    ] {
        assert!(objects.contains_key(&(kind.to_owned(), name.to_owned())), "{kind} {name}");
    }
    let of = |kind: &str, name: &str| &objects[&(kind.to_owned(), name.to_owned())];
    assert!(of("ConfigMap", "contour")["data"].get("contour.yaml").is_some());
    assert_eq!(of("ClusterRoleBinding", "contour")["subjects"][0]["name"], "contour");
    assert_eq!(of("ClusterRoleBinding", "contour")["subjects"][0]["namespace"], "projectcontour");
    let contour = container(&objects, "Deployment/contour", "contour");
    assert_eq!(contour["command"][0], "/contour");
    let volumes = pods(&objects)["Deployment/contour"].pointer("/spec/volumes").unwrap();
    assert_eq!(volumes.pointer("/0/secret/secretName").unwrap(), "contourcert");
    assert_eq!(volumes.pointer("/1/configMap/name").unwrap(), "contour");
    for (pods_of, label) in [("Deployment/contour", "contour"), ("DaemonSet/envoy", "envoy")] {
        let (kind, name) = pods_of.split_once('/').unwrap();
        let labelled = [of(kind, name), of("Service", name), pods(&objects)[pods_of]];
        assert!(labelled.iter().all(|each| each["metadata"]["labels"]["app"] == label), "{pods_of}");
    }
    assert_eq!(
        of("Service", "envoy")["metadata"]["annotations"],
        json!({"service.beta.kubernetes.io/aws-load-balancer-backend-protocol": "tcp"})
    );
    let envoy = pods(&objects)["DaemonSet/envoy"];
    let mounts = |container: &Value| {
        let mounts = container["volumeMounts"].as_array().unwrap().iter();
        let text = |mount: &Value, field: &str| mount[field].as_str().unwrap().to_owned();
        mounts.map(|mount| (text(mount, "name"), text(mount, "mountPath"))).collect::<Vec<_>>()
    };
    let mounts: BTreeSet<_> = containers(envoy).flat_map(mounts).collect();
    let expected = [("certificates", "/certs"), ("envoy-admin", "/admin"), ("envoy-config", "/config")];
    assert_eq!(mounts, expected.map(|(name, path)| (name.to_owned(), path.to_owned())).into());
    for name in ["envoy-config", "envoy-admin"] {
        let volumes = envoy["spec"]["volumes"].as_array().unwrap();
        assert!(volumes.contains(&json!({"name": name, "emptyDir": {}})), "{name}");
    }
    let all = pods(&objects);
    let mut variables =
        all.values().flat_map(|pod| containers(pod)).filter_map(|each| each["env"].as_array());
    assert!(variables.all(|all| all.iter().all(|each| each["name"] != "ISOBATH_NAMESPACE")));
}
