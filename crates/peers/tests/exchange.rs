//! Two controllers on loopback, with real certificates.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use certs::{Generated, Options, PEERS, TlsFiles, generate};
use isobath_peers::{Connect, Exchange, Input, News, Progress, serve};
use model::{FleetId, Kind, ObjectId, Problem, Report, Severity, Verdict};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const HANG: Duration = Duration::from_secs(30);

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

fn write(folder: &Path, set: &Generated) -> TlsFiles {
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    TlsFiles {
        ca: file("ca.crt", &set.ca),
        certificate: file("tls.crt", &set.server.certificate),
        key: file("tls.key", set.server.key.expose()),
    }
}

/// A controller that answers on a port of its own.
async fn controller(files: &TlsFiles, progress: Arc<Progress>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(files.material().unwrap().server_config().unwrap()));
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (acceptor, progress) = (acceptor.clone(), Arc::clone(&progress));
            tokio::spawn(async move {
                let peer = acceptor.accept(socket).await.unwrap();
                assert_eq!(peer.get_ref().1.alpn_protocol(), Some(PEERS));
                serve(&progress, peer).await
            });
        }
    });
    address
}

fn report(name: &str, generation: i64, rejection: Option<&str>) -> Report {
    let problem = |words: &str| Problem {
        severity: Severity::Error,
        kind: "EnvoyError",
        reason: "Rejected",
        path: String::new(),
        message: words.to_owned(),
        help: None,
    };
    let verdict = if rejection.is_some() { Verdict::Invalid } else { Verdict::Valid };
    let object = ObjectId::new(Kind::HttpProxy, "ns", name);
    let problems = rejection.map(problem).into_iter().collect();
    Report::new(object, generation, verdict, problems)
}

async fn until(exchange: &mut Exchange, wanted: impl Fn(&News) -> bool) {
    let waiting = async {
        loop {
            if exchange.heard().await.iter().any(&wanted) {
                return;
            }
        }
    };
    tokio::time::timeout(HANG, waiting).await.expect("it is never said");
}

#[tokio::test]
async fn a_leader_without_envoys_learns_what_those_of_others_have() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &generate(&Options::loopback(now())).unwrap());
    let other = Arc::new(Progress::default());
    other.nodes(&FleetId::ingress(), 2);
    let address = controller(&files, Arc::clone(&other)).await;

    let mut leader = Exchange::new(Connect::tls(&"isobath".try_into().unwrap(), files));
    leader.handle(Input::Reported(report("a", 3, None), 10));
    leader.handle(Input::Peers([address].into()));
    assert_eq!(leader.handle(Input::Leads(true)), [], "nothing is known of its Envoys");
    until(&mut leader, |news| *news == News::InForce(FleetId::ingress(), 9)).await;

    // The other one reads the API server by itself, and counts in its own way.
    other.reported(&report("a", 3, None), 77);
    other.acknowledged(&FleetId::ingress(), 77);
    until(&mut leader, |news| *news == News::InForce(FleetId::ingress(), 10)).await;

    leader.handle(Input::Reported(report("b", 1, None), 11));
    other.reported(&report("b", 1, Some("no")), 78);
    let object = ObjectId::new(Kind::HttpProxy, "ns", "b");
    until(
        &mut leader,
        |news| matches!(news, News::Rejected(of, Some(problem)) if *of == object && problem.message == "no"),
    )
    .await;
    other.reported(&report("b", 1, None), 79);
    until(&mut leader, |news| *news == News::Rejected(object.clone(), None)).await;
}

#[tokio::test]
async fn a_stranger_is_not_answered() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ours, theirs] =
        folders.each_ref().map(|folder| write(folder.path(), &generate(&Options::loopback(now())).unwrap()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(ours.material().unwrap().server_config().unwrap()));
    let mut stranger = Exchange::new(Connect::tls(&"isobath".try_into().unwrap(), theirs));
    stranger.handle(Input::Peers([listener.local_addr().unwrap()].into()));
    stranger.handle(Input::Leads(true));
    let (socket, _) = tokio::time::timeout(HANG, listener.accept()).await.unwrap().unwrap();
    acceptor.accept(socket).await.expect_err("another CA signed its certificate");
}
