//! What the controller told.

use std::collections::BTreeMap;

use model::{FleetId, ObjectId, Report};
use runtime::{Notice, Published};

/// Everything that the controller told so far, across its restarts.
#[derive(Debug, Default)]
pub struct Journal {
    /// What was pushed, in order.
    pub published: Vec<Published>,
    /// The newest report of each object that has one.
    pub reports: BTreeMap<ObjectId, Report>,
    /// What Envoy rejected: the resource, and its words.
    pub rejected: Vec<(String, String)>,
    /// How many streams were opened by Envoys that had none.
    pub connected: usize,
    /// How many Envoys lost their last stream.
    pub disconnected: usize,
    waiting: BTreeMap<FleetId, Waiting>,
}

/// What a fleet was offered last, and what it has acknowledged.
#[derive(Debug, Default)]
struct Waiting {
    newest: u64,
    acknowledged: u64,
}

impl Journal {
    pub(crate) fn record(&mut self, notice: Notice) {
        match notice {
            Notice::Published(published) => {
                self.waiting.entry(published.fleet.clone()).or_default().newest = published.generation;
                self.published.push(published);
            }
            Notice::Acknowledged { fleet, generation, .. } => {
                self.waiting.entry(fleet).or_default().acknowledged = generation;
            }
            Notice::Report { report, .. } => drop(self.reports.insert(report.object.clone(), report)),
            Notice::Forgotten(object) => drop(self.reports.remove(&object)),
            Notice::Rejected { rejection, .. } => {
                self.rejected.push((rejection.name.to_string(), rejection.message));
            }
            Notice::Connected { .. } => self.connected += 1,
            Notice::Disconnected { .. } => self.disconnected += 1,
            Notice::Dissolved(fleet) => drop(self.waiting.remove(&fleet)),
        }
    }

    /// A new controller counts from the start again.
    pub(crate) fn restarted(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn settled(&self) -> Result<(), String> {
        for (fleet, Waiting { newest, acknowledged }) in &self.waiting {
            if acknowledged < newest {
                let rejected = &self.rejected;
                return Err(format!(
                    "{fleet}: published up to {newest}, acknowledged up to {acknowledged}, rejected: {rejected:?}"
                ));
            }
        }
        Ok(())
    }

    /// The resources that were set or removed since `mark` publications, in order, `Type name` each.
    pub fn pushed_since(&self, mark: usize) -> Vec<String> {
        let newer = self.published.iter().skip(mark);
        newer.flat_map(|published| published.set.iter().chain(&published.removed).cloned()).collect()
    }

    /// The messages of an object's problems; empty when it has none, or is not reported about.
    pub fn problems(&self, name: &str) -> Vec<String> {
        let reports = self.reports.values().filter(|report| &*report.object.name == name);
        reports.flat_map(|report| &report.problems).map(|problem| problem.message.clone()).collect()
    }
}
