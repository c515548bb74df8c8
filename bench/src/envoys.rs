//! Envoys as the product would start them, on ports of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use envoy::bootstrap::{BootstrapOptions, Node, XdsTls, bootstrap};
use model::{Bind, Layout, Settings};
use testkit::{Envoy, Launch, Port};

/// How long Envoy may take to start with the largest configuration.
const START: Duration = Duration::from_secs(120);

/// Default settings but for the layout, on three free ports: HTTP, HTTPS, statistics.
pub(crate) fn settings(layout: Layout) -> (Settings, [Port; 3]) {
    let ports = [Port::reserve(), Port::reserve(), Port::reserve()];
    let [http, https, stats] =
        ports.each_ref().map(|port| Bind { address: Ipv4Addr::LOCALHOST.into(), port: port.number() });
    let settings = Settings {
        http,
        https,
        stats,
        http_access_log: "/dev/null".into(),
        https_access_log: "/dev/null".into(),
        layout,
        ..Settings::default()
    };
    (settings, ports)
}

/// Starts an Envoy with the product's own bootstrap. `tls` is the folder with the client's files.
pub(crate) fn launch(name: &str, xds: SocketAddr, tls: Option<&Path>) -> Envoy {
    let file = |folder: &Path, name: &str| folder.join(name).to_string_lossy().into();
    let tls = tls.map(|folder| XdsTls {
        ca: file(folder, "ca.crt"),
        certificate: file(folder, "tls.crt"),
        key: file(folder, "tls.key"),
        resources_dir: None,
    });
    let options = BootstrapOptions {
        node: Some(Node { id: name.into(), cluster: "isobath".into() }),
        xds_port: xds.port(),
        tls,
        ..BootstrapOptions::new()
    };
    let mut json = envoy::message_to_json(&bootstrap(&options));
    // Each Envoy gets a socket of its own for its administration interface.
    if let Some(bootstrap) = json.as_object_mut() {
        bootstrap.remove("admin");
    }
    Envoy::launch(Launch { log_level: "warning".into(), ..Launch::new(json) })
}

/// Waits until Envoy has its first configuration and listens.
pub(crate) async fn wait_for(address: SocketAddr) {
    let listening = async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(START, listening).await.expect("Envoy starts");
}
