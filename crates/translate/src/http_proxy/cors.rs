//! Scripts of other origins (reference 3.16).

use std::collections::BTreeSet;
use std::sync::Arc;

use api::duration;
use api::http_proxy::VirtualHost;
use api::http_proxy::virtual_host::CorsPolicy as Spec;
use model::{CorsOrigin, CorsPolicy, ObjectId};
use rules::Origin;

use super::root::Context;
use super::{Fault, SPEC};
use crate::field_path::FieldPath;
use crate::text;

/// What the host says about them; a fault stops the root.
pub(super) fn policy(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    host: &VirtualHost,
) -> Result<Option<Arc<CorsPolicy>>, Fault> {
    let Some(spec) = host.cors_policy.as_deref() else { return Ok(None) };
    let at = SPEC.field("virtualhost");
    let at = at.field("corsPolicy");
    let policy = CorsPolicy {
        origins: origins(context, id, &at, spec)?,
        methods: methods(&at, spec)?,
        allowed_headers: tokens(&at, "allowHeaders", &spec.allow_headers)?,
        exposed_headers: tokens(&at, "exposeHeaders", &spec.expose_headers)?,
        credentials: spec.allow_credentials,
        max_age: spec.max_age.as_deref().map_or(Ok(None), |text| max_age(&at, text))?,
        private_network: spec.allow_private_network,
        answers_others: false,
    };
    if policy.credentials && policy.origins.contains(&CorsOrigin::Any) {
        let message = "scripts of every site may act for its visitors: allowCredentials with the origin *";
        let fault =
            Fault::new("CORSError", "CredentialsForEveryOrigin", &at.field("allowCredentials"), message);
        context.note(id, fault.with_help("list the origins that are trusted").warning());
    }
    Ok(Some(Arc::new(policy)))
}

fn fault(at: &FieldPath<'_>, why: impl std::fmt::Display) -> Fault {
    Fault::new("CORSError", "PolicyDidNotParse", at, format!("Spec.VirtualHost.CORSPolicy: {why}"))
}

fn origins(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    spec: &Spec,
) -> Result<Vec<CorsOrigin>, Fault> {
    if spec.allow_origin.is_empty() {
        let fault = fault(&at.field("allowOrigin"), "no allowed origin is specified");
        return Err(fault.with_help("list origins such as https://www.example.com, or *"));
    }
    let mut origins = BTreeSet::new();
    for (index, text) in spec.allow_origin.iter().enumerate() {
        let at = at.item("allowOrigin", index);
        if rules::origin(text) == Origin::Nobody {
            let message = format!(
                "{} is compared as it is written, and no site has such an origin",
                text::quoted(text)
            );
            let fault = Fault::new("CORSError", "OriginNeverMatches", &at, message);
            let help =
                r"write an expression with a backslash before each dot, such as https://.*\.example\.com";
            context.note(id, fault.with_help(help).warning());
        }
        origins.insert(origin(&at, text)?);
    }
    Ok(origins.into_iter().collect())
}

/// What is no origin by its form is an expression.
fn origin(at: &FieldPath<'_>, text: &str) -> Result<CorsOrigin, Fault> {
    if text == "*" {
        return Ok(CorsOrigin::Any);
    }
    if rules::origin(text) != Origin::Other {
        return Ok(CorsOrigin::Exact(text.into()));
    }
    let regex = text::regex(text);
    let regex = regex.map_err(|why| fault(at, format!("{} is no origin, and {why}", text::quoted(text))))?;
    Ok(CorsOrigin::Regex(regex.into()))
}

fn methods(at: &FieldPath<'_>, spec: &Spec) -> Result<Vec<Arc<str>>, Fault> {
    if spec.allow_methods.is_empty() {
        let fault = fault(&at.field("allowMethods"), "no allowed method is specified");
        return Err(fault.with_help("list methods such as GET, or *"));
    }
    tokens(at, "allowMethods", &spec.allow_methods)
}

/// Each once: Envoy puts them into one header.
fn tokens(at: &FieldPath<'_>, field: &str, texts: &[String]) -> Result<Vec<Arc<str>>, Fault> {
    let mut seen = BTreeSet::new();
    let mut tokens = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let token = rules::token(text).map_err(|why| fault(&at.item(field, index), why))?;
        if seen.insert(token) {
            tokens.push(token.into());
        }
    }
    let length: usize = tokens.iter().map(|token: &Arc<str>| token.len() + 1).sum();
    if length > rules::MAX_HEADER_BYTES {
        return Err(fault(&at.field(field), "the list is longer than 16384 bytes"));
    }
    Ok(tokens)
}

/// Whole seconds, as browsers count; a fraction is cut off.
fn max_age(at: &FieldPath<'_>, text: &str) -> Result<Option<u64>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let age = duration::parse(text);
    let age = age.map_err(|why| fault(&at.field("maxAge"), format!("{}: {why}", text::quoted(text))))?;
    Ok(Some(age.as_secs()))
}
