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
    /// The API server refuses, in its own words.
    #[error("the API server refuses: {0}")]
    Refused(String),
    /// The API server cannot be asked.
    #[error("the API server cannot be asked: {0}")]
    Unreachable(String),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused(status.message),
            other => Self::Unreachable(other.to_string()),
        }
    }
}
