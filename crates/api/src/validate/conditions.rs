//! Match conditions.

use super::at::At;
use super::finding::Findings;
use crate::http_proxy::MatchCondition;

pub(super) fn conditions(conditions: &[MatchCondition], at: &At<'_>, out: &mut Findings) {
    at.each("conditions", conditions, |condition, at| {
        if let Some(header) = &condition.header {
            out.required(&at.field("header").field("name"), &header.name);
        }
        if let Some(parameter) = &condition.query_parameter {
            out.required(&at.field("queryParameter").field("name"), &parameter.name);
        }
    });
}
