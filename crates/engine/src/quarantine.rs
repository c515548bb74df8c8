//! Which changed hosts are on trial, which are set aside, and which were found guilty.
//!
//! A rejected table names no culprit that can be relied on. The suspects are the hosts that changed since
//! the table was last accepted. All of them go back to what they were, so that everything else keeps
//! flowing, and are offered again in halves: a half that is accepted is free, a rejected half is halved
//! again, and one alone that is rejected is the culprit.

use std::collections::{BTreeMap, BTreeSet};

use envoy::Before;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{Problem, VirtualHostKey};

use crate::hosts::Restore;

/// What a rejection has led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing of ours changed there: there is nothing to take back.
    NoSuspect,
    /// The suspects were taken back, and will be tried in groups.
    Trial,
    /// This host is it: it stays what it was before.
    Culprit(VirtualHostKey),
}

/// Hosts on trial.
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    /// Changed hosts that are not acknowledged: the publication that first had the change, and what was
    /// before.
    pending: BTreeMap<VirtualHostKey, (u64, Before)>,
    /// Hosts that were taken back since the last publication.
    restored: BTreeSet<VirtualHostKey>,
    /// Groups of suspects that wait for their trial, the next one last.
    groups: Vec<BTreeSet<VirtualHostKey>>,
    /// Culprits: the fingerprint that is rejected, and what their owners are told.
    guilty: BTreeMap<VirtualHostKey, (Option<u64>, Problem)>,
}

impl Quarantine {
    /// Whether a host may be offered in this form. A new form frees a culprit, and one that waits.
    pub(crate) fn admits(&mut self, key: &VirtualHostKey, form: Option<u64>) -> bool {
        if self.guilty.get(key).is_some_and(|(rejected, _)| *rejected == form) {
            return false;
        }
        self.guilty.remove(key);
        self.restored.remove(key);
        for group in &mut self.groups {
            group.remove(key);
        }
        true
    }

    /// A host changed with publication `generation`: remembers what it was, unless an older change that is
    /// not acknowledged did.
    pub(crate) fn published(&mut self, generation: u64, key: VirtualHostKey, before: Before) {
        // What went back to what it was after a rejection is on nobody's trial.
        if self.restored.remove(&key) {
            return;
        }
        // The newest change counts for the acknowledgement, the oldest for what to go back to.
        self.pending.entry(key).or_insert((generation, before)).0 = generation;
    }

    /// Everything up to `generation` is acknowledged.
    pub(crate) fn accepted(&mut self, generation: u64) {
        self.pending.retain(|_, (since, _)| *since > generation);
    }

    /// The next group to be tried, when nothing else is on trial.
    pub(crate) fn next_group(&mut self) -> Vec<VirtualHostKey> {
        if !self.pending.is_empty() {
            return vec![];
        }
        while let Some(group) = self.groups.pop() {
            if !group.is_empty() {
                return group.into_iter().collect();
            }
        }
        vec![]
    }

    /// The resource of `members` is rejected.
    pub(crate) fn rejected(
        &mut self,
        members: &[VirtualHostKey],
        wanted: &HashMap<VirtualHostKey, u64, FixedState>,
        problem: &Problem,
    ) -> (Verdict, Restore) {
        let mut restore = Restore::new();
        for key in members {
            if let Some((_, before)) = self.pending.remove(key) {
                restore.insert(key.clone(), before);
            }
        }
        self.restored.extend(restore.keys().cloned());
        let suspects: Vec<_> = restore.keys().cloned().collect();
        let verdict = match suspects.as_slice() {
            [] => Verdict::NoSuspect,
            [culprit] => {
                self.guilty.insert(culprit.clone(), (wanted.get(culprit).copied(), problem.clone()));
                Verdict::Culprit(culprit.clone())
            }
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.groups.push(second.iter().cloned().collect());
                self.groups.push(first.iter().cloned().collect());
                Verdict::Trial
            }
        };
        (verdict, restore)
    }

    /// What the owners of a culprit are told.
    pub(crate) fn rejection(&self, key: &VirtualHostKey) -> Option<&Problem> {
        self.guilty.get(key).map(|(_, problem)| problem)
    }
}
