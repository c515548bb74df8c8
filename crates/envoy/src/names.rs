//! Names that more than one message uses.

/// The static cluster through which Envoy reaches its own administration interface.
pub const ADMIN_CLUSTER: &str = "envoy-admin";

/// The static cluster of the xDS server; the name in its certificate, too.
pub const XDS_CLUSTER: &str = "isobath";

/// The name in certificates that were made for Contour.
pub(crate) const CONTOUR: &str = "contour";

/// The runtime layer that is served by RTDS.
pub const RUNTIME_LAYER: &str = "dynamic";

/// A cluster that is never there: what goes to it is refused. No cluster of a backend is called so.
pub(crate) const NOWHERE: &str = "~nowhere";

/// The header that chooses a request's scope; internal to Envoy.
pub(crate) const SCOPE_HEADER: &str = "x-isobath-scope";

/// The transport socket for TLS, in both directions.
pub(crate) const TLS_SOCKET: &str = "envoy.transport_sockets.tls";
