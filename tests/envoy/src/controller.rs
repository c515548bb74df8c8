//! The controller and its xDS server, as `isobath up` runs them.

use std::sync::Arc;
use std::thread::JoinHandle;

use certs::{Generated, ReloadingServerConfig};
use envoy::Layout;
use runtime::{Controller, Input, Notice, Options};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use xds::server::Tls;
use xds::{Clients, Hub, Security, Server};

pub(crate) struct Running {
    inputs: mpsc::Sender<Input>,
    notices: mpsc::UnboundedReceiver<Notice>,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    controller: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(
        options: Options,
        layout: Box<dyn Layout>,
        security: Security,
        port: u16,
    ) -> Self {
        let (inputs, received) = mpsc::channel(16);
        let (controller, hub, notices) = run_controller(options, layout, received).await;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the reserved port is free");
        let stop = CancellationToken::new();
        let server = Server::new(hub, security).serve(listener, stop.clone());
        let server = tokio::spawn(server);
        Self { inputs, notices, stop, server, controller }
    }

    pub(crate) async fn send(&self, input: Input) {
        self.inputs.send(input).await.expect("the controller runs");
    }

    /// Waits until everything that was sent is done, and gives what was told meanwhile.
    pub(crate) async fn catch_up(&mut self) -> Vec<Notice> {
        let (answer, answered) = oneshot::channel();
        self.send(Input::Describe(answer)).await;
        answered.await.expect("the controller runs");
        self.told()
    }

    /// What was told and not yet taken.
    pub(crate) fn told(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.notices.try_recv().ok()).collect()
    }

    /// Ends in order: streams are told to leave.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.server.await.expect("the server does not panic").expect("the server ends well");
        drop(self.inputs);
        let ended = tokio::task::spawn_blocking(move || self.controller.join()).await;
        ended.expect("waiting does not panic").expect("the controller does not panic");
    }

    /// Ends at once, as a crash does: connections are cut.
    pub(crate) async fn crash(self) {
        self.server.abort();
        // Until the port is free again. The controller ends with its inputs.
        let _ = self.server.await;
    }
}

type Told = mpsc::UnboundedReceiver<Notice>;

/// Runs the controller on a thread of its own: the engine's work does not hold up the clients of a load,
/// which share the test's runtime.
async fn run_controller(
    options: Options,
    layout: Box<dyn Layout>,
    inputs: mpsc::Receiver<Input>,
) -> (JoinHandle<()>, Arc<Hub>, Told) {
    let (made, ready) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let (controller, told) = Controller::with_layout(options, layout);
        // The starter waits for this.
        let _ = made.send((controller.hub(), told));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be made").block_on(controller.run(inputs));
    });
    let (hub, told) = ready.await.expect("the controller can be made");
    (thread, hub, told)
}

/// The server's side of mutual TLS with these certificates.
pub fn security(certificates: &Generated) -> Security {
    let material = certificates.server_material().expect("made just now");
    let tls = tls(Arc::new(material.server_config().expect("made just now")));
    Security::Mutual(Arc::new(move || tls.clone()))
}

/// The server's side of mutual TLS with whatever is in the files at the time of each handshake.
pub(crate) fn reloading_security(config: Arc<ReloadingServerConfig>) -> Security {
    Security::Mutual(Arc::new(move || tls(config.current())))
}

fn tls(config: Arc<rustls::ServerConfig>) -> Tls {
    Tls {
        config,
        name: "envoy".into(),
        own_fleet: xds::FleetId::default_fleet(),
        default_clients: Clients::All,
        gateway_clients: Clients::All,
        peers: None,
    }
}
