//! acknowledgement, rejection, nonce, version.

use std::time::Duration;

use isobath_xds::Settings;

use crate::script::{check, check_with};

#[test]
fn x_021_nonce_of_an_earlier_stream_means_nothing() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1
            > open 1 {variant}
            > 1 c #old
            < 1 c a=1
            > 1 c #old
            > publish c:a=2
            > 1 c ack
            < 1 c a=2
            "
        ));
    }
}

#[test]
fn x_022_change_of_one_type_sends_nothing_of_another() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1 l:x=1
            > open 1 {variant}
            > 1 c
            < 1 c a=1
            > 1 c ack
            > 1 l
            < 1 l x=1
            > 1 l ack
            > publish l:x=2
            < 1 l x=2
            "
        ));
    }
}

#[test]
fn x_024_rejection_is_told_by_the_error_alone() {
    // The last accepted version is that of the rejected response: nothing is decided by it.
    check(
        "
        > publish c:a=1
        > open 1 sotw
        > 1 c
        < 1 c a=1
        > 1 c ack
        > publish c:a=2
        < 1 c a=2
        > 1 c nack:no version:kept
        ! rejected c:a no
        > publish c:a=3
        < 1 c a=3
        > 1 c ack version:kept
        ! nothing
        > publish c:a=4
        < 1 c a=4
        ",
    );
}

#[test]
fn x_025_rejection_at_an_unchanged_version_is_a_rejection() {
    check(
        "
        > publish e:a=1
        > open 1 sotw
        > 1 e names:a
        < 1 e a=1
        > 1 e ack
        > 1 e names:a,b
        > publish e:b=1
        < 1 e b=1
        > 1 e nack:bad
        ! rejected e:b bad
        ",
    );
}

#[test]
fn x_026_nothing_is_sent_after_a_rejection() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1
            > open 1 {variant}
            > 1 c
            < 1 c a=1
            > 1 c nack:no
            > 1 c #1
            > wait 60000
            > publish l:x=1
            "
        ));
    }
}

#[test]
fn x_026_rejected_version_is_not_sent_again_when_it_comes_back() {
    check(
        "
        > publish c:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > publish c:a=2
        < 1 c a=2
        > 1 c nack:no
        > publish c:a=3
        < 1 c a=3
        > 1 c ack
        > publish c:a=2
        > publish c:a=4
        < 1 c a=4
        ",
    );
}

#[test]
fn x_027_good_version_after_a_rejection_is_sent() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1
            > open 1 {variant}
            > 1 c
            < 1 c a=1
            > 1 c nack:no
            > publish c:a=2
            < 1 c a=2
            > 1 c ack
            "
        ));
    }
}

#[test]
fn x_029_words_of_a_rejection_are_scrubbed() {
    check(
        "
        > publish c:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c nack:bad_-----BEGIN_PRIVATE_KEY-----MIIE-----END_PRIVATE_KEY-----_in_a
        ! rejected c:a bad [removed] in a
        ",
    );
}

#[test]
fn x_030_stale_nonce_gets_no_response() {
    check(
        "
        > publish c:a=1
        > open 1 sotw
        > 1 c
        < 1 c a=1
        > 1 c ack
        > publish c:a=2
        < 1 c a=2
        > 1 c #1
        > publish c:a=3
        > 1 c ack
        < 1 c a=3
        ",
    );
}

#[test]
fn x_031_names_of_a_stale_request_are_answered_in_the_end() {
    check(
        "
        > publish e:a=1 e:b=1
        > open 1 sotw
        > 1 e names:a
        < 1 e a=1
        > 1 e ack
        > publish e:a=2
        < 1 e a=2
        > 1 e #1 names:a,b
        > 1 e ack
        < 1 e b=1
        ",
    );
}

#[test]
fn x_032_stale_nonce_does_not_cancel_subscription_changes() {
    check(
        "
        > publish e:a=1 e:b=1
        > open 1 delta
        > 1 e +a
        < 1 e a=1
        > 1 e ack
        > publish e:a=2
        < 1 e a=2
        > 1 e #1 +b
        > 1 e ack
        < 1 e b=1
        ",
    );
}

#[test]
fn x_033_spontaneous_request_acknowledges_nothing() {
    check(
        "
        > publish e:a=1 e:b=1
        > open 1 delta
        > 1 e +a
        < 1 e a=1
        > 1 e +b
        > publish e:a=2
        > 1 e ack
        < 1 e a=2 b=1
        ",
    );
}

#[test]
fn x_035_late_acknowledgement_of_an_older_response_does_not_count_for_the_newer() {
    check(
        "
        > publish c:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > 1 l
        < 1 l empty
        > 1 l ack
        ! reached 1
        > publish c:a=2
        < 1 c a=2
        > 1 c #1
        ! nothing
        > publish c:a=3
        > 1 c ack
        < 1 c a=3
        ",
    );
}

#[test]
fn x_036_generation_is_reached_when_all_that_is_subscribed_is_acknowledged() {
    check(
        "
        > publish c:a=1 l:x=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 l
        < 1 l x=1
        > 1 c ack
        > 1 l ack
        ! reached 1
        > publish c:a=2 l:x=2
        < 1 c a=2
        < 1 l x=2
        > 1 l ack
        > 1 c ack
        ! reached 2
        ",
    );
}

#[test]
fn x_036_configuration_without_effect_on_an_envoy_is_reached_at_once() {
    check(
        "
        > publish l:x=1
        > open 1 delta
        > 1 l
        < 1 l x=1
        > 1 l ack
        ! reached 1
        > publish s:other=1
        ! reached 2
        ",
    );
}

#[test]
fn x_036_rejected_resource_does_not_hold_up_the_generation() {
    check(
        "
        > publish l:x=1
        > open 1 delta
        > 1 l
        < 1 l x=1
        > 1 l ack
        > publish l:x=2
        < 1 l x=2
        > 1 l nack:no
        ! rejected l:x no
        ! reached 2
        ",
    );
}

#[test]
fn x_037_changes_merge_while_a_response_is_unacknowledged() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1
            > open 1 {variant}
            > 1 c
            < 1 c a=1
            > publish c:a=2
            > publish c:a=3
            > publish c:a=4
            > 1 c ack
            < 1 c a=4
            "
        ));
    }
}

#[test]
fn isolated_change_leaves_at_once_and_a_burst_is_gathered() {
    check(
        "
        > publish c:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > publish c:a=2
        < 1 c a=2
        > 1 c ack
        > burst c:a=3
        > burst c:a=4
        > wait 9
        > wait 1
        < 1 c a=4
        ",
    );
}

#[test]
fn burst_without_end_is_cut() {
    let settings = Settings {
        burst_gap: Duration::from_millis(10),
        burst_cap: Duration::from_millis(20),
        ..Settings::default()
    };
    check_with(
        settings,
        "
        > publish c:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > publish c:a=2
        < 1 c a=2
        > 1 c ack
        > burst c:a=3
        > wait 8
        > burst c:a=4
        > wait 8
        > burst c:a=5
        > wait 4
        < 1 c a=5
        ",
    );
}

#[test]
fn x_038_client_that_never_acknowledges_is_closed_when_that_is_set() {
    check_with(
        Settings { drop_stuck: true, ..Settings::default() },
        "
        > publish c:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > wait 59999
        > wait 1
        < 1 closed: no acknowledgement within the deadline
        ",
    );
}

#[test]
fn x_038_client_that_never_acknowledges_stops_only_that_type() {
    check(
        "
        > publish c:a=1 l:x=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 l
        < 1 l x=1
        > 1 l ack
        > publish l:x=2 c:a=2
        < 1 l x=2
        ",
    );
}
