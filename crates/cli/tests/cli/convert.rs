use std::fs;

use crate::command::{folder, run, run_in, workspace};

const FROM_TO: [&str; 5] = ["convert", "--from", "ingressroute", "--to", "httpproxy"];

const SITE: &str = "\
apiVersion: contour.heptio.com/v1beta1
kind: IngressRoute
metadata: {name: site}
spec:
  virtualhost: {fqdn: site.example}
  routes:
  - match: /
    services: [{name: web, port: 80}]
";

#[test]
fn the_examples_are_converted_to_what_lint_finds_nothing_wrong_with() {
    let output = tempfile::tempdir().unwrap();
    let name = output.path().to_str().unwrap();
    let ended = run(&[&FROM_TO[..], &["examples/ingressroute", "-o", name]].concat());
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), "", ""));
    let shop = fs::read_to_string(output.path().join("shop.yaml")).unwrap();
    assert!(
        shop.contains("kind: HTTPProxy") && shop.contains("# The API knows nothing of the prefix."),
        "{shop}"
    );
    let services = workspace().join("examples/ingressroute/services.yaml");
    assert_eq!(
        fs::read_to_string(output.path().join("services.yaml")).unwrap(),
        fs::read_to_string(services).unwrap()
    );
    let lint = run_in(output.path(), &["lint", "."]);
    assert_eq!((lint.code, lint.out.as_str()), (Some(0), "0 errors, 0 warnings\n"));
}

#[test]
fn what_cannot_be_converted_is_said_with_its_place_and_is_left_as_it_is() {
    let bad = SITE.replace("port: 80}]", "port: 80}, {name: web, port: 81, strategy: Random}]");
    let files = folder(&[("good.yaml", &SITE.replace("site", "good")), ("bad.yaml", &bad)]);
    let ended = run_in(files.path(), &[&FROM_TO[..], &["."]].concat());
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("name: good\n") && ended.out.contains("kind: HTTPProxy"), "{}", ended.out);
    assert!(ended.out.contains(&bad), "{}", ended.out);
    for part in [
        "cannot be converted: spec.routes[0].services[1].strategy differs from that of the first service",
        "bad.yaml:8:",
        "help: an HTTPProxy has one for all services",
    ] {
        assert!(ended.err.contains(part), "{part}: {}", ended.err);
    }
}

#[test]
fn a_file_with_json_stays_one() {
    let site = r#"{"apiVersion": "contour.heptio.com/v1beta1", "kind": "IngressRoute", "metadata": {"name": "site"},
        "spec": {"virtualhost": {"fqdn": "site.example"}}}"#;
    let files = folder(&[("site.json", site)]);
    let ended = run_in(files.path(), &[&FROM_TO[..], &["site.json", "-o", "new"]].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let new = fs::read_to_string(files.path().join("new/site.json")).unwrap();
    let expected = "{\n  \"apiVersion\": \"projectcontour.io/v1\",\n  \"kind\": \"HTTPProxy\",\n  \"metadata\": {\n    \
        \"name\": \"site\"\n  },\n  \"spec\": {\n    \"virtualhost\": {\n      \"fqdn\": \"site.example\"\n    }\n  }\n}\n";
    assert_eq!(new, expected);
}

#[test]
fn nothing_is_written_over_what_is_read() {
    let files = folder(&[("site.yaml", SITE)]);
    let ended = run_in(files.path(), &[&FROM_TO[..], &["site.yaml", "-o", "."]].concat());
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("name another folder"), "{}", ended.err);
    assert_eq!(fs::read_to_string(files.path().join("site.yaml")).unwrap(), SITE);
}

#[test]
fn other_conversions_are_wrong_usage() {
    let ended = run(&["convert", "--from", "ingress-nginx", "--to", "httpproxy", "examples"]);
    assert_eq!(ended.code, Some(2));
}
