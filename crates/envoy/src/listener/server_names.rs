//! Which filter chain takes a connection, by the server name that its client asks for.
//!
//! Where certificates are fetched on demand, the name that a stranger sends becomes the name of a resource:
//! Envoy 1.40 ends at `xdstp:`, subscribes to everything at `*`, and cannot be served any more after bytes that
//! are no text. So a name reaches the shared chain only if it is a host's. Envoy matches it in lower case.

use std::collections::BTreeMap;

use envoy_protos::envoy::extensions::matching::common_inputs::network::v3::ServerNameInput;
use envoy_protos::google::protobuf::StringValue;
use envoy_protos::xds::core::v3::TypedExtensionConfig;
use envoy_protos::xds::r#type::matcher::v3 as proto;
use envoy_protos::xds::r#type::matcher::v3::matcher::matcher_list::predicate::single_predicate::Matcher as Test;
use envoy_protos::xds::r#type::matcher::v3::matcher::matcher_list::predicate::{MatchType, SinglePredicate};
use envoy_protos::xds::r#type::matcher::v3::matcher::matcher_list::{FieldMatcher, Predicate};
use envoy_protos::xds::r#type::matcher::v3::matcher::matcher_tree::{MatchMap, TreeType};
use envoy_protos::xds::r#type::matcher::v3::matcher::on_match::OnMatch as Then;
use envoy_protos::xds::r#type::matcher::v3::matcher::{MatcherList, MatcherTree, MatcherType, OnMatch};
use envoy_protos::xds::r#type::matcher::v3::string_matcher::MatchPattern;
use envoy_protos::xds::r#type::matcher::v3::{RegexMatcher, StringMatcher, regex_matcher};
use model::Host;
use prost::{Message, Name};

use crate::route::quote;

/// The name of the chain that most hosts share. No host is called so.
pub(crate) const SHARED_CHAIN: &str = "~shared";

/// One label of a host's name.
const LABEL: &str = "[a-z0-9_][a-z0-9_-]{0,62}";

/// A host that has to be found before the shared chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chain {
    /// It has a chain of its own.
    Own,
    /// It is below a wildcard that has a chain of its own, and itself shares the common one.
    Shared,
}

/// The matcher of a listener: exact hosts, wildcards from the longest on, then whatever else a host may be
/// called. What is no name at all belongs to the catch-all, or is refused.
pub(crate) fn matcher(hosts: &BTreeMap<&Host, Chain>) -> proto::Matcher {
    let exact = hosts.iter().filter(|(host, _)| !host.is_any() && host.wildcard_parent().is_none());
    let exact = exact.map(|(host, chain)| (host.to_string(), to(chain_name(host, *chain))));
    let catch_all = hosts.keys().find(|host| host.is_any()).map(|host| Box::new(to(host.as_str())));
    let rest = proto::Matcher {
        matcher_type: Some(MatcherType::MatcherList(MatcherList { matchers: in_turn(hosts) })),
        on_no_match: catch_all,
    };
    by_name(exact.collect(), rest)
}

fn chain_name(host: &Host, chain: Chain) -> &str {
    match chain {
        Chain::Own => host.as_str(),
        Chain::Shared => SHARED_CHAIN,
    }
}

/// Envoy refuses an empty map.
fn by_name(exact: BTreeMap<String, OnMatch>, rest: proto::Matcher) -> proto::Matcher {
    if exact.is_empty() {
        return rest;
    }
    let map = TreeType::ExactMatchMap(MatchMap { map: exact });
    let tree = MatcherTree { input: Some(server_name()), tree_type: Some(map) };
    proto::Matcher {
        matcher_type: Some(MatcherType::MatcherTree(tree)),
        on_no_match: Some(Box::new(OnMatch {
            on_match: Some(Then::Matcher(Box::new(rest))),
            ..Default::default()
        })),
    }
}

fn in_turn(hosts: &BTreeMap<&Host, Chain>) -> Vec<FieldMatcher> {
    let wildcards = hosts.iter().filter_map(|(host, chain)| Some((host.wildcard_parent()?, *host, *chain)));
    let mut wildcards: Vec<_> = wildcards.collect();
    wildcards.sort_by_key(|(parent, ..)| (usize::MAX - parent.len(), *parent));
    let wildcards = wildcards.into_iter().map(|(parent, host, chain)| {
        let pattern = format!(r"({LABEL}\.)+{}", quote(parent));
        on(&pattern, chain_name(host, chain))
    });
    wildcards.chain([on(&format!(r"{LABEL}(\.{LABEL})*"), SHARED_CHAIN)]).collect()
}

fn on(pattern: &str, chain: &str) -> FieldMatcher {
    let regex = RegexMatcher {
        regex: pattern.to_owned(),
        engine_type: Some(regex_matcher::EngineType::GoogleRe2(regex_matcher::GoogleRe2 {})),
    };
    let matcher = StringMatcher { match_pattern: Some(MatchPattern::SafeRegex(regex)), ..Default::default() };
    let predicate = SinglePredicate { input: Some(server_name()), matcher: Some(Test::ValueMatch(matcher)) };
    FieldMatcher {
        predicate: Some(Predicate { match_type: Some(MatchType::SinglePredicate(predicate)) }),
        on_match: Some(to(chain)),
    }
}

fn to(chain: &str) -> OnMatch {
    let action = extension("chain", &StringValue { value: chain.to_owned() });
    OnMatch { on_match: Some(Then::Action(action)), ..Default::default() }
}

fn server_name() -> TypedExtensionConfig {
    extension("sni", &ServerNameInput {})
}

fn extension<M: Message + Name>(name: &str, message: &M) -> TypedExtensionConfig {
    TypedExtensionConfig { name: name.to_owned(), typed_config: Some(crate::any::pack(message)) }
}
