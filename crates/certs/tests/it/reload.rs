use std::fs;
use std::path::Path;
use std::sync::Arc;

use isobath_certs::{
    Generated, Options, Reloaded, ReloadingServerConfig, Role, TlsFiles, Unloadable, generate,
};

use crate::handshake::connect;
use crate::options;

fn files(folder: &Path) -> TlsFiles {
    TlsFiles { ca: folder.join("ca.crt"), certificate: folder.join("tls.crt"), key: folder.join("tls.key") }
}

fn write(folder: &Path, set: &Generated) {
    fs::write(folder.join("ca.crt"), &set.ca).unwrap();
    fs::write(folder.join("tls.crt"), &set.server.certificate).unwrap();
    fs::write(folder.join("tls.key"), set.server.key.expose()).unwrap();
}

fn serves(config: &ReloadingServerConfig, set: &Generated) -> Result<(), String> {
    connect(config.current(), Arc::new(set.client_material().unwrap().client_config().unwrap()), "isobath")
}

#[test]
fn new_connections_get_what_is_in_the_files_now() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (generate(&options()).unwrap(), generate(&options()).unwrap());
    write(folder.path(), &old);
    let config = ReloadingServerConfig::load(files(folder.path())).unwrap();
    assert_eq!(serves(&config, &old), Ok(()));
    assert!(matches!(config.reload(), Reloaded::Unchanged));
    write(folder.path(), &new);
    assert!(matches!(config.reload(), Reloaded::Replaced));
    assert_eq!(serves(&config, &new), Ok(()));
    assert!(serves(&config, &old).is_err());
}

#[test]
fn rewriting_the_same_bytes_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let set = generate(&options()).unwrap();
    write(folder.path(), &set);
    let config = ReloadingServerConfig::load(files(folder.path())).unwrap();
    let before = config.current();
    write(folder.path(), &set);
    assert!(matches!(config.reload(), Reloaded::Unchanged));
    assert!(Arc::ptr_eq(&before, &config.current()));
}

#[test]
fn a_set_that_does_not_load_or_match_keeps_the_last_good_one_and_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (generate(&options()).unwrap(), generate(&options()).unwrap());
    write(folder.path(), &old);
    let files = files(folder.path());
    let config = ReloadingServerConfig::load(files.clone()).unwrap();
    let path = |name: &str| folder.path().join(name);

    let kept = |because: &str| {
        let Reloaded::Kept(error) = config.reload() else { panic!("{because}: not noticed") };
        assert!(error.to_string().contains(because), "{error}");
        assert!(matches!(config.reload(), Reloaded::Unchanged), "{because}: said twice");
        assert_eq!(serves(&config, &old), Ok(()), "{because}");
    };
    fs::write(&files.certificate, &new.server.certificate).unwrap();
    kept("private key does not match the first certificate");
    fs::write(&files.key, &new.server.key.expose()[..100]).unwrap();
    kept("has no matching END marker");
    fs::write(&files.key, new.server.key.expose()).unwrap();
    fs::write(&files.ca, "").unwrap();
    kept("empty \"ca.crt\" key");
    fs::remove_file(path("ca.crt")).unwrap();
    kept("No such file");

    fs::write(&files.ca, &new.ca).unwrap();
    assert!(matches!(config.reload(), Reloaded::Replaced));
    assert_eq!(serves(&config, &new), Ok(()));
}

#[test]
fn going_back_to_the_set_in_force_after_a_bad_one_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let set = generate(&options()).unwrap();
    write(folder.path(), &set);
    let config = ReloadingServerConfig::load(files(folder.path())).unwrap();
    fs::write(folder.path().join("tls.key"), "").unwrap();
    assert!(matches!(config.reload(), Reloaded::Kept(_)));
    write(folder.path(), &set);
    assert!(matches!(config.reload(), Reloaded::Replaced));
    assert_eq!(serves(&config, &set), Ok(()));
}

#[test]
fn the_first_load_says_which_file_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let set = generate(&options()).unwrap();
    let error = ReloadingServerConfig::load(files(folder.path())).unwrap_err();
    assert!(matches!(error, Unloadable::Read { path, .. } if path.ends_with("ca.crt")));
    write(folder.path(), &set);
    fs::write(folder.path().join("tls.crt"), "no PEM").unwrap();
    let error = ReloadingServerConfig::load(files(folder.path())).unwrap_err().to_string();
    assert!(
        error.contains("tls.crt") && error.contains("invalid TLS certificate: no certificate found"),
        "{error}"
    );
}

/// Roles and days left of what is loaded with this bundle.
fn loaded(folder: &Path, set: &Generated, bundle: &str) -> Vec<(Role, i64)> {
    write(folder, set);
    fs::write(folder.join("ca.crt"), bundle).unwrap();
    let config = ReloadingServerConfig::load(files(folder)).unwrap();
    let now = options().now + 60;
    config.certificates().iter().map(|one| (one.role, one.days_left(now))).collect()
}

#[test]
fn the_days_left_are_those_of_our_certificate_and_of_the_ca_that_signed_it() {
    let folder = tempfile::tempdir().unwrap();
    let set = generate(&options()).unwrap();
    let old = generate(&Options { lifetime_days: 3, ..options() }).unwrap();
    let found = loaded(folder.path(), &set, &format!("{}{}", old.ca, set.ca));
    assert_eq!(found, [(Role::Ca, 29), (Role::Server, 29)]);
}

#[test]
fn of_a_bundle_for_the_certificates_of_envoys_alone_every_ca_counts() {
    let folder = tempfile::tempdir().unwrap();
    let set = generate(&options()).unwrap();
    let others = [3, 5].map(|lifetime_days| generate(&Options { lifetime_days, ..options() }).unwrap().ca);
    let found = loaded(folder.path(), &set, &others.concat());
    assert_eq!(found, [(Role::Ca, 2), (Role::Ca, 4), (Role::Server, 29)]);
}
