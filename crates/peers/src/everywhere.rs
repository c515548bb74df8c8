//! What the leader knows of all Envoys.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use model::{FleetId, ObjectId, Problem};

use crate::message::{Nodes, Version, Word, Words};
use crate::progress::Position;

/// How far the Envoys of all controllers have come.
#[derive(Debug, Default)]
pub(crate) struct Everywhere {
    /// What is not known to be in force everywhere: an object in its newest generation, by its publication here.
    unsettled: BTreeMap<ObjectId, Position>,
    by_publication: Queues,
    own: BTreeMap<FleetId, Own>,
    peers: BTreeMap<SocketAddr, Peer>,
}

/// Our own Envoys of a fleet.
#[derive(Debug, Default)]
struct Own {
    /// The newest publication that is known of.
    newest: u64,
    nodes: usize,
    acknowledged: u64,
}

/// Another controller.
#[derive(Debug, Default)]
struct Peer {
    is_connected: bool,
    /// `None` until it has said so on the connection that it has now: its Envoys are unknown.
    nodes: Option<Nodes>,
    /// What it has not said to be in force.
    open: Queues,
    rejections: BTreeMap<ObjectId, Words>,
}

/// Objects by the publication that carries them, those of each fleet for themselves.
#[derive(Debug, Clone, Default)]
struct Queues(BTreeMap<FleetId, BTreeSet<(u64, ObjectId)>>);

impl Queues {
    fn insert(&mut self, object: &ObjectId, position: &Position) {
        let queue = self.0.entry(position.fleet.clone()).or_default();
        queue.insert((position.publication, object.clone()));
    }

    fn remove(&mut self, object: &ObjectId, position: &Position) {
        if let Some(queue) = self.0.get_mut(&position.fleet) {
            queue.remove(&(position.publication, object.clone()));
        }
    }

    /// The first publication of a fleet.
    fn first(&self, fleet: &FleetId) -> Option<u64> {
        self.0.get(fleet)?.first().map(|(publication, _)| *publication)
    }

    /// Takes out the next object of a fleet whose publication is not after this one.
    fn pop(&mut self, fleet: &FleetId, publication: u64) -> Option<ObjectId> {
        let queue = self.0.get_mut(fleet)?;
        queue.first().filter(|(waits, _)| *waits <= publication)?;
        queue.pop_first().map(|(_, object)| object)
    }
}

impl Everywhere {
    /// An object has another generation, or another configuration.
    pub(crate) fn reported(&mut self, object: &ObjectId, position: Position) {
        let own = self.own.entry(position.fleet.clone()).or_default();
        own.newest = own.newest.max(position.publication);
        self.forgotten(object);
        for peer in self.peers.values_mut().filter(|peer| peer.is_connected) {
            peer.open.insert(object, &position);
        }
        self.by_publication.insert(object, &position);
        self.unsettled.insert(object.clone(), position);
    }

    /// There is nothing to tell of an object any more.
    pub(crate) fn forgotten(&mut self, object: &ObjectId) {
        let Some(position) = self.unsettled.remove(object) else { return };
        self.by_publication.remove(object, &position);
        for peer in self.peers.values_mut() {
            peer.open.remove(object, &position);
        }
    }

    /// How far our own Envoys of a fleet have come.
    pub(crate) fn own_acknowledged(&mut self, fleet: &FleetId, publication: u64) {
        let own = self.own.entry(fleet.clone()).or_default();
        own.acknowledged = own.acknowledged.max(publication);
        own.newest = own.newest.max(publication);
    }

    /// So many Envoys of our own are connected.
    pub(crate) fn own_nodes(&mut self, fleet: &FleetId, count: usize) {
        self.own.entry(fleet.clone()).or_default().nodes = count;
    }

    /// A fleet of ours is no more, and nothing is waited for there.
    pub(crate) fn dissolved(&mut self, fleet: &FleetId) {
        self.own.remove(fleet);
        while let Some(object) = self.by_publication.pop(fleet, u64::MAX) {
            self.unsettled.remove(&object);
        }
        for peer in self.peers.values_mut() {
            peer.open.0.remove(fleet);
        }
    }

    /// The fleets of which something is known.
    pub(crate) fn fleets(&self) -> impl Iterator<Item = &FleetId> {
        self.own.keys()
    }

    /// These are the other controllers. Gives the objects that those who have gone rejected.
    pub(crate) fn peers_are(&mut self, addresses: &BTreeSet<SocketAddr>) -> Vec<ObjectId> {
        let gone = self.peers.extract_if(.., |address, _| !addresses.contains(address));
        let spoken: Vec<_> = gone.flat_map(|(_, peer)| peer.rejections.into_keys()).collect();
        for address in addresses {
            self.peers.entry(*address).or_default();
        }
        spoken
    }

    /// A peer can be reached: gives what to ask it first.
    pub(crate) fn connected(&mut self, address: SocketAddr) -> Vec<Version> {
        let Some(peer) = self.peers.get_mut(&address) else { return vec![] };
        *peer = Peer {
            is_connected: true,
            nodes: None,
            open: self.by_publication.clone(),
            ..std::mem::take(peer)
        };
        self.unsettled.iter().map(|(object, position)| Version::new(object, position.generation)).collect()
    }

    /// A peer cannot be reached any more. What its Envoys rejected, they still do.
    pub(crate) fn disconnected(&mut self, address: SocketAddr) {
        if let Some(peer) = self.peers.get_mut(&address) {
            (peer.is_connected, peer.nodes) = (false, None);
        }
    }

    /// No controller runs at an address, so no Envoy is connected to it.
    pub(crate) fn nobody(&mut self, address: SocketAddr) {
        if let Some(peer) = self.peers.get_mut(&address) {
            let rejections = std::mem::take(&mut peer.rejections);
            *peer = Peer { nodes: Some(Nodes::new()), rejections, ..Peer::default() };
        }
    }

    /// A peer said something. Gives the objects of which something else is rejected now.
    pub(crate) fn said(&mut self, address: SocketAddr, word: &Word) -> Vec<ObjectId> {
        // What comes from a connection that is not kept any more says nothing of the one that is.
        let Some(peer) = self.peers.get_mut(&address).filter(|peer| peer.is_connected) else { return vec![] };
        peer.nodes = Some(word.fleets());
        for version in &word.in_force {
            let Some(object) = version.object() else { continue };
            let known = self.unsettled.get(&object).filter(|known| known.generation <= version.generation);
            if let Some(known) = known {
                peer.open.remove(&object, known);
            }
        }
        let mut changed = Vec::new();
        for rejected in &word.rejected {
            let Some(object) = rejected.version.object() else { continue };
            match &rejected.words {
                Some(words) => drop(peer.rejections.insert(object.clone(), words.clone())),
                None => drop(peer.rejections.remove(&object)),
            }
            changed.push(object);
        }
        changed
    }

    /// What Envoys of other controllers have against an object; the first of those that say something.
    pub(crate) fn rejection(&self, object: &ObjectId) -> Option<Problem> {
        self.peers.values().find_map(|peer| peer.rejections.get(object)).map(Problem::from)
    }

    /// Up to which publication everything is in force with all Envoys of a fleet; `None` when there are none, or a
    /// controller does not say.
    pub(crate) fn in_force(&self, fleet: &FleetId) -> Option<u64> {
        let own = self.own.get(fleet)?;
        let mut nodes = own.nodes;
        let mut reached = if own.nodes == 0 { own.newest } else { own.acknowledged };
        for peer in self.peers.values() {
            nodes += peer.nodes.as_ref()?.get(fleet).copied().unwrap_or_default();
            if let Some(publication) = peer.open.first(fleet) {
                reached = reached.min(publication.saturating_sub(1));
            }
        }
        (nodes > 0).then_some(reached)
    }

    /// Everything up to a publication is in force: nobody need be asked for it any more.
    pub(crate) fn settle(&mut self, fleet: &FleetId, publication: u64) {
        while let Some(object) = self.by_publication.pop(fleet, publication) {
            self.unsettled.remove(&object);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Kind;

    use super::*;
    use crate::message::Rejected;

    fn object(name: &str) -> ObjectId {
        ObjectId::new(Kind::HttpProxy, "ns", name)
    }

    fn ingress() -> FleetId {
        FleetId::ingress()
    }

    fn address(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn with_peers(ports: &[u16]) -> Everywhere {
        let mut everywhere = Everywhere::default();
        everywhere.peers_are(&ports.iter().map(|port| address(*port)).collect());
        everywhere
    }

    fn report(everywhere: &mut Everywhere, name: &str, generation: i64, publication: u64) {
        everywhere.reported(&object(name), Position { generation, fleet: ingress(), publication });
    }

    fn word(nodes: usize, in_force: &[(&str, i64)]) -> Word {
        let in_force = in_force.iter().map(|(name, generation)| Version::new(&object(name), *generation));
        Word { nodes, in_force: in_force.collect(), ..Word::default() }
    }

    #[test]
    fn alone_it_is_our_own_envoys_that_count() {
        let mut everywhere = with_peers(&[]);
        report(&mut everywhere, "a", 1, 5);
        assert_eq!(everywhere.in_force(&ingress()), None, "nobody is there");
        everywhere.own_nodes(&ingress(), 1);
        everywhere.own_acknowledged(&ingress(), 4);
        assert_eq!(everywhere.in_force(&ingress()), Some(4));
        everywhere.own_acknowledged(&ingress(), 5);
        assert_eq!(everywhere.in_force(&ingress()), Some(5));
    }

    #[test]
    fn a_leader_without_envoys_hears_of_those_of_others() {
        let mut everywhere = with_peers(&[1]);
        report(&mut everywhere, "a", 1, 5);
        assert_eq!(everywhere.connected(address(1)).len(), 1);
        assert_eq!(everywhere.in_force(&ingress()), None, "it has not said anything yet");
        everywhere.said(address(1), &word(3, &[]));
        assert_eq!(everywhere.in_force(&ingress()), Some(4));
        everywhere.said(address(1), &word(3, &[("a", 1)]));
        assert_eq!(everywhere.in_force(&ingress()), Some(5));
        report(&mut everywhere, "a", 2, 6);
        assert_eq!(everywhere.in_force(&ingress()), Some(5));
        everywhere.said(address(1), &word(3, &[("a", 1)]));
        assert_eq!(everywhere.in_force(&ingress()), Some(5), "the generation before");
        everywhere.said(address(1), &word(3, &[("a", 2)]));
        assert_eq!(everywhere.in_force(&ingress()), Some(6));
    }

    #[test]
    fn who_cannot_be_reached_may_have_envoys() {
        let mut everywhere = with_peers(&[1, 2]);
        everywhere.own_nodes(&ingress(), 1);
        everywhere.own_acknowledged(&ingress(), 5);
        for port in [1, 2] {
            everywhere.connected(address(port));
            everywhere.said(address(port), &word(0, &[]));
        }
        assert_eq!(everywhere.in_force(&ingress()), Some(5));
        everywhere.disconnected(address(2));
        assert_eq!(everywhere.in_force(&ingress()), None);
        everywhere.peers_are(&[address(1)].into());
        assert_eq!(everywhere.in_force(&ingress()), Some(5), "it has gone");
    }

    #[test]
    fn where_no_controller_runs_there_are_no_envoys() {
        let mut everywhere = with_peers(&[1]);
        everywhere.own_nodes(&ingress(), 1);
        report(&mut everywhere, "a", 1, 5);
        everywhere.own_acknowledged(&ingress(), 5);
        assert_eq!(everywhere.in_force(&ingress()), None);
        everywhere.nobody(address(1));
        assert_eq!(everywhere.in_force(&ingress()), Some(5));
        everywhere.connected(address(1));
        assert_eq!(everywhere.in_force(&ingress()), None);
    }

    #[test]
    fn who_comes_back_is_asked_for_what_is_open() {
        let mut everywhere = with_peers(&[1]);
        everywhere.connected(address(1));
        everywhere.said(address(1), &word(1, &[]));
        for (name, publication) in [("a", 1), ("b", 2)] {
            report(&mut everywhere, name, 1, publication);
        }
        everywhere.said(address(1), &word(1, &[("a", 1)]));
        let reached = everywhere.in_force(&ingress()).unwrap();
        everywhere.settle(&ingress(), reached);
        everywhere.disconnected(address(1));
        report(&mut everywhere, "c", 1, 3);
        let asked: Vec<_> = everywhere.connected(address(1)).iter().filter_map(Version::object).collect();
        assert_eq!((reached, asked), (1, vec![object("b"), object("c")]));
    }

    #[test]
    fn what_is_rejected_elsewhere_is_told_until_it_is_over() {
        let mut everywhere = with_peers(&[1]);
        everywhere.connected(address(1));
        let rejected = |words: Option<&str>| {
            let words = words.map(|words| Words { message: words.to_owned(), help: None });
            let rejected = vec![Rejected { version: Version::new(&object("a"), 1), words }];
            Word { nodes: 1, rejected, ..Word::default() }
        };
        assert_eq!(everywhere.said(address(1), &rejected(Some("no"))), [object("a")]);
        assert_eq!(everywhere.rejection(&object("a")).unwrap().message, "no");
        everywhere.disconnected(address(1));
        assert!(everywhere.rejection(&object("a")).is_some());
        everywhere.connected(address(1));
        everywhere.said(address(1), &rejected(None));
        assert_eq!(everywhere.rejection(&object("a")), None);
        everywhere.said(address(1), &rejected(Some("no")));
        assert_eq!(everywhere.peers_are(&BTreeSet::new()), [object("a")]);
        assert_eq!(everywhere.rejection(&object("a")), None);
    }

    #[test]
    fn what_is_gone_is_waited_for_no_longer() {
        let mut everywhere = with_peers(&[1]);
        everywhere.connected(address(1));
        everywhere.said(address(1), &word(1, &[]));
        report(&mut everywhere, "a", 1, 5);
        assert_eq!(everywhere.in_force(&ingress()), Some(4));
        everywhere.forgotten(&object("a"));
        assert_eq!(everywhere.in_force(&ingress()), Some(5));
    }

    #[test]
    fn the_envoys_of_a_gateway_are_waited_for_by_themselves() {
        let mut everywhere = with_peers(&[1]);
        let (edge, other) = (FleetId::gateway("ns", "edge"), FleetId::gateway("ns", "other"));
        let gateway = ObjectId::new(Kind::Gateway, "ns", "edge");
        everywhere.reported(&gateway, Position { generation: 1, fleet: edge.clone(), publication: 5 });
        report(&mut everywhere, "a", 1, 6);
        everywhere.own_nodes(&ingress(), 1);
        everywhere.own_acknowledged(&ingress(), 6);
        everywhere.connected(address(1));
        // Its Envoy is connected to the other controller.
        let nodes = Nodes::from([(edge.clone(), 1)]);
        everywhere.said(address(1), &Word { in_force: word(0, &[("a", 1)]).in_force, ..Word::of(&nodes) });
        let in_force = [&ingress(), &edge, &other].map(|fleet| everywhere.in_force(fleet));
        assert_eq!(in_force, [Some(6), Some(4), None]);
        let in_force = vec![Version::new(&gateway, 1)];
        everywhere.said(address(1), &Word { in_force, ..Word::of(&nodes) });
        assert_eq!(everywhere.in_force(&edge), Some(5));
        everywhere.said(address(1), &Word::default());
        assert_eq!(everywhere.in_force(&edge), None, "it has gone");
        // The Gateway is made anew, and what is published for it is counted anew.
        everywhere.said(address(1), &Word::of(&nodes));
        everywhere.dissolved(&edge);
        everywhere.reported(&gateway, Position { generation: 1, fleet: edge.clone(), publication: 1 });
        assert_eq!(everywhere.in_force(&edge), Some(0));
    }
}
