//! Statistics over TLS, with files on Envoy's machine.

use std::fs;
use std::path::Path;

use harness::manifests::HostCertificate;
use harness::{Authority, Options, World};
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
