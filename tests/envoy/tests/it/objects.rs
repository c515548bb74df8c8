//! Objects that depend on one another.

use harness::manifests::{http_proxy, service, simple_proxy};
use harness::{Options, World};
use model::{DuplicateFqdn, Settings};
use testkit::Backend;

#[tokio::test]
async fn an_include_hands_a_part_of_a_host_to_another_namespace() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    let backend = Backend::start("theirs").await;
    world.write("service", &service("team", "web", &[backend.port()]));
    let parent = "virtualhost: {fqdn: site.example}\n\
        includes: [{name: child, namespace: team, conditions: [\
        {prefix: /team}, {header: {name: x-team, present: true}}]}]\n\
        routes: [{services: [{name: blue, port: 80}]}]\n";
    world.write("parent", &http_proxy("parent", parent));
    let child = "routes:\n\
        - {conditions: [{prefix: /a}], services: [{name: web, port: 80}]}\n\
        - {conditions: [{prefix: /b}, {header: {name: x-more, exact: yes}}], services: [{name: web, port: 80}]}\n";
    let child = http_proxy("child", &child.replace("exact: yes", "exact: 'yes'"));
    world.apply("child", &child.replace("namespace: default", "namespace: team")).await;
    for (path, headers, expected) in [
        ("/team/a/x", &["x-team"][..], "theirs"),
        ("/team/a/x", &[], "blue"),
        ("/a", &["x-team"], "blue"),
        ("/team/b", &["x-team", "x-more"], "theirs"),
        ("/team/b", &["x-team"], "blue"),
        ("/", &["x-team"], "blue"),
    ] {
        let request = world.get("site.example", path);
        let request = headers.iter().fold(request, |request, name| request.header(name, "yes"));
        assert_eq!(request.send().await.unwrap().service(), expected, "{path} {headers:?}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn an_external_name_is_not_followed_unless_the_operator_allows_it() {
    let mut world = World::start().await;
    let backend = Backend::start("inside").await;
    let external = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: away, namespace: default}}\n\
         spec: {{type: ExternalName, externalName: localhost, ports: [{{port: 80, targetPort: {}}}]}}\n",
        backend.port()
    );
    world.apply("away", &external).await;
    world.apply("site", &simple_proxy("site", "site.example", "away")).await;
    assert_eq!(world.ask("site.example", "/").await, (503, String::new()));
    assert_eq!(backend.connections(), 0);
    assert!(!world.journal.problems("site").is_empty());
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn hosts_are_matched_with_a_port_with_a_dot_at_the_end_and_in_any_case() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    for host in [
        "site.example",
        "SITE.Example",
        "site.example:80",
        "site.example:65000",
        "Site.example:1",
        "site.example.",
        "Site.example.:80",
    ] {
        assert_eq!(world.ask(host, "/").await, (200, "blue".into()), "{host}");
    }
    for host in ["xsite.example", "site.example.org", "x.site.example", "site", "site.example.."] {
        assert_eq!(world.ask(host, "/").await, (404, String::new()), "{host}");
    }
}

async fn with_two_claimants(duplicate_fqdn: DuplicateFqdn) -> World {
    let settings = Settings { duplicate_fqdn, ..harness::settings() };
    let mut world = World::with(Options { settings, ..Options::default() }).await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    world.apply("one", &simple_proxy("one", "site.example", "blue")).await;
    world.apply("two", &simple_proxy("two", "site.example", "green")).await;
    world
}

#[tokio::test]
async fn of_two_objects_that_claim_a_host_the_first_serves_and_the_other_is_told() {
    let mut world = with_two_claimants(DuplicateFqdn::OldestWins).await;
    assert_eq!(world.ask("site.example", "/").await, (200, "blue".into()));
    assert_eq!(world.journal.problems("one"), [""; 0]);
    let problems = world.journal.problems("two").concat();
    assert!(problems.contains("site.example"), "{problems}");
    world.remove("one").await;
    assert_eq!(world.ask("site.example", "/").await, (200, "green".into()));
    assert_eq!(world.journal.problems("two"), [""; 0]);
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_host_that_two_objects_claim_is_served_by_none_where_contours_rule_is_chosen() {
    let mut world = with_two_claimants(DuplicateFqdn::InvalidAll).await;
    assert_eq!(world.ask("site.example", "/").await, (404, String::new()));
    for name in ["one", "two"] {
        let problems = world.journal.problems(name).concat();
        assert!(problems.contains("site.example"), "{name}: {problems}");
    }
    world.remove("one").await;
    assert_eq!(world.ask("site.example", "/").await, (200, "green".into()));
    world.assert_nothing_rejected().await;
}
