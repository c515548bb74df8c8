use std::fs;

use isobath_certs::certgen::{CertgenOptions, Existing, Output, run};
use isobath_certs::{
    CertificateSet, Names, Previous, ReloadingServerConfig, Secret, SecretsFormat, TlsFiles,
};

use crate::{now, options};

/// Text that no output may hold: the secret number of a P-256 key in PKCS#8 is its bytes 36 to 68, the end
/// of the first line of base64 and the start of the second. What follows is the public key.
fn canaries(set: &CertificateSet) -> Vec<String> {
    let keys = [&set.current.server, &set.current.client, &set.next.server, &set.next.client];
    let secret = |key: &str| {
        let lines: Vec<&str> = key.lines().collect();
        [lines[1][48..].to_owned(), lines[2][..16].to_owned()]
    };
    keys.into_iter().flat_map(|identity| secret(identity.key.expose())).collect()
}

#[test]
fn no_output_holds_a_key() {
    let set = CertificateSet::fresh(&options()).unwrap();
    let material = set.server_material().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        ca: folder.path().join("ca"),
        certificate: folder.path().join("crt"),
        key: folder.path().join("key"),
    };
    fs::write(&files.ca, &set.trusted).unwrap();
    fs::write(&files.certificate, &set.current.server.certificate).unwrap();
    fs::write(&files.key, set.current.server.key.expose()).unwrap();
    let config = ReloadingServerConfig::load(files.clone()).unwrap();
    let mut shown = vec![
        format!("{set:?} {set:#?}"),
        format!("{:?}", Previous { trusted: vec![], next: Some(set.next.clone()) }),
        format!(
            "{material:?} {:?} {:?}",
            material.server_config().unwrap(),
            material.client_config().unwrap()
        ),
        format!("{config:?} {:?}", config.current()),
        format!("{:?}", Secret::of_set(&set, SecretsFormat::Compact, Names::Isobath, "a", "")),
    ];
    // Keys where they do not belong, whole and cut.
    let key = set.current.server.key.expose();
    for (crt, key) in [(key, key), (set.trusted.as_str(), &key[..150]), (&key[40..], key)] {
        fs::write(&files.certificate, crt).unwrap();
        fs::write(&files.key, key).unwrap();
        let error = config.reload();
        shown.push(format!("{error:?}"));
        let error = ReloadingServerConfig::load(files.clone()).unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    let error = Secret::from_yaml(&format!("kind: [{key}")).unwrap_err();
    shown.push(format!("{error} {error:?}"));
    for canary in canaries(&set) {
        let leak = shown.iter().find(|text| text.contains(&canary));
        assert_eq!(leak, None, "{canary}");
    }
}

#[test]
fn the_report_of_certgen_holds_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let options = CertgenOptions {
        output_dir: folder.path().to_owned(),
        outputs: [Output::Pem, Output::Yaml].into(),
        existing: Existing::Rotate,
        ..CertgenOptions::default()
    };
    let mut out = Vec::new();
    run(&options, now(), &mut out).unwrap();
    let key = fs::read_to_string(folder.path().join("isobathkey.pem")).unwrap();
    // The manifest holds the key, and half of it is an error that must not quote it.
    let manifest = fs::read_to_string(folder.path().join("isobathcert.yaml")).unwrap();
    fs::write(folder.path().join("isobathcert.yaml"), format!("{manifest}!: [")).unwrap();
    let error = run(&options, now(), &mut out).unwrap_err();
    let shown = format!("{} {error} {error:?}", String::from_utf8(out).unwrap());
    let encoded = manifest.lines().find_map(|line| line.trim().strip_prefix("tls.key: ")).unwrap();
    assert!(
        !shown.contains(&key.lines().nth(1).unwrap()[48..]) && !shown.contains(&encoded[100..120]),
        "{shown}"
    );
}
