//! Hosts of every kind that come and go, and the resources that each is in each layout.

use harness::World;
use harness::manifests::{HostCertificate, http_proxy, tls_proxy};
use model::Layout;
use testkit::eventually;

/// A host that comes and goes.
pub(super) struct Tenant {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As most hosts are.
    Secure,
    /// With a TLS version of its own.
    Strict,
    SecureWildcard,
    PassedThrough,
    Plain,
    PlainWildcard,
}

impl Tenant {
    /// Of ten tenants five are as most hosts are, and one is of each other kind.
    pub(super) fn new(number: usize) -> Self {
        let kind = match number % 10 {
            0 => Kind::Strict,
            1 => Kind::PassedThrough,
            2 => Kind::SecureWildcard,
            3 => Kind::Plain,
            4 => Kind::PlainWildcard,
            _ => Kind::Secure,
        };
        Self { name: format!("tenant-{number}"), kind }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn fqdn(&self) -> String {
        match self.kind {
            Kind::SecureWildcard | Kind::PlainWildcard => format!("*.{}.example", self.name),
            Kind::Secure | Kind::Strict | Kind::PassedThrough | Kind::Plain => {
                format!("{}.example", self.name)
            }
        }
    }

    /// Writes its files.
    pub(super) fn write(&self, world: &World) {
        let (name, fqdn) = (&self.name, format!("'{}'", self.fqdn()));
        let secret = || format!("---\n{}", HostCertificate::new(&self.fqdn()).secret(name));
        let yaml = match self.kind {
            Kind::Secure | Kind::SecureWildcard => {
                tls_proxy(name, &fqdn, &format!("{{secretName: {name}}}"), "blue") + &secret()
            }
            Kind::Strict => {
                let tls = format!("{{secretName: {name}, minimumProtocolVersion: '1.3'}}");
                tls_proxy(name, &fqdn, &tls, "blue") + &secret()
            }
            Kind::PassedThrough => {
                let host = format!("virtualhost: {{fqdn: {fqdn}, tls: {{passthrough: true}}}}\n");
                http_proxy(name, &(host + "tcpproxy: {services: [{name: through, port: 80}]}\n"))
            }
            Kind::Plain | Kind::PlainWildcard => {
                let routes = "routes: [{services: [{name: blue, port: 80}]}]\n";
                http_proxy(name, &format!("virtualhost: {{fqdn: {fqdn}}}\n{routes}"))
            }
        };
        world.write(name, &yaml);
    }

    /// Deletes its files.
    pub(super) fn delete(&self, world: &World) {
        world.delete(&self.name);
    }

    /// Waits until its clients are served.
    pub(super) async fn is_served(&self, world: &World) {
        let host = self.fqdn().replace('*', "any");
        let request = match self.kind {
            Kind::Plain | Kind::PlainWildcard => world.get(&host, "/"),
            Kind::Secure | Kind::Strict | Kind::SecureWildcard | Kind::PassedThrough => {
                world.get_tls(&host, "/")
            }
        };
        eventually(&host, async || match request.send().await {
            Ok(answer) if answer.code() == 200 => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }

    /// Whether it has a filter chain of its own.
    pub(super) fn has_chain(&self, layout: Layout) -> bool {
        match self.kind {
            Kind::Plain | Kind::PlainWildcard => false,
            Kind::Strict | Kind::PassedThrough => true,
            Kind::Secure | Kind::SecureWildcard => layout != Layout::OnDemand,
        }
    }

    /// The resources that are pushed when it comes or goes.
    pub(super) fn resources(&self, layout: Layout) -> Vec<String> {
        let parts = [self.certificate(layout), self.plain_routes(layout), self.secure_routes(layout)];
        let listener = self.has_chain(layout).then(|| "Listener ingress_https".to_owned());
        parts.into_iter().flatten().chain(self.bar(layout)).chain(listener).collect()
    }

    fn certificate(&self, layout: Layout) -> Option<String> {
        match (self.kind, layout) {
            (Kind::Plain | Kind::PlainWildcard | Kind::PassedThrough, _) => None,
            (Kind::Secure | Kind::SecureWildcard, Layout::OnDemand) => {
                Some(format!("Secret {}", self.fqdn()))
            }
            (Kind::Secure | Kind::SecureWildcard | Kind::Strict, _) => {
                Some(format!("Secret default/{}", self.name))
            }
        }
    }

    /// On the plaintext listener; a redirect for a host with TLS.
    fn plain_routes(&self, layout: Layout) -> Option<String> {
        match (self.kind, layout) {
            (Kind::PassedThrough, _) => None,
            (Kind::Plain | Kind::Secure | Kind::Strict, Layout::Scoped | Layout::OnDemand) => {
                Some(self.scope("http"))
            }
            (_, _) => Some("RouteConfiguration ingress_http".to_owned()),
        }
    }

    fn secure_routes(&self, layout: Layout) -> Option<String> {
        let fqdn = self.fqdn();
        match (self.kind, layout) {
            (Kind::Plain | Kind::PlainWildcard | Kind::PassedThrough, _) => None,
            (_, Layout::Table) => Some(format!("RouteConfiguration https/{fqdn}")),
            (_, Layout::Scoped) | (Kind::Strict, _) => Some(self.scope("chain")),
            (Kind::SecureWildcard, _) => Some("RouteConfiguration ingress_https".to_owned()),
            (Kind::Secure, _) => Some(self.scope("https")),
        }
    }

    /// What keeps connections of the shared chain away from a host with a chain of its own.
    fn bar(&self, layout: Layout) -> Option<String> {
        let is_apart = matches!(self.kind, Kind::Strict | Kind::PassedThrough);
        (is_apart && layout == Layout::OnDemand).then(|| self.scope("https"))
    }

    fn scope(&self, class: &str) -> String {
        let name = envoy::scope_name(&format!("{class}/{}", self.fqdn()));
        format!("ScopedRouteConfiguration {name}")
    }
}
