//! What may go now: make before break, decided by the edges between resources.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Session;
use super::channel::{Channel, Pending};
use super::plan::earlier;
use crate::resource::{Name, Needs, Overdue, Reference, ResourceType};
use crate::settings::Moment;
use crate::snapshot::Entry;
use crate::wire::Protocol;

/// What a client is to have under a name.
#[derive(Debug)]
pub(super) enum Wanted {
    /// This.
    Entry(Arc<Entry>),
    /// Whatever it has: the present version was rejected, and no accepted one is known.
    Unchanged,
    /// Nothing.
    Nothing,
}

impl Wanted {
    pub(super) fn entry(self) -> Option<Arc<Entry>> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Unchanged | Self::Nothing => None,
        }
    }
}

/// What becomes of a pending name.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Nothing is to be done.
    Settled,
    /// It goes, with this content.
    Send(Arc<Entry>),
    /// Its removal goes.
    Remove,
    /// It is forgotten without a word (a part of a state-of-the-world answer cannot remove).
    Forget,
    /// It waits.
    Wait {
        /// When to look again, if time alone can change the verdict.
        until: Option<Moment>,
        /// It does not hold up the acknowledged generation.
        aside: bool,
        /// It is to be removed and nothing uses it.
        unused: bool,
    },
}

/// Names that the client may still use, of the type that is being planned.
pub(super) type InUse<'a> = BTreeSet<&'a str>;

impl Session {
    pub(super) fn wanted(&self, channel: &Channel, name: &Name) -> Wanted {
        let Some(published) = self.published(channel, name) else { return Wanted::Nothing };
        match self.offered(published) {
            None => Wanted::Unchanged,
            Some(entry) => entry.under(name).map_or(Wanted::Nothing, Wanted::Entry),
        }
    }

    pub(super) fn verdict(
        &self,
        now: Moment,
        channel: &Channel,
        name: &Name,
        pending: &Pending,
        in_use: &InUse<'_>,
    ) -> Verdict {
        match self.wanted(channel, name) {
            Wanted::Entry(entry) => self.send_verdict(now, channel, &entry, pending),
            Wanted::Unchanged => missing_verdict(channel, name, pending),
            Wanted::Nothing if channel.may_have(name) => {
                self.removal_verdict(now, channel, name, pending, in_use)
            }
            Wanted::Nothing => missing_verdict(channel, name, pending),
        }
    }

    fn send_verdict(&self, now: Moment, channel: &Channel, entry: &Arc<Entry>, pending: &Pending) -> Verdict {
        let has = channel.latest(entry.name()).flatten() == Some(entry);
        if has && !pending.forced {
            return Verdict::Settled;
        }
        let Some(missed) = self.missing_target(now, entry) else { return Verdict::Send(Arc::clone(entry)) };
        if now < missed.until {
            let until = missed.serves_at.map_or(missed.until, |serves| serves.min(missed.until));
            return Verdict::Wait { until: Some(until), aside: false, unused: false };
        }
        let keep = missed.needs != Needs::Sent
            && entry.resource().overdue == Overdue::KeepPrevious
            && channel.may_have(entry.name());
        match keep {
            true => Verdict::Wait { until: missed.serves_at, aside: true, unused: false },
            false => Verdict::Send(Arc::clone(entry)),
        }
    }

    /// The target that a resource still waits for, and for how long: every target that is not past its bound
    /// counts before those that are.
    fn missing_target(&self, now: Moment, entry: &Entry) -> Option<Missing> {
        let by_type = entry.refs().chunk_by(|a, b| a.resource_type == b.resource_type);
        let candidates = by_type.flat_map(|refs| self.not_in_step(refs));
        let missing = candidates.filter_map(|to| self.missing(now, entry.resource_type(), to));
        let worst = |a: Missing, b: Missing| match (a.until.max(now), a.needs != Needs::Sent)
            >= (b.until.max(now), b.needs != Needs::Sent)
        {
            true => Missing { serves_at: earlier(a.serves_at, b.serves_at), ..a },
            false => Missing { serves_at: earlier(a.serves_at, b.serves_at), ..b },
        };
        missing.reduce(worst)
    }

    /// Of references to one type, those whose target the client may lack: a table that names 10,000 clusters, all
    /// of them acknowledged, costs nothing here.
    fn not_in_step<'a>(&self, refs: &'a [Reference]) -> Vec<&'a Reference> {
        let Some(kind) = refs.first().map(|to| to.resource_type) else { return Vec::new() };
        let changing: usize = self.of_kind(kind).map(Channel::changing).sum();
        if changing + self.rejections.names(kind).take(refs.len()).count() >= refs.len() {
            return refs.iter().collect();
        }
        let names = self.of_kind(kind).flat_map(Channel::changing_names).chain(self.rejections.names(kind));
        let names: BTreeSet<&str> = names.map(|name| &**name).collect();
        let named = |name| refs.binary_search_by(|to| (*to.name).cmp(name)).ok();
        names.into_iter().filter_map(named).map(|at| &refs[at]).collect()
    }

    fn missing(&self, now: Moment, from: ResourceType, to: &Reference) -> Option<Missing> {
        let follows = to.needs == Needs::Sent && to.resource_type > from;
        if follows || self.current(to.resource_type, &to.name).is_none() {
            return None;
        }
        let mut lacking = None;
        for channel in self.of_kind(to.resource_type).filter(|c| c.subscription.covers(&to.name)) {
            match to.needs {
                Needs::Acked if channel.has_acked(&to.name) => return None,
                Needs::InForce if channel.has_in_force(&to.name) => return None,
                Needs::Acked => {
                    let serves_at = self.serves_at(channel, &to.name);
                    if serves_at.is_some_and(|serves| serves <= now) {
                        return None;
                    }
                    lacking = Some(Missing { serves_at, ..self.missed(channel, to) });
                }
                Needs::InForce => lacking = Some(self.missed(channel, to)),
                Needs::Sent if channel.owes(&to.name) => lacking = Some(self.missed(channel, to)),
                Needs::Sent => {}
            }
        }
        lacking
    }

    /// The bound runs from the moment the target itself was to be sent, so that many changes of one table do
    /// not put it off; while a first load makes progress, from the last progress.
    fn missed(&self, channel: &Channel, to: &Reference) -> Missing {
        let on_its_way = || channel.outstanding.iter().find_map(|sent| sent.item(&to.name));
        let suspect = || channel.suspects.items().find(|item| item.name == to.name);
        let noticed = channel.pending.get(&to.name).map(|pending| pending.noticed);
        let noticed = noticed.or_else(|| on_its_way().or_else(suspect).map(|item| item.noticed));
        let from = match (noticed, channel.loading) {
            (Some(noticed), true) => noticed.max(channel.progress_at),
            (Some(noticed), false) => noticed,
            // It was rejected: there is nothing to wait for.
            (None, _) => return Missing { until: Moment::ZERO, needs: to.needs, serves_at: None },
        };
        Missing { until: from + self.settings.wait_bound, needs: to.needs, serves_at: None }
    }

    /// When a cluster serves whose acknowledgement Envoy withholds: it has all that it names, and has had the time to
    /// probe it. `None` while that is not known.
    fn serves_at(&self, channel: &Channel, name: &str) -> Option<Moment> {
        let item = channel.outstanding.iter().rev().find_map(|sent| sent.item(name))?;
        let cluster = item.change.as_ref()?;
        let mut secrets = cluster.refs().iter().filter(|to| to.resource_type == ResourceType::Secret);
        let arrived = |to: &Reference| self.of_kind(to.resource_type).any(|known| known.has_acked(&to.name));
        secrets.all(arrived).then_some(item.endpoints_at? + cluster.resource().warming.limit()?)
    }

    fn removal_verdict(
        &self,
        now: Moment,
        channel: &Channel,
        name: &Name,
        pending: &Pending,
        in_use: &InUse<'_>,
    ) -> Verdict {
        let silent = channel.protocol == Protocol::Sotw && !channel.is_full_set();
        let gone = if silent { Verdict::Forget } else { Verdict::Remove };
        let users = users_of(channel.kind);
        if users.is_empty() {
            return gone;
        }
        if in_use.contains(&**name) {
            return Verdict::Wait { until: None, aside: true, unused: false };
        }
        // What a client that came back still uses shows only when all possible users are in step.
        let known_at = channel.opened_at + self.settings.resume_bound;
        if !channel.blank && now < known_at && !self.are_in_step(users) {
            return Verdict::Wait { until: Some(known_at), aside: true, unused: false };
        }
        let until = pending.unused_since.unwrap_or(now) + self.settings.removal_grace;
        match now < until {
            true => Verdict::Wait { until: Some(until), aside: true, unused: true },
            false => gone,
        }
    }

    /// Whether all types that may use a target are subscribed and as configured. An Envoy that does not use one
    /// of the types waits for the bound.
    fn are_in_step(&self, users: &[ResourceType]) -> bool {
        users.iter().all(|kind| {
            let mut channels = self.of_kind(*kind).peekable();
            channels.peek().is_some() && channels.all(|c| !c.has_work() && c.outstanding.is_empty())
        })
    }

    /// The names of a type that resources at the client mention, as far as these are not what is configured:
    /// configured resources mention only configured targets.
    pub(super) fn in_use(&self, kind: ResourceType) -> InUse<'_> {
        let mut names = InUse::new();
        for user in users_of(kind) {
            for channel in self.of_kind(*user) {
                self.collect_used(channel, kind, &mut names);
            }
        }
        names
    }

    fn collect_used<'a>(&'a self, channel: &'a Channel, kind: ResourceType, names: &mut InUse<'a>) {
        let on_their_way = channel.outstanding.iter().flat_map(|sent| &sent.items);
        let items: Vec<_> = on_their_way.chain(channel.suspects.items()).collect();
        let known = channel.changing_names().chain(self.rejections.names(channel.kind));
        let known = known.filter_map(|name| channel.known.get(name));
        let sent = items.iter().filter_map(|item| item.change.as_ref());
        let entries = known.chain(sent).chain(channel.uncertain.values());
        for entry in entries {
            let of_kind = entry.refs().iter().filter(|to| to.resource_type == kind);
            names.extend(of_kind.map(|to| &*to.name));
        }
    }
}

/// A target that is not there yet.
#[derive(Clone, Copy, Debug)]
struct Missing {
    until: Moment,
    needs: Needs,
    /// From when on it serves, acknowledged or not, as far as that is known.
    serves_at: Option<Moment>,
}

/// The types whose resources may mention a type. Removals of the others need not wait.
pub(super) fn users_of(kind: ResourceType) -> &'static [ResourceType] {
    match kind {
        ResourceType::Secret => &[ResourceType::Cluster, ResourceType::Listener],
        ResourceType::Cluster => &[
            ResourceType::Listener,
            ResourceType::ScopedRouteConfiguration,
            ResourceType::RouteConfiguration,
        ],
        ResourceType::ClusterLoadAssignment => &[ResourceType::Cluster],
        ResourceType::RouteConfiguration => &[ResourceType::Listener, ResourceType::ScopedRouteConfiguration],
        ResourceType::Listener | ResourceType::ScopedRouteConfiguration | ResourceType::Runtime => &[],
    }
}

/// A name that asks for something that does not exist is told so where that helps.
fn missing_verdict(channel: &Channel, name: &Name, pending: &Pending) -> Verdict {
    let answer = pending.asked
        && channel.protocol == Protocol::Delta
        && channel.kind.answers_missing()
        && !channel.may_have(name)
        && channel.subscription.covers(name);
    match answer {
        true => Verdict::Remove,
        false => Verdict::Settled,
    }
}
