//! Certificates for the mutual TLS between the controller and its Envoys: made, written, rotated, loaded.
//!
//! [`generate`] makes a CA with a server leaf (`isobath`) and a client leaf (`envoy`) and forgets the CA's
//! key. [`certgen::run`] writes them as PEM files or Secret manifests and rotates them without an outage:
//! the CA of the *next* set is announced one rotation ahead, so both sides trust it before either of them
//! uses it, whichever reads its files first. [`ReloadingServerConfig`] serves what is in the files now.
//!
//! [`GatewayCa`] is the CA of the Envoys of Gateways, whose key is kept.
//!
//! What it does not do: it opens no socket, talks to no Kubernetes API, never judges the certificates that
//! users supply (that is `x509`), and installs no process-wide crypto provider. Private keys appear in no
//! `Debug` output, error or log.
//!
//! The types to know: [`CertificateSet`] (what a rotation hands on), [`Material`] (CA, chain and key, ready
//! for TLS), [`ReloadingServerConfig`].

pub mod certgen;
mod gateway_ca;
mod generate;
mod private;
mod reload;
mod rotation;
mod secrets;
mod tls;
mod write;

pub use gateway_ca::{GATEWAY_CA_BUNDLE, GatewayCa, InvalidGatewayCa, fleet_uri};
pub use generate::{Generated, Identity, InvalidOptions, KeyType, Options, generate};
pub use private::PrivateKeyPem;
pub use reload::{
    LoadedCertificate, Reloaded, ReloadingServerConfig, Role, ServerSide, TlsFiles, Unloadable, days_left,
};
pub use rotation::{CertificateSet, Previous, Promotion};
pub use secrets::{InvalidManifest, Names, Secret, SecretsFormat};
pub use tls::{InvalidMaterial, Material, PEERS, https_config};
