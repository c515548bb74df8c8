//! Which requests a rule is for.

use std::collections::BTreeSet;

use api::gateway_api::http_route::HttpRouteMatch;
use api::gateway_api::http_route::matches::{HttpPathMatch, PathMatchType, ValueMatchType};
use model::{HeaderMatch, HeaderPredicate, PathMatch, QueryMatch, QueryPredicate, RouteMatch, TextMatch};

use crate::text::{self, quoted};

/// One match, by the words of Envoy.
///
/// # Errors
/// What cannot be compared, in words.
pub(super) fn route_match(one: &HttpRouteMatch) -> Result<RouteMatch, String> {
    let mut headers = Vec::new();
    let mut seen = BTreeSet::new();
    for header in &one.headers {
        // Of equal names in different case the first counts.
        if seen.insert(header.name.to_ascii_lowercase()) {
            headers.push(self::header(&header.name, header.r#type.known(), &header.value)?);
        }
    }
    if let Some(method) = &one.method {
        let method = method.known().map(|_| method.as_str());
        let method = method.ok_or("this method is not known")?;
        headers.push(self::header(":method", Some(ValueMatchType::Exact), method)?);
    }
    let mut query = Vec::new();
    let mut seen = BTreeSet::new();
    for parameter in one.query_params.iter().filter(|parameter| seen.insert(&parameter.name)) {
        let name = text::query_name(&parameter.name)?;
        let predicate = match parameter.r#type.known() {
            Some(ValueMatchType::Exact) => QueryPredicate::Exact(exact(&parameter.value)?),
            Some(ValueMatchType::RegularExpression) => {
                QueryPredicate::Regex(text::regex(&parameter.value)?.into())
            }
            None => return Err(unknown(parameter.r#type.as_str())),
        };
        query.push(QueryMatch { name, predicate });
    }
    Ok(RouteMatch::new(path(&one.path)?, headers, query))
}

/// A header, by its value.
pub(in crate::gateway_api) fn header(
    name: &str,
    kind: Option<ValueMatchType>,
    value: &str,
) -> Result<HeaderMatch, String> {
    let predicate = match kind {
        Some(ValueMatchType::Exact) => HeaderPredicate::Exact(exact(value)?),
        Some(ValueMatchType::RegularExpression) => HeaderPredicate::Regex(text::regex(value)?.into()),
        None => return Err(format!("the type of header {} is not known", quoted(name))),
    };
    let name = text::match_header_name(name)?;
    Ok(HeaderMatch { name, predicate, invert: false, missing_is_empty: false })
}

fn exact(value: &str) -> Result<TextMatch, String> {
    Ok(TextMatch { value: text::match_value(value)?, ignore_case: false })
}

fn unknown(kind: &str) -> String {
    format!("type {} is not known", quoted(kind))
}

fn path(path: &HttpPathMatch) -> Result<PathMatch, String> {
    let value = path.value.as_str();
    match path.r#type.known() {
        Some(PathMatchType::Exact) => Ok(PathMatch::Exact(text::path(value)?.into())),
        Some(PathMatchType::RegularExpression) => Ok(PathMatch::Regex(text::regex(value)?.into())),
        Some(PathMatchType::PathPrefix) => Ok(match text::path(value)?.trim_end_matches('/') {
            "" => PathMatch::Prefix("/".into()),
            segments => PathMatch::Segments(segments.into()),
        }),
        None => Err(unknown(path.r#type.as_str())),
    }
}
