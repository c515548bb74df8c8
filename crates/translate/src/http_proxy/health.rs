//! Probes of endpoints (reference 3.13).

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use api::http_proxy::policy::{HealthCheckPolicy, HttpStatusRange};
use api::http_proxy::tcp_proxy::TcpHealthCheckPolicy;
use model::{HealthCheck, Probe};

use super::Fault;
use crate::field_path::FieldPath;

/// The host that is asked for where none is named; Contour's, which backends may know.
const HOST: &str = "contour-envoy-healthcheck";

/// The longest interval in seconds.
const LONGEST_INTERVAL: i64 = 24 * 60 * 60;

/// The longest timeout in seconds. As long as the first probe of a backend that is not there is under way, Envoy
/// acknowledges no cluster of anybody.
const LONGEST_TIMEOUT: i64 = 5 * 60;

/// The probes of a route's endpoints.
pub(crate) fn of_requests(
    at: &FieldPath<'_>,
    policy: Option<&HealthCheckPolicy>,
) -> Result<Option<Arc<HealthCheck>>, Fault> {
    let Some(policy) = policy else { return Ok(None) };
    let at = at.field("healthCheckPolicy");
    let fault = |field: &str, why: String| fault("RouteError", "route", &at.field(field), &why);
    let path = rules::health_check_path(&policy.path).map_err(|why| fault("path", why.to_string()))?;
    let host = policy.host.as_deref().filter(|host| !host.is_empty()).unwrap_or(HOST);
    let host = rules::header_value(host).map_err(|why| fault("host", why.to_string()))?;
    let statuses = statuses(&at, &policy.expected_statuses)?;
    let probe = Probe::Http { path: path.into(), host: host.into(), statuses };
    let numbers = Numbers {
        interval: policy.interval_seconds,
        timeout: policy.timeout_seconds,
        unhealthy: policy.unhealthy_threshold_count,
        healthy: policy.healthy_threshold_count,
    };
    numbers.check(probe, fault).map(Some)
}

/// The probes of the endpoints of a TCP proxy.
pub(super) fn of_connections(
    at: &FieldPath<'_>,
    policy: Option<&TcpHealthCheckPolicy>,
) -> Result<Option<Arc<HealthCheck>>, Fault> {
    let Some(policy) = policy else { return Ok(None) };
    let at = at.field("healthCheckPolicy");
    let numbers = Numbers {
        interval: policy.interval_seconds,
        timeout: policy.timeout_seconds,
        unhealthy: policy.unhealthy_threshold_count,
        healthy: policy.healthy_threshold_count,
    };
    let fault = |field: &str, why: String| fault("TCPProxyError", "tcpproxy", &at.field(field), &why);
    numbers.check(Probe::Connect, fault).map(Some)
}

fn fault(kind: &'static str, whose: &str, at: &FieldPath<'_>, why: &str) -> Fault {
    Fault::new(kind, "HealthCheckPolicyInvalid", at, format!("{whose}.healthCheckPolicy is invalid: {why}"))
}

/// The numbers of both policies; 0 is the default of each.
struct Numbers {
    interval: i64,
    timeout: i64,
    unhealthy: i64,
    healthy: i64,
}

impl Numbers {
    fn check(&self, probe: Probe, fault: impl Fn(&str, String) -> Fault) -> Result<Arc<HealthCheck>, Fault> {
        let seconds = |field, value, default, longest| {
            whole(value, default, longest).map_err(|why| fault(field, format!("{field} {why}")))
        };
        let count = |field, value, default| {
            let count = whole(value, default, i64::from(u32::MAX));
            count.map_err(|why| fault(field, format!("{field} {why}")))
        };
        let narrow = |number: u64| u32::try_from(number).expect("it is bounded by the largest");
        Ok(Arc::new(HealthCheck {
            probe,
            interval: Duration::from_secs(seconds("intervalSeconds", self.interval, 10, LONGEST_INTERVAL)?),
            timeout: Duration::from_secs(seconds("timeoutSeconds", self.timeout, 2, LONGEST_TIMEOUT)?),
            unhealthy_after: narrow(count("unhealthyThresholdCount", self.unhealthy, 3)?),
            healthy_after: narrow(count("healthyThresholdCount", self.healthy, 2)?),
        }))
    }
}

/// A number above zero, where zero stands for the default.
fn whole(value: i64, default: u64, largest: i64) -> Result<u64, String> {
    match u64::try_from(value) {
        Ok(0) => Ok(default),
        Ok(number) if value <= largest => Ok(number),
        _ => Err(format!("{value} must be in the range 1-{largest}, or 0 for the default, {default}")),
    }
}

fn statuses(at: &FieldPath<'_>, ranges: &[HttpStatusRange]) -> Result<Vec<Range<u16>>, Fault> {
    let range = |(index, range): (usize, &HttpStatusRange)| {
        let checked = rules::expected_statuses(range.start, range.end);
        checked.map(|range| range.start..range.end).map_err(|why| {
            fault("RouteError", "route", &at.item("expectedStatuses", index), &why.to_string())
        })
    };
    ranges.iter().enumerate().map(range).collect()
}
