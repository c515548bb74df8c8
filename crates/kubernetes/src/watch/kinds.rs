//! The kinds that are watched, in one table.

use std::sync::Arc;

use api::Kind;

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

/// A Secret may have a megabyte, and a page is held as a whole.
const SECRETS_PAGE: u32 = 50;
const PAGE: u32 = 500;

const fn row(kind: Kind, plural: &'static str, origin: Origin) -> Watched {
    Watched { kind, plural, origin, fields: None, page: PAGE, has_status: false }
}

const fn with_status(kind: Kind, plural: &'static str, origin: Origin) -> Watched {
    Watched { has_status: true, ..row(kind, plural, origin) }
}

/// Namespaces matter to selectors of the Gateway API alone: they are not watched.
pub(super) static WATCHED: [Watched; 9] = [
    row(Kind::Service, "services", Origin::Kubernetes),
    row(Kind::EndpointSlice, "endpointslices", Origin::Kubernetes),
    Watched { fields: Some(SECRETS), page: SECRETS_PAGE, ..row(Kind::Secret, "secrets", Origin::Kubernetes) },
    with_status(Kind::Ingress, "ingresses", Origin::Kubernetes),
    with_status(Kind::HttpProxy, "httpproxies", Origin::Defined),
    with_status(Kind::TlsCertificateDelegation, "tlscertificatedelegations", Origin::Defined),
    with_status(Kind::ExtensionService, "extensionservices", Origin::Defined),
    with_status(Kind::IngressRoute, "ingressroutes", Origin::Defined),
    with_status(Kind::HeptioCertificateDelegation, "tlscertificatedelegations", Origin::Defined),
];

/// What one watch follows: a kind, in one namespace or in all.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) watched: &'static Watched,
    namespace: Option<Arc<str>>,
}

impl Target {
    /// The targets of a kind: one for each namespace, or one for all.
    pub(super) fn of_kind(watched: &'static Watched, namespaces: &[Arc<str>]) -> Vec<Self> {
        if namespaces.is_empty() {
            return vec![Self { watched, namespace: None }];
        }
        namespaces.iter().map(|name| Self { watched, namespace: Some(Arc::clone(name)) }).collect()
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
        let namespaces: Vec<Arc<str>> = namespaces.iter().map(|name| (*name).into()).collect();
        let watched = WATCHED.iter().find(|watched| watched.kind == kind).unwrap();
        Target::of_kind(watched, &namespaces).iter().map(Target::path).collect()
    }

    #[test]
    fn kinds_are_where_the_api_server_has_them() {
        assert_eq!(paths(Kind::Secret, &[]), ["/api/v1/secrets"]);
        assert_eq!(paths(Kind::HttpProxy, &[]), ["/apis/projectcontour.io/v1/httpproxies"]);
        assert_eq!(
            paths(Kind::Ingress, &["a", "b"]),
            [
                "/apis/networking.k8s.io/v1/namespaces/a/ingresses",
                "/apis/networking.k8s.io/v1/namespaces/b/ingresses"
            ]
        );
    }

    #[test]
    fn every_kind_but_namespaces_is_watched_once() {
        let mut watched: Vec<_> = WATCHED.iter().map(|watched| watched.kind).collect();
        watched.push(Kind::Namespace);
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
