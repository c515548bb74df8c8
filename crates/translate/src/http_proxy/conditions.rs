//! Match conditions of routes and includes (reference 3.7, 3.8).

use std::sync::Arc;

use api::http_proxy::{HeaderMatchCondition, MatchCondition, QueryParameterMatchCondition};
use model::{HeaderMatch, HeaderPredicate, PathMatch, QueryMatch, QueryPredicate, RouteMatch, TextMatch};

use super::Fault;
use crate::text;

/// The conditions that lead to an object: a prefix, headers and query parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Conditions {
    prefix: String,
    headers: Vec<HeaderMatch>,
    query: Vec<QueryMatch>,
}

impl Conditions {
    /// Whether every request is meant.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.prefix.as_str(), "" | "/") && self.headers.is_empty() && self.query.is_empty()
    }

    /// These conditions and further ones.
    pub(super) fn join(&self, other: &Self) -> Self {
        Self {
            prefix: join(&self.prefix, &other.prefix),
            headers: [self.headers.as_slice(), &other.headers].concat(),
            query: [self.query.as_slice(), &other.query].concat(),
        }
    }

    /// The path prefix; `/` for all.
    pub(super) fn path(&self) -> &str {
        if self.prefix.is_empty() { "/" } else { &self.prefix }
    }

    /// A match of a path under the headers and query parameters of these conditions.
    pub(super) fn matching(&self, path: PathMatch) -> RouteMatch {
        RouteMatch::new(path, self.headers.clone(), self.query.clone())
    }
}

/// Puts two paths together; several slashes become one.
fn join(one: &str, other: &str) -> String {
    let mut joined = String::with_capacity(one.len() + other.len());
    for c in one.chars().chain(other.chars()) {
        if c != '/' || !joined.ends_with('/') {
            joined.push(c);
        }
    }
    joined
}

/// The conditions of an include: at most one prefix, no exact path, no expression.
pub(super) fn include(path: &str, conditions: &[MatchCondition]) -> Result<Conditions, Fault> {
    let parts = Parts::read("include", path, conditions)?;
    match parts.path {
        None => Ok(Conditions { prefix: String::new(), headers: parts.headers, query: parts.query }),
        Some(Path::Prefix(prefix)) => {
            Ok(Conditions { prefix: join(&prefix, ""), headers: parts.headers, query: parts.query })
        }
        Some(Path::Exact(_) | Path::Regex(_)) => Err(Fault::new(
            "IncludeError",
            "PathMatchConditionsNotValid",
            format!("{path}.conditions"),
            "include: exact and regex conditions are not allowed in an include block",
        )),
    }
}

/// What a route below `above` takes, and the prefix that it matches by, if it does.
pub(super) fn route(
    above: &Conditions,
    path: &str,
    conditions: &[MatchCondition],
) -> Result<RouteMatch, Fault> {
    let parts = Parts::read("route", path, conditions)?;
    let matched = match parts.path {
        None => PathMatch::Prefix(above.path().into()),
        Some(Path::Prefix(prefix)) => PathMatch::Prefix(join(&above.prefix, &prefix).into()),
        Some(Path::Exact(exact)) => PathMatch::Exact(join(&above.prefix, &exact).into()),
        Some(Path::Regex(regex)) => PathMatch::Regex(behind(&above.prefix, &regex).into()),
    };
    let own = Conditions { prefix: String::new(), headers: parts.headers, query: parts.query };
    Ok(above.join(&own).matching(matched))
}

/// An expression behind a literal prefix. The expression begins with `/`, so the prefix gives up its own.
fn behind(prefix: &str, regex: &str) -> String {
    format!("{}{regex}", re2::quote(prefix.trim_end_matches('/')))
}

/// The path condition of a block.
enum Path {
    Prefix(String),
    Exact(String),
    Regex(String),
}

/// One block of conditions, each checked.
struct Parts {
    path: Option<Path>,
    headers: Vec<HeaderMatch>,
    query: Vec<QueryMatch>,
}

impl Parts {
    fn read(owner: &str, path: &str, conditions: &[MatchCondition]) -> Result<Self, Fault> {
        let mut parts = Self { path: None, headers: vec![], query: vec![] };
        for (index, condition) in conditions.iter().enumerate() {
            let path = format!("{path}.conditions[{index}]");
            parts.path(owner, &path, condition)?;
            if let Some(header) = &condition.header {
                let path = format!("{path}.header");
                let found = header_match(header).map_err(|why| headers_fault(&path, why))?;
                parts.headers.extend(found);
            }
            if let Some(parameter) = &condition.query_parameter {
                let path = format!("{path}.queryParameter");
                parts.query.push(query_match(parameter).map_err(|why| query_fault(&path, why))?);
            }
        }
        contradiction(&parts.headers).map_err(|why| headers_fault(&format!("{path}.conditions"), why))?;
        repeated_query(&parts.query).map_err(|why| query_fault(&format!("{path}.conditions"), why))?;
        Ok(parts)
    }

    fn path(&mut self, owner: &str, path: &str, condition: &MatchCondition) -> Result<(), Fault> {
        let kind = if owner == "include" { "IncludeError" } else { "RouteError" };
        let fault = |field: &str, why: String| {
            let path = if field.is_empty() { path.to_owned() } else { format!("{path}.{field}") };
            Fault::new(kind, "PathMatchConditionsNotValid", path, format!("{owner}: {why}"))
        };
        let found = [
            condition.prefix.as_ref().map(|text| ("prefix", text)),
            condition.exact.as_ref().map(|text| ("exact", text)),
            condition.regex.as_ref().map(|text| ("regex", text)),
        ];
        for (field, text) in found.into_iter().flatten() {
            if self.path.is_some() {
                let why = "more than one prefix, exact or regex is not allowed in a condition block";
                return Err(fault("", why.into()));
            }
            self.path = Some(match field {
                "regex" => Path::Regex(text::path_regex(text).map_err(|why| fault(field, why))?),
                "exact" => Path::Exact(text::path(text).map_err(|why| fault(field, why))?),
                _ => Path::Prefix(text::path(text).map_err(|why| fault(field, why))?),
            });
        }
        Ok(())
    }
}

fn headers_fault(path: &str, why: String) -> Fault {
    Fault::new("RouteError", "HeaderMatchConditionsNotValid", path.to_owned(), why)
}

fn query_fault(path: &str, why: String) -> Fault {
    Fault::new("RouteError", "QueryParameterMatchConditionsNotValid", path.to_owned(), why)
}

/// A header condition; the first operator that is set counts, and none matches everything.
fn header_match(condition: &HeaderMatchCondition) -> Result<Option<HeaderMatch>, String> {
    let name = text::match_header_name(&condition.name)?;
    let matched = |value: &str| -> Result<TextMatch, String> {
        let value = text::match_value(value)?;
        Ok(TextMatch { value, ignore_case: condition.ignore_case })
    };
    let (predicate, invert) = if condition.present {
        (HeaderPredicate::Present, false)
    } else if condition.notpresent {
        (HeaderPredicate::Present, true)
    } else if let Some(value) = &condition.contains {
        (HeaderPredicate::Contains(matched(value)?), false)
    } else if let Some(value) = &condition.notcontains {
        (HeaderPredicate::Contains(matched(value)?), true)
    } else if let Some(value) = &condition.exact {
        (HeaderPredicate::Exact(matched(value)?), false)
    } else if let Some(value) = &condition.notexact {
        (HeaderPredicate::Exact(matched(value)?), true)
    } else if let Some(pattern) = &condition.regex {
        (HeaderPredicate::Regex(text::regex(pattern)?), false)
    } else {
        return Ok(None);
    };
    let missing_is_empty =
        condition.treat_missing_as_empty && invert && predicate != HeaderPredicate::Present;
    Ok(Some(HeaderMatch { name, predicate, invert, missing_is_empty }))
}

/// Conditions on one header that no request can fulfil.
fn contradiction(headers: &[HeaderMatch]) -> Result<(), String> {
    for (index, one) in headers.iter().enumerate() {
        for other in headers[index + 1..].iter().filter(|other| other.name == one.name) {
            let both_exact = |a: &HeaderMatch| matches!(a.predicate, HeaderPredicate::Exact(_)) && !a.invert;
            if both_exact(one) && both_exact(other) && one.predicate != other.predicate {
                return Err(format!(
                    "cannot specify duplicate header 'exact match' conditions for \"{}\"",
                    one.name
                ));
            }
            if one.invert != other.invert && same_text(&one.predicate, &other.predicate) {
                return Err(format!("cannot specify contradictory conditions for header \"{}\"", one.name));
            }
        }
    }
    Ok(())
}

/// Whether two predicates ask the same thing; case does not matter where one of them ignores it.
fn same_text(one: &HeaderPredicate, other: &HeaderPredicate) -> bool {
    let same = |a: &TextMatch, b: &TextMatch| {
        a.value == b.value || ((a.ignore_case || b.ignore_case) && a.value.eq_ignore_ascii_case(&b.value))
    };
    match (one, other) {
        (HeaderPredicate::Exact(a), HeaderPredicate::Exact(b))
        | (HeaderPredicate::Contains(a), HeaderPredicate::Contains(b)) => same(a, b),
        (one, other) => one == other,
    }
}

fn query_match(condition: &QueryParameterMatchCondition) -> Result<QueryMatch, String> {
    let matched = |value: &str| TextMatch { value: value.into(), ignore_case: condition.ignore_case };
    let mut found = Vec::new();
    found.extend(condition.exact.as_deref().map(|value| QueryPredicate::Exact(matched(value))));
    found.extend(condition.prefix.as_deref().map(|value| QueryPredicate::Prefix(matched(value))));
    found.extend(condition.suffix.as_deref().map(|value| QueryPredicate::Suffix(matched(value))));
    found.extend(condition.contains.as_deref().map(|value| QueryPredicate::Contains(matched(value))));
    found.extend(condition.present.then_some(QueryPredicate::Present));
    if let Some(pattern) = &condition.regex {
        found.push(QueryPredicate::Regex(text::regex(pattern)?));
    }
    let name: Arc<str> = text::query_name(&condition.name)?;
    let values = [&condition.exact, &condition.prefix, &condition.suffix, &condition.contains];
    for value in values.into_iter().flatten() {
        text::query_value(value)?;
    }
    match <[QueryPredicate; 1]>::try_from(found) {
        Ok([predicate]) => Ok(QueryMatch { name, predicate }),
        Err(found) => Err(format!(
            "exactly one of exact, prefix, suffix, regex, contains and present must be set for query \
             parameter \"{name}\", found {}",
            found.len()
        )),
    }
}

fn repeated_query(query: &[QueryMatch]) -> Result<(), String> {
    for (index, one) in query.iter().enumerate() {
        let is_exact = |a: &QueryMatch| matches!(a.predicate, QueryPredicate::Exact(_));
        if query[index + 1..].iter().any(|other| other.name == one.name && is_exact(one) && is_exact(other)) {
            return Err(format!(
                "cannot specify duplicate query parameter 'exact match' conditions for \"{}\"",
                one.name
            ));
        }
    }
    Ok(())
}
