//! A resource that Envoy rejects. Our own checks know every such value that an object can hold, so the
//! layout of these worlds puts one in: in place of each path that begins with `/poison`, and of the key of each
//! Secret whose name does.

use std::sync::Arc;

use envoy::XdsMode;
use harness::manifests::{HostCertificate, http_proxy, simple_proxy, tls_proxy};
use harness::{Edit, Options, World, certificate_for, suite_layout, suite_layout_for};
use model::{Layout, PathMatch, SecretContent, SecretKey, Traffic, VirtualHost};
use testkit::eventually;

/// What Envoy does not take.
#[derive(Debug)]
pub(crate) struct Poison;

impl Edit for Poison {
    fn host(&self, host: VirtualHost) -> VirtualHost {
        poison(host)
    }

    fn secret(&self, key: &SecretKey, content: SecretContent) -> SecretContent {
        let another_key = || HostCertificate::new("another.example").key.into_bytes().into();
        match content {
            SecretContent::Pair { chain, .. } if key.name.starts_with("poison") => {
                SecretContent::Pair { chain, key: another_key() }
            }
            content => content,
        }
    }
}

fn poison(mut host: VirtualHost) -> VirtualHost {
    if let Traffic::Http(routes) = &mut host.traffic {
        for route in routes {
            if matches!(&route.matches.path, PathMatch::Prefix(path) if path.starts_with("/poison")) {
                route.matches.path = PathMatch::Regex("".into());
            }
        }
    }
    host
}

/// A host whose every path goes to `service`, and one path more.
fn with_path(name: &str, service: &str, path: &str) -> String {
    let services = format!("services: [{{name: {service}, port: 80}}]");
    let routes = format!("routes: [{{{services}}}, {{conditions: [{{prefix: {path}}}], {services}}}]");
    http_proxy(name, &format!("virtualhost: {{fqdn: {name}.example}}\n{routes}\n"))
}

async fn world(mode: XdsMode, layout: Layout) -> World {
    let edit: Arc<dyn Edit> = Arc::new(Poison);
    let mut world = World::with(Options { mode, edit: Some(edit), ..Options::with_layout(layout) }).await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    world.apply("bad", &simple_proxy("bad", "bad.example", "blue")).await;
    world.apply("good", &simple_proxy("good", "good.example", "blue")).await;
    world
}

async fn told(world: &mut World, host: &str) -> Vec<String> {
    eventually("the rejection is reported", async || {
        let problems = world.look().await.problems(host);
        if problems.is_empty() { Err("no problem".to_owned()) } else { Ok(problems) }
    })
    .await
}

async fn serves(world: &World, host: &str, service: &str) {
    eventually("the change is in force", async || match world.ask(host, "/").await {
        (200, answered) if answered == service => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

/// A world with the suite's layout.
async fn delta_world() -> World {
    world(XdsMode::AdsDelta, suite_layout()).await
}

async fn everything_else_flows(mode: XdsMode) {
    let layout = suite_layout_for(mode);
    let mut world = world(mode, layout).await;
    // What holds the routes of the culprit.
    let resource = match layout {
        Layout::Table => "\"ingress_http\"",
        Layout::Scoped | Layout::OnDemand => "\"http/bad.example\"",
    };
    world.write("bad", &with_path("bad", "green", "/poison"));
    world.send_changes().await;
    let problems = told(&mut world, "bad").await.concat();
    assert!(problems.contains(resource) && problems.contains("RegexMatcherValidationError"), "{problems}");
    assert_eq!(world.look().await.problems("good"), [""; 0]);
    assert_eq!(world.envoy.stats().await.rejected_updates().min(1), 1);

    // The last accepted form of the culprit stays in force, and another host's change goes live.
    assert_eq!(world.ask("bad.example", "/").await, (200, "blue".into()));
    world.apply("good", &simple_proxy("good", "good.example", "green")).await;
    serves(&world, "good.example", "green").await;
    world.apply("new", &simple_proxy("new", "new.example", "blue")).await;
    serves(&world, "new.example", "blue").await;
    assert_eq!(world.ask("bad.example", "/").await, (200, "blue".into()));

    world.apply("bad", &with_path("bad", "green", "/cured")).await;
    serves(&world, "bad.example", "green").await;
    assert_eq!(world.look().await.problems("bad"), [""; 0]);
}

#[tokio::test]
async fn a_rejected_host_keeps_its_last_form_and_everything_else_flows_with_ads_delta() {
    everything_else_flows(XdsMode::AdsDelta).await;
}

#[tokio::test]
async fn a_rejected_host_keeps_its_last_form_and_everything_else_flows_with_sotw() {
    everything_else_flows(XdsMode::Sotw).await;
}

/// Proves instead/rejected.
#[tokio::test]
async fn of_many_hosts_that_change_together_only_the_culprit_is_set_aside() {
    let mut world = delta_world().await;
    for number in 0..6 {
        let name = format!("host-{number}");
        world.write(&name, &simple_proxy(&name, &format!("{name}.example"), "green"));
    }
    world.write("bad", &with_path("bad", "green", "/poison"));
    world.write("good", &simple_proxy("good", "good.example", "green"));
    world.send_changes().await;
    told(&mut world, "bad").await;
    for number in 0..6 {
        serves(&world, &format!("host-{number}.example"), "green").await;
    }
    serves(&world, "good.example", "green").await;
    assert_eq!(world.ask("bad.example", "/").await, (200, "blue".into()));
    let journal = world.look().await;
    for number in 0..6 {
        assert_eq!(journal.problems(&format!("host-{number}")), [""; 0]);
    }
}

#[tokio::test]
async fn an_envoy_that_starts_while_a_host_is_set_aside_gets_the_accepted_forms() {
    let mut world = delta_world().await;
    world.write("bad", &with_path("bad", "green", "/poison"));
    world.send_changes().await;
    told(&mut world, "bad").await;
    world.settle().await;
    world.envoy.kill();
    world.envoy.start_again();
    world.envoy.ready().await;
    assert_eq!(world.ask("bad.example", "/").await, (200, "blue".into()));
    assert_eq!(world.envoy.stats().await.rejected_updates(), 0);
}

#[tokio::test]
async fn a_rejected_change_that_asks_more_of_requests_closes_its_host() {
    let mut world = delta_world().await;
    let guarded = |path: &str| {
        let routes =
            format!("routes: [{{conditions: [{{prefix: {path}}}], services: [{{name: green, port: 80}}]}}]");
        let filter = "ipAllowPolicy: [{source: Peer, cidr: 10.0.0.0/8}]";
        http_proxy("bad", &format!("virtualhost: {{fqdn: bad.example, {filter}}}\n{routes}\n"))
    };
    world.write("bad", &guarded("/poison"));
    world.send_changes().await;
    told(&mut world, "bad").await;
    eventually("the host is closed", async || match world.ask("bad.example", "/").await {
        (500, _) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(world.ask("good.example", "/").await, (200, "blue".into()));
    world.apply("bad", &guarded("/")).await;
    assert_eq!(world.ask("bad.example", "/").await.0, 403);
    assert_eq!(world.look().await.problems("bad"), [""; 0]);
}

/// One hostile or old Envoy takes nothing from the others, so a rejection counts when all share it.
#[tokio::test]
async fn a_rejection_counts_once_the_last_envoy_that_did_not_share_it_is_gone() {
    let mut world = delta_world().await;
    let frozen = world.launch_another("frozen");
    frozen.ready().await;
    world.settle().await;
    frozen.freeze();
    world.write("bad", &with_path("bad", "green", "/poison"));
    world.send_changes().await;
    eventually("one Envoy has rejected it", async || match world.look().await.rejected.len() {
        0 => Err("no rejection".to_owned()),
        _ => Ok(()),
    })
    .await;
    assert_eq!(world.look().await.problems("bad"), [""; 0]);
    frozen.kill();
    told(&mut world, "bad").await;
    world.apply("good", &simple_proxy("good", "good.example", "green")).await;
    serves(&world, "good.example", "green").await;
    assert_eq!(world.ask("bad.example", "/").await, (200, "blue".into()));
}

fn write_secure(world: &World, host: &str, secret: &str) -> HostCertificate {
    let certificate = HostCertificate::new(host);
    world.write(&format!("secret-{secret}"), &certificate.secret(secret));
    world.write(host, &tls_proxy(host, host, &format!("{{secretName: {secret}}}"), "blue"));
    certificate
}

#[tokio::test]
async fn a_certificate_that_is_rejected_by_the_name_of_its_host_is_told_to_that_host_and_the_last_one_stays()
{
    let mut world = world(XdsMode::AdsDelta, Layout::OnDemand).await;
    let shown = write_secure(&world, "changed.example", "good");
    let other = write_secure(&world, "other.example", "other");
    world.sync().await;
    for name in ["changed.example", "CHANGED.example"] {
        assert_eq!(certificate_for(world.https(), name.as_bytes()).await, Some(shown.der()), "{name}");
    }
    write_secure(&world, "changed.example", "poison-changed");
    write_secure(&world, "unasked.example", "poison-new");
    world.send_changes().await;
    let problems = told(&mut world, "changed.example").await.concat();
    assert!(problems.contains("Secret \"changed.example\""), "{problems}");
    assert!(!problems.contains("PRIVATE KEY"), "{problems}");
    for name in ["changed.example", "CHANGED.example"] {
        assert_eq!(certificate_for(world.https(), name.as_bytes()).await, Some(shown.der()), "{name}");
    }
    // Of the other one Envoy hears when a client asks.
    world.settle().await;
    assert_eq!(world.look().await.problems("unasked.example"), [""; 0]);
    assert_eq!(certificate_for(world.https(), b"unasked.example").await, None);
    let problems = told(&mut world, "unasked.example").await.concat();
    assert!(problems.contains("Secret \"unasked.example\""), "{problems}");

    assert_eq!(certificate_for(world.https(), b"other.example").await, Some(other.der()));
    assert_eq!(world.look().await.problems("other.example"), [""; 0]);
    for host in ["changed.example", "unasked.example"] {
        let cured = write_secure(&world, host, &format!("cured-{host}"));
        world.sync().await;
        eventually("the new certificate is shown", async || {
            let shown = certificate_for(world.https(), host.as_bytes()).await;
            if shown == Some(cured.der()) { Ok(()) } else { Err(host.to_owned()) }
        })
        .await;
        assert_eq!(world.look().await.problems(host), [""; 0]);
    }
}
