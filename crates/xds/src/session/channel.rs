//! One type on one stream: what the client wants, what it has, what is on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::on_demand::Hosts;
use crate::rejection::Suspects;
use crate::resource::{Name, ResourceType};
use crate::settings::Moment;
use crate::snapshot::{Entry, Generation, Snapshot, Table};
use crate::subscription::Subscription;
use crate::wire::Protocol;

/// A name whose state at the client may differ from the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// The configuration in which that began.
    pub(crate) since: Generation,
    /// When that was.
    pub(crate) noticed: Moment,
    /// To be sent even when the client has this version.
    pub(crate) forced: bool,
    /// The client asked for it by name and wants to hear when it does not exist.
    pub(crate) asked: bool,
    /// Does not hold up the acknowledged generation.
    pub(crate) aside: bool,
    /// Since when nothing uses what is to be removed.
    pub(crate) unused_since: Option<Moment>,
}

impl Pending {
    pub(crate) fn new(since: Generation, noticed: Moment) -> Self {
        Self { since, noticed, forced: false, asked: false, aside: false, unused_since: None }
    }

    pub(crate) fn forced(self) -> Self {
        Self { forced: true, ..self }
    }

    pub(crate) fn asked(self) -> Self {
        Self { asked: true, ..self.forced() }
    }

    /// The same for what comes up all the time, because strangers choose when: it holds up the next configuration at
    /// most, never the present one.
    pub(crate) fn asked_meanwhile(self) -> Self {
        Self { since: self.since.next(), ..self.asked() }
    }
}

/// One resource on its way: its new content, or none when it is removed.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: Name,
    pub(crate) change: Option<Arc<Entry>>,
    pub(crate) since: Generation,
    pub(crate) noticed: Moment,
    /// Does not hold up the acknowledged generation.
    pub(crate) aside: bool,
    /// When the endpoints of a cluster were acknowledged after it was sent: Envoy has the cluster, although it withholds
    /// the acknowledgement.
    pub(crate) endpoints_at: Option<Moment>,
}

/// A response that is not yet acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Outstanding {
    pub(crate) nonce: u64,
    pub(crate) sent_at: Moment,
    pub(crate) items: Vec<Item>,
    /// Names that it refuses; they are refused again when it is rejected because of a resource in it.
    pub(crate) refused: Vec<Bytes>,
    /// Holds clusters that may warm slowly; others may overtake it.
    pub(crate) slow: bool,
}

impl Outstanding {
    /// Whether more clusters may be sent although this is not acknowledged.
    pub(crate) fn lets_others_pass(&self) -> bool {
        self.slow || self.items.iter().all(|item| item.endpoints_at.is_some() || item.change.is_none())
    }
}

/// What the client says it has when it comes back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claim {
    /// Delta: version by name.
    pub(crate) versions: BTreeMap<Name, String>,
    /// State of the world: the version of the last accepted response.
    pub(crate) version: String,
}

/// One type on one stream.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) kind: ResourceType,
    pub(crate) protocol: Protocol,
    pub(crate) subscription: Subscription,
    /// Of the subscription, the names of hosts; `None` where these are names like any other.
    pub(crate) hosts: Option<Hosts>,
    /// Until the first configuration is there.
    pub(crate) claim: Claim,
    /// What the client has acknowledged. Shares its structure with the configuration when they agree.
    pub(crate) known: Table,
    /// Names that the client has in a version whose content is not known here.
    pub(crate) foreign: BTreeSet<Name>,
    /// What the client may have taken from a response that it rejected: clusters and listeners are taken one by one.
    pub(crate) uncertain: BTreeMap<Name, Arc<Entry>>,
    pub(crate) pending: BTreeMap<Name, Pending>,
    pub(crate) outstanding: Vec<Outstanding>,
    /// Disjoint from `pending`.
    pub(crate) suspects: Suspects,
    /// It is the turn of the suspects.
    pub(crate) suspects_next: bool,
    /// The first answer to a wildcard must be sent, even when it is empty.
    pub(crate) answer_due: bool,
    /// Subscribed names that did not exist when they were asked for.
    pub(crate) strangers: BTreeSet<Name>,
    /// Names to be answered as gone, and then forgotten.
    pub(crate) refused: BTreeSet<Bytes>,
    /// The response that was acknowledged or rejected last.
    pub(crate) last_answered: Option<u64>,
    /// The client says that it has nothing.
    pub(crate) blank: bool,
    pub(crate) opened_at: Moment,
    /// The first load is not yet acknowledged.
    pub(crate) loading: bool,
    /// The last acknowledgement during the first load.
    pub(crate) progress_at: Moment,
}

impl Channel {
    pub(crate) fn new(kind: ResourceType, protocol: Protocol, now: Moment) -> Self {
        Self {
            kind,
            protocol,
            subscription: Subscription::default(),
            hosts: None,
            claim: Claim::default(),
            known: Table::new(),
            foreign: BTreeSet::new(),
            uncertain: BTreeMap::new(),
            pending: BTreeMap::new(),
            outstanding: Vec::new(),
            suspects: Suspects::default(),
            suspects_next: false,
            answer_due: false,
            strangers: BTreeSet::new(),
            refused: BTreeSet::new(),
            last_answered: None,
            blank: true,
            opened_at: now,
            loading: true,
            progress_at: now,
        }
    }

    /// Responses are full sets.
    pub(crate) fn is_full_set(&self) -> bool {
        self.protocol == Protocol::Sotw && self.kind.is_full_set()
    }

    pub(crate) fn has_work(&self) -> bool {
        self.answer_due || !self.pending.is_empty() || !self.suspects.is_empty()
    }

    /// Whether anything is to be sent, now or later.
    pub(crate) fn has_answers(&self) -> bool {
        self.has_work() || !self.refused.is_empty()
    }

    /// What the client will have of a name when all that is on its way has arrived: `None` when nothing is known,
    /// `Some(None)` when a removal is under way.
    pub(crate) fn latest(&self, name: &str) -> Option<Option<&Arc<Entry>>> {
        let on_its_way = self.outstanding.iter().rev().find_map(|response| response.item(name));
        on_its_way.map(|item| item.change.as_ref()).or_else(|| self.known.get(name).map(Some))
    }

    /// Whether the client may have something under this name.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        self.known.contains_key(name)
            || self.foreign.contains(name)
            || self.uncertain.contains_key(name)
            || self.outstanding.iter().any(|response| response.item(name).is_some())
    }

    /// Whether the client has acknowledged some version of a name.
    pub(crate) fn has_acked(&self, name: &str) -> bool {
        let leaving = |item: &Item| item.change.is_none();
        match self.outstanding.iter().rev().find_map(|response| response.item(name)) {
            Some(item) if leaving(item) => false,
            Some(_) | None => self.known.contains_key(name) || self.foreign.contains(name),
        }
    }

    /// Whether the client has acknowledged a name as it is configured, or as far as it takes it.
    pub(crate) fn has_in_force(&self, name: &Name) -> bool {
        self.has_acked(name) && !self.changing_names().any(|changing| changing == name)
    }

    /// The responses whose acknowledgement is due: Envoy withholds it of slow clusters, and of all that it is known to
    /// have taken while one of them warms.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = &Outstanding> {
        let withholds = self.outstanding.iter().any(|sent| sent.slow);
        self.outstanding.iter().filter(move |sent| !(withholds && sent.lets_others_pass()))
    }

    /// How many names are not as configured, or not acknowledged so; some may be counted twice.
    pub(crate) fn changing(&self) -> usize {
        let on_their_way: usize = self.outstanding.iter().map(|sent| sent.items.len()).sum();
        self.pending.len() + on_their_way + self.suspects.items().count()
    }

    /// The names that [`Channel::changing`] counts. The client has every other name that it subscribes to in the
    /// configured version, or in none when that was rejected.
    pub(crate) fn changing_names(&self) -> impl Iterator<Item = &Name> {
        let on_their_way = self.outstanding.iter().flat_map(|sent| &sent.items);
        let items = on_their_way.chain(self.suspects.items());
        self.pending.keys().chain(items.map(|item| &item.name))
    }

    /// Whether a name waits that the client has in no version.
    pub(crate) fn owes(&self, name: &str) -> bool {
        self.pending.contains_key(name)
            && self.latest(name).flatten().is_none()
            && !self.foreign.contains(name)
    }

    pub(crate) fn note_change(&mut self, snapshot: &Snapshot, name: &Name, pending: &Pending) {
        if !self.subscription.covers(name) && !self.may_have(name) {
            return;
        }
        if snapshot.get(self.kind, name).is_some() {
            self.strangers.remove(name);
        }
        let suspect = self.suspects.remove(name);
        let entry = self.pending.entry(Arc::clone(name)).or_insert_with(|| pending.clone());
        entry.unused_since = None;
        if entry.aside {
            *entry = Pending { forced: entry.forced, asked: entry.asked, ..pending.clone() };
        }
        if let Some(suspect) = suspect {
            // The client may have taken it from the rejected response: what it has is uncertain.
            entry.forced = true;
            entry.since = entry.since.min(suspect.since);
        }
    }

    /// Marks a name to be sent again at its present version.
    pub(crate) fn force(&mut self, name: &Name, pending: Pending) {
        if self.suspects.contains(name) {
            return;
        }
        let (forced, asked) = (pending.forced, pending.asked);
        let entry = self.pending.entry(Arc::clone(name)).or_insert(pending);
        entry.forced |= forced;
        entry.asked |= asked;
    }

    /// The client may not have heard of these refusals. What it has asked for again since then is answered anyway.
    pub(crate) fn refuse_again(&mut self, refused: Vec<Bytes>) {
        let covered =
            |name: &Bytes| std::str::from_utf8(name).is_ok_and(|name| self.subscription.covers(name));
        self.refused.extend(refused.into_iter().filter(|name| !covered(name)));
    }

    /// Ends the suspicion of all that is this resource, under whatever name; returns the names.
    pub(crate) fn acquit(&mut self, resource: &Arc<Entry>) -> Vec<Name> {
        self.uncertain.retain(|_, entry| entry.published() != resource);
        self.suspects.extract(resource)
    }

    /// Forgets what the client has forgotten.
    pub(crate) fn drop_name(&mut self, name: &Name) {
        if let Some(hosts) = &mut self.hosts {
            hosts.remove(name);
        }
        self.known.remove(name);
        self.foreign.remove(name);
        self.uncertain.remove(name);
        self.pending.remove(name);
        self.suspects.remove(name);
        self.strangers.remove(name);
    }

    /// Forgets all that is not covered any more.
    pub(crate) fn drop_uncovered(&mut self) {
        let subscription = &self.subscription;
        self.foreign.retain(|name| subscription.covers(name));
        self.uncertain.retain(|name, _| subscription.covers(name));
        self.pending.retain(|name, _| subscription.covers(name));
        let known: Vec<_> =
            self.known.keys().chain(self.suspects.items().map(|item| &item.name)).cloned().collect();
        for name in known.iter().filter(|name| !self.subscription.covers(name)) {
            self.known.remove(name);
            self.suspects.remove(name);
        }
        self.answer_due = false;
    }

    /// Whether the client may have just what is configured: it wants everything, and nothing differs that is known.
    pub(crate) fn may_share(&self) -> bool {
        let idle = self.pending.is_empty() && self.outstanding.is_empty() && self.suspects.is_empty();
        idle && self.foreign.is_empty() && self.subscription.is_all()
    }

    /// Shares the structure of the configuration when nothing differs, so that an Envoy in step costs nothing.
    pub(crate) fn share(&mut self, effective: Table) {
        if effective == self.known {
            self.known = effective;
        }
    }
}

impl Outstanding {
    pub(crate) fn item(&self, name: &str) -> Option<&Item> {
        // Sorted by name when it was planned.
        self.items.binary_search_by(|item| (*item.name).cmp(name)).ok().map(|at| &self.items[at])
    }
}
