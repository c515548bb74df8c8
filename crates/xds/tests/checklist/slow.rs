//! Clusters that warm slowly delay nobody else.

use isobath_xds::Settings;

use crate::script::{check, check_with};

#[test]
fn slow_clusters_go_last_and_apart() {
    check(
        "
        > publish ~c:a=1 c:b=1 l:x=1
        > open 1 delta
        > 1 c
        < 1 c b=1
        > 1 c ack
        > 1 l
        < 1 c a=1
        < 1 l x=1
        ",
    );
}

#[test]
fn an_envoy_that_starts_gets_slow_clusters_when_it_asks_for_listeners_or_never_does() {
    check(
        "
        > publish ~c:a=1
        > open 1 delta
        > 1 c
        < 1 c empty
        > 1 c ack
        > wait 4999
        > wait 1
        < 1 c a=1
        ",
    );
}

#[test]
fn slow_clusters_overtake_one_another() {
    check(
        "
        > publish l:x=1
        > open 1 delta
        > 1 c
        < 1 c empty
        > 1 c ack
        > publish ~c:a=1
        < 1 c a=1
        > publish ?c:b=1
        < 1 c b=1
        > publish ~c:a=2
        < 1 c a=2
        ",
    );
}

/// An Envoy with the table `main`, in which no cluster is warm as long as `hole` warms.
const HOLE: &str = "
    > publish r:main=1
    > open 1 delta
    > 1 c
    < 1 c empty
    > 1 c ack
    > 1 r +main
    < 1 r main=1
    > 1 r ack
    > publish ~c:hole=1
    < 1 c hole=1
    ";

#[test]
fn routes_to_a_probed_cluster_go_when_it_must_have_been_probed() {
    let script = "
        > publish ?c:b=1>e:b e:b=1 r:main=2>>c:b
        < 1 c b=1
        > 1 e +b
        < 1 e b=1
        > 1 e ack
        > wait 1999
        > wait 1
        < 1 r main=2
        ";
    check(&format!("{HOLE}{script}"));
}

#[test]
fn routes_to_a_probed_cluster_go_late_when_its_endpoints_are_late() {
    let script = "
        > publish ?c:b=1>e:b e:b=1 r:main=2>>c:b
        < 1 c b=1
        > wait 6000
        > 1 e +b
        < 1 e b=1
        > 1 e ack
        > wait 1999
        > wait 1
        < 1 r main=2
        ";
    check(&format!("{HOLE}{script}"));
}

#[test]
fn a_cluster_serves_when_it_has_its_secrets_too() {
    let script = "
        > publish s:x=1 c:b=1>s:x>e:b e:b=1 r:main=2>>c:b
        < 1 c b=1
        > 1 e +b
        < 1 e b=1
        > 1 e ack
        > 1 s +x
        < 1 s x=1
        > 1 s ack
        < 1 r main=2
        ";
    check(&format!("{HOLE}{script}"));
}

#[test]
fn any_number_of_changes_overtakes_a_slow_cluster() {
    let change = |number: usize| {
        format!(
            "
            > publish c:c{number}=1>e:c{number} e:c{number}=1
            < 1 c c{number}=1
            > 1 e +c{number}
            < 1 e c{number}=1
            > 1 e ack
            "
        )
    };
    check(&format!("{HOLE}{}", (0..100).map(change).collect::<String>()));
}

#[test]
fn fast_cluster_and_its_route_overtake_a_slow_one() {
    // Envoy acknowledges no cluster while a slow one warms, but the endpoints of the fast one.
    check(
        "
        > publish c:a=1>e:a e:a=1 r:main=1>>c:a
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > 1 e +a
        < 1 e a=1
        > 1 e ack
        > 1 r +main
        < 1 r main=1
        > 1 r ack
        > publish ~c:slow=1 r:slow=1>>c:slow
        < 1 c slow=1
        > publish c:b=1>e:b e:b=1 r:main=2>>c:b
        < 1 c b=1
        > 1 e +b
        < 1 e b=1
        > 1 e ack
        < 1 r main=2
        > 1 r ack
        > publish c:d=1>e:d e:d=1
        < 1 c d=1
        > 1 c ack
        > 1 c ack
        > 1 c ack
        ",
    );
}

#[test]
fn slow_cluster_does_not_hold_up_the_generation() {
    check(
        "
        > publish l:x=1
        > open 1 delta
        > 1 l
        < 1 l x=1
        > 1 l ack
        > 1 c
        < 1 c empty
        > 1 c ack
        > publish ~c:slow=1>e:slow e:slow=1
        < 1 c slow=1
        ! reached 2
        > publish c:b=1>e:b e:b=1
        < 1 c b=1
        ! nothing
        > 1 e +b
        < 1 e b=1
        > 1 e ack
        ! reached 3
        ",
    );
}

#[test]
fn cluster_without_endpoints_is_not_believed_to_serve() {
    check(
        "
        > publish r:main=1
        > open 1 delta
        > 1 c
        < 1 c empty
        > 1 c ack
        > 1 r +main
        < 1 r main=1
        > 1 r ack
        > publish ~c:slow=1
        < 1 c slow=1
        > publish c:b=1 r:main=2>>c:b
        < 1 c b=1
        > publish c:d=1
        > 1 c ack
        > 1 c ack
        < 1 c d=1
        < 1 r main=2
        ",
    );
}

#[test]
fn slow_cluster_may_be_removed_while_it_warms() {
    check(
        "
        > publish c:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > publish ~c:slow=1
        < 1 c slow=1
        > publish -c:slow
        > wait 1000
        < 1 c -slow
        > 1 c ack
        > 1 c ack
        > wait 60000
        ",
    );
}

#[test]
fn an_envoy_that_keeps_its_answers_while_a_slow_cluster_warms_is_not_stuck() {
    let script = "
        > publish c:b=1>e:b e:b=1
        < 1 c b=1
        > 1 e +b
        < 1 e b=1
        > 1 e ack
        > wait 120000
        > publish c:d=1
        < 1 c d=1
        > wait 59999
        > wait 1
        < 1 closed: no acknowledgement within the deadline
        ";
    let settings = Settings { drop_stuck: true, ..Settings::default() };
    check_with(settings, &format!("{HOLE}{script}"));
}
