//! What the controller told.

use std::collections::BTreeMap;

use model::{ObjectId, Report};
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
    acknowledged: u64,
    newest: u64,
}

impl Journal {
    pub(crate) fn record(&mut self, notice: Notice) {
        match notice {
            Notice::Published(published) => {
                self.newest = published.generation;
                self.published.push(published);
            }
            Notice::Acknowledged { generation, .. } => self.acknowledged = generation,
            Notice::Report { report, .. } => drop(self.reports.insert(report.object.clone(), report)),
            Notice::Forgotten(object) => drop(self.reports.remove(&object)),
            Notice::Rejected { rejection, .. } => {
                self.rejected.push((rejection.name.to_string(), rejection.message));
            }
            Notice::Connected { .. } => self.connected += 1,
            Notice::Disconnected { .. } => self.disconnected += 1,
        }
    }

    /// A new controller counts from the start again.
    pub(crate) fn restarted(&mut self) {
        (self.newest, self.acknowledged) = (0, 0);
    }

    pub(crate) fn settled(&self) -> Result<(), String> {
        if self.acknowledged >= self.newest {
            return Ok(());
        }
        let Self { newest, acknowledged, rejected, .. } = self;
        Err(format!("published up to {newest}, acknowledged up to {acknowledged}, rejected: {rejected:?}"))
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
