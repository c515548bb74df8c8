//! When something is written, and when not.

use std::time::{Duration, Instant};

use isobath_status::{Input, Kind, Observation, Outcome};
use model::Verdict;
use serde_json::{Value, json};

use crate::world::{Cluster, World, acknowledged, addresses, applied, error, proxy, statement, target};

/// The condition of a type.
fn condition(world: &World, name: &str, kind: &str) -> Value {
    let status = world.cluster.status(&proxy(name));
    let conditions = status["conditions"].as_array().expect("conditions");
    conditions.iter().find(|condition| condition["type"] == kind).expect("the condition").clone()
}

fn is_programmed(world: &World, name: &str) -> bool {
    condition(world, name, "Programmed")["status"] == "True"
}

/// A world with a proxy that is valid and programmed, as its status says.
fn settled() -> World {
    let mut world = World::new();
    world.tell(acknowledged(1));
    world.apply(&proxy("web"));
    world.say(&proxy("web"), Verdict::Valid, vec![], 1);
    assert_eq!(world.settle(), 1);
    world
}

/// A world with proxies of which something is to be written.
fn waiting(names: &[&str]) -> World {
    let mut world = World::new();
    for name in names {
        world.apply(&proxy(name));
        world.blame(&proxy(name), "wrong");
    }
    world
}

#[test]
fn nothing_changed_writes_nothing() {
    let mut world = settled();
    world.pass(100_000);
    world.say(&proxy("web"), Verdict::Valid, vec![], 1);
    world.say(&proxy("web"), Verdict::Valid, vec![], 7);
    world.observe(&proxy("web"));
    world.tell(acknowledged(7));
    world.lead(Duration::from_secs(100));
    assert_eq!((world.settle(), world.due()), (0, None));
}

#[test]
fn an_object_of_which_nothing_is_said_is_left_alone() {
    let mut world = World::new();
    world.apply(&proxy("web"));
    assert_eq!(world.settle(), 0);
    let mut world = settled();
    world.tell(Input::Unsaid(proxy("web")));
    world.apply(&proxy("web"));
    assert_eq!(world.settle(), 0);
    assert_eq!(world.cluster.status(&proxy("web"))["currentStatus"], "valid");
}

#[test]
fn validity_waits_a_moment_for_the_acknowledgement_and_both_are_one_write() {
    let mut world = World::new();
    world.apply(&proxy("web"));
    world.say(&proxy("web"), Verdict::Valid, vec![], 3);
    world.pass(999);
    assert_eq!(world.write(), 0);
    world.tell(acknowledged(2));
    assert_eq!(world.write(), 0);
    world.tell(acknowledged(3));
    assert_eq!((world.write(), is_programmed(&world, "web")), (1, true));
    assert_eq!(world.settle(), 0);
}

#[test]
fn without_an_acknowledgement_validity_is_written_after_a_second() {
    let mut world = World::new();
    world.apply(&proxy("web"));
    world.say(&proxy("web"), Verdict::Valid, vec![], 1);
    world.pass(1_000);
    assert_eq!((world.write(), is_programmed(&world, "web")), (1, false));
    assert_eq!(condition(&world, "web", "Programmed")["reason"], "Pending");
    world.pass(60_000);
    assert_eq!(world.settle(), 0);
    world.tell(acknowledged(1));
    assert_eq!((world.write(), is_programmed(&world, "web")), (1, true));
    let (valid, programmed) = (condition(&world, "web", "Valid"), condition(&world, "web", "Programmed"));
    assert_eq!(valid["lastTransitionTime"], "2026-01-01T00:00:01Z");
    assert_eq!(programmed["lastTransitionTime"], "2026-01-01T00:01:01Z");
}

#[test]
fn news_without_end_do_not_hold_it_back_longer() {
    let mut world = World::new();
    world.apply(&proxy("web"));
    for carried_by in 1..=4 {
        world.say(&proxy("web"), Verdict::Valid, vec![], carried_by);
        assert_eq!(world.write(), 0);
        world.pass(250);
    }
    assert_eq!(world.write(), 1);
}

#[test]
fn what_is_invalid_waits_for_nobody() {
    let mut world = World::new();
    world.apply(&proxy("web"));
    world.blame(&proxy("web"), "wrong");
    assert_eq!(world.write(), 1);
    world.tell(acknowledged(9));
    assert_eq!(world.settle(), 0);
}

/// Proves instead/transition-time.
#[test]
fn a_condition_is_as_old_as_its_status_whatever_else_it_says() {
    let mut world = waiting(&["web"]);
    assert_eq!(world.settle(), 1);
    let before = condition(&world, "web", "Valid");
    world.pass(60_000);
    world.blame(&proxy("web"), "something else");
    assert_eq!(world.settle(), 1);
    let after = condition(&world, "web", "Valid");
    assert_ne!(after["errors"], before["errors"]);
    assert_eq!(after["lastTransitionTime"], before["lastTransitionTime"]);
    world.say(&proxy("web"), Verdict::Valid, vec![], 1);
    world.tell(acknowledged(1));
    assert_eq!(world.settle(), 1);
    assert_ne!(condition(&world, "web", "Valid")["lastTransitionTime"], before["lastTransitionTime"]);
}

#[test]
fn programmed_is_not_withdrawn_while_the_object_stays_as_it_is() {
    let mut world = settled();
    // A Service behind it has changed: the same object, another configuration.
    world.say(&proxy("web"), Verdict::Valid, vec![], 5);
    world.pass(10_000);
    assert_eq!((world.settle(), is_programmed(&world, "web")), (0, true));
}

#[test]
fn a_new_generation_is_programmed_when_it_is_acknowledged() {
    let mut world = settled();
    world.pass(60_000);
    world.apply(&proxy("web"));
    assert_eq!(world.write(), 0, "there is nothing to say about the new form yet");
    world.say(&proxy("web"), Verdict::Valid, vec![], 2);
    world.pass(500);
    assert_eq!(world.write(), 0);
    world.tell(acknowledged(2));
    assert_eq!((world.write(), is_programmed(&world, "web")), (1, true));
    let programmed = condition(&world, "web", "Programmed");
    assert_eq!(programmed["observedGeneration"], 2);
    assert_eq!(programmed["lastTransitionTime"], "2026-01-01T00:00:00Z", "it was True before");
}

#[test]
fn what_is_said_about_an_older_form_is_not_written() {
    let mut world = World::new();
    world.apply(&proxy("web"));
    world.blame(&proxy("web"), "wrong");
    world.apply(&proxy("web"));
    assert_eq!(world.settle(), 0);
}

#[test]
fn of_what_was_said_during_a_write_the_last_is_written() {
    let mut world = waiting(&["web"]);
    let write = world.next_write().expect("it is due");
    for message in ["two", "three", "four"] {
        world.blame(&proxy("web"), message);
        assert_eq!(world.next_write(), None, "one write at a time for one object");
    }
    let outcome = world.cluster.take(&write);
    world.tell(Input::Finished(write.target, outcome));
    assert_eq!(world.settle(), 1);
    let message = "four (spec.routes[0].services[0])";
    assert_eq!(condition(&world, "web", "Valid")["errors"][0]["message"], message);
}

#[test]
fn what_the_watch_says_from_before_a_write_is_old() {
    let mut world = waiting(&["web"]);
    let before = world.cluster.observation(&proxy("web")).expect("it is there");
    let write = world.next_write().expect("it is due");
    let outcome = world.cluster.take(&write);
    world.tell(Input::Finished(write.target, outcome));
    world.tell(Input::Observed(proxy("web"), Box::new(before)));
    assert_eq!(world.settle(), 0);
}

#[test]
fn a_failed_write_is_tried_again_later_each_time_and_delays_no_other() {
    let mut world = waiting(&["a", "b"]);
    let mut pauses = Vec::new();
    let mut others = 0;
    for _ in 0..12 {
        let write = world.next_write().expect("it is due");
        assert_eq!(write.target, proxy("a"));
        world.tell(Input::Finished(write.target, Outcome::Failed));
        others += world.write();
        assert_eq!(others, 1, "the other was written at once");
        let due = world.due().expect("it is tried again");
        pauses.push((due - world.now).as_secs());
        world.now = due;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    assert_eq!(world.settle(), 1);
    // After a success it begins anew.
    world.apply(&proxy("a"));
    world.blame(&proxy("a"), "wrong");
    let write = world.next_write().expect("it is due");
    world.tell(Input::Finished(write.target, Outcome::Failed));
    assert_eq!(world.due(), Some(world.now + Duration::from_secs(1)));
}

#[test]
fn an_api_server_that_asks_for_patience_gets_it() {
    let mut world = waiting(&["a", "b"]);
    let write = world.next_write().expect("it is due");
    world.tell(Input::Finished(write.target, Outcome::Busy(Duration::from_secs(3))));
    world.pass(2_999);
    assert_eq!(world.write(), 0);
    assert_eq!(world.due(), Some(world.now + Duration::from_millis(1)));
    assert_eq!(world.settle(), 2);
}

#[test]
fn an_object_that_is_gone_is_written_no_more() {
    let mut world = waiting(&["web"]);
    world.cluster.delete(&proxy("web"));
    let write = world.next_write().expect("nobody knows yet");
    world.tell(Input::Finished(write.target, Outcome::Gone));
    assert_eq!(world.due(), None);
    // Another one of its name, with the same generation.
    world.apply(&proxy("web"));
    assert_eq!(world.settle(), 1);
}

#[test]
fn a_write_for_an_object_does_not_reach_the_next_one_of_its_name() {
    let mut world = waiting(&["web"]);
    let write = world.next_write().expect("it is due");
    world.cluster.delete(&proxy("web"));
    world.apply(&proxy("web"));
    let outcome = world.cluster.take(&write);
    assert!(matches!(outcome, Outcome::Failed));
    world.tell(Input::Finished(write.target, outcome));
    assert_eq!(world.settle(), 1);
}

#[test]
fn only_the_leader_writes_and_only_until_its_lease_ends() {
    let mut world = World::over(Cluster::default(), Instant::now());
    world.apply(&proxy("web"));
    world.blame(&proxy("web"), "wrong");
    assert_eq!((world.write(), world.due()), (0, None));
    world.lead(Duration::from_secs(10));
    assert_eq!(world.due(), Some(world.now));
    world.pass(10_000);
    assert_eq!((world.write(), world.due()), (0, None));
    world.lead(Duration::from_secs(10));
    world.pass(9_999);
    let write = world.next_write().expect("the lease was renewed");
    assert_eq!(write.until, world.now + Duration::from_millis(1));
    world.tell(Input::Follows);
    world.tell(Input::Finished(write.target, Outcome::Failed));
    world.pass(1_000_000);
    assert_eq!((world.write(), world.due()), (0, None));
}

#[test]
fn a_new_leader_writes_only_what_differs() {
    let mut world = settled();
    world.tell(addresses("lb.example"));
    for name in ["b", "c"] {
        world.apply(&proxy(name));
        world.blame(&proxy(name), name);
    }
    world.settle();
    let mut next = World::over(world.cluster, world.now);
    for (name, message) in [("b", "b"), ("c", "another")] {
        next.observe(&proxy(name));
        next.blame(&proxy(name), message);
    }
    next.observe(&proxy("web"));
    next.say(&proxy("web"), Verdict::Valid, vec![], 1);
    next.lead(Duration::from_secs(100));
    // No Envoy has come to it yet, nor does it know the address of the load balancer.
    next.pass(10_000);
    assert_eq!(next.settle(), 1);
    assert!(is_programmed(&next, "web"));
    assert_eq!(next.cluster.status(&proxy("web"))["loadBalancer"]["ingress"][0]["hostname"], "lb.example");
}

#[test]
fn what_others_have_written_is_left_alone() {
    let mut world = World::new();
    let foreign = json!({"type": "Ready", "status": "True", "lastTransitionTime": "2025-01-01T00:00:00Z",
        "reason": "Theirs", "message": ""});
    world.apply(&proxy("web"));
    world.cluster.write_status(&proxy("web"), json!({"conditions": [foreign], "theirs": 1}));
    world.observe(&proxy("web"));
    world.blame(&proxy("web"), "wrong");
    let write = world.next_write().expect("it is due");
    let text = applied(&write).to_string();
    assert!(!text.contains("Ready") && !text.contains("theirs"), "{text}");
    let outcome = world.cluster.take(&write);
    world.tell(Input::Finished(write.target, outcome));
    assert_eq!(condition(&world, "web", "Ready"), foreign);
    assert_eq!(world.settle(), 0);
}

#[test]
fn lists_that_contour_left_are_emptied() {
    let mut world = World::new();
    world.tell(acknowledged(1));
    world.apply(&proxy("web"));
    let left = json!({"type": "Valid", "status": "False", "observedGeneration": 1, "reason": "ErrorPresent",
        "lastTransitionTime": "2025-01-01T00:00:00Z", "message": "",
        "errors": [{"type": "A", "status": "True", "reason": "B", "message": "c"}]});
    world.cluster.write_status(&proxy("web"), json!({"conditions": [left]}));
    world.observe(&proxy("web"));
    world.say(&proxy("web"), Verdict::Valid, vec![], 1);
    let write = world.next_write().expect("it is due");
    let valid = &applied(&write)["status"]["conditions"][0];
    assert_eq!((&valid["errors"], valid.get("warnings")), (&json!([]), None));
}

#[test]
fn who_undoes_a_status_meets_patience() {
    let mut world = settled();
    let mut pauses = Vec::new();
    for _ in 0..9 {
        world.cluster.write_status(&proxy("web"), json!({"currentStatus": "invalid"}));
        world.observe(&proxy("web"));
        let due = world.due().expect("it is written again");
        pauses.push((due - world.now).as_secs());
        world.now = due;
        assert_eq!(world.write(), 1);
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
    // Real news are written at once.
    world.apply(&proxy("web"));
    world.blame(&proxy("web"), "wrong");
    assert_eq!(world.write(), 1);
}

#[test]
fn fields_that_the_api_server_does_not_know_are_not_written_forever() {
    let mut world = World::new();
    let ingress_route = target(Kind::IngressRoute, "old");
    world.apply(&ingress_route);
    world.say(&ingress_route, Verdict::Valid, vec![], 1);
    let write = world.next_write().expect("it is due");
    world.cluster.write_status(&ingress_route, json!({"currentStatus": "valid"}));
    let found = world.cluster.observation(&ingress_route).expect("it is there");
    world.tell(Input::Finished(write.target, Outcome::Written(Box::new(found))));
    world.observe(&ingress_route);
    assert_eq!(world.settle(), 0);
}

#[test]
fn each_problem_is_told_once() {
    let mut world = World::new();
    let ingress = target(Kind::Ingress, "web");
    for target in [&ingress, &proxy("web")] {
        world.apply(target);
        world.blame(target, "wrong");
    }
    assert_eq!(world.events().len(), 2);
    world.settle();
    for target in [&ingress, &proxy("web")] {
        world.apply(target);
        world.blame(target, "wrong");
        world.observe(target);
    }
    world.settle();
    assert_eq!(world.events(), []);
    world.blame(&proxy("web"), "another");
    let notes: Vec<_> = world.events().iter().map(|event| event.body["note"].clone()).collect();
    assert_eq!(notes, ["another (spec.routes[0].services[0])"]);
}

#[test]
fn what_the_status_says_already_is_told_by_no_event() {
    let mut world = waiting(&["web"]);
    world.settle();
    let mut next = World::over(world.cluster, world.now);
    next.observe(&proxy("web"));
    next.blame(&proxy("web"), "wrong");
    assert_eq!(next.events(), [], "it follows");
    next.lead(Duration::from_secs(10));
    assert_eq!(next.events(), []);
}

#[test]
fn an_object_whose_spec_cannot_be_read_has_a_status() {
    let spec = json!({"virtualhost": 7, "routes": "none"});
    let object = json!({"metadata": {"uid": "u", "generation": 2}, "spec": spec});
    let mut world = World::new();
    let observation = Observation::decode(Kind::HttpProxy, object).expect("metadata and status");
    world.tell(Input::Observed(proxy("web"), Box::new(observation)));
    let said = statement(&proxy("web"), 2, Verdict::Invalid, vec![error("spec.virtualhost is no object")], 1);
    world.tell(Input::Said(Box::new(said)));
    assert_eq!(world.write(), 1);
}
