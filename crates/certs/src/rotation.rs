//! Rotation with overlap.
//!
//! Controller and Envoy read their files at different times (the kubelet updates volumes up to two minutes
//! apart), and either may restart in between. A leaf that is used before the other side trusts its CA means
//! refused connections, so the CA of a set is announced one rotation before its leaves are used: every set
//! carries its successor, made at the same time, and every bundle trusts it already.

use crate::generate::{
    CLIENT, Generated, Identity, InvalidOptions, Options, SERVER, generate, material, service_names,
};
use crate::tls::{InvalidMaterial, Material};
use x509::{CaBundle, TlsPair};

/// What both sides are given, and what the next rotation will give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSet {
    /// In use now.
    pub current: Generated,
    /// Trusted already, used by nobody until the next rotation. It lives twice as long.
    pub next: Generated,
    /// The CA bundle for both sides: current, next, and every unexpired one of earlier sets.
    pub trusted: String,
}

/// What is left of an earlier set.
#[derive(Debug, Clone, Default)]
pub struct Previous {
    /// The CA bundles that were in force.
    pub trusted: Vec<CaBundle>,
    /// The set that they announced.
    pub next: Option<Generated>,
}

impl Previous {
    /// Whether the announced CA is among those that were in force, expired or not.
    pub(crate) fn trusts_next(&self) -> bool {
        let bundle = self.next.as_ref().map(|next| CaBundle::parse(next.ca.as_bytes()));
        let Some(Ok(announced)) = bundle else { return false };
        let announced = unexpired(&announced, i64::MIN);
        let in_force = self.trusted.iter().flat_map(|bundle| unexpired(bundle, i64::MIN));
        in_force.into_iter().any(|trusted| announced.contains(&trusted))
    }
}

/// How the current leaves came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promotion {
    /// They were announced by the previous set: no connection fails, whoever reads first.
    Announced,
    /// They are new, for this reason: until both sides have read them, new connections fail.
    New(&'static str),
}

impl CertificateSet {
    /// A set that trusts nothing older.
    ///
    /// # Errors
    /// As [`generate`].
    pub fn fresh(options: &Options) -> Result<Self, InvalidOptions> {
        Self::assemble(generate(options)?, &Previous::default(), options)
    }

    /// The set that follows `previous` without an outage, if what it announced still fits the options.
    ///
    /// # Errors
    /// As [`generate`].
    pub fn rotate(previous: &Previous, options: &Options) -> Result<(Self, Promotion), InvalidOptions> {
        match announced(previous, options) {
            Ok(current) => Ok((Self::assemble(current.clone(), previous, options)?, Promotion::Announced)),
            Err(why) => Ok((Self::assemble(generate(options)?, previous, options)?, Promotion::New(why))),
        }
    }

    fn assemble(current: Generated, previous: &Previous, options: &Options) -> Result<Self, InvalidOptions> {
        let next =
            generate(&Options { lifetime_days: options.lifetime_days.saturating_mul(2), ..options.clone() })?;
        let mut trusted = vec![current.ca.clone(), next.ca.clone()];
        for ca in previous.trusted.iter().flat_map(|bundle| unexpired(bundle, options.now)) {
            if !trusted.contains(&ca) {
                trusted.push(ca);
            }
        }
        Ok(Self { current, next, trusted: trusted.concat() })
    }

    /// The server's side, ready for TLS.
    ///
    /// # Errors
    /// Never for a set made here.
    pub fn server_material(&self) -> Result<Material, InvalidMaterial> {
        material(&self.trusted, &self.current.server)
    }

    /// The client's side, ready for TLS.
    ///
    /// # Errors
    /// Never for a set made here.
    pub fn client_material(&self) -> Result<Material, InvalidMaterial> {
        material(&self.trusted, &self.current.client)
    }
}

/// The certificates of a bundle that are still valid, each as PEM.
pub(crate) fn unexpired(bundle: &CaBundle, now: i64) -> Vec<String> {
    let pem = String::from_utf8_lossy(bundle.pem());
    let each = pem.split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned);
    each.zip(bundle.not_after()).filter(|(_, not_after)| *not_after >= now).map(|(pem, _)| pem).collect()
}

/// The announced set if it may be used now, or why not.
fn announced<'a>(previous: &'a Previous, options: &Options) -> Result<&'a Generated, &'static str> {
    let next = previous.next.as_ref().ok_or("the previous set announced none")?;
    let ca = CaBundle::parse(next.ca.as_bytes()).map_err(|_| "the announced CA is damaged")?;
    let ca = unexpired(&ca, options.now);
    let in_force = previous.trusted.iter().flat_map(|bundle| unexpired(bundle, options.now));
    if !in_force.into_iter().any(|trusted| ca.contains(&trusted)) {
        return Err("the announced CA is not in force");
    }
    fits(&next.server, SERVER, options)?;
    fits(&next.client, CLIENT, options)?;
    Ok(next)
}

/// Whether an announced leaf has the names and the key that are asked for, and half of the lifetime left.
fn fits(identity: &Identity, service: &str, options: &Options) -> Result<(), &'static str> {
    let pair = TlsPair::parse(identity.certificate.as_bytes(), identity.key.expose().as_bytes())
        .map_err(|_| "the announced certificates are damaged")?;
    let wanted_seconds = i64::from(options.lifetime_days) * 86_400;
    if pair.not_after() - options.now < wanted_seconds / 2 {
        return Err("the announced certificates expire too soon");
    }
    if pair.key_kind() != options.key_type.kind() {
        return Err("the announced certificates have keys of another type");
    }
    let names = pair.dns_names();
    if service_names(service, &options.namespace).iter().any(|name| !names.contains(name)) {
        return Err("the announced certificates have other names");
    }
    Ok(())
}
