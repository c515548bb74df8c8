//! What hosts do, in words.

use model::{Action, Host, PathMatch, Route, RouteMatch, WeightedCluster};

/// A host.
pub(crate) fn text(host: &Host) -> String {
    if host.is_any() { "* (any host)".into() } else { host.to_string() }
}

/// A route: what it is for, and what it does.
pub(crate) fn route(route: &Route) -> String {
    let does = match &route.action {
        Action::Forward(forward) => backends(&forward.clusters),
        Action::Redirect(redirect) => format!("redirects with {}", redirect.status),
        Action::UpgradeToHttps(_) => "redirects to https".into(),
        Action::Respond(answer) => format!("answers {}", answer.status),
    };
    format!("{} → {does}", conditions(&route.matches))
}

fn conditions(matches: &RouteMatch) -> String {
    let path = match &matches.path {
        PathMatch::Exact(path) => format!("= {path}"),
        PathMatch::Regex(regex) => format!("~ {regex}"),
        PathMatch::Segments(prefix) if prefix.is_empty() => "/".into(),
        PathMatch::Segments(prefix) => prefix.to_string(),
        PathMatch::Prefix(prefix) => prefix.to_string(),
    };
    let headers = matches.headers.iter().map(|header| format!(" + header {}", header.name));
    let query = matches.query.iter().map(|parameter| format!(" + query {}", parameter.name));
    short(std::iter::once(path).chain(headers).chain(query).collect())
}

/// Without what is too long for a line.
fn short(text: String) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The backends, with their shares if there are several.
pub(crate) fn backends(clusters: &[WeightedCluster]) -> String {
    let several = clusters.len() > 1;
    let one = |cluster: &WeightedCluster| {
        let name = backend(cluster.cluster.as_str());
        if several { format!("{} × {name}", cluster.weight) } else { name }
    };
    clusters.iter().map(one).collect::<Vec<_>>().join(" + ")
}

/// `namespace/service:port` of a cluster's name, which ends in a hash.
fn backend(cluster: &str) -> String {
    let mut parts = cluster.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(namespace), Some(service), Some(port)) => format!("{namespace}/{service}:{port}"),
        _ => cluster.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_shown_as_its_service_and_port() {
        assert_eq!(backend("web/shop/80/0123456789abcdef"), "web/shop:80");
        assert_eq!(backend("other"), "other");
    }

    #[test]
    fn long_conditions_are_cut_between_characters() {
        assert_eq!(short("ü".repeat(60)), "ü".repeat(60));
        assert_eq!(short("ü".repeat(61)), format!("{}…", "ü".repeat(60)));
    }

    #[test]
    fn conditions_are_one_line() {
        let matches = RouteMatch::new(PathMatch::Segments("/a".into()), vec![], vec![]);
        assert_eq!(conditions(&matches), "/a");
        assert_eq!(conditions(&RouteMatch { path: PathMatch::Exact("/b".into()), ..matches }), "= /b");
    }
}
