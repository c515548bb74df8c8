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
    Asked, Authorization, AuthorizationProtocol, Check, ExtensionName, GlobalAuthorization, NameMatch,
    ObjectId, Problem, Protocol, Question, QuestionBody, Settings, Timeout,
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

/// Who may be asked about the requests of a root, and what the root says about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered<'a> {
    said: Option<&'a AuthorizationServer>,
    of_all: Option<&'a GlobalAuthorization>,
}

impl<'a> Offered<'a> {
    pub(super) fn new(settings: &'a Settings, host: &'a VirtualHost) -> Self {
        Self { said: host.authorization.as_deref(), of_all: settings.global_authorization.as_ref() }
    }

    /// The root's own service.
    fn own(&self) -> Option<&'a AuthorizationServer> {
        self.said.filter(|server| server.extension_ref.is_some())
    }

    fn is_anybody(&self) -> bool {
        self.own().is_some() || self.of_all.is_some()
    }

    fn policy(&self) -> Option<&'a AuthorizationPolicy> {
        self.said?.auth_policy.as_deref()
    }

    /// What holds for the root, if anybody is asked.
    pub(super) fn check(&self) -> Result<Option<Arc<Check>>, Fault> {
        if !self.is_anybody() {
            return Ok(None);
        }
        let at = SPEC.field("virtualhost");
        let at = at.field("authorization.authPolicy");
        let is_said = match self.policy() {
            Some(policy) => {
                self.takes(&at, policy)?;
                policy.disabled || !policy.context.is_empty()
            }
            None => false,
        };
        // The root's own service is asked without further ado.
        Ok((is_said || self.own().is_none()).then(|| Arc::new(self.usual())))
    }

    /// What holds for the root, where somebody is asked.
    fn usual(&self) -> Check {
        if self.is_skipped() { Check::Skip } else { ask(self.context()) }
    }

    fn is_skipped(&self) -> bool {
        match (self.said, self.of_all) {
            (None, Some(of_all)) => of_all.is_skipped,
            _ => self.policy().is_some_and(|policy| policy.disabled),
        }
    }

    /// What the service is told with every request of which no route says more.
    fn context(&self) -> BTreeMap<String, String> {
        match (self.said, self.of_all) {
            (None, Some(of_all)) => {
                of_all.context.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
            }
            _ => self.policy().map(|policy| policy.context.clone()).unwrap_or_default(),
        }
    }

    /// Whether the service can be told what a policy wants it to be told.
    fn takes(&self, at: &FieldPath<'_>, policy: &AuthorizationPolicy) -> Result<(), Fault> {
        let speaks_http = match (self.own(), self.of_all) {
            (Some(server), _) => kind(server) == Some(AuthorizationServiceType::Http),
            (None, of_all) => of_all.is_some_and(|of_all| of_all.protocol != AuthorizationProtocol::Grpc),
        };
        if policy.context.is_empty() || !speaks_http {
            return Ok(());
        }
        let message = "the context of an authorization policy is for services of type grpc only";
        Err(fault("AuthContextForHTTP", &at.field("context"), message))
    }
}

/// What holds where nobody says anything, if anybody is asked about all hosts.
pub(crate) fn of_all(settings: &Settings) -> Option<Arc<Check>> {
    settings.global_authorization.as_ref().map(|of_all| Arc::new(of_all.check()))
}

/// What holds for the host of a root that is not served: what it says, where that can be read.
pub(super) fn kept_up(settings: &Settings, host: &VirtualHost) -> Option<Arc<Check>> {
    settings.global_authorization.as_ref()?;
    let asked = || Some(Arc::new(ask(BTreeMap::new())));
    let offered = Offered::new(settings, host);
    if offered.own().is_some() { of_all(settings) } else { offered.check().unwrap_or_else(|_| asked()) }
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
    if !offered.is_anybody() {
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

/// Whether a host wants somebody to be asked about its requests whom nobody asks for all hosts.
pub(super) fn is_wanted(settings: &Settings, host: &VirtualHost) -> bool {
    let offered = Offered::new(settings, host);
    let is_off = offered.policy().is_some_and(|policy| policy.disabled);
    offered.own().is_some() || (offered.said.is_some() && offered.of_all.is_none() && !is_off)
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
    let Some(reference) = server.extension_ref.as_deref() else {
        return nobody(context, id, &at, server).map(|()| None);
    };
    may_be_there(&at, spec, front)?;
    let kind = known_kind(&at, server)?;
    let extension = extension(context, id, &at, reference, kind)?;
    let timeout = match timeout(&at, server)? {
        Timeout::Default => extension.response,
        own @ (Timeout::Disabled | Timeout::After(_)) => own,
    };
    let (protocol, body) = form(&at, server, kind)?;
    let Extension { cluster, authority, .. } = extension;
    let question = Question { protocol, authority, timeout, fail_open: server.fail_open, body };
    let cluster = context.out.add_cluster(cluster);
    Ok(Some(Arc::new(Authorization { cluster, question })))
}

/// A host that names no service: that of all hosts is asked, if there is one.
fn nobody(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    server: &AuthorizationServer,
) -> Result<(), Fault> {
    if context.settings.global_authorization.is_some() {
        let without_service = SAYS_HOW.iter().filter(|(_, is_said)| is_said(server));
        for (field, _) in without_service {
            let at = at.field(field);
            let message = format!("{at} has no effect without extensionRef and is ignored");
            context.note(id, fault("IgnoredField", &at, message).warning());
        }
        return Ok(());
    }
    if server.auth_policy.as_ref().is_some_and(|policy| policy.disabled) {
        return Ok(());
    }
    let message =
        "Spec.VirtualHost.Authorization names no extension service, and there is none for all hosts";
    let fault = fault("ExtensionServiceNotFound", &at.field("extensionRef"), message);
    Err(fault.with_help("name an ExtensionService, or set authPolicy.disabled"))
}

/// A field that says how a service is asked, and whether it is there.
type SaysHow = (&'static str, fn(&AuthorizationServer) -> bool);

const SAYS_HOW: [SaysHow; 5] = [
    ("failOpen", |server| server.fail_open),
    ("httpSettings", |server| server.http_settings.is_some()),
    ("responseTimeout", |server| server.response_timeout.is_some()),
    ("serviceType", |server| kind(server) != Some(AuthorizationServiceType::Grpc)),
    ("withRequestBody", |server| server.with_request_body.is_some()),
];

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

/// What the service speaks, and how much it is told of the body.
fn form(
    at: &FieldPath<'_>,
    server: &AuthorizationServer,
    kind: AuthorizationServiceType,
) -> Result<(AuthorizationProtocol, Option<QuestionBody>), Fault> {
    let body = server.with_request_body.as_deref().map(|body| self::body(at, body)).transpose()?;
    let protocol = match kind {
        AuthorizationServiceType::Grpc => AuthorizationProtocol::Grpc,
        AuthorizationServiceType::Http => http(at, server.http_settings.as_deref())?,
    };
    Ok((protocol, body))
}

fn timeout(at: &FieldPath<'_>, server: &AuthorizationServer) -> Result<Timeout, Fault> {
    text::timeout(server.response_timeout.as_deref().unwrap_or_default()).map_err(|why| {
        let message = format!("Spec.VirtualHost.Authorization.ResponseTimeout is invalid: {why}");
        fault("AuthResponseTimeoutInvalid", &at.field("responseTimeout"), message)
    })
}

/// The service that the operator names for all hosts; `path` is where what is said about it stands.
///
/// # Errors
/// What is wrong with it, and where.
pub fn global_authorization(
    path: &str,
    extension: ExtensionName,
    server: &AuthorizationServer,
) -> Result<GlobalAuthorization, Problem> {
    let at = FieldPath::root(path);
    read(&at, extension, server).map_err(|fault| {
        // Rules and words are those of a host.
        let message = fault.message.replace("Spec.VirtualHost.Authorization", "globalExtAuth");
        Fault { message, ..fault }.error()
    })
}

fn read(
    at: &FieldPath<'_>,
    extension: ExtensionName,
    server: &AuthorizationServer,
) -> Result<GlobalAuthorization, Fault> {
    let (protocol, body) = form(at, server, known_kind(at, server)?)?;
    let offered = Offered { said: Some(server), of_all: None };
    if let Some(policy) = offered.policy() {
        offered.takes(&at.field("authPolicy"), policy)?;
    }
    Ok(GlobalAuthorization {
        asked: Asked { timeout: timeout(at, server)?, ..Asked::new(extension) },
        protocol,
        fail_open: server.fail_open,
        body,
        is_skipped: offered.is_skipped(),
        context: offered.context().into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
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
