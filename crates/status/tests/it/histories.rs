//! Random histories: in the end everything says what a fresh board would say, by no more writes than there were changes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use isobath_status::{Input, Kind, Outcome, Target, Write};
use model::{FleetId, Problem, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::gateway_api::{gateway, gateway_addresses, route};
use crate::world::{self, Cluster, World, error, target, warning};

const OBJECTS: u8 = 9;
const LONG: Duration = Duration::from_secs(1_000_000);

/// One thing that happens. Objects are numbers.
#[derive(Debug, Clone)]
enum Step {
    /// An object is created or changed, and the watch says so.
    Apply(u8),
    /// The same; the watch says so later.
    ApplyUnseen(u8),
    Delete(u8),
    Observe(u8),
    /// Something is said of the newest form, carried by a new publication or by the last.
    Say(u8, u8, bool),
    Unsay(u8),
    Acknowledge,
    Addresses(u8),
    Pass(u16),
    Begin,
    /// A write that was begun ends: it fails, the server is busy, it is done and nobody learns of it, or it is done.
    End(u8),
    Lead(u16),
    Follow,
    /// Somebody else writes over it.
    Vandal(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let object = 0..OBJECTS;
    prop_oneof![
        4 => object.clone().prop_map(Step::Apply),
        1 => object.clone().prop_map(Step::ApplyUnseen),
        1 => object.clone().prop_map(Step::Delete),
        1 => object.clone().prop_map(Step::Observe),
        6 => (object.clone(), 0_u8..6, any::<bool>()).prop_map(|(of, what, new)| Step::Say(of, what, new)),
        1 => object.clone().prop_map(Step::Unsay),
        3 => Just(Step::Acknowledge),
        1 => (0_u8..3).prop_map(Step::Addresses),
        3 => (0_u16..3000).prop_map(Step::Pass),
        6 => Just(Step::Begin),
        6 => (0_u8..8).prop_map(Step::End),
        2 => (0_u16..20_000).prop_map(Step::Lead),
        1 => Just(Step::Follow),
        1 => object.prop_map(Step::Vandal),
    ]
}

fn object(number: u8) -> Target {
    let kinds = [
        Kind::HttpProxy,
        Kind::HttpProxy,
        Kind::Ingress,
        Kind::IngressRoute,
        Kind::ExtensionService,
        Kind::Gateway,
        Kind::HttpRoute,
    ];
    target(kinds[usize::from(number) % kinds.len()], &format!("object-{number}"))
}

fn saying(what: u8) -> (Verdict, Vec<Problem>) {
    match what {
        0 | 1 => (Verdict::Valid, vec![]),
        2 => (Verdict::Valid, vec![warning("odd")]),
        3 => (Verdict::Invalid, vec![error("wrong")]),
        4 => (Verdict::Invalid, vec![error("wrong"), error("worse"), warning("odd")]),
        _ => (Verdict::Orphaned, vec![error("alone")]),
    }
}

/// Says something of the newest form of an object.
fn say(world: &mut World, target: &Target, what: u8, carried_by: u64) {
    match target.kind {
        Kind::Gateway => world.say_status(target, gateway(what.into()), carried_by),
        Kind::HttpRoute => {
            let parents = ["a", "b", "c"];
            world.say_status(target, route(&parents[..usize::from(what / 2)]), carried_by);
        }
        _ => {
            let (verdict, problems) = saying(what);
            world.say(target, verdict, problems, carried_by);
        }
    }
}

/// The Gateways among the objects, by their fleets.
fn fleets() -> impl Iterator<Item = FleetId> {
    let gateways = (0..OBJECTS).map(object).filter(|target| target.kind == Kind::Gateway);
    gateways.map(|target| FleetId::gateway(target.namespace, target.name))
}

fn acknowledge(world: &mut World, publication: u64) {
    world.tell(world::acknowledged(publication));
    fleets().for_each(|fleet| world.tell(Input::Acknowledged(fleet, publication)));
}

fn tell_addresses(world: &mut World, which: u8) {
    world.tell(world::addresses(&format!("192.0.2.{which},lb-{which}.example")));
    let of_gateway = gateway_addresses(&[&format!("192.0.2.{which}")]);
    fleets().for_each(|fleet| world.tell(Input::GatewayAddresses(fleet, of_gateway.clone())));
}

/// A world, and all that a fresh board would have to be told.
struct History {
    world: World,
    flying: Vec<Write>,
    /// What was said, and the publication that carries it.
    said: BTreeMap<Target, (u8, u64)>,
    publication: u64,
    acknowledged: Option<u64>,
    addresses: Option<u8>,
    /// What could be a reason to write.
    reasons: usize,
    writes: usize,
}

impl History {
    fn new() -> Self {
        let mut world = World::over(Cluster::default(), Instant::now());
        world.lead(Duration::from_secs(60));
        Self {
            world,
            flying: vec![],
            said: BTreeMap::new(),
            publication: 1,
            acknowledged: None,
            addresses: None,
            reasons: 0,
            writes: 0,
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Apply(number) => {
                self.apply(number);
                self.world.observe(&object(number));
            }
            Step::ApplyUnseen(number) => self.apply(number),
            Step::Delete(number) => {
                self.world.cluster.delete(&object(number));
                self.world.observe(&object(number));
            }
            Step::Observe(number) => self.world.observe(&object(number)),
            Step::Say(number, what, is_new) => {
                self.publication += u64::from(is_new);
                self.say(&object(number), what, self.publication);
            }
            Step::Unsay(number) => {
                self.reasons += 1;
                self.said.remove(&object(number));
                self.world.tell(Input::Unsaid(object(number)));
            }
            Step::Acknowledge => {
                self.acknowledged = Some(self.publication);
                acknowledge(&mut self.world, self.publication);
            }
            Step::Addresses(which) => {
                self.reasons += self.said.len();
                self.addresses = Some(which);
                tell_addresses(&mut self.world, which);
            }
            Step::Pass(milliseconds) => self.world.pass(milliseconds.into()),
            Step::Begin => self.flying.extend(self.world.next_write()),
            Step::End(how) => self.end(how),
            Step::Lead(milliseconds) => self.world.lead(Duration::from_millis(milliseconds.into())),
            Step::Follow => self.world.tell(Input::Follows),
            Step::Vandal(number) => self.vandalise(&object(number)),
        }
    }

    fn apply(&mut self, number: u8) {
        self.reasons += 1;
        self.world.cluster.apply(&object(number));
    }

    fn say(&mut self, target: &Target, what: u8, carried_by: u64) {
        // Once before the acknowledgement, once after it.
        self.reasons += 2;
        say(&mut self.world, target, what, carried_by);
        self.said.insert(target.clone(), (what, carried_by));
    }

    fn end(&mut self, how: u8) {
        if self.flying.is_empty() {
            return;
        }
        let write = self.flying.remove(usize::from(how) % self.flying.len());
        let outcome = match how {
            0 => Outcome::Failed,
            1 => Outcome::Busy(Duration::from_secs(2)),
            2 => {
                self.world.cluster.take(&write);
                Outcome::Failed
            }
            _ => self.world.cluster.take(&write),
        };
        self.writes += usize::from(matches!(outcome, Outcome::Written(_)));
        self.world.tell(Input::Finished(write.target.clone(), outcome));
        if how.is_multiple_of(2) {
            self.world.observe(&write.target);
        }
    }

    fn vandalise(&mut self, target: &Target) {
        if self.world.cluster.has(target) {
            self.reasons += 1;
            let theirs = match target.kind {
                Kind::Gateway => json!({"conditions": [{"type": "example.com/Theirs", "status": "True"}]}),
                Kind::HttpRoute => json!({"parents": [{"controllerName": "example.com/other"}]}),
                _ => json!({"currentStatus": "stolen"}),
            };
            self.world.cluster.write_status(target, theirs);
            self.world.observe(target);
        }
    }

    /// Lets everything come to its end: the watch is up to date, and so is what is said.
    fn come_to_rest(&mut self) {
        while !self.flying.is_empty() {
            self.end(7);
        }
        if let Some(which) = self.addresses {
            // Of Gateways that are new nobody has told it.
            self.reasons += 1;
            tell_addresses(&mut self.world, which);
        }
        for target in (0..OBJECTS).map(object) {
            self.world.observe(&target);
            if let Some((what, carried_by)) = self.said.get(&target).copied() {
                self.say(&target, what, carried_by);
            }
        }
        self.world.lead(LONG);
        self.writes += self.world.settle();
    }

    /// What a new leader writes, and what stands there then.
    fn fresh(&self) -> (usize, Vec<Value>) {
        let mut fresh = World::over(self.world.cluster.clone(), self.world.now);
        fresh.lead(LONG);
        if let Some(acknowledged) = self.acknowledged {
            acknowledge(&mut fresh, acknowledged);
        }
        if let Some(which) = self.addresses {
            tell_addresses(&mut fresh, which);
        }
        for (target, (what, carried_by)) in &self.said {
            fresh.observe(target);
            say(&mut fresh, target, *what, *carried_by);
        }
        (fresh.settle(), statuses(&fresh.cluster))
    }
}

fn statuses(cluster: &Cluster) -> Vec<Value> {
    (0..OBJECTS).map(|number| cluster.status(&object(number))).collect()
}

fn cases() -> u32 {
    let factor = std::env::var("ISOBATH_TEST_CASES_FACTOR").ok().and_then(|factor| factor.parse().ok());
    300 * factor.unwrap_or(1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_where_a_fresh_board_has_nothing_to_write(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let mut history = History::new();
        for step in &steps {
            history.step(step);
        }
        history.come_to_rest();
        prop_assert!(history.writes <= history.reasons, "{} writes, {} reasons", history.writes, history.reasons);
        prop_assert_eq!(history.fresh(), (0, statuses(&history.world.cluster)));
        // Nor has the same board, whatever is said again.
        let before = history.writes;
        history.come_to_rest();
        prop_assert_eq!(history.writes, before);
    }
}
