//! A resource that Envoy rejects. Our own checks know every such value that an object can hold, so the
//! layout of these worlds puts one in: in place of each path that begins with `/poison`, and of the key of each
//! Secret whose name does.

use std::sync::Arc;

use envoy::{Before, Layout, Output, ResourceType, XdsMode};
use harness::manifests::{HostCertificate, http_proxy, simple_proxy, tls_proxy};
use harness::{Options, World, certificate_for};
use model::{PathMatch, SecretContent, SecretKey, Settings, Traffic, VirtualHost, VirtualHostKey};
use testkit::eventually;

/// The product's layout, but for a path that Envoy does not take.
struct Poisoned(Box<dyn Layout>);

impl Layout for Poisoned {
    fn set(&mut self, key: &VirtualHostKey, value: Option<&VirtualHost>) {
        self.0.set(key, value.cloned().map(poison).as_ref());
    }

    fn set_secret(&mut self, key: &SecretKey, content: Option<&SecretContent>) {
        let another_key = || HostCertificate::new("another.example").key.into_bytes().into();
        let content = content.cloned().map(|content| match content {
            SecretContent::Pair { chain, .. } if key.name.starts_with("poison") => {
                SecretContent::Pair { chain, key: another_key() }
            }
            content => content,
        });
        self.0.set_secret(key, content.as_ref());
    }

    fn flush(&mut self) -> Vec<Output> {
        self.0.flush()
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<VirtualHostKey> {
        self.0.members(resource_type, name)
    }

    fn shared(&self) -> Vec<(ResourceType, Arc<str>)> {
        self.0.shared()
    }

    fn take_replaced(&mut self) -> Vec<(VirtualHostKey, Before)> {
        self.0.take_replaced()
    }

    fn restore(&mut self, key: &VirtualHostKey, before: Before) {
        self.0.restore(key, before);
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

fn poisoned(settings: &Settings, mode: XdsMode) -> Box<dyn Layout> {
    Box::new(Poisoned(envoy::layout(settings, mode)))
}

/// A host whose every path goes to `service`, and one path more.
fn with_path(name: &str, service: &str, path: &str) -> String {
    let services = format!("services: [{{name: {service}, port: 80}}]");
    let routes = format!("routes: [{{{services}}}, {{conditions: [{{prefix: {path}}}], {services}}}]");
    http_proxy(name, &format!("virtualhost: {{fqdn: {name}.example}}\n{routes}\n"))
}

async fn world(mode: XdsMode, layout: model::Layout) -> World {
    let settings = Settings { layout, ..Settings::default() };
    let options = Options { mode, settings, layout: Some(poisoned), ..Options::default() };
    let mut world = World::with(options).await;
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

/// `resource` is what holds the routes of `bad.example`.
async fn everything_else_flows(mode: XdsMode, layout: model::Layout, resource: &str) {
    let mut world = world(mode, layout).await;
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
    everything_else_flows(XdsMode::AdsDelta, model::Layout::Table, "\"ingress_http\"").await;
}

#[tokio::test]
async fn a_rejected_host_keeps_its_last_form_and_everything_else_flows_with_sotw() {
    everything_else_flows(XdsMode::Sotw, model::Layout::Table, "\"ingress_http\"").await;
}

#[tokio::test]
async fn a_host_whose_scope_is_rejected_keeps_its_last_form_with_ads_delta() {
    everything_else_flows(XdsMode::AdsDelta, model::Layout::Scoped, "\"http/bad.example\"").await;
}

#[tokio::test]
async fn a_host_whose_scope_is_rejected_keeps_its_last_form_with_sotw() {
    everything_else_flows(XdsMode::Sotw, model::Layout::Scoped, "\"http/bad.example\"").await;
}

#[tokio::test]
async fn of_many_hosts_that_change_together_only_the_culprit_is_set_aside() {
    let mut world = world(XdsMode::AdsDelta, model::Layout::Table).await;
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
    let mut world = world(XdsMode::AdsDelta, model::Layout::Table).await;
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

/// One hostile or old Envoy takes nothing from the others, so a rejection counts when all share it.
#[tokio::test]
async fn a_rejection_counts_once_the_last_envoy_that_did_not_share_it_is_gone() {
    let mut world = world(XdsMode::AdsDelta, model::Layout::Table).await;
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
    let mut world = world(XdsMode::AdsDelta, model::Layout::OnDemand).await;
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
