//! X-060 to X-077: content, deletion, grouping.

use std::sync::Arc;

use isobath_xds::{ClosureGap, Reference, Resource, ResourceType, Settings, Snapshot, Update, closure_gaps};

use crate::script::{check, check_with};

#[test]
fn x_060_full_sets_hold_everything_each_time() {
    for letter in ["c", "l", "p"] {
        check(&format!(
            "
            > publish {letter}:a=1 {letter}:b=1
            > open 1 sotw
            > 1 {letter}
            < 1 {letter} a=1 b=1
            > 1 {letter} ack
            > publish {letter}:b=2
            < 1 {letter} a=1 b=2
            "
        ));
    }
}

#[test]
fn x_061_full_set_leaves_out_what_was_removed_and_nothing_else() {
    check(
        "
        > publish l:a=1 l:b=1
        > open 1 sotw
        > 1 l
        < 1 l a=1 b=1
        > 1 l ack
        > publish -l:b
        < 1 l a=1
        > 1 l ack
        > publish -l:a
        < 1 l empty
        ",
    );
}

#[test]
fn x_061_resource_that_waits_keeps_its_place_in_the_full_set() {
    check(
        "
        > publish c:a=1 l:a=1>>c:a l:b=1
        > open 1 sotw
        > 1 c
        < 1 c a=1
        > 1 c ack
        > 1 l
        < 1 l a=1 b=1
        > 1 l ack
        > publish c:new=1 l:a=2>>c:new l:b=2
        < 1 c a=1 new=1
        < 1 l a=1 b=2
        > 1 l ack
        > 1 c ack
        < 1 l a=2 b=2
        ",
    );
}

#[test]
fn x_062_parts_hold_only_what_changed_and_omission_deletes_nothing() {
    for letter in ["r", "e", "s"] {
        check(&format!(
            "
            > publish {letter}:a=1 {letter}:b=1
            > open 1 sotw
            > 1 {letter} names:a,b
            < 1 {letter} a=1 b=1
            > 1 {letter} ack
            > publish {letter}:b=2
            < 1 {letter} b=2
            > 1 {letter} ack
            > publish -{letter}:a
            > wait 60000
            "
        ));
    }
}

#[test]
fn x_063_only_changes_are_sent() {
    check(
        "
        > publish c:a=1 c:b=1
        > open 1 delta
        > 1 c
        < 1 c a=1 b=1
        > 1 c ack
        > publish c:b=2 c:c=1
        < 1 c b=2 c=1
        > 1 c ack
        > publish c:b=3
        < 1 c b=3
        > publish c:b=4
        > publish c:b=3
        > 1 c ack
        ",
    );
}

#[test]
fn x_064_removal_is_told_once_and_only_to_who_could_have_it() {
    check(
        "
        > publish l:a=1
        > open 1 delta
        > 1 l +a +b
        < 1 l a=1 -b
        > 1 l ack
        > publish l:c=1
        > publish -l:c
        > publish -l:a
        < 1 l -a
        > 1 l ack
        > wait 60000
        ",
    );
}

#[test]
fn x_065_change_that_is_taken_back_sends_nothing() {
    check(
        "
        > publish l:a=1
        > open 1 delta
        > 1 l
        < 1 l a=1
        > publish l:b=1
        > publish -l:b
        > 1 l ack
        ",
    );
}

#[test]
fn x_069_first_answers_are_sent_even_when_empty() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > open 1 {variant}
            > 1 c
            > 1 l
            > publish s:x=1
            < 1 c empty
            < 1 l empty
            > 1 c ack
            > 1 l ack
            > publish s:x=2
            "
        ));
    }
}

#[test]
fn x_066_no_response_holds_a_name_twice() {
    check(
        "
        > publish e:a=1
        > open 1 delta
        > 1 e +a +a
        < 1 e a=1
        ",
    );
}

#[test]
fn x_067_revocation_by_new_content_goes_before_the_removal_of_its_cluster() {
    check(
        "
        > publish c:a=1 r:main=1>>c:a
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > 1 r +main
        < 1 r main=1
        > 1 r ack
        > publish r:main=none -c:a
        < 1 r main=none
        > wait 60000
        > 1 r ack
        > wait 1000
        < 1 c -a
        ",
    );
}

#[test]
fn x_070_endpoints_follow_each_change_of_their_cluster() {
    for (variant, clusters, endpoints, all) in [("delta", "", "+a +b", ""), ("sotw", "", "names:a,b", " b=1")]
    {
        check(&format!(
            "
            > publish c:a=1>e:a c:b=1>e:b e:a=1 e:b=1
            > open 1 {variant}
            > 1 c {clusters}
            < 1 c a=1 b=1
            > 1 c ack
            > 1 e {endpoints}
            < 1 e a=1 b=1
            > 1 e ack
            > publish c:a=2>e:a
            < 1 c a=2{all}
            < 1 e a=1
            "
        ));
    }
}

#[test]
fn x_070_endpoints_of_a_changed_cluster_follow_when_their_channel_is_free() {
    check(
        "
        > publish c:a=1>e:a e:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > 1 e +a
        < 1 e a=1
        > publish c:a=2>e:a
        < 1 c a=2
        > 1 e ack
        < 1 e a=1
        ",
    );
}

#[test]
fn x_071_endpoints_that_are_asked_for_again_are_sent_again() {
    check(
        "
        > publish e:a=1
        > open 1 sotw
        > 1 e names:a
        < 1 e a=1
        > 1 e ack
        > 1 e #1
        < 1 e a=1
        > 1 e ack
        ",
    );
}

#[test]
fn x_072_routes_follow_a_listener_that_did_not_name_them_before() {
    check(
        "
        > publish l:x=1>r:a l:y=1>r:b r:a=1 r:b=1
        > open 1 delta
        > 1 l
        < 1 l x=1 y=1
        > 1 l ack
        > 1 r +a +b
        < 1 r a=1 b=1
        > 1 r ack
        > publish l:x=2>r:b
        < 1 l x=2
        < 1 r b=1
        > 1 l ack
        > 1 r ack
        > publish l:x=3>r:b
        < 1 l x=3
        ",
    );
}

#[test]
fn x_073_x_074_equal_resources_make_no_configuration() {
    let update =
        || Update { set: vec![(ResourceType::Cluster, Resource::new("a", "1"))], removed: Vec::new() };
    let first = Snapshot::empty().apply(update()).unwrap();
    assert!(first.apply(update()).is_none());
}

#[test]
fn x_075_first_answers_go_in_chunks_by_number() {
    check_with(
        Settings { chunk_resources: 2, ..Settings::default() },
        "
        > publish c:a=1 c:b=1 c:c=1 c:d=1 c:e=1
        > open 1 delta
        > 1 c
        < 1 c a=1 b=1
        > 1 c ack
        < 1 c c=1 d=1
        > 1 c ack
        < 1 c e=1
        > 1 c ack
        ",
    );
}

#[test]
fn x_075_first_answers_go_in_chunks_by_size() {
    check_with(
        Settings { chunk_bytes: 5, ..Settings::default() },
        "
        > publish s:a=123 s:b=123 s:c=123456789 s:d=1
        > open 1 delta
        > 1 s +a +b +c +d
        < 1 s a=123 b=123
        > 1 s ack
        < 1 s c=123456789
        > 1 s ack
        < 1 s d=1
        ",
    );
}

#[test]
fn x_075_full_sets_are_never_split() {
    check_with(
        Settings { chunk_resources: 1, chunk_bytes: 1, ..Settings::default() },
        "
        > publish c:a=1 c:b=1 e:a=1 e:b=1
        > open 1 sotw
        > 1 c
        < 1 c a=1 b=1
        > 1 e names:a,b
        < 1 e a=1
        > 1 e ack
        < 1 e b=1
        ",
    );
}

#[test]
fn x_056_gaps_of_the_reference_closure_are_found() {
    let listener = Resource::new("l", "1").with_refs([
        Reference::sent(ResourceType::RouteConfiguration, "r"),
        Reference::sent(ResourceType::Secret, "s"),
    ]);
    let update = Update {
        set: vec![
            (ResourceType::Listener, listener),
            (ResourceType::RouteConfiguration, Resource::new("r", "1")),
        ],
        removed: Vec::new(),
    };
    let snapshot = Snapshot::empty().apply(update).unwrap();
    let gap = ClosureGap {
        from_type: ResourceType::Listener,
        from: "l".into(),
        to: Reference::sent(ResourceType::Secret, "s"),
    };
    assert_eq!(gap.to_string(), "Listener l refers to Secret s, which does not exist");
    assert_eq!(closure_gaps(&snapshot), [gap]);
    let secret = Update { set: vec![(ResourceType::Secret, Resource::new("s", "1"))], removed: Vec::new() };
    assert!(closure_gaps(&Arc::new(snapshot.apply(secret).unwrap())).is_empty());
}
