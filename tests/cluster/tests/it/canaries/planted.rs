//! What is planted: Secrets, and objects that use them, rightly and wrongly.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use certs::GatewayCa;
use kubernetes::GATEWAY_CA;
use serde_json::{Value, json};

use crate::controller::{certificates, now};
use crate::objects::{gateway_ca, http_proxy, secret};

/// Something that must not be seen, in all the forms that it may be written in.
#[derive(Clone)]
pub(super) struct Canary {
    pub(super) name: String,
    pub(super) forms: Vec<String>,
}

impl Canary {
    /// A private key in PEM.
    pub(super) fn key(name: &str, pem: &str) -> Self {
        // The first line says what kind of key it is; the second begins with the key itself.
        let line = pem.lines().nth(2).expect("a key of several lines");
        let piece = &line[..24];
        let bytes = STANDARD.decode(piece).expect("PEM");
        Self { name: name.to_owned(), forms: [text_forms(piece), byte_forms(&bytes)].concat() }
    }

    fn word(name: &str, word: &str) -> Self {
        Self { name: name.to_owned(), forms: text_forms(word) }
    }
}

/// As it is, or as a part of something longer in base64, or as bytes.
fn text_forms(text: &str) -> Vec<String> {
    let in_base64 = (0..3).map(|shift| {
        let longer = [&vec![0; shift], text.as_bytes()].concat();
        let encoded = STANDARD_NO_PAD.encode(longer);
        // What stands before and behind decides over the letters at both ends.
        encoded[if shift == 0 { 0 } else { 4 }..encoded.len() / 4 * 4].to_owned()
    });
    [text.to_owned()].into_iter().chain(in_base64).chain(byte_forms(text.as_bytes())).collect()
}

/// As `Debug` and hexadecimal output have them.
fn byte_forms(bytes: &[u8]) -> Vec<String> {
    let numbers: Vec<String> = bytes.iter().map(ToString::to_string).collect();
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![numbers.join(", "), numbers.join(","), hexadecimal.to_uppercase(), hexadecimal]
}

/// The canaries, and the Secrets that they are in.
pub(super) struct Planted {
    namespace: String,
    certificate: String,
    key: String,
    /// The certificate of a CA, which is nobody's secret.
    authority: String,
    secrets: Vec<(Value, Canary)>,
}

fn pair(name: &str, certificate: &str, key: &str) -> (Value, Canary) {
    let fields = json!({"tls.crt": certificate, "tls.key": key});
    (secret(name, "kubernetes.io/tls", &fields), Canary::key(name, key))
}

fn opaque(name: &str, field: &str, text: &str, word: &str) -> (Value, Canary) {
    (secret(name, "Opaque", &json!({field: text})), Canary::word(name, word))
}

/// What certificates of Gateways' Envoys are signed with.
fn of_gateways() -> (Value, Canary) {
    let ca = GatewayCa::new(now()).unwrap();
    let key = String::from_utf8(ca.data()["tls.key"].clone()).unwrap();
    (gateway_ca(&ca), Canary::key(GATEWAY_CA, &key))
}

fn jwks(name: &str, key: &Value, word: &str) -> (Value, Canary) {
    opaque(name, "jwks", &json!({"keys": [key]}).to_string(), word)
}

impl Planted {
    pub(super) fn new(namespace: &str) -> Self {
        let certs::Generated { ca: authority, server: served, .. } = certificates(0);
        let (certificate, key) = (served.certificate, served.key.expose().to_owned());
        let another = || certificates(0).server;
        let (upstream, fallback) = (another(), another());
        let torn = another().key.expose().replace("-----END PRIVATE KEY-----\n", "");
        let misplaced = another().key.expose().to_owned();
        let of_issuer = json!({
            "kty": "EC", "crv": "P-256", "d": "a_private_part_that_is_no_letter_long",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        let secrets = vec![
            pair("served", &certificate, &key),
            pair("upstream", &upstream.certificate, upstream.key.expose()),
            pair("fallback", &fallback.certificate, fallback.key.expose()),
            pair("other-key", &certificate, another().key.expose()),
            pair("torn", &certificate, &torn),
            (
                secret("key-for-ca", "Opaque", &json!({"ca.crt": misplaced})),
                Canary::key("key-for-ca", &misplaced),
            ),
            opaque("no-ca", "ca.crt", "not-a-ca-but-a-word", "not-a-ca-but-a-word"),
            opaque("no-crl", "crl.pem", "not-a-list-but-a-word", "not-a-list-but-a-word"),
            jwks(
                "symmetric",
                &json!({"kty": "oct", "k": "c3ltbWV0cmljLWtleS1vZi1hbi1pc3N1ZXI"}),
                "c3ltbWV0cmljLWtleS1vZi1hbi1pc3N1ZXI",
            ),
            jwks("private", &of_issuer, "a_private_part_that_is_no_letter_long"),
            opaque("no-jwks", "jwks", "{\"keys\": not-a-key-set}", "not-a-key-set"),
            (
                secret(
                    "basic",
                    "kubernetes.io/basic-auth",
                    &json!({"username": "someone", "password": "a-basic-token"}),
                ),
                Canary::word("basic", "a-basic-token"),
            ),
            opaque("unrelated", "anything", "of-nobodys-concern", "of-nobodys-concern"),
            of_gateways(),
        ];
        Self { namespace: namespace.to_owned(), certificate, key, authority, secrets }
    }

    pub(super) fn canaries(&self) -> Vec<Canary> {
        self.secrets.iter().map(|(_, canary)| canary.clone()).collect()
    }

    /// The key of the certificate that is served.
    pub(super) fn served_key(&self) -> &str {
        &self.key
    }

    /// What the operator decides: certificates that are no object's.
    pub(super) fn configuration(&self) -> String {
        let name = |secret: &str| format!("{{namespace: {}, name: {secret}}}", self.namespace);
        format!(
            "tls: {{envoy-client-certificate: {}, fallback-certificate: {}}}\n",
            name("upstream"),
            name("fallback")
        )
    }

    /// The HTTPProxies that cannot be served as they are.
    pub(super) fn wrong(&self) -> [&'static str; 7] {
        ["other-key", "torn", "key-for-ca", "no-ca", "no-crl", "symmetric", "no-jwks"]
    }

    /// Everything, Secrets first.
    pub(super) fn objects(&self) -> Vec<Value> {
        let tls = |secret: &str| json!({"tls": {"secretName": secret}});
        let clients = |field: &str, secret: &str| {
            let validation = json!({"caSecret": "authority", field: secret});
            json!({"tls": {"secretName": "served", "clientValidation": validation}})
        };
        let issuer = |keys: &str| {
            let provider = json!({"name": "issuer", "localJWKS": {"secretName": keys, "key": "jwks"}});
            json!({"tls": {"secretName": "served"}, "jwtProviders": [provider]})
        };
        let hosts = [
            ("served", tls("served")),
            ("fallback", json!({"tls": {"secretName": "served", "enableFallbackCertificate": true}})),
            ("private", issuer("private")),
            ("other-key", tls("other-key")),
            ("torn", tls("torn")),
            ("key-for-ca", clients("caSecret", "key-for-ca")),
            ("no-ca", clients("caSecret", "no-ca")),
            ("no-crl", clients("crlSecret", "no-crl")),
            ("symmetric", issuer("symmetric")),
            ("no-jwks", issuer("no-jwks")),
        ];
        let authority = secret("authority", "Opaque", &json!({"ca.crt": self.authority}));
        let secrets = self.secrets.iter().map(|(secret, _)| secret.clone()).chain([authority]);
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]},
        });
        let route = json!({"services": [{"name": "web", "port": 80, "protocol": "tls"}]});
        let hosts = hosts.map(|(name, host)| http_proxy(name, host, &route));
        secrets.chain([service]).chain(hosts).collect()
    }

    /// Files that cannot be read, with a key close to what is wrong in each.
    pub(super) fn broken_files(&self) -> Vec<String> {
        let Self { certificate, key, .. } = self;
        let block = |text: &str| text.lines().map(|line| format!("    {line}\n")).collect::<String>();
        let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: served, namespace: broken}\n";
        vec![
            format!(
                "{head}stringData:\n  tls.crt: |\n{}  tls.key: |\n{}: [broken\n",
                block(certificate),
                block(key)
            ),
            format!(
                "{head}data: {{tls.key: \"{}\"}}\n",
                key.lines().nth(2).unwrap_or_default().to_owned() + "*"
            ),
            format!("{head}data: {{tls.key: [{}]}}\n", key.lines().nth(2).unwrap_or_default()),
            format!("{head}type: [kubernetes.io/tls\nstringData: {{tls.key: {}}}\n", json!(key)),
            format!("{head}stringdata: {{tls.key: {}}}\n", json!(key)),
        ]
    }
}
