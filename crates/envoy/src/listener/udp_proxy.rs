//! Datagrams that are carried as they are.
//!
//! Envoy chooses a backend when a client sends its first datagram, and keeps to it until the client is silent for a
//! minute. It draws no lots here: what decides is a hash of the client's port, which clients as a rule choose anew.

use envoy_protos::envoy::config::listener::v3 as proto;
use envoy_protos::envoy::extensions::filters::udp::udp_proxy::v3::udp_proxy_config::RouteSpecifier;
use envoy_protos::envoy::extensions::filters::udp::udp_proxy::v3::{Route, UdpProxyConfig};
use envoy_protos::envoy::extensions::matching::common_inputs::network::v3::SourcePortInput;
use envoy_protos::envoy::extensions::matching::input_matchers::consistent_hashing::v3::ConsistentHashing;
use envoy_protos::xds::r#type::matcher::v3::Matcher;
use envoy_protos::xds::r#type::matcher::v3::matcher::matcher_list::predicate::single_predicate::Matcher as Test;
use envoy_protos::xds::r#type::matcher::v3::matcher::matcher_list::predicate::{MatchType, SinglePredicate};
use envoy_protos::xds::r#type::matcher::v3::matcher::matcher_list::{FieldMatcher, Predicate};
use envoy_protos::xds::r#type::matcher::v3::matcher::on_match::OnMatch as Then;
use envoy_protos::xds::r#type::matcher::v3::matcher::{MatcherList, MatcherType, OnMatch};
use model::{Listener, Settings, Targets};

use super::server_names::extension;
use super::tcp_proxy::weighted;
use super::{listener_filter, socket};
use crate::access_log;
use crate::address::bind_datagrams;
use crate::any::pack;

/// A listener for datagrams.
pub(super) fn listener(listener: &Listener, targets: &Targets, settings: &Settings) -> proto::Listener {
    let config = UdpProxyConfig {
        stat_prefix: listener.id.to_string(),
        access_log: access_log::of_clients(&listener.access_log, &settings.access_logs),
        route_specifier: Some(RouteSpecifier::Matcher(matcher(&weighted(targets)))),
        ..Default::default()
    };
    proto::Listener {
        name: listener.id.to_string(),
        address: Some(bind_datagrams(&listener.bind)),
        udp_listener_config: Some(proto::UdpListenerConfig::default()),
        listener_filters: vec![listener_filter("envoy.filters.udp_listener.udp_proxy", pack(&config))],
        socket_options: socket::of_datagrams(&listener.bind, &settings.downstream),
        ..Default::default()
    }
}

/// Gives each of these its part of all hashes, the first the highest; the last has what is left.
fn matcher(targets: &[(&str, u32)]) -> Matcher {
    let all = targets.iter().map(|(_, weight)| *weight).fold(0, u32::saturating_add);
    let mut rest = all;
    let mut part = |(name, weight): &(&str, u32)| {
        rest -= weight;
        on_hash(ConsistentHashing { threshold: rest, modulo: all, seed: 0 }, name)
    };
    let (last, others) = targets.split_last().map_or(("", targets), |((last, _), others)| (*last, others));
    let matchers: Vec<_> = others.iter().map(&mut part).collect();
    // Envoy refuses an empty list.
    let list = (!matchers.is_empty()).then(|| MatcherType::MatcherList(MatcherList { matchers }));
    Matcher { matcher_type: list, on_no_match: Some(Box::new(to(last))) }
}

fn on_hash(hash: ConsistentHashing, cluster: &str) -> FieldMatcher {
    let predicate = SinglePredicate {
        input: Some(extension("source_port", &SourcePortInput {})),
        matcher: Some(Test::CustomMatch(extension("consistent_hashing", &hash))),
    };
    FieldMatcher {
        predicate: Some(Predicate { match_type: Some(MatchType::SinglePredicate(predicate)) }),
        on_match: Some(to(cluster)),
    }
}

fn to(cluster: &str) -> OnMatch {
    let action = extension("route", &Route { cluster: cluster.to_owned() });
    OnMatch { on_match: Some(Then::Action(action)), ..Default::default() }
}
