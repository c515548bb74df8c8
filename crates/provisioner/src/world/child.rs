//! The objects that are made, by kind and name.

use serde_json::Value;

/// The kinds of objects that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChildKind {
    /// Whom Pods run as.
    ServiceAccount,
    /// The certificate.
    Secret,
    /// What is in front.
    Service,
    /// One Envoy on each node.
    DaemonSet,
    /// Some Envoys.
    Deployment,
    /// How many of them may be away at once.
    PodDisruptionBudget,
    /// What a Gateway's own controller may do in a namespace.
    RoleBinding,
    /// What it may do in the whole cluster.
    ClusterRoleBinding,
    /// How it is configured.
    ContourConfiguration,
}

/// Group and version of bindings.
const RBAC: &str = "rbac.authorization.k8s.io/v1";

impl ChildKind {
    /// Each of them: group and version, kind, plural.
    const ALL: [(Self, &'static str, &'static str, &'static str); 9] = [
        (Self::ServiceAccount, "v1", "ServiceAccount", "serviceaccounts"),
        (Self::Secret, "v1", "Secret", "secrets"),
        (Self::Service, "v1", "Service", "services"),
        (Self::DaemonSet, "apps/v1", "DaemonSet", "daemonsets"),
        (Self::Deployment, "apps/v1", "Deployment", "deployments"),
        (Self::PodDisruptionBudget, "policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
        (Self::RoleBinding, RBAC, "RoleBinding", "rolebindings"),
        (Self::ClusterRoleBinding, RBAC, "ClusterRoleBinding", "clusterrolebindings"),
        (
            Self::ContourConfiguration,
            "projectcontour.io/v1alpha1",
            "ContourConfiguration",
            "contourconfigurations",
        ),
    ];

    /// All kinds.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(kind, ..)| *kind)
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        let (_, version, name, plural) = Self::ALL[self as usize];
        (version, name, plural)
    }

    /// Group and version.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        self.row().0
    }

    /// As in the field `kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// As in paths and roles.
    #[must_use]
    pub fn plural(self) -> &'static str {
        self.row().2
    }

    /// Whether its objects are in no namespace.
    #[must_use]
    pub const fn is_of_cluster(self) -> bool {
        matches!(self, Self::ClusterRoleBinding)
    }

    fn of(object: &Value) -> Option<Self> {
        let name = object["kind"].as_str()?;
        Self::ALL.iter().find(|(_, _, kind, _)| *kind == name).map(|(kind, ..)| *kind)
    }
}

/// An object that was made, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId {
    /// Its kind.
    pub kind: ChildKind,
    /// Its namespace; empty where it is in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ChildId {
    /// That of an object; `None` where it is none that is made here.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
        let kind = ChildKind::of(object)?;
        let namespace = if kind.is_of_cluster() { Some(String::new()) } else { text("namespace") };
        Some(Self { kind, namespace: namespace?, name: text("name")? })
    }
}
