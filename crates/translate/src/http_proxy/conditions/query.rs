//! Conditions on query parameters.

use api::http_proxy::QueryParameterMatchCondition;
use model::{QueryMatch, QueryPredicate, TextMatch};

use super::given;
use crate::text;

/// One condition: exactly one operator.
pub(super) fn condition(condition: &QueryParameterMatchCondition) -> Result<QueryMatch, String> {
    let name = text::query_name(&condition.name)?;
    let found = predicates(condition)?;
    match <[QueryPredicate; 1]>::try_from(found) {
        Ok([predicate]) => Ok(QueryMatch { name, predicate }),
        Err(found) => Err(format!(
            "exactly one of exact, prefix, suffix, regex, contains and present must be set for query \
             parameter \"{name}\", found {}",
            found.len()
        )),
    }
}

fn predicates(condition: &QueryParameterMatchCondition) -> Result<Vec<QueryPredicate>, String> {
    type Operator = fn(TextMatch) -> QueryPredicate;
    let operators: [(&Option<String>, Operator); 4] = [
        (&condition.exact, QueryPredicate::Exact),
        (&condition.prefix, QueryPredicate::Prefix),
        (&condition.suffix, QueryPredicate::Suffix),
        (&condition.contains, QueryPredicate::Contains),
    ];
    let mut found = Vec::new();
    for (value, operator) in operators {
        if let Some(value) = given(value) {
            let value = text::match_value(value)?;
            found.push(operator(TextMatch { value, ignore_case: condition.ignore_case }));
        }
    }
    if let Some(pattern) = given(&condition.regex) {
        found.push(QueryPredicate::Regex(text::regex(pattern)?.into()));
    }
    found.extend(condition.present.then_some(QueryPredicate::Present));
    Ok(found)
}

/// Two exact values for one parameter.
pub(super) fn repetition(query: &[QueryMatch]) -> Result<(), String> {
    let is_exact = |each: &QueryMatch| matches!(each.predicate, QueryPredicate::Exact(_));
    for (index, one) in query.iter().enumerate().filter(|(_, one)| is_exact(one)) {
        if query[index + 1..].iter().any(|other| other.name == one.name && is_exact(other)) {
            return Err(format!(
                "cannot specify duplicate query parameter 'exact match' conditions for \"{}\"",
                one.name
            ));
        }
    }
    Ok(())
}
