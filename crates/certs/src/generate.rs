//! A CA and the two leaves that it signs. The CA's key lives no longer than this call.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SanType,
    SerialNumber,
};
use time::{Duration, OffsetDateTime};

use crate::private::PrivateKeyPem;
use crate::tls::{InvalidMaterial, Material};

const MAX_LIFETIME_DAYS: u32 = 36_500;

/// The name of the controller's certificate and of its Service.
pub(crate) const SERVER: &str = "isobath";
/// Its other name: that of the Service in Contour's manifests, which Envoys that were set up by Contour ask for.
const SERVER_OF_CONTOUR: &str = "contour";
/// The name of Envoy's certificate.
pub(crate) const CLIENT: &str = "envoy";

/// Which keys are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyType {
    /// ECDSA on P-256.
    #[default]
    EcdsaP256,
    /// RSA of 2048 bits, for those whose rules demand it.
    Rsa2048,
}

impl KeyType {
    /// As `x509::TlsPair::key_kind` says it.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "EC on P-256",
            Self::Rsa2048 => "RSA",
        }
    }

    /// The type whose keys are of this kind.
    pub(crate) fn of_kind(kind: &str) -> Option<Self> {
        [Self::EcdsaP256, Self::Rsa2048].into_iter().find(|each| each.kind() == kind)
    }

    fn generate(self) -> Result<KeyPair, rcgen::Error> {
        match self {
            Self::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        }
    }
}

/// What [`generate`] makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Now, in unix seconds. Certificates are valid from one day earlier, for clocks that are behind.
    pub now: i64,
    /// How long from now all three certificates are valid, 1 to 36,500 days.
    pub lifetime_days: u32,
    /// Which keys are made.
    pub key_type: KeyType,
    /// The namespace in the DNS names.
    pub namespace: String,
    /// DNS names and IP addresses that the server has beside those of its Service.
    pub extra_server_names: Vec<String>,
}

impl Options {
    /// For `isobath up`: both sides on this machine, 30 days, reached as `localhost` or by loopback address.
    #[must_use]
    pub fn loopback(now: i64) -> Self {
        Self {
            now,
            lifetime_days: 30,
            key_type: KeyType::EcdsaP256,
            namespace: "default".to_owned(),
            extra_server_names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec(),
        }
    }
}

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// One PEM certificate.
    pub certificate: String,
    /// Its key.
    pub key: PrivateKeyPem,
}

/// A CA certificate and the two leaves that it signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The CA as one PEM certificate.
    pub ca: String,
    /// The controller: serves xDS, and calls other replicas.
    pub server: Identity,
    /// Envoy: the default fleet.
    pub client: Identity,
}

impl Generated {
    /// The server's side, ready for TLS; it trusts this CA only.
    ///
    /// # Errors
    /// Never for what [`generate`] returned.
    pub fn server_material(&self) -> Result<Material, InvalidMaterial> {
        material(&self.ca, &self.server)
    }

    /// The client's side, ready for TLS; it trusts this CA only.
    ///
    /// # Errors
    /// Never for what [`generate`] returned.
    pub fn client_material(&self) -> Result<Material, InvalidMaterial> {
        material(&self.ca, &self.client)
    }
}

pub(crate) fn material(trusted: &str, identity: &Identity) -> Result<Material, InvalidMaterial> {
    Material::parse(trusted.as_bytes(), identity.certificate.as_bytes(), identity.key.expose().as_bytes())
}

/// Why nothing can be made.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOptions {
    /// A lifetime out of range.
    #[error("certificate lifetime is {0} days, want 1 to {MAX_LIFETIME_DAYS}")]
    Lifetime(u32),
    /// A clock that shows no date of this era.
    #[error("the current time, {0} s since 1970, is out of range")]
    Now(i64),
    /// A name that cannot be a subject alternative name, or a failure of the crypto library.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The system gives no random numbers.
    #[error("no random numbers for a serial number")]
    Random,
}

/// Makes new keys, a CA and both leaves.
///
/// # Errors
/// If the lifetime or a name is out of range, or the crypto library fails.
pub fn generate(options: &Options) -> Result<Generated, InvalidOptions> {
    let ca_key = options.key_type.generate()?;
    let params = ca_params(options)?;
    let ca = params.self_signed(&ca_key)?.pem();
    let issuer = Issuer::new(params, ca_key);
    let mut server_names = service_names(SERVER, &options.namespace);
    server_names.extend(service_names(SERVER_OF_CONTOUR, &options.namespace));
    server_names.extend_from_slice(&options.extra_server_names);
    let server = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let client = [ExtendedKeyUsagePurpose::ClientAuth];
    let server = leaf_params(options, SERVER, server_names, &server)?;
    let client = leaf_params(options, CLIENT, service_names(CLIENT, &options.namespace), &client)?;
    Ok(Generated {
        ca,
        server: signed(options, &server, &issuer)?,
        client: signed(options, &client, &issuer)?,
    })
}

/// Makes a CA whose key is kept. It may prove who it is, too, so that certificate and key can be checked as any other.
pub(crate) fn authority(options: &Options) -> Result<Identity, InvalidOptions> {
    let key = options.key_type.generate()?;
    let mut params = ca_params(options)?;
    params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    let certificate = params.self_signed(&key)?;
    Ok(Identity { certificate: certificate.pem(), key: PrivateKeyPem::new(key.serialize_pem()) })
}

/// A client with no other name than this URI, signed by a CA whose key was kept.
pub(crate) fn client_with_uri(
    options: &Options,
    uri: &str,
    authority: &Identity,
) -> Result<Identity, InvalidOptions> {
    let key = KeyPair::from_pem(authority.key.expose())?;
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, key)?;
    let mut params = leaf_params(options, CLIENT, vec![], &[ExtendedKeyUsagePurpose::ClientAuth])?;
    params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
    signed(options, &params, &issuer)
}

/// The names under which a Service is reached in its cluster.
pub(crate) fn service_names(service: &str, namespace: &str) -> Vec<String> {
    let full = format!("{service}.{namespace}.svc.cluster.local");
    vec![service.to_owned(), format!("{service}.{namespace}"), format!("{service}.{namespace}.svc"), full]
}

fn ca_params(options: &Options) -> Result<CertificateParams, InvalidOptions> {
    let serial = random_serial()?;
    let tag: String = serial.iter().skip(1).take(4).map(|byte| format!("{byte:02x}")).collect();
    // Each CA has a name of its own: verifiers that look issuers up by name find the right one at once.
    let mut params = params(options, &format!("Isobath CA {tag}"), vec![], serial)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(
    options: &Options,
    name: &str,
    names: Vec<String>,
    usages: &[ExtendedKeyUsagePurpose],
) -> Result<CertificateParams, InvalidOptions> {
    let mut params = params(options, name, names, random_serial()?)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = usages.to_vec();
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// A new key with its certificate.
fn signed(
    options: &Options,
    params: &CertificateParams,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<Identity, InvalidOptions> {
    let key = options.key_type.generate()?;
    let certificate: Certificate = params.signed_by(&key, issuer)?;
    Ok(Identity { certificate: certificate.pem(), key: PrivateKeyPem::new(key.serialize_pem()) })
}

fn params(
    options: &Options,
    name: &str,
    names: Vec<String>,
    serial: [u8; 16],
) -> Result<CertificateParams, InvalidOptions> {
    let (not_before, not_after) = validity(options)?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = not_before;
    params.not_after = not_after;
    Ok(params)
}

fn validity(options: &Options) -> Result<(OffsetDateTime, OffsetDateTime), InvalidOptions> {
    if !(1..=MAX_LIFETIME_DAYS).contains(&options.lifetime_days) {
        return Err(InvalidOptions::Lifetime(options.lifetime_days));
    }
    let now =
        OffsetDateTime::from_unix_timestamp(options.now).map_err(|_| InvalidOptions::Now(options.now))?;
    let not_before = now.checked_sub(Duration::days(1));
    let not_after = now.checked_add(Duration::days(options.lifetime_days.into()));
    not_before.zip(not_after).ok_or(InvalidOptions::Now(options.now))
}

/// 16 random bytes whose first bits keep the number positive and of full length.
fn random_serial() -> Result<[u8; 16], InvalidOptions> {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| InvalidOptions::Random)?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial)
}
