//! The file and the flags of what the operator decides.

use crate::command::{folder, isobath, run_in};

const PROXY: &str = "apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata: {name: a, namespace: elsewhere}\n\
    spec: {virtualhost: {fqdn: a.example}, routes: [{directResponsePolicy: {statusCode: 200}}]}\n";

#[test]
fn a_file_shapes_what_envoy_gets_and_flags_go_before_it() {
    let files = folder(&[
        ("a.yaml", PROXY),
        ("config", "network: {num-trusted-hops: 3}\nmetrics: {envoy: {port: 9002}}\n"),
    ]);
    let ended = run_in(files.path(), &["translate", "-c", "config", "--stats-port", "9003", "a.yaml"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert!(ended.out.contains("xff_num_trusted_hops: 3"), "{}", ended.out);
    assert!(
        ended.out.contains("port_value: 9003") && !ended.out.contains("port_value: 9002"),
        "{}",
        ended.out
    );
}

#[test]
fn a_switch_may_be_off() {
    let files = folder(&[("a.yaml", PROXY), ("config", "disablePermitInsecure: true\n")]);
    for flag in ["--disable-permit-insecure", "--disable-permit-insecure=false"] {
        let ended = run_in(files.path(), &["lint", "-c", "config", flag, "a.yaml"]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    let ended = run_in(files.path(), &["lint", "--disable-permit-insecure=no", "a.yaml"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.err,
        "error: --disable-permit-insecure: found \"no\", allowed are true and false\n\
         error: the configuration has errors\n"
    );
}

#[test]
fn root_namespaces_may_be_said_by_their_former_name() {
    let files = folder(&[("a.yaml", PROXY)]);
    for flag in ["--root-namespaces", "--ingressroute-root-namespaces"] {
        let ended = run_in(files.path(), &["lint", flag, "other,more", "a.yaml"]);
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        assert!(ended.out.contains("root HTTPProxy cannot be defined in this namespace"), "{}", ended.out);
        let ended = run_in(files.path(), &["lint", flag, "other,elsewhere", "a.yaml"]);
        assert_eq!((ended.code, &*ended.out), (Some(0), "0 errors, 0 warnings\n"), "{}", ended.err);
    }
}

#[test]
fn a_fault_of_the_file_is_shown_with_a_caret_and_nothing_else_is_done() {
    let files = folder(&[("a.yaml", PROXY), ("config", "tls:\n  minimum-protocol-versoin: '1.3'\n")]);
    for command in ["lint", "translate", "up"] {
        let ended = run_in(files.path(), &[command, "a.yaml", "--config-path", "config"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{command}");
        let at = "error: tls.minimum-protocol-versoin: is not a key of the configuration\n --> config:2:3\n";
        assert!(ended.err.starts_with(at), "{command}: {}", ended.err);
        assert!(ended.err.contains("^^^^^^^^^^^^^^^^^^^^^^^^"), "{command}: {}", ended.err);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let files = folder(&[("a.yaml", PROXY)]);
    let ended = run_in(files.path(), &["lint", "-c", "none.yaml", "a.yaml"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.starts_with("error: cannot be read: No such file"), "{}", ended.err);
    assert!(ended.err.contains("none.yaml"), "{}", ended.err);
}

#[test]
fn a_key_that_does_nothing_is_told() {
    let files = folder(&[("a.yaml", PROXY), ("told", "server: {}\n")]);
    let told = run_in(files.path(), &["lint", "-c", "told", "a.yaml"]);
    assert_eq!(told.code, Some(0));
    assert!(told.err.starts_with("warning: server: does nothing\n"), "{}", told.err);
}

#[test]
fn every_flag_is_in_the_help() {
    for (command, has, lacks) in [
        ("lint", "--envoy-service-http-port", "--kubeconfig"),
        ("up", "--fallback-certificate", "--envoy-service-http-port"),
    ] {
        let output = isobath().args([command, "--help"]).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains(has) && !help.contains(lacks), "{help}");
    }
}
