//! How the API server is reached.

use std::path::PathBuf;
use std::time::Duration;

use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::limit::RateLimitLayer;

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
    Ok(Client::try_from(config(access).await?)?)
}

/// How many requests may be sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// In a second, in the long run; above 0.
    pub per_second: f32,
    /// At once; at least 1.
    pub at_once: u32,
}

/// A client that keeps a pace: what is too much waits. For what may wait, which watches and leases must not.
///
/// # Errors
/// As [`connect`].
pub async fn connect_paced(access: &Access, pace: Pace) -> Result<Client, Error> {
    let period = Duration::from_secs_f32(pace.at_once as f32 / pace.per_second);
    let limit = RateLimitLayer::new(pace.at_once.into(), period);
    Ok(ClientBuilder::try_from(config(access).await?)?.with_layer(&limit).build())
}

async fn config(access: &Access) -> Result<Config, Error> {
    match access {
        Access::InCluster => Ok(Config::incluster()?),
        Access::Kubeconfig(path) => {
            let file = Kubeconfig::read_from(path)?;
            Ok(Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?)
        }
    }
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
