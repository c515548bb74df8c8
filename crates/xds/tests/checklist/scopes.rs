//! Scopes take part in make before break like route tables.

use crate::script::check;

#[test]
fn a_scope_waits_for_its_cluster_and_the_cluster_for_the_scope() {
    for (variant, kept, left) in [("delta", "", "-a"), ("sotw", "a=1 ", "b=1")] {
        check(&format!(
            "
            > publish c:a=1 p:h=1>>c:a
            > open 1 {variant}
            > 1 c
            < 1 c a=1
            > 1 p
            > 1 c ack
            < 1 p h=1
            > 1 p ack
            > publish c:b=1 p:h=2>>c:b -c:a
            < 1 c {kept}b=1
            > 1 c ack
            < 1 p h=2
            > wait 60000
            > 1 p ack
            > wait 1000
            < 1 c {left}
            "
        ));
    }
}

#[test]
fn a_listener_waits_for_a_scope_that_it_names() {
    check(
        "
        > publish c:a=1 p:h=1>>c:a l:x=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 c ack
        > 1 l
        < 1 l x=1
        > 1 p
        < 1 p h=1
        > 1 l ack
        > 1 p ack
        > publish c:b=1 p:i=1>>c:b l:x=2>>p:h>>p:i
        < 1 c b=1
        > 1 c ack
        < 1 p i=1
        > 1 p ack
        < 1 l x=2
        ",
    );
}

#[test]
fn x_072_a_table_goes_again_when_no_scope_named_it_before() {
    check(
        "
        > publish p:one=1>r:shared r:shared=1
        > open 1 delta
        > 1 p
        < 1 p one=1
        > 1 r +shared
        < 1 r shared=1
        > 1 p ack
        > 1 r ack
        > publish p:two=1>r:shared
        < 1 p two=1
        > 1 p ack
        > publish -p:one -p:two p:three=1>r:shared
        < 1 p three=1 -one -two
        < 1 r shared=1
        ",
    );
}
