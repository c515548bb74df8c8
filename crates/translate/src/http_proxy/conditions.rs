//! Match conditions of routes and includes (reference 3.7, 3.8).

mod header;
mod query;
mod unmatched;

use api::http_proxy::{HeaderMatchCondition, MatchCondition};
use model::{HeaderMatch, PathMatch, QueryMatch, RouteMatch};

use super::Fault;
use crate::field_path::FieldPath;
use crate::text;

pub(super) use unmatched::unmatched;

/// Conditions on headers that stand for themselves, all of which must hold; sorted, each once.
pub(super) fn headers(specs: &[HeaderMatchCondition]) -> Result<Vec<HeaderMatch>, String> {
    let found = specs.iter().filter_map(|spec| header::condition(spec).transpose());
    let mut headers = found.collect::<Result<Vec<_>, _>>()?;
    if headers.len() > MAX_CONDITIONS {
        return Err(format!("{} conditions on headers, at most {MAX_CONDITIONS}", headers.len()));
    }
    header::contradiction(&headers)?;
    headers.sort_unstable();
    headers.dedup();
    Ok(headers)
}

/// How many conditions on headers and query parameters may lead to a route.
const MAX_CONDITIONS: usize = 200;

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
    fn join(&self, other: Self) -> Self {
        let mut joined = other;
        if !self.prefix.is_empty() {
            joined.prefix = join(&self.prefix, &joined.prefix);
        }
        if !self.headers.is_empty() {
            joined.headers = [self.headers.as_slice(), &joined.headers].concat();
        }
        if !self.query.is_empty() {
            joined.query = [self.query.as_slice(), &joined.query].concat();
        }
        joined
    }

    /// What takes all requests under these conditions.
    pub(super) fn matching(self) -> RouteMatch {
        let prefix = if self.prefix.is_empty() { "/" } else { &self.prefix };
        RouteMatch::new(PathMatch::Prefix(prefix.into()), self.headers, self.query)
    }
}

/// Puts two paths together; several slashes become one.
pub(crate) fn join(one: &str, other: &str) -> String {
    let joined = [one, other].concat();
    if joined.contains("//") { rules::merged_slashes(&joined) } else { joined }
}

/// The conditions of an include by themselves, and joined with those that lead to it: at most one prefix,
/// no exact path, no expression.
pub(super) fn include(
    above: &Conditions,
    at: &FieldPath<'_>,
    conditions: &[MatchCondition],
) -> Result<(Conditions, Conditions), Fault> {
    let parts = Parts::read(Block::Include, at, conditions)?;
    let prefix = match parts.path {
        None => String::new(),
        Some(Path::Prefix(prefix)) => join(prefix, ""),
        Some(Path::Exact(_) | Path::Regex(_)) => {
            let why = "exact and regex conditions are not allowed in an include block";
            let fault = Block::Include.fault(&at.field("conditions"), why);
            return Err(fault.with_help("write them in the included routes"));
        }
    };
    let own = Conditions { prefix, headers: parts.headers, query: parts.query };
    let joined = above.join(own.clone());
    check(Block::Include, at, &joined)?;
    Ok((own, joined))
}

/// What a route takes below the conditions that lead to it.
pub(super) fn route(
    above: &Conditions,
    at: &FieldPath<'_>,
    conditions: &[MatchCondition],
) -> Result<RouteMatch, Fault> {
    let parts = Parts::read(Block::Route, at, conditions)?;
    let joined = above.join(Conditions { prefix: String::new(), headers: parts.headers, query: parts.query });
    check(Block::Route, at, &joined)?;
    let path = match parts.path {
        None => return Ok(joined.matching()),
        Some(Path::Prefix(prefix)) => PathMatch::Prefix(join(&above.prefix, prefix).into()),
        Some(Path::Exact(exact)) => PathMatch::Exact(join(&above.prefix, exact).into()),
        Some(Path::Regex(regex)) => {
            let pattern = behind(&above.prefix, regex);
            text::regex(&pattern).map_err(|why| Block::Route.fault(&at.field("conditions"), &why))?;
            PathMatch::Regex(pattern.into())
        }
    };
    Ok(RouteMatch::new(path, joined.headers, joined.query))
}

/// An expression behind a literal prefix. The expression begins with `/`, so the prefix gives up its own.
/// Alternatives are kept together: `/a|/b` must not leave the prefix that was handed over.
fn behind(prefix: &str, regex: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" => regex.to_owned(),
        prefix if regex.contains(['|', '\\']) => format!("{}(?:{regex})", re2::quote(prefix)),
        prefix => format!("{}{regex}", re2::quote(prefix)),
    }
}

/// What can only be seen of all conditions together.
fn check(block: Block, at: &FieldPath<'_>, joined: &Conditions) -> Result<(), Fault> {
    let at = at.field("conditions");
    if joined.prefix.len() > text::MAX_PATH {
        let why = format!("the prefixes of all includes are longer than {} bytes together", text::MAX_PATH);
        return Err(block.fault(&at, &why));
    }
    let count = joined.headers.len() + joined.query.len();
    if count > MAX_CONDITIONS {
        let why = format!("{count} conditions on headers and query parameters, at most {MAX_CONDITIONS}");
        return Err(headers_fault(&at, why));
    }
    let help = "keep one of them";
    header::contradiction(&joined.headers).map_err(|why| headers_fault(&at, why).with_help(help))?;
    query::repetition(&joined.query).map_err(|why| query_fault(&at, why).with_help(help))
}

/// Whose conditions a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Route,
    Include,
}

impl Block {
    /// Something is wrong with the path.
    fn fault(self, at: &FieldPath<'_>, why: &str) -> Fault {
        let (kind, whose) = match self {
            Self::Route => ("RouteError", "route"),
            Self::Include => ("IncludeError", "include"),
        };
        Fault::new(kind, "PathMatchConditionsNotValid", at, format!("{whose}: {why}"))
    }
}

/// The path condition of a block.
enum Path<'a> {
    Prefix(&'a str),
    Exact(&'a str),
    Regex(&'a str),
}

/// One block of conditions, each checked.
struct Parts<'a> {
    path: Option<Path<'a>>,
    headers: Vec<HeaderMatch>,
    query: Vec<QueryMatch>,
}

impl<'a> Parts<'a> {
    fn read(block: Block, at: &FieldPath<'_>, conditions: &'a [MatchCondition]) -> Result<Self, Fault> {
        let mut parts = Self { path: None, headers: vec![], query: vec![] };
        for (index, condition) in conditions.iter().enumerate() {
            let at = at.item("conditions", index);
            parts.path(block, &at, condition)?;
            if let Some(header) = &condition.header {
                let found = header::condition(header);
                parts.headers.extend(found.map_err(|why| headers_fault(&at.field("header"), why))?);
            }
            if let Some(parameter) = &condition.query_parameter {
                let found = query::condition(parameter);
                parts.query.push(found.map_err(|why| query_fault(&at.field("queryParameter"), why))?);
            }
        }
        Ok(parts)
    }

    fn path(&mut self, block: Block, at: &FieldPath<'_>, condition: &'a MatchCondition) -> Result<(), Fault> {
        let MatchCondition { prefix, exact, regex, .. } = condition;
        for (field, text) in [("prefix", prefix), ("exact", exact), ("regex", regex)] {
            let Some(text) = given(text) else { continue };
            if self.path.is_some() {
                let why = "more than one prefix, exact or regex is not allowed in a condition block";
                return Err(block.fault(at, why).with_help("keep one of them"));
            }
            self.path = Some(path(field, text).map_err(|why| block.fault(&at.field(field), &why))?);
        }
        Ok(())
    }
}

fn path<'a>(field: &str, text: &'a str) -> Result<Path<'a>, String> {
    if !text.starts_with('/') {
        return Err(format!("{field} conditions must start with /, {} was supplied", text::quoted(text)));
    }
    match field {
        "regex" => text::regex(text).map(Path::Regex),
        "exact" => text::path(text).map(Path::Exact),
        _ => text::path(text).map(Path::Prefix),
    }
}

/// A text that says something: Contour does not tell an empty one from none.
pub(super) fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn headers_fault(at: &FieldPath<'_>, why: String) -> Fault {
    Fault::new("RouteError", "HeaderMatchConditionsNotValid", at, why)
}

fn query_fault(at: &FieldPath<'_>, why: String) -> Fault {
    Fault::new("RouteError", "QueryParameterMatchConditionsNotValid", at, why)
}
