//! What the API server would refuse to store (reference contour.md 3.26): without Kubernetes nobody else checks it.
//!
//! The rules are those of the schemas, which `isobath crds` prints. Rules that look at more than one object, or
//! that Contour reports in the status, are not here.

#[cfg(test)]
use schemars::JsonSchema;
use serde_json::{Map, Value};

mod at;
mod metadata;
mod value;

use crate::{Kind, schema};
pub use at::At;

/// Something that the API server would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, such as `spec.routes[0].services[1].port`.
    pub path: String,
    /// What was found and what is allowed.
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Everything in an object of this kind that the API server would refuse, in the order of the fields. Bounded by
/// the size of the object.
///
/// Fields whose value is `null` must have been taken away. Kinds of Kubernetes itself are checked by their names
/// only; values of a wrong type are left to the decoder, and what is left out of `status` too.
pub(crate) fn object(kind: Kind, fields: &Map<String, Value>) -> Findings {
    let mut out = Findings::default();
    metadata::metadata(kind, fields, &mut out);
    if let Some(schema) = schema::of(kind) {
        value::fields(fields, schema, &At::Root, &mut out);
    }
    out
}

/// The same by the schema of a type, but for the name.
#[cfg(test)]
pub(crate) fn typed<T: JsonSchema>(fields: &Map<String, Value>) -> Findings {
    let mut out = Findings::default();
    value::fields(fields, &schema::derived::<T>(), &At::Root, &mut out);
    out
}

/// Collects violations.
#[derive(Debug, Default)]
pub struct Findings {
    pub(crate) list: Vec<Violation>,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.list.push(Violation { path: at.to_string(), message: message.into() });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{Kind, decode};

    fn violations(kind: Kind, value: Value) -> Vec<String> {
        let decoded = decode(kind, value).unwrap();
        assert_eq!(decoded.unknown, Vec::<String>::new());
        decoded.violations.into_iter().map(|violation| violation.to_string()).collect()
    }

    fn proxy(spec: impl Into<Value>) -> Vec<String> {
        violations(Kind::HttpProxy, json!({"metadata": {"name": "a"}, "spec": spec.into()}))
    }

    fn route(mut route: Value) -> Vec<String> {
        route["services"] = json!([{"name": "s", "port": 80}]);
        let found = proxy(json!({"routes": [route]}));
        found.iter().map(|text| text.strip_prefix("spec.routes[0].").unwrap_or(text).to_owned()).collect()
    }

    fn host(mut host: Value) -> Vec<String> {
        host["fqdn"] = json!("a.example");
        let found = proxy(json!({"virtualhost": host}));
        found.iter().map(|text| text.strip_prefix("spec.virtualhost.").unwrap_or(text).to_owned()).collect()
    }

    #[test]
    fn an_object_with_every_field_right_has_no_violation() {
        let spec = json!({
            "virtualhost": {
                "fqdn": "*.a.example",
                "tls": {"secretName": "ns/a", "clientValidation": {"caSecret": "ca", "crlSecret": "crl"}},
                "authorization": {"serviceType": "http", "httpSettings": {"pathPrefix": "/x"}, "responseTimeout": "infinity",
                    "extensionRef": {"name": "auth"}, "withRequestBody": {"maxRequestBytes": 1}},
                "corsPolicy": {"allowOrigin": ["*"], "allowMethods": ["GET"], "allowHeaders": ["x-a"], "maxAge": "0"},
                "jwtProviders": [{"name": "p", "remoteJWKS": {"uri": "https://a/", "timeout": "1s", "dnsLookupFamily": "v4"}}],
                "ipAllowPolicy": [{"source": "Peer", "cidr": "10.0.0.0/8"}]
            },
            "routes": [{
                "conditions": [{"prefix": "/"}, {"header": {"name": ":method", "exact": "GET"}}, {"queryParameter": {"name": "q", "present": true}}],
                "services": [{"name": "s", "port": 65535, "weight": 0, "protocol": "h2", "healthPort": 1,
                    "validation": {"caSecret": "ca", "subjectName": "a", "subjectNames": ["a", "b"]},
                    "slowStartPolicy": {"window": "10s", "aggression": ".5", "minWeightPercent": 100}}],
                "timeoutPolicy": {"response": "1m", "idle": "infinite"},
                "retryPolicy": {"count": -1, "retryOn": ["5xx"], "perTryTimeout": "1.5s"},
                "rateLimitPolicy": {"local": {"requests": 1, "unit": "second", "responseStatusCode": 429},
                    "global": {"descriptors": [{"entries": [{"genericKey": {"value": "v"}}]}]}},
                "cookieRewritePolicies": [{"name": "c", "domainRewrite": {"value": "a.example"}, "pathRewrite": {"value": "/"}, "sameSite": "Lax"}],
                "pathRewritePolicy": {"replacePrefix": [{"prefix": "/a", "replacement": "/b"}]},
                "internalRedirectPolicy": {"redirectResponseCodes": [303], "allowCrossSchemeRedirect": "SafeOnly"},
                "healthCheckPolicy": {"path": "/", "expectedStatuses": [{"start": 200, "end": 300}]}
            }, {"requestRedirectPolicy": {"hostname": "b.example", "port": 1, "statusCode": 308, "path": "/"}},
               {"directResponsePolicy": {"statusCode": 200}}],
            "includes": [{"name": "b", "namespace": "c"}],
            "tcpproxy": {"services": [], "include": {"name": "x"}}
        });
        assert_eq!(proxy(spec), Vec::<String>::new());
    }

    #[test]
    fn hosts_are_dns_names() {
        let host = |name: &str| proxy(json!({"virtualhost": {"fqdn": name}}));
        assert_eq!(host("*.example.com"), Vec::<String>::new());
        assert_eq!(host(""), ["spec.virtualhost.fqdn: is empty"]);
        for bad in ["A.example", "a..b", "a_b", "-a", "a-", "*", "a.*.b", "a:80", "é", "a."] {
            assert_eq!(host(bad).len(), 1, "{bad}");
        }
        assert_eq!(
            host("A.example"),
            [
                "spec.virtualhost.fqdn: found \"A.example\", expected a lower-case DNS name, one leading \"*.\" allowed"
            ]
        );
        assert_eq!(
            host(&["a"; 200].join(".")),
            ["spec.virtualhost.fqdn: is 399 characters long, allowed are 1 to 253"]
        );
    }

    #[test]
    fn services_have_ports_weights_and_known_protocols() {
        assert_eq!(
            proxy(json!({"routes": [{"services": [
                {"name": "", "port": 0, "protocol": "h3", "weight": -1, "healthPort": 70000,
                 "validation": {"caSecret": "", "subjectName": "a", "subjectNames": ["b"]},
                 "slowStartPolicy": {"window": "", "aggression": "x", "minWeightPercent": 101}}
            ]}]})),
            [
                "spec.routes[0].services[0].name: is empty",
                "spec.routes[0].services[0].port: found 0, allowed are 1 to 65535",
                "spec.routes[0].services[0].healthPort: found 70000, allowed are 1 to 65535",
                "spec.routes[0].services[0].protocol: found \"h3\", allowed are h2, h2c, tls",
                "spec.routes[0].services[0].weight: found -1, allowed is 0 and above",
                "spec.routes[0].services[0].validation.caSecret: is empty",
                "spec.routes[0].services[0].validation.subjectNames: the first is \"b\", it must equal subjectName (\"a\")",
                "spec.routes[0].services[0].slowStartPolicy.window: found \"\", it is empty; write numbers with units h, m, s, ms, us, ns, such as 1m30s",
                "spec.routes[0].services[0].slowStartPolicy.aggression: found \"x\", expected a decimal number such as \"1.0\"",
                "spec.routes[0].services[0].slowStartPolicy.minWeightPercent: found 101, allowed are 0 to 100",
            ]
        );
    }

    #[test]
    fn timeouts_retries_and_checks_are_bounded() {
        assert_eq!(
            route(json!({
                "timeoutPolicy": {"response": "10", "idle": "forever", "idleConnection": "5s"},
                "retryPolicy": {"count": -2, "retryOn": ["5xx", "4xx"], "perTryTimeout": "-1s"},
                "healthCheckPolicy": {"unhealthyThresholdCount": -1, "expectedStatuses": [{"start": 99, "end": 601}]}
            })),
            [
                "timeoutPolicy.response: found \"10\", a unit is missing; write numbers with units h, m, s, ms, us, ns, such as 1m30s, or infinity",
                "timeoutPolicy.idle: found \"forever\", a number is missing; write numbers with units h, m, s, ms, us, ns, such as 1m30s, or infinity",
                "retryPolicy.count: found -2, allowed is -1 and above",
                "retryPolicy.perTryTimeout: found \"-1s\", it is negative; write numbers with units h, m, s, ms, us, ns, such as 1m30s, or infinity",
                "retryPolicy.retryOn[1]: found \"4xx\", allowed are 5xx, gateway-error, reset, reset-before-request, connect-failure, envoy-ratelimited, retriable-4xx, refused-stream, retriable-status-codes, retriable-headers, http3-post-connect-failure, cancelled, deadline-exceeded, internal, resource-exhausted, unavailable",
                "healthCheckPolicy.path: is required",
                "healthCheckPolicy.unhealthyThresholdCount: found -1, allowed is 0 and above",
                "healthCheckPolicy.expectedStatuses[0].start: found 99, allowed are 100 to 599",
                "healthCheckPolicy.expectedStatuses[0].end: found 601, allowed are 101 to 600",
            ]
        );
    }

    #[test]
    fn redirects_and_fixed_answers_are_bounded() {
        assert_eq!(
            route(json!({
                "requestRedirectPolicy": {"scheme": "ftp", "hostname": "B", "port": 0, "statusCode": 304, "path": "x", "prefix": ""},
                "directResponsePolicy": {"statusCode": 100},
                "internalRedirectPolicy": {"maxInternalRedirects": -1, "redirectResponseCodes": [300], "allowCrossSchemeRedirect": "always"}
            })),
            [
                "requestRedirectPolicy.scheme: found \"ftp\", allowed are http, https",
                "requestRedirectPolicy.hostname: found \"B\", expected a lower-case DNS name",
                "requestRedirectPolicy.port: found 0, allowed are 1 to 65535",
                "requestRedirectPolicy.statusCode: found 304, allowed are 301, 302, 303, 307, 308",
                "requestRedirectPolicy.path: found \"x\", expected a path that begins with \"/\"",
                "requestRedirectPolicy.prefix: found \"\", expected a path that begins with \"/\"",
                "directResponsePolicy.statusCode: found 100, allowed are 200 to 599",
                "internalRedirectPolicy.maxInternalRedirects: found -1, allowed are 0 to 2147483647",
                "internalRedirectPolicy.redirectResponseCodes[0]: found 300, allowed are 301, 302, 303, 307, 308",
                "internalRedirectPolicy.allowCrossSchemeRedirect: found \"always\", allowed are Always, Never, SafeOnly",
            ]
        );
    }

    #[test]
    fn rate_limits_cookies_and_address_rules_are_complete() {
        assert_eq!(
            route(json!({
                "rateLimitPolicy": {
                    "local": {"requests": 0, "unit": "day", "responseStatusCode": 200},
                    "global": {"descriptors": [{"entries": []}, {"entries": [
                        {}, {"genericKey": {"value": ""}, "remoteAddress": {}},
                        {"requestHeaderValueMatch": {"value": "v", "headers": []}}]}]}
                },
                "cookieRewritePolicies": [{"name": "a b", "sameSite": "lax", "pathRewrite": {"value": "a;b"}}],
                "pathRewritePolicy": {"replacePrefix": [{"prefix": "", "replacement": ""}]},
                "ipDenyPolicy": [{"cidr": "10.0.0.1"}],
                "conditions": [{"header": {"present": true}}, {"queryParameter": {}}]
            })),
            [
                "conditions[0].header.name: is required",
                "conditions[1].queryParameter.name: is required",
                "pathRewritePolicy.replacePrefix[0].prefix: is empty",
                "pathRewritePolicy.replacePrefix[0].replacement: is empty",
                "cookieRewritePolicies[0].name: found \"a b\", expected a cookie name without spaces, quotes and separators",
                "cookieRewritePolicies[0].pathRewrite.value: found \"a;b\", expected text without \";\" and control characters",
                "cookieRewritePolicies[0].sameSite: found \"lax\", allowed are Strict, Lax, None",
                "rateLimitPolicy.local.requests: found 0, allowed are 1 to 2147483647",
                "rateLimitPolicy.local.unit: found \"day\", allowed are second, minute, hour",
                "rateLimitPolicy.local.responseStatusCode: found 200, allowed are 400 to 599",
                "rateLimitPolicy.global.descriptors[0].entries: is empty, at least one is needed",
                "rateLimitPolicy.global.descriptors[1].entries[0]: none is given of genericKey, requestHeader, requestHeaderValueMatch, remoteAddress; exactly one is needed",
                "rateLimitPolicy.global.descriptors[1].entries[1].genericKey.value: is empty",
                "rateLimitPolicy.global.descriptors[1].entries[1]: genericKey and remoteAddress are given; exactly one is needed",
                "rateLimitPolicy.global.descriptors[1].entries[2].requestHeaderValueMatch.headers: is empty, at least one is needed",
                "ipDenyPolicy[0].source: is required; allowed are Peer, Remote",
            ]
        );
    }

    #[test]
    fn policies_of_the_host_are_complete() {
        assert_eq!(
            host(json!({
                "tls": {"secretName": "a", "clientValidation": {"caSecret": "", "crlSecret": ""}},
                "authorization": {"serviceType": "rest", "extensionRef": {"name": "", "namespace": ""},
                    "httpSettings": {"pathPrefix": "/"}, "responseTimeout": "x", "withRequestBody": {"maxRequestBytes": 0}},
                "corsPolicy": {"allowMethods": ["GET POST"], "maxAge": "1"},
                "jwtProviders": [{"name": ""}, {"name": "b", "localJWKS": {"secretName": "s"}, "remoteJWKS": {"timeout": "infinity", "dnsLookupFamily": "v5"}}]
            })),
            [
                "tls.clientValidation.caSecret: is empty",
                "tls.clientValidation.crlSecret: is empty",
                "authorization.extensionRef.namespace: is empty",
                "authorization.extensionRef.name: is empty",
                "authorization.serviceType: found \"rest\", allowed are grpc, http",
                "authorization.responseTimeout: found \"x\", a number is missing; write numbers with units h, m, s, ms, us, ns, such as 1m30s, or infinity",
                "authorization.withRequestBody.maxRequestBytes: found 0, allowed are 1 to 2147483647",
                "authorization.httpSettings: is for serviceType http only",
                "corsPolicy.allowOrigin: is required, at least one is needed",
                "corsPolicy.allowMethods[0]: found \"GET POST\", expected a token of letters, digits and !#$%&'*+-.^_`|~",
                "corsPolicy.maxAge: found \"1\", a unit is missing; write numbers with units h, m, s, ms, us, ns, such as 1m30s",
                "jwtProviders[0].name: is empty",
                "jwtProviders[0]: none is given of remoteJWKS, localJWKS; exactly one is needed",
                "jwtProviders[1].remoteJWKS.uri: is required",
                "jwtProviders[1].remoteJWKS.timeout: found \"infinity\", a number is missing; write numbers with units h, m, s, ms, us, ns, such as 1m30s",
                "jwtProviders[1].remoteJWKS.dnsLookupFamily: found \"v5\", allowed are auto, v4, v6",
                "jwtProviders[1].localJWKS.key: is required",
                "jwtProviders[1]: remoteJWKS and localJWKS are given; exactly one is needed",
            ]
        );
    }

    #[test]
    fn what_is_missing_and_what_is_empty_are_told_apart() {
        assert_eq!(
            route(json!({"rateLimitPolicy": {"global": {"descriptors": []}}})),
            ["rateLimitPolicy.global.descriptors: is empty, at least one is needed"]
        );
        assert_eq!(route(json!({"rateLimitPolicy": {"global": {}}})), Vec::<String>::new());
        assert_eq!(violations(Kind::HttpProxy, json!({"metadata": {"name": "a"}})), ["spec: is required"]);
    }

    #[test]
    fn includes_and_delegations_name_something() {
        assert_eq!(
            proxy(json!({"includes": [{"namespace": "A"}], "tcpproxy": {"services": [], "include": {}}})),
            [
                "spec.tcpproxy.include.name: is required",
                "spec.includes[0].name: is required",
                "spec.includes[0].namespace: found \"A\", expected a name of lower-case letters, digits and \"-\", at most 63",
            ]
        );
        assert_eq!(
            violations(
                Kind::TlsCertificateDelegation,
                json!({"metadata": {"name": "a"}, "spec": {"delegations": [{}]}})
            ),
            [
                "spec.delegations[0].secretName: is required",
                "spec.delegations[0].targetNamespaces: is required, at least one is needed"
            ]
        );
    }

    #[test]
    fn services_that_envoy_asks_are_complete() {
        let extension = |spec: Value| {
            violations(Kind::ExtensionService, json!({"metadata": {"name": "a"}, "spec": spec}))
        };
        let whole = json!({
            "services": [{"name": "s", "port": 9000, "weight": 1}],
            "validation": {"caSecret": "ca", "subjectName": "a", "subjectNames": ["a"]},
            "protocol": "h2", "protocolVersion": "v3",
            "loadBalancerPolicy": {"strategy": "Random"},
            "timeoutPolicy": {"response": "1s", "idleConnection": "infinity"},
            "circuitBreakerPolicy": {"maxConnections": 1, "maxPendingRequests": 2, "maxRequests": 3, "maxRetries": 4,
                "perHostMaxConnections": 5}
        });
        assert_eq!(extension(whole), Vec::<String>::new());
        let mut wrong = extension(json!({
            "services": [{"name": "", "port": 0, "weight": -1}], "protocol": "tls", "protocolVersion": "v2",
            "validation": {"subjectName": "a"}, "timeoutPolicy": {"response": "1"},
            "circuitBreakerPolicy": {"maxRetries": -1}
        }));
        wrong.iter_mut().for_each(|text| text.truncate(text.find(':').unwrap_or_default()));
        assert_eq!(
            wrong,
            [
                "spec.services[0].name",
                "spec.services[0].port",
                "spec.services[0].weight",
                "spec.validation.caSecret",
                "spec.protocol",
                "spec.timeoutPolicy.response",
                "spec.protocolVersion",
                "spec.circuitBreakerPolicy.maxRetries",
            ]
        );
        assert_eq!(extension(json!({"services": []})).len(), 1);
        assert_eq!(extension(json!({})).len(), 1);
    }

    #[test]
    fn names_follow_the_rules_of_their_kind() {
        let named =
            |kind, name: &str| violations(kind, json!({"metadata": {"name": name, "namespace": "default"}}));
        assert_eq!(named(Kind::Secret, "a.b-1"), Vec::<String>::new());
        assert_eq!(named(Kind::Secret, "A").len(), 1);
        assert_eq!(named(Kind::Service, "1a").len(), 1);
        assert_eq!(named(Kind::Namespace, "a.b").len(), 1);
        assert_eq!(
            violations(Kind::Secret, json!({"metadata": {"name": "a", "namespace": "B"}})),
            [
                "metadata.namespace: found \"B\", expected a name of lower-case letters, digits and \"-\", at most 63"
            ]
        );
    }
}
