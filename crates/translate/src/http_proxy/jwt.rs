//! Tokens (JWT) that requests must carry (reference 3.19): who issues them, and which route asks for them.

mod remote;

use std::collections::BTreeSet;
use std::sync::Arc;

use api::http_proxy::policy::JwtVerificationPolicy;
use api::http_proxy::virtual_host::{JwtProvider as Spec, LocalJwks};
use api::http_proxy::{HttpProxySpec, VirtualHost};
use model::{Jwks, JwtProvider, ObjectId};
use store::SecretType;

use super::root::Context;
use super::tls::Front;
use super::{Fault, SPEC};
use crate::field_path::FieldPath;
use crate::text::quoted;

/// Each is a part of the listener that all TLS hosts share, with the keys that it has.
const MOST_PROVIDERS: usize = 32;

/// The providers of a host as routes may name them.
#[derive(Debug, Default)]
pub(super) struct Offered<'a> {
    names: BTreeSet<&'a str>,
    default: Option<&'a str>,
}

impl<'a> From<&'a VirtualHost> for Offered<'a> {
    fn from(host: &'a VirtualHost) -> Self {
        let default = host.jwt_providers.iter().find(|provider| provider.default);
        Self {
            names: host.jwt_providers.iter().map(|provider| provider.name.as_str()).collect(),
            default: default.map(|provider| provider.name.as_str()),
        }
    }
}

fn fault(reason: &'static str, at: &FieldPath<'_>, message: impl Into<String>) -> Fault {
    Fault::new("JWTVerificationError", reason, at, message)
}

/// The provider whose token a route asks for.
pub(super) fn required(
    at: &FieldPath<'_>,
    policy: Option<&JwtVerificationPolicy>,
    offered: &Offered<'_>,
) -> Result<Option<Arc<str>>, Fault> {
    let at = at.field("jwtVerificationPolicy");
    let named = policy.and_then(|policy| policy.require.as_deref()).filter(|name| !name.is_empty());
    match (named, policy.is_some_and(|policy| policy.disabled)) {
        (Some(_), true) => {
            let message = "route's JWT verification policy cannot specify both require and disabled";
            Err(fault("InvalidJWTVerificationPolicy", &at, message))
        }
        (Some(name), false) if !offered.names.contains(name) => {
            let message = format!("Route references an undefined JWT provider {}", quoted(name));
            Err(fault("JWTProviderNotDefined", &at.field("require"), message))
        }
        (Some(name), false) => Ok(Some(name.into())),
        (None, true) => Ok(None),
        (None, false) => Ok(offered.default.map(Into::into)),
    }
}

/// The providers of a host; a fault stops the root.
pub(super) fn providers(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    spec: &HttpProxySpec,
    host: &VirtualHost,
    front: &Front,
) -> Result<Vec<JwtProvider>, Fault> {
    if host.jwt_providers.is_empty() {
        return Ok(vec![]);
    }
    let at = SPEC.field("virtualhost");
    may_be_there(&at.field("jwtProviders"), spec, front)?;
    one_default(&at.field("jwtProviders"), host)?;
    if host.jwt_providers.len() > MOST_PROVIDERS {
        let message = invalid(format!("at most {MOST_PROVIDERS} providers are served for a host"));
        return Err(fault("TooManyProviders", &at.field("jwtProviders"), message));
    }
    let mut seen = BTreeSet::new();
    let mut providers = Vec::with_capacity(host.jwt_providers.len());
    for (index, provider) in host.jwt_providers.iter().enumerate() {
        let at = at.item("jwtProviders", index);
        if provider.name.is_empty() {
            let message = invalid("a provider has no name");
            return Err(fault("ProviderNameMissing", &at.field("name"), message));
        }
        if !seen.insert(provider.name.as_str()) {
            // As in Contour, without quotes.
            let message = invalid(format!("duplicate name {}", quoted(&provider.name).trim_matches('"')));
            return Err(fault("DuplicateProviderName", &at.field("name"), message));
        }
        providers.push(self::provider(context, id, &at, provider)?);
    }
    providers.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(providers)
}

fn invalid(why: impl std::fmt::Display) -> String {
    format!("Spec.VirtualHost.JWTProviders is invalid: {why}")
}

/// Tokens are in requests, and are no secret without TLS.
fn may_be_there(at: &FieldPath<'_>, spec: &HttpProxySpec, front: &Front) -> Result<(), Fault> {
    let message = match front {
        Front::Plain | Front::Passthrough => {
            "Spec.VirtualHost.JWTProviders can only be defined for root HTTPProxies that terminate TLS"
        }
        Front::Terminated(_) if spec.tcpproxy.is_some() => {
            "Spec.VirtualHost.JWTProviders cannot be defined together with Spec.TCPProxy, whose connections have no \
             requests"
        }
        Front::Terminated(_) => return Ok(()),
    };
    Err(fault("JWTVerificationNotPermitted", at, message))
}

fn one_default(at: &FieldPath<'_>, host: &VirtualHost) -> Result<(), Fault> {
    if host.jwt_providers.iter().filter(|provider| provider.default).count() < 2 {
        return Ok(());
    }
    let message = invalid("at most one provider can be set as the default");
    Err(fault("MultipleDefaultProvidersSpecified", at, message))
}

fn provider(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    spec: &Spec,
) -> Result<JwtProvider, Fault> {
    let name = quoted(&spec.name);
    let keys = match (spec.remote_jwks.as_deref(), spec.local_jwks.as_deref()) {
        (Some(remote), None) => remote::keys(context, id, at, remote)?,
        (None, Some(local)) => local_keys(context, id, at, local)?,
        (Some(_), Some(_)) => {
            let message = invalid(format!("provider {name} has both remoteJWKS and localJWKS"));
            return Err(fault("JWKSSourceConflict", at, message));
        }
        (None, None) => {
            let message = invalid(format!("provider {name} has neither remoteJWKS nor localJWKS"));
            return Err(fault("JWKSSourceMissing", at, message));
        }
    };
    let mut audiences: Vec<Arc<str>> = spec.audiences.iter().map(|each| each.as_str().into()).collect();
    audiences.sort_unstable();
    audiences.dedup();
    Ok(JwtProvider {
        name: spec.name.as_str().into(),
        issuer: spec.issuer.as_deref().unwrap_or_default().into(),
        audiences,
        keys,
        forward: spec.forward_jwt,
        is_default: spec.default,
    })
}

/// Keys in a Secret of the root's own namespace.
fn local_keys(
    context: &Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    spec: &LocalJwks,
) -> Result<Jwks, Fault> {
    let (name, key) = (quoted(&spec.secret_name), quoted(&spec.key));
    let at = at.field("localJWKS");
    let local =
        |why: String| fault("LocalJWKSInvalid", &at, invalid(format!("local JWKS Secret {name}: {why}")));
    let secret = context.reader.secret(&id.namespace, &spec.secret_name);
    let secret = secret.ok_or_else(|| local("Secret not found".into()))?;
    if secret.kind != SecretType::Opaque {
        return Err(local("Secret type is not \"Opaque\"".into()));
    }
    secret.jwks(&spec.key).map(Jwks::Local).map_err(|why| local(format!("key {key} {why}")))
}
