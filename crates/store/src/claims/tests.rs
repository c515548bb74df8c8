use super::*;

/// A route of the namespace `ns`.
fn route(kind: Kind, name: &str) -> ObjectId {
    ObjectId::new(kind, "ns", name)
}

fn http(name: &str) -> ObjectId {
    route(Kind::HttpRoute, name)
}

fn grpc(name: &str) -> ObjectId {
    route(Kind::GrpcRoute, name)
}

fn listener(name: &str) -> ListenerRef {
    ListenerRef { parent: route(Kind::Gateway, "web"), name: name.into() }
}

/// Hosts at the listener `http`.
fn claims(age: Age, hosts: &[&str]) -> Claims {
    let hosts: Box<[Host]> = hosts.iter().map(|host| Host::new(*host)).collect();
    let listeners = [(listener("http"), hosts)].into_iter().filter(|(_, hosts)| !hosts.is_empty()).collect();
    Claims { age, listeners }
}

/// The routes that are dirty.
fn dirty(units: Vec<Unit>) -> Vec<String> {
    let name = |unit| match unit {
        Unit::Root(id) => id.name.to_string(),
        other => panic!("{other:?}"),
    };
    units.into_iter().map(name).collect()
}

/// Sets claims, and gives the routes that are dirty by it.
fn set(store: &mut Store, route: &ObjectId, age: Age, hosts: &[&str]) -> Vec<String> {
    dirty(store.set_claims(route, claims(age, hosts)))
}

/// Who is accepted in the place of a route.
fn winner(store: &Store, route: &ObjectId) -> Option<ObjectId> {
    store.reader().overruled(route, &listener("http"))
}

#[test]
fn of_two_kinds_with_a_host_in_common_the_older_is_accepted() {
    for (one, other) in
        [("a.b", "a.b"), ("*.b", "a.b"), ("a.b", "*.b"), ("*", "a.b"), ("*.a.b", "*.b"), ("*", "*")]
    {
        let mut store = Store::default();
        assert_eq!(set(&mut store, &http("younger"), 2, &["other", one]), [""; 0]);
        assert_eq!(set(&mut store, &grpc("older"), 1, &[other, "next"]), ["younger"], "{one} {other}");
        assert_eq!(winner(&store, &http("younger")), Some(grpc("older")));
        assert_eq!(winner(&store, &grpc("older")), None);
    }
}

#[test]
fn what_has_nothing_in_common_is_accepted() {
    for (one, other) in [("a.b", "b"), ("*.b", "b"), ("*.b", "a.cb"), ("a.b", "*.a.b"), ("*.a.b", "*.c.b")] {
        let mut store = Store::default();
        assert_eq!(set(&mut store, &http("one"), 2, &[one]), [""; 0]);
        assert_eq!(set(&mut store, &grpc("other"), 1, &[other]), [""; 0], "{one} {other}");
    }
    let mut store = Store::default();
    set(&mut store, &http("one"), 2, &["a.b"]);
    assert_eq!(set(&mut store, &http("of-the-same-kind"), 1, &["a.b"]), [""; 0]);
    let elsewhere = Claims { age: 1, listeners: [(listener("other"), [Host::new("a.b")].into())].into() };
    assert_eq!(dirty(store.set_claims(&grpc("elsewhere"), elsewhere)), [""; 0]);
}

#[test]
fn who_gives_a_claim_up_that_was_anothers_is_looked_at_again() {
    let mut store = Store::default();
    set(&mut store, &grpc("older"), 1, &["a.b"]);
    assert_eq!(set(&mut store, &http("younger"), 2, &["a.b"]), ["younger"]);
    assert_eq!(set(&mut store, &http("younger"), 2, &[]), ["younger"], "it has left the listener out");
    assert_eq!(set(&mut store, &http("younger"), 2, &[]), [""; 0]);
    assert_eq!(set(&mut store, &grpc("older"), 1, &[]), [""; 0], "nothing was another's");
}

#[test]
fn of_equal_ages_the_name_decides() {
    let mut store = Store::default();
    set(&mut store, &http("b"), 1, &["a.b"]);
    assert_eq!(set(&mut store, &grpc("c"), 1, &["a.b"]), ["c"]);
    assert_eq!(winner(&store, &grpc("c")), Some(http("b")));
    assert_eq!(set(&mut store, &grpc("a"), 1, &["a.b"]), ["b", "c"]);
}

#[test]
fn what_is_not_accepted_keeps_nobody_out() {
    let mut store = Store::default();
    set(&mut store, &http("first"), 1, &["a.b"]);
    set(&mut store, &grpc("second"), 2, &["*.b"]);
    assert_eq!(set(&mut store, &http("third"), 3, &["c.b"]), [""; 0]);
    // Without the first, the second is accepted, and the third is not.
    assert_eq!(set(&mut store, &http("first"), 1, &[]), ["third", "second"]);
    assert_eq!(winner(&store, &http("third")), Some(grpc("second")));
    assert_eq!(set(&mut store, &grpc("second"), 2, &[]), ["third"]);
    set(&mut store, &http("third"), 3, &[]);
    assert!(store.claimed.routes.is_empty() && store.claimed.listeners.is_empty());
}

#[test]
fn what_changes_nothing_makes_nothing_dirty() {
    let mut store = Store::default();
    set(&mut store, &http("older"), 1, &["a.b"]);
    set(&mut store, &grpc("younger"), 2, &["a.b"]);
    assert_eq!(set(&mut store, &grpc("younger"), 2, &["a.b"]), [""; 0]);
    assert_eq!(set(&mut store, &grpc("younger"), 2, &["*.b"]), [""; 0]);
    assert_eq!(set(&mut store, &http("older"), 1, &["a.b", "c.b"]), [""; 0]);
    assert_eq!(set(&mut store, &http("older"), 3, &["a.b"]), ["older", "younger"]);
}
