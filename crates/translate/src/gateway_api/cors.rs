//! Requests from pages of other sites.

use std::collections::BTreeSet;

use api::gateway_api::http_route::cors::HttpCorsFilter;
use model::{CorsOrigin, CorsPolicy};

/// What pages of other sites may do.
///
/// # Errors
/// An expression that an origin with a wildcard becomes, and that Envoy would not take.
pub(super) fn policy(filter: &HttpCorsFilter) -> Result<CorsPolicy, String> {
    let mut origins = BTreeSet::new();
    for text in &filter.allow_origins {
        origins.insert(origin(text)?);
    }
    let list = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
    Ok(CorsPolicy {
        origins: origins.into_iter().collect(),
        methods: filter.allow_methods.iter().map(|method| method.as_str().into()).collect(),
        allowed_headers: list(&filter.allow_headers),
        exposed_headers: list(&filter.expose_headers),
        credentials: filter.allow_credentials,
        max_age: u64::try_from(filter.max_age).ok(),
        private_network: false,
        answers_others: true,
    })
}

/// An origin; a star within one stands for one label or more, or for every port.
fn origin(text: &str) -> Result<CorsOrigin, String> {
    if text == "*" {
        return Ok(CorsOrigin::Any);
    }
    if !text.contains('*') {
        return Ok(CorsOrigin::Exact(text.into()));
    }
    let parts: Vec<_> = text.split('*').map(re2::quote).collect();
    let regex = parts.join("[^/]*");
    crate::text::regex(&regex)?;
    Ok(CorsOrigin::Regex(regex.into()))
}
