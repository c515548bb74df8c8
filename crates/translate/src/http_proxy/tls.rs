//! How TLS meets a root (reference 3.3).

use api::http_proxy::{Tls, VirtualHost};
use model::{ObjectId, TlsTermination};
use store::HttpProxyFact;

use super::Fault;
use super::root::Context;
use crate::tls::{self, Unusable};

/// How TLS meets a root.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Front {
    /// There is no TLS.
    Plain,
    /// It ends at Envoy.
    Terminated(TlsTermination),
    /// It is passed through.
    Passthrough,
    /// It would end at Envoy, under conditions that cannot be kept yet: nothing is served over it.
    Closed,
}

/// How TLS meets a root; a fault stops the root.
pub(super) fn front(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    fact: &HttpProxyFact,
    spec: &VirtualHost,
) -> Result<Front, Fault> {
    let Some(tls) = spec.tls.as_deref() else {
        return match &fact.spec.tcpproxy {
            Some(_) => Err(Fault::new(
                "TCPProxyError",
                "TLSMustBeConfigured",
                "spec.tcpproxy".into(),
                "Spec.TCPProxy requires that either Spec.TLS.Passthrough or Spec.TLS.SecretName be set",
            )),
            None => Ok(Front::Plain),
        };
    };
    incompatible(spec, tls)?;
    let Some(reference) = tls.secret_name.as_deref().filter(|name| !name.is_empty()) else {
        return Ok(Front::Passthrough);
    };
    let termination = termination(context, id, tls, reference)?;
    if tls.enable_fallback_certificate {
        return Err(Fault::new(
            "TLSError",
            "FallbackNotPresent",
            "spec.virtualhost.tls.enableFallbackCertificate".into(),
            "Spec.VirtualHost.TLS enabled fallback but the fallback Certificate Secret is not configured",
        ));
    }
    Ok(if tls.client_validation.is_some() { Front::Closed } else { Front::Terminated(termination) })
}

/// Fields that exclude one another.
fn incompatible(spec: &VirtualHost, tls: &Tls) -> Result<(), Fault> {
    let has_secret = tls.secret_name.as_deref().is_some_and(|name| !name.is_empty());
    let validates = tls.client_validation.is_some();
    let fallback = tls.enable_fallback_certificate;
    let cases = [
        (
            has_secret && tls.passthrough,
            "TLSConfigNotValid",
            "both Passthrough and SecretName were specified",
        ),
        (
            !has_secret && !tls.passthrough,
            "TLSConfigNotValid",
            "neither Passthrough nor SecretName were specified",
        ),
        (
            tls.passthrough && fallback,
            "TLSIncompatibleFeatures",
            "both Passthrough and enableFallbackCertificate were specified",
        ),
        (
            tls.passthrough && validates,
            "TLSIncompatibleFeatures",
            "passthrough cannot be combined with tls.clientValidation",
        ),
        (fallback && validates, "TLSIncompatibleFeatures", "fallback & client validation are incompatible"),
        (
            fallback && spec.authorization.is_some(),
            "TLSIncompatibleFeatures",
            "fallback & client authorization are incompatible",
        ),
        (
            fallback && !spec.jwt_providers.is_empty(),
            "TLSIncompatibleFeatures",
            "fallback & JWT verification are incompatible",
        ),
    ];
    match cases.into_iter().find(|(holds, ..)| *holds) {
        None => Ok(()),
        Some((_, reason, what)) => {
            let message = format!("Spec.VirtualHost.TLS: {what}");
            Err(Fault::new("TLSError", reason, "spec.virtualhost.tls".into(), message))
        }
    }
}

fn termination(
    context: &Context<'_, '_>,
    id: &ObjectId,
    tls: &Tls,
    reference: &str,
) -> Result<TlsTermination, Fault> {
    let secret = tls::split(reference, &id.namespace);
    let certificate = tls::pair(context.reader, &id.namespace, secret).map_err(|unusable| {
        let path = "spec.virtualhost.tls.secretName".to_owned();
        let name = format!("Spec.VirtualHost.TLS Secret \"{reference}\"");
        match unusable {
            Unusable::NotDelegated => {
                let message = format!("{name} certificate delegation not permitted");
                Fault::new("TLSError", "DelegationNotPermitted", path, message).with_help(format!(
                    "create a TLSCertificateDelegation in namespace \"{}\" that names \"{}\" as a target",
                    secret.0, id.namespace
                ))
            }
            Unusable::Invalid(why) => {
                Fault::new("TLSError", "SecretNotValid", path, format!("{name} is invalid: {why}"))
            }
        }
    })?;
    let words = [&tls.minimum_protocol_version, &tls.maximum_protocol_version]
        .map(|word| word.as_deref().filter(|word| !word.is_empty()));
    let fields = ["minimumProtocolVersion", "maximumProtocolVersion"];
    for (word, field) in words.iter().zip(fields) {
        if let Some(word) = word.filter(|word| tls::version(word).is_none()) {
            let path = format!("spec.virtualhost.tls.{field}");
            let message = format!("Spec.VirtualHost.TLS: {field} \"{word}\" is not one of 1.2 and 1.3");
            return Err(Fault::new("TLSError", "TLSConfigNotValid", path, message));
        }
    }
    let (minimum, maximum) = tls::versions(context.settings, words[0], words[1]);
    if minimum > maximum {
        let message = "Spec.VirtualHost.TLS: the minimum protocol version is greater than the maximum \
                       protocol version";
        return Err(Fault::new("TLSError", "TLSConfigNotValid", "spec.virtualhost.tls".into(), message));
    }
    Ok(TlsTermination { certificate, minimum, maximum })
}
