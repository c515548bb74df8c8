//! Law 6: one culprit among several is found, held back, and everything else goes on.

use crate::script::check;

#[test]
fn culprit_among_several_is_found_by_halving() {
    check(
        "
        > publish c:a=1 c:b=1 c:c=1 c:d=1
        > open 1 delta
        > 1 c
        < 1 c a=1 b=1 c=1 d=1
        > 1 c nack:bad
        < 1 c a=1 b=1
        > 1 c ack
        < 1 c c=1 d=1
        > 1 c nack:bad
        < 1 c c=1
        > 1 c nack:bad_c
        ! rejected c:c bad c
        < 1 c d=1
        > 1 c ack
        > publish c:c=2
        < 1 c c=2
        ",
    );
}

#[test]
fn culprit_among_several_is_found_in_full_sets() {
    check(
        "
        > publish l:a=1 l:b=1 l:c=1
        > open 1 sotw
        > 1 l
        < 1 l a=1 b=1 c=1
        > 1 l ack
        > publish l:a=2 l:b=2
        < 1 l a=2 b=2 c=1
        > 1 l nack:bad
        < 1 l a=2 b=1 c=1
        > 1 l ack
        < 1 l a=2 b=2 c=1
        > 1 l nack:bad_b
        ! rejected l:b bad b
        ! reached 2
        > publish l:c=2
        < 1 l a=2 b=1 c=2
        ",
    );
}

#[test]
fn culprit_that_never_was_accepted_is_left_out_of_full_sets() {
    check(
        "
        > publish l:a=1
        > open 1 sotw
        > 1 l
        < 1 l a=1
        > 1 l ack
        > publish l:b=1
        < 1 l a=1 b=1
        > 1 l nack:bad
        > publish l:a=2
        < 1 l a=2
        ",
    );
}

#[test]
fn other_changes_go_on_between_the_halves() {
    check(
        "
        > publish c:a=1 c:b=1 c:c=1 c:d=1
        > open 1 delta
        > 1 c
        < 1 c a=1 b=1 c=1 d=1
        > 1 c nack:bad
        < 1 c a=1 b=1
        > publish c:new=1
        > 1 c nack:bad
        < 1 c new=1
        > 1 c ack
        < 1 c a=1
        ",
    );
}

#[test]
fn suspect_that_changes_is_a_suspect_no_more() {
    check(
        "
        > publish c:a=1 c:b=1
        > open 1 delta
        > 1 c
        < 1 c a=1 b=1
        > 1 c nack:bad
        < 1 c a=1
        > publish c:b=2
        > 1 c ack
        < 1 c b=2
        > 1 c ack
        > wait 60000
        ",
    );
}

#[test]
fn suspect_that_changes_back_is_sent_because_the_client_may_have_the_other() {
    check(
        "
        > publish c:a=1 c:b=1
        > open 1 delta
        > 1 c
        < 1 c a=1 b=1
        > 1 c ack
        > publish c:a=2 c:b=2
        < 1 c a=2 b=2
        > 1 c nack:bad
        < 1 c a=2
        > publish c:b=1
        > 1 c ack
        < 1 c b=1
        ",
    );
}

#[test]
fn suspect_that_is_removed_is_removed() {
    check(
        "
        > publish l:a=1 l:b=1
        > open 1 delta
        > 1 l
        < 1 l a=1 b=1
        > 1 l ack
        > publish l:a=2 l:b=2
        < 1 l a=2 b=2
        > 1 l nack:bad
        < 1 l a=2
        > publish -l:b
        > 1 l ack
        < 1 l -b
        ",
    );
}

#[test]
fn removal_that_came_with_rejected_resources_goes_again_apart() {
    check(
        "
        > publish l:a=1 l:b=1
        > open 1 delta
        > 1 l
        < 1 l a=1 b=1
        > 1 l ack
        > publish l:a=2 -l:b
        < 1 l a=2 -b
        > 1 l nack:bad_a
        ! rejected l:a bad a
        < 1 l -b
        > 1 l nack:strange
        > wait 60000
        ",
    );
}

#[test]
fn resource_that_comes_back_after_its_removal_was_rejected_among_others_is_sent_again() {
    check(
        "
        > publish l:a=1 l:b=1
        > open 1 delta
        > 1 l
        < 1 l a=1 b=1
        > 1 l ack
        > publish l:a=2 -l:b
        < 1 l a=2 -b
        > publish l:b=1
        > 1 l nack:bad_a
        < 1 l b=1
        ",
    );
}

#[test]
fn held_resource_that_is_asked_for_is_answered_with_what_is_in_force() {
    check(
        "
        > publish e:a=1
        > open 1 delta
        > 1 e +a
        < 1 e a=1
        > 1 e ack
        > publish e:a=2
        < 1 e a=2
        > 1 e nack:no
        > 1 e -a
        > 1 e +a
        < 1 e a=1
        ",
    );
}

#[test]
fn held_resource_without_an_accepted_version_is_like_one_that_does_not_exist() {
    check(
        "
        > publish s:a=1
        > open 1 delta
        > 1 s +a
        < 1 s a=1
        > 1 s nack:no
        > 1 s -a
        > 1 s +a
        < 1 s -a
        ",
    );
}

#[test]
fn version_of_a_suspect_is_not_believed_after_a_reconnection() {
    // The client took b=2 from the rejected response, but tells the version that it accepted.
    check(
        "
        > publish c:a=1 c:b=1
        > open 1 delta
        > 1 c
        < 1 c a=1 b=1
        > 1 c ack
        > publish c:a=2 c:b=2
        < 1 c a=2 b=2
        > 1 c nack:bad
        < 1 c a=2
        > publish c:b=1
        > close 1
        > open 1 delta
        > 1 c has:a=1 has:b=1
        < 1 c a=2 b=1
        ",
    );
}

#[test]
fn client_keeps_a_version_that_nobody_here_knows_when_it_rejects_ours() {
    check(
        "
        > publish l:a=2
        > open 1 delta
        > 1 l has:a=1
        < 1 l a=2
        > 1 l nack:no
        > wait 60000
        > close 1
        > open 1 delta
        > 1 l has:a=1
        > wait 60000
        ",
    );
}

#[test]
fn name_that_was_told_to_be_gone_beside_a_rejected_resource_is_told_so_again() {
    check(
        "
        > publish s:a=1
        > open 1 delta
        > 1 s +a +none
        < 1 s a=1 -none
        > 1 s nack:bad_a
        ! rejected s:a bad a
        < 1 s -none
        ",
    );
}
