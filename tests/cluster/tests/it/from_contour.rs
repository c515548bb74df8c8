//! The guide docs/from-contour.md, step by step. In Contour's place is Isobath by Contour's names, from
//! `deploy/overlays/in-place-of-contour`; where somebody has a Contour at hand, Contour itself too.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};
use testbed::{Bed, Mode, Objects};
use testkit::{ClientTls, Load, Request, Trust};

use crate::controller::certificates;
use crate::install::{NAMESPACE, OBJECTS, address_in, kubectl};
use crate::objects::{pair, secret};
use crate::rights::used;
use crate::statuses::becomes;

/// Where Contour is.
const CONTOUR: &str = "projectcontour";
/// Names the folder with the manifests of a Contour, whose program `PEER_CONTOUR` names.
const MANIFESTS: &str = "PEER_CONTOUR_MANIFESTS";
/// Objects beside those of the installation, which Contour and Isobath serve alike.
const MORE: &str = include_str!("from_contour/objects.yaml");

/// What the guide leads away from.
enum Origin {
    /// Contour, with the manifests in this folder.
    Contour(String),
    /// Isobath by its names.
    Ours,
}

impl Origin {
    fn is_ours(&self) -> bool {
        matches!(self, Self::Ours)
    }

    async fn install(&self, bed: &Bed) {
        match self {
            // As its documentation says.
            Self::Contour(folder) => drop(kubectl(bed, &["apply", "--filename", folder]).await),
            Self::Ours => apply(bed, "overlays/in-place-of-contour").await,
        }
        is_rolled_out(bed, CONTOUR, "deployment/contour").await;
        if self.is_ours() {
            has_contours_names(bed).await;
        }
    }

    /// Applies the objects that it knows.
    async fn objects(&self, bed: &Bed) {
        kubectl(bed, &["create", "namespace", "team"]).await;
        let certificate = secret("certificate", "kubernetes.io/tls", &pair(&certificates(0).server));
        let objects = [OBJECTS, MORE].map(|text| Objects::parse(text).unwrap()).concat();
        let known = |object: &Value| {
            self.is_ours() || !object["apiVersion"].as_str().unwrap().starts_with("contour.heptio.com/")
        };
        for object in objects.iter().filter(|object| known(object)).chain([&certificate]) {
            bed.objects.apply_one(object, Mode::Keep).await.unwrap();
        }
    }
}

/// Where clients come in.
#[derive(Clone, Copy)]
struct Entrance {
    http: SocketAddr,
    https: SocketAddr,
}

impl Entrance {
    /// By the Service of a namespace.
    async fn of(bed: &Bed, namespace: &str) -> Self {
        let http = address_in(bed, namespace).await;
        Self { http, https: SocketAddr::new(http.ip(), 443) }
    }

    /// By the host ports of the node, as the guide says.
    fn shadow() -> Self {
        let [http, https] = [10_080, 10_443].map(|port| SocketAddr::from(([10, 88, 0, 1], port)));
        Self { http, https }
    }
}

async fn apply(bed: &Bed, overlay: &str) {
    let folder = format!("deploy/{overlay}");
    kubectl(bed, &["apply", "--server-side", "--kustomize", &folder]).await;
}

async fn is_rolled_out(bed: &Bed, namespace: &str, controller: &str) {
    for part in [controller, "daemonset/envoy"] {
        kubectl(bed, &["rollout", "status", "--namespace", namespace, part, "--timeout=180s"]).await;
    }
}

/// The names, ports and command lines that automation for Contour's manifests knows.
async fn has_contours_names(bed: &Bed) {
    let services: Api<Service> = Api::namespaced(bed.client.clone(), CONTOUR);
    let ports = async |name: &str| -> Value {
        let spec = services.get(name).await.unwrap().spec.unwrap();
        let ports = spec.ports.into_iter().flatten().map(|port| json!([port.name, port.port]));
        json!([spec.type_, ports.collect::<Vec<_>>()])
    };
    assert_eq!(ports("contour").await, json!(["ClusterIP", [["xds", 8001]]]));
    assert_eq!(ports("envoy").await, json!(["LoadBalancer", [["http", 80], ["https", 443]]]));
    let pods: Api<Pod> = Api::namespaced(bed.client.clone(), CONTOUR);
    for (label, container, begins) in [
        ("app=contour", "contour", "/bin/contour serve --incluster --xds-address=0.0.0.0 --xds-port=8001 "),
        ("app=envoy", "shutdown-manager", "/bin/contour envoy shutdown-manager "),
        (
            "app=envoy",
            "envoy",
            "/bin/envoy --config-path /config/envoy.json --service-cluster projectcontour ",
        ),
    ] {
        let found = pods.list(&ListParams::default().labels(label)).await.unwrap();
        let lines = found.items.iter().flat_map(|pod| bed.cluster.processes(pod, container)).map(|process| {
            let line = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
            line.replace('\0', " ")
        });
        let lines: Vec<_> = lines.collect();
        assert!(lines.iter().any(|line| line.starts_with(begins)), "{container}: {lines:?}");
    }
    let secrets = kubectl(bed, &["get", "secrets", "--namespace", CONTOUR, "--output=name"]).await;
    assert_eq!(secrets, "secret/contourcert\nsecret/envoycert\nsecret/nextcerts\n");
}

/// What clients ask for, and what they get of both: status and backend.
const ANSWERS: [(&str, &str, &str); 15] = [
    ("http", "shop.example/a?b", "200 echo"),
    ("http", "wrong.example/", "503 "),
    ("http", "ingress.example/", "200 echo"),
    ("http", "nobody.example/", "404 "),
    ("http", "store.example/", "301 "),
    ("http", "store.example/open", "200 echo"),
    ("https", "store.example/", "200 echo"),
    ("https", "store.example/cart", "298 "),
    ("https", "store.example/cart/checkout", "299 "),
    ("http", "borrows.example/", "301 "),
    ("https", "borrows.example/", "298 "),
    ("http", "steals.example/", "404 "),
    ("http", "safe.example/", "301 "),
    ("https", "safe.example/", "200 echo"),
    // What Contour knows no more.
    ("http", INGRESS_ROUTE, "200 echo"),
];

const INGRESS_ROUTE: &str = "ingressroute.example/a";

/// What a client gets.
async fn answer(entrance: Entrance, scheme: &str, url: &str) -> String {
    let (host, path) = url.split_once('/').unwrap();
    let at = if scheme == "https" { entrance.https } else { entrance.http };
    let mut request = Request::get(at, host, &format!("/{path}"));
    if scheme == "https" {
        request = request.tls(ClientTls::new(host, &Trust::Anything));
    }
    match request.send().await {
        Ok(answer) => format!("{} {}", answer.code(), answer.service()),
        Err(failure) => failure.to_string(),
    }
}

/// Waits until clients get at each of these what the objects ask for.
async fn are_served(entrances: &[Entrance], origin: &Origin) {
    let asked = ANSWERS.into_iter().filter(|(_, url, _)| origin.is_ours() || *url != INGRESS_ROUTE);
    let expected: Vec<_> = asked.map(|(scheme, url, got)| (scheme, url, got.to_owned())).collect();
    for entrance in entrances {
        becomes(&format!("the answers at {}", entrance.http), expected.clone(), async || {
            let mut answers = Vec::new();
            for (scheme, url, _) in &expected {
                answers.push((*scheme, *url, answer(*entrance, scheme, url).await));
            }
            answers
        })
        .await;
    }
}

/// Waits until the status of a host says that clients get in here.
async fn is_said_to_be_at(bed: &Bed, entrance: Entrance) {
    becomes("the address in the status", entrance.http.ip().to_string(), async || {
        let output = "--output=jsonpath={.status.loadBalancer.ingress[*].ip}";
        kubectl(bed, &["get", "--namespace", &bed.namespace, "httpproxy/shop", output]).await
    })
    .await;
}

/// Looks at all objects without an installation: what is wrong is found.
async fn objects_are_looked_at(bed: &Bed) {
    let kinds =
        "httpproxies,tlscertificatedelegations,extensionservices,ingresses,services,endpointslices,secrets";
    let objects = kubectl(bed, &["get", kinds, "--all-namespaces", "--output=yaml"]).await;
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    fs::write(file.path(), objects).unwrap();
    let lint = Command::new(&bed.cluster.programs().isobath).arg("lint").arg(file.path()).output().unwrap();
    let said = String::from_utf8_lossy(&lint.stdout) + String::from_utf8_lossy(&lint.stderr);
    assert_eq!(lint.status.code(), Some(1), "{said}");
    assert!(said.contains("HTTPProxy shop/wrong") && said.contains("nobody"), "{said}");
}

/// Contour's controllers end, ours write statuses: where clients come in.
async fn is_switched(bed: &Bed) -> Entrance {
    kubectl(bed, &["scale", "--namespace", CONTOUR, "--replicas=0", "deployment/contour"]).await;
    apply(bed, "overlays/taking-over").await;
    is_rolled_out(bed, NAMESPACE, "deployment/isobath").await;
    Entrance::of(bed, NAMESPACE).await
}

/// Goes to Isobath and back while requests come in.
async fn goes_and_comes_back(bed: &Bed, origin: &Origin) {
    let contour = Entrance::of(bed, CONTOUR).await;
    is_said_to_be_at(bed, contour).await;
    objects_are_looked_at(bed).await;
    apply(bed, "overlays/side-by-side").await;
    is_rolled_out(bed, NAMESPACE, "deployment/isobath").await;
    are_served(&[contour, Entrance::shadow()], origin).await;
    let (did, _) = used(&bed.cluster.audit().unwrap());
    assert!(did.iter().all(|right| !right.starts_with("patch ")), "a shadow writes nothing: {did:?}");

    let load = Load::new(Request::get(contour.http, "shop.example", "/")).start();
    let isobath = is_switched(bed).await;
    is_said_to_be_at(bed, isobath).await;
    are_served(&[contour, isobath], origin).await;

    apply(bed, "overlays/side-by-side").await;
    kubectl(bed, &["scale", "--namespace", CONTOUR, "--replicas=2", "deployment/contour"]).await;
    is_rolled_out(bed, CONTOUR, "deployment/contour").await;
    is_said_to_be_at(bed, contour).await;
    load.more(20).await;
    load.stop().await.assert_clean();
}

async fn is_taken_out(bed: &Bed) {
    for gone in ["namespace/projectcontour", "clusterrole/contour", "clusterrolebinding/contour"] {
        kubectl(bed, &["delete", gone]).await;
    }
}

/// Contour goes for good. Its names come back where they are needed, and go.
async fn ends(bed: &Bed, origin: &Origin) {
    let isobath = is_switched(bed).await;
    are_served(&[isobath], origin).await;
    is_taken_out(bed).await;

    apply(bed, "overlays/in-place-of-contour").await;
    is_rolled_out(bed, CONTOUR, "deployment/contour").await;
    apply(bed, "overlays/side-by-side").await;
    let named = Entrance::of(bed, CONTOUR).await;
    are_served(&[named], origin).await;
    is_said_to_be_at(bed, named).await;
    is_taken_out(bed).await;

    apply(bed, "base").await;
    is_rolled_out(bed, NAMESPACE, "deployment/isobath").await;
    let isobath = Entrance::of(bed, NAMESPACE).await;
    are_served(&[isobath], origin).await;
    is_said_to_be_at(bed, isobath).await;
}

async fn walk(bed: &Bed, origin: &Origin) {
    origin.install(bed).await;
    origin.objects(bed).await;
    goes_and_comes_back(bed, origin).await;
    ends(bed, origin).await;
}

#[test]
fn the_guide_leads_from_contour_to_isobath_and_back() {
    testbed::test_alone("shop", async |bed| walk(bed, &Origin::Ours).await);
}

#[test]
fn the_guide_leads_from_a_contour_that_somebody_has_to_isobath_and_back() {
    match std::env::var(MANIFESTS) {
        Ok(folder) => {
            testbed::test_alone("shop", async move |bed| walk(bed, &Origin::Contour(folder)).await);
        }
        // Not by `println`: the output of tests that pass is shown to nobody.
        Err(_) => {
            let _ = writeln!(
                std::io::stdout(),
                "left out: the guide with Contour itself: {MANIFESTS} names none"
            );
        }
    }
}
