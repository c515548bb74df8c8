//! `tls.enableFallbackCertificate`: also for clients that name no server, or one that nobody serves (reference
//! 3.6).

use model::{Host, Kind, ObjectId, SecretKey, VirtualHostKey};

use super::{Carries, TLS, delegation, ignored};
use crate::http_proxy::Fault;
use crate::http_proxy::root::Context;
use crate::ingress;
use crate::text::quoted;
use crate::tls::{self, Unusable};

/// The operator's certificate, checked; `None` where it has no effect.
pub(super) fn certificate(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    carries: Carries,
) -> Result<Option<SecretKey>, Fault> {
    let at = TLS.field("enableFallbackCertificate");
    let fault = |reason, message: String| Fault::new("TLSError", reason, &at, message);
    let Some(secret) = &context.settings.fallback_certificate else {
        let message =
            "Spec.Virtualhost.TLS enabled fallback but the fallback Certificate Secret is not configured";
        return Err(fault("FallbackNotPresent", message.into()));
    };
    let name = quoted(&secret.to_string());
    let found = tls::pair(context.reader, &id.namespace, (&secret.namespace, &secret.name));
    let certificate = found.map_err(|unusable| match unusable {
        Unusable::NotDelegated => {
            let message =
                format!("Spec.VirtualHost.TLS Secret {name} is not configured for certificate delegation");
            fault("FallbackNotDelegated", message).with_help(delegation(&secret.namespace, id))
        }
        Unusable::Invalid(why) => {
            let message =
                format!("Spec.Virtualhost.TLS Secret {name} fallback certificate is invalid: {why}");
            fault("FallbackNotValid", message)
        }
    })?;
    if !context.settings.roots.is_ingress() {
        context.note(id, ignored(&at, "has no effect at a Gateway").warning());
        return Ok(None);
    }
    if carries == Carries::Connections {
        // Nothing in a connection says which host it is for, once its server name is nobody's.
        context.note(id, ignored(&at, "has no effect on connections").warning());
        return Ok(None);
    }
    if let Some(other) = host_for_all(context) {
        let why = format!("has no effect beside {other}, which has TLS for all hosts,");
        let help = "let its spec.tls name hosts, or remove enableFallbackCertificate";
        context.note(id, ignored(&at, &why).with_help(help).warning());
    }
    Ok(Some(certificate))
}

/// An Ingress that takes what is nobody's: clients that would get the fallback certificate get its own.
fn host_for_all(context: &Context<'_, '_>) -> Option<ObjectId> {
    let key = VirtualHostKey { listener: context.settings.https_listener(), host: Host::any() };
    let ids = context.reader.tls_for_all().map(|name| name.object(Kind::Ingress));
    let serves = |id: &ObjectId| {
        let made = ingress::contribution(context.reader, context.settings, id);
        made.fragments.contains_key(&key)
    };
    ids.into_iter().find(serves)
}
