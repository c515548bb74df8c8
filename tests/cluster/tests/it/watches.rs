//! What the watches tell of a real API server.

use std::collections::BTreeSet;
use std::time::Duration;

use api::Kind;
use isobath_cluster_tests::{install_definitions_alone, install_gateway_definitions_alone};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, Patch, PatchParams};
use kubernetes::watch::{Batch, Settings, State, Tallies, Watches};
use serde_json::json;
use status::Release;
use store::Change;
use testbed::Bed;
use tokio::sync::mpsc;

/// A failing run must not hang.
const HANG: Duration = Duration::from_secs(120);

/// Watches of the bed's namespace, and what they told.
struct Watching {
    batches: mpsc::Receiver<Batch>,
    tallies: Tallies,
}

impl Watching {
    async fn of(bed: &Bed) -> Self {
        let namespaces = vec![bed.namespace.as_str().into()];
        let longest = Duration::from_millis(200);
        let settings =
            Settings { namespaces, longest_pause: longest, longest_absence: longest, ..Settings::default() };
        let watches = Watches::new(bed.cluster.client().await.expect("a client"), settings);
        let tallies = watches.tallies();
        let (batches, received) = mpsc::channel(1);
        tokio::spawn(watches.run(batches));
        Self { batches: received, tallies }
    }

    async fn batch(&mut self) -> Batch {
        tokio::time::timeout(HANG, self.batches.recv()).await.expect("nothing is told").expect("watches run")
    }

    /// Everything that there is.
    async fn synced(&mut self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        loop {
            let batch = self.batch().await;
            all.extend(told(&batch));
            if batch.synced {
                return all;
            }
        }
    }

    /// Waits until this is told, and gives what was told before.
    async fn until(&mut self, line: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            before.extend(told(&self.batch().await));
            if let Some(place) = before.iter().position(|told| told == line) {
                before.truncate(place);
                return before;
            }
        }
    }

    fn lists(&self, kind: Kind) -> u64 {
        self.tallies.iter().filter(|tally| tally.kind() == kind).map(|tally| tally.lists()).sum()
    }
}

fn told(batch: &Batch) -> Vec<String> {
    let line = |change: &Change| match change {
        Change::Applied(_) => format!("+ {}", change.object()),
        Change::Removed(object) => format!("- {object}"),
    };
    batch.changes.iter().map(line).collect()
}

fn service(name: &str, port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: {port}}}]}}\n"
    )
}

fn secret(name: &str, kind: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\ntype: {kind}\ndata: {{a: YQ==}}\n")
}

#[test]
fn changes_of_a_real_cluster_are_told() {
    testbed::test("watches", async |bed| {
        bed.objects.apply(&service("a", 80)).await.expect("applied");
        bed.objects.apply(&secret("certificate", "Opaque")).await.expect("applied");
        bed.objects.apply(&secret("release", "helm.sh/release.v1")).await.expect("applied");
        let mut watching = Watching::of(bed).await;
        let all = watching.synced().await;
        assert!(
            all.contains("+ Service watches/a") && all.contains("+ Secret watches/certificate"),
            "{all:?}"
        );
        assert!(!all.contains("+ Secret watches/release"), "{all:?}");
        bed.objects.apply(&service("a", 81)).await.expect("applied");
        watching.until("+ Service watches/a").await;
        bed.objects.delete(&service("a", 81)).await.expect("deleted");
        watching.until("- Service watches/a").await;
    });
}

#[test]
fn definitions_may_come_and_go() {
    testbed::test_alone("definitions", async |bed| {
        let mut watching = Watching::of(bed).await;
        watching.synced().await;
        let absent = watching.tallies.iter().filter(|tally| tally.state() == State::Absent);
        // Six of Contour's, eleven of the Gateway API.
        assert_eq!(absent.count(), 17);
        install_definitions_alone(bed).await;
        let proxy = "apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata: {name: p}\n\
                     spec: {virtualhost: {fqdn: a.example}}\n";
        bed.objects.apply(proxy).await.expect("applied");
        watching.until("+ HTTPProxy definitions/p").await;
        let definitions = bed.all::<CustomResourceDefinition>();
        definitions.delete("httpproxies.projectcontour.io", &DeleteParams::default()).await.expect("deleted");
        watching.until("- HTTPProxy definitions/p").await;

        // Those of the Gateway API say which release they are of.
        assert_eq!(kubernetes::release(&bed.client).await.expect("asked"), Release::Unknown);
        install_gateway_definitions_alone(bed).await;
        assert_eq!(kubernetes::release(&bed.client).await.expect("asked"), Release::Supported);
        let name = "udproutes.gateway.networking.k8s.io";
        let other =
            json!({"metadata": {"annotations": {"gateway.networking.k8s.io/bundle-version": "v1.7.0"}}});
        let params = PatchParams::default();
        definitions.patch(name, &params, &Patch::Merge(&other)).await.expect("patched");
        let complaint = format!("{name} is of release v1.7.0");
        assert_eq!(
            kubernetes::release(&bed.client).await.expect("asked"),
            Release::Unsupported(vec![complaint])
        );
    });
}

#[test]
fn after_an_outage_only_what_changed_is_told() {
    testbed::test_alone("outage", async |bed| {
        for name in ["a", "b", "c"] {
            bed.objects.apply(&service(name, 80)).await.expect("applied");
        }
        let mut watching = Watching::of(bed).await;
        watching.synced().await;
        let lists = watching.lists(Kind::Service);
        for _ in 0..2 {
            bed.cluster.stop_api_server().await.expect("stopped");
            bed.cluster.start_api_server().await.expect("started");
        }
        bed.objects.apply(&service("d", 80)).await.expect("applied");
        let before = watching.until("+ Service outage/d").await;
        let others = before.iter().filter(|line| line.contains("Service"));
        assert_eq!(others.count(), 0, "{before:?}");
        // The API server forgets what happened before it started; it may say so, and then everything is listed.
        assert!(watching.lists(Kind::Service) <= lists + 2);
    });
}
