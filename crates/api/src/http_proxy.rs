//! `HTTPProxy` of `projectcontour.io/v1`: the whole field tree (reference contour.md, appendix A).
//!
//! Structures that most routes do not use are boxed, so that a plain route stays small. Everything is optional
//! for the decoder: what is required is said at the field and checked apart, so that one missing
//! field does not hide the rest of the object.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::ObjectMeta;
use crate::schema;

pub mod conditions;
pub mod policy;
pub mod route;
pub mod service;
pub mod status;
pub mod tcp_proxy;
pub mod virtual_host;

pub use conditions::{HeaderMatchCondition, MatchCondition, QueryParameterMatchCondition};
pub use route::{Include, Route};
pub use service::Service;
pub use status::HttpProxyStatus;
pub use tcp_proxy::TcpProxy;
pub use virtual_host::{Tls, VirtualHost};

/// One HTTPProxy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpProxy {
    /// Name, namespace, annotations (class), creation time (the oldest wins a host).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What the user wants.
    pub spec: HttpProxySpec,
    /// What the controller says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = status::unreconciled()))]
    pub status: Option<Box<HttpProxyStatus>>,
}

/// What the user wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpProxySpec {
    /// The host; its presence makes the object a root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtualhost: Option<Box<VirtualHost>>,
    /// Routes of this object, below the conditions of the includes that lead here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Forwards the bytes of the TLS connection instead of requests; roots and TCP includes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcpproxy: Option<Box<TcpProxy>>,
    /// Other HTTPProxies that get a part of this one's paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<Include>,
    /// Class; the annotations `projectcontour.io/ingress.class` and `kubernetes.io/ingress.class` come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_class_name: Option<String>,
}

impl HttpProxy {
    /// Whether this object names a host, and so is served without being included.
    pub fn is_root(&self) -> bool {
        self.spec.virtualhost.is_some()
    }
}
