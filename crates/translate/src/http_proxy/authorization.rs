//! Services that are asked whether requests may pass (reference 3.18): which one a host asks, and what it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::http_proxy::virtual_host::{
    AuthorizationPolicy, AuthorizationServer, AuthorizationServerBufferSettings, AuthorizationServiceType,
    ExtensionServiceReference, HttpAuthorizationServerAllowedHeaders as AllowedHeaders,
    HttpAuthorizationServerSettings,
};
use api::http_proxy::{HttpProxySpec, VirtualHost};
use model::{
    Authorization, AuthorizationProtocol, Check, NameMatch, ObjectId, Protocol, Question, QuestionBody,
    Timeout,
};

use super::root::Context;
use super::tls::Front;
use super::{Fault, SPEC};
use crate::extension_service::{self, Extension};
use crate::field_path::FieldPath;
use crate::text::{self, quoted};

/// The only version of ExtensionServices.
const VERSION: &str = "projectcontour.io/v1alpha1";
/// How much of a body a service is told by default.
const MOST_BYTES: i64 = 1024;

/// What a root says about authorization, if anybody is asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Offered<'a>(Option<&'a AuthorizationServer>);

impl<'a> From<&'a VirtualHost> for Offered<'a> {
    fn from(host: &'a VirtualHost) -> Self {
        Self(host.authorization.as_deref().filter(|server| server.extension_ref.is_some()))
    }
}

impl Offered<'_> {
    fn policy(&self) -> Option<&AuthorizationPolicy> {
        self.0?.auth_policy.as_deref()
    }

    fn is_skipped(&self) -> bool {
        self.policy().is_some_and(|policy| policy.disabled)
    }

    /// What the host's service is told with every request.
    fn context(&self) -> BTreeMap<String, String> {
        self.policy().map(|policy| policy.context.clone()).unwrap_or_default()
    }

    /// The host's own policy.
    pub(super) fn check(&self) -> Result<Option<Arc<Check>>, Fault> {
        let Some(policy) = self.policy() else { return Ok(None) };
        self.takes(&SPEC.field("virtualhost").field("authorization.authPolicy"), policy)?;
        if policy.disabled {
            return Ok(Some(Arc::new(Check::Skip)));
        }
        Ok((!policy.context.is_empty()).then(|| Arc::new(ask(policy.context.clone()))))
    }

    /// Whether the service can be told what a policy wants it to be told.
    fn takes(&self, at: &FieldPath<'_>, policy: &AuthorizationPolicy) -> Result<(), Fault> {
        let speaks_http = self.0.is_some_and(|server| kind(server) == Some(AuthorizationServiceType::Http));
        if policy.context.is_empty() || !speaks_http {
            return Ok(());
        }
        let message = "the context of an authorization policy is for services of type grpc only";
        Err(fault("AuthContextForHTTP", &at.field("context"), message))
    }
}

fn ask(context: BTreeMap<String, String>) -> Check {
    let context = context.into_iter().map(|(name, value)| (name.into(), value.into()));
    Check::Ask { context: context.collect() }
}

fn fault(reason: &'static str, at: &FieldPath<'_>, message: impl Into<String>) -> Fault {
    Fault::new("AuthError", reason, at, message)
}

/// What a route says, where that is other than its host says: a route that says anything is asked about unless it says
/// otherwise, and its context goes before that of the host.
pub(super) fn of_route(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    policy: Option<&AuthorizationPolicy>,
    offered: &Offered<'_>,
) -> Result<Option<Arc<Check>>, Fault> {
    let Some(policy) = policy else { return Ok(None) };
    let at = at.field("authPolicy");
    if offered.0.is_none() {
        if !policy.disabled {
            let message = format!("{at} has no effect, as the root has no authorization, and is ignored");
            context.note(owner, fault("IgnoredField", &at, message).warning());
        }
        return Ok(None);
    }
    offered.takes(&at, policy)?;
    if policy.disabled {
        return Ok(Some(Arc::new(Check::Skip)));
    }
    let of_host = offered.context();
    let mut told = of_host.clone();
    told.extend(policy.context.clone());
    Ok((offered.is_skipped() || told != of_host).then(|| Arc::new(ask(told))))
}

/// Whether a host wants somebody to be asked about its requests.
pub(super) fn is_wanted(host: &VirtualHost) -> bool {
    let policy =
        |server: &AuthorizationServer| server.auth_policy.as_ref().is_some_and(|policy| policy.disabled);
    host.authorization.as_deref().is_some_and(|server| server.extension_ref.is_some() || !policy(server))
}

/// The service that a host asks; a fault stops the root.
pub(super) fn service(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    spec: &HttpProxySpec,
    host: &VirtualHost,
    front: &Front,
) -> Result<Option<Arc<Authorization>>, Fault> {
    let Some(server) = host.authorization.as_deref() else { return Ok(None) };
    let at = SPEC.field("virtualhost");
    let at = at.field("authorization");
    let Some(reference) = server.extension_ref.as_deref() else { return nobody(&at, server) };
    may_be_there(&at, spec, front)?;
    let kind = known_kind(&at, server)?;
    let extension = extension(context, id, &at, reference, kind)?;
    let timeout = timeout(&at, server, &extension)?;
    let body = server.with_request_body.as_deref().map(|body| self::body(&at, body)).transpose()?;
    let protocol = match kind {
        AuthorizationServiceType::Grpc => AuthorizationProtocol::Grpc,
        AuthorizationServiceType::Http => http(&at, server.http_settings.as_deref())?,
    };
    let Extension { cluster, authority, .. } = extension;
    let question = Question { protocol, authority, timeout, fail_open: server.fail_open, body };
    let cluster = context.out.add_cluster(cluster);
    Ok(Some(Arc::new(Authorization { cluster, question })))
}

/// A host that names no service, and there is none for all.
fn nobody(at: &FieldPath<'_>, server: &AuthorizationServer) -> Result<Option<Arc<Authorization>>, Fault> {
    if server.auth_policy.as_ref().is_some_and(|policy| policy.disabled) {
        return Ok(None);
    }
    let message =
        "Spec.VirtualHost.Authorization names no extension service, and there is none for all hosts";
    let fault = fault("ExtensionServiceNotFound", &at.field("extensionRef"), message);
    Err(fault.with_help("name an ExtensionService, or set authPolicy.disabled"))
}

/// As in Contour, for hosts with TLS only: credentials are no secret without.
fn may_be_there(at: &FieldPath<'_>, spec: &HttpProxySpec, front: &Front) -> Result<(), Fault> {
    let message = match front {
        Front::Plain | Front::Passthrough => {
            "Spec.VirtualHost.Authorization.ExtensionServiceRef can only be defined for root HTTPProxies that terminate TLS"
        }
        Front::Terminated(_) if spec.tcpproxy.is_some() => {
            "Spec.VirtualHost.Authorization.ExtensionServiceRef cannot be defined together with Spec.TCPProxy, whose \
             connections have no requests"
        }
        Front::Terminated(_) => return Ok(()),
    };
    Err(fault("AuthNotPermitted", &at.field("extensionRef"), message))
}

fn kind(server: &AuthorizationServer) -> Option<AuthorizationServiceType> {
    match &server.service_type {
        None => Some(AuthorizationServiceType::Grpc),
        Some(word) => word.known(),
    }
}

fn known_kind(at: &FieldPath<'_>, server: &AuthorizationServer) -> Result<AuthorizationServiceType, Fault> {
    kind(server).ok_or_else(|| {
        let word = server.service_type.as_ref().map(|word| quoted(word.as_str())).unwrap_or_default();
        let message = format!("Spec.VirtualHost.Authorization.ServiceType {word} is none of grpc and http");
        fault("AuthServiceTypeInvalid", &at.field("serviceType"), message)
    })
}

/// The ExtensionService, in any namespace.
fn extension(
    context: &Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    reference: &ExtensionServiceReference,
    kind: AuthorizationServiceType,
) -> Result<Extension, Fault> {
    let at = at.field("extensionRef");
    let version = reference.api_version.as_deref().unwrap_or(VERSION);
    if version != VERSION {
        let message = format!(
            "Spec.VirtualHost.Authorization.ExtensionRef specifies an unsupported resource version {}",
            quoted(version)
        );
        let fault = fault("AuthBadResourceVersion", &at.field("apiVersion"), message);
        return Err(fault.with_help(format!("write {VERSION}, or leave it out")));
    }
    let namespace = reference.namespace.as_deref().unwrap_or(&id.namespace);
    let name = reference.name.as_deref().unwrap_or_default();
    let shown = quoted(&format!("{namespace}/{name}"));
    let found = extension_service::extension(context.reader, context.settings, namespace, name);
    let found = found.ok_or_else(|| {
        let message =
            format!("Spec.VirtualHost.Authorization.ExtensionRef extension service {shown} not found");
        fault("ExtensionServiceNotFound", &at, message)
    })?;
    if kind == AuthorizationServiceType::Grpc && found.cluster.protocol != Protocol::Http2 {
        let message = format!("extension service {shown} speaks http/1.1, which carries no gRPC");
        let fault = fault("AuthProtocolMismatch", &at, message);
        return Err(fault.with_help("let it speak h2 or h2c, or set serviceType to http"));
    }
    Ok(found)
}

/// The host's own goes before that of the service.
fn timeout(
    at: &FieldPath<'_>,
    server: &AuthorizationServer,
    extension: &Extension,
) -> Result<Timeout, Fault> {
    let own = text::timeout(server.response_timeout.as_deref().unwrap_or_default()).map_err(|why| {
        let message = format!("Spec.VirtualHost.Authorization.ResponseTimeout is invalid: {why}");
        fault("AuthResponseTimeoutInvalid", &at.field("responseTimeout"), message)
    })?;
    Ok(match own {
        Timeout::Default => extension.response,
        Timeout::Disabled | Timeout::After(_) => own,
    })
}

fn body(at: &FieldPath<'_>, body: &AuthorizationServerBufferSettings) -> Result<QuestionBody, Fault> {
    let bytes = body.max_request_bytes.unwrap_or(MOST_BYTES);
    let most = u32::try_from(bytes).ok().filter(|most| *most > 0).ok_or_else(|| {
        let message = format!(
            "Spec.VirtualHost.Authorization.WithRequestBody: maxRequestBytes {bytes} must be in the range 1-{}",
            u32::MAX
        );
        fault("AuthRequestBodyInvalid", &at.field("withRequestBody.maxRequestBytes"), message)
    })?;
    Ok(QuestionBody { most, partial: body.allow_partial_message, as_bytes: body.pack_as_bytes })
}

fn http(
    at: &FieldPath<'_>,
    settings: Option<&HttpAuthorizationServerSettings>,
) -> Result<AuthorizationProtocol, Fault> {
    let at = at.field("httpSettings");
    let (prefix, request, upstream) = settings.map_or((None, &[][..], &[][..]), |settings| {
        let HttpAuthorizationServerSettings {
            path_prefix,
            allowed_authorization_headers,
            allowed_upstream_headers,
        } = settings;
        (path_prefix.as_deref(), &allowed_authorization_headers[..], &allowed_upstream_headers[..])
    });
    Ok(AuthorizationProtocol::Http {
        path_prefix: path_prefix(&at, prefix)?,
        request_headers: headers(&at, "allowedAuthorizationHeaders", request)?,
        upstream_headers: headers(&at, "allowedUpstreamHeaders", upstream)?,
    })
}

/// Envoy wants a path here.
fn path_prefix(at: &FieldPath<'_>, prefix: Option<&str>) -> Result<Arc<str>, Fault> {
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else { return Ok("".into()) };
    text::path(prefix).map(Into::into).map_err(|why| {
        let message = format!("Spec.VirtualHost.Authorization.HTTPSettings.PathPrefix is invalid: {why}");
        fault("AuthPathPrefixInvalid", &at.field("pathPrefix"), message)
    })
}

fn headers(at: &FieldPath<'_>, field: &str, specs: &[AllowedHeaders]) -> Result<Vec<NameMatch>, Fault> {
    let one = |(index, spec)| {
        name(spec).map_err(|why| {
            let message = format!("Spec.VirtualHost.Authorization.HTTPSettings.{field}[{index}] {why}");
            fault("AuthBadAllowedHeader", &at.item(field, index), message)
        })
    };
    specs.iter().enumerate().map(one).collect()
}

/// How names are compared with a text.
type Kind = fn(Arc<str>) -> NameMatch;

/// Names of headers have no case, and Envoy writes them in lower case: to compare with anything else finds none.
fn name(spec: &AllowedHeaders) -> Result<NameMatch, String> {
    let AllowedHeaders { exact, prefix, suffix, contains, ignore_case: _ } = spec;
    let given: [(_, Kind); 4] = [
        (exact, NameMatch::Exact),
        (prefix, NameMatch::Prefix),
        (suffix, NameMatch::Suffix),
        (contains, NameMatch::Contains),
    ];
    let mut given = given.into_iter().filter_map(|(text, kind)| Some((text.as_deref()?, kind)));
    let (Some((text, kind)), None) = (given.next(), given.next()) else {
        return Err("must set exactly one of exact, prefix, suffix and contains".into());
    };
    let text = rules::token(text).map_err(|why| why.to_string())?;
    Ok(kind(text.to_ascii_lowercase().into()))
}
