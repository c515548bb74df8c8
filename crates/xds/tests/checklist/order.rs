//! make before break.

use isobath_xds::Settings;

use crate::script::{check, check_with};

/// An Envoy with cluster `a` behind route table `main`, everything acknowledged.
const RUNNING: &str = "
    > publish c:a=1>e:a e:a=1 l:x=1>r:main r:main=1>>c:a
    > open 1 delta
    > 1 c
    < 1 c a=1
    > 1 e +a
    < 1 e a=1
    > 1 c ack
    > 1 e ack
    > 1 l
    < 1 l x=1
    > 1 r +main
    < 1 r main=1
    > 1 l ack
    > 1 r ack
";

#[track_caller]
fn from_running(script: &str) {
    check(&format!("{RUNNING}{script}"));
}

#[test]
fn x_080_one_change_goes_clusters_endpoints_listeners_routes_removals() {
    from_running(
        "
        > publish c:b=1>e:b e:b=1 l:x=2>r:main r:main=2>>c:b -c:a -e:a
        < 1 c b=1
        < 1 l x=2
        > 1 e +b
        < 1 e b=1
        > 1 e ack
        > 1 l ack
        > 1 c ack
        < 1 r main=2
        > wait 1000
        > 1 r ack
        > wait 999
        > wait 1
        < 1 c -a
        > 1 c ack
        > wait 1000
        < 1 e -a
        ",
    );
}

#[test]
fn x_080_endpoints_that_envoy_unsubscribes_need_no_removal() {
    from_running(
        "
        > publish r:main=2 -c:a -e:a
        < 1 r main=2
        > 1 r ack
        > wait 1000
        < 1 c -a
        > 1 c ack
        > 1 e -a
        > wait 60000
        ",
    );
}

#[test]
fn x_081_route_waits_for_the_acknowledgement_of_its_cluster() {
    from_running(
        "
        > publish c:b=1>e:b e:b=1 r:main=2>>c:b
        < 1 c b=1
        > wait 4999
        > 1 c ack
        < 1 r main=2
        ",
    );
}

#[test]
fn x_081_route_that_waits_too_long_keeps_its_previous_version() {
    from_running(
        "
        > publish c:b=1 r:main=2>>c:b
        < 1 c b=1
        > wait 60000
        > 1 c ack
        < 1 r main=2
        ",
    );
}

#[test]
fn x_081_route_that_never_was_there_is_sent_after_the_bound() {
    from_running(
        "
        > publish c:b=1 r:new=1>>c:b
        < 1 c b=1
        > 1 r +new
        > wait 4899
        > wait 101
        < 1 r new=1
        ",
    );
}

#[test]
fn x_081_table_of_many_hosts_is_sent_after_the_bound() {
    from_running(
        "
        > publish c:b=1 !r:main=2>>c:b
        < 1 c b=1
        > wait 4999
        > wait 1
        < 1 r main=2
        ",
    );
}

#[test]
fn x_081_many_changes_of_a_table_do_not_put_off_its_bound() {
    from_running(
        "
        > publish c:b=1 !r:main=2>>c:b
        < 1 c b=1
        > wait 3000
        > publish !r:main=3>>c:b
        > wait 1899
        > wait 1
        < 1 r main=3
        ",
    );
}

#[test]
fn x_081_route_to_another_new_cluster_waits_for_that_one_only() {
    from_running(
        "
        > publish c:b=1 !r:main=2>>c:b
        < 1 c b=1
        > wait 5000
        < 1 r main=2
        > 1 r ack
        > publish e:z=1 !r:main=3>>c:b
        < 1 r main=3
        ",
    );
}

#[test]
fn x_081_cluster_that_is_leaving_does_not_count_as_acknowledged() {
    from_running(
        "
        > publish r:main=2 -c:a
        < 1 r main=2
        > 1 r ack
        > wait 1000
        < 1 c -a
        > publish c:a=1>e:a r:main=3>>c:a
        > 1 c ack
        < 1 c a=1
        < 1 e a=1
        > 1 c ack
        < 1 r main=3
        ",
    );
}

#[test]
fn x_081_types_that_nobody_subscribes_to_are_not_waited_for() {
    check(
        "
        > publish c:a=1 r:main=1>>c:a
        > open 1 delta r
        > 1 r +main
        < 1 r main=1
        ",
    );
}

#[test]
fn x_082_cluster_goes_only_after_every_route_is_acknowledged_without_it() {
    from_running(
        "
        > publish r:other=1>>c:a
        > 1 r +other
        < 1 r other=1
        > 1 r ack
        > publish r:main=2 r:other=2 -c:a
        < 1 r main=2 other=2
        > wait 60000
        > 1 r ack
        > wait 1000
        < 1 c -a
        ",
    );
}

#[test]
fn x_082_cluster_of_a_route_that_was_rejected_stays() {
    from_running(
        "
        > publish r:main=2 -c:a
        < 1 r main=2
        > 1 r nack:no
        > wait 60000
        > publish r:main=3
        < 1 r main=3
        > 1 r ack
        > wait 1000
        < 1 c -a
        ",
    );
}

#[test]
fn x_082_cluster_that_comes_back_within_the_grace_time_stays() {
    from_running(
        "
        > publish r:main=2 -c:a
        < 1 r main=2
        > 1 r ack
        > wait 500
        > publish c:a=1>e:a
        > wait 60000
        ",
    );
}

#[test]
fn x_083_secrets_go_before_their_first_user() {
    check(
        "
        > publish l:x=1 s:old=1
        > open 1 delta
        > 1 l
        < 1 l x=1
        > 1 l ack
        > 1 s +tls +old
        < 1 s old=1 -tls
        > publish l:x=2>s:tls s:tls=1
        > 1 s ack
        < 1 s tls=1
        < 1 l x=2
        ",
    );
}

#[test]
fn x_083_secret_and_listener_of_one_change_leave_together() {
    check(
        "
        > publish l:x=1
        > open 1 delta
        > 1 l
        < 1 l x=1
        > 1 l ack
        > 1 s +tls
        < 1 s -tls
        > 1 s ack
        > publish l:x=2>s:tls s:tls=1
        < 1 s tls=1
        < 1 l x=2
        ",
    );
}

#[test]
fn x_083_secret_that_is_never_free_holds_its_listener_for_the_bound_only() {
    check(
        "
        > publish l:x=1 s:old=1
        > open 1 delta
        > 1 l
        < 1 l x=1
        > 1 l ack
        > 1 s +tls +old
        < 1 s old=1 -tls
        > publish l:x=2>s:tls s:tls=1
        > wait 4999
        > wait 1
        < 1 l x=2
        ",
    );
}

#[test]
fn x_084_filter_config_by_edges_precedes_exposure() {
    // A scope that needs a listener version: the edge is declared, the session keeps it.
    check(
        "
        > publish c:a=1 l:x=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > 1 l
        < 1 l x=1
        > 1 l ack
        > 1 p
        < 1 p empty
        > 1 p ack
        > publish c:authz=1 p:host=1>>c:authz
        < 1 c authz=1
        > 1 c ack
        < 1 p host=1
        ",
    );
}

#[test]
fn x_084_what_a_listener_takes_over_is_taken_away_when_its_present_version_is_acknowledged() {
    for (reference, early) in [(">>l:x", "< 1 p host=2"), (">>>l:x", "")] {
        let late = if early.is_empty() { "< 1 p host=2" } else { "> 1 p ack" };
        check(&format!(
            "
            > publish c:a=1 p:host=1 l:x=1
            > open 1 delta
            > 1 c
            < 1 c a=1
            > 1 c ack
            > 1 l
            < 1 l x=1
            > 1 l ack
            > 1 p
            < 1 p host=1
            > 1 p ack
            > publish c:b=1 l:x=2>>c:b p:host=2{reference}
            < 1 c b=1
            {early}
            > wait 4000
            > 1 c ack
            < 1 l x=2
            > 1 l ack
            {late}
            "
        ));
    }
}

#[test]
fn x_085_order_holds_on_separate_streams() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1 r:main=1>>c:a
            > open 1 {variant} c
            > open 2 {variant} r
            > 1 c
            < 1 c a=1
            > 1 c ack
            > 2 r {main}
            < 2 r main=1
            > 2 r ack
            > publish c:b=1 r:main=2>>c:b -c:a
            < 1 c {kept}b=1
            > 1 c ack
            < 2 r main=2
            > 2 r ack
            > wait 1000
            < 1 c {left}
            ",
            main = if variant == "sotw" { "names:main" } else { "+main" },
            kept = if variant == "sotw" { "a=1 " } else { "" },
            left = if variant == "sotw" { "b=1" } else { "-a" },
        ));
    }
}

#[test]
fn x_087_rejected_cluster_stops_its_route_and_no_other() {
    from_running(
        "
        > publish r:free=1
        > 1 r +free
        < 1 r free=1
        > 1 r ack
        > publish c:b=1 r:main=2>>c:b r:free=2
        < 1 c b=1
        < 1 r free=2
        > 1 r ack
        > 1 c nack:no
        ! rejected c:b no
        ! reached 3
        > wait 60000
        > publish r:free=3
        < 1 r free=3
        ",
    );
}

#[test]
fn x_087_route_goes_on_with_the_accepted_version_of_a_rejected_cluster() {
    from_running(
        "
        > publish c:a=2>e:a r:main=2>>c:a
        < 1 c a=2
        < 1 e a=1
        < 1 r main=2
        > 1 c nack:no
        ! rejected c:a no
        ",
    );
}

#[test]
fn x_103_runtime_goes_before_the_routes_that_depend_on_it() {
    check(
        "
        > open 1 delta
        > 1 r +main
        > 1 t +budget
        > publish t:budget=1 r:main=1>t:budget
        < 1 t budget=1
        < 1 r main=1
        ",
    );
}

#[test]
fn first_load_that_makes_progress_is_waited_for() {
    check_with(
        Settings { chunk_resources: 1, ..Settings::default() },
        "
        > publish c:a=1 c:b=1 c:c=1 r:main=1>>c:c
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 r +main
        > wait 4000
        > 1 c ack
        < 1 c b=1
        > wait 4000
        > 1 c ack
        < 1 c c=1
        > wait 4000
        > 1 c ack
        < 1 r main=1
        ",
    );
}
