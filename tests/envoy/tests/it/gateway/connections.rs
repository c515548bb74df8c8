//! TLS around connections that a Gateway carries: the client's, the backend's, and both.

use std::net::SocketAddr;
use std::sync::Arc;

use harness::gateway::{self, GatewayWorld, behind_tls, carried, listener};
use harness::manifests::HostCertificate;
use model::{
    Authorities, Cluster, ClusterKey, SecretContent, SecretKey, SubjectName, Targets, Traffic, Transport,
    UpstreamTls, UpstreamValidation, WeightedCluster,
};
use testkit::{Backend, ClientTls, Failure, Port, Request, Trust};

fn all_to(cluster: &ClusterKey) -> Traffic {
    Traffic::Tcp(Targets::valid(vec![WeightedCluster::plain(cluster.clone(), 1)]))
}

/// A backend that must show a certificate of this CA for `db.inner`.
fn proven(name: &str, ca: &SecretKey) -> Cluster {
    let validation = UpstreamValidation {
        authorities: Authorities::Bundle(ca.clone()),
        subject_names: vec![SubjectName::Dns("db.inner".into())],
    };
    let tls = UpstreamTls {
        sni: "db.inner".into(),
        handshake: Arc::default(),
        validation: Some(validation),
        client_certificate: None,
    };
    Cluster { tls: Some(tls), ..gateway::cluster(name) }
}

/// What the backend of a connection saw: its name, and the host of TLS if it spoke TLS.
async fn reached(request: &Request) -> Result<(String, Option<String>), Failure> {
    let seen = request.send().await?.seen().expect("an answer of a backend");
    Ok((seen.service, seen.tls.map(|tls| tls.sni.unwrap_or_default())))
}

#[tokio::test]
async fn connections_are_in_tls_where_a_listener_ends_it_and_where_a_backend_wants_it() {
    let ports = [Port::reserve(), Port::reserve()];
    let tls = listener("tls-443", Transport::Tls, ports[0].address());
    let tcp = listener("tcp-9000", Transport::Tcp, ports[1].address());
    let mut gateway = GatewayWorld::with(&[tls.clone(), tcp.clone()]).await;
    let certificate = HostCertificate::new("db.example");
    gateway.add_certificate("db", &certificate);
    let (clear, secure) = (Backend::start("clear").await, Backend::start_tls("secure", "db.inner").await);
    let authorities = [("right", secure.certificate().unwrap()), ("wrong", &*certificate.certificate)];
    let [right, wrong] = authorities.map(|(name, pem)| {
        let key = SecretKey::ca("default", name, None);
        gateway.add_secret(&key, &SecretContent::Ca { bundle: pem.as_bytes().into(), crl: None });
        key
    });
    let clear = (gateway.add_cluster("clear", clear.port()), clear);
    let trusted = gateway.add(&proven("trusted", &right), &[secure.port()]);
    let mistrusted = gateway.add(&proven("mistrusted", &wrong), &[secure.port()]);
    let in_tls = |address: SocketAddr| {
        let trust = Trust::Roots(certificate.certificate.clone());
        Request::get(address, "db.example", "/").tls(ClientTls::new("db.example", &trust))
    };
    let requests = [in_tls(ports[0].address()), Request::get(ports[1].address(), "db.example", "/")];
    for (cluster, expected) in [
        (&clear.0, Some(("clear", None))),
        (&trusted, Some(("secure", Some("db.inner")))),
        (&mistrusted, None),
    ] {
        let value = behind_tls("db", carried("db.example", all_to(cluster)));
        gateway.set(&tls, "db.example", Some(&value));
        gateway.set(&tcp, "*", Some(&carried("*", all_to(cluster))));
        gateway.push().await;
        let before = secure.requests();
        for request in &requests {
            match (reached(request).await, expected) {
                (Ok((service, sni)), Some(expected)) => assert_eq!((&*service, sni.as_deref()), expected),
                (Err(Failure::Tls(_) | Failure::Lost(_) | Failure::NotSent), None) => {
                    assert_eq!(secure.requests(), before);
                }
                (other, _) => panic!("{cluster}: {other:?}"),
            }
        }
    }
    gateway.world.assert_nothing_rejected().await;
}
