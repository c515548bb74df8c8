use serde_json::{Value, json};

use crate::command::{folder, quickstart_with, run, run_in};

#[test]
fn the_quickstart_has_no_problems() {
    let ended = run(&["lint", "examples/quickstart"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "0 errors, 0 warnings\n"));
}

#[test]
fn a_broken_copy_is_shown_with_a_caret_at_the_fault() {
    let copy = quickstart_with("http.yaml", |text| text.replace("name: blue", "name: bleu"));
    let ended = run_in(copy.path(), &["lint", "."]);
    assert_eq!(ended.code, Some(1));
    let lines: Vec<_> = ended.out.lines().collect();
    let at = lines.iter().position(|line| line.contains("name: bleu")).expect("the line is shown");
    let column = lines[at].find("name").unwrap();
    assert_eq!(lines[at + 1].find('^'), Some(column), "{}", ended.out);
    assert_eq!(lines[at + 1].matches('^').count(), "name".len());
    assert!(lines[0].starts_with("error: spec.routes[0].services[0]: "), "{}", ended.out);
    assert_eq!(lines.last(), Some(&"1 error, 0 warnings"));
}

#[test]
fn what_the_api_server_and_translation_refuse_is_said_once() {
    let copy = quickstart_with("http.yaml", |text| text.replace("port: 80", "port: 99999"));
    let ended = run_in(copy.path(), &["lint", "."]);
    assert_eq!(ended.out.matches("services[0].port: found 99999, allowed are 1 to 65535").count(), 1);
    assert!(ended.out.ends_with("1 error, 0 warnings\n"), "{}", ended.out);
}

#[test]
fn a_field_that_its_kind_has_not_leaves_the_object_out() {
    let misspelt = |text: String| text.replace("  routes:", "  ipAllowPolicy: []\n  routes:");
    let copy = quickstart_with("split.yaml", misspelt);
    let ended = run_in(copy.path(), &["lint", "."]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("error: spec.ipAllowPolicy: is not a field of HTTPProxy"), "{}", ended.out);
    let translated = run_in(copy.path(), &["translate", "."]);
    assert_eq!(translated.code, Some(1));
    assert!(!translated.out.contains("split.localtest.example"));
}

#[test]
fn problems_are_json_for_machines() {
    let copy = quickstart_with("http.yaml", |text| text.replace("port: 80", "port: eighty"));
    let ended = run_in(copy.path(), &["lint", "-o", "json", "."]);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &answer["errors"], &answer["warnings"]), (Some(1), &json!(1), &json!(0)));
    let problem = &answer["problems"][0];
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["file"], "./http.yaml");
    assert_eq!(problem["object"], "HTTPProxy quickstart/www");
    assert_eq!(problem["path"], "spec.routes[0].services[0].port");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(13), &json!(17)));
}

/// A Gateway with two listeners, a route at one of them and at one that is not there.
const GATEWAY: &str = r#"
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: isobath},
 spec: {controllerName: projectcontour.io/gateway-controller}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop},
 spec: {gatewayClassName: isobath, listeners: [{name: web, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: cart, namespace: shop},
 spec: {parentRefs: [{name: edge, sectionName: web}, {name: edge, sectionName: none}]}}
"#;

#[test]
fn statuses_of_the_gateway_api_are_told_to_machines() {
    let files = folder(&[("gateway.yaml", GATEWAY)]);
    let ended = run_in(files.path(), &["lint", "-o", "json", "."]);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    let status = |object: &str| {
        let all = answer["statuses"].as_array().unwrap();
        all.iter().find(|status| status["object"] == object).unwrap_or(&Value::Null)
    };
    let words = |conditions: &Value| -> Vec<String> {
        let each =
            |condition: &Value| format!("{} {}", condition["type"], condition["status"]).replace('"', "");
        conditions.as_array().unwrap().iter().map(each).collect()
    };
    assert_eq!(words(&status("GatewayClass isobath")["conditions"]), ["Accepted True"]);
    let gateway = status("Gateway shop/edge");
    assert_eq!(words(&gateway["conditions"]), ["Accepted True", "Programmed Unknown"]);
    let listener = &gateway["listeners"][0];
    assert_eq!((&listener["name"], &listener["attachedRoutes"]), (&json!("web"), &json!(1)));
    let parents = &status("HTTPRoute shop/cart")["parents"];
    let reference = |section: &str| {
        let group = "gateway.networking.k8s.io";
        json!({"group": group, "kind": "Gateway", "name": "edge", "sectionName": section})
    };
    assert_eq!(parents[0]["parentRef"], reference("web"));
    assert_eq!(words(&parents[0]["conditions"])[0], "Accepted True");
    assert_eq!(parents[1]["parentRef"], reference("none"));
    assert_eq!(words(&parents[1]["conditions"])[0], "Accepted False");
    assert_eq!(parents[1]["conditions"][0]["reason"], "NoMatchingParent");
}

#[test]
fn warnings_alone_are_fine() {
    let old = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: old}\n";
    let files = folder(&[("old.yaml", old)]);
    let ended = run_in(files.path(), &["lint", "."]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.out.ends_with("0 errors, 1 warning\n"), "{}", ended.out);
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [&["lint"][..], &["lint", "no/such/folder"], &["lint", "-o", "xml", "."], &["lnit"], &[]]
    {
        assert_eq!(run(arguments).code, Some(2), "{arguments:?}");
    }
    assert_eq!(run(&["lint", "no/such/folder"]).err, "error: no/such/folder: no such file or folder\n");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    use std::process::Stdio;
    let text: String = (0..2000).map(|_| "apiVersion: v1\nkind: Service\n---\n").collect();
    let files = folder(&[("many.yaml", &text)]);
    let mut command = crate::command::isobath();
    command.args(["lint", "."]).current_dir(files.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
    assert_eq!(ended.status.code(), Some(0));
}
