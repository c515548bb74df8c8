//! Conditions on headers.

use api::http_proxy::HeaderMatchCondition;
use model::{HeaderMatch, HeaderPredicate, TextMatch};

use super::given;
use crate::text;

/// One condition; the first operator that is set counts, and none matches everything.
pub(super) fn condition(condition: &HeaderMatchCondition) -> Result<Option<HeaderMatch>, String> {
    let name = text::match_header_name(&condition.name)?;
    let Some((predicate, invert)) = predicate(condition)? else { return Ok(None) };
    let missing_is_empty =
        condition.treat_missing_as_empty && invert && predicate != HeaderPredicate::Present;
    Ok(Some(HeaderMatch { name, predicate, invert, missing_is_empty }))
}

/// What the value must be, and whether that is turned around.
fn predicate(condition: &HeaderMatchCondition) -> Result<Option<(HeaderPredicate, bool)>, String> {
    if condition.present || condition.notpresent {
        return Ok(Some((HeaderPredicate::Present, !condition.present)));
    }
    let matched = |value: &str| -> Result<TextMatch, String> {
        Ok(TextMatch { value: text::match_value(value)?, ignore_case: condition.ignore_case })
    };
    for (value, invert) in [(&condition.contains, false), (&condition.notcontains, true)] {
        if let Some(value) = given(value) {
            return Ok(Some((HeaderPredicate::Contains(matched(value)?), invert)));
        }
    }
    for (value, invert) in [(&condition.exact, false), (&condition.notexact, true)] {
        if let Some(value) = given(value) {
            return Ok(Some((HeaderPredicate::Exact(matched(value)?), invert)));
        }
    }
    let pattern = given(&condition.regex).map(text::regex).transpose()?;
    Ok(pattern.map(|pattern| (HeaderPredicate::Regex(pattern.into()), false)))
}

/// Conditions on one header that no request can fulfil.
pub(super) fn contradiction(headers: &[HeaderMatch]) -> Result<(), String> {
    for (index, one) in headers.iter().enumerate() {
        for other in headers[index + 1..].iter().filter(|other| other.name == one.name) {
            if differing_values(one, other) {
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

fn differing_values(one: &HeaderMatch, other: &HeaderMatch) -> bool {
    let is_exact = |each: &HeaderMatch| matches!(each.predicate, HeaderPredicate::Exact(_)) && !each.invert;
    is_exact(one) && is_exact(other) && one.predicate != other.predicate
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
