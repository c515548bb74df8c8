//! What is wrong, as far as it was shown: each problem once, none twice, and when it is over.

use std::collections::BTreeSet;

use api::Object;
use files::{Diagnostic, Folder, FolderChange, Reload, Severity};
use model::Report;

use super::screen::Screen;
use crate::manifests::{Violated, api_id, model_id};
use crate::output::Outcome;

/// Problems shown in full between two quiet moments: beyond that nobody reads them off a screen.
const SHOWN: usize = 20;

/// What is wrong, as far as it was shown.
#[derive(Default)]
pub(super) struct Problems {
    violated: Violated,
    /// Objects with problems in their meaning.
    reported: BTreeSet<api::ObjectId>,
    /// Since the last quiet moment.
    shown: usize,
    hidden: usize,
    /// Whether there was an error at any time.
    had_error: bool,
}

impl Problems {
    /// Shows what is wrong in files that changed, and what is not wrong any more.
    pub(super) fn reloaded(&mut self, reload: &Reload, folder: &Folder, screen: &Screen) {
        reload.diagnostics.iter().for_each(|diagnostic| self.show(diagnostic, screen));
        for path in &reload.cleared {
            screen.line(&format!("{}: reads well again", path.display()));
        }
        for change in &reload.changes {
            match change {
                FolderChange::Applied(object) => self.applied(object, folder, screen),
                FolderChange::Removed(id) => {
                    self.violated.forget(id);
                    self.reported.remove(id);
                }
            }
        }
    }

    fn applied(&mut self, object: &Object, folder: &Folder, screen: &Screen) {
        let id = object.id();
        let was_bad = self.violated.has(&id);
        let found = self.violated.check(folder, &id);
        found.iter().for_each(|violation| self.show(violation, screen));
        if was_bad && found.is_empty() && !self.reported.contains(&id) {
            cleared(&id, screen);
        }
    }

    /// Shows what is wrong with an object, in place of what was wrong before.
    pub(super) fn reported(&mut self, report: &Report, folder: &Folder, screen: &Screen) {
        let id = api_id(&report.object);
        self.violated.others(folder, report).iter().for_each(|diagnostic| self.show(diagnostic, screen));
        if !report.problems.is_empty() {
            self.reported.insert(id);
        } else if self.reported.remove(&id) && !self.violated.has(&id) {
            cleared(&id, screen);
        }
    }

    /// Nothing has happened for a moment: says what was not shown.
    pub(super) fn quiet(&mut self, screen: &Screen) {
        if self.hidden > 0 {
            screen.line(&format!("and {} more problems; isobath lint shows them all", self.hidden));
        }
        (self.shown, self.hidden) = (0, 0);
    }

    /// What a run that looked once has found.
    pub(super) fn outcome(&self) -> Outcome {
        if self.had_error { Outcome::Problems } else { Outcome::Good }
    }

    fn show(&mut self, diagnostic: &Diagnostic, screen: &Screen) {
        self.had_error |= diagnostic.severity == Severity::Error;
        if self.shown == SHOWN && diagnostic.severity != Severity::Note {
            self.hidden += 1;
            return;
        }
        self.shown += usize::from(diagnostic.severity != Severity::Note);
        screen.diagnostic(diagnostic);
    }
}

fn cleared(id: &api::ObjectId, screen: &Screen) {
    screen.line(&format!("{}: has no problems any more", model_id(id)));
}
