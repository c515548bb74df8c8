//! Which requests a route takes.

use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::envoy::config::route::v3::header_matcher::HeaderMatchSpecifier;
use envoy_protos::envoy::config::route::v3::query_parameter_matcher::QueryParameterMatchSpecifier;
use envoy_protos::envoy::config::route::v3::route_match::PathSpecifier;
use envoy_protos::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
use envoy_protos::envoy::r#type::matcher::v3::{RegexMatcher, StringMatcher};
use model::{
    HeaderMatch, HeaderPredicate, Host, PathMatch, QueryMatch, QueryPredicate, RouteMatch, TextMatch,
};

use super::Wildcards;

/// The conditions of a route, and that of a wildcard host.
pub(super) fn route_match(matches: &RouteMatch, host: &Host, wildcards: Wildcards) -> proto::RouteMatch {
    let mut headers: Vec<_> = matches.headers.iter().map(header).collect();
    match wildcards {
        Wildcards::OneLabel => headers.extend(host.wildcard_parent().map(one_label)),
        // Envoy's own.
        Wildcards::Labels => {}
    }
    proto::RouteMatch {
        path_specifier: Some(path(&matches.path)),
        headers,
        query_parameters: matches.query.iter().map(query).collect(),
        ..Default::default()
    }
}

/// Envoy matches an expression against the whole path, so that no anchors are needed.
fn path(path: &PathMatch) -> PathSpecifier {
    match path {
        PathMatch::Exact(text) => PathSpecifier::Path(text.to_string()),
        PathMatch::Regex(pattern) => PathSpecifier::SafeRegex(regex(pattern)),
        PathMatch::Segments(text) => PathSpecifier::PathSeparatedPrefix(text.to_string()),
        PathMatch::Prefix(text) => PathSpecifier::Prefix(text.to_string()),
    }
}

/// A condition on a header.
pub(crate) fn header(condition: &HeaderMatch) -> proto::HeaderMatcher {
    let specifier = match &condition.predicate {
        HeaderPredicate::Exact(text) => string_match(exact(text)),
        HeaderPredicate::Regex(pattern) => string_match(expression(pattern)),
        HeaderPredicate::Contains(text) => string_match(contains(text)),
        HeaderPredicate::Present => HeaderMatchSpecifier::PresentMatch(true),
    };
    proto::HeaderMatcher {
        name: condition.name.to_string(),
        invert_match: condition.invert,
        treat_missing_header_as_empty: condition.missing_is_empty,
        header_match_specifier: Some(specifier),
    }
}

/// That exactly one label stands for the wildcard: Envoy's own `*.example.com` takes `a.b.example.com`,
/// too (reference 3.2). Clients may write the host in any case, with a dot at
/// its end, and with a port.
fn one_label(parent: &str) -> proto::HeaderMatcher {
    authority(&format!(r"(?i)[a-z0-9]([-a-z0-9]*[a-z0-9])?\.{}\.?(:[0-9]+)?", quote(parent)))
}

/// That the host, as the client wrote it, is matched by an expression as a whole.
pub(super) fn authority(pattern: &str) -> proto::HeaderMatcher {
    proto::HeaderMatcher {
        name: ":authority".to_owned(),
        header_match_specifier: Some(string_match(expression(pattern))),
        ..Default::default()
    }
}

/// A text as an expression that matches it alone.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if character.is_ascii_punctuation() {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

fn query(condition: &QueryMatch) -> proto::QueryParameterMatcher {
    let string = QueryParameterMatchSpecifier::StringMatch;
    let specifier = match &condition.predicate {
        QueryPredicate::Exact(text) => string(exact(text)),
        QueryPredicate::Regex(pattern) => string(expression(pattern)),
        QueryPredicate::Prefix(text) => string(matcher(text, MatchPattern::Prefix)),
        QueryPredicate::Suffix(text) => string(matcher(text, MatchPattern::Suffix)),
        QueryPredicate::Contains(text) => string(contains(text)),
        QueryPredicate::Present => QueryParameterMatchSpecifier::PresentMatch(true),
    };
    proto::QueryParameterMatcher {
        name: condition.name.to_string(),
        query_parameter_match_specifier: Some(specifier),
    }
}

fn string_match(matcher: StringMatcher) -> HeaderMatchSpecifier {
    HeaderMatchSpecifier::StringMatch(matcher)
}

fn exact(text: &TextMatch) -> StringMatcher {
    matcher(text, MatchPattern::Exact)
}

fn contains(text: &TextMatch) -> StringMatcher {
    matcher(text, MatchPattern::Contains)
}

fn matcher(text: &TextMatch, pattern: fn(String) -> MatchPattern) -> StringMatcher {
    StringMatcher { ignore_case: text.ignore_case, match_pattern: Some(pattern(text.value.to_string())) }
}

fn expression(pattern: &str) -> StringMatcher {
    StringMatcher { ignore_case: false, match_pattern: Some(MatchPattern::SafeRegex(regex(pattern))) }
}

/// An RE2 expression for a whole value.
pub(super) fn regex(pattern: &str) -> RegexMatcher {
    RegexMatcher { regex: pattern.to_owned(), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_label_of_a_wildcard_is_matched_in_any_case_with_any_port() {
        let Some(HeaderMatchSpecifier::StringMatch(matcher)) =
            one_label("a-b.example.com").header_match_specifier
        else {
            panic!("a string is matched")
        };
        let pattern = r"(?i)[a-z0-9]([-a-z0-9]*[a-z0-9])?\.a\-b\.example\.com\.?(:[0-9]+)?";
        assert_eq!(matcher, expression(pattern));
    }

    #[test]
    fn only_wildcard_hosts_of_one_label_get_a_condition_on_the_authority() {
        let matches = RouteMatch::new(PathMatch::Prefix("/".into()), vec![], vec![]);
        let conditions = |wildcards| {
            ["*", "a.com", "*.a.com"]
                .map(|host| route_match(&matches, &Host::new(host), wildcards).headers.len())
        };
        assert_eq!(conditions(Wildcards::OneLabel), [0, 0, 1]);
        assert_eq!(conditions(Wildcards::Labels), [0, 0, 0]);
    }
}
