//! What a test gets: a namespace of its own in a cluster, and a runtime inside.

use std::io::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::runtime::Builder;

use crate::cluster::Cluster;
use crate::objects::Objects;
use crate::programs;

/// A namespace in a running cluster, with all rights.
pub struct Bed {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// The administrator's client.
    pub client: Client,
    /// The namespace, which nobody else uses.
    pub namespace: String,
    /// Applies and deletes objects; those that name no namespace are in that of the bed.
    pub objects: Objects,
}

impl Bed {
    /// A namespace with this name, from inside the cluster's network only.
    pub async fn make(cluster: Arc<Cluster>, namespace: &str) -> Result<Self> {
        let client = cluster.client().await?;
        let spaces: Api<Namespace> = Api::all(client.clone());
        let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        spaces.create(&PostParams::default(), &serde_json::from_value(space)?).await?;
        let objects = Objects::new(client.clone(), namespace);
        Ok(Self { cluster, client, namespace: namespace.to_owned(), objects })
    }

    /// Objects of one kind in the namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Objects of one kind in the whole cluster.
    pub fn all<K: kube::Resource<DynamicType = ()>>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    async fn remove(self) -> Result<()> {
        let spaces: Api<Namespace> = Api::all(self.client.clone());
        spaces
            .delete(&self.namespace, &DeleteParams::default())
            .await
            .context("the namespace of the test")?;
        Ok(())
    }
}

/// Runs a test in a namespace of its own in the cluster that all tests of this process share. Where there can be no
/// cluster it says so, on the standard output of the process, and the test passes.
pub fn test(namespace: &str, body: impl AsyncFnOnce(&Bed) + Send + 'static) {
    if let Some(cluster) = shared() {
        run(&cluster, namespace, body);
    }
}

/// Runs a test in a cluster that it has for itself, one at a time: it may break what it likes.
pub fn test_alone(namespace: &str, body: impl AsyncFnOnce(&Bed) + Send + 'static) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if is_possible() {
        run(&Arc::new(Cluster::start().expect("a cluster")), namespace, body);
    }
}

fn shared() -> Option<Arc<Cluster>> {
    static SHARED: OnceLock<Option<Arc<Cluster>>> = OnceLock::new();
    let start = || is_possible().then(|| Arc::new(Cluster::start().expect("a cluster")));
    SHARED.get_or_init(start).clone()
}

fn is_possible() -> bool {
    let Some(why) = programs::why_not() else { return true };
    // Not by `println`: the output of tests that pass is shown to nobody.
    let _ = writeln!(std::io::stdout(), "left out: tests in a cluster: {why}");
    false
}

fn run(cluster: &Arc<Cluster>, namespace: &str, body: impl AsyncFnOnce(&Bed) + Send + 'static) {
    let namespace = namespace.to_owned();
    let inside = cluster.clone();
    let work = move || {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let bed = Bed::make(inside, &namespace).await.expect("a namespace for the test");
            body(&bed).await;
            bed.remove().await.expect("the namespace goes");
        });
    };
    if let Err(panic) = cluster.inside(work) {
        std::panic::resume_unwind(panic);
    }
}
