//! Properties of the layout, for random worlds and edits.

#[path = "../../../../tests/cases.rs"]
mod cases;

use std::collections::BTreeMap;
use std::sync::Arc;

use envoy::{Layout, Output, References, ResourceType, XdsMode};
use envoy_protos::envoy::config::listener::v3::Listener;
use envoy_protos::envoy::config::route::v3::{RouteConfiguration, ScopedRouteConfiguration};
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::Secret;
use model::{
    Policies, SecretContent, SecretKey, Settings, TlsVersion, VirtualHost, VirtualHostKey, WeightedCluster,
};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use rope::Rope;

use self::cases::cases;
use crate::guarded::check_resources;
use crate::values::{
    answer, certified, http, https, key, passthrough, plain, prefix, restricting, route, to,
    with_authorization, with_fallback, with_tls, with_tokens,
};

/// What layouts are told: hosts, and what Secrets hold.
#[derive(Debug, Default)]
struct World {
    hosts: BTreeMap<VirtualHostKey, VirtualHost>,
    secrets: BTreeMap<SecretKey, SecretContent>,
}

type Resources = BTreeMap<(ResourceType, String), (Rope, References)>;

#[derive(Debug, Clone)]
enum Step {
    Set(VirtualHostKey, Option<VirtualHost>),
    Secret(SecretKey, Option<SecretContent>),
    Flush,
}

fn a_host() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["*", "*.a.com", "a.com", "b.com", "b.a.com", "c.com", "d-e.com", "f.com"])
}

/// Of quite different sizes, so that lengths on the wire take one to three bytes.
fn a_value(host: &'static str) -> impl Strategy<Value = VirtualHost> {
    let routes = vec((0..5_u8, 0..400_usize), 0..4).prop_map(|routes| {
        let one = |(service, padding): (u8, usize)| {
            let path = format!("/{service}{}", "p".repeat(padding * padding / 8));
            let action = if service == 0 { answer(404, "") } else { to(&[&format!("s{service}")]) };
            route(prefix(&path), action)
        };
        routes.into_iter().map(one).collect::<Vec<_>>()
    });
    let value = (routes, 0..11_u8).prop_map(move |(routes, kind)| match kind {
        0 => passthrough(host, vec![WeightedCluster::plain(key("tcp"), 1)]),
        1 => plain(host, routes),
        2 => with_tls("one", plain(host, routes)),
        3 => with_own_version(with_tls("one", plain(host, routes))),
        4 => certified("one", "ca", plain(host, routes)),
        5 => with_fallback("one", "two", plain(host, routes)),
        6 => with_own_version(with_fallback("two", "two", plain(host, routes))),
        7 => with_tokens(with_tls("one", plain(host, routes))),
        8 => with_authorization(with_tls("one", plain(host, routes))),
        9 => with_authorization(with_tokens(with_tls("one", plain(host, routes)))),
        _ => with_tls("two", plain(host, routes)),
    });
    (value, prop::bool::weighted(0.3)).prop_map(|(value, is_restricted)| {
        let policies = if is_restricted { restricting() } else { Policies::default() };
        VirtualHost { policies, ..value }
    })
}

fn with_own_version(mut host: VirtualHost) -> VirtualHost {
    host.tls.as_mut().expect("it has TLS").minimum = TlsVersion::V1_3;
    host
}

fn a_secret() -> impl Strategy<Value = Step> {
    let content = prop::option::of("[ab]").prop_map(|text| {
        let bytes = |text: String| -> Arc<[u8]> { text.into_bytes().into() };
        text.map(|text| SecretContent::Pair { chain: bytes(text.clone()), key: bytes(text) })
    });
    let name = prop::sample::select(vec!["one", "two"]);
    (name, content).prop_map(|(name, content)| Step::Secret(SecretKey::pair("ns", name), content))
}

fn a_layout() -> impl Strategy<Value = model::Layout> {
    prop::sample::select(vec![model::Layout::Table, model::Layout::Scoped, model::Layout::OnDemand])
}

fn empty(layout: model::Layout) -> Box<dyn Layout> {
    let fallback_certificate = Some(model::SecretName::new("ns", "fallback"));
    envoy::layout(&Settings { layout, fallback_certificate, ..Settings::default() }, XdsMode::AdsDelta)
}

fn a_step() -> impl Strategy<Value = Step> {
    let keyed = a_host().prop_flat_map(|host| (Just(host), any::<bool>(), prop::option::of(a_value(host))));
    prop_oneof![
        9 => keyed.prop_map(|(host, tls, value)| Step::Set(if tls { https(host) } else { http(host) }, value)),
        1 => a_secret(),
        2 => Just(Step::Flush),
    ]
}

fn publish(layout: &mut Box<dyn Layout>, resources: &mut Resources) -> Result<(), TestCaseError> {
    for output in layout.flush() {
        match output {
            Output::Set(resource) => {
                let id = (resource.resource_type, resource.name.to_string());
                let before = resources.insert(id, (resource.body.clone(), resource.refs));
                prop_assert_ne!(before.map(|(body, _)| body), Some(resource.body), "published unchanged");
            }
            Output::Remove(resource_type, name) => {
                let before = resources.remove(&(resource_type, name.to_string()));
                prop_assert!(before.is_some(), "{} was never published", name);
            }
        }
    }
    Ok(())
}

impl World {
    fn take(&mut self, step: Step) {
        match step {
            Step::Flush => {}
            Step::Set(key, Some(value)) => drop(self.hosts.insert(key, value)),
            Step::Set(key, None) => drop(self.hosts.remove(&key)),
            Step::Secret(key, Some(content)) => drop(self.secrets.insert(key, content)),
            Step::Secret(key, None) => drop(self.secrets.remove(&key)),
        }
    }
}

/// Tells a layout what came, and publishes when it is time.
fn apply(step: &Step, layout: &mut Box<dyn Layout>, resources: &mut Resources) -> Result<(), TestCaseError> {
    match step {
        Step::Flush => return publish(layout, resources),
        Step::Set(key, value) => layout.set(key, value.as_ref()),
        Step::Secret(key, content) => layout.set_secret(key, content.as_ref()),
    }
    Ok(())
}

/// The resources of a world that comes at once; `backwards` chooses the order.
fn scratch(world: &World, choice: model::Layout, backwards: bool) -> Resources {
    let mut layout = empty(choice);
    let hosts = world.hosts.iter().map(|(key, value)| Step::Set(key.clone(), Some(value.clone())));
    let secrets = world.secrets.iter().map(|(key, value)| Step::Secret(key.clone(), Some(value.clone())));
    let mut steps: Vec<_> = hosts.chain(secrets).collect();
    if backwards {
        steps.reverse();
    }
    for step in steps {
        apply(&step, &mut layout, &mut Resources::new()).expect("nothing is published");
    }
    let mut resources = Resources::new();
    publish(&mut layout, &mut resources).expect("a first flush is all new");
    resources
}

fn reencoded<M: Message + Default>(body: &Rope) -> Vec<u8> {
    M::decode(body.to_bytes()).expect("a message").encode_to_vec()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn incremental_equals_scratch(choice in a_layout(), steps in vec(a_step(), 0..40)) {
        let mut layout = empty(choice);
        let mut resources = Resources::new();
        let mut world = World::default();
        for step in steps {
            apply(&step, &mut layout, &mut resources)?;
            world.take(step);
        }
        publish(&mut layout, &mut resources)?;
        prop_assert_eq!(resources, scratch(&world, choice, false));
    }

    #[test]
    fn restoring_what_was_replaced_gives_the_resources_of_before(
        choice in a_layout(),
        (first, second, third) in (vec(a_step(), 0..20), vec(a_step(), 0..8), vec(a_step(), 0..8))
    ) {
        let mut layout = empty(choice);
        let mut resources = Resources::new();
        let edit = |steps: Vec<Step>, resources: &mut Resources, layout: &mut Box<dyn Layout>| {
            // What a Secret holds is no host's change.
            for step in steps.iter().filter(|step| !matches!(step, Step::Secret(..))) {
                apply(step, layout, resources)?;
            }
            publish(layout, resources)
        };
        for name in ["one", "two"] {
            let content = SecretContent::Ca { bundle: Arc::from([]), crl: None };
            layout.set_secret(&SecretKey::pair("ns", name), Some(&content));
        }
        edit(first, &mut resources, &mut layout)?;
        layout.take_replaced();
        let before = resources.clone();
        edit(second, &mut resources, &mut layout)?;
        let mut replaced: BTreeMap<_, _> = layout.take_replaced().into_iter().collect();
        edit(third, &mut resources, &mut layout)?;
        // The oldest counts, as in a quarantine that waits for an acknowledgement.
        for (key, value) in layout.take_replaced() {
            replaced.entry(key).or_insert(value);
        }
        for (key, value) in replaced {
            layout.restore(&key, value);
        }
        publish(&mut layout, &mut resources)?;
        prop_assert_eq!(resources, before);
    }

    #[test]
    fn the_order_of_arrival_changes_no_byte(choice in a_layout(), steps in vec(a_step(), 0..20)) {
        let mut world = World::default();
        steps.into_iter().for_each(|step| world.take(step));
        prop_assert_eq!(scratch(&world, choice, false), scratch(&world, choice, true));
    }

    #[test]
    fn what_is_put_together_is_what_prost_would_encode(
        choice in a_layout(),
        steps in vec(a_step(), 0..20)
    ) {
        let mut layout = empty(choice);
        let mut resources = Resources::new();
        for step in &steps {
            apply(step, &mut layout, &mut resources)?;
        }
        publish(&mut layout, &mut resources)?;
        for ((resource_type, name), (body, _)) in &resources {
            let expected = match resource_type {
                ResourceType::Listener => reencoded::<Listener>(body),
                ResourceType::ScopedRouteConfiguration => reencoded::<ScopedRouteConfiguration>(body),
                ResourceType::Secret => reencoded::<Secret>(body),
                _ => reencoded::<RouteConfiguration>(body),
            };
            prop_assert_eq!(&expected, &body.to_bytes(), "{}", name);
        }
    }

    #[test]
    fn every_scoped_table_and_what_leads_to_it_is_guarded(
        choice in prop::sample::select(vec![model::Layout::Scoped, model::Layout::OnDemand]),
        steps in vec(a_step(), 0..20)
    ) {
        let mut layout = empty(choice);
        let mut resources = Resources::new();
        for step in &steps {
            apply(step, &mut layout, &mut resources)?;
        }
        publish(&mut layout, &mut resources)?;
        check_resources(resources.iter().map(|((kind, name), (body, _))| (*kind, name.as_str(), body)));
    }
}
