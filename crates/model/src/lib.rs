//! The vocabulary between Kubernetes and Envoy: what `translate` produces and `envoy` encodes.
//!
//! Values only: nothing here reads an object, a file or a clock, and nothing here knows protobuf or
//! YAML. A value that can be built makes sense, or says why not (`Action::Respond` with 500 stands for a
//! route that could not be built safely).
//!
//! The three types to know: [`VirtualHost`] (what one host of one listener does), [`Cluster`] (how one
//! backend is reached, identified by the hash of all of it) and [`Problem`] (what the user did wrong,
//! where, and the way out).

mod access_log;
mod authorization;
mod balancing;
mod cluster;
mod cookie;
mod cors;
mod downstream;
mod duration;
mod fleet;
mod fraction;
mod gateway_status;
mod headers;
mod health;
mod host;
mod id;
mod jwt;
mod listener;
mod matching;
mod policy;
mod precedence;
mod report;
mod route;
mod secret;
mod services;
mod settings;
mod tls;
mod tracing;
mod upstream;
mod virtual_host;

pub use access_log::{AccessLogs, LogFormat, LogLevel};
pub use authorization::{
    Authorization, AuthorizationProtocol, Check, NameMatch, Question, QuestionBody, RouteAuthorization,
    RouteAuthorizationProtocol,
};
pub use balancing::{Aggression, Balancing, HashPart, HashSource, SlowStart};
pub use cluster::{
    AssignmentKey, Authorities, Backend, CircuitBreakers, Cluster, ClusterKey, Discovery, DnsFamily,
    Endpoint, Endpoints, EndpointsKey, Protocol, RetryBudget, SharedEndpoints, SubjectName, UpstreamTls,
    UpstreamValidation,
};
pub use cookie::{CookieRewrite, SameSite};
pub use cors::{CorsOrigin, CorsPolicy};
pub use downstream::{Compression, Downstream, Fingerprints, HttpVersions, ServerHeader};
pub use duration::Timeout;
pub use fleet::{FleetId, FleetOwner, GatewayName};
pub use fraction::Fraction;
pub use gateway_status::{
    AncestorStatus, Condition, GatewayApiStatus, GatewayStatus, Holds, ListenerSetStatus, ListenerStatus,
    ParentRef, ParentStatus, RouteKind,
};
pub use headers::{DefaultHeaders, HeaderEdits, HeaderTexts, HeaderValue};
pub use health::{HealthCheck, Probe};
pub use host::Host;
pub use id::{Kind, ObjectId, VirtualHostKey};
pub use jwt::{Jwks, JwtProvider, PublicKeys};
pub use listener::{Listener, ListenerId, Transport, envoy_port};
pub use matching::{
    HeaderMatch, HeaderPredicate, PathMatch, QueryMatch, QueryPredicate, RouteMatch, TextMatch,
};
pub use policy::{
    AddressFilter, AddressRange, AddressSource, DescriptorEntry, GlobalRateLimit, LocalRateLimit, Policies,
};
pub use report::{Problem, Report, Severity, Verdict};
pub use route::{
    Action, DirectResponse, Forward, HostRewrite, InternalRedirect, Mirror, PathRewrite, Redirect,
    RedirectPath, RedirectPort, Retry, Route, RouteTimeouts, SchemeChange, Segments, SessionCarrier,
    SessionPersistence, WeightedCluster,
};
pub use secret::{CaSource, SecretContent, SecretKey, SecretName, SecretUse};
pub use services::{Asked, ExtensionName, GlobalAuthorization, Known, RateLimitService};
pub use settings::{
    Bind, CertificateFiles, DuplicateFqdn, GatewayAddresses, GlobalTimeouts, Layout, SHUTDOWN_MANAGER_PORT,
    Settings,
};
pub use tls::{
    CipherSuite, ClientCertificates, ClientDetail, Clients, Curve, Demand, Revocation, TlsOffer,
    TlsTermination, TlsVersion, Trust,
};
pub use tracing::{Sampling, Share, Tag, Tracing};
pub use upstream::{Handshake, Upstream};
pub use virtual_host::{Targets, Traffic, VirtualHost};
