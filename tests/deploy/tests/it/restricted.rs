//! Pod Security Standards, profile `restricted`.

use isobath_deploy_tests::{Objects, containers, kustomize, pods};
use serde_json::Value;

/// What is more than `restricted` allows, besides host ports.
fn excesses(name: &str, pod: &Value) -> Vec<String> {
    let spec = &pod["spec"];
    let mut found = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(format!("{name}: {what}"));
        }
    };
    must(spec.pointer("/securityContext/runAsNonRoot") == Some(&true.into()), "may run as root");
    must(
        spec.pointer("/securityContext/seccompProfile/type") == Some(&"RuntimeDefault".into()),
        "has no seccomp profile",
    );
    for shared in ["hostNetwork", "hostPID", "hostIPC"] {
        must(spec.get(shared).is_none(), shared);
    }
    let allowed = ["configMap", "emptyDir", "secret", "projected", "downwardAPI"];
    for volume in spec["volumes"].as_array().into_iter().flatten() {
        must(volume.as_object().unwrap().keys().any(|key| allowed.contains(&key.as_str())), "a volume");
    }
    for container in containers(pod) {
        let context = &container["securityContext"];
        must(context["allowPrivilegeEscalation"] == false, "may gain privileges");
        must(context["readOnlyRootFilesystem"] == true, "may write its root");
        must(context["capabilities"]["drop"] == serde_json::json!(["ALL"]), "keeps capabilities");
        must(context["capabilities"].get("add").is_none(), "adds capabilities");
        must(container.pointer("/resources/requests/memory").is_some(), "asks for no memory");
    }
    found
}

fn host_ports(objects: &Objects) -> usize {
    let all = pods(objects);
    let ports =
        all.values().flat_map(|pod| containers(pod)).filter_map(|container| container["ports"].as_array());
    ports.flatten().filter(|port| port.get("hostPort").is_some()).count()
}

#[test]
fn every_pod_meets_it_but_for_the_host_ports_of_envoy() {
    for (folder, ports) in [
        ("deploy/base", 2),
        ("deploy/overlays/envoy-deployment", 0),
        ("deploy/overlays/side-by-side", 2),
        ("deploy/overlays/taking-over", 2),
        ("deploy/overlays/in-place-of-contour", 2),
        ("deploy/overlays/namespaced", 2),
        ("deploy/overlays/other-networks", 2),
        ("deploy/overlays/gateways", 2),
    ] {
        let Some(objects) = kustomize(folder) else { return };
        let found: Vec<_> = pods(&objects).iter().flat_map(|(name, pod)| excesses(name, pod)).collect();
        assert_eq!((found, host_ports(&objects)), (vec![], ports), "{folder}");
        assert_eq!(pods(&objects).len(), 4, "{folder}");
    }
}

#[test]
fn only_who_speaks_to_the_api_server_has_a_token() {
    let Some(objects) = kustomize("deploy/base") else { return };
    let all = pods(&objects);
    let tokens = all.iter().filter(|(_, pod)| pod["spec"]["automountServiceAccountToken"] == true);
    let tokens: Vec<_> = tokens.map(|(name, _)| name.as_str()).collect();
    assert_eq!(tokens, ["CronJob/isobath-certgen", "Deployment/isobath", "Job/isobath-certgen-0-1-0"]);
    let accounts = objects.iter().filter(|((kind, _), _)| kind == "ServiceAccount");
    assert!(accounts.clone().count() == 3);
    assert!(accounts.into_iter().all(|(_, account)| account["automountServiceAccountToken"] == false));
}
