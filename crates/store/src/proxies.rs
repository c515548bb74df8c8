//! Objects that may claim a host: HTTPProxies, and IngressRoutes.

use model::{Host, Kind, ObjectId};

use crate::facts::{Age, ProxyFact};
use crate::store::{Map, replace};
use crate::{Claimant, Name};

/// All objects of one such kind.
#[derive(Debug)]
pub(crate) struct Proxies<S> {
    pub(crate) facts: Map<Name, ProxyFact<S>>,
    /// The roots of each host: oldest first, then by namespace and name.
    roots_by_host: Map<Host, Vec<Name>>,
}

impl<S> Default for Proxies<S> {
    fn default() -> Self {
        Self { facts: Map::default(), roots_by_host: Map::default() }
    }
}

/// What became of a change of an object.
pub(crate) struct Replaced {
    /// Hosts whose roots are others now, or in another order.
    pub(crate) hosts: Vec<Host>,
    /// Whether the object is a root, or was one.
    pub(crate) is_root: bool,
}

impl<S> Proxies<S> {
    /// Puts a fact in place of another; `None` when nothing changed.
    pub(crate) fn put(&mut self, id: &ObjectId, fact: Option<ProxyFact<S>>) -> Option<Replaced> {
        let name = Name::from(id);
        let fact = fact.map(|fact| self.sharing_host(fact));
        let before = self.facts.get(&name).map(Claim::of);
        let after = fact.as_ref().map(Claim::of);
        if !replace(&mut self.facts, name.clone(), fact) {
            return None;
        }
        let host = |claim: &Option<Claim>| claim.as_ref().and_then(|claim| claim.host.clone());
        let (host_before, host_after) = (host(&before), host(&after));
        let is_root = host_before.is_some() || host_after.is_some();
        let mut hosts = Vec::new();
        if before != after {
            hosts.extend([&host_before, &host_after].into_iter().flatten().cloned());
            hosts.dedup();
            for host in &hosts {
                self.move_root(&name, host, Some(host) == host_after.as_ref());
            }
        }
        Some(Replaced { hosts, is_root })
    }

    /// The roots of a host, oldest first, then by namespace and name.
    pub(crate) fn of_host<'s>(
        &'s self,
        kind: Kind,
        host: &Host,
    ) -> impl Iterator<Item = Claimant<'s>> + use<'s, S> {
        let roots = self.roots_by_host.get(host).into_iter().flatten();
        roots.filter_map(move |name| {
            let fact = self.facts.get(name)?;
            Some(Claimant { age: fact.age, name, kind, class: fact.class.as_deref() })
        })
    }

    /// The same fact, with the copy of its host that is there already.
    fn sharing_host(&self, mut fact: ProxyFact<S>) -> ProxyFact<S> {
        let known = fact.host.as_ref().and_then(|host| self.roots_by_host.get_key_value(host));
        if let Some((host, _)) = known {
            fact.host = Some(host.clone());
        }
        fact
    }

    /// Puts a root in its place among the roots of a host, or takes it away.
    fn move_root(&mut self, name: &Name, host: &Host, stays: bool) {
        let Self { roots_by_host, facts } = self;
        let roots = roots_by_host.entry(host.clone()).or_default();
        roots.retain(|other| other != name);
        if stays {
            roots.reserve_exact(1);
            let age = |root: &Name| facts.get(root).map(|fact| fact.age);
            let place = roots.partition_point(|other| (age(other), other) < (age(name), name));
            roots.insert(place, name.clone());
        }
        if roots.is_empty() {
            roots_by_host.remove(host);
        }
    }
}

/// What an object claims: a host, and its place among those that claim it too.
#[derive(PartialEq)]
struct Claim {
    host: Option<Host>,
    age: Age,
    class: Option<Box<str>>,
}

impl Claim {
    fn of<S>(fact: &ProxyFact<S>) -> Self {
        Self { host: fact.host.clone(), age: fact.age, class: fact.class.clone() }
    }
}
