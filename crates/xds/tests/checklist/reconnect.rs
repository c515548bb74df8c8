//! reconnection and restart.

use crate::script::check;

#[test]
fn x_090_client_that_is_in_step_is_sent_nothing() {
    check(
        "
        > publish c:a=1
        > open 1 sotw
        > 1 c
        < 1 c a=1
        > 1 c ack
        > close 1
        > open 1 sotw
        > 1 c version:kept
        > publish c:a=2
        < 1 c a=2
        ",
    );
}

#[test]
fn x_090_client_that_is_behind_is_sent_everything() {
    check(
        "
        > publish c:a=1 c:b=1
        > open 1 sotw
        > 1 c
        < 1 c a=1 b=1
        > 1 c ack
        > close 1
        > publish c:a=2
        > open 1 sotw
        > 1 c version:kept
        < 1 c a=2 b=1
        ",
    );
}

#[test]
fn x_090_client_that_rejected_something_is_in_step_with_what_it_accepted() {
    check(
        "
        > publish c:a=1 c:b=1
        > open 1 sotw
        > 1 c
        < 1 c a=1 b=1
        > 1 c ack
        > publish c:a=2
        < 1 c a=2 b=1
        > 1 c nack:no
        > close 1
        > open 1 sotw
        > 1 c version:kept
        > publish c:b=2
        < 1 c a=1 b=2
        ",
    );
}

#[test]
fn x_091_named_types_are_sent_again() {
    check(
        "
        > publish e:a=1
        > open 1 sotw
        > 1 e names:a
        < 1 e a=1
        > 1 e ack
        > close 1
        > open 1 sotw
        > 1 e names:a version:kept
        < 1 e a=1
        ",
    );
}

#[test]
fn x_092_versions_that_the_client_has_are_honoured() {
    check(
        "
        > publish c:same=1 c:changed=2 c:new=1
        > open 1 delta
        > 1 c has:same=1 has:changed=1 has:gone=1
        < 1 c changed=2 new=1
        > 1 c ack
        > wait 5000
        > wait 1000
        < 1 c -gone
        ",
    );
    check(
        "
        > publish e:same=1 e:changed=2 e:new=1
        > open 1 delta
        > 1 e +same +changed +new has:same=1 has:changed=?
        < 1 e changed=2 new=1
        ",
    );
}

#[test]
fn x_092_versions_are_read_in_the_first_request_of_a_type_only() {
    check(
        "
        > publish e:a=1 e:b=1
        > open 1 delta
        > 1 e +a
        < 1 e a=1
        > 1 e ack +b has:b=1
        < 1 e b=1
        ",
    );
}

#[test]
fn x_093_what_was_deleted_while_the_client_was_away_is_removed() {
    check(
        "
        > publish l:a=1
        > open 1 delta
        > 1 l has:a=1 has:gone=1
        < 1 l -gone
        ",
    );
}

#[test]
fn x_093_cluster_that_was_deleted_goes_when_all_its_users_are_in_step() {
    check(
        "
        > publish c:new=1 l:x=2 r:main=2>>c:new
        > open 1 delta
        > 1 c has:old=1
        < 1 c new=1
        > 1 l has:x=1
        < 1 l x=2
        > 1 c ack
        > 1 r +main has:main=1
        < 1 r main=2
        > 1 l ack
        > 1 r ack
        > 1 p
        < 1 p empty
        > 1 p ack
        > wait 1000
        < 1 c -old
        ",
    );
}

#[test]
fn x_093_cluster_that_is_deleted_just_after_a_reconnection_waits_for_its_users_too() {
    check(
        "
        > publish c:a=1 r:main=1>>c:a
        > open 1 delta
        > 1 c has:a=1
        > publish r:main=2 -c:a
        > wait 1000
        > 1 r +main has:main=1
        < 1 r main=2
        > wait 4000
        > 1 r ack
        > wait 1000
        < 1 c -a
        ",
    );
}

#[test]
fn x_094_reconnection_with_the_same_content_sends_nothing() {
    check(
        "
        > publish c:a=1>e:a e:a=1 l:x=1>r:main r:main=1>>c:a s:tls=1
        > open 1 delta
        > 1 c has:a=1
        > 1 e +a has:a=1
        > 1 s +tls has:tls=1
        > 1 l has:x=1
        > 1 r +main has:main=1
        > wait 60000
        > publish r:main=2>>c:a
        < 1 r main=2
        ",
    );
}

#[test]
fn x_095_nothing_is_answered_before_the_first_configuration() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > open 1 {variant}
            > 1 c
            > 1 l
            > wait 600000
            > publish c:a=1 l:x=1
            < 1 c a=1
            < 1 l x=1
            "
        ));
    }
}

#[test]
fn x_096_burst_of_requests_before_any_response_is_handled() {
    check(
        "
        > open 1 sotw
        > 1 c
        > 1 e names:a
        > 1 l
        > 1 r names:main
        > publish c:a=1>e:a e:a=1 l:x=1>r:main r:main=1>>c:a
        < 1 c a=1
        < 1 e a=1
        < 1 l x=1
        > 1 c ack
        < 1 r main=1
        ",
    );
}

#[test]
fn switch_between_the_variants_starts_anew() {
    check(
        "
        > publish c:a=1
        > open 1 sotw
        > 1 c
        < 1 c a=1
        > 1 c ack
        > open 2 delta
        < 1 closed: a newer stream of this node took over
        > 2 c
        < 2 c a=1
        ",
    );
}

#[test]
fn full_set_to_a_client_that_comes_back_waits_until_it_is_whole() {
    // A listener that is left out would be deleted.
    check(
        "
        > publish c:a=1 l:tcp=1>>c:a l:x=1
        > open 1 sotw
        > 1 c
        < 1 c a=1
        > 1 c ack
        > 1 l
        < 1 l tcp=1 x=1
        > 1 l ack
        > close 1
        > publish c:a=2 l:x=2
        > open 1 sotw
        > 1 c version:kept
        < 1 c a=2
        > 1 l version:kept
        > 1 c ack
        < 1 l tcp=1 x=2
        ",
    );
}
