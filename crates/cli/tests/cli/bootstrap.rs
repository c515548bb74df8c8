use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::command::{folder, run_in, workspace};

/// What Envoy says to a bootstrap.
fn validate(folder: &Path, file: &str) -> Result<(), String> {
    let mut command = Command::new(envoy());
    command.args([
        "--mode",
        "validate",
        "--service-node",
        "node",
        "--service-cluster",
        "cluster",
        "-c",
        file,
    ]);
    let output = command.current_dir(folder).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn envoy() -> PathBuf {
    let search = launcher::Search { path: None, tools_above: vec![workspace()] };
    search.envoy().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn envoy_takes_the_bootstrap_of_every_mode() {
    for mode in ["ads-delta", "ads-sotw", "delta", "sotw"] {
        let files = folder(&[]);
        let socket = files.path().join("admin.sock").display().to_string();
        let arguments = ["bootstrap", "b.json", "--xds-mode", mode, "--admin-address", &socket];
        let ended = run_in(files.path(), &arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.err);
        assert_eq!(validate(files.path(), "b.json"), Ok(()), "{mode}");
    }
}

#[test]
fn envoy_takes_a_bootstrap_with_certificates_that_are_rotated_and_limits() {
    let files = folder(&[]);
    assert_eq!(run_in(files.path(), &["certgen"]).code, Some(0));
    let certificates = [
        "--envoy-cafile=certs/cacert.pem",
        "--envoy-cert-file=certs/envoycert.pem",
        "--envoy-key-file=certs/envoykey.pem",
        "--resources-dir=resources",
    ];
    let others = [
        "--xds-address=isobath.example",
        "--xds-port=9001",
        "--dns-lookup-family=v6",
        "--overload-max-heap=1000000000",
        "--overload-downstream-max-conn=1000",
    ];
    let arguments: Vec<_> = ["bootstrap", "b.json"].into_iter().chain(certificates).chain(others).collect();
    let ended = run_in(files.path(), &arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(files.path().join("resources/sds/xds-tls-certificate.json").exists());
    assert!(files.path().join("resources/sds/xds-validation-context.json").exists());
    assert_eq!(validate(files.path(), "b.json"), Ok(()));
}

#[test]
fn a_dash_is_standard_output() {
    let files = folder(&[]);
    let ended = run_in(files.path(), &["bootstrap", "-", "--xds-port", "9001"]);
    let document: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(document.to_string().contains("\"port_value\":9001"));
}

#[test]
fn wrong_flags_end_with_2_and_write_nothing() {
    for arguments in [
        &["bootstrap"][..],
        &["bootstrap", "b.json", "--envoy-cafile", "ca.pem"],
        &["bootstrap", "b.json", "--resources-dir", "resources"],
        &["bootstrap", "b.json", "--xds-address", ""],
        &["bootstrap", "b.json", "--xds-port", "0"],
        &["bootstrap", "b.json", "--admin-address", "relative.sock"],
        &["bootstrap", "b.json", "--xds-resource-version", "v2"],
    ] {
        let files = folder(&[]);
        assert_eq!(run_in(files.path(), arguments).code, Some(2), "{arguments:?}");
        assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 0, "{arguments:?}");
    }
}
