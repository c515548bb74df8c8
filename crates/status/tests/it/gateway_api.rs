//! What stands in the status of each kind of the Gateway API, and when it is written.

use api::gateway_api::gateway::{AddressType, GatewayStatusAddress};
use isobath_status::{CONTROLLER_NAME, Input, Kind, Outcome, Release, Target};
use model::{
    AncestorStatus, Condition, FleetId, GatewayApiStatus, GatewayStatus, Holds, ListenerSetStatus,
    ListenerStatus, ParentRef, ParentStatus, Problem, RouteKind,
};
use serde_json::{Value, json};

use crate::world::{World, acknowledged, error, target};

const BEGIN: &str = "2026-01-01T00:00:00Z";
const GROUP: &str = "gateway.networking.k8s.io";

fn condition(name: &'static str, holds: Holds, reason: &'static str) -> Condition {
    Condition { name, holds, reason, message: String::new() }
}

fn accepted() -> Condition {
    condition("Accepted", Holds::Yes, "Accepted")
}

fn programmed() -> Condition {
    condition("Programmed", Holds::WhenAcknowledged, "Programmed")
}

fn listener(attached_routes: u32) -> ListenerStatus {
    ListenerStatus {
        name: "web".into(),
        supported_kinds: vec![RouteKind { group: GROUP, kind: "HTTPRoute" }],
        attached_routes,
        conditions: vec![accepted(), programmed()],
    }
}

pub(crate) fn gateway(attached_routes: u32) -> GatewayApiStatus {
    GatewayApiStatus::Gateway(of_gateway(attached_routes))
}

fn of_gateway(attached_routes: u32) -> GatewayStatus {
    GatewayStatus {
        fleet: its_fleet(),
        requested: vec![],
        conditions: vec![accepted(), programmed()],
        listeners: vec![listener(attached_routes)],
        attached_listener_sets: None,
    }
}

fn parent(name: &str) -> ParentRef {
    ParentRef {
        group: GROUP.into(),
        kind: "Gateway".into(),
        namespace: None,
        name: name.into(),
        section_name: None,
        port: None,
    }
}

pub(crate) fn route(parents: &[&str]) -> GatewayApiStatus {
    let entry = |name: &&str| ParentStatus { parent: parent(name), conditions: vec![accepted()] };
    GatewayApiStatus::Route(parents.iter().map(entry).collect())
}

pub(crate) fn gateway_addresses(values: &[&str]) -> Vec<GatewayStatusAddress> {
    let address = |value: &&str| GatewayStatusAddress {
        r#type: AddressType::IpAddress.into(),
        value: (*value).to_owned(),
    };
    values.iter().map(address).collect()
}

fn a_gateway() -> Target {
    target(Kind::Gateway, "edge")
}

fn its_fleet() -> FleetId {
    FleetId::gateway("shop", "edge")
}

fn a_route() -> Target {
    target(Kind::HttpRoute, "cart")
}

/// A condition as it stands there.
fn stands(name: &str, status: &str, reason: &str, message: &str, since: &str) -> Value {
    json!({
        "type": name,
        "status": status,
        "observedGeneration": 1,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    })
}

/// An entry of ours in a route, as it stands there.
fn entry(name: &str) -> Value {
    json!({
        "parentRef": {"group": GROUP, "kind": "Gateway", "name": name},
        "controllerName": CONTROLLER_NAME,
        "conditions": [stands("Accepted", "True", "Accepted", "", BEGIN)],
    })
}

/// What another controller has written there, with a field that nobody here knows.
fn foreign(name: &str) -> Value {
    json!({
        "parentRef": {"name": name},
        "controllerName": "example.com/other",
        "conditions": [],
        "newer": {"than": "we are"},
    })
}

/// A world whose Gateway is programmed, as its status says.
fn settled() -> World {
    let mut world = World::new();
    world.apply(&a_gateway());
    world.tell(Input::GatewayAddresses(its_fleet(), gateway_addresses(&["192.0.2.1"])));
    world.tell(Input::Acknowledged(its_fleet(), 1));
    world.say_status(&a_gateway(), gateway(0), 1);
    assert_eq!(world.settle(), 1);
    world
}

/// The status of the Gateway's condition, and its reason.
fn programmed_is(world: &World) -> (Value, Value) {
    let status = world.cluster.status(&a_gateway());
    let conditions = status["conditions"].as_array().expect("conditions");
    let condition = conditions.iter().find(|each| each["type"] == "Programmed").expect("the condition");
    (condition["status"].clone(), condition["reason"].clone())
}

#[test]
fn a_class_says_what_is_supported_in_place_of_what_stood_there() {
    let mut world = World::new();
    let class = Target::new(Kind::GatewayClass, "", "isobath");
    world.tell(Input::Experimental(true));
    world.tell(Input::Release(Release::Unknown));
    world.apply(&class);
    let waiting = stands("Accepted", "Unknown", "Pending", "Waiting for controller", "1970-01-01T00:00:00Z");
    world.cluster.write_status(&class, json!({"conditions": [waiting]}));
    world.observe(&class);
    world.say_status(&class, GatewayApiStatus::Class(vec![accepted()]), 1);
    assert_eq!(world.settle(), 1);
    let status = world.cluster.status(&class);
    assert_eq!(status["conditions"], json!([stands("Accepted", "True", "Accepted", "", BEGIN)]));
    let features = status["supportedFeatures"].as_array().expect("features");
    assert!(features.contains(&json!({"name": "HTTPRoute"})), "{features:?}");
    assert_eq!(world.settle(), 0);
}

#[test]
fn a_class_supports_what_the_channel_of_the_api_has_fields_for() {
    let mut world = World::new();
    let class = Target::new(Kind::GatewayClass, "", "isobath");
    world.apply(&class);
    world.tell(Input::Release(Release::Supported));
    world.say_status(&class, GatewayApiStatus::Class(vec![accepted()]), 1);
    assert_eq!(world.settle(), 0, "nobody knows yet");
    let retries = |world: &World| {
        let status = world.cluster.status(&class);
        let features = status["supportedFeatures"].as_array().expect("features");
        features.iter().filter(|each| each["name"].as_str().expect("a name").contains("Retry")).count()
    };
    for (experimental, writes, wanted) in [(false, 1, 0), (true, 1, 3), (true, 0, 3), (false, 1, 0)] {
        world.tell(Input::Experimental(experimental));
        assert_eq!((world.settle(), retries(&world)), (writes, wanted));
    }
}

#[test]
fn a_class_says_whether_the_release_of_the_api_is_supported() {
    let mut world = World::new();
    let class = Target::new(Kind::GatewayClass, "", "isobath");
    world.apply(&class);
    world.tell(Input::Experimental(false));
    world.say_status(&class, GatewayApiStatus::Class(vec![accepted()]), 1);
    assert_eq!(world.settle(), 0, "nobody knows yet");
    let version = |world: &World| {
        let status = world.cluster.status(&class);
        let [_, version @ ..] = status["conditions"].as_array().expect("conditions").as_slice() else {
            panic!()
        };
        version
            .iter()
            .map(|each| {
                ["type", "status", "reason", "message"]
                    .map(|key| each[key].as_str().expect("text").to_owned())
            })
            .next()
    };
    let supported = ["SupportedVersion", "True", "SupportedVersion", ""].map(str::to_owned);
    let why = "g is of release v1.4.0, h does not say which release it is of; they are served as far as they are \
               understood. Apply the definitions of the Gateway API 1.6";
    let unsupported = ["SupportedVersion", "False", "UnsupportedVersion", why].map(str::to_owned);
    let lines = ["g is of release v1.4.0", "h does not say which release it is of"].map(str::to_owned);
    for (release, writes, wanted) in [
        (Release::Supported, 1, Some(supported)),
        (Release::Unsupported(lines.to_vec()), 1, Some(unsupported.clone())),
        (Release::Unsupported(lines.into()), 0, Some(unsupported)),
        (Release::Unknown, 1, None),
    ] {
        world.tell(Input::Release(release));
        assert_eq!((world.settle(), version(&world)), (writes, wanted));
    }
}

#[test]
fn a_gateway_is_programmed_when_its_envoys_have_it_and_an_address_is_there() {
    let mut world = settled();
    let wanted = json!({
        "addresses": [{"type": "IPAddress", "value": "192.0.2.1"}],
        "conditions": [
            stands("Accepted", "True", "Accepted", "", BEGIN),
            stands("Programmed", "True", "Programmed", "", BEGIN),
        ],
        "listeners": [{
            "name": "web",
            "supportedKinds": [{"group": GROUP, "kind": "HTTPRoute"}],
            "attachedRoutes": 0,
            "conditions": [
                stands("Accepted", "True", "Accepted", "", BEGIN),
                stands("Programmed", "True", "Programmed", "", BEGIN),
            ],
        }],
    });
    assert_eq!(world.cluster.status(&a_gateway()), wanted);
    world.pass(10_000);
    world.say_status(&a_gateway(), gateway(0), 5);
    world.observe(&a_gateway());
    assert_eq!(world.settle(), 0, "the same is said");
}

#[test]
fn what_a_gateway_waits_for_is_told() {
    let mut world = World::new();
    world.apply(&a_gateway());
    world.say_status(&a_gateway(), gateway(0), 2);
    assert_eq!(world.write(), 1, "what takes long is not waited for");
    assert_eq!(programmed_is(&world), (json!("False"), json!("AddressNotAssigned")));
    world.pass(10_000);
    world.tell(Input::GatewayAddresses(its_fleet(), gateway_addresses(&["192.0.2.1"])));
    assert_eq!(world.settle(), 1);
    assert_eq!(programmed_is(&world), (json!("False"), json!("Pending")));
    world.pass(10_000);
    for (fleet, publication) in
        [(FleetId::ingress(), 9), (FleetId::gateway("shop", "other"), 9), (its_fleet(), 1)]
    {
        world.tell(Input::Acknowledged(fleet, publication));
        assert_eq!(world.settle(), 0);
    }
    world.tell(Input::Acknowledged(its_fleet(), 2));
    assert_eq!(world.settle(), 1);
    assert_eq!(programmed_is(&world), (json!("True"), json!("Programmed")));
}

#[test]
fn a_gateway_that_does_not_get_the_addresses_that_it_asks_for_is_not_programmed() {
    let mut world = settled();
    world.pass(60_000);
    world.apply(&a_gateway());
    let asks = |requested: &[&str]| {
        let requested = requested.iter().map(|value| (*value).into()).collect();
        GatewayApiStatus::Gateway(GatewayStatus { requested, ..of_gateway(0) })
    };
    world.say_status(&a_gateway(), asks(&["192.0.2.1", "192.0.2.9"]), 1);
    assert_eq!(world.settle(), 1);
    let status = world.cluster.status(&a_gateway());
    let conditions = &status["conditions"];
    assert_eq!(
        (&conditions[1]["status"], &conditions[1]["reason"]),
        (&json!("False"), &json!("AddressNotUsable"))
    );
    assert_eq!(conditions[1]["message"], "The address 192.0.2.9 that it asks for is not its own");
    assert_eq!(conditions[1]["lastTransitionTime"], "2026-01-01T00:01:00Z");
    assert_eq!(conditions[0]["lastTransitionTime"], BEGIN, "it holds as before");
    assert_eq!(status["addresses"], json!([{"type": "IPAddress", "value": "192.0.2.1"}]));
    world.pass(60_000);
    world.tell(Input::GatewayAddresses(its_fleet(), gateway_addresses(&["192.0.2.9", "192.0.2.1"])));
    assert_eq!(world.settle(), 1);
    assert_eq!(programmed_is(&world), (json!("True"), json!("Programmed")));
}

#[test]
fn a_new_leader_leaves_a_gateway_as_it_is_until_it_knows_more() {
    let world = settled();
    let mut next = World::over(world.cluster, world.now);
    next.observe(&a_gateway());
    next.say_status(&a_gateway(), gateway(0), 1);
    next.lead(std::time::Duration::from_secs(100));
    assert_eq!(next.settle(), 0);
    next.pass(10_000);
    next.tell(Input::GatewayAddresses(its_fleet(), gateway_addresses(&["192.0.2.1"])));
    assert_eq!(next.settle(), 0);
}

#[test]
fn the_addresses_and_envoys_of_a_gateway_are_not_those_of_the_next_one_of_its_name() {
    let mut world = settled();
    world.cluster.delete(&a_gateway());
    world.observe(&a_gateway());
    world.tell(Input::Dissolved(its_fleet()));
    world.apply(&a_gateway());
    world.say_status(&a_gateway(), gateway(0), 1);
    assert_eq!(world.settle(), 1);
    assert_eq!(programmed_is(&world), (json!("False"), json!("AddressNotAssigned")));
    world.tell(Input::GatewayAddresses(its_fleet(), gateway_addresses(&["192.0.2.2"])));
    assert_eq!(world.settle(), 1);
    assert_eq!(programmed_is(&world), (json!("False"), json!("Pending")), "its Envoys are others, too");
}

#[test]
fn gateways_that_share_envoys_are_where_those_of_their_class_are() {
    let mut world = World::new();
    let class = FleetId::class("edge");
    let gateways = [a_gateway(), target(Kind::Gateway, "other")];
    let shared = || GatewayApiStatus::Gateway(GatewayStatus { fleet: class.clone(), ..of_gateway(0) });
    for gateway in &gateways {
        world.apply(gateway);
        world.say_status(gateway, shared(), 2);
    }
    // Of no matter any more.
    world.tell(Input::GatewayAddresses(its_fleet(), gateway_addresses(&["192.0.2.9"])));
    world.tell(Input::Acknowledged(its_fleet(), 9));
    assert_eq!(world.settle(), 2);
    let addresses = |world: &World| {
        gateways.each_ref().map(|gateway| world.cluster.status(gateway)["addresses"][0]["value"].clone())
    };
    assert_eq!(addresses(&world), [Value::Null, Value::Null]);
    world.pass(10_000);
    world.tell(Input::Acknowledged(class.clone(), 2));
    world.tell(Input::GatewayAddresses(class.clone(), gateway_addresses(&["192.0.2.1"])));
    assert_eq!(world.settle(), 2);
    assert_eq!(addresses(&world), ["192.0.2.1", "192.0.2.1"]);
    assert_eq!(programmed_is(&world), (json!("True"), json!("Programmed")));
    // One goes: the other stays where it is.
    world.cluster.delete(&gateways[1]);
    world.observe(&gateways[1]);
    assert_eq!(world.settle(), 0);
}

#[test]
fn addresses_stay_while_envoys_move() {
    let mut world = settled();
    let class = FleetId::class("edge");
    let moved = GatewayStatus { fleet: class.clone(), ..of_gateway(0) };
    world.tell(Input::GatewayAddresses(class.clone(), vec![]));
    world.tell(Input::Acknowledged(class.clone(), 2));
    world.pass(10_000);
    world.say_status(&a_gateway(), GatewayApiStatus::Gateway(moved), 2);
    assert_eq!(world.settle(), 1);
    let addresses = |world: &World| world.cluster.status(&a_gateway())["addresses"].clone();
    assert_eq!(addresses(&world), json!([{"type": "IPAddress", "value": "192.0.2.1"}]));
    assert_eq!(programmed_is(&world), (json!("False"), json!("AddressNotAssigned")));
    world.pass(10_000);
    world.tell(Input::GatewayAddresses(class, gateway_addresses(&["192.0.2.2"])));
    assert_eq!(world.settle(), 1);
    assert_eq!(addresses(&world), json!([{"type": "IPAddress", "value": "192.0.2.2"}]));
    assert_eq!(programmed_is(&world), (json!("True"), json!("Programmed")));
}

#[test]
fn a_listener_set_waits_for_the_envoys_of_its_gateway() {
    let mut world = World::new();
    let set = target(Kind::ListenerSet, "more");
    world.apply(&set);
    let status = ListenerSetStatus {
        fleet: its_fleet(),
        conditions: vec![accepted(), programmed()],
        listeners: vec![listener(3)],
    };
    world.say_status(&set, GatewayApiStatus::ListenerSet(status), 2);
    assert_eq!(world.settle(), 1);
    let status = world.cluster.status(&set);
    let pending = "Waiting for Envoys: none is connected, or not all have acknowledged it yet";
    let not_yet = stands("Programmed", "False", "Pending", pending, BEGIN);
    assert_eq!((&status["conditions"][1], &status["listeners"][0]["conditions"][1]), (&not_yet, &not_yet));
    assert_eq!(status["listeners"][0]["attachedRoutes"], 3);
    world.pass(10_000);
    world.tell(Input::Acknowledged(its_fleet(), 2));
    assert_eq!(world.settle(), 1);
    let now = stands("Programmed", "True", "Programmed", "", "2026-01-01T00:00:10Z");
    assert_eq!(world.cluster.status(&set)["conditions"][1], now);
}

#[test]
fn listener_sets_are_counted_where_they_are_allowed() {
    let mut world = settled();
    let count =
        |sets| GatewayApiStatus::Gateway(GatewayStatus { attached_listener_sets: sets, ..of_gateway(0) });
    for sets in [Some(2), Some(0), None] {
        world.pass(10_000);
        world.say_status(&a_gateway(), count(sets), 1);
        assert_eq!(world.settle(), 1);
        let status = world.cluster.status(&a_gateway());
        assert_eq!(status.get("attachedListenerSets"), sets.map(Value::from).as_ref());
    }
}

#[test]
fn routes_that_come_in_crowds_are_counted_once_in_a_second() {
    let mut world = settled();
    world.pass(10_000);
    let mut writes = 0;
    for number in 1..=40 {
        world.say_status(&a_gateway(), gateway(number), 1);
        writes += world.write();
        world.pass(100);
    }
    assert_eq!(writes, 4, "in four seconds");
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&a_gateway())["listeners"][0]["attachedRoutes"], 40);
}

#[test]
fn conditions_of_others_stay_with_those_of_a_gateway() {
    let mut world = settled();
    let theirs = json!({"type": "example.com/Guarded", "status": "True", "reason": "Theirs", "newer": 7});
    let mut status = world.cluster.status(&a_gateway());
    status["conditions"].as_array_mut().unwrap().insert(1, theirs.clone());
    world.cluster.write_status(&a_gateway(), status);
    world.observe(&a_gateway());
    assert_eq!(world.settle(), 0, "they are no change of ours");
    world.pass(60_000);
    world.tell(Input::GatewayAddresses(its_fleet(), gateway_addresses(&[])));
    assert_eq!(world.settle(), 1);
    let status = world.cluster.status(&a_gateway());
    assert_eq!((&status["conditions"][1], &status["conditions"][2]["status"]), (&theirs, &json!("False")));
}

#[test]
fn a_route_has_an_entry_for_each_parent_of_ours() {
    let mut world = World::new();
    world.apply(&a_route());
    world.say_status(&a_route(), route(&["a", "b"]), 1);
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&a_route()), json!({"parents": [entry("a"), entry("b")]}));
    world.pass(60_000);
    world.say_status(&a_route(), route(&["a", "b"]), 2);
    world.observe(&a_route());
    assert_eq!(world.settle(), 0);
    world.say_status(&a_route(), route(&["b"]), 2);
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&a_route()), json!({"parents": [entry("b")]}), "since then");
    world.say_status(&a_route(), route(&[]), 2);
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&a_route()), json!({"parents": []}));
}

#[test]
fn a_route_that_is_not_ours_is_left_alone() {
    let mut world = World::new();
    world.apply(&a_route());
    world.say_status(&a_route(), route(&[]), 1);
    assert_eq!(world.settle(), 0);
    world.cluster.write_status(&a_route(), json!({"parents": [foreign("x")]}));
    world.observe(&a_route());
    assert_eq!(world.settle(), 0);
}

#[test]
fn what_was_said_of_a_route_that_is_not_ours_any_more_is_taken_back() {
    let mut world = World::new();
    for name in ["cart", "gone"] {
        let route_of_ours = target(Kind::HttpRoute, name);
        world.apply(&route_of_ours);
        world.cluster.write_status(&route_of_ours, json!({"parents": [foreign("x")]}));
        world.observe(&route_of_ours);
        world.say_status(&route_of_ours, route(&["a"]), 1);
    }
    assert_eq!(world.settle(), 2);
    // It has another parent now.
    world.apply(&a_route());
    world.tell(Input::Unsaid(a_route()));
    world.cluster.delete(&target(Kind::HttpRoute, "gone"));
    world.observe(&target(Kind::HttpRoute, "gone"));
    world.tell(Input::Unsaid(target(Kind::HttpRoute, "gone")));
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&a_route()), json!({"parents": [foreign("x")]}));
}

#[test]
fn entries_of_others_stay_as_and_where_they_are() {
    let mut world = World::new();
    world.apply(&a_route());
    world.cluster.write_status(&a_route(), json!({"parents": [entry("old"), foreign("x"), entry("older")]}));
    world.observe(&a_route());
    world.say_status(&a_route(), route(&["a"]), 1);
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&a_route()), json!({"parents": [entry("a"), foreign("x")]}));
    world.say_status(&a_route(), route(&["a", "b"]), 1);
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&a_route()), json!({"parents": [entry("a"), foreign("x"), entry("b")]}));
}

#[test]
fn what_somebody_else_writes_meanwhile_is_not_lost() {
    let mut world = World::new();
    world.apply(&a_route());
    world.say_status(&a_route(), route(&["a"]), 1);
    // Nobody has seen it yet.
    world.cluster.write_status(&a_route(), json!({"parents": [foreign("x")]}));
    let write = world.next_write().expect("it is due");
    let outcome = world.cluster.take(&write);
    assert!(matches!(outcome, Outcome::Outdated(_)), "{outcome:?}");
    world.tell(Input::Finished(write.target, outcome));
    assert_eq!(world.write(), 1, "at once");
    assert_eq!(world.cluster.status(&a_route()), json!({"parents": [foreign("x"), entry("a")]}));
}

#[test]
fn who_writes_without_end_does_not_keep_us_busy() {
    let mut world = World::new();
    world.apply(&a_route());
    world.say_status(&a_route(), route(&["a"]), 1);
    let mut pauses = Vec::new();
    for number in 0..5 {
        world.cluster.write_status(&a_route(), json!({"parents": [foreign(&number.to_string())]}));
        let write = world.next_write().expect("it is due");
        let outcome = world.cluster.take(&write);
        world.tell(Input::Finished(write.target, outcome));
        let due = world.due().expect("it is written again");
        pauses.push((due - world.now).as_secs());
        world.now = due;
    }
    assert_eq!(pauses, [0, 1, 2, 4, 8]);
}

#[test]
fn under_another_name_entries_of_ours_are_others() {
    let mut world = World::new().named("example.com/ours");
    world.apply(&a_route());
    world.cluster.write_status(&a_route(), json!({"parents": [entry("old")]}));
    world.observe(&a_route());
    world.say_status(&a_route(), route(&["a"]), 1);
    assert_eq!(world.settle(), 1);
    let status = world.cluster.status(&a_route());
    let names: Vec<_> =
        status["parents"].as_array().unwrap().iter().map(|each| &each["controllerName"]).collect();
    assert_eq!(names, [CONTROLLER_NAME, "example.com/ours"]);
}

#[test]
fn a_policy_has_an_entry_for_each_ancestor() {
    let mut world = World::new();
    let policy = target(Kind::BackendTlsPolicy, "tls");
    world.apply(&policy);
    let ancestor = ParentRef { section_name: Some("web".into()), port: Some(443), ..parent("edge") };
    let status = AncestorStatus { ancestor, conditions: vec![accepted()] };
    world.say_status(&policy, GatewayApiStatus::Policy(vec![status]), 1);
    assert_eq!(world.settle(), 1);
    let wanted = json!({"ancestors": [{
        "ancestorRef": {"group": GROUP, "kind": "Gateway", "name": "edge", "sectionName": "web", "port": 443},
        "controllerName": CONTROLLER_NAME,
        "conditions": [stands("Accepted", "True", "Accepted", "", BEGIN)],
    }]});
    assert_eq!(world.cluster.status(&policy), wanted);
    assert_eq!(world.settle(), 0);
}

#[test]
fn a_list_has_no_more_entries_than_the_api_server_takes() {
    let mut world = World::new();
    world.apply(&a_route());
    world.cluster.write_status(&a_route(), json!({"parents": [foreign("x"), foreign("y")]}));
    world.observe(&a_route());
    let names: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
    world.say_status(&a_route(), route(&names.iter().map(String::as_str).collect::<Vec<_>>()), 1);
    assert_eq!(world.settle(), 1);
    assert_eq!(world.cluster.status(&a_route())["parents"].as_array().map(Vec::len), Some(32));
    assert_eq!(world.settle(), 0);
}

#[test]
fn a_message_is_no_longer_than_the_api_server_takes() {
    let mut world = World::new();
    world.apply(&a_route());
    let long = Condition { message: "ü".repeat(20_000), ..accepted() };
    let status = ParentStatus { parent: parent("a"), conditions: vec![long] };
    world.say_status(&a_route(), GatewayApiStatus::Route(vec![status]), 1);
    assert_eq!(world.settle(), 1);
    let status = world.cluster.status(&a_route());
    assert_eq!(status["parents"][0]["conditions"][0]["message"], "ü".repeat(16_384));
}

#[test]
fn what_envoys_reject_is_told_where_the_route_is_accepted() {
    let mut world = World::new();
    world.apply(&a_route());
    let refused = ParentStatus {
        parent: parent("b"),
        conditions: vec![condition("Accepted", Holds::No, "NotAllowedByListeners")],
    };
    let GatewayApiStatus::Route(mut parents) = route(&["a"]) else { panic!() };
    parents.push(refused);
    let mut report = world.report(&a_route(), GatewayApiStatus::Route(parents));
    report.problems.push(Problem {
        kind: "EnvoyError",
        reason: "Rejected",
        path: String::new(),
        ..error("no")
    });
    world.say_report(&report, 1);
    assert_eq!(world.settle(), 1);
    let status = world.cluster.status(&a_route());
    let of = |index: usize| status["parents"][index]["conditions"].clone();
    let message = "Fall Back, as Envoy rejects it: no";
    let rejected = stands("PartiallyInvalid", "True", "UnsupportedValue", message, BEGIN);
    assert_eq!(of(0), json!([stands("Accepted", "True", "Accepted", "", BEGIN), rejected]));
    assert_eq!(of(1), json!([stands("Accepted", "False", "NotAllowedByListeners", "", BEGIN)]));
}

#[test]
fn what_is_dropped_and_what_envoys_reject_is_one_condition() {
    let mut world = World::new();
    world.apply(&a_route());
    let dropped = Condition {
        message: "Dropped Rule spec.rules[1]".into(),
        ..condition("PartiallyInvalid", Holds::Yes, "UnsupportedValue")
    };
    let parent = ParentStatus { parent: parent("a"), conditions: vec![accepted(), dropped] };
    let mut report = world.report(&a_route(), GatewayApiStatus::Route(vec![parent]));
    report.problems.push(Problem {
        kind: "EnvoyError",
        reason: "Rejected",
        path: String::new(),
        ..error("no")
    });
    world.say_report(&report, 1);
    assert_eq!(world.settle(), 1);
    let message = "Dropped Rule spec.rules[1]; Fall Back, as Envoy rejects it: no";
    let said = stands("PartiallyInvalid", "True", "UnsupportedValue", message, BEGIN);
    let expected = json!([stands("Accepted", "True", "Accepted", "", BEGIN), said]);
    assert_eq!(world.cluster.status(&a_route())["parents"][0]["conditions"], expected);
}

#[test]
fn a_gateway_that_envoys_reject_is_not_programmed() {
    let mut world = settled();
    world.apply(&a_gateway());
    let mut report = world.report(&a_gateway(), gateway(0));
    report.problems.push(Problem {
        kind: "EnvoyError",
        reason: "Rejected",
        path: String::new(),
        ..error("no")
    });
    world.say_report(&report, 1);
    assert_eq!(world.settle(), 1);
    assert_eq!(programmed_is(&world), (json!("False"), json!("Invalid")));
    world.tell(acknowledged(9));
    assert_eq!(world.settle(), 0);
}

#[test]
fn a_new_generation_waits_a_moment_for_envoys_that_are_there() {
    let mut world = settled();
    world.pass(60_000);
    world.apply(&a_gateway());
    world.say_status(&a_gateway(), gateway(0), 2);
    world.pass(999);
    assert_eq!(world.write(), 0);
    world.tell(Input::Acknowledged(its_fleet(), 2));
    assert_eq!((world.write(), programmed_is(&world)), (1, (json!("True"), json!("Programmed"))));
    world.apply(&a_gateway());
    world.say_status(&a_gateway(), gateway(0), 3);
    world.pass(1_000);
    assert_eq!((world.write(), programmed_is(&world)), (1, (json!("False"), json!("Pending"))));
}

#[test]
fn a_new_generation_is_told_with_all_its_conditions() {
    let mut world = settled();
    world.pass(60_000);
    world.apply(&a_gateway());
    world.say_status(&a_gateway(), gateway(0), 2);
    world.tell(Input::Acknowledged(its_fleet(), 2));
    assert_eq!(world.settle(), 1);
    let status = world.cluster.status(&a_gateway());
    let own = status["conditions"].as_array().unwrap().iter();
    let all = own.chain(status["listeners"][0]["conditions"].as_array().unwrap());
    let seen: Vec<_> =
        all.map(|each| (each["observedGeneration"].clone(), each["lastTransitionTime"].clone())).collect();
    assert_eq!(seen, vec![(json!(2), json!(BEGIN)); 4]);
}
