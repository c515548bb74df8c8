//! What a controller does with the set that it finds in its cluster.

use isobath_certs::certgen::{CertgenOptions, Deed, Existing, Renewal, in_cluster, renewal};
use isobath_certs::{KeyType, Secret, SecretsFormat};
use x509::TlsPair;

use crate::{days, now};

/// The Secrets that certgen made so many days ago.
fn made(options: &CertgenOptions, days_ago: i64) -> Vec<Secret> {
    match in_cluster(options, &[], now() - days(days_ago)).unwrap() {
        Deed::Write(secrets, None) => secrets,
        other => panic!("{other:?}"),
    }
}

fn compact() -> CertgenOptions {
    CertgenOptions { secrets_format: SecretsFormat::Compact, ..CertgenOptions::default() }
}

/// What is written, and what is said of it.
fn renewed(present: &[Secret]) -> (Vec<Secret>, Option<&'static str>) {
    match renewal(&CertgenOptions::default(), present, now()).unwrap() {
        Renewal::Now(secrets, note) => (secrets, note),
        other => panic!("{other:?}"),
    }
}

fn end(secret: &Secret) -> i64 {
    TlsPair::parse(&secret.data["tls.crt"], &secret.data["tls.key"]).unwrap().not_after()
}

#[test]
fn a_set_is_renewed_when_a_third_of_its_lifetime_is_left() {
    let secrets = made(&compact(), 0);
    let from = end(&secrets[0]) - days(365) / 3;
    let at = |now| renewal(&CertgenOptions::default(), &secrets, now).unwrap();
    assert!(matches!(at(from - 1), Renewal::From(time) if time == from));
    assert!(matches!(at(from), Renewal::Now(_, None)));
}

#[test]
fn what_was_announced_is_used_and_is_not_renewed_again() {
    let old = made(&compact(), 355);
    let (new, note) = renewed(&old);
    assert_eq!(note, None, "no connection fails meanwhile");
    assert_eq!(new[0].data["tls.crt"], old[2].data["isobathcert.pem"]);
    assert_eq!(new[1].data["tls.crt"], old[2].data["envoycert.pem"]);
    let again = renewal(&CertgenOptions::default(), &new, now()).unwrap();
    assert!(matches!(again, Renewal::From(time) if time > now() + days(200)), "{again:?}");
}

/// Somebody who was stopped between two writes goes on from what is there.
#[test]
fn a_renewal_that_ended_halfway_is_finished_with_what_was_announced() {
    let old = made(&compact(), 355);
    let (new, _) = renewed(&old);
    let halfway = [new[0].clone(), old[1].clone(), old[2].clone()];
    let (finished, note) = renewed(&halfway);
    assert_eq!(note, None);
    assert_eq!(finished[0].data["tls.crt"], new[0].data["tls.crt"]);
    assert_eq!(finished[1].data["tls.crt"], new[1].data["tls.crt"]);
}

#[test]
fn form_and_keys_stay_what_they_are() {
    for format in [SecretsFormat::Legacy, SecretsFormat::Compact] {
        let options = CertgenOptions {
            secrets_format: format,
            key_type: KeyType::Rsa2048,
            ..CertgenOptions::default()
        };
        let old = made(&options, 355);
        let (new, note) = renewed(&old);
        let names = |secrets: &[Secret]| secrets.iter().map(|each| each.name.clone()).collect::<Vec<_>>();
        assert_eq!((names(&new), note), (names(&old), None));
        let server = new.iter().find(|secret| secret.name == "isobathcert").unwrap();
        let pair = TlsPair::parse(&server.data["tls.crt"], &server.data["tls.key"]).unwrap();
        assert_eq!(pair.key_kind(), "RSA");
    }
}

#[test]
fn what_certgen_did_not_make_is_left_alone() {
    let secrets = made(&compact(), 355);
    let why = |present: &[Secret]| match renewal(&CertgenOptions::default(), present, now()).unwrap() {
        Renewal::NotOurs(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(&[]), "the Secrets are not there");
    assert_eq!(why(&secrets[..2]), "no set was announced: certgen did not make this one");
    // The Secrets were replaced by somebody's own, and what certgen had announced was forgotten there.
    let own = made(&compact(), 355);
    let replaced = [own[0].clone(), own[1].clone(), secrets[2].clone()];
    assert_eq!(why(&replaced), "the announced CA is not trusted: certgen did not make this one");
}

#[test]
fn options_are_checked() {
    let options =
        CertgenOptions { namespace: "A".to_owned(), existing: Existing::Rotate, ..CertgenOptions::default() };
    let error = renewal(&options, &[], now()).unwrap_err().to_string();
    assert!(error.starts_with("--namespace: \"A\" is not valid"), "{error}");
}
