//! What is refused of routes.

use serde_json::{Value, json};

use super::refused;
use crate::gateway_api::{GrpcRoute, HttpRoute, TcpRoute, TlsRoute, UdpRoute};

fn rule(rule: &Value) -> Vec<String> {
    let found = refused::<HttpRoute>(&json!({"rules": [rule]}));
    found.iter().map(|text| text.strip_prefix("rules[0].").unwrap_or(text).to_owned()).collect()
}

fn filter(filter: &Value) -> Vec<String> {
    let found = rule(&json!({"filters": [filter]}));
    found.iter().map(|text| text.strip_prefix("filters[0].").unwrap_or(text).to_owned()).collect()
}

#[test]
fn parents_are_told_apart() {
    let parents = json!([
        {"name": "a"},
        {"name": "a", "namespace": "other"},
        {"name": "b", "sectionName": "x"},
        {"name": "b", "sectionName": "y"},
        {"name": "a", "sectionName": "x"},
        {"name": "b", "sectionName": "x"},
        {"name": "b", "port": 80},
        {"name": "c", "sectionName": "x", "port": 80},
        {"name": "c", "sectionName": "x", "port": 81},
    ]);
    let expected = [
        "parentRefs[4]: names the parent of parentRefs[0], but not with the same fields; give sectionName, or port, in all of them",
        "parentRefs[5]: is the same as parentRefs[2]; name another sectionName or port, or take one of them away",
        "parentRefs[6]: names the parent of parentRefs[2], but not with the same fields; give sectionName, or port, in all of them",
    ];
    let rules = json!([{"backendRefs": [{"name": "a", "port": 80}]}]);
    assert_eq!(refused::<HttpRoute>(&json!({"parentRefs": parents})), expected);
    assert_eq!(refused::<GrpcRoute>(&json!({"parentRefs": parents})), expected);
    assert_eq!(refused::<TcpRoute>(&json!({"parentRefs": parents, "rules": rules})), expected);
    assert_eq!(refused::<UdpRoute>(&json!({"parentRefs": parents, "rules": rules})), expected);
    assert_eq!(
        refused::<TlsRoute>(&json!({"parentRefs": parents, "rules": rules, "hostnames": ["a.example"]})),
        expected
    );
}

#[test]
fn paths_are_absolute_and_normal() {
    let path =
        |kind: &str, value: &str| rule(&json!({"matches": [{"path": {"type": kind, "value": value}}]}));
    for good in ["/", "/a/b", "/a%20b", "/.well-known", "/a..b", "/a;b=c@d"] {
        assert_eq!(path("PathPrefix", good), Vec::<String>::new(), "{good}");
        assert_eq!(path("Exact", good), Vec::<String>::new(), "{good}");
    }
    assert_eq!(path("RegularExpression", "[a"), Vec::<String>::new());
    for (bad, why) in [
        ("a", "expected a path that begins with \"/\""),
        ("", "expected a path that begins with \"/\""),
        ("/a//b", "which must not contain \"//\""),
        ("/a/./b", "which must not contain \"/./\""),
        ("/a/../b", "which must not contain \"/../\""),
        ("/a%2fb", "which must not contain \"%2f\""),
        ("/a%2Fb", "which must not contain \"%2F\""),
        ("/a#b", "which must not contain \"#\""),
        ("/a/..", "which must not end with \"/..\""),
        ("/a/.", "which must not end with \"/.\""),
        ("/a?b", "expected a path of letters, digits, -/._~!$&'()*+,;=:@ and bytes such as %20"),
    ] {
        assert_eq!(path("Exact", bad), [format!("matches[0].path.value: found {bad:?}, {why}")]);
    }
    assert_eq!(
        path("Glob", "/*"),
        ["matches[0].path.type: found \"Glob\", allowed are Exact, PathPrefix, RegularExpression"]
    );
}

#[test]
fn matches_name_headers_once_and_known_methods() {
    assert_eq!(
        rule(&json!({"matches": [{
            "method": "get",
            "headers": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}, {"name": "b c", "value": " 1"}],
            "queryParams": [{"name": "q", "value": ""}, {"name": "q", "value": "1", "type": "Prefix"}],
        }]})),
        [
            "matches[0].headers[2].name: found \"b c\", expected a token of letters, digits and !#$%&'*+-.^_`|~",
            "matches[0].headers[2].value: found \" 1\", expected visible ASCII characters, with single spaces between them",
            "matches[0].headers[1]: has the name of [0]; it must differ",
            "matches[0].queryParams[0].value: is empty",
            "matches[0].queryParams[1].type: found \"Prefix\", allowed are Exact, RegularExpression",
            "matches[0].queryParams[1]: has the name of [0]; it must differ",
            "matches[0].method: found \"get\", allowed are GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH",
        ]
    );
}

#[test]
fn rules_are_named_once_and_bounded_together() {
    let matches = |count: usize| vec![json!({"path": {"value": "/a"}}); count];
    let rules = json!([
        {"name": "a", "matches": matches(64)}, {"name": "b", "matches": matches(64)}, {"name": "a", "matches": matches(1)},
    ]);
    assert_eq!(
        refused::<HttpRoute>(&json!({"rules": rules})),
        [
            "rules[2].name: is that of rules[0] too; names must differ",
            "rules: have 129 matches together, allowed are 128; move some to another route",
        ]
    );
    assert_eq!(
        refused::<HttpRoute>(&json!({"rules": vec![json!({}); 17]})),
        ["rules: has 17 elements, allowed are 1 to 16"]
    );
    assert_eq!(refused::<HttpRoute>(&json!({"rules": []})), ["rules: is empty, at least one is needed"]);
}

#[test]
fn a_filter_has_the_field_of_its_type_and_no_other() {
    assert_eq!(
        filter(&json!({"type": "CORS", "urlRewrite": {}})),
        ["urlRewrite: is for the type URLRewrite only", "cors: is required for the type CORS"]
    );
    for kind in [
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestMirror",
        "RequestRedirect",
        "URLRewrite",
        "CORS",
        "ExternalAuth",
        "ExtensionRef",
    ] {
        assert_eq!(filter(&json!({"type": kind})).len(), 1, "{kind}");
    }
}

#[test]
fn filters_do_not_contradict_one_another() {
    let headers = json!({"type": "RequestHeaderModifier", "requestHeaderModifier": {}});
    let cors = json!({"type": "CORS", "cors": {}});
    let redirect = json!({"type": "RequestRedirect", "requestRedirect": {}});
    let rewrite = json!({"type": "URLRewrite", "urlRewrite": {}});
    let extension = json!({"type": "ExtensionRef", "extensionRef": {"group": "", "kind": "A", "name": "a"}});
    assert_eq!(
        rule(&json!({"filters": [headers, cors, extension, extension, headers, cors]})),
        [
            "filters[4]: is a RequestHeaderModifier, as filters[0] is; only one can be used",
            "filters[5]: is a CORS, as filters[1] is; only one can be used",
        ]
    );
    assert_eq!(
        rule(&json!({"filters": [rewrite, redirect]})),
        [
            "filters[1]: is one of RequestRedirect and URLRewrite, filters[0] is the other; only one of them can be used"
        ]
    );
    assert_eq!(
        rule(&json!({"filters": [redirect], "backendRefs": [{"name": "a", "port": 80}]})),
        ["backendRefs: are for rules without a filter RequestRedirect only"]
    );
    assert_eq!(
        rule(&json!({"backendRefs": [{"name": "a", "port": 80, "filters": [cors, cors]}]})),
        ["backendRefs[0].filters[1]: is a CORS, as filters[0] is; only one can be used"]
    );
}

#[test]
fn a_replaced_prefix_is_matched() {
    let path = json!({"type": "ReplacePrefixMatch", "replacePrefixMatch": "/b"});
    let redirect = json!([{"type": "RequestRedirect", "requestRedirect": {"path": path}}]);
    let rewrite = json!([{"type": "URLRewrite", "urlRewrite": {"path": path}}]);
    assert_eq!(rule(&json!({"filters": rewrite})), Vec::<String>::new());
    let needs = "needs a rule with exactly one match, which has a path of the type PathPrefix";
    assert_eq!(
        rule(&json!({"matches": [{"path": {"type": "Exact", "value": "/a"}}], "filters": redirect})),
        [format!("filters[0].requestRedirect.path.replacePrefixMatch: {needs}")]
    );
    let two = json!([{"path": {"value": "/a"}}, {"path": {"value": "/b"}}]);
    assert_eq!(
        rule(&json!({"matches": two, "backendRefs": [{"name": "a", "port": 80, "filters": rewrite}]})),
        [format!("backendRefs[0].filters[0].urlRewrite.path.replacePrefixMatch: {needs}")]
    );
    assert_eq!(
        filter(
            &json!({"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replacePrefixMatch": "/"}}})
        ),
        [
            "urlRewrite.path.replaceFullPath: is required for the type ReplaceFullPath",
            "urlRewrite.path.replacePrefixMatch: is for the type ReplacePrefixMatch only",
        ]
    );
}

#[test]
fn redirects_and_mirrors_are_bounded() {
    assert_eq!(
        filter(&json!({"type": "RequestRedirect", "requestRedirect": {
            "scheme": "ftp", "hostname": "*.a.example", "port": 0, "statusCode": 304}})),
        [
            "requestRedirect.scheme: found \"ftp\", allowed are http, https",
            "requestRedirect.hostname: found \"*.a.example\", expected a lower-case DNS name",
            "requestRedirect.port: found 0, allowed are 1 to 65535",
            "requestRedirect.statusCode: found 304, allowed are 301, 302, 303, 307, 308",
        ]
    );
    assert_eq!(
        filter(&json!({"type": "RequestMirror", "requestMirror": {
            "backendRef": {"name": "a"}, "percent": 101, "fraction": {"numerator": 2, "denominator": 1}}})),
        [
            "requestMirror.percent: found 101, allowed are 0 to 100",
            "requestMirror.backendRef.port: is required for a Service",
            "requestMirror: percent and fraction are given; only one of them can be used",
            "requestMirror.fraction.numerator: found 2, allowed is at most the denominator, 1",
        ]
    );
}

#[test]
fn a_star_of_cors_stands_alone() {
    assert_eq!(
        filter(&json!({"type": "CORS", "cors": {
            "allowOrigins": ["*", "https://a.example/x"], "allowMethods": ["*", "GET", "GET"], "allowHeaders": ["*"],
            "exposeHeaders": [""], "maxAge": 0}})),
        [
            "cors.allowOrigins[1]: found \"https://a.example/x\", expected \"*\", or an origin such as https://example.com, https://*.example.com:8443",
            "cors.allowMethods[2]: is the same as [1]; each may be there once",
            "cors.exposeHeaders[0]: is empty",
            "cors.maxAge: found 0, allowed are 1 to 2147483647",
            "cors.allowOrigins: contains \"*\", which must stand alone",
            "cors.allowMethods: contains \"*\", which must stand alone",
        ]
    );
}

#[test]
fn a_service_that_is_asked_has_settings_of_its_protocol() {
    let backend = json!({"name": "auth", "port": 80});
    assert_eq!(
        filter(
            &json!({"type": "ExternalAuth", "externalAuth": {"protocol": "HTTP", "backendRef": backend, "grpc": {}}})
        ),
        [
            "externalAuth.grpc: is for the protocol GRPC only",
            "externalAuth.http: is required for the protocol HTTP"
        ]
    );
    assert_eq!(
        filter(
            &json!({"type": "ExternalAuth", "externalAuth": {"protocol": "HTTP", "backendRef": {"name": "a"}, "http": {"path": "a?b"}}})
        ),
        [
            "externalAuth.http.path: found \"a?b\", expected a path of letters, digits, -/._~!$&'()*+,;=:@ and bytes such as %20",
            "externalAuth.backendRef.port: is required for a Service",
        ]
    );
}

#[test]
fn times_and_tries_are_bounded() {
    assert_eq!(
        rule(&json!({"timeouts": {"request": "1s", "backendRequest": "1001ms"}})),
        ["timeouts.backendRequest: is longer than request"]
    );
    assert_eq!(rule(&json!({"timeouts": {"request": "0s", "backendRequest": "1h"}})), Vec::<String>::new());
    assert_eq!(
        rule(
            &json!({"timeouts": {"request": "1.5s"}, "retry": {"codes": [500, 500, 200], "attempts": 0, "backoff": ""}})
        ),
        [
            "timeouts.request: found \"1.5s\", expected a duration such as 10s, 1m30s or 500ms, of whole numbers up to 99999",
            "retry.codes[2]: found 200, allowed are 400 to 599",
            "retry.codes[1]: is the same as [0]; each may be there once",
            "retry.attempts: found 0, allowed is 1 and above",
            "retry.backoff: found \"\", expected a duration such as 10s, 1m30s or 500ms, of whole numbers up to 99999",
        ]
    );
}

#[test]
fn backends_have_ports_and_weights() {
    let expected = [
        "rules[0].backendRefs[0].weight: found -1, allowed are 0 to 1000000",
        "rules[0].backendRefs[0].port: is required for a Service",
    ];
    let spec = json!({"rules": [{"backendRefs": [{"name": "a", "weight": -1}, {"group": "example.com", "kind": "Pool", "name": "p"}]}]});
    assert_eq!(refused::<HttpRoute>(&spec), expected);
    assert_eq!(refused::<GrpcRoute>(&spec), expected);
    assert_eq!(refused::<TcpRoute>(&spec), expected);
    assert_eq!(
        refused::<UdpRoute>(&json!({"rules": [{"backendRefs": []}, {"backendRefs": []}]})),
        [
            "rules: has 2 elements, allowed are 1 to 1",
            "rules[0].backendRefs: is empty, at least one is needed",
            "rules[1].backendRefs: is empty, at least one is needed",
        ]
    );
}

#[test]
fn server_names_are_no_addresses() {
    let rules = json!([{"backendRefs": [{"name": "a", "port": 80}]}]);
    assert_eq!(
        refused::<TlsRoute>(&json!({"hostnames": ["*.a.example", "192.0.2.1", "a.*"], "rules": rules})),
        [
            "hostnames[2]: found \"a.*\", expected a lower-case DNS name, one leading \"*.\" allowed",
            "hostnames[1]: found \"192.0.2.1\", an IP address, which no server name can be",
        ]
    );
}

#[test]
fn methods_of_grpc_are_names_unless_they_are_expressions() {
    let method = |method: Value| refused::<GrpcRoute>(&json!({"rules": [{"matches": [{"method": method}]}]}));
    assert_eq!(method(json!({"type": "RegularExpression", "service": "a-.*"})), Vec::<String>::new());
    assert_eq!(method(json!({"service": ".a.B_1", "method": "_x"})), Vec::<String>::new());
    assert_eq!(
        method(json!({})),
        ["rules[0].matches[0].method: none is given of service, method; at least one is needed"]
    );
    assert_eq!(
        method(json!({"service": "a..b", "method": "1"})),
        [
            "rules[0].matches[0].method.service: found \"a..b\", expected a service of gRPC such as example.v1.Shop",
            "rules[0].matches[0].method.method: found \"1\", expected a method of gRPC such as GetCart",
        ]
    );
}

#[test]
fn filters_of_grpc_follow_the_same_rules() {
    let headers = json!({"type": "RequestHeaderModifier", "requestHeaderModifier": {}});
    assert_eq!(
        refused::<GrpcRoute>(
            &json!({"rules": [{"filters": [headers, headers, {"type": "CORS"}, {"type": "ExtensionRef"}]}]})
        ),
        [
            "rules[0].filters[2].type: found \"CORS\", allowed are RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, ExtensionRef",
            "rules[0].filters[3].extensionRef: is required for the type ExtensionRef",
            "rules[0].filters[1]: is a RequestHeaderModifier, as filters[0] is; only one can be used",
        ]
    );
}
