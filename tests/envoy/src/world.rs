//! One controller, one Envoy, a folder of manifests.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use certs::Generated;
use envoy::XdsMode;
use envoy::bootstrap::{AdminAddress, BootstrapOptions, Node, XdsTls, bootstrap};
use files::{Diagnostic, Folder, FolderChange, Severity};
use model::{Bind, ObjectId, Settings};
use runtime::Input;
use store::Change;
use tempfile::TempDir;
use testkit::{Backend, ClientTls, Envoy, Launch, Port, Request, Trust, eventually};

use crate::controller::Running;
use crate::{Journal, manifests};

/// What a world is made of. The listeners' addresses are the world's own.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the operator decides for everyone.
    pub settings: Settings,
    /// How Envoy asks for its configuration.
    pub mode: XdsMode,
    /// Limits and periods of the xDS server.
    pub xds: xds::Settings,
}

/// One controller, one Envoy, a folder of manifests, and backends.
pub struct World {
    /// The Envoy.
    pub envoy: Envoy,
    /// What the controller told.
    pub journal: Journal,
    backends: BTreeMap<String, Backend>,
    manifests: Manifests,
    controller: Option<Running>,
    options: Options,
    certificates: Generated,
    ports: Ports,
}

struct Ports {
    http: Port,
    https: Port,
    stats: Port,
    xds: Port,
}

/// The folder, and what the controller knows of it.
struct Manifests {
    directory: TempDir,
    folder: Folder,
    diagnostics: Vec<Diagnostic>,
    ids: BTreeMap<api::ObjectId, ObjectId>,
}

impl World {
    /// An empty world with the defaults.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// An empty world.
    pub async fn with(mut options: Options) -> Self {
        let ports = Ports {
            http: Port::reserve(),
            https: Port::reserve(),
            stats: Port::reserve(),
            xds: Port::reserve(),
        };
        options.settings.http = bind(&ports.http);
        options.settings.https = bind(&ports.https);
        options.settings.stats = bind(&ports.stats);
        options.settings.http_access_log = "/dev/null".into();
        options.settings.https_access_log = "/dev/null".into();
        let certificates =
            certs::generate(&certs::Options::loopback(now())).expect("certificates can be made");
        let manifests = Manifests::new();
        let envoy = launch(&options, &certificates, &ports, manifests.directory.path());
        let mut world = Self {
            envoy,
            journal: Journal::default(),
            backends: BTreeMap::new(),
            manifests,
            controller: None,
            options,
            certificates,
            ports,
        };
        world.start_controller().await;
        world.envoy.ready().await;
        world.settle().await;
        world
    }

    /// Starts a backend, with a Service of its name (port 80) in the namespace `default`.
    pub async fn add_backend(&mut self, name: &str) -> &Backend {
        let backend = Backend::start(name).await;
        let yaml = manifests::service("default", name, &[backend.port()]);
        self.apply(&format!("backend-{name}"), &yaml).await;
        self.backends.entry(name.to_owned()).insert_entry(backend).into_mut()
    }

    /// A backend that was added.
    pub fn backend(&self, name: &str) -> &Backend {
        self.backends.get(name).unwrap_or_else(|| panic!("there is no backend {name}"))
    }

    /// Takes a backend out of the world, without a change to its Service.
    pub fn take_backend(&mut self, name: &str) -> Backend {
        self.backends.remove(name).unwrap_or_else(|| panic!("there is no backend {name}"))
    }

    /// Writes a manifest file, in place of the one of this name, and waits until it is in force. Panics
    /// when there is a fault in it as a file: write such on purpose with [`World::write`].
    pub async fn apply(&mut self, name: &str, yaml: &str) {
        self.write(name, yaml);
        self.sync().await;
        let faults: Vec<_> =
            self.diagnostics().iter().filter(|each| each.severity == Severity::Error).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }

    /// Removes a manifest file and waits until that is in force.
    pub async fn remove(&mut self, name: &str) {
        self.delete(name);
        self.sync().await;
    }

    /// Writes a manifest file without telling the controller yet: see [`World::sync`].
    pub fn write(&self, name: &str, yaml: &str) {
        fs::write(self.manifests.file(name), yaml).expect("the folder is writable");
    }

    /// Removes a manifest file without telling the controller yet: see [`World::sync`].
    pub fn delete(&self, name: &str) {
        fs::remove_file(self.manifests.file(name)).expect("the manifest is there");
    }

    /// Hands the changes of the folder to the controller, and waits until they are in force.
    pub async fn sync(&mut self) {
        self.send_changes().await;
        self.settle().await;
    }

    /// Hands the changes of the folder to the controller, and waits until it has published what they came
    /// to: for worlds without an Envoy that answers.
    pub async fn send_changes(&mut self) {
        let changes = self.manifests.changes();
        self.controller().send(Input::Changes(changes)).await;
        self.catch_up().await;
    }

    /// Waits until everything that was published is acknowledged.
    pub async fn settle(&mut self) {
        self.catch_up().await;
        let (controller, journal) = (self.controller.as_mut().expect("a controller runs"), &mut self.journal);
        eventually("Envoy has acknowledged everything", async || {
            controller.told().into_iter().for_each(|notice| journal.record(notice));
            journal.settled()
        })
        .await;
    }

    async fn catch_up(&mut self) {
        let told = self.controller().catch_up().await;
        told.into_iter().for_each(|notice| self.journal.record(notice));
    }

    /// What was wrong in the manifests that changed last.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.manifests.diagnostics
    }

    /// How many publications there were: a mark for [`Journal::pushed_since`].
    pub fn mark(&self) -> usize {
        self.journal.published.len()
    }

    /// What was pushed since a mark.
    pub fn pushed_since(&self, mark: usize) -> Vec<String> {
        self.journal.pushed_since(mark)
    }

    /// Stops the controller in order.
    pub async fn stop_controller(&mut self) {
        self.catch_up().await;
        self.controller.take().expect("a controller runs").stop().await;
    }

    /// Ends the controller as a crash does.
    pub async fn crash_controller(&mut self) {
        self.controller.take().expect("a controller runs").crash().await;
    }

    /// Starts the controller on the manifests as they are, after a stop or crash. Does not wait for Envoy.
    pub async fn start_controller(&mut self) {
        let Options { settings, mode, xds } = self.options.clone();
        let options = runtime::Options { settings, mode, xds };
        let running = Running::start(options, &self.certificates, self.ports.xds.number()).await;
        self.journal.restarted();
        self.manifests.forget();
        running.send(Input::Changes(self.manifests.changes())).await;
        running.send(Input::Synced).await;
        self.controller = Some(running);
    }

    fn controller(&mut self) -> &mut Running {
        self.controller.as_mut().expect("a controller runs")
    }

    /// A GET by plain HTTP.
    pub fn get(&self, host: &str, path: &str) -> Request {
        Request::get(self.http(), host, path)
    }

    /// A GET by HTTPS and HTTP/1.1 that believes any certificate.
    pub fn get_tls(&self, host: &str, path: &str) -> Request {
        Request::get(self.https(), host, path).tls(ClientTls::new(host, &Trust::Anything))
    }

    /// Sends a plain request and gives the status and the backend that answered, empty for Envoy itself.
    pub async fn ask(&self, host: &str, path: &str) -> (u16, String) {
        let answer = self.get(host, path).send().await;
        let answer = answer.unwrap_or_else(|failure| panic!("http://{host}{path}: {failure}"));
        (answer.code(), answer.service())
    }

    /// Where Envoy serves plain HTTP.
    pub fn http(&self) -> SocketAddr {
        self.ports.http.address()
    }

    /// Where Envoy serves HTTPS.
    pub fn https(&self) -> SocketAddr {
        self.ports.https.address()
    }

    /// Where Envoy serves readiness and statistics.
    pub fn stats(&self) -> SocketAddr {
        self.ports.stats.address()
    }

    /// Where the controller serves xDS.
    pub fn xds(&self) -> SocketAddr {
        self.ports.xds.address()
    }

    /// The certificates of the controller and of Envoy.
    pub fn certificates(&self) -> &Generated {
        &self.certificates
    }

    /// Panics if Envoy rejected anything, by its own count or by the controller's.
    pub async fn assert_nothing_rejected(&mut self) {
        self.catch_up().await;
        assert_eq!(self.journal.rejected, [], "rejected");
        assert_eq!(self.envoy.stats().await.rejected_updates(), 0, "updates that Envoy rejected");
    }
}

impl Manifests {
    fn new() -> Self {
        let directory =
            tempfile::Builder::new().prefix("isobath-world-").tempdir().expect("a temporary folder");
        fs::create_dir(directory.path().join("manifests")).expect("a temporary folder");
        let folder = Folder::new([directory.path().join("manifests")]);
        Self { directory, folder, diagnostics: Vec::new(), ids: BTreeMap::new() }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join("manifests").join(format!("{name}.yaml"))
    }

    /// A new controller knows nothing.
    fn forget(&mut self) {
        self.folder = Folder::new([self.directory.path().join("manifests")]);
        self.ids.clear();
    }

    fn changes(&mut self) -> Vec<Change> {
        let reload = self.folder.reload();
        self.diagnostics = reload.diagnostics;
        reload.changes.into_iter().filter_map(|change| self.change(change)).collect()
    }

    fn change(&mut self, change: FolderChange) -> Option<Change> {
        match change {
            FolderChange::Applied(object) => {
                let id = object.id();
                let change = Change::Applied(object);
                self.ids.insert(id, change.object());
                Some(change)
            }
            FolderChange::Removed(id) => self.ids.remove(&id).map(Change::Removed),
        }
    }
}

fn bind(port: &Port) -> Bind {
    Bind { address: Ipv4Addr::LOCALHOST.into(), port: port.number() }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs());
    since.ok().and_then(|seconds| i64::try_from(seconds).ok()).expect("a clock of this era")
}

/// Envoy with the product's own bootstrap.
fn launch(options: &Options, certificates: &Generated, ports: &Ports, folder: &Path) -> Envoy {
    let files = [
        ("ca.crt", certificates.ca.as_str()),
        ("tls.crt", &certificates.client.certificate),
        ("tls.key", certificates.client.key.expose()),
    ];
    let [ca, certificate, key] = files.map(|(name, content)| {
        let path = folder.join(name);
        fs::write(&path, content).expect("the folder is writable");
        path.to_string_lossy().into()
    });
    let bootstrap = bootstrap(&BootstrapOptions {
        node: Some(Node { id: "test".into(), cluster: "isobath".into() }),
        mode: options.mode,
        xds_port: ports.xds.number(),
        tls: Some(XdsTls { ca, certificate, key, resources_dir: None }),
        admin: AdminAddress::Pipe(admin_socket(folder)),
        ..BootstrapOptions::new()
    });
    Envoy::launch(Launch::new(envoy::message_to_json(&bootstrap)))
}

fn admin_socket(folder: &Path) -> Arc<str> {
    folder.join("admin.sock").to_string_lossy().into()
}
