//! Flags that several commands share.

use std::net::IpAddr;
use std::sync::Arc;

use clap::Args;
use model::{Bind, DuplicateFqdn, SecretName, Settings};

/// What the operator decides for everyone.
#[derive(Debug, Clone, Args)]
pub(crate) struct SettingsArguments {
    /// The classes of objects that are served; by default those without a class and of class `isobath` or
    /// `contour`.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    ingress_class_name: Vec<String>,
    /// The namespaces where root HTTPProxies may live; by default all.
    #[arg(long, value_name = "NAMESPACE", value_delimiter = ',')]
    root_namespaces: Vec<String>,
    /// Lets ExternalName Services be backends.
    #[arg(long)]
    enable_external_name_service: bool,
    /// Redirects to HTTPS even where a route says permitInsecure.
    #[arg(long)]
    disable_permit_insecure: bool,
    /// Which of several root HTTPProxies with one fqdn is served.
    #[arg(long, value_enum, default_value = "oldest-wins")]
    duplicate_fqdn: DuplicateArgument,
    /// The Secret with the certificate for clients that name no server, or one that nobody serves. HTTPProxies that
    /// enable it need a TLSCertificateDelegation of its namespace.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = secret_name)]
    fallback_certificate: Option<SecretName>,
    /// Takes a PROXY protocol header at the beginning of clients' connections.
    #[arg(long)]
    use_proxy_protocol: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DuplicateArgument {
    /// The oldest is served, the others are invalid.
    OldestWins,
    /// All are invalid, as in Contour.
    InvalidAll,
}

impl SettingsArguments {
    /// The settings, with defaults for all that has no flag.
    pub(crate) fn settings(&self) -> Settings {
        let names = |names: &[String]| names.iter().map(|name| Arc::from(name.as_str())).collect();
        Settings {
            ingress_classes: names(&self.ingress_class_name),
            root_namespaces: names(&self.root_namespaces),
            external_names: self.enable_external_name_service,
            disable_permit_insecure: self.disable_permit_insecure,
            duplicate_fqdn: match self.duplicate_fqdn {
                DuplicateArgument::OldestWins => DuplicateFqdn::OldestWins,
                DuplicateArgument::InvalidAll => DuplicateFqdn::InvalidAll,
            },
            fallback_certificate: self.fallback_certificate.clone(),
            proxy_protocol: self.use_proxy_protocol,
            ..Settings::default()
        }
    }
}

fn secret_name(text: &str) -> Result<SecretName, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(SecretName::new(namespace, name))
        }
        Some(_) | None => Err("want a namespace and a name, such as projectcontour/fallback".into()),
    }
}

/// A place to listen on.
pub(crate) const fn bind(address: IpAddr, port: u16) -> Bind {
    Bind { address, port }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_with_its_namespace() {
        assert_eq!(secret_name("ops/fallback"), Ok(SecretName::new("ops", "fallback")));
        for text in ["", "fallback", "/fallback", "ops/", "ops/fallback/tls"] {
            assert!(secret_name(text).is_err(), "{text}");
        }
    }
}
