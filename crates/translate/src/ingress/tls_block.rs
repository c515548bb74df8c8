//! The `tls` of an Ingress: which hosts are served over TLS, and how.

use api::networking::IngressTLS;
use model::{Clients, SecretKey, TlsTermination};

use super::Translation;
use crate::field_path::FieldPath;
use crate::text::quoted;
use crate::tls::{self, Unusable};

impl<'s> Translation<'_, 's> {
    /// Notes how the hosts of a block end TLS; without a usable Secret they do not. The first block counts.
    pub(super) fn tls_block(&mut self, at: &FieldPath<'_>, block: &'s IngressTLS) {
        let Some(certificate) = self.certificate(&at.field("secretName"), block) else { return };
        let (minimum, maximum) =
            tls::versions(self.settings, self.annotations.tls_minimum, self.annotations.tls_maximum);
        if minimum > maximum {
            let message = "the minimum TLS version is greater than the maximum".to_owned();
            let at = FieldPath::root("metadata.annotations");
            return self.problem(&at, "TLSError", "TLSConfigNotValid", message);
        }
        for (index, text) in block.hosts.iter().flatten().enumerate() {
            let Some(host) = self.host(&at.item("hosts", index), text) else { continue };
            let (certificate, clients) = (certificate.clone(), Clients::ANYONE);
            self.secure.entry(host).or_insert(TlsTermination { certificate, minimum, maximum, clients });
        }
    }

    fn certificate(&mut self, at: &FieldPath<'_>, block: &'s IngressTLS) -> Option<SecretKey> {
        let Some(reference) = block.secret_name.as_deref().filter(|name| !name.is_empty()) else {
            let message = "no Secret is named, so these hosts are not served over TLS".to_owned();
            self.problem(at, "TLSError", "SecretNotValid", message);
            return None;
        };
        let own = &*self.id.namespace;
        let default = self.fact.annotation("projectcontour.io/tls-cert-namespace").unwrap_or(own);
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
