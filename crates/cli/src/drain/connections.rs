//! How many clients an Envoy has, by its statistics.

/// Which statistics are asked for: those of requests and those of connections that are carried as they are.
pub(super) const PATH: &str = "/stats/prometheus?filter=^(http|tcp)\\..*\\.downstream_cx_active$";

const METRICS: [&str; 2] = ["envoy_http_downstream_cx_active", "envoy_tcp_downstream_cx_active"];
/// Listeners of our own that probes and collectors use to the end.
const OURS: [&str; 5] = ["admin", "envoy-admin", "stats", "health", "stats-health"];

/// The connections of clients.
pub(super) fn open(statistics: &str) -> u64 {
    let lines = statistics.lines().filter_map(sample);
    lines.filter(|(prefix, _)| !OURS.contains(prefix)).map(|(_, count)| count).sum()
}

/// The prefix and the value of a sample that counts connections.
fn sample(line: &str) -> Option<(&str, u64)> {
    let (name, rest) = line.split_once('{')?;
    let (labels, value) = rest.rsplit_once('}')?;
    if !METRICS.contains(&name) {
        return None;
    }
    let label = labels.split(',').find(|label| label.contains("prefix="))?;
    let prefix = label.split_once('=')?.1.trim_matches('"');
    Some((prefix, value.trim().parse().ok()?))
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
envoy_http_downstream_cx_total{envoy_http_conn_manager_prefix=\"ingress_http\"} 100
";
        assert_eq!(open(statistics), 15);
        assert_eq!(open(""), 0);
    }
}
