//! How TLS meets a root (reference 4.1, 4.2).

use api::IngressRouteSpec;
use api::ingress_route::{Tls, VirtualHost};
use model::{Clients, ObjectId, SecretKey, TlsTermination, TlsVersion};

use super::SPEC;
use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::http_proxy::root::Context;
use crate::http_proxy::tls::{Front, delegation, ignored};
use crate::text::quoted;
use crate::tls::{self, Unusable};

/// Where TLS stands.
static TLS: FieldPath<'_> = FieldPath::root("spec.virtualhost.tls");

/// How TLS meets a root; a fault stops the root.
pub(super) fn front(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    spec: &IngressRouteSpec,
    host: &VirtualHost,
) -> Result<Front, Fault> {
    let secret = |tls: &Tls| tls.secret_name.clone().filter(|name| !name.trim().is_empty());
    match &host.tls {
        Some(tls) => match secret(tls) {
            Some(reference) => termination(context, id, tls, &reference).map(Front::Terminated),
            None if tls.passthrough => Ok(Front::Passthrough),
            None => Err(malformed("", "name a Secret, or set passthrough")),
        },
        None if spec.tcpproxy.is_some() => Err(Fault::new(
            "TCPProxyError",
            "TLSMustBeConfigured",
            &SPEC.field("tcpproxy"),
            "Spec.TCPProxy requires that either Spec.TLS.Passthrough or Spec.TLS.SecretName be set",
        )),
        None => Ok(Front::Plain),
    }
}

fn termination(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    tls: &Tls,
    reference: &str,
) -> Result<TlsTermination, Fault> {
    if tls.passthrough {
        let at = TLS.field("passthrough");
        let fault = ignored(&at, "has no effect beside secretName");
        context.note(id, fault.with_help("keep one of the two").warning());
    }
    let certificate = certificate(context, id, reference)?;
    let word = tls.minimum_protocol_version.as_deref();
    let (minimum, maximum) = tls::versions(context.settings, version(context, id, word), None);
    if minimum > maximum {
        let at = TLS.field("minimumProtocolVersion");
        let message = "the minimum TLS version is greater than the maximum that the operator allows";
        return Err(Fault::new("TLSError", "TLSConfigNotValid", &at, message));
    }
    Ok(TlsTermination { certificates: vec![certificate], minimum, maximum, clients: Clients::ANYONE })
}

/// The oldest version. `1.1` was Contour's default; nobody is served with it any more.
fn version(context: &mut Context<'_, '_>, id: &ObjectId, word: Option<&str>) -> Option<TlsVersion> {
    let word = word.filter(|word| !word.is_empty())?;
    let version = tls::version(word);
    if version.is_none() {
        let at = TLS.field("minimumProtocolVersion");
        let message = format!("{at} {} counts as 1.2, the oldest version that is served", quoted(word));
        let fault = Fault::new("TLSError", "TLSConfigNotValid", &at, message);
        context.note(id, fault.with_help("write 1.2 or 1.3").warning());
    }
    version
}

fn certificate(context: &Context<'_, '_>, id: &ObjectId, reference: &str) -> Result<SecretKey, Fault> {
    let secret = tls::split(reference, &id.namespace);
    tls::pair(context.reader, &id.namespace, secret).map_err(|unusable| match unusable {
        Unusable::NotDelegated => malformed(reference, &delegation(secret.0, id)),
        Unusable::Invalid(why) => malformed(
            reference,
            &format!("{why}; name a Secret whose tls.crt and tls.key are PEM and belong together"),
        ),
    })
}

fn malformed(reference: &str, help: &str) -> Fault {
    let message = format!("TLS Secret [{reference}] not found or is malformed");
    Fault::new("TLSError", "SecretNotValid", &TLS.field("secretName"), message).with_help(help)
}
