//! Listeners of Gateways with the same Envoys that cannot be told apart.

use std::collections::{BTreeMap, BTreeSet};

use model::{Host, Settings};

use super::listeners::Judged;
use super::served::Sharing;
use super::statement::Failure;

/// A port as a socket: what is carried over UDP is no neighbour of the rest.
type Socket = (u16, bool);

/// What listeners have taken already.
#[derive(Default)]
pub(super) struct Taken {
    ports: BTreeMap<Socket, Sharing>,
    hosts: BTreeSet<(Socket, Host)>,
    /// By which port of a listener each port of Envoy is taken.
    bound: BTreeMap<Socket, u16>,
}

fn socket(port: u16, sharing: Sharing) -> Socket {
    (port, sharing == Sharing::Udp)
}

impl Taken {
    /// A Gateway's own: of several that cannot be told apart none is taken (specification of `listeners`), and of the others
    /// none that cannot be told from what was there before.
    pub(super) fn take_own(&mut self, listeners: &[Judged]) -> Vec<Option<Failure>> {
        let known: Vec<_> = listeners.iter().map(sharing).collect();
        let mixed = |port: Socket| {
            let mut first = known.iter().flatten().filter(|(other, _)| *other == port);
            let sharing = first.next().map(|(_, sharing)| *sharing);
            first.any(|(_, other)| Some(*other) != sharing)
        };
        let is_twin = |index: usize, port: Socket| {
            let host = &listeners[index].host;
            let others = listeners.iter().zip(&known).enumerate().filter(|(other, _)| *other != index);
            others.into_iter().any(|(_, (other, known))| {
                known.is_some_and(|(other_port, _)| other_port == port) && other.host == *host
            })
        };
        let judge = |(index, known): (usize, &Option<(Socket, Sharing)>)| {
            let (port, _) = (*known)?;
            match (mixed(port), is_twin(index, port)) {
                (true, _) => Some(protocol_conflict(port)),
                (false, true) => Some(hostname_conflict(port)),
                (false, false) => None,
            }
        };
        let conflicts: Vec<_> = known.iter().enumerate().map(judge).collect();
        let own = listeners.iter().zip(conflicts);
        own.map(|(listener, conflict)| conflict.or_else(|| self.take(listener))).collect()
    }

    /// One by itself: what was there first stays.
    pub(super) fn take(&mut self, listener: &Judged) -> Option<Failure> {
        let (port, sharing) = sharing(listener)?;
        if *self.ports.entry(port).or_insert(sharing) != sharing {
            return Some(protocol_conflict(port));
        }
        let is_new = self.hosts.insert((port, listener.host.clone()));
        (!is_new).then(|| hostname_conflict(port))
    }

    /// Whether Envoy can listen on the port for it: two ports of listeners may be one port of Envoy, and some its Pod needs.
    pub(super) fn bind(&mut self, settings: &Settings, listener: &Judged) -> Option<Failure> {
        let (port, sharing) = sharing(listener)?;
        let bound = model::envoy_port(port.0);
        let unavailable = |whose: String| {
            let message =
                format!("Envoy listens on port {bound} for it, which {whose} needs; choose another port");
            Failure::new("PortUnavailable", message)
        };
        if sharing != Sharing::Udp && settings.ports_beside_listeners().any(|own| own == bound) {
            return Some(unavailable("its Pod".to_owned()));
        }
        let taker = *self.bound.entry(socket(bound, sharing)).or_insert(port.0);
        (taker != port.0).then(|| unavailable(format!("port {taker} of another listener")))
    }
}

/// The socket of a listener that is not refused, and how it is shared.
fn sharing(listener: &Judged) -> Option<(Socket, Sharing)> {
    let sharing = Sharing::of(listener.carries?);
    listener.refused.is_none().then(|| (socket(listener.port, sharing), sharing))
}

fn protocol_conflict((port, _): Socket) -> Failure {
    let message = format!("another listener uses port {port} with a protocol that cannot share it");
    Failure::new("ProtocolConflict", message)
}

fn hostname_conflict((port, _): Socket) -> Failure {
    Failure::new("HostnameConflict", format!("another listener has the same host on port {port}"))
}
