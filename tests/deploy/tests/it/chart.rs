//! The chart.

use isobath_deploy_tests::{Objects, containers, helm, helm_lint, kustomize, pods};
use serde_json::Value;

fn rendered(values: &[&str]) -> Option<Objects> {
    helm(values).map(|rendered| rendered.unwrap_or_else(|refused| panic!("{values:?}: {refused}")))
}

#[test]
fn lint_finds_nothing() {
    let Some(said) = helm_lint() else { return };
    said.unwrap_or_else(|refused| panic!("{refused}"));
}

#[test]
fn without_values_it_is_the_base() {
    let (Some(mut base), Some(mut chart)) = (kustomize("deploy/base"), rendered(&[])) else { return };
    // Helm makes the namespace itself.
    base.retain(|(kind, _), _| kind != "Namespace");
    for objects in [&mut base, &mut chart] {
        for ((kind, _), object) in objects {
            forget(object, "imagePullPolicy");
            match kind.as_str() {
                // Helm takes definitions as they are.
                "CustomResourceDefinition" => forget(object, "labels"),
                // Comments of an empty file.
                "ConfigMap" => forget(object, "data"),
                _ => {}
            }
        }
    }
    assert_eq!(base.keys().collect::<Vec<_>>(), chart.keys().collect::<Vec<_>>());
    for (name, object) in &base {
        assert_eq!(object, &chart[name], "{name:?}");
    }
}

#[test]
fn with_monitoring_it_has_what_the_folder_of_that_name_has() {
    let (Some(folder), Some(plain)) = (kustomize("deploy/monitoring"), rendered(&[])) else { return };
    for (value, kind, names) in [
        ("monitoring.podMonitors=true", "PodMonitor", &["envoy", "isobath"][..]),
        ("monitoring.alerts=true", "PrometheusRule", &["isobath"][..]),
    ] {
        let mut more = rendered(&[value]).unwrap();
        more.retain(|name, _| !plain.contains_key(name));
        let expected: Objects = names
            .iter()
            .map(|name| (kind.to_owned(), (*name).to_owned()))
            .map(|name| (name.clone(), folder[&name].clone()))
            .collect();
        assert_eq!(more, expected, "{value}");
    }
}

/// Takes a field out wherever it stands.
fn forget(value: &mut Value, field: &str) {
    match value {
        Value::Object(object) => {
            object.remove(field);
            object.values_mut().for_each(|value| forget(value, field));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| forget(value, field)),
        _ => {}
    }
}

fn arguments(objects: &Objects) -> Vec<String> {
    let controller = containers(pods(objects)["Deployment/isobath"]).next().unwrap();
    let arguments = controller["args"].as_array().unwrap();
    arguments.iter().map(|argument| argument.as_str().unwrap().to_owned()).collect()
}

#[test]
fn values_reach_where_they_act() {
    let Some(objects) = rendered(&[
        "image.repository=registry.example/isobath",
        "image.tag=1.2.3",
        "watchNamespaces={a,b}",
        "rootNamespaces={a}",
        "ingressClassNames={one,two}",
        "controller.writeStatus=false",
        "envoy.kind=Deployment",
        "envoy.replicas=5",
        "envoy.service.type=ClusterIP",
        "configuration.disablePermitInsecure=true",
        "certificates.generate=false",
    ]) else {
        return;
    };
    let arguments = arguments(&objects);
    for argument in
        ["--watch-namespaces=a,b", "--root-namespaces=a", "--ingress-class-name=one,two", "--status=off"]
    {
        assert!(arguments.iter().any(|each| each == argument), "{argument}: {arguments:?}");
    }
    let of = |kind: &str, name: &str| &objects[&(kind.to_owned(), name.to_owned())];
    assert_eq!(of("Deployment", "envoy")["spec"]["replicas"], 5);
    assert!(of("Service", "envoy")["spec"].get("externalTrafficPolicy").is_none());
    assert_eq!(of("ConfigMap", "isobath")["data"]["isobath.yaml"], "disablePermitInsecure: true\n");
    let all = pods(&objects);
    let images =
        all.values().flat_map(|pod| containers(pod)).map(|container| container["image"].as_str().unwrap());
    let ours: Vec<_> = images.filter(|image| image.contains("isobath")).collect();
    assert!(
        ours.iter().all(|image| *image == "registry.example/isobath:1.2.3") && ours.len() == 3,
        "{ours:?}"
    );
    assert!(objects.keys().all(|(kind, name)| !kind.starts_with("ClusterRole") && !name.contains("certgen")));
}

#[test]
fn the_controller_may_renew_certificates_only_when_it_is_to() {
    let controller = "certificates.renewedBy=controller";
    for (values, renews, has_cron_job) in [
        (&[][..], false, true),
        (&[controller][..], true, false),
        (&[controller, "certificates.generate=false"][..], false, false),
    ] {
        let Some(objects) = rendered(values) else { return };
        let has = |kind: &str, name: &str| objects.contains_key(&(kind.to_owned(), name.to_owned()));
        let is_told = arguments(&objects).contains(&"--renew-certificates".to_owned());
        let rights = (has("Role", "isobath-renewal"), has("RoleBinding", "isobath-renewal"));
        assert_eq!((is_told, rights), (renews, (renews, renews)), "{values:?}");
        assert_eq!(has("CronJob", "isobath-certgen"), has_cron_job, "{values:?}");
    }
}

#[test]
fn secrets_have_names_of_their_own_where_they_are_brought() {
    let names = ["certificates.controllerSecret=theirs", "certificates.envoySecret=others"];
    for name in names {
        let Some(refused) = helm(&[name]) else { return };
        let (refused, field) = (refused.expect_err(name), name.split_once('=').unwrap().0);
        assert!(refused.contains(&format!("{field}: what makes the certificates calls it")), "{refused}");
    }
    let Some(objects) = rendered(&[names[0], names[1], "certificates.generate=false"]) else { return };
    let mounted = |pod: &str| pods(&objects)[pod].pointer("/spec/volumes/0/secret/secretName").unwrap();
    assert_eq!(
        (mounted("Deployment/isobath"), mounted("DaemonSet/envoy")),
        (&"theirs".into(), &"others".into())
    );
}

#[test]
fn what_is_misspelt_is_refused() {
    for value in [
        "envoy.hostPort.http=80",
        "envoy.kind=Pod",
        "controller.replicas=none",
        "envoy.hostPorts.http=70000",
        "certificates.renewedBy=nobody",
    ] {
        let Some(refused) = helm(&[value]) else { return };
        let refused = refused.expect_err(value);
        let field = value.split(['=', '.']).nth(1).unwrap();
        assert!(refused.contains(field), "{value}: {refused}");
    }
}
