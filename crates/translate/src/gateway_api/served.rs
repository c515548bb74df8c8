//! Which listeners of Envoy serve the listeners of a Gateway.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Bind, FleetId, Host, Listener, ListenerId, Settings, Transport};
use store::{Carries, ServedOn};

use super::hosts::is_within;
use super::listeners::Judged;

/// What a port carries, as far as listeners can share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sharing {
    /// Requests in clear text.
    Plaintext,
    /// TLS, by server names.
    Tls,
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Sharing {
    pub(super) const fn of(carries: Carries) -> Self {
        match carries {
            Carries::Http => Self::Plaintext,
            Carries::Https | Carries::HttpsOfRoots | Carries::TerminatedTls | Carries::PassedTls => Self::Tls,
            Carries::Tcp => Self::Tcp,
            Carries::Udp => Self::Udp,
        }
    }

    const fn transport(self) -> Transport {
        match self {
            Self::Plaintext => Transport::Plaintext,
            Self::Tls => Transport::Tls,
            Self::Tcp => Transport::Tcp,
            Self::Udp => Transport::Udp,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Plaintext => "http",
            Self::Tls => "https",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Where listeners are served: `None` for one that is not. In the order of the listeners.
pub(super) struct Served {
    pub(super) on: Vec<Option<ServedOn>>,
    pub(super) listeners: Vec<Listener>,
}

/// Puts listeners that are fit for it on listeners of Envoy; `fit` says which are.
pub(super) fn serve(settings: &Settings, fleet: &FleetId, judged: &[(&Judged, bool)]) -> Served {
    let mut ports: BTreeMap<(u16, Sharing), Vec<&Judged>> = BTreeMap::new();
    for (listener, is_fit) in judged {
        if let Some(carries) = listener.carries.filter(|_| *is_fit) {
            ports.entry((listener.port, Sharing::of(carries))).or_default().push(listener);
        }
    }
    let on = |(listener, is_fit): &(&Judged, bool)| {
        let carries = listener.carries.filter(|_| *is_fit)?;
        let sharing = Sharing::of(carries);
        let beside = &ports[&(listener.port, sharing)];
        let id = listener_id(fleet, listener.port, sharing);
        Some(ServedOn { listener: id, tls: listener.tls.clone(), narrower: narrower(listener, beside) })
    };
    let on = judged.iter().map(on).collect();
    let listeners = ports.keys().map(|port| listener(settings, fleet, *port)).collect();
    Served { on, listeners }
}

fn listener_id(fleet: &FleetId, port: u16, sharing: Sharing) -> ListenerId {
    ListenerId::new(fleet.clone(), format!("{}-{port}", sharing.word()))
}

fn listener(settings: &Settings, fleet: &FleetId, (port, sharing): (u16, Sharing)) -> Listener {
    let access_log: &Arc<str> = match sharing {
        Sharing::Plaintext => &settings.http_access_log,
        Sharing::Tls | Sharing::Tcp | Sharing::Udp => &settings.https_access_log,
    };
    Listener {
        id: listener_id(fleet, port, sharing),
        transport: sharing.transport(),
        bind: Bind { address: settings.address_of(fleet), port: model::envoy_port(port) },
        access_log: access_log.clone(),
        proxy_protocol: settings.proxy_protocol && sharing != Sharing::Udp,
    }
}

/// Hosts of other listeners of the port that are within this one's.
fn narrower(listener: &Judged, beside: &[&Judged]) -> Vec<Host> {
    // As most are, where there are many.
    if !listener.host.is_any() && listener.host.wildcard_parent().is_none() {
        return vec![];
    }
    let within = |other: &&&Judged| other.host != listener.host && is_within(&other.host, &listener.host);
    let mut hosts: Vec<_> = beside.iter().filter(within).map(|other| other.host.clone()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}
