//! Who a client is: its fleet, from the certificate's name; what its node says must not contradict that.

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::discovery::Node;
use crate::fleet::FleetId;

/// What precedes the name of the fleet in the URI name of Gateways' Envoys (`gateway/NAMESPACE/NAME`, `gatewayclass/NAME`).
/// URI names under this trust domain are ours: one that is not understood is refused.
const TRUST_DOMAIN: &str = "spiffe://isobath/";

/// Why a client is refused; the text goes to the client and to the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The certificate cannot be read.
    #[error("client certificate: cannot be parsed")]
    Unreadable,
    /// The certificate names nothing that is served.
    #[error("client certificate: names neither {expected} nor one gateway")]
    Stranger {
        /// The name of the default fleet's certificate.
        expected: String,
    },
    /// The authority of the certificate must not name this fleet.
    #[error("client certificate: names the fleet {0}, which its authority may not")]
    Usurper(FleetId),
    /// The node claims another fleet than the certificate.
    #[error("node.cluster: claims {claimed}, the certificate is for {certified}")]
    Contradiction {
        /// What `node.cluster` says.
        claimed: FleetId,
        /// What the certificate says.
        certified: FleetId,
    },
}

/// The fleet that a certificate (DER) stands for: a URI name of a gateway, or of a class, is that fleet and no other; the
/// expected DNS name, or common name, is the default fleet.
pub fn fleet_of_certificate(der: &[u8], expected: &str) -> Result<FleetId, Refused> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Refused::Unreadable)?;
    let names = certificate.subject_alternative_name().map_err(|_| Refused::Unreadable)?;
    let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    let uris: Vec<_> = names.iter().filter_map(uri_of).filter(|uri| uri.starts_with(TRUST_DOMAIN)).collect();
    let stranger = || Refused::Stranger { expected: expected.to_owned() };
    match uris.as_slice() {
        [] if names.iter().any(|name| is_dns(name, expected)) || is_common_name(&certificate, expected) => {
            Ok(FleetId::default_fleet())
        }
        [uri] => fleet_of(uri).ok_or_else(stranger),
        _ => Err(stranger()),
    }
}

/// When a certificate (DER) expires, in unix seconds.
pub(crate) fn not_after(der: &[u8]) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

fn uri_of<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    match name {
        GeneralName::URI(uri) => Some(uri),
        _ => None,
    }
}

fn is_dns(name: &GeneralName<'_>, expected: &str) -> bool {
    matches!(name, GeneralName::DNSName(dns) if *dns == expected)
}

fn is_common_name(certificate: &X509Certificate<'_>, expected: &str) -> bool {
    certificate.subject().iter_common_name().any(|name| name.as_str() == Ok(expected))
}

fn fleet_of(uri: &str) -> Option<FleetId> {
    FleetId::claimed_by(uri.strip_prefix(TRUST_DOMAIN)?)
}

/// The fleet of a stream: the certificate's, unless the node claims another. Without certificates
/// (plaintext) the node's claim is believed.
pub fn admit(certified: Option<&FleetId>, node: &Node) -> Result<FleetId, Refused> {
    let claimed = FleetId::claimed_by(&node.cluster);
    match (certified, claimed) {
        (Some(certified), Some(claimed)) if *certified != claimed => {
            Err(Refused::Contradiction { claimed, certified: certified.clone() })
        }
        (Some(certified), _) => Ok(certified.clone()),
        (None, claimed) => Ok(claimed.unwrap_or_else(FleetId::default_fleet)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    fn certificate(common_name: &str, dns: &[&str], uris: &[&str]) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.subject_alt_names = dns.iter().map(|n| SanType::DnsName((*n).try_into().unwrap())).collect();
        params.subject_alt_names.extend(uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())));
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn fleet(common_name: &str, dns: &[&str], uris: &[&str]) -> Result<FleetId, Refused> {
        fleet_of_certificate(&certificate(common_name, dns, uris), "envoy")
    }

    #[test]
    fn expected_name_is_the_default_fleet() {
        assert_eq!(fleet("x", &["envoy"], &[]), Ok(FleetId::default_fleet()));
        assert_eq!(fleet("envoy", &[], &[]), Ok(FleetId::default_fleet()));
        assert_eq!(fleet("envoy", &[], &["spiffe://cluster.local/x"]), Ok(FleetId::default_fleet()));
    }

    #[test]
    fn gateway_uri_is_that_fleet_and_no_other() {
        let gateway = Ok(FleetId::gateway("ns", "gw"));
        assert_eq!(fleet("x", &[], &["spiffe://isobath/gateway/ns/gw"]), gateway);
        assert_eq!(fleet("envoy", &["envoy"], &["spiffe://isobath/gateway/ns/gw"]), gateway);
    }

    #[test]
    fn class_uri_is_that_fleet_and_no_other() {
        let class = Ok(FleetId::class("edge"));
        assert_eq!(fleet("x", &[], &["spiffe://isobath/gatewayclass/edge"]), class);
        assert_eq!(fleet("envoy", &["envoy"], &["spiffe://isobath/gatewayclass/edge"]), class);
    }

    #[test]
    fn x_003_other_names_are_strangers() {
        let stranger = Err(Refused::Stranger { expected: "envoy".into() });
        assert_eq!(fleet("contour", &["contour"], &[]), stranger);
        assert_eq!(fleet("Envoy", &["envoy.example"], &[]), stranger);
        for uri in
            ["gateway/ns", "other/a/b", "gateway/a/b/c", "gatewayclass/", "gatewayclass/a/b", "default"]
        {
            let uri = format!("spiffe://isobath/{uri}");
            assert_eq!(fleet("envoy", &["envoy"], &[&uri]), stranger, "{uri}");
        }
        let two = ["spiffe://isobath/gateway/a/b", "spiffe://isobath/gateway/c/d"];
        assert_eq!(fleet("envoy", &[], &two), stranger);
        assert_eq!(fleet_of_certificate(b"no certificate", "envoy"), Err(Refused::Unreadable));
    }

    #[test]
    fn x_006_a_node_that_claims_another_fleet_is_refused() {
        let node = |cluster: &str| Node { cluster: cluster.into(), ..Node::default() };
        let (one, two) = (FleetId::gateway("ns", "one"), FleetId::gateway("ns", "two"));
        assert_eq!(admit(Some(&one), &node("gateway/ns/one")), Ok(one.clone()));
        assert_eq!(admit(Some(&one), &node("projectcontour")), Ok(one.clone()));
        assert_eq!(
            admit(Some(&one), &node("gateway/ns/two")),
            Err(Refused::Contradiction { claimed: two.clone(), certified: one.clone() })
        );
        let class = FleetId::class("edge");
        assert_eq!(
            admit(Some(&one), &node("gatewayclass/edge")),
            Err(Refused::Contradiction { claimed: class.clone(), certified: one })
        );
        assert!(admit(Some(&class), &node("gateway/ns/two")).is_err());
        assert!(admit(Some(&FleetId::default_fleet()), &node("gateway/ns/two")).is_err());
        assert_eq!(admit(None, &node("gateway/ns/two")), Ok(two));
        assert_eq!(admit(None, &node("")), Ok(FleetId::default_fleet()));
    }
}
