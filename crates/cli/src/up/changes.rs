//! Changes that were offered to Envoy and wait for its answer.

use std::time::Duration;

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
    /// The newest that was shown without an answer.
    unanswered: Option<u64>,
}

impl Changes {
    /// A change was offered.
    pub(super) fn offered(&mut self, published: Published) {
        self.held.push((published, Instant::now() + PATIENCE));
    }

    /// Everything up to `generation` is in force.
    pub(super) fn acknowledged(&mut self, generation: u64, after: Duration, screen: &Screen) {
        if let Some(shown) = self.unanswered.take_if(|shown| *shown <= generation) {
            screen.acknowledged(shown, after);
        }
        for (published, _) in self.held.extract_if(.., |(held, _)| held.generation <= generation) {
            screen.published(&published, Some(after));
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
            self.unanswered = Some(published.generation);
            screen.published(&published, None);
        }
    }
}
