//! Objects of any content: known fields, values that are right, wrong and nasty.

mod gateway_api;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

type Any = BoxedStrategy<Value>;

/// Words that are right somewhere, and texts that are right nowhere.
const TEXTS: [&str; 56] = [
    "",
    " ",
    "/",
    "/a",
    "/a/",
    "/a/b",
    "//",
    "a",
    "/a?b",
    "/\n",
    "/é",
    "/a b",
    "/(",
    "/[a-z]+",
    "/a|/b",
    "/\\Q",
    "/a{1001}",
    "%",
    "%20",
    "%REQ(X)%",
    "%HOSTNAME%",
    "%CONTOUR_SERVICE_NAME%",
    "\r\nx: y",
    "\0",
    "host",
    "Host",
    "x-a",
    "X-A",
    ":method",
    "content-length",
    "1s",
    "1us",
    "infinity",
    "-1s",
    "99999999999h",
    "web",
    "gone",
    "*",
    "*.example",
    "one.example",
    "ONE.example",
    "two.example",
    "one.example.",
    "127.0.0.1",
    "cert",
    "default/cert",
    "team/cert",
    "1.2",
    "1.3",
    "h2",
    "tls",
    "http",
    "https",
    "5xx",
    "Cookie",
    "Prefix",
];
const NUMBERS: [i64; 14] =
    [0, 1, -1, 80, 100, 101, 302, 500, 65_535, 65_536, 4_294_967_295, 4_294_967_296, i64::MAX, i64::MIN];
const PARTS: [&str; 4] = ["a", "b", "c", "d"];

fn text() -> Any {
    let long = Just(Value::from("x".repeat(300)));
    prop_oneof![40 => select(&TEXTS[..]).prop_map(Value::from), 1 => long].boxed()
}

fn word(right: &'static [&'static str]) -> Any {
    prop_oneof![4 => select(right).prop_map(Value::from), 1 => text()].boxed()
}

fn number() -> Any {
    prop_oneof![2 => Just(json!(80)), 1 => select(&NUMBERS[..]).prop_map(Value::from)].boxed()
}

fn flag() -> Any {
    any::<bool>().prop_map(Value::from).boxed()
}

fn list(item: Any) -> Any {
    prop::collection::vec(item, 0..4).prop_map(Value::Array).boxed()
}

/// An object with any of these fields; a field is there as often as its share of ten says.
fn object(fields: Vec<(&'static str, u32, Any)>) -> Any {
    let entries: Vec<_> = fields
        .into_iter()
        .map(|(name, share, value)| {
            let value = prop::option::weighted(f64::from(share) / 10.01, value);
            value.prop_map(move |value| (name, value)).boxed()
        })
        .collect();
    let pick = |entries: Vec<(&str, Option<Value>)>| {
        let there = entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(there.collect::<Map<_, _>>())
    };
    entries.prop_map(pick).boxed()
}

fn conditions() -> Any {
    let text_operators = ["contains", "notcontains", "exact", "notexact", "regex"];
    let mut header = vec![("name", 10, word(&["x-a", "x-b", ":method"])), ("present", 3, flag())];
    header.extend([("notpresent", 1, flag()), ("ignoreCase", 2, flag()), ("treatMissingAsEmpty", 2, flag())]);
    header.extend(text_operators.map(|operator| (operator, 2, text())));
    let mut query = vec![("name", 10, text()), ("present", 3, flag()), ("ignoreCase", 2, flag())];
    query.extend(["exact", "prefix", "suffix", "regex", "contains"].map(|operator| (operator, 2, text())));
    let path = word(&["/a", "/b", "/a/b"]);
    list(object(vec![
        ("prefix", 6, path.clone()),
        ("exact", 1, path.clone()),
        ("regex", 1, path),
        ("header", 2, object(header)),
        ("queryParameter", 2, object(query)),
    ]))
}

fn headers_policy() -> Any {
    let entry = object(vec![("name", 10, text()), ("value", 9, text())]);
    object(vec![("set", 7, list(entry)), ("remove", 4, list(text()))])
}

fn services() -> Any {
    list(object(vec![
        ("name", 10, word(&["web", "out", "gone"])),
        ("port", 10, number()),
        ("weight", 3, number()),
        ("mirror", 2, flag()),
        ("protocol", 3, word(&["h2", "h2c", "tls"])),
        ("healthPort", 1, number()),
        ("requestHeadersPolicy", 2, headers_policy()),
        ("responseHeadersPolicy", 2, headers_policy()),
        ("validation", 1, object(vec![("caSecret", 9, text()), ("subjectName", 9, text())])),
        ("slowStartPolicy", 1, slow_start_policy()),
        ("cookieRewritePolicies", 1, cookie_rewrites()),
    ]))
}

fn cookie_rewrites() -> Any {
    let value = || object(vec![("value", 9, text())]);
    list(object(vec![
        ("name", 10, word(&["session", "a"])),
        ("pathRewrite", 4, value()),
        ("domainRewrite", 4, value()),
        ("secure", 4, flag()),
        ("sameSite", 4, word(&["Strict", "Lax", "None"])),
    ]))
}

fn cors_policy() -> Any {
    object(vec![
        ("allowOrigin", 9, list(word(&["*", "https://a.example", "https://.*"]))),
        ("allowMethods", 9, list(word(&["GET", "POST"]))),
        ("allowHeaders", 4, list(text())),
        ("exposeHeaders", 3, list(text())),
        ("allowCredentials", 3, flag()),
        ("maxAge", 4, word(&["0", "10m"])),
    ])
}

fn slow_start_policy() -> Any {
    object(vec![
        ("window", 9, word(&["0s", "30s"])),
        ("aggression", 3, word(&["1.0", ".5", "0", "1e5", "inf"])),
        ("minWeightPercent", 3, number()),
    ])
}

fn descriptors() -> Any {
    let generic = object(vec![("key", 3, text()), ("value", 9, text())]);
    let header = object(vec![("headerName", 9, text()), ("descriptorKey", 9, text())]);
    let condition = object(vec![("name", 9, text()), ("exact", 5, text()), ("present", 3, flag())]);
    let matched = vec![("headers", 9, list(condition)), ("expectMatch", 3, flag()), ("value", 9, text())];
    let entry = object(vec![
        ("genericKey", 4, generic),
        ("requestHeader", 3, header),
        ("requestHeaderValueMatch", 3, object(matched)),
        ("remoteAddress", 3, object(vec![])),
    ]);
    list(object(vec![("entries", 9, list(entry))]))
}

fn restrictions() -> Vec<(&'static str, u32, Any)> {
    let filter = list(object(vec![("source", 9, text()), ("cidr", 9, text())]));
    let local = object(vec![("requests", 9, number()), ("unit", 9, text())]);
    let global = object(vec![("disabled", 2, flag()), ("descriptors", 8, descriptors())]);
    vec![
        ("ipAllowPolicy", 1, filter.clone()),
        ("ipDenyPolicy", 1, filter),
        ("rateLimitPolicy", 1, object(vec![("local", 5, local), ("global", 5, global)])),
    ]
}

fn routes() -> Any {
    let times = ["response", "idle", "idleConnection"].map(|field| (field, 5, word(&["1s", "infinity"])));
    let replacement = object(vec![("prefix", 3, text()), ("replacement", 9, word(&["/", "/x", "/y/"]))]);
    let mut fields = restrictions();
    fields.extend([
        ("conditions", 8, conditions()),
        ("services", 8, services()),
        ("permitInsecure", 2, flag()),
        ("enableWebsockets", 2, flag()),
        ("timeoutPolicy", 2, object(times.to_vec())),
        ("pathRewritePolicy", 2, object(vec![("replacePrefix", 9, list(replacement))])),
        ("requestHeadersPolicy", 2, headers_policy()),
        ("responseHeadersPolicy", 2, headers_policy()),
        ("retryPolicy", 2, retry_policy()),
        ("requestRedirectPolicy", 2, redirect_policy()),
        ("directResponsePolicy", 2, object(vec![("statusCode", 9, number()), ("body", 5, text())])),
        ("authPolicy", 1, object(vec![("disabled", 5, flag())])),
        ("jwtVerificationPolicy", 1, object(vec![("require", 5, text()), ("disabled", 5, flag())])),
        ("loadBalancerPolicy", 2, load_balancer_policy()),
        ("healthCheckPolicy", 2, health_check_policy()),
        ("cookieRewritePolicies", 2, cookie_rewrites()),
    ]);
    list(object(fields))
}

fn load_balancer_policy() -> Any {
    let strategy = word(&["RoundRobin", "WeightedLeastRequest", "Random", "Cookie", "RequestHash"]);
    let part = object(vec![
        ("terminal", 3, flag()),
        ("headerHashOptions", 4, object(vec![("headerName", 9, text())])),
        ("queryParameterHashOptions", 4, object(vec![("parameterName", 9, text())])),
        ("hashSourceIP", 3, flag()),
    ]);
    object(vec![("strategy", 9, strategy), ("requestHashPolicies", 5, list(part))])
}

fn health_check_policy() -> Any {
    let range = object(vec![("start", 9, number()), ("end", 9, number())]);
    let counts = ["intervalSeconds", "timeoutSeconds", "unhealthyThresholdCount", "healthyThresholdCount"];
    let mut fields = counts.map(|field| (field, 3, number())).to_vec();
    fields.extend([
        ("path", 9, word(&["/", "/healthz"])),
        ("host", 3, text()),
        ("expectedStatuses", 2, list(range)),
    ]);
    object(fields)
}

fn retry_policy() -> Any {
    object(vec![
        ("count", 5, number()),
        ("perTryTimeout", 5, text()),
        ("retryOn", 5, list(word(&["5xx", "reset"]))),
        ("retriableStatusCodes", 5, list(number())),
    ])
}

fn redirect_policy() -> Any {
    object(vec![
        ("scheme", 4, text()),
        ("hostname", 4, text()),
        ("port", 4, number()),
        ("statusCode", 4, number()),
        ("path", 4, text()),
        ("prefix", 4, text()),
    ])
}

fn client_validation() -> Any {
    let details = ["subject", "cert", "chain", "dns", "uri"].map(|detail| (detail, 4, flag()));
    object(vec![
        ("caSecret", 7, word(&["ca", "cert", "team/ca"])),
        ("crlSecret", 4, word(&["ca", "team/ca"])),
        ("crlOnlyVerifyLeafCert", 3, flag()),
        ("skipClientCertValidation", 3, flag()),
        ("optionalClientCertificate", 3, flag()),
        ("forwardClientCertificate", 4, object(details.to_vec())),
    ])
}

fn virtual_host() -> Any {
    let tls = object(vec![
        ("secretName", 7, word(&["cert", "gone", "team/cert"])),
        ("passthrough", 3, flag()),
        ("minimumProtocolVersion", 2, text()),
        ("maximumProtocolVersion", 2, text()),
        ("enableFallbackCertificate", 1, flag()),
        ("clientValidation", 2, client_validation()),
    ]);
    let mut fields = restrictions();
    fields.extend([
        ("fqdn", 10, word(&["one.example", "ONE.example", "two.example", "*.example"])),
        ("tls", 4, tls),
        ("authorization", 1, object(vec![])),
        ("corsPolicy", 2, cors_policy()),
    ]);
    object(fields)
}

/// The `spec` of an HTTPProxy that may include the four of [`PARTS`].
pub(crate) fn http_proxy_spec() -> Any {
    let part = object(vec![("name", 10, word(&PARTS)), ("namespace", 1, text())]);
    let include =
        object(vec![("name", 10, word(&PARTS)), ("namespace", 1, text()), ("conditions", 7, conditions())]);
    let tcp = object(vec![
        ("services", 7, services()),
        ("include", 3, part.clone()),
        ("includes", 1, part),
        ("loadBalancerPolicy", 2, load_balancer_policy()),
        ("healthCheckPolicy", 2, health_check_policy()),
    ]);
    object(vec![
        ("virtualhost", 5, virtual_host()),
        ("routes", 8, routes()),
        ("includes", 5, list(include)),
        ("tcpproxy", 2, tcp),
        ("ingressClassName", 1, text()),
    ])
}

/// The `spec` of an Ingress.
pub(crate) fn ingress_spec() -> Any {
    let port = object(vec![("number", 7, number()), ("name", 3, text())]);
    let service = object(vec![("name", 10, word(&["web", "out", "gone"])), ("port", 9, port)]);
    let backend = object(vec![("service", 9, service)]);
    let path = object(vec![
        ("path", 9, word(&["/", "/a", "/a/"])),
        ("pathType", 10, word(&["Prefix", "Exact", "ImplementationSpecific"])),
        ("backend", 10, backend.clone()),
    ]);
    let http = object(vec![("paths", 10, list(path))]);
    let host = word(&["one.example", "two.example", "*.example", "three.example"]);
    let tls = object(vec![("hosts", 9, list(host.clone())), ("secretName", 9, word(&["cert", "gone"]))]);
    object(vec![
        ("rules", 9, list(object(vec![("host", 8, host), ("http", 9, http)]))),
        ("tls", 5, list(tls)),
        ("defaultBackend", 3, backend),
    ])
}

/// The `spec` of an IngressRoute that may delegate to the four of [`PARTS`].
pub(crate) fn ingress_route_spec() -> Any {
    let check = object(vec![("path", 9, text()), ("host", 3, text()), ("intervalSeconds", 3, number())]);
    let service = object(vec![
        ("name", 10, word(&["web", "out", "gone"])),
        ("port", 10, number()),
        ("weight", 3, number()),
        ("strategy", 2, word(&["Random", "Cookie"])),
        ("healthCheck", 2, check),
        ("validation", 1, object(vec![("caSecret", 9, text()), ("subjectName", 9, text())])),
    ]);
    let delegate = object(vec![("name", 10, word(&PARTS)), ("namespace", 1, text())]);
    let policy = |field| object(vec![(field, 9, text()), ("count", 3, number())]);
    let route = object(vec![
        ("match", 10, word(&["/", "/a", "/a/b", "/b"])),
        ("services", 7, list(service.clone())),
        ("delegate", 3, delegate.clone()),
        ("permitInsecure", 2, flag()),
        ("enableWebsockets", 2, flag()),
        ("prefixRewrite", 2, text()),
        ("timeoutPolicy", 2, object(vec![("request", 9, text())])),
        ("retryPolicy", 2, policy("perTryTimeout")),
    ]);
    let tls = object(vec![
        ("secretName", 7, word(&["cert", "gone", "team/cert"])),
        ("passthrough", 3, flag()),
        ("minimumProtocolVersion", 2, text()),
    ]);
    let host =
        object(vec![("fqdn", 10, word(&["one.example", "two.example", "*.example"])), ("tls", 3, tls)]);
    object(vec![
        ("virtualhost", 5, host),
        ("routes", 9, list(route)),
        ("tcpproxy", 2, object(vec![("services", 7, list(service)), ("delegate", 3, delegate)])),
    ])
}

/// Four HTTPProxies, four IngressRoutes and two Ingresses of any content, with a Service to an outside name; objects of the
/// Gateway API of any content.
pub(crate) fn objects() -> impl Strategy<Value = Vec<Value>> {
    let proxies =
        PARTS.map(|name| http_proxy_spec().prop_map(move |spec| crate::objects::proxy(name, spec)).boxed());
    let routes = PARTS.map(|name| {
        ingress_route_spec().prop_map(move |spec| crate::objects::ingress_route(name, spec)).boxed()
    });
    let ingresses = ["x", "y"]
        .map(|name| ingress_spec().prop_map(move |spec| crate::objects::ingress(name, spec)).boxed());
    let out = text().prop_map(|name| {
        let mut service = crate::objects::service("out");
        service["spec"]["type"] = json!("ExternalName");
        service["spec"]["externalName"] = name;
        service
    });
    let roots = proxies.into_iter().chain(routes).chain(ingresses);
    roots.chain([out.boxed()]).chain(gateway_api::objects()).collect::<Vec<Any>>()
}
