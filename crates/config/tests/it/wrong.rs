//! What is wrong in a file is shown where it is.

use config::Sources;

use crate::{document, file, rendered};

/// The places and the first lines of what is wrong.
fn wrong(text: &str) -> Vec<String> {
    let checked = file(text);
    assert_eq!(checked.configuration, None, "{text}");
    let shown = |text: String| {
        let mut lines = text.lines();
        let title = lines.next().unwrap_or_default().to_owned();
        let place = lines.next().unwrap_or_default().trim_start_matches([' ', '-', '>']).to_owned();
        format!("{place} {title}")
    };
    checked.findings.iter().map(|finding| shown(finding.render(files::Style::Plain))).collect()
}

#[test]
fn a_key_that_is_none_is_shown_with_a_caret_and_the_one_that_was_meant() {
    let text = "tls:\n  minimum-protocol-version: '1.3'\n  fallbackCertificate:\n    name: x\n";
    let expected = "\
error: tls.fallbackCertificate: is not a key of the configuration
 --> config.yaml:3:3
  |
1 | tls:
2 |   minimum-protocol-version: '1.3'
3 |   fallbackCertificate:
  |   ^^^^^^^^^^^^^^^^^^^
4 |     name: x
  |
  = help: write fallback-certificate
";
    assert_eq!(rendered(&file(text)), expected);
    assert_eq!(file(text).configuration, None);
}

#[test]
fn every_key_that_is_none_is_named() {
    assert_eq!(
        wrong(
            "a: 1\nlistener: {b: 2}\ntracing: {extensionService: d/e, customTags: [{tagName: f, literal: g, c: 3}]}\nserver: {xds-server-type: envoy}\n"
        ),
        [
            "config.yaml:1:1 error: a: is not a key of the configuration",
            "config.yaml:2:12 error: listener.b: is not a key of the configuration",
            "config.yaml:4:1 warning: server: does nothing",
            "config.yaml:4:10 error: server.xds-server-type: is not a key of the configuration",
            "config.yaml:3:72 error: tracing.customTags[0].c: is not a key of the configuration",
        ]
    );
}

#[test]
fn values_of_the_wrong_type_are_shown() {
    for (text, expected) in [
        (
            "disablePermitInsecure: maybe\n",
            "config.yaml:1:24 error: disablePermitInsecure: found string \"maybe\", expected a boolean",
        ),
        (
            "network: {num-trusted-hops: one}\n",
            "config.yaml:1:29 error: network.num-trusted-hops: found string \"one\", expected a whole number",
        ),
        ("network: 1\n", "config.yaml:1:10 error: network: expected an object with fields"),
        ("- a\n", "config.yaml:1:1 error: expected an object with fields"),
        (
            "tls: {fallback-certificate: a/b}\n",
            "config.yaml:1:29 error: tls.fallback-certificate: found string \"a/b\", expected an object with fields",
        ),
        (
            "tracing: {extensionService: {name: x}}\n",
            "config.yaml:1:11 error: tracing.extensionService: expected a text such as projectcontour/ratelimit",
        ),
        (
            "tracing: {extensionService: x}\n",
            "config.yaml:1:29 error: tracing.extensionService: found \"x\", expected a namespace and a name, such as projectcontour/fallback",
        ),
    ] {
        assert_eq!(wrong(text), [expected]);
    }
}

/// A file with one fault, and what is said of it.
fn check(text: &str, expected: &str) {
    let found = wrong(text);
    let titles: Vec<_> = found.iter().filter_map(|line| line.split_once(" error: ")).collect();
    assert_eq!(titles.iter().map(|(_, title)| *title).collect::<Vec<_>>(), [expected]);
}

#[test]
fn values_that_make_no_sense_are_shown() {
    for (text, expected) in [
        (
            "tls: {minimum-protocol-version: 1.1}\n",
            "tls.minimum-protocol-version: found \"1.1\", allowed are 1.2, 1.3",
        ),
        (
            "tls: {minimum-protocol-version: '1.3', maximum-protocol-version: '1.2'}\n",
            "tls.minimum-protocol-version: is newer than the newest version that is allowed",
        ),
        (
            "tls: {fallback-certificate: {name: x}}\n",
            "tls.fallback-certificate: has a name and no namespace; both are needed",
        ),
        (
            "timeouts: {request-timeout: 5}\n",
            "timeouts.request-timeout: found \"5\", a unit is missing; write numbers with units h, m, s, ms, us, ns, such as 1m30s, or infinity",
        ),
        (
            "timeouts: {connect-timeout: infinity}\n",
            "timeouts.connect-timeout: found \"infinity\", a number is missing; write numbers with units h, m, s, ms, us, ns, such as 1m30s",
        ),
        (
            "timeouts: {connection-shutdown-grace-period: infinity}\n",
            "timeouts.connection-shutdown-grace-period: is infinity; clients that were told to leave must go some time",
        ),
        (
            "cluster: {dns-lookup-family: v5}\n",
            "cluster.dns-lookup-family: found \"v5\", allowed are auto, v4, v6, all",
        ),
        (
            "network: {num-trusted-hops: -1}\n",
            "network.num-trusted-hops: found -1, allowed is 0 and above, in 32 bits",
        ),
        ("metrics: {envoy: {port: 70000}}\n", "metrics.envoy.port: found 70000, allowed are 1 to 65535"),
    ] {
        check(text, expected);
    }
}

#[test]
fn settings_of_listeners_that_make_no_sense_are_shown() {
    for (text, expected) in [
        (
            "tls: {cipher-suites: [RC4]}\n",
            "tls.cipher-suites[0]: found \"RC4\", allowed are [ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305], [ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305], ECDHE-ECDSA-CHACHA20-POLY1305, ECDHE-RSA-CHACHA20-POLY1305, ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-GCM-SHA256, ECDHE-ECDSA-AES128-SHA, ECDHE-RSA-AES128-SHA, AES128-GCM-SHA256, AES128-SHA, ECDHE-ECDSA-AES256-GCM-SHA384, ECDHE-RSA-AES256-GCM-SHA384, ECDHE-ECDSA-AES256-SHA, ECDHE-RSA-AES256-SHA, AES256-GCM-SHA384, AES256-SHA",
        ),
        (
            "tls: {ecdh-curves: [P-224]}\n",
            "tls.ecdh-curves[0]: found \"P-224\", allowed are X25519, P-256, P-384, P-521, X25519MLKEM768, MLKEM1024",
        ),
        (
            "default-http-versions: [HTTP/3]\n",
            "default-http-versions[0]: found \"HTTP/3\", allowed are HTTP/1.1, HTTP/2",
        ),
        (
            "compression: {algorithm: lz4}\n",
            "compression.algorithm: found \"lz4\", allowed are gzip, brotli, zstd, disabled",
        ),
        (
            "serverHeaderTransformation: none\n",
            "serverHeaderTransformation: found \"none\", allowed are overwrite, append_if_absent, pass_through",
        ),
        (
            "listener: {connection-balancer: round}\n",
            "listener.connection-balancer: found \"round\", allowed are exact",
        ),
        (
            "listener: {max-requests-per-connection: 0}\n",
            "listener.max-requests-per-connection: found 0, allowed is 1 and above, in 32 bits",
        ),
        (
            "listener: {per-connection-buffer-limit-bytes: 0}\n",
            "listener.per-connection-buffer-limit-bytes: found 0, allowed is 1 and above, in 32 bits",
        ),
        (
            "listener: {http2-max-concurrent-streams: 2147483648}\n",
            "listener.http2-max-concurrent-streams: found 2147483648, allowed are 1 to 2147483647",
        ),
        (
            "listener: {max-connections-to-accept-per-socket-event: 0}\n",
            "listener.max-connections-to-accept-per-socket-event: found 0, allowed is 1 and above, in 32 bits",
        ),
        (
            "listener: {socket-options: {tos: 256}}\n",
            "listener.socket-options.tos: found 256, allowed are 0 to 255",
        ),
        (
            "listener: {socket-options: {traffic-class: -1}}\n",
            "listener.socket-options.traffic-class: found -1, allowed are 0 to 255",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn listeners_that_cannot_be_are_shown() {
    for (text, expected) in [
        ("network: {admin-port: 70000}\n", "network.admin-port: found 70000, allowed are 1 to 65535"),
        ("network: {admin-port: 8443}\n", "network.admin-port: 8443 is the port of HTTPS, too"),
        ("omEnforcedHealthListener: {address: 127.0.0.1}\n", "omEnforcedHealthListener: has no port"),
        (
            "omEnforcedHealthListener: {port: 8002}\n",
            "omEnforcedHealthListener.port: 8002 is the port of statistics, too",
        ),
        ("metrics: {envoy: {port: 8080}}\n", "metrics.envoy.port: 8080 is the port of plain HTTP, too"),
        (
            "runtime-settings: {http.max_requests_per_io_cycle: 1}\n",
            "runtime-settings[\"http.max_requests_per_io_cycle\"]: is decided by another key",
        ),
        (
            "listener: {max-connections-per-listener: 0}\n",
            "listener.max-connections-per-listener: found 0, allowed is 1 and above, in 32 bits",
        ),
        (
            "listener: {max-requests-per-io-cycle: -1}\n",
            "listener.max-requests-per-io-cycle: found -1, allowed is 1 and above, in 32 bits",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn headers_that_cannot_be_changed_are_shown() {
    for (text, expected) in [
        (
            "policy: {response-headers: {set: {Host: a}}}\n",
            "policy.response-headers.set[\"Host\"]: header name \"Host\" cannot be set or removed here; rewrite the host with the request header Host, paths and methods not at all",
        ),
        (
            "policy: {request-headers: {set: {Host: '%REQ(X-Host)%'}}}\n",
            "policy.request-headers.set[\"Host\"]: takes the host from another header, which is not possible for a service",
        ),
        (
            "policy: {request-headers: {set: {Host: a, host: b}}}\n",
            "policy.request-headers.set[\"host\"]: is the name of another header, too: names count without their case",
        ),
        (
            "policy: {response-headers: {set: {'a b': c}}}\n",
            "policy.response-headers.set[\"a b\"]: header name \"a b\" has a space at offset 1; use letters, digits and !#$%&'*+-.^_`|~",
        ),
        (
            "policy: {response-headers: {set: {a: c, A: d}}}\n",
            "policy.response-headers.set[\"a\"]: is the name of another header, too: names count without their case",
        ),
        (
            "policy: {response-headers: {remove: ['']}}\n",
            "policy.response-headers.remove[0]: header name \"\" is empty; give a name",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn access_logs_that_envoy_would_refuse_are_shown() {
    for (text, expected) in [
        ("accesslog-format: xml\n", "accesslog-format: found \"xml\", allowed are envoy, json"),
        (
            "accesslog-level: all\n",
            "accesslog-level: found \"all\", allowed are info, error, critical, disabled",
        ),
        (
            "accesslog-format-string: '%PROTOCOL%'\n",
            "accesslog-format-string: access log format \"%PROTOCOL%\" does not end in a line break; write \\n at its end",
        ),
        (
            "accesslog-format-string: \"%NOTHING%\\n\"\n",
            "accesslog-format-string: access log format \"%NOTHING%\u{fffd}\" has the operator \"NOTHING\", which is none; see the operators of access logs",
        ),
        (
            "json-fields: [method, nothing]\n",
            "json-fields[1]: access log field \"nothing\" stands for nothing; write an operator in lower case, or name=%OPERATOR%",
        ),
        (
            "json-fields: [method, method=%REQ(X)%]\n",
            "json-fields[1]: has the name \"method\", which another field has, too",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn traces_that_cannot_be_told_are_shown() {
    for (tracing, expected) in [
        (
            "extensionService: a/b, overallSampling: half",
            "overallSampling: percentage \"half\" is no number; write 0 to 100, with at most two digits behind the point",
        ),
        (
            "extensionService: a/b, randomSampling: '0.001'",
            "randomSampling: percentage \"0.001\" is finer than Envoy counts; write 0 to 100, with at most two digits behind the point",
        ),
        (
            "extensionService: a/b, clientSampling: '0.5'",
            "clientSampling: found 0.5, expected whole percents: Envoy counts no parts of them here",
        ),
        (
            "extensionService: a/b, maxPathTagLength: -1",
            "maxPathTagLength: found -1, allowed is 0 and above, in 32 bits",
        ),
        ("extensionService: a/b, customTags: [{literal: a}]", "customTags[0]: has no tagName"),
        (
            "extensionService: a/b, customTags: [{tagName: a}]",
            "customTags[0]: needs exactly one of literal and requestHeaderName",
        ),
        (
            "extensionService: a/b, customTags: [{tagName: a, literal: b, requestHeaderName: c}]",
            "customTags[0]: needs exactly one of literal and requestHeaderName",
        ),
        (
            "extensionService: a/b, customTags: [{tagName: a, literal: b}, {tagName: a, literal: c}]",
            "customTags[1].tagName: \"a\" is the name of another tag, too",
        ),
        (
            "extensionService: a/b, customTags: [{tagName: a, requestHeaderName: b c}]",
            "customTags[0].requestHeaderName: header name \"b c\" has a space at offset 1; use letters, digits and !#$%&'*+-.^_`|~",
        ),
    ] {
        check(&format!("tracing: {{{tracing}}}\n"), &format!("tracing.{expected}"));
    }
    check("tracing: {serviceName: edge}\n", "tracing: has no extensionService");
}

#[test]
fn statistics_over_tls_need_a_certificate_and_leave_readiness_its_port() {
    for (envoy, expected) in [
        (
            "server-certificate-path: /c, server-key-path: /k",
            "metrics.envoy.server-certificate-path: cannot use single port for health over HTTP and metrics over HTTPS",
        ),
        (
            "port: 9000, server-certificate-path: /c",
            "metrics.envoy: needs the certificate and its key; a CA is of use with both only",
        ),
        (
            "port: 9000, ca-certificate-path: /a",
            "metrics.envoy: needs the certificate and its key; a CA is of use with both only",
        ),
    ] {
        check(&format!("metrics: {{envoy: {{{envoy}}}}}\n"), expected);
    }
}

#[test]
fn settings_of_backends_that_make_no_sense_are_shown() {
    for (text, expected) in [
        (
            "cluster: {max-requests-per-connection: 0}\n",
            "cluster.max-requests-per-connection: found 0, allowed is 1 and above, in 32 bits",
        ),
        (
            "cluster: {per-connection-buffer-limit-bytes: -1}\n",
            "cluster.per-connection-buffer-limit-bytes: found -1, allowed is 1 and above, in 32 bits",
        ),
        (
            "cluster: {circuit-breakers: {max-retries: 4294967296}}\n",
            "cluster.circuit-breakers.max-retries: found 4294967296, allowed is 0 and above, in 32 bits",
        ),
        (
            "cluster: {upstream-tls: {minimum-protocol-version: '1.3', maximum-protocol-version: '1.2'}}\n",
            "cluster.upstream-tls.minimum-protocol-version: is newer than the newest version that is allowed",
        ),
        (
            "cluster: {upstream-tls: {ecdh-curves: [P-224]}}\n",
            "cluster.upstream-tls.ecdh-curves[0]: found \"P-224\", allowed are X25519, P-256, P-384, P-521, X25519MLKEM768, MLKEM1024",
        ),
        (
            "tls: {envoy-client-certificate: {name: client}}\n",
            "tls.envoy-client-certificate: has a name and no namespace; both are needed",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn services_that_cannot_be_asked_about_all_hosts_are_shown() {
    let limits = "rateLimitService:\n  extensionService: a/b\n";
    let policy = |entry: &str| {
        format!("{limits}  defaultGlobalRateLimitPolicy: {{descriptors: [{{entries: [{entry}]}}]}}\n")
    };
    let asked = |more: &str| format!("globalExtAuth: {{extensionService: a/b, {more}}}\n");
    for (text, expected) in [
        ("rateLimitService: {domain: a}\n".to_owned(), "rateLimitService: has no extensionService"),
        (
            format!("{limits}  domain: \"a\\n\"\n"),
            "rateLimitService.domain: found \"a\\n\", expected text without control characters",
        ),
        (
            policy("{genericKey: {value: ''}}"),
            "rateLimitService.defaultGlobalRateLimitPolicy.descriptors[0].entries[0].genericKey.value: Default Global RateLimit Policy is invalid: value is empty",
        ),
        (
            "globalExtAuth: {failOpen: true}\n".to_owned(),
            "globalExtAuth: has no extensionService with a namespace and a name",
        ),
        (
            asked("responseTimeout: soon"),
            "globalExtAuth.responseTimeout: globalExtAuth.ResponseTimeout is invalid: \"soon\": a number is missing; write numbers with units h, m, s, ms, us, ns, such as 1m30s",
        ),
        (
            asked("serviceType: http, authPolicy: {context: {a: b}}"),
            "globalExtAuth.authPolicy.context: the context of an authorization policy is for services of type grpc only",
        ),
        (
            asked("serviceType: smoke"),
            "globalExtAuth.serviceType: globalExtAuth.ServiceType \"smoke\" is none of grpc and http",
        ),
    ] {
        check(&text, expected);
    }
}

#[test]
fn what_a_flag_overrules_is_not_looked_at() {
    let mut sources = Sources::default();
    sources.file(document("tls: {fallback-certificate: {name: x}}\n"));
    crate::say(&mut sources, "fallback-certificate", &["a/b"], config::Origin::Flag);
    assert_eq!(rendered(&sources.check()), "");
}
