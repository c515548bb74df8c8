//! Endpoints that are new to a service and get little at first (reference 3.10).

use api::duration;
use api::http_proxy::service::SlowStartPolicy;
use model::{Aggression, Balancing, SlowStart};

use super::Fault;
use crate::field_path::FieldPath;
use crate::text::quoted;

/// The share that an endpoint begins with, in percent, where none is named.
const MINIMUM_PERCENT: i64 = 10;

/// How endpoints of one service are chosen, where its route decides as much.
pub(super) fn balancing(
    at: &FieldPath<'_>,
    policy: Option<&SlowStartPolicy>,
    balancing: Balancing,
) -> Result<Balancing, Fault> {
    let Some(policy) = policy else { return Ok(balancing) };
    let at = at.field("slowStartPolicy");
    let slow_start = slow_start(&at, policy)?;
    match balancing {
        Balancing::RoundRobin(_) => Ok(Balancing::RoundRobin(slow_start)),
        Balancing::LeastRequest(_) => Ok(Balancing::LeastRequest(slow_start)),
        Balancing::Random | Balancing::Hash => {
            let message = "slow start is possible only with the load balancer strategies RoundRobin and \
                           WeightedLeastRequest";
            Err(fault(&at, message.to_owned()))
        }
    }
}

fn fault(at: &FieldPath<'_>, message: String) -> Fault {
    Fault::new("ServiceError", "SlowStartInvalid", at, message)
}

/// `None` for a window of no length.
fn slow_start(at: &FieldPath<'_>, policy: &SlowStartPolicy) -> Result<Option<SlowStart>, Fault> {
    let window = duration::parse(&policy.window).map_err(|why| why.to_string());
    let window = window.and_then(|window| rules::timeout(window).map_err(|why| why.to_string()));
    let window = window
        .map_err(|why| fault(&at.field("window"), format!("window {}: {why}", quoted(&policy.window))))?;
    let percent = rules::percent(policy.min_weight_percent.unwrap_or(MINIMUM_PERCENT));
    let minimum_percent =
        percent.map_err(|why| fault(&at.field("minWeightPercent"), format!("minWeightPercent: {why}")))?;
    let aggression = aggression(at, policy.aggression.as_deref())?;
    Ok((!window.is_zero()).then_some(SlowStart { window, aggression, minimum_percent }))
}

/// Digits with or without a point, above zero; 1 where nothing is said.
fn aggression(at: &FieldPath<'_>, text: Option<&str>) -> Result<Aggression, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Aggression::default()) };
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let parsed = text.parse().ok().filter(|_| is_decimal).and_then(Aggression::new);
    parsed.ok_or_else(|| {
        let message = format!("aggression {} must be a decimal number above 0, such as 1.0", quoted(text));
        fault(&at.field("aggression"), message)
    })
}
