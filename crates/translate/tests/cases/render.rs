//! What came of a case, in a form for people: one line for a route's condition, one for what happens.

mod asked;
mod statuses;

use std::collections::BTreeMap;
use std::time::Duration;

use model::{
    Action, AddressFilter, Balancing, ClientCertificates, Cluster, ClusterKey, CookieRewrite, CorsOrigin,
    CorsPolicy, Demand, Discovery, Endpoint, FleetOwner, Forward, GatewayName, Handshake, HashPart,
    HashSource, HeaderEdits, HeaderMatch, HeaderPredicate, HealthCheck, HostRewrite, InternalRedirect, Jwks,
    JwtProvider, LocalRateLimit, PathMatch, PathRewrite, Policies, Probe, Problem, Protocol, QueryMatch,
    QueryPredicate, Redirect, RedirectPath, RedirectPort, Report, Retry, RetryBudget, Revocation, Route,
    RouteMatch, SchemeChange, SessionPersistence, Severity, SlowStart, TextMatch, Timeout, TlsTermination,
    TlsVersion, Traffic, Trust, UpstreamValidation, Verdict, VirtualHost, WeightedCluster,
};
use serde_json::{Map, Value, json};

use crate::world::World;

/// Names of clusters without their hashes.
type Names = BTreeMap<ClusterKey, String>;

pub(crate) fn world(world: &World) -> Value {
    let contributions = world.contributions();
    let clusters: BTreeMap<&ClusterKey, &Cluster> =
        contributions.values().flat_map(|contribution| &contribution.clusters).collect();
    let names = names(&clusters);
    let reports = world.reports();
    let mut found = Map::new();
    insert(&mut found, "problems", reports.iter().map(|(id, each)| (id.to_string(), report(each))));
    let statuses = reports.iter().filter_map(|(id, each)| Some((id, each.gateway_api.as_deref()?)));
    insert(
        &mut found,
        "statuses",
        statuses.map(|(id, status)| (id.to_string(), statuses::conditions(status))),
    );
    let hosts = world.hosts().into_iter().filter_map(|(key, merged)| {
        let host = virtual_host(&merged.virtual_host?, &names, reports.len() > 1);
        let fleet = match key.listener.fleet().owner() {
            None => String::new(),
            Some(FleetOwner::Gateway(GatewayName { namespace, name })) => format!("{namespace}/{name} "),
            Some(class @ FleetOwner::Class(_)) => format!("{class} "),
        };
        Some((format!("{fleet}{} {}", key.listener, key.host), host))
    });
    insert(&mut found, "hosts", hosts);
    let described: BTreeMap<_, _> =
        clusters.iter().map(|(key, value)| (names[*key].clone(), json!(cluster(value)))).collect();
    insert(&mut found, "clusters", described.into_iter());
    insert(&mut found, "endpoints", endpoints(world, &clusters).into_iter());
    Value::Object(found)
}

fn insert(found: &mut Map<String, Value>, key: &str, entries: impl Iterator<Item = (String, Value)>) {
    let entries: Map<_, _> = entries.collect();
    if !entries.is_empty() {
        found.insert(key.to_owned(), Value::Object(entries));
    }
}

fn names(clusters: &BTreeMap<&ClusterKey, &Cluster>) -> Names {
    let mut by_text: Vec<_> = clusters.iter().map(|(key, value)| (cluster(value), *key, *value)).collect();
    by_text.sort_by(|a, b| (&a.2.backend, &a.0).cmp(&(&b.2.backend, &b.0)));
    let mut names = Names::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, key, value) in by_text {
        let name = value.backend.to_string();
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        names.insert(key.clone(), if *count == 1 { name } else { format!("{name} #{count}") });
    }
    names
}

fn report(report: &Report) -> Value {
    let verdict = match report.verdict {
        Verdict::Valid => "valid",
        Verdict::Invalid => "invalid",
        Verdict::Orphaned => "orphaned",
    };
    if report.problems.is_empty() {
        return json!(verdict);
    }
    json!({ verdict: report.problems.iter().map(problem).collect::<Vec<_>>() })
}

fn problem(problem: &Problem) -> Value {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut found = Map::new();
    found.insert(severity.into(), json!(format!("{}/{}", problem.kind, problem.reason)));
    if !problem.path.is_empty() {
        found.insert("path".into(), json!(problem.path));
    }
    found.insert("message".into(), json!(problem.message));
    if let Some(help) = &problem.help {
        found.insert("help".into(), json!(help));
    }
    Value::Object(found)
}

fn virtual_host(host: &VirtualHost, names: &Names, several: bool) -> Value {
    let mut found = Map::new();
    if let Some(tls) = &host.tls {
        found.insert("tls".into(), json!(termination(tls)));
        if let Some(asked) = tls.clients.certificates() {
            found.insert("clients".into(), json!(clients(asked)));
        }
        if let Some(fallback) = tls.clients.fallback() {
            found.insert("fallback".into(), json!(fallback.to_string()));
        }
    }
    if let Some(authorization) = host.authorization.as_deref() {
        found.insert("asks".into(), json!(asked::authorization(authorization, names)));
    }
    policies(&host.policies, &mut found);
    if let Some(policy) = &host.cors {
        found.insert("cors".into(), cors(policy));
    }
    insert(
        &mut found,
        "tokens",
        host.jwt_providers.iter().map(|each| (each.name.to_string(), json!(provider(each, names)))),
    );
    match &host.traffic {
        Traffic::Http(routes) => {
            let routes: Vec<_> = routes.iter().map(|each| route(each, names, several)).collect();
            found.insert("routes".into(), json!(routes));
        }
        Traffic::Tcp(targets) => {
            found.insert("tcp".into(), json!(shares(&targets.clusters, names)));
            invalid(targets.invalid, &mut found);
        }
        Traffic::Udp(targets) => {
            found.insert("udp".into(), json!(shares(&targets.clusters, names)));
            invalid(targets.invalid, &mut found);
        }
    }
    Value::Object(found)
}

fn cors(policy: &CorsPolicy) -> Value {
    let origin = |origin: &CorsOrigin| match origin {
        CorsOrigin::Any => "*".to_owned(),
        CorsOrigin::Exact(text) => text.to_string(),
        CorsOrigin::Regex(regex) => format!("like {regex}"),
    };
    let mut found = Map::new();
    found.insert("origins".into(), json!(policy.origins.iter().map(origin).collect::<Vec<_>>()));
    let lists = [
        ("methods", &policy.methods),
        ("headers", &policy.allowed_headers),
        ("readable", &policy.exposed_headers),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        found.insert(name.into(), json!(list.join(", ")));
    }
    for (name, value) in [("credentials", policy.credentials), ("private network", policy.private_network)] {
        if value {
            found.insert(name.into(), json!(true));
        }
    }
    if let Some(seconds) = policy.max_age {
        found.insert("seconds".into(), json!(seconds));
    }
    Value::Object(found)
}

fn termination(tls: &TlsTermination) -> String {
    let word = |version| match version {
        TlsVersion::V1_2 => "1.2",
        TlsVersion::V1_3 => "1.3",
    };
    let certificates: Vec<_> = tls.certificates.iter().map(ToString::to_string).collect();
    format!("{} from {} to {}", certificates.join(" or "), word(tls.minimum), word(tls.maximum))
}

fn clients(asked: &ClientCertificates) -> String {
    let demand = match asked.demand {
        Demand::Required => "must have",
        Demand::Optional => "may have",
    };
    let trust = match &asked.trust {
        Trust::Issued { by, revocation: Revocation::Chain } => format!("a certificate of {by}"),
        Trust::Issued { by, revocation: Revocation::Leaf } => {
            format!("a certificate of {by}, itself not revoked")
        }
        Trust::Any { suggested: None } => "any certificate".to_owned(),
        Trust::Any { suggested: Some(ca) } => format!("any certificate, preferably of {ca}"),
    };
    let forward = asked.forward.as_ref().map_or(String::new(), |details| {
        let words = details.iter().map(|detail| format!(" {detail:?}").to_lowercase());
        format!("; backends are told: hash{}", words.collect::<String>())
    });
    format!("{demand} {trust}{forward}")
}

fn route(route: &Route, names: &Names, several: bool) -> Value {
    let mut found = Map::new();
    found.insert("match".into(), json!(matching(&route.matches)));
    policies(&route.policies, &mut found);
    if let Some(provider) = &route.jwt {
        found.insert("token".into(), json!(provider));
    }
    if let Some(authorization) = route.authorization.as_deref() {
        found.insert("asks".into(), json!(asked::route_authorization(authorization, names)));
    }
    action(&route.action, names, &mut found);
    edits("request", &route.request_headers, &mut found);
    edits("response", &route.response_headers, &mut found);
    if several {
        found.insert("from".into(), json!(route.origin.to_string()));
    }
    Value::Object(found)
}

fn policies(policies: &Policies, found: &mut Map<String, Value>) {
    if let Some(filter) = policies.addresses.as_deref() {
        found.insert("addresses".into(), json!(addresses(filter)));
    }
    if let Some(limit) = policies.rate_limit.as_deref() {
        found.insert("rate limit".into(), json!(rate_limit(limit)));
        let headers: Vec<_> = limit.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !headers.is_empty() {
            found.insert("rate limit headers".into(), json!(headers));
        }
    }
    if let Some(limit) = policies.global_rate_limit.as_deref() {
        found.insert("counted by".into(), json!(asked::global_rate_limit(limit)));
    }
    if let Some(check) = policies.authorization.as_deref() {
        found.insert("authorization".into(), json!(asked::check(check)));
    }
}

fn provider(provider: &JwtProvider, names: &Names) -> String {
    let mut words = vec![match &provider.keys {
        Jwks::Local(keys) => format!("keys {}", keys.as_str()),
        Jwks::Remote { uri, cluster, timeout, cache } => {
            format!("keys from {uri} by {} in {timeout:?} every {cache:?}", names[cluster])
        }
    }];
    if !provider.issuer.is_empty() {
        words.push(format!("issuer {}", provider.issuer));
    }
    words.extend(provider.audiences.iter().map(|audience| format!("audience {audience}")));
    if provider.forward {
        words.push("forwarded".into());
    }
    words.join(", ")
}

fn addresses(filter: &AddressFilter) -> String {
    let (verdict, ranges) = match filter {
        AddressFilter::Allow(ranges) => ("allow", ranges),
        AddressFilter::Deny(ranges) => ("deny", ranges),
    };
    let ranges: Vec<_> = ranges.iter().map(|each| format!("{:?} {}", each.source, each.range)).collect();
    format!("{verdict} {}", ranges.join(", "))
}

fn rate_limit(limit: &LocalRateLimit) -> String {
    let LocalRateLimit { requests, interval, at_once, status, .. } = limit;
    format!("{requests} in {interval:?}, {at_once} at once, else {status}")
}

fn matching(matches: &RouteMatch) -> String {
    let path = match &matches.path {
        PathMatch::Exact(text) => format!("exact {text}"),
        PathMatch::Regex(text) => format!("regex {text}"),
        PathMatch::Segments(text) => format!("segments {text}"),
        PathMatch::Prefix(text) => format!("prefix {text}"),
    };
    let headers = matches.headers.iter().map(header);
    let query = matches.query.iter().map(query);
    std::iter::once(path).chain(headers).chain(query).collect::<Vec<_>>().join(", ")
}

fn header(condition: &HeaderMatch) -> String {
    let not = if condition.invert { "not " } else { "" };
    let missing = if condition.missing_is_empty { " (missing is empty)" } else { "" };
    let predicate = match &condition.predicate {
        HeaderPredicate::Exact(value) => format!("exact {}", text(value)),
        HeaderPredicate::Regex(pattern) => format!("regex {pattern}"),
        HeaderPredicate::Contains(value) => format!("contains {}", text(value)),
        HeaderPredicate::Present => "present".into(),
    };
    format!("header {} {not}{predicate}{missing}", condition.name)
}

fn query(condition: &QueryMatch) -> String {
    let predicate = match &condition.predicate {
        QueryPredicate::Exact(value) => format!("exact {}", text(value)),
        QueryPredicate::Regex(pattern) => format!("regex {pattern}"),
        QueryPredicate::Prefix(value) => format!("prefix {}", text(value)),
        QueryPredicate::Suffix(value) => format!("suffix {}", text(value)),
        QueryPredicate::Contains(value) => format!("contains {}", text(value)),
        QueryPredicate::Present => "present".into(),
    };
    format!("query {} {predicate}", condition.name)
}

fn text(text: &TextMatch) -> String {
    format!("{:?}{}", text.value, if text.ignore_case { " in any case" } else { "" })
}

fn action(action: &Action, names: &Names, found: &mut Map<String, Value>) {
    match action {
        Action::Forward(forward) => self::forward(forward, names, found),
        Action::Redirect(redirect) => {
            found.insert("redirect".into(), json!(self::redirect(redirect)));
        }
        Action::UpgradeToHttps(port) => {
            let port = redirect_port(*port).map(|port| format!(", {port}")).unwrap_or_default();
            found.insert("redirect".into(), json!(format!("to https{port}")));
        }
        Action::Respond(response) => {
            let body = if response.body.is_empty() { String::new() } else { format!(" {:?}", response.body) };
            found.insert("respond".into(), json!(format!("with {}{body}", response.status)));
        }
    }
}

fn redirect_port(port: RedirectPort) -> Option<String> {
    match port {
        RedirectPort::Same => None,
        RedirectPort::Number(port) => Some(format!("port {port}")),
        RedirectPort::Usual(port) => Some(format!("port {port} of the scheme")),
    }
}

fn redirect(redirect: &Redirect) -> String {
    let mut words = vec![redirect.status.to_string()];
    words.extend(redirect.scheme.as_ref().map(|scheme| format!("scheme {scheme}")));
    words.extend(redirect.host.as_ref().map(|host| format!("host {host}")));
    words.extend(redirect_port(redirect.port));
    words.extend(redirect.path.as_ref().map(|path| match path {
        RedirectPath::Full(path) => format!("path {path}"),
        RedirectPath::Prefix(prefix) => format!("prefix {prefix}"),
        RedirectPath::Segments(segments) => {
            format!("{:?} in place of {:?}", segments.replacement, segments.matched)
        }
    }));
    format!("with {}", words.join(", "))
}

fn forward(forward: &Forward, names: &Names, found: &mut Map<String, Value>) {
    found.insert("forward".into(), json!(shares(&forward.clusters, names)));
    invalid(forward.invalid, found);
    if let Some(SessionPersistence { name, carrier }) = &forward.session {
        found.insert("session".into(), json!(format!("{name} in {carrier:?}")));
    }
    for mirror in &forward.mirrors {
        let percent = f64::from(mirror.share.millionths()) / 10_000.0;
        found.insert("mirror".into(), json!(format!("{} {percent} %", names[&mirror.cluster])));
    }
    if let Some(rewrite) = &forward.path {
        found.insert("rewrite".into(), json!(self::rewrite(rewrite)));
    }
    if let Some(host) = &forward.host {
        found.insert("host".into(), json!(self::host(host)));
    }
    let hash: Vec<_> = forward.hash.iter().map(hash_part).collect();
    if !hash.is_empty() {
        found.insert("hash".into(), json!(hash));
    }
    let times = [("response", forward.timeouts.response), ("idle", forward.timeouts.idle)];
    let times: Vec<_> =
        times.iter().filter_map(|(word, time)| Some(format!("{word} {}", timeout(*time)?))).collect();
    if !times.is_empty() {
        found.insert("timeouts".into(), json!(times.join(", ")));
    }
    if let Some(retry) = &forward.retry {
        found.insert("retry".into(), json!(self::retry(retry)));
    }
    if forward.websockets {
        found.insert("websockets".into(), json!(true));
    }
    if let Some(redirect) = &forward.internal_redirect {
        found.insert("follow".into(), json!(internal_redirect(redirect)));
    }
}

fn hash_part(part: &HashPart) -> String {
    let end = if part.terminal { ", and then no more" } else { "" };
    let source = match &part.source {
        HashSource::Session => "session".to_owned(),
        HashSource::Header(name) => format!("header {name}"),
        HashSource::Query(name) => format!("query {name}"),
        HashSource::Address => "address".to_owned(),
    };
    format!("{source}{end}")
}

fn internal_redirect(redirect: &InternalRedirect) -> String {
    let statuses = match &redirect.statuses[..] {
        [] => "[302]".into(),
        statuses => format!("{statuses:?}"),
    };
    let mut words = vec![format!("up to {} redirects with {statuses}", redirect.count)];
    words.extend(match redirect.schemes {
        SchemeChange::Never => None,
        SchemeChange::SafeOnly => Some("to another scheme if safe".to_owned()),
        SchemeChange::Always => Some("to another scheme".to_owned()),
    });
    if redirect.each_route_once {
        words.push("each route once".into());
    }
    words.join(", ")
}

/// One backend in one word; several as a list; a share with changes of its own says them.
fn shares(clusters: &[WeightedCluster], names: &Names) -> Value {
    match clusters {
        [only] if *only == WeightedCluster::plain(only.cluster.clone(), 1) => json!(names[&only.cluster]),
        clusters => clusters.iter().map(|each| share(each, names)).collect(),
    }
}

/// The weight of backends that cannot be reached.
fn invalid(weight: u32, found: &mut Map<String, Value>) {
    if weight > 0 {
        found.insert("nowhere".into(), json!(format!("weight {weight}")));
    }
}

fn share(share: &WeightedCluster, names: &Names) -> Value {
    let mut found = Map::new();
    found.insert("to".into(), json!(format!("{} weight {}", names[&share.cluster], share.weight)));
    if let Some(host) = &share.host {
        found.insert("host".into(), json!(self::host(host)));
    }
    edits("request", &share.request_headers, &mut found);
    edits("response", &share.response_headers, &mut found);
    insert(
        &mut found,
        "cookies",
        share.cookies.iter().map(|each| (each.name.to_string(), json!(cookie(each)))),
    );
    if found.len() == 1 { found["to"].clone() } else { Value::Object(found) }
}

fn cookie(rewrite: &CookieRewrite) -> String {
    let CookieRewrite { name: _, path, domain, secure, same_site } = rewrite;
    let mut words = Vec::new();
    words.extend(path.as_ref().map(|path| format!("path {path}")));
    words.extend(domain.as_ref().map(|domain| format!("domain {domain}")));
    words.extend(secure.map(|secure| if secure { "secure" } else { "not secure" }.to_owned()));
    words.extend(same_site.map(|word| format!("same site {}", word.as_str())));
    words.join(", ")
}

fn rewrite(rewrite: &PathRewrite) -> String {
    match rewrite {
        PathRewrite::Full(path) => format!("to {path}"),
        PathRewrite::Prefix(prefix) => format!("prefix to {prefix}"),
        PathRewrite::Segments(segments) => {
            format!("{:?} in place of {:?}", segments.replacement, segments.matched)
        }
        PathRewrite::Regex { pattern, substitution } => format!("regex {pattern} to {substitution}"),
    }
}

fn host(host: &HostRewrite) -> String {
    match host {
        HostRewrite::Literal(host) => format!("set to {host}"),
        HostRewrite::Header(name) => format!("taken from header {name}"),
    }
}

fn timeout(timeout: Timeout) -> Option<String> {
    match timeout {
        Timeout::Default => None,
        Timeout::Disabled => Some("off".into()),
        Timeout::After(time) => Some(format!("{time:?}")),
    }
}

fn retry(retry: &Retry) -> String {
    let mut words = vec![format!("on {} up to {} times", retry.on, retry.count)];
    words.extend(timeout(retry.per_try).map(|time| format!("{time} each")));
    if !retry.status_codes.is_empty() {
        words.push(format!("statuses {:?}", retry.status_codes));
    }
    words.join(", ")
}

fn edits(whose: &str, edits: &HeaderEdits, found: &mut Map<String, Value>) {
    let set = edits.set.iter().map(|(name, value)| format!("{name}={value}"));
    let add = edits.add.iter().map(|(name, value)| format!("{name}+={value}"));
    let remove = edits.remove.iter().map(|name| format!("-{name}"));
    let all: Vec<_> = set.chain(add).chain(remove).collect();
    if !all.is_empty() {
        found.insert(format!("{whose} headers"), json!(all));
    }
}

fn cluster(cluster: &Cluster) -> String {
    let mut words = vec![match &cluster.discovery {
        Discovery::Endpoints(key) => format!("endpoints {key}"),
        Discovery::Shared(shared) => {
            let shares = shared.shares.iter().map(|(port, weight)| format!("{port} weight {weight}"));
            format!("endpoints [{}]", shares.collect::<Vec<_>>().join(" "))
        }
        Discovery::Dns { name, port, health_port: None, .. } => format!("dns {name}:{port}"),
        Discovery::Dns { name, port, health_port: Some(probed), .. } => format!("dns {name}:{port}:{probed}"),
    }];
    if cluster.protocol == Protocol::Http2 {
        words.push("http2".into());
    }
    words.extend(balancing(cluster.balancing));
    words.extend(cluster.health_check.as_deref().map(health_check));
    if let Some(tls) = &cluster.tls {
        words.push(if tls.sni.is_empty() { "tls".into() } else { format!("tls for {}", tls.sni) });
        if *tls.handshake != Handshake::default() {
            let Handshake { minimum, maximum, offer } = &*tls.handshake;
            let ciphers: Vec<_> = offer.ciphers.iter().map(|each| each.as_str()).collect();
            words.push(format!("from {minimum:?} to {maximum:?} by {}", ciphers.join(" or ")));
        }
        if let Some(UpstreamValidation { authorities, subject_names }) = &tls.validation {
            let by = authorities.bundle().map_or("the system".to_owned(), ToString::to_string);
            let names: Vec<_> = subject_names.iter().map(ToString::to_string).collect();
            words.push(format!("proven by {by} as {}", names.join(" or ")));
        }
        words.extend(tls.client_certificate.as_ref().map(|key| format!("shown {key}")));
    }
    if cluster.connect_timeout != Duration::from_secs(2) {
        words.push(format!("connect {:?}", cluster.connect_timeout));
    }
    words.extend(timeout(cluster.idle_timeout).map(|time| format!("idle {time}")));
    let limits = &cluster.circuit_breakers;
    words.extend(limits.retry_budget.map(|RetryBudget { percent, interval, minimum }| {
        let over = interval.map(|interval| format!(" over {interval:?}")).unwrap_or_default();
        format!("retries {percent}%{over}, at least {minimum}")
    }));
    let limits = [
        ("connections", limits.max_connections),
        ("pending", limits.max_pending_requests),
        ("requests", limits.max_requests),
        ("retries", limits.max_retries),
        ("connections per host", limits.per_host_max_connections),
    ];
    words.extend(limits.iter().filter_map(|(word, limit)| Some(format!("max {word} {}", (*limit)?))));
    words.join(", ")
}

fn health_check(check: &HealthCheck) -> String {
    let HealthCheck { probe, interval, timeout, unhealthy_after, healthy_after } = check;
    let probe = match probe {
        Probe::Connect => "connecting".to_owned(),
        Probe::Http { path, host, statuses } if statuses.is_empty() => format!("{path} at {host}"),
        Probe::Http { path, host, statuses } => format!("{path} at {host} for {statuses:?}"),
    };
    format!(
        "probed by {probe} every {interval:?} within {timeout:?}, off after {unhealthy_after}, on after {healthy_after}"
    )
}

fn balancing(balancing: Balancing) -> Vec<String> {
    let (word, slow_start) = match balancing {
        Balancing::RoundRobin(slow_start) => (None, slow_start),
        Balancing::LeastRequest(slow_start) => (Some("least requests"), slow_start),
        Balancing::Random => (Some("at random"), None),
        Balancing::Hash => (Some("by hash"), None),
    };
    let slow_start = slow_start.map(|SlowStart { window, aggression, minimum_percent }| {
        format!("slow start in {window:?} from {minimum_percent} % by {aggression:?}")
    });
    word.map(str::to_owned).into_iter().chain(slow_start).collect()
}

fn address(endpoint: &Endpoint) -> String {
    let address = std::net::SocketAddr::new(endpoint.ip, endpoint.port);
    endpoint.health_port.map_or_else(|| address.to_string(), |port| format!("{address}, probed at {port}"))
}

/// The addresses of every cluster that takes them from EndpointSlices, where there are any.
fn endpoints(world: &World, clusters: &BTreeMap<&ClusterKey, &Cluster>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for cluster in clusters.values() {
        let Some(key) = cluster.assignment() else { continue };
        let endpoints = translate::endpoints(&world.store.reader(), &key);
        for (port, endpoints) in key.ports().zip(endpoints) {
            let addresses: Vec<_> = endpoints.addresses.iter().map(address).collect();
            if !addresses.is_empty() {
                found.insert(port.to_string(), json!(addresses));
            }
        }
    }
    found
}
