use files::{Folder, Style, render};

use crate::world::World;

/// Everything that is wrong in a file, as people see it.
fn shown(text: &str) -> String {
    let world = World::new(&[("proxy.yaml", text)]);
    let (_, loaded) = Folder::load([world.path()]);
    let all: Vec<String> = loaded.diagnostics.iter().map(|found| render(found, Style::Plain)).collect();
    all.join("\n\n").replace(&format!("{}/", world.path().display()), "")
}

#[test]
fn a_mistyped_field_has_a_caret_behind_text_that_is_not_ascii() {
    let text = "\
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata: {name: a}
spec:
  routes:
  - conditions: [{prefix: /ü}]
    services:
    - {name: \"é\", port: eighty}
";
    assert_eq!(
        shown(text),
        "\
error: spec.routes[0].services[0].port: found string \"eighty\", expected a whole number
 --> proxy.yaml:8:25
  |
6 |   - conditions: [{prefix: /ü}]
7 |     services:
8 |     - {name: \"é\", port: eighty}
  |                         ^^^^^^
  |
  = note: in HTTPProxy default/a
  = help: until this is right, the object is left out"
    );
}

#[test]
fn an_unknown_field_is_underlined_and_lines_of_other_documents_are_not_shown() {
    let text = "\
# first
---
kind: HTTPProxy
apiVersion: projectcontour.io/v1
metadata: {name: a}
spec: {rotes: []}
---
apiVersion: v1
kind: Service
metadata: {name: b}
";
    assert_eq!(
        shown(text),
        "\
error: spec.rotes: is not a field of HTTPProxy
 --> proxy.yaml:6:8
  |
4 | apiVersion: projectcontour.io/v1
5 | metadata: {name: a}
6 | spec: {rotes: []}
  |        ^^^^^
  |
  = note: in HTTPProxy default/a
  = help: remove the field, or see how HTTPProxy spells it; until this is right, the object is left out"
    );
}

#[test]
fn a_tab_is_explained() {
    let shown = shown("kind: Service\nspec:\n\tports: []\n");
    assert!(shown.contains("--> proxy.yaml:3:"), "{shown}");
    assert!(shown.ends_with("= help: indent with spaces, YAML allows no tabs there"), "{shown}");
}

#[test]
fn ignored_kinds_are_one_line() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n";
    assert_eq!(shown(text), "note: ignoring Deployment default/x (proxy.yaml:1:1)");
}

#[test]
fn lines_of_secrets_are_never_shown() {
    for text in [
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  key: hunter2!\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: hunter2\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: hunter2}\n other: 1\n",
        "{\"apiVersion\": \"v1\", \"kind\" : \"Secret\", \"metadata\": {\"name\": 1}, \"data\": \"hunter2\"}",
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}, data: {k: hunter2}}\n",
    ] {
        let shown = shown(text);
        assert!(shown.contains("proxy.yaml:"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let shown = shown(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: \"\\e[31m\u{7f}\"} # \u{85}\n",
    );
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}

#[test]
fn machines_get_the_same() {
    let world = World::new(&[("a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: 1\n")]);
    let (_, loaded) = Folder::load([world.path()]);
    let json = serde_json::to_value(loaded.diagnostics[0].to_json()).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "severity": "error", "file": world.file("a.yaml"), "line": 4, "column": 7,
            "object": "Service default/a", "path": "spec", "message": "found integer `1`, expected an object with fields",
            "help": "until this is right, the object is left out"
        })
    );
}
