//! Both sides read their files when they like, and restart when they like: with a set on each side, every
//! new connection is a handshake between some state of the one and some state of the other.

use isobath_certs::{CertificateSet, KeyType, Options, Previous, Promotion};
use x509::CaBundle;

use crate::handshake::handshake;
use crate::{days, now, options};

fn previous(set: &CertificateSet) -> Previous {
    Previous { trusted: vec![CaBundle::parse(set.trusted.as_bytes()).unwrap()], next: Some(set.next.clone()) }
}

fn rotate(set: &CertificateSet) -> (CertificateSet, Promotion) {
    CertificateSet::rotate(&previous(set), &options()).unwrap()
}

/// A connection between a controller that has read `server` and an Envoy that has read `client`.
fn connects(server: &CertificateSet, client: &CertificateSet) -> Result<(), String> {
    handshake(&server.server_material().unwrap(), &client.client_material().unwrap(), "isobath")
}

fn certificates(bundle: &str) -> usize {
    bundle.matches("BEGIN CERTIFICATE").count()
}

#[test]
fn an_envoy_that_restarts_between_the_two_reloads_connects_whoever_reads_first() {
    let old = CertificateSet::fresh(&options()).unwrap();
    let (new, promotion) = rotate(&old);
    assert_eq!(promotion, Promotion::Announced);
    assert_ne!(old.current, new.current);

    // The controller reads at 0 s, Envoy restarts at 60 s with its old files and reads at 120 s.
    assert_eq!(connects(&old, &old), Ok(()));
    assert_eq!(connects(&new, &old), Ok(()));
    assert_eq!(connects(&new, &new), Ok(()));
    // Envoy reads at 0 s and restarts at 60 s with its new files; the controller reads at 120 s.
    assert_eq!(connects(&old, &new), Ok(()));
}

#[test]
fn five_rotations_in_a_row_connect_and_trust_all_that_is_unexpired() {
    let mut old = CertificateSet::fresh(&options()).unwrap();
    for round in 1..=5 {
        let (new, promotion) = rotate(&old);
        assert_eq!(promotion, Promotion::Announced);
        assert_eq!(connects(&new, &old), Ok(()));
        assert_eq!(connects(&old, &new), Ok(()));
        assert_eq!(certificates(&new.trusted), 2 + round);
        assert!(new.trusted.starts_with(&new.current.ca));
        old = new;
    }
}

#[test]
fn a_side_that_missed_a_whole_rotation_is_refused_until_it_reads() {
    let old = CertificateSet::fresh(&options()).unwrap();
    let new = rotate(&rotate(&old).0).0;
    assert!(connects(&new, &old).unwrap_err().starts_with("client: invalid peer certificate"));
    assert_eq!(connects(&new, &new), Ok(()));
}

#[test]
fn without_an_announced_set_the_old_ca_stays_trusted_and_the_gap_is_said() {
    let old = CertificateSet::fresh(&options()).unwrap();
    let bare = Previous { next: None, ..previous(&old) };
    let (new, promotion) = CertificateSet::rotate(&bare, &options()).unwrap();
    assert_eq!(promotion, Promotion::New("the previous set announced none"));
    assert!(new.trusted.contains(&old.current.ca));
    assert!(connects(&new, &old).unwrap_err().starts_with("client: invalid peer certificate"));
    assert_eq!(connects(&new, &new), Ok(()));
}

#[test]
fn an_old_client_is_refused_once_its_ca_is_dropped() {
    let old = CertificateSet::fresh(&options()).unwrap();
    let new = CertificateSet::fresh(&options()).unwrap();
    assert!(connects(&new, &old).is_err());
    assert!(connects(&old, &new).is_err());
}

#[test]
fn an_expired_ca_is_no_longer_trusted() {
    let past = CertificateSet::fresh(&Options { now: now() - days(45), ..options() }).unwrap();
    let (new, promotion) = rotate(&past);
    // 30 days of life for the old set, 60 for the announced one, of which 15 are left.
    assert!(!new.trusted.contains(&past.current.ca));
    assert!(new.trusted.contains(&past.next.ca));
    assert_eq!(promotion, Promotion::Announced);
}

#[test]
fn an_announced_set_that_does_not_fit_is_not_used() {
    let old = CertificateSet::fresh(&options()).unwrap();
    let reason =
        |previous: &Previous, options: &Options| CertificateSet::rotate(previous, options).unwrap().1;
    let previous = previous(&old);

    let rsa = Options { key_type: KeyType::Rsa2048, ..options() };
    assert_eq!(
        reason(&previous, &rsa),
        Promotion::New("the announced certificates have keys of another type")
    );
    let elsewhere = Options { namespace: "other".to_owned(), ..options() };
    assert_eq!(reason(&previous, &elsewhere), Promotion::New("the announced certificates have other names"));
    let long = Options { lifetime_days: 365, ..options() };
    assert_eq!(reason(&previous, &long), Promotion::New("the announced certificates expire too soon"));

    let untrusted = Previous { trusted: vec![], ..previous.clone() };
    assert_eq!(reason(&untrusted, &options()), Promotion::New("the announced CA is not in force"));
    let mut swapped = old.next.clone();
    swapped.server.key = old.next.client.key;
    let damaged = Previous { next: Some(swapped), ..previous };
    assert_eq!(reason(&damaged, &options()), Promotion::New("the announced certificates are damaged"));
}
