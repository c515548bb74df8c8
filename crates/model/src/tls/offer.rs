//! What is offered in a TLS handshake, beside the versions.

/// What is offered in a TLS handshake, beside the versions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsOffer {
    /// The cipher suites of TLS 1.2, the best first; each once. Default Contour's.
    pub ciphers: Vec<CipherSuite>,
    /// The curves, the best first; each once. Default, and empty, for Envoy's own.
    pub curves: Vec<Curve>,
}

impl Default for TlsOffer {
    fn default() -> Self {
        Self { ciphers: CipherSuite::DEFAULT.to_vec(), curves: vec![] }
    }
}

/// A cipher suite of TLS 1.2 that Envoy has, or a group of which the client chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CipherSuite(&'static str);

impl CipherSuite {
    /// All that may be chosen (reference contour.md 2.1).
    pub const ALL: [Self; 16] = [
        Self::ECDSA_GROUP,
        Self::RSA_GROUP,
        Self("ECDHE-ECDSA-CHACHA20-POLY1305"),
        Self("ECDHE-RSA-CHACHA20-POLY1305"),
        Self("ECDHE-ECDSA-AES128-GCM-SHA256"),
        Self("ECDHE-RSA-AES128-GCM-SHA256"),
        Self("ECDHE-ECDSA-AES128-SHA"),
        Self("ECDHE-RSA-AES128-SHA"),
        Self("AES128-GCM-SHA256"),
        Self("AES128-SHA"),
        Self::ECDSA_AES256,
        Self::RSA_AES256,
        Self("ECDHE-ECDSA-AES256-SHA"),
        Self("ECDHE-RSA-AES256-SHA"),
        Self("AES256-GCM-SHA384"),
        Self("AES256-SHA"),
    ];

    /// What is offered when nobody chooses.
    pub const DEFAULT: [Self; 4] = [Self::ECDSA_GROUP, Self::RSA_GROUP, Self::ECDSA_AES256, Self::RSA_AES256];

    const ECDSA_GROUP: Self = Self("[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]");
    const RSA_GROUP: Self = Self("[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]");
    const ECDSA_AES256: Self = Self("ECDHE-ECDSA-AES256-GCM-SHA384");
    const RSA_AES256: Self = Self("ECDHE-RSA-AES256-GCM-SHA384");

    /// The suite of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.0 == name)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// A curve, or another way to exchange keys, that Envoy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Curve(&'static str);

impl Curve {
    /// All that may be chosen (reference contour.md 2.1).
    pub const ALL: [Self; 6] = [
        Self("X25519"),
        Self("P-256"),
        Self("P-384"),
        Self("P-521"),
        Self("X25519MLKEM768"),
        Self("MLKEM1024"),
    ];

    /// The curve of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.0 == name)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
