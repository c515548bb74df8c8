//! Definitions of kinds: put into the cluster, and waited for until they are served.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::wait::{await_condition, conditions::is_crd_established};
use kube::{Api, ResourceExt as _};
use serde_json::Value;
use tokio::time::timeout;

use crate::objects::{Mode, Objects};
use crate::programs::{output, repository};

/// How long the API server may take to serve a new kind.
const PATIENCE: Duration = Duration::from_secs(60);

impl Objects {
    /// Applies definitions of kinds, and what stands among them, and waits until the kinds are served.
    pub async fn define(&self, definitions: &[Value]) -> Result<()> {
        for definition in definitions {
            let kept = self.apply_one(definition, Mode::Keep).await?;
            if definition["kind"] == "CustomResourceDefinition" {
                self.is_served(&kept.name_any()).await?;
            }
        }
        Ok(())
    }

    async fn is_served(&self, name: &str) -> Result<()> {
        let definitions: Api<CustomResourceDefinition> = Api::all(self.client.clone());
        let served = timeout(PATIENCE, await_condition(definitions, name, is_crd_established())).await;
        drop(served.with_context(|| format!("{name} is not served after {PATIENCE:?}"))??);
        Ok(())
    }
}

/// The definitions of the Gateway API, experimental channel: what is in the folder that `hack/gateway-api` prints.
pub fn gateway_definitions() -> Result<Vec<Value>> {
    let folder = output(&mut Command::new(repository().join("hack/gateway-api")))?;
    let folder = Path::new(folder.trim_end()).join("experimental");
    let files = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = files.map(|file| Ok(file?.path())).collect::<Result<_>>()?;
    files.sort();
    let mut definitions = Vec::new();
    for file in files.iter().filter(|file| is_of_gateways(file)) {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        definitions.extend(Objects::parse(&text)?);
    }
    Ok(definitions)
}

fn is_of_gateways(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("gateway."))
}
