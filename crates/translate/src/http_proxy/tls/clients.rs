//! `tls.clientValidation`: the certificates that clients are asked for (reference 3.5).

use api::http_proxy::virtual_host::{ClientCertificateDetails, DownstreamValidation};
use model::{ClientCertificates, ClientDetail, Demand, ObjectId, Revocation, SecretKey, SecretName, Trust};
use store::SecretFact;

use super::{Carries, TLS, delegation, ignored};
use crate::field_path::FieldPath;
use crate::http_proxy::Fault;
use crate::http_proxy::root::Context;
use crate::text::quoted;
use crate::tls::{self, Unusable};

/// What clients are asked for; a fault stops the root.
pub(super) fn certificates(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    spec: &DownstreamValidation,
    carries: Carries,
) -> Result<ClientCertificates, Fault> {
    let at = TLS.field("clientValidation");
    let trust = trust(context, id, &at, spec)?;
    let forward = spec.forward_client_certificate.as_deref();
    if forward.is_some() && carries == Carries::Connections {
        let fault = ignored(&at.field("forwardClientCertificate"), "has no effect on connections");
        context.note(id, fault.warning());
    }
    Ok(ClientCertificates {
        demand: if spec.optional_client_certificate { Demand::Optional } else { Demand::Required },
        trust,
        forward: forward.filter(|_| carries == Carries::Requests).map(|chosen| details(chosen).collect()),
    })
}

fn trust(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    spec: &DownstreamValidation,
) -> Result<Trust, Fault> {
    let ca = named(context, id, at, &CA, spec.ca_secret.as_deref())?;
    let crl = named(context, id, at, &CRL, spec.crl_secret.as_deref())?;
    if spec.crl_only_verify_leaf_cert && crl.is_none() {
        let fault = ignored(&at.field("crlOnlyVerifyLeafCert"), "has no effect without crlSecret");
        context.note(id, fault.warning());
    }
    if spec.skip_client_cert_validation {
        if crl.is_some() {
            let fault = ignored(&at.field("crlSecret"), "has no effect with skipClientCertValidation");
            context.note(id, fault.warning());
        }
        return Ok(Trust::Any { suggested: ca.map(|ca| ca.bundle(None)) });
    }
    let Some(ca) = ca else {
        let message = "Spec.VirtualHost.TLS client validation is invalid: CA Secret must be specified";
        let fault = Fault::new("TLSError", "ClientValidationInvalid", &at.field("caSecret"), message);
        return Err(fault.with_help("name a Secret with the CAs of clients, or set skipClientCertValidation"));
    };
    let leaf_only = spec.crl_only_verify_leaf_cert && crl.is_some();
    // A list of an intermediate CA, which clients show, is of use for their own certificates alone.
    if let Some(crl) = crl.as_ref().filter(|crl| !leaf_only && !crl.revokes_for(&ca)) {
        tell_unrelated(context, id, at, &ca, crl);
    }
    Ok(Trust::Issued {
        by: ca.bundle(crl.map(|crl| crl.name)),
        revocation: if leaf_only { Revocation::Leaf } else { Revocation::Chain },
    })
}

/// A field that names a Secret.
struct Field {
    name: &'static str,
    /// What the Secret is called in messages.
    word: &'static str,
    help: &'static str,
    check: fn(&SecretFact) -> Result<(), String>,
}

const CA: Field = Field {
    name: "caSecret",
    word: "CA",
    help: "name a Secret whose ca.crt is PEM certificates and nothing else",
    check: |secret| secret.bundle().map(drop).map_err(ToString::to_string),
};

const CRL: Field = Field {
    name: "crlSecret",
    word: "CRL",
    help: "name a Secret whose crl.pem is PEM revocation lists and nothing else",
    check: |secret| secret.lists().map(drop).map_err(ToString::to_string),
};

/// A Secret that may be used and is fit.
struct Named<'s> {
    name: SecretName,
    fact: &'s SecretFact,
}

impl Named<'_> {
    /// Its bundle of CAs, with the lists of another.
    fn bundle(&self, crl: Option<SecretName>) -> SecretKey {
        SecretKey::ca(self.name.namespace.clone(), self.name.name.clone(), crl)
    }

    /// Whether one of its lists was issued by a CA of a bundle.
    fn revokes_for(&self, ca: &Named<'_>) -> bool {
        let bundle = ca.fact.bundle();
        bundle.is_ok_and(|bundle| self.fact.lists().is_ok_and(|lists| lists.is_for(bundle)))
    }
}

/// The Secret that a field names; `None` when it names none.
fn named<'s>(
    context: &Context<'_, 's>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    field: &Field,
    reference: Option<&str>,
) -> Result<Option<Named<'s>>, Fault> {
    let Some(reference) = reference.filter(|reference| !reference.is_empty()) else { return Ok(None) };
    let Field { name, word, help, check } = field;
    let shown = quoted(reference);
    let fault = |reason, message| Fault::new("TLSError", reason, &at.field(name), message);
    let secret = tls::split(reference, &id.namespace);
    let found = tls::secret(context.reader, &id.namespace, secret)
        .and_then(|fact| check(fact).map(|()| fact).map_err(Unusable::Invalid));
    let fact = found.map_err(|unusable| match unusable {
        Unusable::NotDelegated => {
            let message =
                format!("Spec.VirtualHost.TLS {word} Secret {shown} certificate delegation not permitted");
            fault("DelegationNotPermitted", message).with_help(delegation(secret.0, id))
        }
        Unusable::Invalid(why) => {
            let message = format!(
                "Spec.VirtualHost.TLS client validation is invalid: invalid {word} Secret {shown}: {why}"
            );
            fault("ClientValidationInvalid", message).with_help(*help)
        }
    })?;
    Ok(Some(Named { name: SecretName::new(secret.0, secret.1), fact }))
}

/// Envoy then refuses every client, but one that shows the intermediate CA that did issue a list.
fn tell_unrelated(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    ca: &Named<'_>,
    crl: &Named<'_>,
) {
    let message = format!(
        "Spec.VirtualHost.TLS client validation: no list of CRL Secret {} was issued by a CA of Secret {}, so \
         that clients are refused",
        quoted(&crl.name.to_string()),
        quoted(&ca.name.to_string())
    );
    let fault = Fault::new("TLSError", "ClientValidationInvalid", &at.field("crlSecret"), message);
    let help = "name the lists of the CAs that issue the certificates of clients";
    context.note(id, fault.with_help(help).warning());
}

fn details(chosen: &ClientCertificateDetails) -> impl Iterator<Item = ClientDetail> {
    let ClientCertificateDetails { subject, cert, chain, dns, uri } = *chosen;
    let all = [
        (subject, ClientDetail::Subject),
        (cert, ClientDetail::Certificate),
        (chain, ClientDetail::Chain),
        (dns, ClientDetail::Dns),
        (uri, ClientDetail::Uri),
    ];
    all.into_iter().filter(|(is_chosen, _)| *is_chosen).map(|(_, detail)| detail)
}
