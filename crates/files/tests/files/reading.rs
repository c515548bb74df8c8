use files::Folder;

use crate::world::{World, documents, service};

/// Ids and diagnostics of one file.
fn read(name: &str, text: &str) -> (Vec<String>, Vec<String>) {
    World::new(&[(name, text)]).load()
}

#[test]
fn folders_are_walked_and_other_files_left_alone() {
    let world = World::new(&[
        ("a.yaml", &service("a", 80)),
        ("sub/deep/b.yml", &service("b", 80)),
        ("c.json", r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "c"}}"#),
        ("README.md", "no manifest"),
        (".hidden.yaml", "no: manifest"),
        (".git/x.yaml", "no: manifest"),
        ("a.yaml~", "no: manifest"),
    ]);
    assert_eq!(
        world.load(),
        (vec!["Service default/a".into(), "Service default/b".into(), "Service default/c".into()], vec![])
    );
}

#[test]
fn a_file_given_by_name_is_read_whatever_its_name_and_once_only() {
    let world = World::new(&[("manifest.txt", &service("a", 80)), ("b.yaml", &service("b", 80))]);
    let paths = [world.file("manifest.txt"), world.file("b.yaml"), world.path().to_owned()];
    let (_, loaded) = Folder::load(paths);
    assert_eq!(loaded.objects.len(), 2);
    assert_eq!(loaded.diagnostics, []);
}

#[test]
fn a_path_that_is_not_there_is_a_problem() {
    let world = World::new(&[]);
    let (_, loaded) = Folder::load([world.file("nowhere")]);
    assert_eq!(
        world.shown(&loaded.diagnostics),
        ["error nowhere cannot be read: No such file or directory (os error 2)"]
    );
}

#[test]
fn loops_of_links_end() {
    let world = World::new(&[("sub/a.yaml", &service("a", 80))]);
    std::os::unix::fs::symlink(world.path(), world.file("sub/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.file("broken.yaml")).unwrap();
    assert_eq!(world.load(), (vec!["Service default/a".into()], vec![]));
}

#[test]
fn several_documents_and_empty_ones_are_fine() {
    let text = format!("---\n# nothing\n---\n{}---\n\n---\n{}...\n", service("a", 80), service("b", 80));
    assert_eq!(read("a.yaml", &text), (vec!["Service default/a".into(), "Service default/b".into()], vec![]));
    assert_eq!(read("a.yaml", ""), (vec![], vec![]));
}

#[test]
fn lists_are_taken_apart() {
    let text = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: a}}
- {apiVersion: v1, kind: Deployment, metadata: {name: x}}
- {apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {name: b}, spec: {rotes: []}}
---
apiVersion: projectcontour.io/v1
kind: HTTPProxyList
items:
- metadata: {name: c, namespace: web}
  spec: {routes: 1}
- metadata: {name: d}
---
apiVersion: v1
kind: ServiceList
";
    assert_eq!(
        read("a.yaml", text),
        (
            vec!["Service default/a".into(), "HTTPProxy default/d".into()],
            vec![
                "note a.yaml:5:4 ignoring Deployment default/x".into(),
                "error a.yaml:6:83 spec.rotes: is not a field of HTTPProxy".into(),
                "error a.yaml:12:18 spec.routes: found integer `1`, expected a list".into(),
            ]
        )
    );
}

#[test]
fn other_kinds_are_ignored_with_one_line_and_old_versions_with_a_way_out() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: z, namespace: web}
";
    let world = World::new(&[("a.yaml", text)]);
    let (_, loaded) = Folder::load([world.path()]);
    assert_eq!(
        world.shown(&loaded.diagnostics),
        [
            "note a.yaml:1:1 ignoring Deployment default/x",
            "warning a.yaml:5:13 apiVersion: ignoring Ingress web/z: extensions/v1beta1 is not read",
        ]
    );
    assert_eq!(loaded.diagnostics[1].help.as_deref(), Some("write apiVersion: networking.k8s.io/v1"));
}

#[test]
fn objects_without_kind_version_or_name_are_problems_and_the_others_are_read() {
    let text = "\
kind: Service
metadata: {name: a}
---
apiVersion: v1
metadata: {name: a}
---
apiVersion: v1
kind: Service
metadata: {generateName: a-}
---
apiVersion: v1
kind: Service
metadata:
  name: 1
---
just text
---
- a: list
---
apiVersion: v1
kind: Service
metadata: {name: good}
";
    assert_eq!(
        read("a.yaml", text),
        (
            vec!["Service default/good".into()],
            vec![
                "error a.yaml:1:1 apiVersion: is required".into(),
                "error a.yaml:4:1 kind: is required".into(),
                "error a.yaml:9:1 metadata.name: is required".into(),
                "error a.yaml:14:9 metadata.name: expected a string".into(),
                "error a.yaml:16:1 expected an object with apiVersion, kind and metadata".into(),
                "error a.yaml:18:1 expected an object with apiVersion, kind and metadata".into(),
            ]
        )
    );
}

#[test]
fn of_two_objects_with_one_identity_the_first_counts() {
    let world = World::new(&[
        ("a.yaml", &documents(&[service("x", 1), service("x", 2)])),
        ("b.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  namespace: default\n  name: x\n"),
    ]);
    let (_, loaded) = Folder::load([world.path()]);
    let sourced = loaded.objects.values().next().unwrap();
    assert_eq!(sourced.source.location().line, 1);
    assert_eq!(
        world.shown(&loaded.diagnostics),
        [
            "error a.yaml:8:18 metadata.name: is defined a second time, first in a.yaml:3",
            "error b.yaml:5:9 metadata.name: is defined a second time, first in a.yaml:3",
        ]
    );
}

#[test]
fn words_that_are_booleans_for_kubectl_are_no_text() {
    let text = "\
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata: {name: a}
spec:
  routes:
  - permitInsecure: yes
    services:
    - name: on
      port: 80
";
    assert_eq!(
        read("a.yaml", text),
        (vec![], vec!["error a.yaml:8:13 spec.routes[0].services[0].name: found boolean `true`, expected a string; put the value in quotes".into()])
    );
}

#[test]
fn every_field_of_an_aliased_value_is_found() {
    let text = "\
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata: {name: a}
spec:
  routes:
  - services: &backends
    - {name: s, port: 80}
    - {name: s, port: eighty}
  - services: *backends
";
    assert_eq!(
        read("a.yaml", text).1,
        [
            "error a.yaml:8:23 spec.routes[0].services[1].port: found string \"eighty\", expected a whole number"
        ]
    );
}

#[test]
fn tabs_open_quotes_and_doubled_keys_are_problems_at_their_place() {
    for (text, found) in [
        ("a:\n\tb: 1\n", "error a.yaml:2:2 is not valid YAML"),
        ("kind: Service\nname: \"x\nb: 1\n", "error a.yaml:2:7 is not valid YAML"),
        ("a:\n  b: 1\n c: 2\n", "error a.yaml:3:2 is not valid YAML"),
        ("a: 1\na: 2\n", "error a.yaml:2:1 has the key \"a\" twice"),
        ("a: 1\n---\nb: *x\n", "error a.yaml:3:4 is not valid YAML"),
    ] {
        let (_, diagnostics) = read("a.yaml", text);
        assert!(diagnostics.iter().any(|shown| shown.starts_with(found)), "{text:?} gives {diagnostics:?}");
    }
}

#[test]
fn byte_order_mark_and_windows_lines_change_nothing() {
    let text = format!("\u{feff}{}", documents(&[service("a", 1), service("b", 2)])).replace('\n', "\r\n");
    assert_eq!(read("a.yaml", &text), (vec!["Service default/a".into(), "Service default/b".into()], vec![]));
}

#[test]
fn bytes_that_are_no_text_are_a_problem_with_a_line() {
    let world = World::new(&[]);
    world.write("a.yaml", b"a: 1\nb: \xff\n");
    assert_eq!(world.load().1, ["error a.yaml is not UTF-8 text; the first other byte is in line 2"]);
}

#[test]
fn json_with_tabs_and_escapes_is_read_and_its_faults_are_located() {
    let text = "{\n\t\"apiVersion\": \"v1\", \"kind\": \"Service\",\n\t\"metadata\": {\"name\": \"a\", \"labels\": {\"x\": \"\\ud83d\\ude00\"}},\n\t\"spec\": {\"ports\": [{\"port\": \"http\"}]}\n}";
    assert_eq!(
        read("a.json", text),
        (
            vec![],
            vec![
                "error a.json:4:30 spec.ports[0].port: found string \"http\", expected a whole number".into()
            ]
        )
    );
}

#[test]
fn namespaces_have_none() {
    let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web, namespace: x}\n";
    assert_eq!(read("a.yaml", text).0, ["Namespace web"]);
}

#[test]
fn ten_thousand_documents_and_ten_megabytes_are_read() {
    let padding = "x".repeat(1000);
    let text: Vec<String> =
        (0..10_000).map(|n| format!("# {padding}\n{}", service(&format!("s{n}"), 80))).collect();
    let text = documents(&text);
    assert!(text.len() > 10_000_000);
    let (ids, diagnostics) = read("a.yaml", &text);
    assert_eq!((ids.len(), diagnostics), (10_000, vec![]));
}

#[test]
fn violations_have_their_place() {
    let text = "\
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata: {name: a}
spec:
  virtualhost:
    fqdn: Ü.example
";
    let world = World::new(&[("a.yaml", text)]);
    let (folder, loaded) = Folder::load([world.path()]);
    let id = loaded.objects.keys().next().unwrap();
    assert_eq!(
        world.shown(&folder.violations(id)),
        [
            "error a.yaml:6:11 spec.virtualhost.fqdn: found \"Ü.example\", expected a lower-case DNS name, one leading \"*.\" allowed"
        ]
    );
}
