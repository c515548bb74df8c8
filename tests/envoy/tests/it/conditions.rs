//! Every kind of condition, and which route wins when several match.

use http::Method;

use harness::World;
use harness::manifests::http_proxy;

/// A route that answers with its own name.
fn route(name: &str, conditions: &str) -> String {
    format!("- conditions: [{conditions}]\n  directResponsePolicy: {{statusCode: 200, body: '{name}'}}\n")
}

/// A host whose routes are given as name and conditions.
fn host(name: &str, routes: &[(&str, &str)]) -> String {
    let routes: String = routes.iter().map(|(name, conditions)| route(name, conditions)).collect();
    http_proxy(name, &format!("virtualhost: {{fqdn: {name}.example}}\nroutes:\n{routes}"))
}

/// Conditions, and the requests (path and headers) that they let through and do not.
struct Case {
    conditions: &'static str,
    matched: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    others: &'static [(&'static str, &'static [(&'static str, &'static str)])],
}

const NONE: &[(&str, &str)] = &[];

const CASES: &[Case] = &[
    Case {
        conditions: "{prefix: /foo}",
        matched: &[("/foo", NONE), ("/foo/", NONE), ("/foo/bar", NONE), ("/foobar", NONE), ("/foo?x", NONE)],
        others: &[("/", NONE), ("/fo", NONE), ("/Foo", NONE), ("/bar/foo", NONE)],
    },
    Case {
        conditions: "{exact: /foo}",
        matched: &[("/foo", NONE), ("/foo?x=y", NONE)],
        others: &[("/foo/", NONE), ("/foobar", NONE), ("/FOO", NONE)],
    },
    Case {
        conditions: "{regex: '/v[0-9]+/(a|b)'}",
        matched: &[("/v1/a", NONE), ("/v22/b?q", NONE)],
        others: &[("/v/a", NONE), ("/v1/c", NONE), ("/v1/a/more", NONE), ("/x/v1/a", NONE)],
    },
    Case {
        conditions: "{header: {name: x-a, present: true}}",
        matched: &[("/", &[("x-a", "1")]), ("/", &[("X-A", "")])],
        others: &[("/", NONE), ("/", &[("x-b", "1")])],
    },
    Case {
        conditions: "{header: {name: x-a, notpresent: true}}",
        matched: &[("/", NONE), ("/", &[("x-b", "1")])],
        others: &[("/", &[("x-a", "1")])],
    },
    Case {
        conditions: "{header: {name: x-a, contains: bc}}",
        matched: &[("/", &[("x-a", "abcd")]), ("/", &[("x-a", "bc")])],
        others: &[("/", NONE), ("/", &[("x-a", "BC")]), ("/", &[("x-a", "b c")])],
    },
    Case {
        conditions: "{header: {name: x-a, contains: bc, ignoreCase: true}}",
        matched: &[("/", &[("x-a", "aBCd")])],
        others: &[("/", &[("x-a", "b")])],
    },
    Case {
        conditions: "{header: {name: x-a, notcontains: bc}}",
        matched: &[("/", &[("x-a", "ab")]), ("/", &[("x-a", "BC")])],
        others: &[("/", &[("x-a", "abc")]), ("/", NONE)],
    },
    Case {
        conditions: "{header: {name: x-a, notcontains: bc, treatMissingAsEmpty: true}}",
        matched: &[("/", &[("x-a", "ab")]), ("/", NONE)],
        others: &[("/", &[("x-a", "abc")])],
    },
    Case {
        conditions: "{header: {name: x-a, exact: 'b c'}}",
        matched: &[("/", &[("x-a", "b c")])],
        others: &[("/", NONE), ("/", &[("x-a", "b c d")]), ("/", &[("x-a", "B C")])],
    },
    Case {
        conditions: "{header: {name: x-a, exact: bc, ignoreCase: true}}",
        matched: &[("/", &[("x-a", "BC")])],
        others: &[("/", &[("x-a", "b")])],
    },
    Case {
        conditions: "{header: {name: x-a, notexact: bc}}",
        matched: &[("/", &[("x-a", "b")])],
        others: &[("/", &[("x-a", "bc")]), ("/", NONE)],
    },
    Case {
        conditions: "{header: {name: x-a, notexact: bc, treatMissingAsEmpty: true}}",
        matched: &[("/", &[("x-a", "b")]), ("/", NONE)],
        others: &[("/", &[("x-a", "bc")])],
    },
    Case {
        conditions: "{header: {name: x-a, regex: 'v[0-9]+'}}",
        matched: &[("/", &[("x-a", "v12")])],
        others: &[("/", NONE), ("/", &[("x-a", "v")]), ("/", &[("x-a", "v1x")])],
    },
    Case {
        conditions: "{queryParameter: {name: q, exact: bc}}",
        matched: &[("/?q=bc", NONE), ("/?p=1&q=bc", NONE), ("/?q=bc&q=x", NONE)],
        others: &[("/", NONE), ("/?q=BC", NONE), ("/?q=x&q=bc", NONE), ("/?Q=bc", NONE)],
    },
    Case {
        conditions: "{queryParameter: {name: q, exact: bc, ignoreCase: true}}",
        matched: &[("/?q=BC", NONE)],
        others: &[("/?q=b", NONE)],
    },
    Case {
        conditions: "{queryParameter: {name: q, prefix: bc}}",
        matched: &[("/?q=bcd", NONE)],
        others: &[("/?q=abc", NONE)],
    },
    Case {
        conditions: "{queryParameter: {name: q, suffix: bc}}",
        matched: &[("/?q=abc", NONE)],
        others: &[("/?q=bcd", NONE)],
    },
    Case {
        conditions: "{queryParameter: {name: q, contains: bc}}",
        matched: &[("/?q=abcd", NONE)],
        others: &[("/?q=b", NONE), ("/?p=bc", NONE)],
    },
    Case {
        conditions: "{queryParameter: {name: q, regex: 'v[0-9]+'}}",
        matched: &[("/?q=v1", NONE)],
        others: &[("/?q=v", NONE), ("/?q=v1x", NONE)],
    },
    Case {
        conditions: "{queryParameter: {name: q, present: true}}",
        matched: &[("/?q=", NONE), ("/?q=1", NONE), ("/?q", NONE)],
        others: &[("/", NONE), ("/?p=q", NONE)],
    },
    Case {
        conditions: "{prefix: /foo}, {header: {name: x-a, exact: b}}, {queryParameter: {name: q, exact: c}}",
        matched: &[("/foo?q=c", &[("x-a", "b")])],
        others: &[("/foo?q=c", NONE), ("/foo", &[("x-a", "b")]), ("/?q=c", &[("x-a", "b")])],
    },
];

#[tokio::test]
async fn each_condition_lets_through_what_it_says_and_nothing_else() {
    let mut world = World::start().await;
    let hosts = CASES.iter().enumerate().map(|(number, case)| {
        let default = ("no", "{prefix: /}");
        host(&format!("case-{number}"), &[("yes", case.conditions), default])
    });
    world.apply("cases", &hosts.collect::<Vec<_>>().join("---\n")).await;
    let mut wrong = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let all = case.matched.iter().map(|request| ("yes", request));
        for (expected, (path, headers)) in all.chain(case.others.iter().map(|request| ("no", request))) {
            let request = world.get(&format!("case-{number}.example"), path);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            let answer = request.send().await.unwrap();
            if (answer.code(), answer.text().as_str()) != (200, expected) {
                wrong.push(format!(
                    "{} {path} {headers:?}: {} {}",
                    case.conditions,
                    answer.code(),
                    answer.text()
                ));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    world.assert_nothing_rejected().await;
}

/// Written in an order that is none of precedence.
const ROUTES: &[(&str, &str)] = &[
    ("root", "{prefix: /}"),
    ("prefix", "{prefix: /a}"),
    ("query", "{prefix: /a}, {queryParameter: {name: q, present: true}}"),
    ("header", "{prefix: /a}, {header: {name: x-a, present: true}}"),
    ("header-exact", "{prefix: /a}, {header: {name: x-a, exact: b}}"),
    (
        "two-headers",
        "{prefix: /a}, {header: {name: x-a, present: true}}, {header: {name: x-b, present: true}}",
    ),
    (
        "header-query",
        "{prefix: /a}, {header: {name: x-a, present: true}}, {queryParameter: {name: q, present: true}}",
    ),
    ("method", "{prefix: /a}, {header: {name: ':method', exact: POST}}"),
    ("longer", "{prefix: /a/b}"),
    ("regex", "{regex: '/a/b/.*'}"),
    ("exact", "{exact: /a/b/c}"),
];

#[tokio::test]
async fn the_most_specific_route_wins_whatever_the_order() {
    let mut world = World::start().await;
    let mut reversed = ROUTES.to_vec();
    reversed.reverse();
    let text = [host("one", ROUTES), host("two", &reversed)].join("---\n");
    world.apply("hosts", &text).await;
    for name in ["one.example", "two.example"] {
        let ask = async |path: &str, headers: &[(&str, &str)], method: Method| {
            let request = world.get(name, path).method(method);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            request.send().await.unwrap().text()
        };
        assert_eq!(ask("/x", NONE, Method::GET).await, "root");
        assert_eq!(ask("/a", NONE, Method::GET).await, "prefix");
        assert_eq!(ask("/a?q", NONE, Method::GET).await, "query");
        assert_eq!(ask("/a", &[("x-a", "1")], Method::GET).await, "header");
        assert_eq!(ask("/a", &[("x-a", "b")], Method::GET).await, "header-exact");
        assert_eq!(ask("/a", &[("x-a", "b"), ("x-b", "1")], Method::GET).await, "two-headers");
        assert_eq!(ask("/a?q", &[("x-a", "1")], Method::GET).await, "header-query");
        assert_eq!(ask("/a", &[("x-a", "b"), ("x-b", "1")], Method::POST).await, "method");
        assert_eq!(ask("/a/b", &[("x-a", "b")], Method::GET).await, "longer");
        assert_eq!(ask("/a/b/d", NONE, Method::GET).await, "regex");
        assert_eq!(ask("/a/b/c", NONE, Method::GET).await, "exact");
    }
    world.assert_nothing_rejected().await;
}
