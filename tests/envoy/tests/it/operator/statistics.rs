//! Statistics: over TLS, with files on Envoy's machine; and those that dashboards ask for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use harness::manifests::{HostCertificate, simple_proxy, tls_proxy};
use harness::{Authority, Options, World};
use model::Layout;
use tempfile::TempDir;
use testkit::{ClientTls, Failure, Request, Trust, eventually};

/// A folder with the files of a server, and its configuration; `more` are further keys.
fn files(certificate: &HostCertificate, more: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    write(folder.path(), certificate);
    let path = folder.path().display();
    let keys = format!("server-certificate-path: {path}/tls.crt, server-key-path: {path}/tls.key{more}");
    (folder, format!("metrics: {{envoy: {{port: 9000, {keys}}}}}\n"))
}

/// Puts files in place of others as volumes do, in one step.
fn write(folder: &Path, certificate: &HostCertificate) {
    for (name, content) in [("tls.key", &certificate.key), ("tls.crt", &certificate.certificate)] {
        let new = folder.join(format!("{name}.new"));
        fs::write(&new, content).unwrap();
        fs::rename(new, folder.join(name)).unwrap();
    }
}

fn trusting(certificate: &HostCertificate) -> ClientTls {
    ClientTls::new("stats.example", &Trust::Roots(certificate.certificate.clone()))
}

async fn statistics(world: &World, tls: Option<ClientTls>) -> Result<u16, Failure> {
    let request = Request::get(world.stats(), "stats.example", "/stats/prometheus");
    let request = match tls {
        Some(tls) => request.tls(tls),
        None => request,
    };
    request.send().await.map(|answer| answer.code())
}

#[tokio::test]
async fn statistics_are_served_over_tls_with_the_newest_certificate_and_readiness_without() {
    let (first, second) = (HostCertificate::new("stats.example"), HostCertificate::new("stats.example"));
    let (folder, configuration) = files(&first, "");
    let mut world = World::with(Options::configured(&configuration)).await;
    assert_eq!(statistics(&world, Some(trusting(&first))).await.unwrap(), 200);
    assert!(statistics(&world, None).await.is_err());
    assert!(statistics(&world, Some(trusting(&second))).await.is_err());
    let ready = Request::get(world.health(), "envoy", "/ready").send().await.unwrap();
    assert_eq!(ready.code(), 200);
    write(folder.path(), &second);
    eventually("the second certificate is shown", async || {
        statistics(&world, Some(trusting(&second))).await.map_err(|failure| failure.to_string())
    })
    .await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn who_asks_for_statistics_shows_a_certificate_where_there_is_a_ca() {
    let (ours, theirs) = (Authority::root("ours"), Authority::root("theirs"));
    let certificate = HostCertificate::new("stats.example");
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, ours.certificate()).unwrap();
    let (_files, configuration) = files(&certificate, &format!(", ca-certificate-path: {}", ca.display()));
    let mut world = World::with(Options::configured(&configuration)).await;
    let trust = Trust::Roots(certificate.certificate.clone());
    let showing = |authority: &Authority| {
        let client = authority.issue("scraper");
        ClientTls::with_identity("stats.example", &trust, &client.chain, &client.key)
    };
    assert_eq!(statistics(&world, Some(showing(&ours))).await.unwrap(), 200);
    for stranger in [None, Some(trusting(&certificate)), Some(showing(&theirs))] {
        assert!(statistics(&world, stranger).await.is_err());
    }
    world.assert_nothing_rejected().await;
}

/// All that panels of a dashboard ask Prometheus.
fn questions(dashboard: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/grafana");
    let board = fs::read_to_string(folder.join(dashboard)).unwrap();
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    let panels = board["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The names of Envoy's metrics and of their labels.
fn names(question: &str) -> BTreeSet<&str> {
    let words = question.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("envoy_")).collect()
}

/// Whether a line of a page is a figure that a question asks for: it has all its names, and is of a listener where
/// that is asked for.
fn is_asked_for(line: &str, question: &str) -> bool {
    let beginning = line.split(['{', ' ']).next().unwrap_or_default();
    let mut names = names(question);
    let of_listeners = !question.contains("=~\"ingress_.*\"") || line.contains("=\"ingress_");
    names.remove(beginning) && of_listeners && names.iter().all(|label| line.contains(&format!("{label}=\"")))
}

/// Whether a question is about a kind of resource that Envoys do not ask for in this layout.
fn is_of_another_layout(question: &str, layout: Layout) -> bool {
    match layout {
        Layout::Table => question.contains("_scoped_rds_"),
        Layout::Scoped | Layout::OnDemand => question.contains("_http_rds_"),
    }
}

#[tokio::test]
async fn dashboards_ask_for_figures_that_an_envoy_with_traffic_has() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    world.apply("secret", &HostCertificate::new("safe.example").secret("safe")).await;
    world.apply("safe", &tls_proxy("safe", "safe.example", "{secretName: safe}", "blue")).await;
    assert_eq!(world.ask("site.example", "/").await, (200, "blue".into()));
    // Its certificate may be fetched only now.
    assert_eq!(world.get_tls("safe.example", "/").send().await.unwrap().code(), 200);
    let is_of_use =
        |question: &String| !names(question).is_empty() && !is_of_another_layout(question, world.layout());
    let asked: Vec<_> = questions("envoys.json").into_iter().filter(is_of_use).collect();
    assert!(asked.len() >= 10, "{asked:?}");
    eventually("all figures are there", async || {
        let page = Request::get(world.stats(), "envoy", "/stats/prometheus").send().await.unwrap().text();
        let is_there = |question: &&String| page.lines().any(|line| is_asked_for(line, question));
        let missing: Vec<_> = asked.iter().filter(|question| !is_there(question)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:#?}")) }
    })
    .await;
}
