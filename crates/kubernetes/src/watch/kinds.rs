//! The kinds that are watched, in one table.

use std::sync::Arc;

use api::{Kind, Scope};

use super::Settings;

/// A kind, as the API server has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) kind: Kind,
    /// How it is called in paths.
    plural: &'static str,
    pub(super) origin: Origin,
    /// Which objects are asked for.
    pub(super) fields: Option<&'static str>,
    /// Objects in one page of a list.
    pub(super) page: u32,
    /// Whether it has a status that a controller writes.
    pub(super) has_status: bool,
}

/// Where a kind comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Every cluster has it.
    Kubernetes,
    /// A cluster has it once its definition was applied.
    Defined,
}

/// What no controller of ours has any use for: releases of Helm are large, and tokens are nobody's business.
const SECRETS: &str = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token";

/// A Secret or a ConfigMap may have a megabyte, and a page is held as a whole.
const LARGE_PAGE: u32 = 50;
const PAGE: u32 = 500;

const fn row(kind: Kind, plural: &'static str, origin: Origin) -> Watched {
    Watched { kind, plural, origin, fields: None, page: PAGE, has_status: false }
}

const fn with_status(kind: Kind, plural: &'static str, origin: Origin) -> Watched {
    Watched { has_status: true, ..row(kind, plural, origin) }
}

/// What every namespace has is no CA of a user's.
const CONFIG_MAPS: &str = "metadata.name!=kube-root-ca.crt";

/// Namespaces, ConfigMaps and ContourDeployments matter to the Gateway API alone.
pub(super) static WATCHED: [Watched; 23] = [
    row(Kind::Namespace, "namespaces", Origin::Kubernetes),
    row(Kind::Service, "services", Origin::Kubernetes),
    row(Kind::EndpointSlice, "endpointslices", Origin::Kubernetes),
    Watched { fields: Some(SECRETS), page: LARGE_PAGE, ..row(Kind::Secret, "secrets", Origin::Kubernetes) },
    Watched {
        fields: Some(CONFIG_MAPS),
        page: LARGE_PAGE,
        ..row(Kind::ConfigMap, "configmaps", Origin::Kubernetes)
    },
    with_status(Kind::Ingress, "ingresses", Origin::Kubernetes),
    with_status(Kind::HttpProxy, "httpproxies", Origin::Defined),
    with_status(Kind::TlsCertificateDelegation, "tlscertificatedelegations", Origin::Defined),
    with_status(Kind::ExtensionService, "extensionservices", Origin::Defined),
    with_status(Kind::IngressRoute, "ingressroutes", Origin::Defined),
    with_status(Kind::HeptioCertificateDelegation, "tlscertificatedelegations", Origin::Defined),
    row(Kind::ContourDeployment, "contourdeployments", Origin::Defined),
    with_status(Kind::GatewayClass, "gatewayclasses", Origin::Defined),
    with_status(Kind::Gateway, "gateways", Origin::Defined),
    with_status(Kind::ListenerSet, "listenersets", Origin::Defined),
    with_status(Kind::HttpRoute, "httproutes", Origin::Defined),
    with_status(Kind::GrpcRoute, "grpcroutes", Origin::Defined),
    with_status(Kind::TlsRoute, "tlsroutes", Origin::Defined),
    with_status(Kind::TcpRoute, "tcproutes", Origin::Defined),
    with_status(Kind::UdpRoute, "udproutes", Origin::Defined),
    row(Kind::ReferenceGrant, "referencegrants", Origin::Defined),
    with_status(Kind::BackendTlsPolicy, "backendtlspolicies", Origin::Defined),
    with_status(Kind::XBackendTrafficPolicy, "xbackendtrafficpolicies", Origin::Defined),
];

/// How the definitions of the kinds of the Gateway API are called, that of classes first.
pub(crate) fn gateway_api_definitions() -> impl Iterator<Item = String> {
    WATCHED.iter().filter_map(|watched| {
        let (group, _) = watched.kind.api_version().split_once('/')?;
        group.starts_with("gateway.networking.").then(|| format!("{}.{group}", watched.plural))
    })
}

/// What one watch follows: a kind, in one namespace or in all.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) watched: &'static Watched,
    namespace: Option<Arc<str>>,
    /// Which objects are asked for, by their labels.
    pub(super) labels: Option<&'static str>,
}

impl Target {
    /// The targets of a kind: one for each namespace, or one for all and for a kind that has none. Who may read some
    /// namespaces alone does not see the labels of any, as a rule.
    pub(super) fn of_kind(watched: &'static Watched, settings: &Settings) -> Vec<Self> {
        let namespaces = &settings.namespaces;
        if !namespaces.is_empty() && watched.kind == Kind::Namespace && !settings.namespace_labels {
            return vec![];
        }
        let labels = settings.secret_labels.filter(|_| watched.kind == Kind::Secret);
        let target = |namespace| Self { watched, namespace, labels };
        if namespaces.is_empty() || watched.kind.scope() == Scope::Cluster {
            return vec![target(None)];
        }
        namespaces.iter().map(|name| target(Some(Arc::clone(name)))).collect()
    }

    /// Where its objects are.
    pub(super) fn path(&self) -> String {
        let root = self.watched.root();
        match &self.namespace {
            None => format!("{root}/{}", self.watched.plural),
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.watched.plural),
        }
    }

    /// How its kind is called in paths and in roles.
    pub(super) fn plural(&self) -> &'static str {
        self.watched.plural
    }
}

impl Watched {
    /// Where its group and version are.
    pub(super) fn root(&self) -> String {
        let version = self.kind.api_version();
        if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(kind: Kind, namespaces: &[&str]) -> Vec<String> {
        let namespaces = namespaces.iter().map(|name| (*name).into()).collect();
        let watched = WATCHED.iter().find(|watched| watched.kind == kind).unwrap();
        let settings = Settings { namespaces, ..Settings::default() };
        Target::of_kind(watched, &settings).iter().map(Target::path).collect()
    }

    #[test]
    fn kinds_are_where_the_api_server_has_them() {
        assert_eq!(paths(Kind::Secret, &[]), ["/api/v1/secrets"]);
        assert_eq!(paths(Kind::HttpProxy, &[]), ["/apis/projectcontour.io/v1/httpproxies"]);
        assert_eq!(
            paths(Kind::GatewayClass, &["a", "b"]),
            ["/apis/gateway.networking.k8s.io/v1/gatewayclasses"]
        );
        assert_eq!(
            paths(Kind::Ingress, &["a", "b"]),
            [
                "/apis/networking.k8s.io/v1/namespaces/a/ingresses",
                "/apis/networking.k8s.io/v1/namespaces/b/ingresses"
            ]
        );
    }

    #[test]
    fn definitions_are_called_by_kind_and_group() {
        let names: Vec<_> = gateway_api_definitions().collect();
        assert_eq!(names.len(), 11);
        assert_eq!(names[0], "gatewayclasses.gateway.networking.k8s.io");
        assert!(
            names.contains(&"xbackendtrafficpolicies.gateway.networking.x-k8s.io".to_owned()),
            "{names:?}"
        );
    }

    #[test]
    fn every_kind_is_watched_once() {
        let mut watched: Vec<_> = WATCHED.iter().map(|watched| watched.kind).collect();
        watched.sort();
        assert_eq!(
            watched,
            Kind::ALL
                .iter()
                .copied()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
    }
}
