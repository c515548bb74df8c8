//! CAs that issue certificates to clients, and take them back.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};

use crate::manifests::secret;

/// A CA with its key.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The CAs between a client and one that is trusted; PEM, the nearest first.
    between: String,
}

/// A certificate that an [`Authority`] issued, and its key.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// What a client shows: its certificate, and those of the CAs between it and a root; PEM.
    pub chain: String,
    /// Its key in PEM.
    pub key: String,
    serial: u64,
}

static SERIAL: AtomicU64 = AtomicU64::new(1);

impl Authority {
    /// A new root.
    #[must_use]
    pub fn root(name: &str) -> Self {
        let issuer = CertifiedIssuer::self_signed(ca(name), key()).expect("a CA can be made");
        Self { issuer, between: String::new() }
    }

    /// A CA that this one certifies.
    #[must_use]
    pub fn intermediate(&self, name: &str) -> Self {
        let issuer = CertifiedIssuer::signed_by(ca(name), key(), &self.issuer).expect("a CA can be made");
        let between = format!("{}{}", issuer.pem(), self.between);
        Self { issuer, between }
    }

    /// Its certificate in PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// Its certificate as a Secret in the namespace `default`.
    #[must_use]
    pub fn secret(&self, name: &str) -> String {
        secret(name, "Opaque", &[("ca.crt", &self.certificate())])
    }

    /// A certificate for a client: its subject is the name, and it has a DNS name and a URI made from it.
    #[must_use]
    pub fn issue(&self, name: &str) -> ClientIdentity {
        self.issue_until(name, 2100)
    }

    /// One that was valid once.
    #[must_use]
    pub fn issue_expired(&self, name: &str) -> ClientIdentity {
        self.issue_until(name, 2021)
    }

    fn issue_until(&self, name: &str, year: i32) -> ClientIdentity {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let mut params = CertificateParams::new([format!("{name}.client.example")]).expect("a name");
        let uri = format!("spiffe://client.example/{name}").try_into().expect("ASCII");
        params.subject_alt_names.push(SanType::URI(uri));
        params.distinguished_name = named(name);
        params.serial_number = Some(SerialNumber::from(serial));
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate can be made");
        let chain = format!("{}{}", certificate.pem(), self.between);
        ClientIdentity { chain, key: key.serialize_pem(), serial }
    }

    /// The list of what it took back, in PEM.
    #[must_use]
    pub fn revoke(&self, identities: &[&ClientIdentity]) -> String {
        let revoked = |identity: &&ClientIdentity| RevokedCertParams {
            serial_number: SerialNumber::from(identity.serial),
            revocation_time: date_time_ymd(2021, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2021, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: identities.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).expect("a list can be made");
        list.pem().expect("a list can be written")
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("keys can be made")
}

fn named(name: &str) -> rcgen::DistinguishedName {
    let mut names = rcgen::DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}
