//! Properties of the layout, for random worlds and edits.

#[path = "../../../../tests/cases.rs"]
mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy::{Layout, Output, References, ResourceType, XdsMode};
use envoy_protos::envoy::config::listener::v3::Listener as ListenerMessage;
use envoy_protos::envoy::config::route::v3::{RouteConfiguration, ScopedRouteConfiguration};
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::Secret;
use model::{
    Host, Listener, Policies, SecretContent, SecretKey, Settings, TlsVersion, VirtualHost, VirtualHostKey,
    WeightedCluster,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use prost::Message;
use rope::Rope;

use self::cases::cases;
use crate::guarded::check_resources;
use crate::values::{
    answer, certified, gateway_listener, key, passthrough, plain, prefix, restricting, route, to,
    with_authorization, with_fallback, with_tls, with_tokens,
};

/// What layouts are told: listeners, hosts, and what Secrets hold.
#[derive(Debug, Default)]
struct World {
    /// The places of closed ones among all.
    closed: BTreeSet<usize>,
    hosts: BTreeMap<(usize, Host), VirtualHost>,
    secrets: BTreeMap<SecretKey, SecretContent>,
}

type Resources = BTreeMap<(ResourceType, String), (Rope, References)>;

#[derive(Debug, Clone)]
enum Step {
    /// A host of the listener at this place.
    Set(usize, Host, Option<VirtualHost>),
    Secret(SecretKey, Option<SecretContent>),
    /// Closes and opens listeners of a Gateway; published at once.
    Close(BTreeSet<usize>),
    Flush,
}

/// A layout, and whose listeners it has.
#[derive(Debug, Clone, Copy)]
struct Setup {
    layout: model::Layout,
    is_gateway: bool,
}

impl Setup {
    fn settings(self) -> Settings {
        let fallback_certificate = Some(model::SecretName::new("ns", "fallback"));
        Settings { layout: self.layout, fallback_certificate, ..Settings::default() }
    }

    /// All listeners: two for plaintext, which in an ingress are one, and two for TLS.
    fn listeners(self) -> Vec<Listener> {
        let [http, https] = self.settings().listeners();
        if !self.is_gateway {
            return vec![http.clone(), http, https.clone(), https];
        }
        let gateway = |name: &str, like: &Listener| gateway_listener(name, like.transport);
        let names = [("http-80", &http), ("http-8080", &http), ("https-443", &https), ("https-8443", &https)];
        names.map(|(name, like)| gateway(name, like)).into()
    }

    fn open(self, closed: &BTreeSet<usize>) -> Vec<Listener> {
        let all = self.listeners().into_iter().enumerate();
        all.filter(|(place, _)| !self.is_gateway || !closed.contains(place)).map(|(_, each)| each).collect()
    }

    /// A layout without hosts.
    fn layout(self, closed: &BTreeSet<usize>) -> Box<dyn Layout> {
        envoy::layout_with(&self.settings(), &self.open(closed), XdsMode::AdsDelta)
    }

    fn key(self, place: usize, host: &Host) -> VirtualHostKey {
        VirtualHostKey { listener: self.listeners()[place].id.clone(), host: host.clone() }
    }
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
    let wider: Vec<_> = Host::new(host).wider().map(Some).chain([None]).collect();
    (value, prop::bool::weighted(0.3), prop::sample::select(wider)).prop_map(
        |(value, is_restricted, section)| {
            let policies = if is_restricted { restricting() } else { Policies::default() };
            VirtualHost { policies, section, ..value }
        },
    )
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

fn a_setup() -> impl Strategy<Value = Setup> {
    let layout =
        prop::sample::select(vec![model::Layout::Table, model::Layout::Scoped, model::Layout::OnDemand]);
    (layout, any::<bool>()).prop_map(|(layout, is_gateway)| Setup { layout, is_gateway })
}

fn a_step() -> impl Strategy<Value = Step> {
    let keyed = a_host().prop_flat_map(|host| (Just(host), 0..4_usize, prop::option::of(a_value(host))));
    prop_oneof![
        18 => keyed.prop_map(|(host, place, value)| Step::Set(place, Host::new(host), value)),
        2 => a_secret(),
        1 => btree_set(0..4_usize, 0..3).prop_map(Step::Close),
        4 => Just(Step::Flush),
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
    fn take(&mut self, setup: Setup, step: Step) {
        match step {
            Step::Flush => {}
            Step::Close(closed) => self.closed = closed,
            Step::Set(place, host, value) => {
                let place = if setup.is_gateway { place } else { place & 2 };
                match value {
                    Some(value) => drop(self.hosts.insert((place, host), value)),
                    None => drop(self.hosts.remove(&(place, host))),
                }
            }
            Step::Secret(key, Some(content)) => drop(self.secrets.insert(key, content)),
            Step::Secret(key, None) => drop(self.secrets.remove(&key)),
        }
    }

    fn steps(&self) -> Vec<Step> {
        let hosts = self.hosts.iter();
        let hosts = hosts.map(|((place, host), value)| Step::Set(*place, host.clone(), Some(value.clone())));
        let secrets = self.secrets.iter();
        hosts.chain(secrets.map(|(key, value)| Step::Secret(key.clone(), Some(value.clone())))).collect()
    }
}

/// A layout with what it was told and what it published.
struct Subject {
    setup: Setup,
    layout: Box<dyn Layout>,
    resources: Resources,
    world: World,
}

impl Subject {
    fn new(setup: Setup) -> Self {
        let world = World::default();
        Self { setup, layout: setup.layout(&world.closed), resources: Resources::new(), world }
    }

    fn publish(&mut self) -> Result<(), TestCaseError> {
        publish(&mut self.layout, &mut self.resources)
    }

    /// Takes what came, and publishes when it is time.
    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        self.world.take(self.setup, step.clone());
        match step {
            Step::Flush => self.publish()?,
            Step::Set(place, host, value) => self.layout.set(&self.setup.key(place, &host), value.as_ref()),
            Step::Secret(key, content) => self.layout.set_secret(&key, content.as_ref()),
            Step::Close(closed) => {
                self.publish()?;
                let new = self.layout.set_listeners(&self.setup.open(&closed));
                for ((place, host), value) in &self.world.hosts {
                    let key = self.setup.key(*place, host);
                    if new.contains(&key.listener) {
                        self.layout.set(&key, Some(value));
                    }
                }
                self.publish()?;
            }
        }
        Ok(())
    }
}

/// The resources of a world that comes at once; `backwards` chooses the order.
fn scratch(world: &World, setup: Setup, backwards: bool) -> Resources {
    let mut subject = Subject { layout: setup.layout(&world.closed), ..Subject::new(setup) };
    let mut steps = world.steps();
    if backwards {
        steps.reverse();
    }
    for step in steps {
        subject.take(step).expect("nothing is published");
    }
    subject.publish().expect("a first flush is all new");
    subject.resources
}

fn reencoded<M: Message + Default>(body: &Rope) -> Vec<u8> {
    M::decode(body.to_bytes()).expect("a message").encode_to_vec()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn incremental_equals_scratch(setup in a_setup(), steps in vec(a_step(), 0..40)) {
        let mut subject = Subject::new(setup);
        for step in steps {
            subject.take(step)?;
        }
        subject.publish()?;
        prop_assert_eq!(subject.resources, scratch(&subject.world, setup, false));
    }

    #[test]
    fn restoring_what_was_replaced_gives_the_resources_of_before(
        setup in a_setup(),
        (first, second, third) in (vec(a_step(), 0..20), vec(a_step(), 0..8), vec(a_step(), 0..8))
    ) {
        let mut subject = Subject::new(setup);
        let edit = |steps: Vec<Step>, subject: &mut Subject| {
            // What a Secret holds is no host's change, and a listener that is closed takes its hosts along.
            for step in steps.into_iter().filter(|step| matches!(step, Step::Set(..) | Step::Flush)) {
                subject.take(step)?;
            }
            subject.publish()
        };
        for name in ["one", "two"] {
            let content = SecretContent::Ca { bundle: Arc::from([]), crl: None };
            subject.layout.set_secret(&SecretKey::pair("ns", name), Some(&content));
        }
        edit(first, &mut subject)?;
        subject.layout.take_replaced();
        let before = subject.resources.clone();
        edit(second, &mut subject)?;
        let mut replaced: BTreeMap<_, _> = subject.layout.take_replaced().into_iter().collect();
        edit(third, &mut subject)?;
        // The oldest counts, as in a quarantine that waits for an acknowledgement.
        for (key, value) in subject.layout.take_replaced() {
            replaced.entry(key).or_insert(value);
        }
        for (key, value) in replaced {
            subject.layout.restore(&key, value);
        }
        subject.publish()?;
        prop_assert_eq!(subject.resources, before);
    }

    #[test]
    fn the_order_of_arrival_changes_no_byte(setup in a_setup(), steps in vec(a_step(), 0..20)) {
        let mut world = World::default();
        steps.into_iter().for_each(|step| world.take(setup, step));
        prop_assert_eq!(scratch(&world, setup, false), scratch(&world, setup, true));
    }

    #[test]
    fn what_is_put_together_is_what_prost_would_encode(
        setup in a_setup(),
        steps in vec(a_step(), 0..20)
    ) {
        let mut subject = Subject::new(setup);
        for step in steps {
            subject.take(step)?;
        }
        subject.publish()?;
        for ((resource_type, name), (body, _)) in &subject.resources {
            let expected = match resource_type {
                ResourceType::Listener => reencoded::<ListenerMessage>(body),
                ResourceType::ScopedRouteConfiguration => reencoded::<ScopedRouteConfiguration>(body),
                ResourceType::Secret => reencoded::<Secret>(body),
                _ => reencoded::<RouteConfiguration>(body),
            };
            prop_assert_eq!(&expected, &body.to_bytes(), "{}", name);
        }
    }

    #[test]
    fn every_scoped_table_and_what_leads_to_it_is_guarded(
        layout in prop::sample::select(vec![model::Layout::Scoped, model::Layout::OnDemand]),
        steps in vec(a_step(), 0..20)
    ) {
        let mut subject = Subject::new(Setup { layout, is_gateway: false });
        for step in steps {
            subject.take(step)?;
        }
        subject.publish()?;
        let resources = subject.resources.iter();
        check_resources(resources.map(|((kind, name), (body, _))| (*kind, name.as_str(), body)));
    }
}
