//! Two controllers of one name, of which each writes about Gateways of its own.

use std::time::Duration;

use isobath_status::{CONTROLLER_NAME, Input, Kind, Target};
use serde_json::{Value, json};

use crate::gateway_api::{gateway, route};
use crate::world::{World, target};

fn edge() -> Target {
    target(Kind::Gateway, "edge")
}

fn cart() -> Target {
    target(Kind::HttpRoute, "cart")
}

/// The shared controllers' world, in which a route has two Gateways; both entries are written.
fn shared() -> World {
    let mut world = World::new();
    world.apply(&edge());
    world.apply(&cart());
    world.say_status(&cart(), route(&["edge", "spare"]), 0);
    assert_eq!(world.settle(), 1);
    assert_eq!(entries(&world), [entry("edge", 1), entry("spare", 1)]);
    world
}

/// The world of the own controller of the Gateway `edge`, over the same cluster.
fn own_beside(shared: &World) -> World {
    let mut world = World::over(shared.cluster.clone(), shared.now).dedicated(CONTROLLER_NAME);
    world.lead(Duration::from_secs(1_000_000));
    world.observe(&edge());
    world.observe(&cart());
    world
}

/// What one of them has done is seen by the other.
fn hand_over(from: &World, to: &mut World) {
    to.cluster = from.cluster.clone();
    to.observe(&cart());
}

fn entry(gateway: &str, generation: i64) -> (Value, Value) {
    (json!(gateway), json!(generation))
}

/// The entries of the route: the Gateway, and the generation that it is about.
fn entries(world: &World) -> Vec<(Value, Value)> {
    let status = world.cluster.status(&cart());
    let entry = |entry: &Value| {
        (entry["parentRef"]["name"].clone(), entry["conditions"][0]["observedGeneration"].clone())
    };
    status["parents"].as_array().into_iter().flatten().map(entry).collect()
}

#[test]
fn a_gateway_that_gets_a_controller_of_its_own_keeps_its_entries() {
    let mut shared = shared();
    let before = shared.cluster.status(&cart());
    shared.tell(Input::Served(edge(), false));
    // Before it is said that the route has one Gateway less.
    assert_eq!(shared.settle(), 1);
    shared.say_status(&cart(), route(&["spare"]), 0);
    shared.settle();
    assert_eq!(shared.cluster.status(&cart()), before);
}

#[test]
fn each_controller_changes_the_entries_about_its_own_gateways() {
    let mut shared = shared();
    let mut own = own_beside(&shared);
    shared.tell(Input::Served(edge(), false));
    own.tell(Input::Served(edge(), true));
    shared.say_status(&cart(), route(&["spare"]), 0);
    own.say_status(&cart(), route(&["edge"]), 0);
    shared.settle();
    hand_over(&shared, &mut own);
    own.settle();
    assert_eq!(entries(&own), [entry("edge", 1), entry("spare", 1)]);

    own.apply(&cart());
    own.say_status(&cart(), route(&["edge"]), 0);
    own.settle();
    assert_eq!(entries(&own), [entry("edge", 2), entry("spare", 1)]);
    hand_over(&own, &mut shared);
    shared.say_status(&cart(), route(&["spare"]), 0);
    shared.settle();
    assert_eq!(entries(&shared), [entry("edge", 2), entry("spare", 2)]);

    // The route leaves the Gateway.
    hand_over(&shared, &mut own);
    own.tell(Input::Unsaid(cart()));
    own.settle();
    assert_eq!(entries(&own), [entry("spare", 2)]);
}

#[test]
fn a_gateway_that_comes_back_has_no_entry_twice() {
    let mut shared = shared();
    shared.tell(Input::Served(edge(), false));
    shared.say_status(&cart(), route(&["spare"]), 0);
    shared.settle();
    shared.tell(Input::Served(edge(), true));
    shared.say_status(&cart(), route(&["edge", "spare"]), 0);
    shared.settle();
    assert_eq!(entries(&shared), [entry("edge", 1), entry("spare", 1)]);
}

#[test]
fn who_serves_a_gateway_beside_others_writes_nothing_until_it_is_told_to() {
    let mut own = own_beside(&shared());
    own.say_status(&edge(), gateway(1), 0);
    own.say_status(&cart(), route(&["edge"]), 0);
    assert_eq!(own.settle(), 0);
    own.tell(Input::Served(edge(), true));
    own.settle();
    assert_eq!(own.cluster.status(&edge())["listeners"][0]["attachedRoutes"], 1);
    assert_eq!(entries(&own), [entry("edge", 1), entry("spare", 1)]);
    own.tell(Input::Served(edge(), false));
    own.say_status(&edge(), gateway(2), 0);
    assert_eq!(own.settle(), 0);
}
