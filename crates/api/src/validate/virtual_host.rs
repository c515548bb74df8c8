//! What belongs to the host.

use super::at::At;
use super::finding::Findings;
use super::{pattern, policy, rate_limit, service};
use crate::Choice;
use crate::http_proxy::VirtualHost;
use crate::http_proxy::virtual_host::{
    AuthorizationServer, AuthorizationServiceType, CorsPolicy, DownstreamValidation, JwtProvider, RemoteJwks,
};

pub(super) fn virtual_host(host: &VirtualHost, at: &At<'_>, out: &mut Findings) {
    fqdn(&host.fqdn, &at.field("fqdn"), out);
    if let Some(validation) = host.tls.as_ref().and_then(|tls| tls.client_validation.as_ref()) {
        client_validation(validation, &at.field("tls").field("clientValidation"), out);
    }
    if let Some(server) = &host.authorization {
        authorization(server, &at.field("authorization"), out);
    }
    if let Some(cors_policy) = &host.cors_policy {
        cors(cors_policy, &at.field("corsPolicy"), out);
    }
    if let Some(limits) = &host.rate_limit_policy {
        rate_limit::rate_limit(limits, &at.field("rateLimitPolicy"), out);
    }
    at.each("jwtProviders", &host.jwt_providers, |provider, at| jwt_provider(provider, at, out));
    policy::addresses("ipAllowPolicy", &host.ip_allow_policy, at, out);
    policy::addresses("ipDenyPolicy", &host.ip_deny_policy, at, out);
}

/// Nobody can ask DNS for more than 253 characters.
fn fqdn(fqdn: &str, at: &At<'_>, out: &mut Findings) {
    out.length(at, fqdn, 253);
    if !fqdn.is_empty() {
        out.pattern(at, fqdn, pattern::FQDN);
    }
}

fn client_validation(validation: &DownstreamValidation, at: &At<'_>, out: &mut Findings) {
    out.not_empty(&at.field("caSecret"), validation.ca_secret.as_deref());
    out.not_empty(&at.field("crlSecret"), validation.crl_secret.as_deref());
}

fn authorization(server: &AuthorizationServer, at: &At<'_>, out: &mut Findings) {
    if let Some(reference) = &server.extension_ref {
        let at = at.field("extensionRef");
        out.not_empty(&at.field("apiVersion"), reference.api_version.as_deref());
        out.not_empty(&at.field("namespace"), reference.namespace.as_deref());
        out.not_empty(&at.field("name"), reference.name.as_deref());
    }
    out.choice_if_given(&at.field("serviceType"), server.service_type.as_ref());
    let http = server.service_type.as_ref().and_then(Choice::known) == Some(AuthorizationServiceType::Http);
    if server.http_settings.is_some() && !http {
        out.add(&at.field("httpSettings"), "is for serviceType http only");
    }
    out.timeout(&at.field("responseTimeout"), server.response_timeout.as_deref());
    if let Some(body) = &server.with_request_body {
        let at = at.field("withRequestBody");
        out.range_if_given(&at.field("maxRequestBytes"), body.max_request_bytes, 1..=i64::MAX);
    }
}

fn cors(cors: &CorsPolicy, at: &At<'_>, out: &mut Findings) {
    out.at_least_one(&at.field("allowOrigin"), &cors.allow_origin);
    out.at_least_one(&at.field("allowMethods"), &cors.allow_methods);
    for (field, tokens) in [
        ("allowMethods", &cors.allow_methods),
        ("allowHeaders", &cors.allow_headers),
        ("exposeHeaders", &cors.expose_headers),
    ] {
        at.each(field, tokens, |token, at| out.pattern(at, token, pattern::TOKEN));
    }
    out.duration(&at.field("maxAge"), cors.max_age.as_deref());
}

fn jwt_provider(provider: &JwtProvider, at: &At<'_>, out: &mut Findings) {
    out.required(&at.field("name"), &provider.name);
    let sources =
        [("remoteJWKS", provider.remote_jwks.is_some()), ("localJWKS", provider.local_jwks.is_some())];
    out.exactly_one(at, &sources);
    if let Some(remote) = &provider.remote_jwks {
        remote_jwks(remote, &at.field("remoteJWKS"), out);
    }
    if let Some(local) = &provider.local_jwks {
        let at = at.field("localJWKS");
        out.required(&at.field("secretName"), &local.secret_name);
        out.required(&at.field("key"), &local.key);
    }
}

fn remote_jwks(remote: &RemoteJwks, at: &At<'_>, out: &mut Findings) {
    out.required(&at.field("uri"), &remote.uri);
    if let Some(validation) = &remote.validation {
        service::upstream_validation(validation, &at.field("validation"), out);
    }
    out.duration(&at.field("timeout"), remote.timeout.as_deref());
    out.duration(&at.field("cacheDuration"), remote.cache_duration.as_deref());
    out.choice_if_given(&at.field("dnsLookupFamily"), remote.dns_lookup_family.as_ref());
}
