//! What a cluster refuses.

/// Why something could not be asked of the API server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kubeconfig cannot be used: it is not there, cannot be read, or names a context that it lacks.
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    /// There is no kubeconfig and this is no pod: neither names an API server.
    #[error("no API server is known: give --kubeconfig, or run in a pod with a service account ({0})")]
    NotInCluster(#[from] kube::config::InClusterError),
    /// The API server cannot be reached or refuses.
    #[error("the API server refuses: {0}")]
    Refused(#[from] kube::Error),
}
