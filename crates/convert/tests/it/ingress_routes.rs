//! Single objects, letter by letter.

use convert::{Conversion, ingress_routes};

const HEAD: &str = "apiVersion: contour.heptio.com/v1beta1\nkind: IngressRoute\nmetadata:\n  name: site\n";
const NEW_HEAD: &str = "apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata:\n  name: site\n";

/// One file, and what it becomes; nothing may be said about it.
fn converted(text: &str) -> String {
    let Conversion { mut texts, findings, .. } = ingress_routes(&[text]);
    assert_eq!(findings, []);
    texts.remove(0)
}

/// What is said about files, a line each: those that keep an object as it is, then the others.
fn said(texts: &[&str]) -> Vec<String> {
    let findings = ingress_routes(texts).findings;
    let line = |finding: &convert::Finding| {
        let mark = if finding.refuses { "!" } else { "" };
        format!("{mark}{} {}: {}", finding.object.name, finding.path, finding.message)
    };
    findings.iter().map(line).collect()
}

#[test]
fn fields_keep_their_order_and_their_comments() {
    let old = format!(
        "# The site.\n{HEAD}  annotations:\n    contour.heptio.com/ingress.class: contour # ours\n\
         spec:\n  virtualhost:\n    fqdn: site.example\n    # Old clients are gone.\n    tls:\n      secretName: cert\n      \
         minimumProtocolVersion: \"1.3\"\n  routes:\n  # Everything.\n  - services:\n    - name: web # the web\n      \
         port: 80\n      weight: 1\n      healthCheck:\n        path: /ok\n    match: / # all of it\n    \
         permitInsecure: true\n    retryPolicy:\n      perTryTimeout: 1s\n# The end.\n"
    );
    let new = format!(
        "# The site.\n{NEW_HEAD}  annotations:\n    projectcontour.io/ingress.class: contour # ours\n\
         spec:\n  virtualhost:\n    fqdn: site.example\n    # Old clients are gone.\n    tls:\n      secretName: cert\n      \
         minimumProtocolVersion: \"1.3\"\n  routes:\n  # Everything.\n  - services:\n    - name: web # the web\n      \
         port: 80\n      weight: 1\n    healthCheckPolicy:\n      path: /ok\n    conditions:\n    - prefix: / # all of it\n    \
         permitInsecure: true\n    retryPolicy:\n      count: 1\n      perTryTimeout: 1s\n# The end.\n"
    );
    assert_eq!(converted(&old), new);
}

#[test]
fn what_is_not_concerned_stays_byte_for_byte() {
    let others =
        "# mine\n---\nkind:   Other # as it is\n...\n---\n{\"apiVersion\": \"v1\", \"kind\": \"Secret\"}\n";
    assert_eq!(converted(others), others);
    let spec = "spec:\n  routes:\n  - match: /\n    services: [{name: web, port: 80}]\n  virtualhost: {fqdn: a.example}\n";
    let both = converted(&format!("{others}---\n{HEAD}{spec}---\nbad: [\n"));
    assert!(both.starts_with(&format!("{others}---\n{NEW_HEAD}spec:\n  routes:\n")), "{both}");
    assert!(both.ends_with("---\nbad: [\n"), "{both}");
}

#[test]
fn lists_as_a_cluster_gives_them_are_converted() {
    let old = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n\
        - apiVersion: contour.heptio.com/v1beta1\n  kind: IngressRoute\n  metadata:\n    name: site\n    uid: x\n    \
        resourceVersion: \"7\"\n    annotations:\n      kubectl.kubernetes.io/last-applied-configuration: \"{}\"\n  \
        spec:\n    virtualhost: {fqdn: a.example}\n    tcpproxy: {services: [{name: web, port: 80, strategy: Random}]}\n  \
        status: {currentStatus: valid}\n\
        - apiVersion: contour.heptio.com/v1beta1\n  kind: TLSCertificateDelegation\n  metadata: {name: share}\n  \
        spec: {delegations: [{secretName: a, targetNamespaces: [\"*\"]}]}\n";
    let new = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: web\n\
        - apiVersion: projectcontour.io/v1\n  kind: HTTPProxy\n  metadata:\n    name: site\n    annotations: {}\n  \
        spec:\n    virtualhost:\n      fqdn: a.example\n    tcpproxy:\n      services:\n      - name: web\n        port: 80\n      \
        loadBalancerPolicy:\n        strategy: Random\n\
        - apiVersion: projectcontour.io/v1\n  kind: TLSCertificateDelegation\n  metadata:\n    name: share\n  \
        spec:\n    delegations:\n    - secretName: a\n      targetNamespaces:\n      - \"*\"\n";
    assert_eq!(converted(old), new);
}

#[test]
fn an_empty_namespace_of_a_delegation_says_nothing() {
    let root = format!(
        "{HEAD}spec:\n  virtualhost: {{fqdn: a.example}}\n  routes:\n  - {{match: /a, delegate: {{name: part, namespace: \"\"}}}}\n  \
         tcpproxy: {{delegate: {{name: part, namespace: \"\"}}}}\n"
    );
    let part = HEAD.replace("site", "part")
        + "spec:\n  routes: [{match: /a, services: [{name: web, port: 80}]}]\n  tcpproxy: {services: [{name: web, port: 80}]}\n";
    let new = format!(
        "{NEW_HEAD}spec:\n  virtualhost:\n    fqdn: a.example\n  includes:\n  - name: part\n    conditions:\n    - prefix: /a\n  \
         tcpproxy:\n    include:\n      name: part\n"
    );
    assert_eq!(converted(&format!("{root}---\n{part}")).split("---").next(), Some(new.as_str()));
}

#[test]
fn what_cannot_be_converted_is_said_with_its_field_and_all_that_belongs_to_it_stays() {
    let root = format!(
        "{HEAD}spec:\n  virtualhost: {{fqdn: a.example}}\n  routes:\n  - {{match: /a, delegate: {{name: part}}}}\n  \
         - {{match: /b, delegate: {{name: gone}}}}\n"
    );
    let part = HEAD.replace("site", "part")
        + "spec:\n  routes:\n  - {match: /a, services: [{name: web, port: 80}, {name: web, port: 81, strategy: Cookie}]}\n";
    assert_eq!(
        said(&[&root, &part]),
        [
            "!part spec.routes[0].services[1].strategy: differs from that of the first service",
            "!site spec.routes[1].delegate: IngressRoute default/gone is not here",
        ]
    );
    let fine = root.replace("\n  - {match: /b, delegate: {name: gone}}", "");
    let kept = ingress_routes(&[&fine, &part]);
    assert_eq!(kept.texts, [fine.clone(), part.clone()]);
    assert_eq!(
        said(&[&fine, &part]),
        [
            "!part spec.routes[0].services[1].strategy: differs from that of the first service",
            "!site spec.routes[0].delegate: delegates to IngressRoute default/part, which cannot be converted",
        ]
    );
    assert_eq!(
        said(&[&part.replace(", strategy: Cookie", "")]),
        [
            "!part spec.routes: nobody here delegates to it, so that the path that it goes on from is not known"
        ]
    );
}

#[test]
fn every_other_way_to_be_refused_or_remarked_is_told() {
    let one = |spec: &str| said(&[&format!("{HEAD}spec:\n  virtualhost: {{fqdn: a.example}}\n  {spec}\n")]);
    let route =
        |fields: &str| one(&format!("routes: [{{match: /, services: [{{name: web, port: 80}}], {fields}}}]"));
    assert_eq!(
        route("timeoutPolicy: {request: soon}"),
        [
            "site spec.routes[0].timeoutPolicy.request: cannot be read and counts as no limit: infinity is what is written"
        ]
    );
    assert_eq!(
        route("retryPolicy: {perTryTimeout: soon}"),
        [
            "site spec.routes[0].retryPolicy.perTryTimeout: cannot be read and counts as not said, so it is left out"
        ]
    );
    assert_eq!(route("other: 1"), ["!site spec.routes[0].other: there is no such field in an IngressRoute"]);
    let service = |fields: &str| one(&format!("routes: [{{match: /, services: [{{name: web, {fields}}}]}}]"));
    assert_eq!(
        service("port: 80, strategy: Nope"),
        ["site spec.routes[0].services[0].strategy: \"Nope\" counts as \"RoundRobin\", and is left out"]
    );
    assert_eq!(
        one("tcpproxy: {services: [{name: web, port: 80, strategy: Nope}]}"),
        ["site spec.tcpproxy.services[0].strategy: \"Nope\" counts as \"RoundRobin\", and is left out"]
    );
    assert_eq!(
        service("port: 80, healthCheck: {path: ''}"),
        [
            "!site spec.routes[0].services[0].healthCheck.path: is empty, as spec.routes[0].healthCheckPolicy.path of the HTTPProxy"
        ]
    );
    assert_eq!(
        service("port: 0"),
        ["!site spec.routes[0].services[0].port: found 0, allowed are 1 to 65535"]
    );
    assert_eq!(route("delegate: {name: site}"), ["!site spec.routes[0]: has both services and delegate"]);
    assert_eq!(one("routes: [{match: /}]"), ["site spec.routes[0]: does nothing, and is left out"]);
    assert_eq!(
        one("routes: [{match: a, services: [{name: web, port: 80}]}]"),
        ["!site spec.routes[0].match: does not begin with a slash"]
    );
    assert_eq!(
        one("routes: [{match: /a, delegate: {name: site}}]"),
        ["!site spec.routes[0].delegate: IngressRoute default/site has a host of its own"]
    );
    assert_eq!(
        said(&[&format!("{HEAD}spec:\n  virtualhost: {{fqdn: '*.example'}}\n")]),
        ["!site spec.virtualhost.fqdn: a wildcard is not served"]
    );
    let tls = "{fqdn: a.example, tls: {secretName: a, passthrough: true, minimumProtocolVersion: '1.1'}}";
    assert_eq!(
        said(&[&format!("{HEAD}spec:\n  virtualhost: {tls}\n")]),
        [
            "site spec.virtualhost.tls.passthrough: has no effect beside secretName, and is left out",
            "site spec.virtualhost.tls.minimumProtocolVersion: \"1.1\" counts as \"1.2\", which is what is written"
        ]
    );
    let site = format!("{HEAD}spec:\n  virtualhost: {{fqdn: a.example}}\n");
    assert_eq!(said(&[&site, &site]), ["!site : stands in several places"]);
    assert_eq!(said(&[&site, NEW_HEAD]), ["!site metadata.name: there is an HTTPProxy of this name already"]);
}

#[test]
fn a_delegation_does_not_take_the_place_of_another() {
    let share = |group: &str, secret: &str| {
        format!(
            "apiVersion: {group}\nkind: TLSCertificateDelegation\nmetadata: {{name: share}}\n\
             spec: {{delegations: [{{secretName: {secret}, targetNamespaces: [\"*\"]}}]}}\n"
        )
    };
    let (old, new) = (share("contour.heptio.com/v1beta1", "a"), share("projectcontour.io/v1", "b"));
    let both = ingress_routes(&[&old, &new]);
    assert_eq!(both.texts, [old.clone(), new.clone()]);
    assert_eq!(
        said(&[&old, &new]),
        [
            "!share metadata.name: there is a TLSCertificateDelegation of projectcontour.io/v1 with this name already"
        ]
    );
}
