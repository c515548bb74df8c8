//! Backends of routes.

use api::gateway_api::references::BackendObjectReference;
use model::Cluster;
use store::Shown;

use super::grants::{Referent, may_refer};
use super::statement::Failure;
use super::translation::Translation;
use crate::backend::{self, Policy, PortRef, Target, Upstream, is_protocol};
use crate::field_path::FieldPath;
use crate::text::quoted;

/// What is carried to backends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Speaks {
    /// HTTP, of the version that the Service says.
    Http,
    /// gRPC.
    Grpc,
    /// Whatever the client speaks, within its TLS if that ends here.
    Stream,
    /// TLS of the client, which the backend ends.
    PassedTls,
    /// Datagrams.
    Datagrams,
}

impl Translation<'_, '_> {
    /// The cluster of the backend that is named at a place.
    ///
    /// # Errors
    /// Why there is none: `InvalidKind`, `RefNotPermitted`, `BackendNotFound` or `UnsupportedProtocol`, or what a policy
    /// for it says.
    pub(super) fn cluster(
        &mut self,
        at: &FieldPath<'_>,
        reference: &BackendObjectReference,
        speaks: Speaks,
    ) -> Result<Cluster, Failure> {
        let BackendObjectReference { group, kind, name, namespace, port } = reference;
        if !group.is_empty() || kind != "Service" {
            let message = format!("{} is no Service", quoted(&format!("{group}/{kind}")));
            return Err(Failure::new("InvalidKind", message));
        }
        let namespace = namespace.as_deref().unwrap_or(&self.id.namespace);
        if !may_refer(self.reader, self.id, Referent { group: "", kind: "Service", namespace, name }) {
            let message = format!("no ReferenceGrant of namespace {namespace} lets this use Service {name}");
            return Err(Failure::new("RefNotPermitted", message));
        }
        let not_found = |why: String| Failure::new("BackendNotFound", why);
        let port = port.and_then(|port| u16::try_from(port).ok());
        let port =
            port.ok_or_else(|| not_found(format!("no port of Service {namespace}/{name} is named")))?;
        let (reader, settings) = (self.reader, self.settings);
        let target = match speaks {
            Speaks::Datagrams => backend::datagram_target(reader, namespace, name, port),
            Speaks::Http | Speaks::Grpc | Speaks::Stream | Speaks::PassedTls => {
                backend::target(reader, settings, namespace, name, PortRef::Number(port))
            }
        };
        let target = target.map_err(not_found)?;
        target.ignored_annotations(at).into_iter().for_each(|fault| self.note(fault.warning()));
        let mut policy = Policy::default();
        match speaks {
            Speaks::Http => self.tls_to(&target, Some(Upstream::Tls), &mut policy)?,
            Speaks::Grpc => {
                let upstream = if target.speaks_tls(None) { Upstream::H2 } else { Upstream::H2c };
                policy.upstream = Some(upstream);
                self.tls_to(&target, Some(Upstream::H2), &mut policy)?;
            }
            Speaks::Stream => {
                policy.upstream = Some(Upstream::Plain);
                self.tls_to(&target, Some(Upstream::Tls), &mut policy)?;
            }
            Speaks::PassedTls => policy.upstream = Some(Upstream::Plain),
            Speaks::Datagrams => {
                policy.upstream = Some(Upstream::Plain);
                self.tls_to(&target, None, &mut policy)?;
            }
        }
        check_protocol(&target, speaks, policy.validation.is_some())?;
        if target.speaks_tls(policy.upstream) {
            policy.client_certificate = match &self.shown {
                Shown::Own(certificate) => Some(certificate.clone()),
                Shown::Nothing => None,
                Shown::Usual => backend::client_certificate(reader, settings)
                    .map_err(|why| Failure::new("InvalidClientCertificateRef", why))?,
            };
        }
        policy.retry_budget = self.retry_budget(target.name());
        Ok(target.cluster(settings, &policy))
    }
}

/// What `appProtocol` may say where requests go.
const OF_REQUESTS: [&str; 4] = ["http", "https", "kubernetes.io/h2c", "kubernetes.io/ws"];
/// What it may say where calls go.
const OF_CALLS: [&str; 4] = ["grpc", "http", "https", "kubernetes.io/h2c"];
/// WebSockets over TLS: whom a backend must prove to be, only a policy can say (GEP-1911).
const SECURE_WEBSOCKETS: &str = "kubernetes.io/wss";

/// Whether a port speaks what is carried to it. Connections and datagrams may be of any protocol.
fn check_protocol(target: &Target<'_>, speaks: Speaks, has_policy: bool) -> Result<(), Failure> {
    let Some(protocol) = target.app_protocol() else { return Ok(()) };
    let known = match speaks {
        Speaks::Http => OF_REQUESTS,
        Speaks::Grpc => OF_CALLS,
        Speaks::Stream | Speaks::PassedTls | Speaks::Datagrams => return Ok(()),
    };
    let is_secured = speaks == Speaks::Http && is_protocol(protocol, SECURE_WEBSOCKETS);
    if known.iter().any(|known| is_protocol(protocol, known)) || (is_secured && has_policy) {
        return Ok(());
    }
    let found = format!("appProtocol {} of Service {}", quoted(protocol), target.name());
    let message = match is_secured {
        true => format!("{found} needs a BackendTLSPolicy"),
        false => format!("{found} is not spoken here; known are {}", known.join(", ")),
    };
    Err(Failure::new("UnsupportedProtocol", message))
}
