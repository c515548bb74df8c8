use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::command::{folder, run_in};

const FILES: [&str; 5] = ["cacert.pem", "envoycert.pem", "envoykey.pem", "isobathcert.pem", "isobathkey.pem"];

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("certs").join(name)).unwrap()
}

fn certificates(text: &str) -> usize {
    text.matches("-----BEGIN CERTIFICATE-----").count()
}

#[test]
fn files_are_written_for_their_owner_alone() {
    let files = folder(&[]);
    assert_eq!(run_in(files.path(), &["certgen"]).code, Some(0));
    for name in FILES {
        let mode = fs::metadata(files.path().join("certs").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

#[test]
fn what_is_there_is_kept_unless_told_otherwise() {
    let files = folder(&[]);
    run_in(files.path(), &["certgen"]);
    let before = FILES.map(|name| read(files.path(), name));
    assert_eq!(run_in(files.path(), &["certgen"]).code, Some(0));
    assert_eq!(FILES.map(|name| read(files.path(), name)), before);
}

#[test]
fn overwriting_keeps_old_cas_until_they_are_dropped() {
    let files = folder(&[]);
    run_in(files.path(), &["certgen"]);
    let first = read(files.path(), "cacert.pem");
    let leaf = read(files.path(), "envoycert.pem");
    assert_eq!(run_in(files.path(), &["certgen", "--overwrite"]).code, Some(0));
    let rotated = read(files.path(), "cacert.pem");
    assert!(certificates(&rotated) > certificates(&first));
    assert_ne!(read(files.path(), "envoycert.pem"), leaf);
    assert_eq!(run_in(files.path(), &["certgen", "--overwrite", "--drop-old-ca"]).code, Some(0));
    let dropped = read(files.path(), "cacert.pem");
    assert!(certificates(&dropped) < certificates(&rotated));
    for block in first.split_inclusive("-----END CERTIFICATE-----\n") {
        assert!(!dropped.contains(block), "an old CA is still trusted");
    }
}

#[test]
fn secrets_are_manifests_that_lint_takes() {
    let files = folder(&[]);
    let arguments = ["certgen", "--yaml", "--secrets-format", "compact", "--namespace", "edge"];
    assert_eq!(run_in(files.path(), &arguments).code, Some(0));
    let secret = read(files.path(), "envoycert.yaml");
    assert!(secret.contains("kind: Secret") && secret.contains("namespace: edge"), "{secret}");
    let linted = run_in(files.path(), &["lint", "certs"]);
    assert_eq!((linted.code, linted.out.as_str()), (Some(0), "0 errors, 0 warnings\n"));
}

#[test]
fn wrong_flags_end_with_2_and_write_nothing() {
    for arguments in [
        &["certgen", "--drop-old-ca"][..],
        &["certgen", "--certificate-lifetime", "0"],
        &["certgen", "--namespace", "Not A Namespace"],
        &["certgen", "--key-type", "dsa"],
    ] {
        let files = folder(&[]);
        assert_eq!(run_in(files.path(), arguments).code, Some(2), "{arguments:?}");
        assert_eq!(fs::read_dir(files.path()).unwrap().count(), 0, "{arguments:?}");
    }
}
