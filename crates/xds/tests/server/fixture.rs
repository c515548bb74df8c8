//! A real server on a free port, and certificates.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use isobath_xds::{
    Clients, FleetId, Hub, Observation, Resource, ResourceType, Security, Server, Settings, Tls, Update,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A certificate authority.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) der: CertificateDer<'static>,
}

/// A certificate with its key.
pub(crate) struct Leaf {
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Leaf {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).unwrap()
    }
}

pub(crate) fn ca(name: &str) -> Ca {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.self_signed(&key).unwrap();
    Ca { der: certificate.der().clone(), issuer: Issuer::new(params, key) }
}

impl Ca {
    pub(crate) fn server(&self) -> Leaf {
        self.leaf("controller", None, ExtendedKeyUsagePurpose::ServerAuth)
    }

    pub(crate) fn client(&self, name: &str) -> Leaf {
        self.leaf(name, None, ExtendedKeyUsagePurpose::ClientAuth)
    }

    pub(crate) fn gateway(&self, namespace: &str, name: &str) -> Leaf {
        let uri = format!("spiffe://isobath/gateway/{namespace}/{name}");
        self.leaf("gateway", Some(&uri), ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn leaf(&self, name: &str, uri: Option<&str>, usage: ExtendedKeyUsagePurpose) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2100, 1, 1);
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        if let Some(uri) = uri {
            params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf { chain: vec![certificate.der().clone()], key: key.serialize_der() }
    }

    fn roots(&self) -> Arc<RootCertStore> {
        roots(&[self])
    }

    pub(crate) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        WebPkiClientVerifier::builder_with_provider(self.roots(), provider()).build().unwrap()
    }
}

fn roots(cas: &[&Ca]) -> Arc<RootCertStore> {
    let mut store = RootCertStore::empty();
    for ca in cas {
        store.add(ca.der.clone()).unwrap();
    }
    Arc::new(store)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The server side, trusting these authorities.
pub(crate) fn tls(leaf: &Leaf, cas: &[&Ca]) -> Tls {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(cas), provider()).build().unwrap();
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(leaf.chain.clone(), leaf.key())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Tls {
        config: Arc::new(config),
        name: "envoy".into(),
        own_fleet: FleetId::default_fleet(),
        default_clients: Clients::All,
        gateway_clients: Clients::All,
        peers: None,
    }
}

/// The client side.
pub(crate) fn client_config(
    ca: &Ca,
    leaf: Option<&Leaf>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(ca.roots());
    let mut config = match leaf {
        Some(leaf) => builder.with_client_auth_cert(leaf.chain.clone(), leaf.key()).unwrap(),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// Between a client and the server, until it is frozen: then both ends stay open and nothing passes.
pub(crate) struct Relay {
    pub(crate) addr: SocketAddr,
    pub(crate) freeze: CancellationToken,
}

impl Relay {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let freeze = CancellationToken::new();
        let frozen = freeze.clone();
        tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(server).await.unwrap();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                () = frozen.cancelled() => std::future::pending().await,
            }
        });
        Self { addr, freeze }
    }
}

/// A running server.
pub(crate) struct Running {
    pub(crate) hub: Arc<Hub>,
    pub(crate) addr: SocketAddr,
    pub(crate) observed: mpsc::UnboundedReceiver<Observation>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
}

pub(crate) async fn start(security: Security, settings: Settings) -> Running {
    let (hub, observed) = Hub::new(settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn(Server::new(Arc::clone(&hub), security).serve(listener, stop.clone()));
    Running { hub, addr, observed, stop, task }
}

/// A server over TLS whose certificates can be replaced.
pub(crate) async fn start_secure(tls: Tls) -> (Running, Arc<Mutex<Tls>>) {
    let current = Arc::new(Mutex::new(tls));
    let source = Arc::clone(&current);
    let security = Security::Mutual(Arc::new(move || source.lock().unwrap().clone()));
    (start(security, Settings::default()).await, current)
}

impl Running {
    /// Publishes clusters to the default fleet.
    pub(crate) fn clusters(&self, set: &[(&str, &str)]) {
        self.publish(&FleetId::default_fleet(), ResourceType::Cluster, set);
    }

    pub(crate) fn publish(&self, fleet: &FleetId, kind: ResourceType, set: &[(&str, &str)]) {
        let resource = |(name, body): &(&str, &str)| (kind, Resource::new(*name, body.as_bytes().to_vec()));
        self.hub.publish(fleet, Update { set: set.iter().map(resource).collect(), removed: Vec::new() });
    }

    /// Waits for the next observation that matches.
    pub(crate) async fn observe(&mut self, wanted: impl Fn(&Observation) -> bool) -> Observation {
        loop {
            let observation = self.observed.recv().await.expect("the hub lives");
            if wanted(&observation) {
                return observation;
            }
        }
    }
}
