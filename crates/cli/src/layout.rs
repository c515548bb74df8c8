//! The flags that choose how hosts are spread over what Envoy subscribes to.

use anyhow::bail;
use clap::{Args, ValueEnum};
use envoy::XdsMode;
use model::Layout;

/// How hosts are spread over what Envoy subscribes to.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LayoutArguments {
    /// How Envoy finds the routes of a host.
    #[arg(long, value_enum, default_value_t = RouteLayout::Scoped)]
    route_layout: RouteLayout,
    /// How Envoy finds the certificate of a host.
    #[arg(long, value_enum, default_value_t = TlsLayout::Chains)]
    tls_layout: TlsLayout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RouteLayout {
    /// In one table, as with Contour: a change costs the more, the more hosts there are.
    Table,
    /// In a scope for each host: Envoy reads no other host again when one changes.
    Scoped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TlsLayout {
    /// In a filter chain for each host.
    Chains,
    /// By fetching it when a client asks for it: no TLS session is resumed. Not with `--route-layout=table`.
    OnDemand,
}

impl LayoutArguments {
    /// The layout that the flags choose, for Envoys that ask in this way.
    pub(crate) fn layout(self, mode: XdsMode) -> anyhow::Result<Layout> {
        match (self.route_layout, self.tls_layout) {
            (RouteLayout::Table, TlsLayout::Chains) => Ok(Layout::Table),
            (RouteLayout::Scoped, TlsLayout::Chains) => Ok(Layout::Scoped),
            (RouteLayout::Table, TlsLayout::OnDemand) => {
                bail!("--tls-layout: on-demand needs scoped routes; leave --route-layout=table out")
            }
            (RouteLayout::Scoped, TlsLayout::OnDemand) if !mode.is_delta() => bail!(
                "--tls-layout: on-demand needs an Envoy that is sent changes only, for in the state of the world \
                 nobody can be told that a name has no certificate; use --xds-mode=ads-delta or --xds-mode=delta"
            ),
            (RouteLayout::Scoped, TlsLayout::OnDemand) => Ok(Layout::OnDemand),
        }
    }
}
