//! Changes that were offered to Envoy and wait for its answer.

use std::collections::BTreeMap;
use std::time::Duration;

use model::FleetId;
use runtime::Published;
use tokio::time::Instant;

use super::screen::Screen;

/// How long a line waits for the answer that belongs into it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Changes that wait: one line each, with Envoy's answer if it comes soon.
#[derive(Default)]
pub(super) struct Changes {
    /// Not shown yet.
    held: Vec<(Published, Instant)>,
    /// The newest of each fleet that was shown without an answer.
    unanswered: BTreeMap<FleetId, u64>,
}

impl Changes {
    /// A change was offered.
    pub(super) fn offered(&mut self, published: Published) {
        self.held.push((published, Instant::now() + PATIENCE));
    }

    /// Everything up to `generation` is in force in a fleet.
    pub(super) fn acknowledged(
        &mut self,
        fleet: &FleetId,
        generation: u64,
        after: Duration,
        screen: &Screen,
    ) {
        if self.unanswered.get(fleet).is_some_and(|shown| *shown <= generation)
            && let Some(shown) = self.unanswered.remove(fleet)
        {
            screen.acknowledged(fleet, shown, after);
        }
        let is_answered = |held: &Published| held.fleet == *fleet && held.generation <= generation;
        for (published, _) in self.held.extract_if(.., |(held, _)| is_answered(held)) {
            screen.published(&published, Some(after));
        }
    }

    /// A fleet is no more, and nobody answers for it.
    pub(super) fn forget(&mut self, fleet: &FleetId, screen: &Screen) {
        self.unanswered.remove(fleet);
        for (published, _) in self.held.extract_if(.., |(held, _)| held.fleet == *fleet) {
            screen.published(&published, None);
        }
    }

    /// When the next line must not wait any longer.
    pub(super) fn due(&self) -> Option<Instant> {
        self.held.first().map(|(_, due)| *due)
    }

    /// Shows what has waited long enough.
    pub(super) fn show_due(&mut self, screen: &Screen) {
        let now = Instant::now();
        for (published, _) in self.held.extract_if(.., |(_, due)| *due <= now) {
            self.unanswered.insert(published.fleet.clone(), published.generation);
            screen.published(&published, None);
        }
    }
}
