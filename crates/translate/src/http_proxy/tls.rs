//! How TLS meets a root (reference 3.3).

mod clients;
mod fallback;

use api::HttpProxySpec;
use api::http_proxy::{Tls, VirtualHost};
use model::{Clients, ObjectId, SecretKey, TlsTermination, TlsVersion};

use super::root::Context;
use super::{Fault, SPEC};
use crate::field_path::FieldPath;
use crate::text::quoted;
use crate::tls::{self, Unusable};

/// Where TLS stands.
static TLS: FieldPath<'_> = FieldPath::root("spec.virtualhost.tls");

/// What a host carries: some of what TLS can do is for requests only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carries {
    Requests,
    Connections,
}

/// How TLS meets a root.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Front {
    /// There is no TLS.
    Plain,
    /// It ends at Envoy.
    Terminated(TlsTermination),
    /// It is passed through.
    Passthrough,
}

/// How TLS meets a root; a fault stops the root.
pub(super) fn front(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    spec: &HttpProxySpec,
    host: &VirtualHost,
) -> Result<Front, Fault> {
    let Some(tls) = host.tls.as_deref() else {
        return match &spec.tcpproxy {
            Some(_) => Err(Fault::new(
                "TCPProxyError",
                "TLSMustBeConfigured",
                &SPEC.field("tcpproxy"),
                "Spec.TCPProxy requires that either Spec.TLS.Passthrough or Spec.TLS.SecretName be set",
            )),
            None => Ok(Front::Plain),
        };
    };
    incompatible(host, tls)?;
    let Some(reference) = tls.secret_name.as_deref().filter(|name| !name.is_empty()) else {
        return Ok(Front::Passthrough);
    };
    let carries = if spec.tcpproxy.is_some() { Carries::Connections } else { Carries::Requests };
    termination(context, id, tls, reference, carries).map(Front::Terminated)
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
            Err(Fault::new("TLSError", reason, &TLS, message))
        }
    }
}

fn termination(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    tls: &Tls,
    reference: &str,
    carries: Carries,
) -> Result<TlsTermination, Fault> {
    let certificate = certificate(context, id, reference)?;
    let minimum = version(context, id, "minimumProtocolVersion", tls.minimum_protocol_version.as_deref());
    let maximum = version(context, id, "maximumProtocolVersion", tls.maximum_protocol_version.as_deref());
    let (minimum, maximum) = tls::versions(context.settings, minimum, maximum);
    if minimum > maximum {
        let message = "Spec.VirtualHost.TLS: the minimum protocol version is greater than the maximum \
                       protocol version";
        return Err(Fault::new("TLSError", "TLSConfigNotValid", &TLS, message));
    }
    let clients = clients(context, id, tls, carries)?;
    Ok(TlsTermination { certificates: vec![certificate], minimum, maximum, clients })
}

fn clients(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    tls: &Tls,
    carries: Carries,
) -> Result<Clients, Fault> {
    if let Some(validation) = tls.client_validation.as_deref() {
        let certificates = clients::certificates(context, id, validation, carries)?;
        return Ok(Clients::Certified(Box::new(certificates)));
    }
    let fallback = match tls.enable_fallback_certificate {
        true => fallback::certificate(context, id, carries)?,
        false => None,
    };
    Ok(Clients::Anyone { fallback })
}

/// A version of TLS. A word that is none counts as not said, as in Contour, whose older releases knew
/// `1.1`; but we say so.
fn version(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    field: &str,
    word: Option<&str>,
) -> Option<TlsVersion> {
    let word = word.filter(|word| !word.is_empty())?;
    let version = tls::version(word);
    if version.is_none() {
        let message =
            format!("Spec.VirtualHost.TLS: {field} {} is ignored, it is not 1.2 or 1.3", quoted(word));
        let fault = Fault::new("TLSError", "TLSConfigNotValid", &TLS.field(field), message);
        context.note(id, fault.warning());
    }
    version
}

fn certificate(context: &Context<'_, '_>, id: &ObjectId, reference: &str) -> Result<SecretKey, Fault> {
    let secret = tls::split(reference, &id.namespace);
    tls::pair(context.reader, &id.namespace, secret).map_err(|unusable| {
        let name = format!("Spec.VirtualHost.TLS Secret {}", quoted(reference));
        let fault = |reason, message| Fault::new("TLSError", reason, &TLS.field("secretName"), message);
        match unusable {
            Unusable::NotDelegated => {
                let message = format!("{name} certificate delegation not permitted");
                fault("DelegationNotPermitted", message).with_help(delegation(secret.0, id))
            }
            Unusable::Invalid(why) => fault("SecretNotValid", format!("{name} is invalid: {why}")),
        }
    })
}

/// The way to the use of another namespace's Secret.
pub(crate) fn delegation(namespace: &str, user: &ObjectId) -> String {
    format!(
        "create a TLSCertificateDelegation in namespace {} that names {} as a target",
        quoted(namespace),
        quoted(&user.namespace)
    )
}

/// That a field has no effect beside another, or without one.
pub(crate) fn ignored(at: &FieldPath<'_>, why: &str) -> Fault {
    Fault::new("SpecError", "IgnoredField", at, format!("{at} {why} and is ignored"))
}
