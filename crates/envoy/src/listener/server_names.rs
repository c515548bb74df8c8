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
/// The name of the chain for clients that name no host that is served.
pub(crate) const FALLBACK_CHAIN: &str = "~fallback";

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

/// Where connections go whose server name is not among those that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// By what a host may be called, to the shared chain; what is no name at all is refused.
    Shared,
    /// To the fallback chain: all hosts are among those that are looked for.
    Fallback,
}

/// The matcher of a listener: exact hosts, wildcards from the longest on, then whatever else a host may be
/// called. What is left then belongs to the catch-all, if there is one.
pub(crate) fn matcher(hosts: &BTreeMap<&Host, Chain>, others: Others) -> proto::Matcher {
    let exact = hosts.iter().filter(|(host, _)| !host.is_any() && host.wildcard_parent().is_none());
    let exact = exact.map(|(host, chain)| (host.to_string(), to(chain_name(host, *chain))));
    let last = match others {
        Others::Shared => hosts.keys().find(|host| host.is_any()).map(|host| to(host.as_str())),
        Others::Fallback => Some(to(FALLBACK_CHAIN)),
    };
    by_name(exact.collect(), by_pattern(in_turn(hosts, others), last))
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
    let rest = match rest.matcher_type {
        Some(_) => {
            Some(Box::new(OnMatch { on_match: Some(Then::Matcher(Box::new(rest))), ..Default::default() }))
        }
        None => rest.on_no_match,
    };
    proto::Matcher { matcher_type: Some(MatcherType::MatcherTree(tree)), on_no_match: rest }
}

/// Envoy refuses an empty list.
fn by_pattern(matchers: Vec<FieldMatcher>, last: Option<OnMatch>) -> proto::Matcher {
    let list = (!matchers.is_empty()).then(|| MatcherType::MatcherList(MatcherList { matchers }));
    proto::Matcher { matcher_type: list, on_no_match: last.map(Box::new) }
}

fn in_turn(hosts: &BTreeMap<&Host, Chain>, others: Others) -> Vec<FieldMatcher> {
    let wildcards = hosts.iter().filter_map(|(host, chain)| Some((host.wildcard_parent()?, *host, *chain)));
    let mut wildcards: Vec<_> = wildcards.collect();
    wildcards.sort_by_key(|(parent, ..)| (usize::MAX - parent.len(), *parent));
    let wildcards = wildcards.into_iter().map(|(parent, host, chain)| {
        let pattern = format!(r"({LABEL}\.)+{}", quote(parent));
        on(&pattern, chain_name(host, chain))
    });
    let any = match others {
        Others::Shared => Some(on(&format!(r"{LABEL}(\.{LABEL})*"), SHARED_CHAIN)),
        Others::Fallback => None,
    };
    wildcards.chain(any).collect()
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

/// An extension of a matcher.
pub(super) fn extension<M: Message + Name>(name: &str, message: &M) -> TypedExtensionConfig {
    TypedExtensionConfig { name: name.to_owned(), typed_config: Some(crate::any::pack(message)) }
}
