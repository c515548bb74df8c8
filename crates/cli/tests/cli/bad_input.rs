//! Everything that users get wrong, at once: each is a problem, and nothing else is disturbed.

use std::fs;

use crate::command::run_in;
use crate::running::{Backend, Up, answer};

/// The fields of a root, after `metadata`.
fn root(name: &str, spec: &str) -> String {
    format!("apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata: {{name: {name}}}\nspec: {spec}\n")
}

/// A root with one route: what the route says beside its Service.
fn route(name: &str, route: &str) -> String {
    let services = "services: [{name: backend, port: 80}]";
    root(name, &format!("{{virtualhost: {{fqdn: {name}.example}}, routes: [{{{services}, {route}}}]}}"))
}

fn secret(name: &str, certificate: &str, key: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\ntype: kubernetes.io/tls\n\
         stringData: {{tls.crt: {certificate:?}, tls.key: {key:?}}}\n---\n{}",
        root(
            name,
            &format!(
                "{{virtualhost: {{fqdn: {name}.example, tls: {{secretName: {name}}}}}, routes: [{{services: [{{name: backend, port: 80}}]}}]}}"
            )
        )
    )
}

/// A chain of includes.
fn deep(count: usize) -> String {
    let mut all = root("deep", "{virtualhost: {fqdn: deep.example}, includes: [{name: deep1}]}");
    for number in 1..count {
        let spec = format!("{{includes: [{{name: deep{}, conditions: [{{prefix: /x}}]}}]}}", number + 1);
        all += &format!("---\n{}", root(&format!("deep{number}"), &spec));
    }
    all
}

/// Each is wrong in one way, and has at least one error.
fn cases() -> Vec<(&'static str, String)> {
    [files(), references(), values()].concat()
}

/// What cannot be read.
fn files() -> Vec<(&'static str, String)> {
    vec![
        ("yaml", "a: [\n".into()),
        ("tabs", "a:\n\tb: 1\n".into()),
        ("control", "\u{0}\u{1}".into()),
        ("nested", "[".repeat(100_000)),
        ("types", root("types", "{virtualhost: {fqdn: types.example}, routes: {a: b}}")),
        ("unknown", root("unknown", "{virtualhost: {fqdn: unknown.example}, rotes: []}")),
        ("nothing", "{}".into()),
        ("empty", root("empty", "{}")),
        ("empty-host", root("empty-host", "{virtualhost: {fqdn: \"\"}, routes: []}")),
    ]
}

/// What does not fit together.
fn references() -> Vec<(&'static str, String)> {
    let quickstart = crate::command::workspace().join("examples/quickstart/tls");
    let read = |name: &str| fs::read_to_string(quickstart.join(name)).unwrap();
    let (certificate, key) = (read("secure.crt"), read("vault.key"));
    vec![
        (
            "no-service",
            root(
                "no-service",
                "{virtualhost: {fqdn: n.example}, routes: [{services: [{name: none, port: 80}]}]}",
            ),
        ),
        ("no-include", root("no-include", "{virtualhost: {fqdn: i.example}, includes: [{name: none}]}")),
        ("cycle", root("cycle", "{virtualhost: {fqdn: cycle.example}, includes: [{name: cycle}]}")),
        ("deep", deep(5000)),
        (
            "duplicate",
            format!(
                "{}---\n{}",
                route("twice", "permitInsecure: true"),
                route("twice", "permitInsecure: true")
            ),
        ),
        ("pem", secret("pem", "garbage", "garbage")),
        ("mismatch", secret("mismatch", &certificate, &key)),
        ("no-pem", secret("no-pem", "", "")),
    ]
}

/// What a field may not be.
fn values() -> Vec<(&'static str, String)> {
    let long = "a".repeat(300);
    vec![
        ("look-ahead", route("look-ahead", "conditions: [{regex: \"/(?=x)\"}]")),
        ("program-size", route("program-size", "conditions: [{regex: \"/((a{100}){100}){100}\"}]")),
        ("group", route("group", "conditions: [{header: {name: x, regex: \"(\"}}]")),
        (
            "mixed-case",
            root(
                "mixed-case",
                "{virtualhost: {fqdn: MIXED.example}, routes: [{services: [{name: backend, port: 80}]}]}",
            ),
        ),
        ("long-host", root("long-host", &format!("{{virtualhost: {{fqdn: {long}.example}}}}"))),
        ("header-name", route("header-name", "requestHeadersPolicy: {set: [{name: \"a b\", value: x}]}")),
        (
            "header-value",
            route("header-value", "responseHeadersPolicy: {set: [{name: a, value: \"b\\nc\"}]}"),
        ),
        (
            "pseudo-header",
            route("pseudo-header", "requestHeadersPolicy: {set: [{name: \":path\", value: x}]}"),
        ),
        (
            "port-zero",
            root(
                "port-zero",
                "{virtualhost: {fqdn: p.example}, routes: [{services: [{name: backend, port: 0}]}]}",
            ),
        ),
        (
            "port-large",
            root(
                "port-large",
                "{virtualhost: {fqdn: q.example}, routes: [{services: [{name: backend, port: 65536}]}]}",
            ),
        ),
        (
            "weights",
            root(
                "weights",
                "{virtualhost: {fqdn: w.example}, routes: [{services: [{name: backend, port: 80, weight: 4294967295}, {name: backend, port: 80, weight: 4294967295}]}]}",
            ),
        ),
        ("duration", route("duration", "timeoutPolicy: {response: 9999999999999999999999s}")),
        ("negative", route("negative", "timeoutPolicy: {idle: \"-1s\"}")),
        (
            "status",
            root(
                "status",
                "{virtualhost: {fqdn: s.example}, routes: [{directResponsePolicy: {statusCode: 99}}]}",
            ),
        ),
        (
            "redirect",
            root(
                "redirect",
                "{virtualhost: {fqdn: r.example}, routes: [{requestRedirectPolicy: {scheme: ftp}}]}",
            ),
        ),
    ]
}

#[test]
fn each_is_a_problem() {
    let backend = Backend::new();
    for (name, text) in cases() {
        let files =
            crate::command::folder(&[("good.yaml", &backend.manifest("good.example")), ("bad.yaml", &text)]);
        let ended = run_in(files.path(), &["lint", "-o", "json", "."]);
        assert_eq!(ended.code, Some(1), "{name}: {} {}", ended.out, ended.err);
        let answer: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        let problems = answer["problems"].as_array().unwrap();
        assert!(problems.iter().all(|problem| problem["file"] == "./bad.yaml"), "{name}: {}", ended.out);
        let translated = run_in(files.path(), &["translate", "-o", "json", "."]);
        assert_eq!(translated.code, Some(1), "{name}");
        assert!(translated.out.contains("good.example"), "{name}");
    }
}

#[test]
fn all_together_disturb_nothing_and_envoy_rejects_nothing() {
    let backend = Backend::new();
    let files = crate::command::folder(&[("good.yaml", &backend.manifest("good.example"))]);
    let mut up = Up::start(files.path(), &[]);
    up.line_with("acknowledged");
    // The rename brings them all at once.
    let hidden = tempfile::tempdir_in(files.path()).unwrap();
    for (name, text) in cases() {
        fs::write(hidden.path().join(format!("{name}.yaml")), text).unwrap();
    }
    fs::rename(hidden.path(), files.path().join("bad")).unwrap();
    up.line_with("acknowledged");
    up.line_with("more problems; isobath lint shows them all");
    let request = up.request("good.example");
    answer(backend.take());
    assert_eq!(request.join().unwrap().unwrap(), "200");
    up.signal(rustix::process::Signal::TERM);
    let (status, said) = up.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!said.contains(" rejects "), "{said}");
}

#[test]
fn ten_megabytes_in_one_object_are_read() {
    let padding = "y".repeat(10_000_000);
    let text = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: big, annotations: {{x: {padding}}}}}\nspec: {{ports: [{{port: 80}}]}}\n"
    );
    let files = crate::command::folder(&[("big.yaml", &text)]);
    let ended = run_in(files.path(), &["lint", "."]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "0 errors, 0 warnings\n"));
}
