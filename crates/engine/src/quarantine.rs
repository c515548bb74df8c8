//! Which changed hosts are on trial, which are set aside, and which were found guilty.
//!
//! A rejected table names no culprit that can be relied on. The suspects are the hosts that changed since
//! the table was last accepted. All of them go back to what they were, so that everything else keeps
//! flowing, and are offered again in halves: a half that is accepted is free, a rejected half is halved
//! again, and one alone that is rejected is the culprit. Of n suspects, each is offered at most
//! ⌈log2 n⌉ + 1 times, the first offer included.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy::Before;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::{Problem, VirtualHostKey};
use store::Unit;

use crate::hash::make_room;
use crate::uses::{InUse, Uses};

/// What a host was, and what that needs.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) before: Before,
    pub(crate) uses: Uses,
}

/// For how many hosts room is kept while none waits.
const ROOM: usize = 1024;

/// Hosts with what they are to be again.
pub(crate) type Restore = BTreeMap<VirtualHostKey, Form>;

/// The name of a Secret, and the fingerprint of its content.
pub(crate) type SecretVersion = (Arc<str>, u64);

/// The fingerprints of what hosts should be.
type Wanted = HashMap<VirtualHostKey, u64, FixedState>;

/// Hosts on trial.
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    /// Changed hosts that are not acknowledged: the publication with the newest change, and what was before
    /// the oldest.
    pending: HashMap<VirtualHostKey, (u64, Before), FixedState>,
    /// What the hosts of `pending` needed before.
    restorable: InUse,
    /// Hosts that were taken back since the last publication.
    restored: BTreeSet<VirtualHostKey>,
    /// Hosts that were closed since the last publication.
    closed: BTreeSet<VirtualHostKey>,
    /// Groups of suspects that wait for their trial, the next one last.
    groups: Vec<BTreeSet<VirtualHostKey>>,
    guilty: BTreeMap<VirtualHostKey, Guilt>,
}

/// Why a host is set aside.
#[derive(Debug)]
struct Guilt {
    /// The fingerprint of the form that is rejected.
    form: Option<u64>,
    /// The Secret that it brought into use, when that is what was rejected: the host's form stays the same
    /// when the content of the Secret changes.
    secret: Option<SecretVersion>,
    /// What the owners are told.
    problem: Problem,
    /// Whether it is closed, rather than what it was.
    is_closed: bool,
}

/// What the owner of a closed host can do.
const CLOSED: &str = "the host is closed, as this form asks more of requests than the one that Envoy accepted last; \
                      change the object to try again";

impl Quarantine {
    /// Whether a host may be offered in this form. A new form frees a culprit, and one that waits.
    pub(crate) fn admits(&mut self, key: &VirtualHostKey, form: Option<u64>) -> bool {
        if self.guilty.get(key).is_some_and(|guilt| guilt.form == form) {
            return false;
        }
        self.guilty.remove(key);
        self.restored.remove(key);
        self.take_from_groups(key);
        true
    }

    /// Makes room for so many changed hosts.
    pub(crate) fn make_room(&mut self, hosts: usize) {
        make_room(&mut self.pending, hosts);
    }

    /// A host changed with publication `generation`: remembers what it was, unless an older change that is
    /// not acknowledged did.
    pub(crate) fn published(&mut self, generation: u64, key: VirtualHostKey, mut form: Form) {
        if self.closed.remove(&key) {
            form = Form::default();
        }
        // What went back to what it was after a rejection is on nobody's trial.
        if self.restored.remove(&key) {
            return;
        }
        match self.pending.entry(key) {
            Entry::Occupied(mut known) => known.get_mut().0 = generation,
            Entry::Vacant(unknown) => {
                self.restorable.replace(unknown.key(), form.uses);
                unknown.insert((generation, form.before));
            }
        }
    }

    /// Everything up to `generation` is acknowledged. Gives the units that no rejection brings back.
    pub(crate) fn accepted(&mut self, generation: u64) -> Vec<Unit> {
        let mut let_go = Vec::new();
        let restorable = &mut self.restorable;
        self.pending.retain(|key, (newest, _)| {
            let waits = *newest > generation;
            if !waits {
                let_go.extend(restorable.replace(key, Uses::default()).1);
            }
            waits
        });
        // At the first configuration every host waits.
        self.pending.shrink_to(ROOM);
        let_go
    }

    /// The next group to be tried, when nothing else is on trial.
    pub(crate) fn next_group(&mut self) -> BTreeSet<VirtualHostKey> {
        if !self.pending.is_empty() {
            return BTreeSet::new();
        }
        while let Some(group) = self.groups.pop() {
            if !group.is_empty() {
                return group;
            }
        }
        BTreeSet::new()
    }

    /// A resource of these hosts is rejected. Gives those that go back to what they were.
    pub(crate) fn rejected(
        &mut self,
        members: &[VirtualHostKey],
        wanted: &Wanted,
        problem: &Problem,
    ) -> Restore {
        let restore = self.take_back(members);
        let suspects: Vec<_> = restore.keys().cloned().collect();
        match suspects.as_slice() {
            [] => {}
            [culprit] => self.find_guilty(culprit, wanted, None, problem),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.groups.push(second.iter().cloned().collect());
                self.groups.push(first.iter().cloned().collect());
            }
        }
        restore
    }

    /// What these hosts use is rejected: no trial is needed. Gives those that go back.
    ///
    /// A Secret may change, or be asked for, long after its hosts were accepted: they stay as they are, but for what
    /// their owners are told.
    pub(crate) fn condemned(
        &mut self,
        users: &[VirtualHostKey],
        wanted: &Wanted,
        secret: Option<&SecretVersion>,
        problem: &Problem,
    ) -> Restore {
        let restore = self.take_back(users);
        for culprit in users.iter().filter(|user| secret.is_some() || restore.contains_key(*user)) {
            self.find_guilty(culprit, wanted, secret, problem);
        }
        restore
    }

    fn take_back(&mut self, hosts: &[VirtualHostKey]) -> Restore {
        let mut restore = Restore::new();
        for key in hosts {
            if let Some((_, before)) = self.pending.remove(key) {
                let (uses, _) = self.restorable.replace(key, Uses::default());
                restore.insert(key.clone(), Form { before, uses });
            }
        }
        self.restored.extend(restore.keys().cloned());
        restore
    }

    fn find_guilty(
        &mut self,
        culprit: &VirtualHostKey,
        wanted: &Wanted,
        secret: Option<&SecretVersion>,
        problem: &Problem,
    ) {
        let form = wanted.get(culprit).copied();
        // One that is rejected closed, too, does not become what it was.
        let is_closed = self.guilty.get(culprit).is_some_and(|guilt| guilt.is_closed);
        let guilt = Guilt { form, secret: secret.cloned(), problem: problem.clone(), is_closed };
        self.guilty.insert(culprit.clone(), guilt);
    }

    /// Whether a host is set aside because of a Secret's content.
    pub(crate) fn awaits_secret(&self, name: &str) -> bool {
        self.guilty.values().any(|guilt| guilt.secret.as_ref().is_some_and(|(secret, _)| **secret == *name))
    }

    /// Frees the hosts that were set aside because of another content of a Secret, and gives them.
    pub(crate) fn secret_is(&mut self, name: &str, version: Option<u64>) -> Vec<VirtualHostKey> {
        let is_past = |guilt: &Guilt| {
            guilt.secret.as_ref().is_some_and(|(secret, old)| **secret == *name && Some(*old) != version)
        };
        self.guilty.extract_if(.., |_, guilt| is_past(guilt)).map(|(key, _)| key).collect()
    }

    pub(crate) fn is_guilty(&self, key: &VirtualHostKey) -> bool {
        self.guilty.contains_key(key)
    }

    /// A culprit is offered closed, not as what it was. If that is rejected too, it goes.
    pub(crate) fn closes(&mut self, key: &VirtualHostKey) {
        self.restored.remove(key);
        self.closed.insert(key.clone());
        if let Some(guilt) = self.guilty.get_mut(key) {
            guilt.is_closed = true;
        }
    }

    /// What the owners of a culprit are told.
    pub(crate) fn rejection(&self, key: &VirtualHostKey) -> Option<Problem> {
        let Guilt { problem, is_closed, .. } = self.guilty.get(key)?;
        let help = if *is_closed { Some(CLOSED.into()) } else { problem.help.clone() };
        Some(Problem { help, ..problem.clone() })
    }

    /// What a rejection can bring back into use.
    pub(crate) const fn restorable(&self) -> &InUse {
        &self.restorable
    }

    fn take_from_groups(&mut self, key: &VirtualHostKey) {
        for group in &mut self.groups {
            group.remove(key);
        }
    }
}
