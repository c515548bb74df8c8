//! Filters by address (reference 3.20).

use api::http_proxy::policy::{IpFilterPolicy, IpFilterSource};
use model::{AddressFilter, AddressRange, AddressSource};
use rules::Invalid;

use super::Fault;
use super::restrictions::Level;
use crate::field_path::FieldPath;
use crate::text::quoted;

const ALLOW: &str = "ipAllowPolicy";
const DENY: &str = "ipDenyPolicy";

/// The filter of a host or a route, if it has one.
///
/// One entry that cannot be read is a fault of the whole: a list that lost an entry would let others through
/// (reference 11, entry 3).
pub(super) fn filter(
    level: Level,
    at: &FieldPath<'_>,
    allow: &[IpFilterPolicy],
    deny: &[IpFilterPolicy],
) -> Result<Option<AddressFilter>, Vec<Fault>> {
    match (allow, deny) {
        ([], []) => Ok(None),
        (allow, []) => ranges(at, ALLOW, allow).map(AddressFilter::Allow).map(Some),
        ([], deny) => ranges(at, DENY, deny).map(AddressFilter::Deny).map(Some),
        (..) => Err(vec![both(level, at)]),
    }
}

fn both(level: Level, at: &FieldPath<'_>) -> Fault {
    let message = match level {
        Level::Host => {
            "Spec.VirtualHost.IPAllowFilterPolicy and Spec.VirtualHost.IPDenyFilterPolicy cannot both be defined"
        }
        Level::Route => "cannot specify both ipAllowPolicy and ipDenyPolicy",
    };
    Fault::new("IPFilterError", "IncompatibleIPAddressFilters", at, message)
}

fn ranges(
    at: &FieldPath<'_>,
    field: &str,
    entries: &[IpFilterPolicy],
) -> Result<Vec<AddressRange>, Vec<Fault>> {
    let (mut ranges, mut faults) = (Vec::with_capacity(entries.len()), Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        match range(&at.item(field, index), entry) {
            Ok(range) => ranges.push(range),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    ranges.sort_unstable();
    ranges.dedup();
    Ok(ranges)
}

fn range(at: &FieldPath<'_>, entry: &IpFilterPolicy) -> Result<AddressRange, Fault> {
    let range = rules::cidr(&entry.cidr).map_err(|Invalid { why, way_out, .. }| {
        let message = format!("{} failed to parse: {why}", quoted(&entry.cidr));
        Fault::new("IPFilterError", "InvalidCIDR", &at.field("cidr"), message).with_help(way_out)
    })?;
    Ok(AddressRange { source: source(at, entry)?, range })
}

fn source(at: &FieldPath<'_>, entry: &IpFilterPolicy) -> Result<AddressSource, Fault> {
    match entry.source.known() {
        Some(IpFilterSource::Peer) => Ok(AddressSource::Peer),
        Some(IpFilterSource::Remote) => Ok(AddressSource::Remote),
        None => {
            let message = format!("source {} is neither Peer nor Remote", quoted(entry.source.as_str()));
            Err(Fault::new("IPFilterError", "IPFilterPolicyNotValid", &at.field("source"), message))
        }
    }
}
