//! The clients of an Envoy, by its statistics.

/// Which statistics are asked for: those of requests and those of connections that are carried as they are.
pub(super) const PATH: &str = "/stats/prometheus?filter=^(http|tcp)\\..*\\.downstream_cx_(active|total)$";

const ACTIVE: [&str; 2] = ["envoy_http_downstream_cx_active", "envoy_tcp_downstream_cx_active"];
const TOTAL: [&str; 2] = ["envoy_http_downstream_cx_total", "envoy_tcp_downstream_cx_total"];
/// Listeners of our own that probes and collectors use to the end.
const OURS: [&str; 5] = ["admin", "envoy-admin", "stats", "health", "stats-health"];

/// The connections of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connections {
    pub(super) open: u64,
    /// All that were opened since Envoy started.
    pub(super) opened: u64,
}

impl Connections {
    pub(super) fn of(statistics: &str) -> Self {
        let sum = |metrics: [&str; 2]| {
            let samples = statistics.lines().filter_map(sample);
            let of_clients =
                samples.filter(|(name, prefix, _)| metrics.contains(name) && !OURS.contains(prefix));
            of_clients.map(|(_, _, count)| count).sum()
        };
        Self { open: sum(ACTIVE), opened: sum(TOTAL) }
    }
}

/// The name, the prefix and the value of a sample.
fn sample(line: &str) -> Option<(&str, &str, u64)> {
    let (name, rest) = line.split_once('{')?;
    let (labels, value) = rest.rsplit_once('}')?;
    let label = labels.split(',').find(|label| label.contains("prefix="))?;
    let prefix = label.split_once('=')?.1.trim_matches('"');
    Some((name, prefix, value.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_clients_are_counted_and_those_of_probes_are_not() {
        let statistics = "\
# TYPE envoy_http_downstream_cx_active gauge
envoy_http_downstream_cx_active{envoy_http_conn_manager_prefix=\"admin\"} 1
envoy_http_downstream_cx_active{envoy_http_conn_manager_prefix=\"ingress_http\"} 2
envoy_http_downstream_cx_active{envoy_http_conn_manager_prefix=\"ingress_https\"} 3
envoy_http_downstream_cx_active{envoy_http_conn_manager_prefix=\"stats\"} 4
envoy_http_downstream_cx_active{envoy_http_conn_manager_prefix=\"health\"} 5
envoy_tcp_downstream_cx_active{envoy_tcp_prefix=\"ingress_https\"} 10
envoy_http_downstream_cx_total{envoy_http_conn_manager_prefix=\"admin\"} 1000
envoy_http_downstream_cx_total{envoy_http_conn_manager_prefix=\"ingress_http\"} 100
envoy_tcp_downstream_cx_total{envoy_tcp_prefix=\"ingress_https\"} 20
";
        assert_eq!(Connections::of(statistics), Connections { open: 15, opened: 120 });
        assert_eq!(Connections::of(""), Connections { open: 0, opened: 0 });
    }
}
