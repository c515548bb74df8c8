//! When a controller renews the set that is in the Secrets of a cluster.

use x509::TlsPair;

use super::cluster::{Present, successors};
use super::{CertgenError, CertgenOptions, Existing, check};
use crate::generate::KeyType;
use crate::secrets::{CLIENT_CERT, Secret, SecretsFormat};

/// A set is renewed when less than this part of a lifetime is left: a third.
const PART_LEFT: i64 = 3;

/// What a controller that renews certificates has to do.
#[derive(Debug)]
pub enum Renewal {
    /// Nothing, ever: what is there was not made by certgen, for this reason.
    NotOurs(&'static str),
    /// Nothing before this time, in unix seconds.
    From(i64),
    /// These Secrets are to be written in this order, and this is to be said of it.
    Now(Vec<Secret>, Option<&'static str>),
}

/// What to do with the set in these Secrets at `now`. Its form and the kind of its keys stay what they are, whatever
/// the options say.
///
/// # Errors
/// When an option is out of range, or what is there cannot be used.
pub fn renewal(options: &CertgenOptions, present: &[Secret], now: i64) -> Result<Renewal, CertgenError> {
    check(options)?;
    let found = Present { options, secrets: present };
    let server_name = options.names.server_secret();
    let (Some(server), Some(client)) = (found.find(&server_name), found.find(CLIENT_CERT)) else {
        return Ok(Renewal::NotOurs("the Secrets are not there"));
    };
    let previous = found.previous()?;
    if previous.next.is_none() {
        return Ok(Renewal::NotOurs("no set was announced: certgen did not make this one"));
    }
    if !previous.trusts_next() {
        return Ok(Renewal::NotOurs("the announced CA is not trusted: certgen did not make this one"));
    }
    let (server_pair, client_pair) = (pair(server), pair(client));
    // What cannot be read has ended.
    let end = |pair: &Option<TlsPair>| pair.as_ref().map_or(i64::MIN, TlsPair::not_after);
    let from = end(&server_pair)
        .min(end(&client_pair))
        .saturating_sub(i64::from(options.certificate_lifetime) * 86_400 / PART_LEFT);
    if now < from {
        return Ok(Renewal::From(from));
    }
    let key_kind = server_pair.as_ref().map_or(options.key_type.kind(), TlsPair::key_kind);
    let options = CertgenOptions {
        existing: Existing::Rotate,
        secrets_format: match server.data.contains_key("ca.crt") {
            true => SecretsFormat::Compact,
            false => SecretsFormat::Legacy,
        },
        key_type: KeyType::of_kind(key_kind).unwrap_or(options.key_type),
        ..options.clone()
    };
    let (secrets, note) = successors(&options, &previous, now)?;
    Ok(Renewal::Now(secrets, note))
}

fn pair(secret: &Secret) -> Option<TlsPair> {
    TlsPair::parse(secret.data.get("tls.crt")?, secret.data.get("tls.key")?).ok()
}
