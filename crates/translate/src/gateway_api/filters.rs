//! Filters of a rule or of one of its backends.

use std::sync::Arc;

use api::gateway_api::grpc_route::GrpcRouteFilter;
use api::gateway_api::http_route::HttpRouteFilter;
use api::gateway_api::http_route::cors::HttpCorsFilter;
use api::gateway_api::http_route::external_auth::HttpExternalAuthFilter;
use api::gateway_api::http_route::headers::HttpHeaderFilter;
use api::gateway_api::http_route::mirror::HttpRequestMirrorFilter;
use api::gateway_api::http_route::redirect::{
    HttpPathModifier, HttpPathModifierType, HttpRequestRedirectFilter, HttpUrlRewriteFilter,
};
use model::{CorsPolicy, Fraction, HeaderEdits, HostRewrite, Mirror, RouteAuthorization};

use super::backend::Speaks;
use super::translation::Translation;
use super::{cors, headers};
use crate::field_path::FieldPath;
use crate::text::quoted;

/// What the filters of a rule or of a backend do.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters<'a> {
    pub(super) request: HeaderEdits,
    pub(super) response: HeaderEdits,
    pub(super) mirrors: Vec<Mirror>,
    pub(super) host: Option<HostRewrite>,
    pub(super) path: Option<PathChange<'a>>,
    pub(super) redirect: Option<&'a HttpRequestRedirectFilter>,
    pub(super) cors: Option<Arc<CorsPolicy>>,
    pub(super) authorization: Option<Arc<RouteAuthorization>>,
    /// Whether one of them cannot be had: requests must not go on without it.
    pub(super) is_broken: bool,
}

impl Filters<'_> {
    /// Whether there is something that cannot be done for one of several backends.
    pub(super) fn is_for_rules_only(&self) -> bool {
        let Self { mirrors, path, redirect, cors, authorization, .. } = self;
        let answers = redirect.is_some() || cors.is_some() || authorization.is_some();
        !mirrors.is_empty() || path.is_some() || answers
    }
}

/// A change of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathChange<'a> {
    /// All of it.
    Full(&'a str),
    /// The prefix that was matched.
    Prefix(&'a str),
}

impl<'a> PathChange<'a> {
    /// What a modifier says; `None` when it names nothing that is known.
    pub(super) fn of(modifier: &'a HttpPathModifier) -> Option<Self> {
        match modifier.r#type.known()? {
            HttpPathModifierType::ReplaceFullPath => modifier.replace_full_path.as_deref().map(Self::Full),
            HttpPathModifierType::ReplacePrefixMatch => {
                modifier.replace_prefix_match.as_deref().map(Self::Prefix)
            }
        }
    }
}

/// One filter, whatever the kind of route: the fields that are not of the kind are empty.
#[derive(Default)]
pub(super) struct Filter<'a> {
    name: &'a str,
    request: Option<&'a HttpHeaderFilter>,
    response: Option<&'a HttpHeaderFilter>,
    mirror: Option<&'a HttpRequestMirrorFilter>,
    redirect: Option<&'a HttpRequestRedirectFilter>,
    rewrite: Option<&'a HttpUrlRewriteFilter>,
    cors: Option<&'a HttpCorsFilter>,
    external_auth: Option<&'a HttpExternalAuthFilter>,
}

impl<'a> From<&'a HttpRouteFilter> for Filter<'a> {
    fn from(filter: &'a HttpRouteFilter) -> Self {
        Self {
            name: filter.r#type.as_str(),
            request: filter.request_header_modifier.as_deref(),
            response: filter.response_header_modifier.as_deref(),
            mirror: filter.request_mirror.as_deref(),
            redirect: filter.request_redirect.as_deref(),
            rewrite: filter.url_rewrite.as_deref(),
            cors: filter.cors.as_deref(),
            external_auth: filter.external_auth.as_deref(),
        }
    }
}

impl<'a> From<&'a GrpcRouteFilter> for Filter<'a> {
    fn from(filter: &'a GrpcRouteFilter) -> Self {
        Self {
            name: filter.r#type.as_str(),
            request: filter.request_header_modifier.as_deref(),
            response: filter.response_header_modifier.as_deref(),
            mirror: filter.request_mirror.as_deref(),
            ..Self::default()
        }
    }
}

impl Translation<'_, '_> {
    /// What the filters at a place do; what cannot be had is told, and breaks them all.
    pub(super) fn filters<'a, F>(
        &mut self,
        at: &FieldPath<'_>,
        filters: &'a [F],
        speaks: Speaks,
    ) -> Filters<'a>
    where
        Filter<'a>: From<&'a F>,
    {
        let mut all = Filters::default();
        for (index, filter) in filters.iter().enumerate() {
            let at = at.item("filters", index);
            if let Err(why) = self.filter(&at, &Filter::from(filter), speaks, &mut all) {
                self.unsupported(&at, why);
                all.is_broken = true;
            }
        }
        all
    }

    fn filter<'a>(
        &mut self,
        at: &FieldPath<'_>,
        filter: &Filter<'a>,
        speaks: Speaks,
        all: &mut Filters<'a>,
    ) -> Result<(), String> {
        if let Some(request) = filter.request {
            let (edits, host) = headers::of_requests(request)?;
            all.request = edits;
            // That of a rewrite goes before it, wherever it stands.
            all.host = all.host.take().or(host);
        } else if let Some(response) = filter.response {
            all.response = headers::of_answers(response)?;
        } else if let Some(mirror) = filter.mirror {
            self.mirror(&at.field("requestMirror"), mirror, speaks, all);
        } else if let Some(redirect) = filter.redirect {
            all.redirect = Some(redirect);
        } else if let Some(rewrite) = filter.rewrite {
            if let Some(host) = &rewrite.hostname {
                let host = rules::authority(host).map_err(|why| why.to_string())?;
                all.host = Some(HostRewrite::Literal(host.into()));
            }
            all.path = rewrite.path.as_ref().map(path).transpose()?;
        } else if let Some(policy) = filter.cors {
            all.cors = Some(Arc::new(cors::policy(policy)?));
        } else if let Some(external) = filter.external_auth {
            self.external_auth(&at.field("externalAuth"), external, all)?;
        } else {
            return Err(format!("a filter of the type {} cannot be had", quoted(filter.name)));
        }
        Ok(())
    }

    /// A copy that cannot be sent is left out: requests themselves are served.
    fn mirror<'a>(
        &mut self,
        at: &FieldPath<'_>,
        mirror: &HttpRequestMirrorFilter,
        speaks: Speaks,
        all: &mut Filters<'a>,
    ) {
        let at = at.field("backendRef");
        match self.cluster(&at, &mirror.backend_ref, speaks) {
            Err(failure) => self.unresolved(&at, failure),
            Ok(cluster) => {
                let cluster = self.out.add_cluster(cluster);
                all.mirrors.extend(share(mirror).map(|share| Mirror { cluster, share }));
            }
        }
    }
}

/// How many requests are copied; `None` for none.
fn share(mirror: &HttpRequestMirrorFilter) -> Option<Fraction> {
    let number = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    match (&mirror.fraction, mirror.percent) {
        (Some(fraction), _) => Fraction::of(number(fraction.numerator), number(fraction.denominator)),
        (None, Some(percent)) => Fraction::of(number(percent), 100),
        (None, None) => Some(Fraction::ALL),
    }
}

/// A path for backends.
fn path(modifier: &HttpPathModifier) -> Result<PathChange<'_>, String> {
    let change = PathChange::of(modifier);
    let change = change.ok_or_else(|| format!("type {} is not known", quoted(modifier.r#type.as_str())))?;
    let (PathChange::Full(text) | PathChange::Prefix(text)) = change;
    if !text.is_empty() {
        rules::rewrite_path(text).map_err(|why| why.to_string())?;
    }
    Ok(change)
}
