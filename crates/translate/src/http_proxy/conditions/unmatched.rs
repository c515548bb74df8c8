//! Paths that no request has when Envoy compares it: they are told, for the route behind them is dead.

use api::http_proxy::MatchCondition;
use rules::{Compared, Invalid};

use super::{Block, Conditions, given, join};
use crate::field_path::FieldPath;
use crate::http_proxy::Fault;
use crate::text;

/// The paths of a block that match nothing, by themselves or behind those that lead to it.
pub(in crate::http_proxy) fn unmatched(
    block: Block,
    above: &Conditions,
    at: &FieldPath<'_>,
    conditions: &[MatchCondition],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        let at = at.item("conditions", index);
        let paths = [
            ("prefix", &condition.prefix, Compared::Beginning),
            ("exact", &condition.exact, Compared::Whole),
        ];
        for (field, path, compared) in paths {
            // One that is no path at all is an error of its own.
            let Some(path) = given(path).filter(|path| rules::path(path).is_ok()) else { continue };
            if let Err(why) = matched(above, path, compared) {
                let message = format!("no request matches: path \"{}\" {}", why.found, why.why);
                faults.push(block.fault(&at.field(field), &message).with_help(why.way_out));
            }
        }
    }
    faults
}

/// Several slashes are one here, whatever the operator wants: they are joined to one.
fn matched(above: &Conditions, path: &str, compared: Compared) -> Result<(), Invalid> {
    // And so are both together.
    if rules::is_plain_path(path) && rules::is_plain_path(&above.prefix) {
        return Ok(());
    }
    text::sent_path(&join("", path), compared)?;
    // What leads here is told where it stands.
    let is_dead = text::sent_path(&above.prefix, Compared::Beginning).is_err();
    if is_dead { Ok(()) } else { text::sent_path(&join(&above.prefix, path), compared) }
}
