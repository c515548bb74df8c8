use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use isobath_certs::certgen::{CertgenOptions, Deed, Existing, Output, in_cluster, run, secret_names};
use isobath_certs::{Material, Names, Secret, SecretsFormat};

use crate::handshake::handshake;
use crate::{days, now};

fn options(folder: &Path, outputs: &[Output]) -> CertgenOptions {
    CertgenOptions {
        output_dir: folder.to_owned(),
        outputs: outputs.iter().copied().collect::<BTreeSet<_>>(),
        certificate_lifetime: 30,
        ..CertgenOptions::default()
    }
}

/// Runs and returns the report, without the folder in it.
fn report(options: &CertgenOptions, now: i64) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let folder = format!("{}/", options.output_dir.display());
    run(options, now, &mut out).map_err(|error| error.to_string().replace(&folder, ""))?;
    Ok(String::from_utf8(out).unwrap().lines().map(|line| line.replace(&folder, "")).collect())
}

fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            files
                .extend(tree(&entry.path()).into_iter().map(|(file, text)| (format!("{name}/{file}"), text)));
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    files
}

fn material(folder: &Path, side: &str) -> Material {
    let read = |name: String| fs::read(folder.join(name)).unwrap();
    let (certificate, key) = (read(format!("{side}cert.pem")), read(format!("{side}key.pem")));
    Material::parse(&read("cacert.pem".to_owned()), &certificate, &key).unwrap()
}

fn cas(bytes: &[u8]) -> usize {
    String::from_utf8_lossy(bytes).matches("BEGIN CERTIFICATE").count()
}

#[test]
fn pem_files_have_their_names_and_are_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("certs");
    let written = report(&options(&folder, &[Output::Pem]), now()).unwrap();
    let names = ["cacert.pem", "isobathcert.pem", "isobathkey.pem", "envoycert.pem", "envoykey.pem"];
    let expected = names.map(|name| format!("{name} written")).into_iter();
    assert_eq!(written, expected.chain(names.map(|name| format!("next/{name} written"))).collect::<Vec<_>>());
    for name in tree(&folder).keys() {
        assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(tree(&folder).len(), 10, "no temporary file is left");
    assert_eq!(handshake(&material(&folder, "isobath"), &material(&folder, "envoy"), "isobath"), Ok(()));
}

/// The manifest with each value replaced by what it is.
fn outline(folder: &Path, file: &str) -> String {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let secret = Secret::from_yaml(&text).unwrap();
    let (head, _) = text.split_once("\ndata:\n").unwrap();
    let kind = |value: &[u8]| match cas(value) {
        0 if value.starts_with(b"-----BEGIN PRIVATE KEY-----\n") => "key".to_owned(),
        count => format!("{count} certificates"),
    };
    let values: String =
        secret.data.iter().map(|(key, value)| format!("  {key}: {}\n", kind(value))).collect();
    format!("{head}\ndata:\n{values}")
}

fn expected(name: &str, kind: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: isobath\n  labels:\n    \
         app: isobath\ntype: {kind}\ndata:\n{data}"
    )
}

#[test]
fn manifests_with_contours_names_have_its_label() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let options = CertgenOptions { names: Names::Contour, ..options(folder, &[Output::Yaml]) };
    report(&options, now()).unwrap();
    let ours = expected("contourcert", "kubernetes.io/tls", "  tls.crt: 1 certificates\n  tls.key: key\n");
    assert_eq!(outline(folder, "contourcert.yaml"), ours.replace("app: isobath", "app: contour"));
}

#[test]
fn legacy_manifests_are_a_ca_and_two_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let written = report(&options(folder, &[Output::Yaml]), now()).unwrap();
    let names = ["cacert", "isobathcert", "envoycert", "nextcerts"];
    assert_eq!(written, names.map(|name| format!("secret/{name} written")));
    let pair = "  tls.crt: 1 certificates\n  tls.key: key\n";
    assert_eq!(
        outline(folder, "cacert.yaml"),
        expected("cacert", "Opaque", "  cacert.pem: 2 certificates\n")
    );
    assert_eq!(outline(folder, "isobathcert.yaml"), expected("isobathcert", "kubernetes.io/tls", pair));
    assert_eq!(outline(folder, "envoycert.yaml"), expected("envoycert", "kubernetes.io/tls", pair));
    let next = "  cacert.pem: 1 certificates\n  envoycert.pem: 1 certificates\n  envoykey.pem: key\n  \
                isobathcert.pem: 1 certificates\n  isobathkey.pem: key\n";
    assert_eq!(outline(folder, "nextcerts.yaml"), expected("nextcerts", "Opaque", next));
}

#[test]
fn compact_manifests_are_two_pairs_with_the_ca_in_each() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let options = CertgenOptions {
        secrets_format: SecretsFormat::Compact,
        secrets_name_suffix: "-v1".to_owned(),
        ..options(folder, &[Output::Yaml])
    };
    report(&options, now()).unwrap();
    let data = "  ca.crt: 2 certificates\n  tls.crt: 1 certificates\n  tls.key: key\n";
    for name in ["isobathcert-v1", "envoycert-v1"] {
        assert_eq!(outline(folder, &format!("{name}.yaml")), expected(name, "kubernetes.io/tls", data));
    }
    assert_eq!(tree(folder).len(), 3);
}

#[test]
fn pem_files_and_manifests_of_one_run_hold_the_same_set() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), &[Output::Pem, Output::Yaml]);
    for existing in [Existing::Keep, Existing::Rotate] {
        report(&CertgenOptions { existing, ..options.clone() }, now()).unwrap();
        let files = tree(folder.path());
        let secret = Secret::from_yaml(&String::from_utf8_lossy(&files["envoycert.yaml"])).unwrap();
        assert_eq!(secret.data["tls.key"], files["envoykey.pem"]);
        let secret = Secret::from_yaml(&String::from_utf8_lossy(&files["cacert.yaml"])).unwrap();
        assert_eq!(secret.data["cacert.pem"], files["cacert.pem"]);
    }
}

#[test]
fn a_set_that_exists_is_said_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), &[Output::Yaml]);
    report(&options, now()).unwrap();
    let before = tree(folder.path());
    let said = report(&options, now()).unwrap();
    assert_eq!(
        said,
        ["cacert", "isobathcert", "envoycert"].map(|name| format!("secret/{name} already exists"))
    );
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn half_a_set_is_an_error_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), &[Output::Pem]);
    report(&options, now()).unwrap();
    fs::remove_file(folder.path().join("isobathkey.pem")).unwrap();
    let before = tree(folder.path());
    assert_eq!(
        report(&options, now()).unwrap_err(),
        "cacert.pem exists, but isobathkey.pem does not: a new one would not match the others, use --overwrite"
    );
    assert_eq!(tree(folder.path()), before);
    report(&CertgenOptions { existing: Existing::Rotate, ..options }, now()).unwrap();
    assert_eq!(tree(folder.path()).len(), 10);
}

#[test]
fn overwriting_keeps_old_and_new_able_to_connect() {
    for outputs in [&[Output::Pem][..], &[Output::Pem, Output::Yaml]] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let options = options(folder, outputs);
        report(&options, now()).unwrap();
        let (server, client) = (material(folder, "isobath"), material(folder, "envoy"));
        let said = report(&CertgenOptions { existing: Existing::Rotate, ..options }, now()).unwrap();
        assert!(said.iter().all(|line| line.ends_with(" written")), "{said:?}");
        assert_eq!(handshake(&material(folder, "isobath"), &client, "isobath"), Ok(()));
        assert_eq!(handshake(&server, &material(folder, "envoy"), "isobath"), Ok(()));
        assert_eq!(cas(&tree(folder)["cacert.pem"]), 3);
    }
}

#[test]
fn manifests_alone_carry_a_rotation_and_a_change_of_format() {
    let folder = tempfile::tempdir().unwrap();
    let legacy = options(folder.path(), &[Output::Yaml]);
    report(&legacy, now()).unwrap();
    let read = |file: &str| Secret::from_yaml(&String::from_utf8_lossy(&tree(folder.path())[file])).unwrap();
    let announced = read("nextcerts.yaml").data["envoycert.pem"].clone();
    let compact =
        CertgenOptions { secrets_format: SecretsFormat::Compact, existing: Existing::Rotate, ..legacy };
    report(&compact, now()).unwrap();
    assert_eq!(read("envoycert.yaml").data["tls.crt"], announced);
    assert_eq!(cas(&read("envoycert.yaml").data["ca.crt"]), 3);
}

#[test]
fn overwriting_drops_expired_cas() {
    let folder = tempfile::tempdir().unwrap();
    let rotate = CertgenOptions { existing: Existing::Rotate, ..options(folder.path(), &[Output::Pem]) };
    report(&rotate, now() - days(100)).unwrap();
    let said = report(&rotate, now()).unwrap();
    assert_eq!(cas(&tree(folder.path())["cacert.pem"]), 2);
    let note = "note: the announced CA is not in force: until both sides have read the new files, new connections \
                between them fail";
    assert_eq!(said.last().unwrap(), note);
}

#[test]
fn dropping_the_old_ca_trusts_nothing_older() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), &[Output::Pem]);
    report(&options, now()).unwrap();
    let client = material(folder.path(), "envoy");
    report(&CertgenOptions { existing: Existing::Revoke, ..options }, now()).unwrap();
    assert_eq!(cas(&tree(folder.path())["cacert.pem"]), 2);
    assert!(handshake(&material(folder.path(), "isobath"), &client, "isobath").is_err());
}

#[test]
fn a_damaged_bundle_is_not_given_up_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let rotate =
        CertgenOptions { existing: Existing::Rotate, ..options(folder.path(), &[Output::Pem, Output::Yaml]) };
    report(&rotate, now()).unwrap();
    fs::write(folder.path().join("cacert.pem"), "damaged").unwrap();
    let error = report(&rotate, now()).unwrap_err();
    assert!(error.starts_with("cacert.pem: invalid CA certificate bundle: no certificate found"), "{error}");
    assert!(error.ends_with("; use --drop-old-ca to give it up"), "{error}");
    fs::remove_file(folder.path().join("cacert.pem")).unwrap();
    fs::write(folder.path().join("cacert.yaml"), "a: [").unwrap();
    let error = report(&rotate, now()).unwrap_err();
    assert_eq!(error, "cacert.yaml: is not the YAML manifest of a Secret; use --drop-old-ca to give it up");
    report(&CertgenOptions { existing: Existing::Revoke, ..rotate }, now()).unwrap();
}

#[test]
fn names_and_outputs_are_checked_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let good = options(folder.path(), &[Output::Pem]);
    let error = report(&CertgenOptions { outputs: BTreeSet::new(), ..good.clone() }, now()).unwrap_err();
    assert_eq!(error, "nothing to write: choose --pem, --yaml or both");
    for namespace in ["", "-a", "a: b", "A", &"a".repeat(64)] {
        let error =
            report(&CertgenOptions { namespace: namespace.to_owned(), ..good.clone() }, now()).unwrap_err();
        assert!(error.starts_with(&format!("--namespace: {namespace:?} is not valid")), "{error}");
    }
    let suffix = CertgenOptions { secrets_name_suffix: "../x".to_owned(), ..good };
    assert!(report(&suffix, now()).unwrap_err().starts_with("--secrets-name-suffix: \"../x\" is not valid"));
    assert!(tree(folder.path()).is_empty());
}

/// What a cluster has after it was written to.
fn written(options: &CertgenOptions, present: &[Secret], now: i64) -> (Vec<Secret>, Option<&'static str>) {
    match in_cluster(options, present, now).unwrap() {
        Deed::Write(secrets, note) => (secrets, note),
        Deed::Keep(names) => panic!("kept {names:?}"),
    }
}

fn for_cluster(existing: Existing) -> CertgenOptions {
    CertgenOptions { existing, secrets_format: SecretsFormat::Compact, ..CertgenOptions::default() }
}

#[test]
fn in_a_cluster_what_is_there_is_kept_and_rotation_is_announced() {
    let (first, note) = written(&for_cluster(Existing::Keep), &[], now());
    let names: Vec<_> = first.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!((names.as_slice(), note), (&["isobathcert", "envoycert", "nextcerts"][..], None));
    let Deed::Keep(kept) = in_cluster(&for_cluster(Existing::Keep), &first, now()).unwrap() else { panic!() };
    assert_eq!(kept, ["isobathcert", "envoycert"]);
    // What was announced is used next, and no connection fails in between.
    let (second, note) = written(&for_cluster(Existing::Rotate), &first, now());
    assert_eq!(note, None);
    assert_eq!(second[0].data["tls.crt"], first[2].data["isobathcert.pem"]);
    let (_, note) = written(&for_cluster(Existing::Rotate), &first[..2], now());
    assert_eq!(note, Some("the previous set announced none"));
}

#[test]
fn in_a_cluster_half_a_set_is_not_completed() {
    let (secrets, _) = written(&for_cluster(Existing::Keep), &[], now());
    let error = in_cluster(&for_cluster(Existing::Keep), &secrets[..1], now()).unwrap_err().to_string();
    assert!(error.starts_with("secret/isobathcert exists, but secret/envoycert does not"), "{error}");
}

#[test]
fn secrets_may_have_the_names_of_contours() {
    let options = CertgenOptions { names: Names::Contour, ..for_cluster(Existing::Keep) };
    let (secrets, _) = written(&options, &[], now());
    let names: Vec<_> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(names, ["contourcert", "envoycert", "nextcerts"]);
    assert!(secrets[2].data.contains_key("contourkey.pem"));
    assert_eq!(secret_names(&options), ["cacert", "contourcert", "envoycert", "nextcerts"]);
}
