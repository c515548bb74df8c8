//! Which routes have which hosts of listeners: of an HTTPRoute and a GRPCRoute with hosts in common on one listener the
//! older is accepted, then the first by its name, and the other is not (specification of `GRPCRoute.hostnames`).
//!
//! A change costs what it changes: routes of the other kind that are younger and have hosts in common are looked at, and
//! of these only such as lose or win by it make others be looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Host, Kind, ObjectId};

use crate::store::Map;
use crate::{Age, Name, Reader, Store, Unit};

/// A listener of a Gateway or of a ListenerSet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerRef {
    /// The Gateway or the ListenerSet.
    pub parent: ObjectId,
    /// The listener's name.
    pub name: Arc<str>,
}

/// What an HTTPRoute or a GRPCRoute claims for its kind; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// When the route was made.
    pub age: Age,
    /// The hosts that it has at each listener; sorted, each listener once.
    pub listeners: Box<[(ListenerRef, Box<[Host]>)]>,
}

/// What all routes claim, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Claimed {
    routes: Map<ObjectId, (Age, Box<[ListenerRef]>)>,
    listeners: Map<ListenerRef, Claimants>,
}

/// The routes that claim hosts of one listener.
#[derive(Debug, Default)]
struct Claimants {
    claims: BTreeMap<Rank, Claim>,
    /// Who takes each host, by the kind of route; the host is written backwards, so that all below a wildcard stand together.
    takers: BTreeSet<(Kind, Box<str>, Rank)>,
}

#[derive(Debug)]
struct Claim {
    hosts: Box<[Host]>,
    /// The route of the other kind that is accepted in its place.
    overruled_by: Option<Box<Rank>>,
}

/// A route among others: the smaller wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    age: Age,
    name: Name,
    kind: Kind,
}

impl Rank {
    fn of(route: &ObjectId, age: Age) -> Self {
        Self { age, name: Name::from(route), kind: route.kind }
    }

    /// Not after any other.
    fn first() -> Self {
        Self { age: Age::MIN, name: Name::new("", ""), kind: Kind::Namespace }
    }

    fn route(&self) -> ObjectId {
        self.name.object(self.kind)
    }

    /// The kind of route that has no host in common with it.
    const fn rival(&self) -> Kind {
        match self.kind {
            Kind::GrpcRoute => Kind::HttpRoute,
            _ => Kind::GrpcRoute,
        }
    }
}

impl Store {
    /// Takes what a route claims from now on, and says which routes that makes dirty, itself too: those that lose a listener
    /// by it or get one back. None when it is what it was.
    pub fn set_claims(&mut self, route: &ObjectId, claims: Claims) -> Vec<Unit> {
        self.claimed.replace(route, claims).into_iter().map(Unit::Root).collect()
    }
}

impl Reader<'_> {
    /// The route of the other kind that is accepted at a listener in place of this one. It is not recorded that this was
    /// read: [`Store::set_claims`] says itself who is concerned.
    #[must_use]
    pub fn overruled(&self, route: &ObjectId, listener: &ListenerRef) -> Option<ObjectId> {
        self.claimed().overruled(route, listener)
    }
}

impl Claimed {
    fn overruled(&self, route: &ObjectId, listener: &ListenerRef) -> Option<ObjectId> {
        let (age, _) = self.routes.get(route)?;
        let claim = self.listeners.get(listener)?.claims.get(&Rank::of(route, *age))?;
        claim.overruled_by.as_ref().map(|winner| winner.route())
    }

    /// Puts claims in the place of a route's last ones. Gives the routes for which that makes a difference.
    fn replace(&mut self, route: &ObjectId, claims: Claims) -> BTreeSet<ObjectId> {
        let Claims { age, listeners } = claims;
        let names = listeners.iter().map(|(listener, _)| listener.clone()).collect();
        let before = match listeners.is_empty() {
            true => self.routes.remove(route),
            false => self.routes.insert(route.clone(), (age, names)),
        };
        let mut changed = BTreeSet::new();
        let (old_age, left) = before.unwrap_or_default();
        let old = Rank::of(route, old_age);
        for listener in left.iter().filter(|listener| !listeners.iter().any(|(kept, _)| kept == *listener)) {
            changed.extend(self.at(listener, |claimants| claimants.replace(&old, None)));
        }
        for (listener, hosts) in listeners {
            let new = Some((Rank::of(route, age), hosts));
            changed.extend(self.at(&listener, |claimants| claimants.replace(&old, new)));
        }
        changed
    }

    fn at<T>(&mut self, listener: &ListenerRef, change: impl FnOnce(&mut Claimants) -> T) -> T {
        let claimants = self.listeners.entry(listener.clone()).or_default();
        let result = change(claimants);
        if claimants.claims.is_empty() {
            self.listeners.remove(listener);
        }
        result
    }
}

impl Claimants {
    /// Puts a route's claim in the place of its last one. Gives the routes for which that makes a difference.
    fn replace(&mut self, old: &Rank, new: Option<(Rank, Box<[Host]>)>) -> Vec<ObjectId> {
        let stays =
            |claim: &Claim| new.as_ref().is_some_and(|(rank, hosts)| rank == old && *hosts == claim.hosts);
        if self.claims.get(old).is_some_and(stays) {
            return vec![];
        }
        let mut open = BTreeSet::new();
        let mut overruled_by = None;
        if let Some(claim) = self.leave(old) {
            if claim.overruled_by.is_none() {
                open.extend(self.younger(old, &claim.hosts));
            }
            overruled_by = claim.overruled_by;
        }
        let Some((rank, hosts)) = new else {
            let mut changed = self.settle(open, None);
            // It took for another's what it does not even claim any more.
            changed.extend(overruled_by.map(|_| old.route()));
            return changed;
        };
        self.join(&rank, Claim { hosts, overruled_by });
        open.insert(rank.clone());
        self.settle(open, Some(&rank))
    }

    fn join(&mut self, rank: &Rank, claim: Claim) {
        let takers = claim.hosts.iter().map(|host| (rank.kind, backwards(host.as_str()), rank.clone()));
        self.takers.extend(takers);
        self.claims.insert(rank.clone(), claim);
    }

    fn leave(&mut self, rank: &Rank) -> Option<Claim> {
        let claim = self.claims.remove(rank)?;
        for host in &claim.hosts {
            self.takers.remove(&(rank.kind, backwards(host.as_str()), rank.clone()));
        }
        Some(claim)
    }

    /// Decides again about these, the oldest first, and about all for whom that makes a difference. One that has just joined
    /// makes one although nothing is known of it.
    fn settle(&mut self, mut open: BTreeSet<Rank>, joined: Option<&Rank>) -> Vec<ObjectId> {
        let mut changed = Vec::new();
        while let Some(rank) = open.pop_first() {
            let Some(claim) = self.claims.get(&rank) else { continue };
            let (winner, before) = (self.winner_over(&rank, &claim.hosts), claim.overruled_by.as_deref());
            let comes = joined == Some(&rank) && winner.is_none();
            if comes || winner.is_some() != before.is_some() {
                open.extend(self.younger(&rank, &claim.hosts));
            }
            if winner == before {
                continue;
            }
            let winner = winner.cloned().map(Box::new);
            changed.push(rank.route());
            if let Some(claim) = self.claims.get_mut(&rank) {
                claim.overruled_by = winner;
            }
        }
        changed
    }

    /// The oldest that is accepted among older rivals.
    fn winner_over(&self, rank: &Rank, hosts: &[Host]) -> Option<&Rank> {
        let is_accepted =
            |rival: &Rank| self.claims.get(rival).is_some_and(|claim| claim.overruled_by.is_none());
        self.rivals(rank, hosts).filter(|rival| *rival < rank && is_accepted(rival)).min()
    }

    /// The rivals that come after a route.
    fn younger(&self, rank: &Rank, hosts: &[Host]) -> Vec<Rank> {
        self.rivals(rank, hosts).filter(|rival| *rival > rank).cloned().collect()
    }

    /// The routes of the other kind that have hosts in common with a route; some of them several times.
    fn rivals(&self, rank: &Rank, hosts: &[Host]) -> impl Iterator<Item = &Rank> {
        let kind = rank.rival();
        hosts.iter().flat_map(move |host| {
            let wider = std::iter::once(host.clone()).chain(host.wider());
            let takers = wider.flat_map(move |host| self.takers(kind, backwards(host.as_str()), str::eq));
            let below = host.as_str().strip_prefix('*').map(backwards);
            takers.chain(
                below
                    .into_iter()
                    .flat_map(move |end| self.takers(kind, end, |host, end| host.starts_with(end))),
            )
        })
    }

    /// The routes of a kind with hosts that stand together, from the first of them on.
    fn takers(
        &self,
        kind: Kind,
        first: Box<str>,
        is_one: fn(&str, &str) -> bool,
    ) -> impl Iterator<Item = &Rank> {
        let takers = self.takers.range((kind, first.clone(), Rank::first())..);
        let takers = takers.take_while(move |(other, host, _)| *other == kind && is_one(host, &first));
        takers.map(|(_, _, rank)| rank)
    }
}

/// A host as it is looked up: what stands right of it is written first.
fn backwards(host: &str) -> Box<str> {
    host.chars().rev().collect::<String>().into()
}

#[cfg(test)]
mod tests;
