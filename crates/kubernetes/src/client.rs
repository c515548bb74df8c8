//! How the API server is reached.

use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::Error;

/// Where the API server is and who we are to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Access {
    /// By the service account of the pod that this runs in.
    #[default]
    InCluster,
    /// By the current context of a kubeconfig.
    Kubeconfig(PathBuf),
}

/// A client for the API server. Nothing is sent yet.
///
/// # Errors
/// When there is no usable service account or kubeconfig.
pub async fn connect(access: &Access) -> Result<Client, Error> {
    let config = match access {
        Access::InCluster => Config::incluster()?,
        Access::Kubeconfig(path) => {
            let file = Kubeconfig::read_from(path)?;
            Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?
        }
    };
    Ok(Client::try_from(config)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_kubeconfig_is_named() {
        let access = Access::Kubeconfig("/nowhere/kubeconfig".into());
        let refused =
            futures::executor::block_on(connect(&access)).map(drop).expect_err("there is no such file");
        assert!(refused.to_string().contains("/nowhere/kubeconfig"), "{refused}");
    }
}
