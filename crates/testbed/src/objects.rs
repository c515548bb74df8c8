//! Objects of any kind, as a user applies them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::{Context as _, Result};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind, TypeMeta};
use kube::discovery::{self, ApiCapabilities, Scope};
use kube::{Api, Client};
use serde_json::Value;

/// Who fields belong to that were applied.
const MANAGER: &str = "testbed";

/// Applies objects to the API server.
pub struct Objects {
    pub(crate) client: Client,
    /// Where objects go that name no namespace.
    namespace: String,
    kinds: Mutex<BTreeMap<(String, String), (ApiResource, ApiCapabilities)>>,
}

/// Whether the server keeps what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Keep,
    /// It only says what it would have kept.
    DryRun,
}

impl Objects {
    /// By this client; objects that name no namespace go into this one.
    pub fn new(client: Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.to_owned(), kinds: Mutex::default() }
    }

    /// The objects of a YAML text, in its order.
    pub fn parse(text: &str) -> Result<Vec<Value>> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
        Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
    }

    /// Applies all objects of a YAML text, in its order; the first that is refused ends it.
    pub async fn apply(&self, text: &str) -> Result<Vec<DynamicObject>> {
        let mut kept = Vec::new();
        for object in Self::parse(text)? {
            kept.push(self.apply_one(&object, Mode::Keep).await?);
        }
        Ok(kept)
    }

    /// Applies one object: what the server made of it, or why it refused.
    pub async fn apply_one(&self, object: &Value, mode: Mode) -> Result<DynamicObject> {
        let (api, name) = self.place(object).await?;
        let mut parameters = PatchParams::apply(MANAGER).force();
        parameters.dry_run = mode == Mode::DryRun;
        // Unknown fields are refused, as kubectl has it.
        parameters.field_validation = Some(kube::api::ValidationDirective::Strict);
        api.patch(&name, &parameters, &Patch::Apply(object)).await.with_context(|| describe(object))
    }

    /// Deletes all objects of a YAML text that are there.
    pub async fn delete(&self, text: &str) -> Result<()> {
        for object in Self::parse(text)? {
            let (api, name) = self.place(&object).await?;
            match api.delete(&name, &DeleteParams::default()).await {
                Err(kube::Error::Api(refusal)) if refusal.code == 404 => {}
                outcome => drop(outcome.with_context(|| describe(&object))?),
            }
        }
        Ok(())
    }

    async fn place(&self, object: &Value) -> Result<(Api<DynamicObject>, String)> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let kind = text("/kind").context("an object without a kind")?;
        let version = text("/apiVersion").context("an object without an apiVersion")?;
        let name = text("/metadata/name").context("an object without a name")?.to_owned();
        let (resource, capabilities) = self.kind(version, kind).await?;
        let api = match capabilities.scope {
            Scope::Cluster => Api::all_with(self.client.clone(), &resource),
            Scope::Namespaced => {
                let namespace = text("/metadata/namespace").unwrap_or(&self.namespace);
                Api::namespaced_with(self.client.clone(), namespace, &resource)
            }
        };
        Ok((api, name))
    }

    async fn kind(&self, version: &str, kind: &str) -> Result<(ApiResource, ApiCapabilities)> {
        let key = (version.to_owned(), kind.to_owned());
        let known = self.kinds.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let named = GroupVersionKind::try_from(TypeMeta { api_version: key.0.clone(), kind: key.1.clone() })?;
        let found = discovery::pinned_kind(&self.client, &named).await;
        let found = found.with_context(|| format!("{version} {kind} is not served"))?;
        self.kinds.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key, found.clone());
        Ok(found)
    }
}

fn describe(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}/{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
}
