//! What hosts do, as a graph and as JSON, for people who look for faults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use model::{Action, Traffic, VirtualHost, VirtualHostKey, WeightedCluster};
use serde_json::{Value, json};

use crate::words::{route, text};

type Hosts = BTreeMap<VirtualHostKey, VirtualHost>;

/// The graph, in the language of Graphviz: listeners, their hosts, and the clusters that these send to.
pub(super) fn dot(hosts: &Hosts) -> String {
    let mut graph = String::from("digraph isobath {\n  rankdir=LR;\n  node [shape=box];\n");
    // Writing to a string does not fail.
    let mut edges = BTreeSet::new();
    for (key, host) in hosts {
        let listener = format!("listener {}", key.listener);
        let name = format!("{} {}", key.listener, text(&key.host));
        edges.insert((listener, name.clone()));
        for cluster in clusters(host) {
            edges.insert((name.clone(), cluster.to_owned()));
        }
    }
    for (from, to) in edges {
        let _ = writeln!(graph, "  {} -> {};", quoted(&from), quoted(&to));
    }
    graph.push_str("}\n");
    graph
}

/// The same as JSON, with the routes in words.
pub(super) fn json(hosts: &Hosts) -> Value {
    let host = |(key, host): (&VirtualHostKey, &VirtualHost)| {
        json!({
            "listener": key.listener.to_string(),
            "host": text(&key.host),
            "tls": host.tls.is_some(),
            "routes": routes(host),
            "clusters": clusters(host),
        })
    };
    json!({"hosts": hosts.iter().map(host).collect::<Vec<_>>()})
}

fn routes(host: &VirtualHost) -> Vec<String> {
    match &host.traffic {
        Traffic::Http(routes) => routes.iter().map(route).collect(),
        Traffic::Tcp(_) | Traffic::Udp(_) => vec![],
    }
}

fn clusters(host: &VirtualHost) -> BTreeSet<&str> {
    let weighted: Vec<&WeightedCluster> = match &host.traffic {
        Traffic::Tcp(targets) | Traffic::Udp(targets) => targets.clusters.iter().collect(),
        Traffic::Http(routes) => routes.iter().flat_map(|route| forwarded(&route.action)).collect(),
    };
    weighted.into_iter().map(|cluster| cluster.cluster.as_str()).collect()
}

fn forwarded(action: &Action) -> &[WeightedCluster] {
    match action {
        Action::Forward(forward) => &forward.clusters,
        Action::Redirect(_) | Action::UpgradeToHttps(_) | Action::Respond(_) => &[],
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(dot(&Hosts::new()), "digraph isobath {\n  rankdir=LR;\n  node [shape=box];\n}\n");
        assert_eq!(json(&Hosts::new()), json!({"hosts": []}));
    }
}
