//! The flags that choose a layout.

use serde_json::Value;

use crate::command::run;

fn translated(flags: &[&str]) -> Value {
    let ended = run(&[&["translate", "examples/quickstart", "-o", "json"], flags].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    serde_json::from_str(&ended.out).unwrap()
}

/// The names of the resources of a kind.
fn names(answer: &Value, kind: &str) -> Vec<String> {
    let is_of_kind = |resource: &&Value| resource["@type"].as_str().unwrap().ends_with(kind);
    let resources = answer["resources"].as_array().unwrap().iter().filter(is_of_kind);
    resources.map(|resource| resource["name"].as_str().unwrap().to_owned()).collect()
}

/// What scopes are found by.
fn keys(answer: &Value) -> Vec<&str> {
    let resources = answer["resources"].as_array().unwrap().iter();
    resources.filter_map(|resource| resource["key"]["fragments"][0]["string_key"].as_str()).collect()
}

#[test]
fn scoped_routes_give_each_host_a_scope() {
    let answer = translated(&[]);
    let scopes = keys(&answer);
    assert!(scopes.contains(&"http/www.localtest.example"), "{scopes:?}");
    assert!(scopes.contains(&"chain/secure.localtest.example"), "{scopes:?}");
    assert_eq!(names(&answer, ".Secret"), ["quickstart/secure-localtest-example"]);
}

#[test]
fn on_demand_certificates_go_by_the_names_of_hosts() {
    let answer = translated(&["--tls-layout=on-demand"]);
    let scopes = keys(&answer);
    assert!(scopes.contains(&"https/secure.localtest.example"), "{scopes:?}");
    assert_eq!(names(&answer, ".Secret"), ["secure.localtest.example"]);
    let secret = |answer: &Value| {
        let resources = answer["resources"].as_array().unwrap();
        let found = resources.iter().find(|each| each["@type"].as_str().unwrap().ends_with(".Secret"));
        found.expect("a Secret").clone()
    };
    let mut by_chain = secret(&translated(&[]));
    by_chain["name"] = "secure.localtest.example".into();
    assert_eq!(secret(&answer), by_chain, "nothing but the name differs");
}

#[test]
fn combinations_that_do_not_exist_are_refused_with_the_way_out() {
    for (command, flags, way_out) in [
        ("up", &["--tls-layout=on-demand", "--route-layout=table"][..], "leave --route-layout=table out"),
        ("translate", &["--tls-layout=on-demand", "--route-layout=table"], "leave --route-layout=table out"),
        (
            "up",
            &["--tls-layout=on-demand", "--xds-mode=ads-sotw"],
            "use --xds-mode=ads-delta or --xds-mode=delta",
        ),
    ] {
        let ended = run(&[&[command, "examples/quickstart"], flags].concat());
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{flags:?}");
        assert!(ended.err.contains(way_out), "{}", ended.err);
    }
}
