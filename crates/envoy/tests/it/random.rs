//! Properties of the layout, for random worlds and edits.

use std::collections::BTreeMap;

use envoy::{Classic, Layout, Output, References, ResourceType};
use envoy_protos::envoy::config::listener::v3::Listener;
use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use model::{VirtualHost, VirtualHostKey, WeightedCluster};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use rope::Rope;

use crate::values::{answer, classic, http, https, key, passthrough, plain, prefix, route, to, with_tls};

type World = BTreeMap<VirtualHostKey, VirtualHost>;
type Resources = BTreeMap<(ResourceType, String), (Rope, References)>;

#[derive(Debug, Clone)]
enum Step {
    Set(VirtualHostKey, Option<VirtualHost>),
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
    (routes, 0..4_u8).prop_map(move |(routes, kind)| match kind {
        0 => passthrough(host, vec![WeightedCluster::plain(key("tcp"), 1)]),
        1 => plain(host, routes),
        2 => with_tls("one", plain(host, routes)),
        _ => with_tls("two", plain(host, routes)),
    })
}

fn a_step() -> impl Strategy<Value = Step> {
    let keyed = a_host().prop_flat_map(|host| (Just(host), any::<bool>(), prop::option::of(a_value(host))));
    prop_oneof![
        9 => keyed.prop_map(|(host, tls, value)| Step::Set(if tls { https(host) } else { http(host) }, value)),
        2 => Just(Step::Flush),
    ]
}

fn publish(layout: &mut Classic, resources: &mut Resources) -> Result<(), TestCaseError> {
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

fn scratch<'a>(world: impl IntoIterator<Item = (&'a VirtualHostKey, &'a VirtualHost)>) -> Resources {
    let mut layout = classic();
    for (key, value) in world {
        layout.set(key, Some(value));
    }
    let mut resources = Resources::new();
    publish(&mut layout, &mut resources).expect("a first flush is all new");
    resources
}

fn reencoded<M: Message + Default>(body: &Rope) -> Vec<u8> {
    M::decode(body.to_bytes()).expect("a message").encode_to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn incremental_equals_scratch(steps in vec(a_step(), 0..40)) {
        let mut layout = classic();
        let mut resources = Resources::new();
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Flush => publish(&mut layout, &mut resources)?,
                Step::Set(key, value) => {
                    layout.set(&key, value.as_ref());
                    match value {
                        Some(value) => world.insert(key, value),
                        None => world.remove(&key),
                    };
                }
            }
        }
        publish(&mut layout, &mut resources)?;
        prop_assert_eq!(resources, scratch(&world));
    }

    #[test]
    fn restoring_what_was_replaced_gives_the_resources_of_before(
        (first, second, third) in (vec(a_step(), 0..20), vec(a_step(), 0..8), vec(a_step(), 0..8))
    ) {
        let mut layout = classic();
        let mut resources = Resources::new();
        let edit = |steps: Vec<Step>, resources: &mut Resources, layout: &mut Classic| {
            for step in steps {
                match step {
                    Step::Flush => publish(layout, resources)?,
                    Step::Set(key, value) => layout.set(&key, value.as_ref()),
                }
            }
            publish(layout, resources)
        };
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
    fn the_order_of_arrival_changes_no_byte(steps in vec(a_step(), 0..20)) {
        let mut world = World::new();
        for step in steps {
            if let Step::Set(key, Some(value)) = step {
                world.insert(key, value);
            }
        }
        prop_assert_eq!(scratch(&world), scratch(world.iter().rev()));
    }

    #[test]
    fn what_is_put_together_is_what_prost_would_encode(steps in vec(a_step(), 0..20)) {
        let mut layout = classic();
        for step in steps {
            if let Step::Set(key, value) = step {
                layout.set(&key, value.as_ref());
            }
        }
        let mut resources = Resources::new();
        publish(&mut layout, &mut resources)?;
        for ((resource_type, name), (body, _)) in &resources {
            let expected = match resource_type {
                ResourceType::Listener => reencoded::<Listener>(body),
                _ => reencoded::<RouteConfiguration>(body),
            };
            prop_assert_eq!(&expected, &body.to_bytes(), "{}", name);
        }
    }
}
