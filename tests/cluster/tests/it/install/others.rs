//! Installed otherwise: by helm, and with rights for some namespaces alone.

use std::path::PathBuf;

use testbed::Bed;
use tokio::process::Command;

use super::{NAMESPACE, OBJECTS, address, is_installed, is_served, jobs_are_done, kubectl};
use crate::rights::used;
use crate::statuses::becomes;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What a program says, in the root of this repository.
async fn said(mut command: Command) -> String {
    let ran = command.current_dir(ROOT).output().await.unwrap();
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim_end().to_owned()
}

async fn helm(bed: &Bed, arguments: &[&str]) {
    let folder = PathBuf::from(said(Command::new("hack/build-helm")).await);
    let mut command = Command::new(folder.join("helm"));
    command.args(arguments).env("KUBECONFIG", bed.cluster.kubeconfig());
    command.env("HELM_CACHE_HOME", bed.cluster.folder().join("helm"));
    said(command).await;
}

/// Waits until the host of [`OBJECTS`] is served; nobody was refused anything meanwhile.
async fn works(bed: &Bed) {
    jobs_are_done(bed, 1).await;
    is_installed(bed).await;
    bed.objects.apply(OBJECTS).await.unwrap();
    is_served(address(bed).await).await;
    let (_, refused) = used(&bed.cluster.audit().unwrap());
    assert_eq!(refused, [].into(), "these were not granted");
}

#[test]
fn the_chart_gives_a_working_ingress_and_takes_it_back() {
    testbed::test_alone("isobath", async |bed| {
        helm(bed, &["install", "isobath", "charts/isobath", "--namespace", NAMESPACE]).await;
        works(bed).await;

        let part = "--selector=app.kubernetes.io/part-of=isobath";
        let kinds = "clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,services,deployments,daemonsets,\
                     cronjobs,configmaps,networkpolicies,poddisruptionbudgets";
        let there =
            async || kubectl(bed, &["get", kinds, "--namespace", NAMESPACE, part, "--output=name"]).await;
        let installed = there().await;
        for object in ["clusterrole.rbac.authorization.k8s.io/isobath\n", "deployment.apps/isobath\n"] {
            assert!(installed.contains(object), "{installed}");
        }
        helm(bed, &["uninstall", "isobath", "--namespace", NAMESPACE]).await;
        becomes("what is left", String::new(), there).await;
    });
}

#[test]
fn with_rights_for_one_namespace_its_objects_are_served_and_nothing_else_is_asked_for() {
    testbed::test_alone("isobath", async |bed| {
        kubectl(bed, &["apply", "--server-side", "--kustomize", "deploy/overlays/namespaced"]).await;
        works(bed).await;
    });
}
