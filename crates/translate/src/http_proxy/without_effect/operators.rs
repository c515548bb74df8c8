//! Operators of conditions on headers, and options of conditions, that say nothing: a condition that somebody wrote to
//! restrict access must not vanish unseen (reference 3.8).

use api::http_proxy::policy::rate_limit::RateLimitPolicy;
use api::http_proxy::{
    HeaderMatchCondition as Header, MatchCondition, QueryParameterMatchCondition as Query,
};
use model::ObjectId;

use crate::field_path::FieldPath;
use crate::http_proxy::conditions::given;
use crate::http_proxy::root::Context;
use crate::http_proxy::tls::ignored;

/// An operator, and whether a condition has it.
type Operator<T> = (&'static str, fn(&T) -> bool);

/// In the order in which they count: the first that a condition has is the only one.
const OF_HEADERS: [Operator<Header>; 7] = [
    ("present", |header| header.present),
    ("notpresent", |header| header.notpresent),
    ("contains", |header| given(&header.contains).is_some()),
    ("notcontains", |header| given(&header.notcontains).is_some()),
    ("exact", |header| given(&header.exact).is_some()),
    ("notexact", |header| given(&header.notexact).is_some()),
    ("regex", |header| given(&header.regex).is_some()),
];

/// Those that have no case.
const WITHOUT_CASE: [&str; 3] = ["present", "notpresent", "regex"];

/// Those for which a missing header may count as an empty one.
const OF_MISSING: [&str; 2] = ["notcontains", "notexact"];

/// Tells about the conditions of a route or an include.
pub(super) fn of_conditions(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    conditions: &[MatchCondition],
) {
    for (index, condition) in conditions.iter().enumerate() {
        let at = at.item("conditions", index);
        if let Some(header) = &condition.header {
            of_header(context, id, &at.field("header"), header);
        }
        if let Some(query) = &condition.query_parameter {
            of_query(context, id, &at.field("queryParameter"), query);
        }
    }
}

/// Tells about the conditions of limits that a service counts.
pub(super) fn of_limits(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    policy: Option<&RateLimitPolicy>,
) {
    let Some(global) = policy.and_then(|policy| policy.global.as_deref()) else { return };
    let at = at.field("rateLimitPolicy.global");
    for (index, descriptor) in global.descriptors.iter().enumerate() {
        let at = at.item("descriptors", index);
        for (index, entry) in descriptor.entries.iter().enumerate() {
            let Some(matched) = &entry.request_header_value_match else { continue };
            let at = at.item("entries", index);
            let at = at.field("requestHeaderValueMatch");
            for (index, header) in matched.headers.iter().enumerate() {
                of_header(context, id, &at.item("headers", index), header);
            }
        }
    }
}

fn of_header(context: &mut Context<'_, '_>, id: &ObjectId, at: &FieldPath<'_>, header: &Header) {
    let mut operators = OF_HEADERS.iter().filter(|(_, is_set)| is_set(header)).map(|(operator, _)| *operator);
    let Some(first) = operators.next() else {
        let help =
            "set one of present, notpresent, contains, notcontains, exact, notexact and regex, or remove it";
        context.note(id, ignored(at, "has no effect without an operator").with_help(help).warning());
        return;
    };
    for operator in operators {
        let fault = ignored(&at.field(operator), &format!("has no effect beside {first}"));
        context.note(id, fault.with_help("make it a condition of its own").warning());
    }
    let options = [
        ("ignoreCase", header.ignore_case && WITHOUT_CASE.contains(&first)),
        ("treatMissingAsEmpty", header.treat_missing_as_empty && !OF_MISSING.contains(&first)),
    ];
    for (option, _) in options.into_iter().filter(|(_, is_idle)| *is_idle) {
        context.note(id, ignored(&at.field(option), &format!("has no effect with {first}")).warning());
    }
}

fn of_query(context: &mut Context<'_, '_>, id: &ObjectId, at: &FieldPath<'_>, query: &Query) {
    let first = match (given(&query.regex), query.present) {
        (Some(_), _) => "regex",
        (None, true) => "present",
        (None, false) => return,
    };
    if query.ignore_case {
        context.note(id, ignored(&at.field("ignoreCase"), &format!("has no effect with {first}")).warning());
    }
}
