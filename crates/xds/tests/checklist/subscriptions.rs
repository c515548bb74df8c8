//! X-040 to X-058: subscriptions and wildcards.

use isobath_xds::Settings;

use crate::script::{check, check_with};

#[test]
fn x_040_first_request_without_names_asks_for_everything() {
    for (variant, letter) in
        [("sotw", "c"), ("sotw", "l"), ("sotw", "p"), ("delta", "c"), ("delta", "l"), ("delta", "p")]
    {
        check(&format!(
            "
            > publish {letter}:a=1 {letter}:b=1
            > open 1 {variant}
            > 1 {letter}
            < 1 {letter} a=1 b=1
            "
        ));
    }
}

#[test]
fn x_041_four_step_sequence_of_the_state_of_the_world() {
    check(
        "
        > publish c:a=1 c:b=1
        > open 1 sotw
        > 1 c
        < 1 c a=1 b=1
        > 1 c ack
        > 1 c names:*,a
        < 1 c a=1 b=1
        > 1 c ack
        > 1 c names:a
        > publish c:b=2
        > publish c:a=2
        < 1 c a=2
        > 1 c ack
        > 1 c names:
        > publish c:a=3
        ",
    );
}

#[test]
fn x_042_four_step_sequence_of_delta() {
    check(
        "
        > publish c:a=1 c:b=1
        > open 1 delta
        > 1 c
        < 1 c a=1 b=1
        > 1 c ack
        > 1 c +a
        < 1 c a=1
        > 1 c ack
        > publish c:b=2
        < 1 c b=2
        > 1 c ack
        > 1 c -*
        > publish c:b=3
        > publish c:a=2
        < 1 c a=2
        > 1 c ack
        > 1 c -a
        > publish c:a=3 c:new=1
        ",
    );
}

#[test]
fn x_043_explicit_wildcard_works() {
    for (variant, star) in [("sotw", "names:*"), ("delta", "+*")] {
        check(&format!(
            "
            > publish c:a=1 l:x=1
            > open 1 {variant}
            > 1 c {star}
            < 1 c a=1
            > 1 l {star}
            < 1 l x=1
            "
        ));
    }
}

#[test]
fn x_043_star_is_a_name_like_any_other_where_there_is_no_wildcard() {
    check(
        "
        > publish s:a=1
        > open 1 delta
        > 1 s +*
        < 1 s -*
        ",
    );
}

#[test]
fn x_044_no_names_mean_no_interest_for_named_types() {
    for letter in ["r", "e", "s"] {
        check(&format!(
            "
            > publish {letter}:a=1
            > open 1 sotw
            > 1 {letter}
            > publish {letter}:a=2
            "
        ));
    }
}

#[test]
fn x_045_only_subscribed_names_are_sent() {
    for (variant, a) in [("sotw", "names:a"), ("delta", "+a")] {
        check(&format!(
            "
            > publish e:a=1 e:b=1
            > open 1 {variant}
            > 1 e {a}
            < 1 e a=1
            > 1 e ack
            > publish e:b=2
            > publish e:b=3 e:a=2
            < 1 e a=2
            "
        ));
    }
}

#[test]
fn x_046_adding_a_name_sends_it_at_unchanged_version() {
    check(
        "
        > publish e:a=1 e:b=1
        > open 1 sotw
        > 1 e names:a
        < 1 e a=1
        > 1 e ack names:a,b
        < 1 e b=1
        ",
    );
}

#[test]
fn x_047_name_that_was_removed_and_is_added_again_is_sent_again() {
    for (variant, with, without) in [("sotw", "names:a,b", "names:a"), ("delta", "+b", "-b")] {
        check(&format!(
            "
            > publish e:a=1 e:b=1
            > open 1 {variant}
            > 1 e {with}
            < 1 e {first}b=1
            > 1 e ack
            > 1 e {without}
            > 1 e {with}
            < 1 e b=1
            ",
            first = if variant == "sotw" { "a=1 " } else { "" },
        ));
    }
}

#[test]
fn x_048_name_that_is_subscribed_twice_is_sent_twice() {
    check(
        "
        > publish e:a=1
        > open 1 delta
        > 1 e +a
        < 1 e a=1
        > 1 e ack
        > 1 e +a
        < 1 e a=1
        ",
    );
}

#[test]
fn x_049_name_that_was_never_subscribed_can_be_unsubscribed() {
    check(
        "
        > publish e:a=1
        > open 1 delta
        > 1 e +a
        < 1 e a=1
        > 1 e ack -b
        > publish e:a=2
        < 1 e a=2
        ",
    );
}

#[test]
fn x_050_unsubscription_alone_is_not_answered() {
    check(
        "
        > publish e:a=1
        > open 1 delta
        > 1 e +a
        < 1 e a=1
        > 1 e ack
        > 1 e -a
        ",
    );
}

#[test]
fn x_051_unsubscription_under_a_wildcard_is_answered() {
    check(
        "
        > publish c:a=1
        > open 1 delta
        > 1 c +* +a +none
        < 1 c a=1 -none
        > 1 c ack
        > 1 c -a
        < 1 c a=1
        > 1 c ack
        > 1 c -none
        < 1 c -none
        ",
    );
}

#[test]
fn x_052_unsubscription_comes_before_subscription_in_one_message() {
    check(
        "
        > publish e:a=1
        > open 1 delta
        > 1 e +a
        < 1 e a=1
        > 1 e ack
        > 1 e +a -a
        < 1 e a=1
        > 1 e ack
        > publish e:a=2
        < 1 e a=2
        ",
    );
}

#[test]
fn x_053_name_that_does_not_exist_yet_is_sent_when_it_does() {
    check(
        "
        > publish r:x=1
        > open 1 sotw
        > 1 r names:a
        > publish r:a=1
        < 1 r a=1
        ",
    );
    check(
        "
        > publish r:x=1
        > open 1 delta
        > 1 r +a
        > publish r:a=1
        < 1 r a=1
        ",
    );
}

#[test]
fn x_054_name_that_does_not_exist_is_answered_as_removed() {
    for letter in ["e", "s", "c", "l", "p"] {
        check(&format!(
            "
            > publish {letter}:x=1
            > open 1 delta
            > 1 {letter} +a
            < 1 {letter} -a
            > 1 {letter} ack
            > publish {letter}:a=1
            < 1 {letter} a=1
            "
        ));
    }
}

#[test]
fn x_055_routes_are_never_answered_as_removed_on_first_subscription() {
    check(
        "
        > publish l:x=1
        > open 1 delta
        > 1 r +a
        > wait 60000
        ",
    );
}

#[test]
fn x_057_names_are_matched_byte_for_byte() {
    let long = "n".repeat(5_000);
    for name in ["ns/a:80_x", "Ä", "A", &long] {
        check(&format!(
            "
            > publish e:{name}=1 e:a=1
            > open 1 delta
            > 1 e +{name}
            < 1 e {name}=1
            "
        ));
    }
}

#[test]
fn x_058_names_that_exist_are_not_limited_and_others_are() {
    let settings = || Settings { unknown_names: 2, ..Settings::default() };
    check_with(
        settings(),
        "
        > publish e:a=1 e:b=1 e:c=1
        > open 1 delta
        > 1 e +a +b +c +x +y
        < 1 e a=1 b=1 c=1 -x -y
        > 1 e ack -x
        > 1 e +z
        < 1 e -z
        > 1 e ack
        > 1 s +s
        < 1 closed: resource names: 3 that do not exist, at most 2 are remembered
        ",
    );
    check_with(
        settings(),
        "
        > open 1 sotw
        > 1 e names:x,y,z
        > publish e:a=1
        < 1 closed: resource names: 3 that do not exist, at most 2 are remembered
        ",
    );
}

#[test]
fn x_058_name_that_came_to_exist_counts_no_more() {
    check_with(
        Settings { unknown_names: 1, ..Settings::default() },
        "
        > publish c:c=1
        > open 1 delta
        > 1 e +a
        < 1 e -a
        > 1 e ack
        > publish e:a=1
        < 1 e a=1
        > 1 e ack
        > 1 e +b
        < 1 e -b
        ",
    );
}

#[test]
fn name_that_is_not_text_is_passed_over() {
    check(
        r"
        > open 1 delta
        > 1 s +a\xff\xfe.com +a
        > publish s:a=1
        < 1 s a=1
        > 1 s ack -a\xff\xfe.com
        > 1 s +a\xff\xfe.com
        > publish s:a=2
        < 1 s a=2
        ",
    );
}
