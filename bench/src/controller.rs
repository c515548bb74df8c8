//! The controller and its xDS server, as `isobath up` runs them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use certs::Generated;
use envoy::XdsMode;
use model::Settings;
use runtime::{Controller, Input, Notice, Options};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use xds::server::Tls;
use xds::{Clients, Hub, Security, Server};

/// A running controller; it ends with the process.
pub(crate) struct Running {
    pub(crate) inputs: mpsc::Sender<Input>,
    pub(crate) notices: mpsc::UnboundedReceiver<Notice>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) address: SocketAddr,
    certificates: Generated,
}

impl Running {
    /// Starts it, with mutual TLS on a free port.
    pub(crate) async fn start(settings: Settings) -> Self {
        let certificates = certs::generate(&certs::Options::loopback(now())).expect("fixed options");
        let options = Options { settings, mode: XdsMode::default(), xds: xds::Settings::default() };
        let (controller, notices) = Controller::new(options);
        let hub = controller.hub();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let server = Server::new(controller.hub(), security(&certificates));
        tokio::spawn(server.serve(listener, CancellationToken::new()));
        let (inputs, received) = mpsc::channel(16);
        tokio::spawn(controller.run(received));
        Self { inputs, notices, hub, address, certificates }
    }

    pub(crate) async fn send(&self, input: Input) {
        self.inputs.send(input).await.expect("the controller runs");
    }

    /// The server's side of its TLS.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        server_config(&self.certificates)
    }

    /// Writes the client's side into a folder: `ca.crt`, `tls.crt`, `tls.key`.
    pub(crate) fn write_client(&self, folder: &Path) {
        let client = &self.certificates.client;
        let files = [
            ("ca.crt", self.certificates.ca.as_str()),
            ("tls.crt", &client.certificate),
            ("tls.key", client.key.expose()),
        ];
        for (name, content) in files {
            fs::write(folder.join(name), content).expect("the folder is writable");
        }
    }
}

fn server_config(certificates: &Generated) -> Arc<ServerConfig> {
    let config = certificates.server_material().and_then(|material| material.server_config());
    Arc::new(config.expect("made just now"))
}

fn security(certificates: &Generated) -> Security {
    let tls = Tls {
        config: server_config(certificates),
        name: "envoy".into(),
        own_fleet: xds::FleetId::default_fleet(),
        default_clients: Clients::All,
        gateway_clients: Clients::All,
        peers: None,
    };
    Security::Mutual(Arc::new(move || tls.clone()))
}

/// Now, in unix seconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs());
    since.ok().and_then(|seconds| i64::try_from(seconds).ok()).expect("a clock of this era")
}
