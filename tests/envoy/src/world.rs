//! One controller, one Envoy, a folder of manifests.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use certs::{Generated, Identity, ReloadingServerConfig};
use envoy::XdsMode;
use envoy::bootstrap::secret_files;
use envoy::bootstrap::{AdminAddress, BootstrapOptions, Node, XdsTls, bootstrap};
use files::{Diagnostic, Document, Folder, FolderChange, Severity};
use model::{Bind, Layout, ObjectId, Settings};
use runtime::Input;
use store::Change;
use tempfile::TempDir;
use testkit::{Backend, ClientTls, Envoy, LIMIT, Launch, Port, Request, Trust, eventually};

use crate::controller::{Running, reloading_security};
use crate::edited::Edited;
use crate::volume::Volume;
use crate::{Edit, Journal, layouts, manifests};

/// What a world is made of. The listeners' addresses are the world's own.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the operator decides for everyone.
    pub settings: Settings,
    /// How Envoy asks for its configuration.
    pub mode: XdsMode,
    /// Limits and periods of the xDS server.
    pub xds: xds::Settings,
    /// Edits of the layout: for resources that the product would not make.
    pub edit: Option<Arc<dyn Edit>>,
    /// Further arguments of the first Envoy.
    pub arguments: Vec<String>,
}

impl Default for Options {
    /// The product's defaults, but for the layout: that is the suite's.
    fn default() -> Self {
        Self {
            settings: layouts::settings(),
            mode: XdsMode::default(),
            xds: xds::Settings::default(),
            edit: None,
            arguments: Vec::new(),
        }
    }
}

impl Options {
    /// What a configuration file says, with the suite's layout. Panics when anything is wrong with it.
    pub fn configured(text: &str) -> Self {
        let mut sources = config::Sources::default();
        sources.file(Document::parse(Path::new("config.yaml"), text).expect("YAML"));
        let config::Checked { configuration, findings } = sources.check();
        assert_eq!(findings, [], "{text}");
        let settings = configuration.expect("nothing is wrong").settings;
        Self { settings: Settings { layout: layouts::suite_layout(), ..settings }, ..Self::default() }
    }

    /// The defaults with this layout.
    pub fn with_layout(layout: Layout) -> Self {
        Self { settings: Settings { layout, ..Settings::default() }, ..Self::default() }
    }
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
    server_files: Volume,
    envoy_files: Volume,
    server_config: Arc<ReloadingServerConfig>,
    watching: tokio::task::JoinHandle<()>,
    ports: Ports,
}

struct Ports {
    http: Port,
    https: Port,
    stats: Port,
    health: Port,
    overload_health: Port,
    state: Port,
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
    /// An empty world with the defaults and the suite's layout.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// An empty world.
    pub async fn with(mut options: Options) -> Self {
        let ports = Ports {
            http: Port::reserve(),
            https: Port::reserve(),
            stats: Port::reserve(),
            health: Port::reserve(),
            overload_health: Port::reserve(),
            state: Port::reserve(),
            xds: Port::reserve(),
        };
        options.settings.http = bind(&ports.http);
        options.settings.https = bind(&ports.https);
        options.settings.stats = bind(&ports.stats);
        // An address of their own is for tests that look at it.
        options.settings.health = options.settings.health.map(|_| bind(&ports.health));
        options.settings.overload_health =
            options.settings.overload_health.map(|_| bind(&ports.overload_health));
        options.settings.admin_port =
            options.settings.admin_port.and_then(|_| NonZeroU16::new(ports.state.number()));
        let Settings { http_access_log, https_access_log, .. } = &mut options.settings;
        for log in [http_access_log, https_access_log].into_iter().filter(|log| &***log == "/dev/stdout") {
            *log = "/dev/null".into();
        }
        let certificates =
            certs::generate(&certs::Options::loopback(now())).expect("certificates can be made");
        let manifests = Manifests::new();
        let folder = manifests.directory.path();
        let server_files = Volume::new(&folder.join("server"), &certificates.ca, &certificates.server);
        let envoy_files = Volume::new(&folder.join("envoy"), &certificates.ca, &certificates.client);
        let server_config =
            Arc::new(ReloadingServerConfig::load(server_files.tls_files()).expect("made just now"));
        let xds_port = ports.xds.number();
        let envoy = launch("test", options.mode, &envoy_files, xds_port, folder, &options.arguments);
        let mut world = Self {
            envoy,
            journal: Journal::default(),
            backends: BTreeMap::new(),
            manifests,
            controller: None,
            options,
            certificates,
            server_files,
            envoy_files,
            watching: watch(&server_config),
            server_config,
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

    /// Hands changes to the controller as if they came from the folder, and waits until Envoy has answered to all
    /// that they came to, be it with a rejection, or has ended.
    pub async fn hand(&mut self, changes: Vec<Change>) {
        self.controller().send(Input::Changes(changes)).await;
        self.catch_up().await;
        let (controller, journal) = (self.controller.as_mut().expect("a controller runs"), &mut self.journal);
        let envoy = &self.envoy;
        eventually("Envoy has answered", async || {
            controller.told().into_iter().for_each(|notice| journal.record(notice));
            if journal.rejected.is_empty() && envoy.is_running() { journal.settled() } else { Ok(()) }
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
        let Options { settings, mode, xds, edit, .. } = self.options.clone();
        let layout = envoy::layout(&settings, mode);
        let layout = match edit {
            Some(edit) => Box::new(Edited { layout, edit }),
            None => layout,
        };
        let options = runtime::Options { settings, mode, xds };
        let security = reloading_security(Arc::clone(&self.server_config));
        let running = Running::start(options, layout, security, self.ports.xds.number()).await;
        self.journal.restarted();
        self.manifests.forget();
        running.send(Input::Changes(self.manifests.changes())).await;
        running.send(Input::Synced).await;
        self.controller = Some(running);
    }

    /// The layout of its resources.
    pub fn layout(&self) -> Layout {
        self.options.settings.layout
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

    /// Where Envoy serves readiness alone, statistics left aside.
    pub fn health(&self) -> SocketAddr {
        self.ports.health.address()
    }

    /// Where Envoy serves readiness by a listener that it closes when it is overloaded.
    pub fn overload_health(&self) -> SocketAddr {
        self.ports.overload_health.address()
    }

    /// Where Envoy's state can be read.
    pub fn state(&self) -> SocketAddr {
        self.ports.state.address()
    }

    /// Where the controller serves xDS.
    pub fn xds(&self) -> SocketAddr {
        self.ports.xds.address()
    }

    /// The certificates that the controller and Envoy began with.
    pub fn certificates(&self) -> &Generated {
        &self.certificates
    }

    /// Replaces the controller's files, and waits until it uses them.
    pub async fn replace_server_certificate(&mut self, ca: &str, identity: &Identity) {
        let replaced = self.server_config.replaced();
        self.server_files.replace(ca, identity);
        tokio::time::timeout(LIMIT, replaced).await.expect("the controller follows its files");
    }

    /// Replaces Envoy's files, without waiting for it.
    pub fn replace_envoy_certificate(&mut self, ca: &str, identity: &Identity) {
        self.envoy_files.replace(ca, identity);
    }

    /// Launches another Envoy of the fleet. It shares the addresses of the first, so that requests may
    /// go to either; its administration interface is its own.
    pub fn launch_another(&self, id: &str) -> Envoy {
        let folder = self.manifests.directory.path();
        launch(id, self.options.mode, &self.envoy_files, self.ports.xds.number(), folder, &[])
    }

    /// Records what was told until now.
    pub async fn look(&mut self) -> &Journal {
        self.catch_up().await;
        &self.journal
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

fn watch(config: &Arc<ReloadingServerConfig>) -> tokio::task::JoinHandle<()> {
    let config = Arc::clone(config);
    tokio::spawn(async move { match config.watch().await {} })
}

impl Drop for World {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// Envoy with the product's own bootstrap.
fn launch(
    id: &str,
    mode: XdsMode,
    files: &Volume,
    xds_port: u16,
    folder: &Path,
    arguments: &[String],
) -> Envoy {
    let files = files.tls_files();
    let [ca, certificate, key] =
        [files.ca, files.certificate, files.key].map(|path| path.to_string_lossy().into());
    let resources = folder.join(format!("resources-{id}"));
    let options = BootstrapOptions {
        node: Some(Node { id: id.into(), cluster: "isobath".into() }),
        mode,
        xds_port,
        tls: Some(XdsTls { ca, certificate, key, resources_dir: Some(resources.to_string_lossy().into()) }),
        admin: AdminAddress::Pipe(folder.join(format!("{id}.sock")).to_string_lossy().into()),
        ..BootstrapOptions::new()
    };
    fs::create_dir_all(resources.join("sds")).expect("the folder is writable");
    for file in secret_files(&options) {
        fs::write(resources.join(file.path), file.content.to_string()).expect("the folder is writable");
    }
    let launch = Launch::new(envoy::message_to_json(&bootstrap(&options)));
    Envoy::launch(Launch { arguments: arguments.to_vec(), ..launch })
}
