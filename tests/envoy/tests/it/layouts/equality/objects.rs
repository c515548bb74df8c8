//! Hosts with every kind of route that the product has.

use harness::World;
use harness::manifests::{HostCertificate, http_proxy, ingress};

/// The exact plaintext hosts. The first letter says which routes they have.
pub(super) const EXACT: [&str; 7] = [
    "all.example",
    "moved.example",
    "rewritten.example",
    "conditions.example",
    "closed.example",
    "below.wild.example",
    "paths.example",
];
/// Hosts below wildcards, some with a host of their own.
pub(super) const COVERED: [&str; 6] = [
    "any.wild.example",
    "below.wild.example",
    "deep.sub.wild.example",
    "two.labels.wild.example",
    "x.moved-wild.example",
    "sub.wild.example",
];
/// Hosts with TLS; `strict` has a chain of its own in every layout.
pub(super) const SECURE: [&str; 7] = [
    "secure.example",
    "both.example",
    "strict.example",
    "conditions-secure.example",
    "one.secure-wild.example",
    "two.secure-wild.example",
    "below.secure-wild.example",
];

const BLUE: &str = "services: [{name: blue, port: 80}]";
const GREEN: &str = "services: [{name: green, port: 80}]";

/// Routes by conditions, in YAML.
fn conditions() -> String {
    let routes = [
        ("{prefix: /c}, {header: {name: x-a, present: true}}", GREEN),
        ("{prefix: /c}, {header: {name: x-a, exact: one}}", BLUE),
        ("{prefix: /c}, {header: {name: x-b, contains: tw, ignoreCase: true}}", GREEN),
        (
            "{prefix: /c}, {header: {name: x-b, notcontains: tw}}, {header: {name: x-a, notpresent: true}}",
            BLUE,
        ),
        ("{prefix: /c}, {header: {name: x-c, regex: '[0-9]+'}}", GREEN),
        ("{prefix: /q}, {queryParameter: {name: a, exact: one}}", GREEN),
        ("{prefix: /q}, {queryParameter: {name: a, prefix: 'on'}}", BLUE),
        ("{prefix: /q}, {queryParameter: {name: b, present: true}}", GREEN),
        ("{exact: /exact}", GREEN),
        ("{regex: '/v[0-9]+/(a|b)'}", GREEN),
        ("{prefix: /status}", BLUE),
        ("{prefix: /a/b}", GREEN),
        ("{prefix: /a}", BLUE),
    ];
    routes.map(|(conditions, to)| format!("- {{conditions: [{conditions}], {to}}}\n")).concat()
}

/// Routes that answer themselves, in YAML.
fn answers() -> String {
    let routes = [
        ("/moved/host", "requestRedirectPolicy: {hostname: new.example}"),
        (
            "/moved/all",
            "requestRedirectPolicy: {scheme: https, hostname: new.example, port: 8443, statusCode: 301, path: /new}",
        ),
        ("/moved/prefix", "requestRedirectPolicy: {prefix: /new}"),
        ("/moved", "requestRedirectPolicy: {scheme: https, statusCode: 302}"),
        ("/said/text", "directResponsePolicy: {statusCode: 200, body: said}"),
        ("/said/nothing", "directResponsePolicy: {statusCode: 204}"),
        ("/said", "directResponsePolicy: {statusCode: 418, body: teapot}"),
    ];
    routes.map(|(path, policy)| format!("- {{conditions: [{{prefix: {path}}}], {policy}}}\n")).concat()
}

/// Routes that change what they carry, in YAML.
fn rewrites() -> String {
    let routes = [
        ("/a", "pathRewritePolicy: {replacePrefix: [{prefix: /a, replacement: /rewritten}]}, "),
        (
            "/status",
            "responseHeadersPolicy: {set: [{name: x-answered, value: by-route}], remove: [content-type]}, ",
        ),
        (
            "/c",
            "requestHeadersPolicy: {set: [{name: x-set, value: 'p %REQ(x-a)%'}, {name: x-a, value: new}], remove: [x-b]}, ",
        ),
        ("/q", "requestHeadersPolicy: {set: [{name: Host, value: inside.example}]}, "),
        ("/v1", "timeoutPolicy: {response: 9s}, retryPolicy: {count: 2, perTryTimeout: 4s}, "),
        ("/ws", "enableWebsockets: true, "),
        ("/", ""),
    ];
    routes.map(|(path, policy)| format!("- {{conditions: [{{prefix: {path}}}], {policy}{BLUE}}}\n")).concat()
}

/// Routes that must not let anything through, beside one that does; in YAML.
fn closed() -> String {
    [
        "- {conditions: [{prefix: /a}], services: [{name: missing, port: 80}]}\n",
        "- {conditions: [{prefix: /c}], ipAllowPolicy: [{source: Peer, cidr: 10.0.0.0/8}], ",
        BLUE,
        "}\n- {conditions: [{prefix: /c/d}], ipAllowPolicy: [{source: Peer, cidr: broken}], ",
        BLUE,
        "}\n- {conditions: [{prefix: /exact}], ",
        BLUE,
        "}\n",
    ]
    .concat()
}

fn host(name: &str, host: &str, tls: &str, routes: &str) -> String {
    http_proxy(name, &format!("virtualhost: {{fqdn: '{host}'{tls}}}\nroutes:\n{routes}"))
}

/// Writes the plaintext hosts.
pub(super) fn write_plain(world: &World) {
    let everything = format!("- {{{BLUE}}}\n");
    let all = [conditions(), answers(), everything].concat();
    for (name, fqdn, routes) in [
        ("all", "all.example", &all),
        ("moved", "moved.example", &answers()),
        ("rewritten", "rewritten.example", &rewrites()),
        ("conditions", "conditions.example", &conditions()),
        ("closed", "closed.example", &closed()),
        ("below", "below.wild.example", &closed()),
        ("wild", "*.wild.example", &all),
        ("sub-wild", "*.sub.wild.example", &rewrites()),
        ("moved-wild", "*.moved-wild.example", &answers()),
    ] {
        world.write(name, &host(name, fqdn, "", routes));
    }
    let path = |kind: &str, path: &str, service: &str| {
        let backend = format!("backend: {{service: {{name: {service}, port: {{number: 80}}}}}}");
        format!("{{path: {path}, pathType: {kind}, {backend}}}")
    };
    let paths =
        [path("Exact", "/exact", "green"), path("Prefix", "/a", "green"), path("Prefix", "/c/", "blue")];
    let rules = format!("rules: [{{host: paths.example, http: {{paths: [{}]}}}}]\n", paths.join(", "));
    let rest = "defaultBackend: {service: {name: green, port: {number: 80}}}\n";
    world.write("paths", &ingress("paths", &format!("{rest}{rules}")));
}

/// Writes the hosts with TLS: some redirect all that comes without, some let parts of it through.
pub(super) fn write_secure(world: &World, certificates: &[(&'static str, HostCertificate)]) {
    for (name, certificate) in certificates {
        world.write(&format!("secret-{name}"), &certificate.secret(name));
    }
    let everything = format!("- {{{BLUE}}}\n");
    let all = [conditions(), answers(), closed(), everything.clone()].concat();
    let insecure = format!(
        "- {{conditions: [{{prefix: /a}}], permitInsecure: true, {GREEN}}}\n{everything}{}",
        answers()
    );
    for (name, fqdn, tls, routes) in [
        ("secure", "secure.example", "", &everything),
        ("both", "both.example", "", &insecure),
        ("strict", "strict.example", ", minimumProtocolVersion: '1.3'", &all),
        ("conditions-secure", "conditions-secure.example", "", &all),
        ("secure-wild", "*.secure-wild.example", "", &all),
        ("below-secure-wild", "below.secure-wild.example", "", &rewrites()),
    ] {
        world.write(name, &host(name, fqdn, &format!(", tls: {{secretName: {name}{tls}}}"), routes));
    }
}

/// A certificate for each of the hosts with TLS: one for all worlds.
pub(super) fn certificates() -> Vec<(&'static str, HostCertificate)> {
    let hosts = [
        ("secure", "secure.example"),
        ("both", "both.example"),
        ("strict", "strict.example"),
        ("conditions-secure", "conditions-secure.example"),
        ("secure-wild", "*.secure-wild.example"),
        ("below-secure-wild", "below.secure-wild.example"),
    ];
    hosts.map(|(name, host)| (name, HostCertificate::new(host))).into()
}
