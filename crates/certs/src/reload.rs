//! A server configuration that follows its three files.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, ServerConfig};
use time::OffsetDateTime;
use tokio::sync::{Notify, watch};
use x509::CaBundle;
use xxhash_rust::xxh3::xxh3_64;

use crate::gateway_ca::GatewayCa;
use crate::tls::{InvalidMaterial, Material, client_verifier};

/// File systems that send no events are looked at this often.
const POLL: Duration = Duration::from_secs(30);
/// After an event the rest of the set is given this long to arrive.
const QUIET: Duration = Duration::from_millis(100);

/// Where the three PEM files are. Each may be a symbolic link, as in a volume of the kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Whom we trust.
    pub ca: PathBuf,
    /// Our chain, our own certificate first.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// What is in the files now.
    ///
    /// # Errors
    /// If one cannot be read or they make no side of a connection.
    pub fn material(&self) -> Result<Material, Unloadable> {
        Contents::read(self)?.material(self)
    }

    /// What is in the files now, as what a client needs.
    ///
    /// # Errors
    /// If one cannot be read or they make no client.
    pub fn client_config(&self) -> Result<ClientConfig, Unloadable> {
        self.material()?.client_config().map_err(|why| self.invalid(why))
    }

    fn invalid(&self, why: InvalidMaterial) -> Unloadable {
        Unloadable::Invalid { files: Box::new(self.clone()), why }
    }
}

/// Why a set of files is not in force.
#[derive(Debug, thiserror::Error)]
pub enum Unloadable {
    /// A file cannot be read.
    #[error("{path}: {why}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
    /// They can be read, but make no server.
    #[error("{certificate} and {key}, trusting {ca}: {why}", ca = files.ca.display(), certificate = files.certificate.display(), key = files.key.display())]
    Invalid {
        /// The files.
        files: Box<TlsFiles>,
        /// What is wrong with them.
        why: InvalidMaterial,
    },
}

/// What a look at the files led to.
#[derive(Debug)]
pub enum Reloaded {
    /// Nothing is new.
    Unchanged,
    /// New connections get the new certificates; open ones stay as they are.
    Replaced,
    /// What is there now is not usable: the last good set stays in force.
    Kept(Unloadable),
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is the CA's.
    Ca,
    /// It is ours.
    Server,
    /// It is that of a client, which showed it.
    Client,
}

/// A certificate in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadedCertificate {
    /// What it is for.
    pub role: Role,
    /// Its last valid second, in unix seconds.
    pub not_after: i64,
}

impl LoadedCertificate {
    /// Whole days until it expires; negative once it has.
    #[must_use]
    pub fn days_left(&self, now: i64) -> i64 {
        days_left(self.not_after, now)
    }

    /// The date on which it expires (UTC), like `2026-12-24`; nothing for one beyond all calendars.
    #[must_use]
    pub fn last_day(&self) -> Option<String> {
        Some(OffsetDateTime::from_unix_timestamp(self.not_after).ok()?.date().to_string())
    }
}

/// Whole days between two times in unix seconds; negative once `not_after` has passed.
#[must_use]
pub fn days_left(not_after: i64, now: i64) -> i64 {
    not_after.saturating_sub(now).div_euclid(86_400)
}

/// What a handshake needs, and who a client may be when it is over, by the authority of its certificate.
#[derive(Debug, Clone)]
pub struct ServerSide {
    /// Takes clients of either authority.
    pub config: Arc<ServerConfig>,
    /// Takes those of the bundle in the files alone.
    pub own_clients: Arc<dyn ClientCertVerifier>,
    /// Takes those of the CA of Gateways alone; nobody as long as none is known.
    pub gateway_clients: Option<Arc<dyn ClientCertVerifier>>,
}

impl ServerSide {
    /// For a server with this material, whose CA stands for the ingress, and another bundle for Gateways.
    fn new(material: &Material, gateways: Option<&CaBundle>) -> Result<Self, InvalidMaterial> {
        Ok(Self {
            config: Arc::new(material.server_config_with(gateways)?),
            own_clients: client_verifier([&material.trusted])?,
            gateway_clients: gateways.map(|gateways| client_verifier([gateways])).transpose()?,
        })
    }

    /// The same with a CA of Gateways that is at hand, as in `isobath up`.
    ///
    /// # Errors
    /// If rustls refuses the certificates.
    pub fn trusting(material: &Material, gateways: &GatewayCa) -> Result<Self, InvalidMaterial> {
        Self::new(material, Some(&CaBundle::parse(gateways.trusted().as_bytes())?))
    }
}

/// A [`ServerConfig`] that is loaded once, and again whenever its files change to another good set.
pub struct ReloadingServerConfig {
    files: TlsFiles,
    loaded: watch::Sender<Loaded>,
    /// The CA of Gateways, which is in none of the files.
    gateways: Mutex<Option<CaBundle>>,
    /// Hash of what the last look saw, good or not: a bad set is reported once.
    seen: AtomicU64,
}

#[derive(Clone)]
struct Loaded {
    material: Material,
    side: ServerSide,
    certificates: Arc<[LoadedCertificate]>,
}

impl Loaded {
    fn new(material: Material, gateways: Option<&CaBundle>) -> Result<Self, InvalidMaterial> {
        let side = ServerSide::new(&material, gateways)?;
        Ok(Self { certificates: in_use(&material), material, side })
    }
}

impl ReloadingServerConfig {
    /// Loads the files for the first time.
    ///
    /// # Errors
    /// If one cannot be read or they make no server: there is no last good set yet.
    pub fn load(files: TlsFiles) -> Result<Self, Unloadable> {
        let contents = Contents::read(&files)?;
        let loaded = contents.load(&files, None)?;
        let seen = AtomicU64::new(contents.fingerprint());
        Ok(Self { files, loaded: watch::Sender::new(loaded), gateways: Mutex::default(), seen })
    }

    /// What the next handshake is to use.
    #[must_use]
    pub fn current(&self) -> Arc<ServerConfig> {
        self.side().config
    }

    /// What the next handshake is to use, and who may come of it.
    #[must_use]
    pub fn side(&self) -> ServerSide {
        self.loaded.borrow().side.clone()
    }

    /// From now on Envoys of Gateways have certificates of these authorities; without one they have none.
    ///
    /// # Errors
    /// When a certificate cannot be trusted: then those before stay.
    pub fn trust_gateways(&self, gateways: Option<CaBundle>) -> Result<(), InvalidMaterial> {
        let mut known = self.known_gateways();
        if *known == gateways {
            return Ok(());
        }
        let material = self.loaded.borrow().material.clone();
        self.loaded.send_replace(Loaded::new(material, gateways.as_ref())?);
        *known = gateways;
        Ok(())
    }

    fn known_gateways(&self) -> MutexGuard<'_, Option<CaBundle>> {
        self.gateways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The certificates that connections depend on: those of the CA that signed ours, and ours, last.
    #[must_use]
    pub fn certificates(&self) -> Arc<[LoadedCertificate]> {
        Arc::clone(&self.loaded.borrow().certificates)
    }

    /// Returns when a set that was not in force at the time of the call is.
    pub fn replaced(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut receiver = self.loaded.subscribe();
        async move {
            // An error means that the sender, and with it every set, is gone.
            let _ = receiver.changed().await;
        }
    }

    /// Looks at the files now.
    pub fn reload(&self) -> Reloaded {
        let contents = Contents::read(&self.files);
        let fingerprint = match &contents {
            Ok(contents) => contents.fingerprint(),
            Err(error) => xxh3_64(error.to_string().as_bytes()),
        };
        if self.seen.swap(fingerprint, Ordering::Relaxed) == fingerprint {
            return Reloaded::Unchanged;
        }
        let gateways = self.known_gateways();
        match contents.and_then(|contents| contents.load(&self.files, gateways.as_ref())) {
            Ok(loaded) => {
                tracing::info!(certificate = %self.files.certificate.display(), "xDS certificates replaced");
                self.loaded.send_replace(loaded);
                Reloaded::Replaced
            }
            Err(error) => {
                tracing::warn!(%error, "xDS certificates not replaced, the last good ones stay in force");
                Reloaded::Kept(error)
            }
        }
    }

    /// Follows the files for as long as it is polled: by events of their folders, and every 30 s without.
    pub async fn watch(&self) -> Infallible {
        self.watch_every(POLL).await
    }

    async fn watch_every(&self, poll: Duration) -> Infallible {
        let changed = Arc::new(Notify::new());
        let _watcher = self.watcher(&changed);
        loop {
            // Before the first wait: what changed between loading and watching sent no event.
            self.reload();
            tokio::select! {
                () = changed.notified() => tokio::time::sleep(QUIET).await,
                () = tokio::time::sleep(poll) => {}
            }
        }
    }

    /// Watches folders, not files: a rename over a file, or over the kubelet's `..data`, is seen only there.
    fn watcher(&self, changed: &Arc<Notify>) -> Option<RecommendedWatcher> {
        let changed = Arc::clone(changed);
        let watcher = notify::recommended_watcher(move |event| {
            if may_change(&event) {
                changed.notify_one();
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            self.files
                .folders()
                .iter()
                .try_for_each(|folder| watcher.watch(folder, RecursiveMode::NonRecursive))?;
            Ok(watcher)
        });
        watcher.inspect_err(|error| tracing::warn!(%error, "no file events, certificates are polled")).ok()
    }
}

/// Whether an event may be about a change. Those of files that are only read are told, too: our own looks must not lead
/// to the next.
fn may_change(event: &notify::Result<notify::Event>) -> bool {
    let written = AccessKind::Close(AccessMode::Write);
    event.as_ref().map_or(true, |event| match event.kind {
        EventKind::Access(access) => access == written,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    })
}

impl fmt::Debug for ReloadingServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadingServerConfig")
            .field("files", &self.files)
            .field("certificates", &self.certificates())
            .finish_non_exhaustive()
    }
}

impl TlsFiles {
    fn folders(&self) -> Vec<PathBuf> {
        let folder = |path: &PathBuf| match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut folders = vec![folder(&self.ca), folder(&self.certificate), folder(&self.key)];
        folders.sort_unstable();
        folders.dedup();
        folders
    }
}

/// The bytes of the three files at one time. No `Debug`: one of them is a key.
struct Contents {
    ca: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, Unloadable> {
        let read =
            |path: &PathBuf| std::fs::read(path).map_err(|why| Unloadable::Read { path: path.clone(), why });
        Ok(Self { ca: read(&files.ca)?, certificate: read(&files.certificate)?, key: read(&files.key)? })
    }

    fn fingerprint(&self) -> u64 {
        let parts = [&self.ca, &self.certificate, &self.key].map(|part| xxh3_64(part).to_le_bytes());
        xxh3_64(&parts.concat())
    }

    fn material(&self, files: &TlsFiles) -> Result<Material, Unloadable> {
        Material::parse(&self.ca, &self.certificate, &self.key).map_err(|why| files.invalid(why))
    }

    fn load(&self, files: &TlsFiles, gateways: Option<&CaBundle>) -> Result<Loaded, Unloadable> {
        let loaded = Loaded::new(self.material(files)?, gateways).map_err(|why| files.invalid(why))?;
        log_notes(&loaded.material);
        Ok(loaded)
    }
}

/// The certificates that connections depend on. A bundle may hold others, which only wait to be forgotten, or to be
/// used; when ours was signed by none of it, it is for the certificates of Envoys, and all may be in use.
fn in_use(material: &Material) -> Arc<[LoadedCertificate]> {
    let mut ends: Vec<_> = material.trusted.not_after_of_issuers(&material.pair).collect();
    if ends.is_empty() {
        ends = material.trusted.not_after().collect();
    }
    let trusted = ends.into_iter().map(|not_after| LoadedCertificate { role: Role::Ca, not_after });
    let own = LoadedCertificate { role: Role::Server, not_after: material.pair.not_after() };
    trusted.chain([own]).collect()
}

/// What peers will refuse is loaded all the same, but not in silence.
fn log_notes(material: &Material) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed());
    for note in material.pair.notes(now) {
        tracing::warn!(%note, "xDS server certificate");
    }
    for note in material.trusted.notes(now) {
        tracing::warn!(%note, "xDS CA bundle");
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, ModifyKind, RemoveKind, RenameMode};

    use super::*;
    use crate::{Generated, Options, generate};

    const NEVER: Duration = Duration::from_secs(86_400);
    const HANG: Duration = Duration::from_secs(60);

    fn generated() -> Generated {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
        generate(&Options::loopback(now)).unwrap()
    }

    fn write(folder: &Path, set: &Generated) {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("ca"), &set.ca).unwrap();
        std::fs::write(folder.join("crt"), &set.server.certificate).unwrap();
        std::fs::write(folder.join("key"), set.server.key.expose()).unwrap();
    }

    /// Points `link` at `target` in one step, as the kubelet does with `..data`.
    fn swap(link: &Path, target: &str) {
        let new = link.with_file_name("..data_tmp");
        std::os::unix::fs::symlink(target, &new).unwrap();
        std::fs::rename(new, link).unwrap();
    }

    #[tokio::test]
    async fn a_volume_that_the_kubelet_swaps_is_reloaded_without_waiting_for_a_poll() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("..data");
        write(&folder.path().join("one"), &generated());
        swap(&data, "one");
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::os::unix::fs::symlink(Path::new("..data").join(name), &path).unwrap();
            path
        };
        let files = TlsFiles { ca: file("ca"), certificate: file("crt"), key: file("key") };
        let config = ReloadingServerConfig::load(files).unwrap();
        let before = config.current();
        let replaced = config.replaced();
        write(&folder.path().join("two"), &generated());
        tokio::select! {
            _ = config.watch_every(NEVER) => {}
            () = async { swap(&data, "two"); replaced.await } => {}
            () = tokio::time::sleep(HANG) => panic!("not reloaded"),
        }
        assert!(!Arc::ptr_eq(&before, &config.current()));
    }

    #[test]
    fn files_that_are_only_read_are_not_looked_at_again() {
        let event = |kind| Ok(notify::Event::new(kind));
        let is_read = [
            AccessKind::Read,
            AccessKind::Open(AccessMode::Any),
            AccessKind::Open(AccessMode::Read),
            AccessKind::Close(AccessMode::Read),
        ];
        for access in is_read {
            assert!(!may_change(&event(EventKind::Access(access))), "{access:?}");
        }
        let is_written = [
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
            EventKind::Create(CreateKind::File),
            EventKind::Modify(ModifyKind::Name(RenameMode::To)),
            EventKind::Remove(RemoveKind::File),
            EventKind::Any,
        ];
        for kind in is_written {
            assert!(may_change(&event(kind)), "{kind:?}");
        }
        assert!(may_change(&Err(notify::Error::generic("events were lost"))));
    }

    #[tokio::test]
    async fn without_events_the_files_are_polled() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        write(&data, &generated());
        // The watched folder goes away with its files, and the watch with it.
        let files = TlsFiles { ca: data.join("ca"), certificate: data.join("crt"), key: data.join("key") };
        let config = ReloadingServerConfig::load(files).unwrap();
        let replaced = config.replaced();
        tokio::select! {
            _ = config.watch_every(Duration::from_millis(1)) => {}
            () = async {
                std::fs::remove_dir_all(&data).unwrap();
                tokio::task::yield_now().await;
                write(&data, &generated());
                replaced.await;
            } => {}
            () = tokio::time::sleep(HANG) => panic!("not reloaded"),
        }
    }

    #[test]
    fn days_left_are_whole_days_and_negative_after_the_end() {
        assert_eq!(days_left(86_400, 0), 1);
        assert_eq!(days_left(86_399, 0), 0);
        assert_eq!(days_left(0, 1), -1);
    }

    #[test]
    fn files_beside_the_process_are_watched_in_its_folder() {
        let here = |name: &str| PathBuf::from(name);
        let files = TlsFiles { ca: here("ca"), certificate: here("a/crt"), key: here("a/key") };
        assert_eq!(files.folders(), [PathBuf::from("."), PathBuf::from("a")]);
    }
}
