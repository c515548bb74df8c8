//! as far as a session decides them.

use isobath_xds::Settings;

use crate::script::{check, check_with};

#[test]
fn x_009_later_requests_may_lack_the_node() {
    check(
        "
        > publish c:a=1 l:x=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > 1 l
        < 1 l x=1
        ",
    );
}

#[test]
fn x_011_aggregated_stream_needs_a_type() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1
            > open 1 {variant}
            > 1 c url:
            < 1 closed: type_url: required on an aggregated stream
            "
        ));
    }
}

#[test]
fn x_011_type_is_implied_on_a_stream_of_one_type() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1
            > open 1 {variant} c
            > 1 c url:
            < 1 c a=1
            "
        ));
    }
}

#[test]
fn x_011_other_type_on_a_stream_of_one_type_is_refused() {
    check(
        "
        > publish c:a=1 l:x=1
        > open 1 delta c
        > 1 l
        < 1 closed: type_url: this stream serves type.googleapis.com/envoy.config.cluster.v3.Cluster only
        ",
    );
}

#[test]
fn x_012_unknown_type_harms_no_other_type() {
    for variant in ["delta", "sotw"] {
        check(&format!(
            "
            > publish c:a=1
            > open 1 {variant}
            > 1 c url:type.googleapis.com/envoy.Unknown
            > 1 c url:type.googleapis.com/envoy.Unknown
            > 1 c
            < 1 c a=1
            "
        ));
    }
}

#[test]
fn x_013_variants_serve_the_same_content() {
    for open in ["1 delta", "1 sotw", "1 delta c", "1 sotw c"] {
        check(&format!(
            "
            > publish c:a=1 c:b=2
            > open {open}
            > 1 c
            < 1 c a=1 b=2
            > 1 c ack
            "
        ));
    }
}

#[test]
fn x_015_newest_aggregated_stream_wins() {
    check(
        "
        > publish c:a=1
        > open 1 delta
        > 1 c
        < 1 c a=1
        > open 2 sotw
        < 1 closed: a newer stream of this node took over
        > 2 c
        < 2 c a=1
        > 1 c +b
        > publish c:a=2
        > 2 c ack
        < 2 c a=2
        ",
    );
}

#[test]
fn x_015_newest_stream_of_clusters_wins() {
    check(
        "
        > publish c:a=1 l:x=1
        > open 1 delta c
        > open 2 delta l
        > open 3 delta c
        < 1 closed: a newer stream of this node took over
        > 2 l
        < 2 l x=1
        ",
    );
}

#[test]
fn streams_of_named_types_live_side_by_side() {
    // An Envoy without ADS opens one for each cluster, two for one name while the cluster is replaced.
    check(
        "
        > publish e:a=1 e:b=1
        > open 1 sotw e
        > 1 e names:a
        < 1 e a=1
        > 1 e ack
        > open 2 sotw e
        > 2 e names:b
        < 2 e b=1
        > open 3 sotw e
        > 3 e names:a
        < 3 e a=1
        > publish e:a=2
        < 1 e a=2
        ",
    );
}

#[test]
fn x_104_streams_of_one_envoy_are_limited() {
    check_with(
        Settings { streams_per_node: 1, ..Settings::default() },
        "
        > publish e:a=1
        > open 1 sotw e
        > open 2 sotw e
        < 2 closed: more than 1 streams of this node
        ",
    );
}
