use crate::world::{World, documents, service};

fn none() -> (Vec<String>, Vec<String>) {
    (vec![], vec![])
}

#[test]
fn nothing_changes_when_nothing_changed() {
    let world = World::new(&[("a.yaml", &service("a", 80))]);
    let mut folder = world.fresh();
    assert_eq!(world.reload(&mut folder).0, ["+ Service default/a"]);
    assert_eq!(world.reload(&mut folder), none());
    world.write("a.yaml", service("a", 80));
    assert_eq!(world.reload(&mut folder), none());
    assert!(folder.scan().is_empty());
}

#[test]
fn one_changed_object_among_ten_thousand_is_one_change() {
    let mut texts: Vec<String> = (0..10_000).map(|n| service(&format!("s{n}"), 80)).collect();
    let world = World::new(&[("a.yaml", &documents(&texts))]);
    let mut folder = world.fresh();
    assert_eq!(world.reload(&mut folder).0.len(), 10_000);
    texts[5000] = service("s5000", 81);
    world.write("a.yaml", documents(&texts));
    assert_eq!(world.reload(&mut folder), (vec!["+ Service default/s5000".into()], vec![]));
    texts.remove(0);
    world.write("a.yaml", documents(&texts));
    assert_eq!(world.reload(&mut folder), (vec!["- Service default/s0".into()], vec![]));
    let moved =
        folder.source(&api::ObjectId::new(api::Kind::Service, "default", "s9999")).unwrap().location();
    assert_eq!(moved.line, 9998 * 5 + 1);
}

#[test]
fn comments_and_layout_are_no_change() {
    let world = World::new(&[("a.yaml", &service("a", 80))]);
    let mut folder = world.fresh();
    folder.reload();
    world.write("a.yaml", format!("# new\n{}", service("a", 80).replace("{port: 80}", "{ \"port\" : 80 }")));
    assert_eq!(world.reload(&mut folder), none());
}

#[test]
fn an_object_that_moves_to_another_file_is_no_change() {
    let world = World::new(&[("a.yaml", &service("a", 80))]);
    let mut folder = world.fresh();
    folder.reload();
    world.remove("a.yaml");
    world.write("b.yaml", service("a", 80));
    assert_eq!(world.reload(&mut folder), none());
    world.remove("b.yaml");
    assert_eq!(world.reload(&mut folder).0, ["- Service default/a"]);
}

#[test]
fn a_file_that_does_not_parse_keeps_all_its_objects_and_says_so_once() {
    let world = World::new(&[("a.yaml", &documents(&[service("a", 1), service("b", 1)]))]);
    let mut folder = world.fresh();
    folder.reload();
    world.write("a.yaml", documents(&[service("a", 2), "x: [\n".to_owned()]));
    assert!(folder.scan().is_unsettled());
    let (changes, diagnostics) = world.reload(&mut folder);
    assert_eq!(changes, Vec::<String>::new());
    assert!(diagnostics[0].starts_with("error a.yaml:7:1 is not valid YAML: "), "{diagnostics:?}");
    assert_eq!(diagnostics[1], "warning a.yaml does not parse; its 2 objects stay as they were");
    assert_eq!(world.reload(&mut folder), none());
    assert_eq!(folder.diagnostics().len(), 2);
    world.write("a.yaml", documents(&[service("a", 2), service("b", 1)]));
    assert_eq!(world.reload(&mut folder), (vec!["+ Service default/a".into()], vec![]));
    assert_eq!(folder.diagnostics(), []);
}

#[test]
fn a_file_in_which_nothing_is_wrong_any_more_is_told_even_if_no_object_changed() {
    let world = World::new(&[("a.yaml", &service("a", 1)), ("b.yaml", &service("b", 1))]);
    let mut folder = world.fresh();
    assert_eq!(folder.reload().cleared, Vec::<std::path::PathBuf>::new());
    for broken in ["x: [\n".to_owned(), service("a", 1).replace("port: 1", "port: one")] {
        world.write("a.yaml", broken);
        assert_eq!(folder.reload().cleared, Vec::<std::path::PathBuf>::new());
        world.write("a.yaml", service("a", 1));
        let reload = folder.reload();
        assert_eq!((reload.changes, reload.cleared), (vec![], vec![world.file("a.yaml")]));
    }
}

#[test]
fn a_new_file_that_does_not_parse_gives_its_good_documents() {
    let world = World::new(&[("a.yaml", &documents(&[service("a", 1), "x: [\n".to_owned()]))]);
    let (ids, diagnostics) = world.load();
    assert_eq!((ids, diagnostics.len()), (vec!["Service default/a".into()], 1));
}

#[test]
fn an_object_with_a_mistyped_field_keeps_its_last_good_form_and_the_others_change() {
    let world = World::new(&[("a.yaml", &documents(&[service("a", 1), service("b", 1)]))]);
    let mut folder = world.fresh();
    folder.reload();
    let broken = service("a", 1).replace("port: 1", "port: one");
    world.write("a.yaml", documents(&[broken, service("b", 2)]));
    let reload = folder.reload();
    assert_eq!(crate::world::changes(&reload), ["+ Service default/b"]);
    assert_eq!(
        world.shown(&reload.diagnostics),
        ["error a.yaml:4:23 spec.ports[0].port: found string \"one\", expected a whole number"]
    );
    assert_eq!(
        reload.diagnostics[0].help.as_deref(),
        Some("until this is right, the object stays as it was")
    );
    world.write("a.yaml", documents(&[service("a", 1), service("b", 2)]));
    assert_eq!(world.reload(&mut folder), none());
}

#[test]
fn an_object_that_was_never_good_is_left_out() {
    let world = World::new(&[("a.yaml", &service("a", 1).replace("port: 1", "port: one"))]);
    let (_, loaded) = files::Folder::load([world.path()]);
    assert!(loaded.objects.is_empty());
    assert_eq!(loaded.diagnostics[0].help.as_deref(), Some("until this is right, the object is left out"));
}

#[test]
fn an_object_whose_kind_went_missing_is_not_removed() {
    let world = World::new(&[("a.yaml", &documents(&[service("a", 1), service("b", 1)]))]);
    let mut folder = world.fresh();
    folder.reload();
    world.write("a.yaml", documents(&[service("a", 1).replace("kind: Service\n", ""), service("b", 2)]));
    assert_eq!(
        world.reload(&mut folder),
        (vec!["+ Service default/b".into()], vec!["error a.yaml:1:1 kind: is required".into()])
    );
    world.write("a.yaml", service("b", 2));
    assert_eq!(world.reload(&mut folder), (vec!["- Service default/a".into()], vec![]));
}

#[test]
fn when_the_first_of_two_goes_the_second_counts() {
    let world = World::new(&[("a.yaml", &service("x", 1)), ("b.yaml", &service("x", 2))]);
    let mut folder = world.fresh();
    let (changes, diagnostics) = world.reload(&mut folder);
    assert_eq!((changes.len(), diagnostics.len()), (1, 1));
    world.remove("a.yaml");
    assert_eq!(world.reload(&mut folder), (vec!["+ Service default/x".into()], vec![]));
    assert_eq!(folder.diagnostics(), []);
    world.write("a.yaml", service("x", 2));
    assert_eq!(world.reload(&mut folder).0, Vec::<String>::new());
    assert_eq!(folder.diagnostics().len(), 1);
}

#[test]
fn one_changed_element_of_a_list_is_one_change() {
    let list = |port: u16| {
        let item = |name: &str, port: u16| {
            format!(
                "- {{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{ports: [{{port: {port}}}]}}}}\n"
            )
        };
        format!("apiVersion: v1\nkind: List\nitems:\n{}{}", item("a", 80), item("b", port))
    };
    let world = World::new(&[("a.yaml", &list(80))]);
    let mut folder = world.fresh();
    folder.reload();
    world.write("a.yaml", list(81));
    assert_eq!(world.reload(&mut folder).0, ["+ Service default/b"]);
}

#[test]
fn a_file_that_cannot_be_read_keeps_its_objects() {
    let world = World::new(&[("a.yaml", &service("a", 80))]);
    let mut folder = world.fresh();
    folder.reload();
    world.write("a.yaml", b"\xff");
    let (changes, diagnostics) = world.reload(&mut folder);
    assert_eq!(changes, Vec::<String>::new());
    assert_eq!(diagnostics[0], "error a.yaml is not UTF-8 text; the first other byte is in line 1");
    assert_eq!(world.reload(&mut folder), none());
}

#[test]
fn a_folder_that_goes_takes_its_objects_with_it() {
    let world = World::new(&[("sub/a.yaml", &service("a", 80)), ("b.yaml", &service("b", 80))]);
    let mut folder = world.fresh();
    folder.reload();
    std::fs::remove_dir_all(world.file("sub")).unwrap();
    assert!(folder.scan().is_unsettled());
    assert_eq!(world.reload(&mut folder).0, ["- Service default/a"]);
}

#[test]
fn an_object_with_an_unknown_field_keeps_its_last_good_form() {
    let world = World::new(&[("a.yaml", &service("a", 1))]);
    let mut folder = world.fresh();
    folder.reload();
    world.write("a.yaml", service("a", 2).replace("spec: {", "spec: {ipFilter: x, "));
    let reload = folder.reload();
    assert_eq!(reload.changes, []);
    assert_eq!(
        world.shown(&reload.diagnostics),
        ["error a.yaml:4:8 spec.ipFilter: is not a field of Service"]
    );
    assert_eq!(
        reload.diagnostics[0].help.as_deref(),
        Some(
            "remove the field, or see how Service spells it; until this is right, the object stays as it was"
        )
    );
    world.write("a.yaml", service("a", 2));
    assert_eq!(world.reload(&mut folder).0, ["+ Service default/a"]);
}

#[test]
fn an_unknown_field_in_the_status_refuses_nothing() {
    let world = World::new(&[("a.yaml", &format!("{}status: {{later: x}}\n", service("a", 1)))]);
    let mut folder = world.fresh();
    assert_eq!(
        world.reload(&mut folder),
        (
            vec!["+ Service default/a".into()],
            vec!["warning a.yaml:5:10 status.later: is not a field of Service; it is ignored".into()]
        )
    );
}

#[test]
fn diagnostics_follow_their_document() {
    let misspelt = service("a", 80).replace("ports", "prots");
    let world = World::new(&[("a.yaml", &misspelt)]);
    let mut folder = world.fresh();
    assert_eq!(world.reload(&mut folder).1, ["error a.yaml:4:8 spec.prots: is not a field of Service"]);
    world.write("a.yaml", documents(&[service("b", 80), misspelt]));
    assert_eq!(
        world.reload(&mut folder),
        (
            vec!["+ Service default/b".into()],
            vec!["error a.yaml:9:8 spec.prots: is not a field of Service".into()]
        )
    );
}

#[test]
fn later_problems_are_shown_at_their_field() {
    let world = World::new(&[("a.yaml", &service("a", 80))]);
    let (folder, _) = files::Folder::load([world.path()]);
    let id = api::ObjectId::new(api::Kind::Service, "default", "a");
    let found =
        folder.diagnostic(files::Severity::Warning, &id, "spec.ports[0].port", "is odd", None).unwrap();
    assert_eq!(world.shown(&[found]), ["warning a.yaml:4:23 spec.ports[0].port: is odd"]);
    let other = api::ObjectId::new(api::Kind::Service, "default", "b");
    assert_eq!(folder.diagnostic(files::Severity::Warning, &other, "", "x", None), None);
}
