//! The `tls` of an Ingress: which hosts are served over TLS, and how.

use api::networking::IngressTLS;
use model::{Clients, Host, Problem, SecretKey, Severity, TlsTermination, TlsVersion};

use super::{SPEC, Translation, annotations};
use crate::annotation;
use crate::field_path::FieldPath;
use crate::text::quoted;
use crate::tls::{self, Unusable};

/// A host that is served over TLS.
#[derive(Debug)]
pub(super) struct Secure {
    /// How TLS ends.
    pub(super) tls: TlsTermination,
    /// `spec.tls[…].hosts[…]`.
    place: (usize, usize),
}

impl<'s> Translation<'_, 's> {
    /// Notes how the hosts of all blocks end TLS; without a usable Secret they do not.
    pub(super) fn tls_blocks(&mut self) {
        let blocks = self.fact.spec.tls.iter().flatten().enumerate();
        let mut versions = None;
        for (index, block) in blocks {
            let at = SPEC.item("tls", index);
            let certificate = self.certificate(&at.field("secretName"), block);
            let versions = *versions.get_or_insert_with(|| self.versions());
            if let (Some(certificate), Some(versions)) = (certificate, versions) {
                self.tls_hosts(&at, index, block, &certificate, versions);
            }
        }
    }

    /// The versions of all hosts; `None` where there are none.
    fn versions(&mut self) -> Option<(TlsVersion, TlsVersion)> {
        let (from, to) = (self.annotations.tls_minimum, self.annotations.tls_maximum);
        let (minimum, maximum) = tls::versions(self.settings, from, to);
        if minimum <= maximum {
            return Some((minimum, maximum));
        }
        let name =
            if from.is_some() { "tls-minimum-protocol-version" } else { "tls-maximum-protocol-version" };
        let key = annotations::contour(self.fact, name).map_or("", |(key, _)| key);
        let message = "the minimum TLS version is greater than the maximum, so that there is no TLS";
        let problem = annotation::problem(key, "TLSConfigNotValid", message.into());
        let help =
            Some("let the minimum be the maximum at most, and both within what the operator allows".into());
        self.out.note(self.id, Problem { severity: Severity::Error, kind: "TLSError", help, ..problem });
        None
    }

    fn tls_hosts(
        &mut self,
        at: &FieldPath<'_>,
        block: usize,
        spec: &'s IngressTLS,
        certificate: &SecretKey,
        (minimum, maximum): (TlsVersion, TlsVersion),
    ) {
        let hosts = spec.hosts.as_deref().unwrap_or_default();
        if hosts.is_empty() {
            let message = "names no host, so that its Secret is for none".to_owned();
            let help = "name the hosts of the rules that are to be served over TLS";
            self.warn(at.to_string(), "TLSError", "IgnoredField", message, help);
        }
        for (index, text) in hosts.iter().enumerate() {
            let Some(host) = self.host(&at.item("hosts", index), text) else { continue };
            let (certificate, clients) = (certificate.clone(), Clients::ANYONE);
            let tls = TlsTermination { certificates: vec![certificate], minimum, maximum, clients };
            self.put_secure(host, Secure { tls, place: (block, index) });
        }
    }

    /// Of several blocks with a host the last counts, as in Contour.
    fn put_secure(&mut self, host: Host, secure: Secure) {
        let place = secure.place;
        let Some(before) = self.secure.get(&host).filter(|before| before.tls != secure.tls) else {
            self.secure.insert(host, secure);
            return;
        };
        let path = host_path(before.place);
        let message = format!("is never used: {} names the same host with another Secret", host_path(place));
        self.secure.insert(host, secure);
        self.warn(path, "TLSError", "TLSConflict", message, "name each host once");
    }

    /// A host is served where a rule has it, letter for letter: a wildcard is for rules with the same wildcard.
    pub(super) fn tell_hosts_without_rules(&mut self) {
        let alone = self.secure.iter().filter(|(host, _)| !self.hosts.contains_key(*host));
        let alone: Vec<_> = alone.map(|(host, secure)| (host.clone(), secure.place)).collect();
        for (host, place) in alone {
            let message = format!("no rule has the host \"{host}\", so that it is not served over TLS");
            let help = "add a rule with this host, or remove it here";
            self.warn(host_path(place), "TLSError", "IgnoredField", message, help);
        }
    }

    fn certificate(&mut self, at: &FieldPath<'_>, block: &'s IngressTLS) -> Option<SecretKey> {
        let Some(reference) = block.secret_name.as_deref().filter(|name| !name.is_empty()) else {
            let message = "no Secret is named, so these hosts are not served over TLS".to_owned();
            self.problem(at, "TLSError", "SecretNotValid", message);
            return None;
        };
        let own = &*self.id.namespace;
        let default = annotations::contour(self.fact, "tls-cert-namespace").map_or(own, |(_, name)| name);
        match tls::pair(self.reader, own, tls::split(reference, default)) {
            Ok(certificate) => Some(certificate),
            Err(unusable) => {
                let (reason, why) = match unusable {
                    Unusable::NotDelegated => {
                        ("DelegationNotPermitted", "certificate delegation not permitted".to_owned())
                    }
                    Unusable::Invalid(why) => ("SecretNotValid", format!("is invalid: {why}")),
                };
                self.problem(at, "TLSError", reason, format!("TLS Secret {} {why}", quoted(reference)));
                None
            }
        }
    }
}

fn host_path((block, host): (usize, usize)) -> String {
    format!("spec.tls[{block}].hosts[{host}]")
}
