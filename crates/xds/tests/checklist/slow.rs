//! Clusters that warm slowly delay nobody else.

use crate::script::check;

#[test]
fn slow_clusters_go_last_and_apart() {
    check(
        "
        > publish ~c:a=1 c:b=1
        > open 1 delta
        > 1 c
        < 1 c b=1
        > 1 c ack
        < 1 c a=1
        ",
    );
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
