//! One object on the board.

use std::time::{Duration, Instant};

use model::FleetId;

use super::known::Known;
use crate::observation::Seen;
use crate::statement::fingerprint;
use crate::wanted::{Says, Wanted};
use crate::{Kind, Statement};

/// How long a write waits for the acknowledgement, so that both are one write.
const HELD_BACK: Duration = Duration::from_secs(1);
/// The pause after a write of what counts routes: they come and go in crowds.
const COUNTED: Duration = Duration::from_secs(1);
/// The pause after a write that failed, doubled each time.
const RETRY: Duration = Duration::from_secs(1);
/// No pause after a failure is longer.
const RETRY_MOST: Duration = Duration::from_secs(300);
/// The pause before something is written again that others have undone, doubled each time.
const UNDONE: Duration = Duration::from_secs(30);
/// No pause after it was undone is longer.
const UNDONE_MOST: Duration = Duration::from_secs(1800);

/// One object.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// What there is to say.
    pub(super) said: Option<Statement>,
    /// What the API server has.
    pub(super) seen: Option<Seen>,
    /// What is being written.
    pub(super) writing: Option<u64>,
    /// Where it stands in the agenda.
    pub(super) due: Option<Instant>,
    /// Since when something else is to be said than what is there.
    since: Option<Instant>,
    /// Failures since the last success, and when the next attempt may be made.
    failures: Option<(u32, Instant)>,
    written: Option<Written>,
    /// What was told by Events.
    told: Option<u64>,
}

/// The last write.
#[derive(Debug)]
struct Written {
    at: Instant,
    /// What was to be said.
    wanted: u64,
    /// What was there then; something else when the API server does not know a field.
    found: u64,
    /// The resource version, until something as new is observed.
    version: Option<u64>,
    /// How often the same was written before.
    again: u32,
}

impl Entry {
    pub(super) fn is_empty(&self) -> bool {
        let says_nothing = self.said.as_ref().is_none_or(Statement::is_taken_back);
        says_nothing && self.seen.is_none() && self.writing.is_none()
    }

    /// What there is to say and what is there, when both are about the same form of the object.
    pub(super) fn both(&self) -> Option<(&Statement, &Seen)> {
        let (said, seen) = self.said.as_ref().zip(self.seen.as_ref())?;
        said.is_about(seen.generation).then_some((said, seen))
    }

    /// There is nothing to say any more.
    pub(super) fn unsay(&mut self) {
        self.said = self.said.take().and_then(Statement::taken_back);
    }

    /// The Envoys, and the publication whose acknowledgement changes what there is to say.
    pub(super) fn awaits(&self) -> Option<(FleetId, u64)> {
        let said = self.said.as_ref()?;
        said.awaits().map(|publication| (said.fleet.clone(), publication))
    }

    /// Whether there is something to say that is about Envoys of this fleet.
    pub(super) fn is_said_of(&self, fleet: &FleetId) -> bool {
        self.said.as_ref().is_some_and(|said| said.fleet == *fleet)
    }

    /// Takes in what the API server has. News from before our last write are old.
    pub(super) fn observe(&mut self, seen: Seen) {
        let is_same = self.seen.as_ref().is_none_or(|before| before.uid == seen.uid);
        if !is_same {
            *self = Self { said: self.said.take(), writing: self.writing, ..Self::default() };
        }
        if let Some(written) = &mut self.written {
            if written.version.zip(seen.version).is_some_and(|(written, seen)| seen < written) {
                return;
            }
            written.version = None;
        }
        self.seen = Some(seen);
    }

    /// A write was done.
    pub(super) fn written(&mut self, now: Instant, found: Seen) {
        let Some(wanted) = self.writing.take() else { return };
        // The object may have been deleted, or another one of its name has come.
        if self.seen.as_ref().is_none_or(|seen| seen.uid != found.uid) {
            return;
        }
        let again = self.written.as_ref().filter(|before| before.wanted == wanted);
        let again = again.map_or(0, |before| before.again + 1);
        let (version, found_says) = (found.version, found.says);
        self.written = Some(Written { at: now, wanted, found: found_says, version, again });
        self.failures = None;
        self.since = None;
        // What was observed meanwhile may be newer.
        let is_newer = |seen: &Seen| seen.version.zip(version).is_some_and(|(seen, found)| seen > found);
        if !self.seen.as_ref().is_some_and(is_newer) {
            self.seen = Some(found);
        }
    }

    /// There is no such object; if there is one again, it will be observed.
    pub(super) fn missing(&mut self) {
        self.writing = None;
        self.seen = None;
    }

    /// It was refused, because the object has changed. The first time that is no reason to wait.
    pub(super) fn outdated(&mut self, now: Instant, found: Seen) {
        match self.failures {
            None => {
                self.writing = None;
                self.failures = Some((0, now));
            }
            Some(_) => self.failed(now),
        }
        self.observe(found);
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.writing = None;
        let failures = self.failures.map_or(0, |(failures, _)| failures);
        self.failures = Some((failures.saturating_add(1), now + doubled(RETRY, failures, RETRY_MOST)));
    }

    /// Nothing is planned.
    pub(super) fn rest(&mut self) {
        self.due = None;
        self.since = None;
    }

    /// Whether there is something wrong that nobody was told; it counts as told from now on.
    pub(super) fn is_news(&mut self) -> bool {
        let Some((said, seen)) = self.both() else { return false };
        let (problems, there) = (said.problems(), seen.problems);
        let before = std::mem::replace(&mut self.told, problems);
        problems.is_some() && problems != before && problems != there
    }

    /// When it may be written; `None` when nothing is to be.
    pub(super) fn plan(&mut self, now: Instant, known: &Known) -> Option<Instant> {
        self.due = self.next(now, known);
        self.due
    }

    fn next(&mut self, now: Instant, known: &Known) -> Option<Instant> {
        if self.writing.is_some() {
            return None;
        }
        let (said, seen) = self.both()?;
        // A change is made for a form of the object: without its version it could undo what others say.
        if seen.version.is_none() && said.target.kind.is_gateway_api() {
            return None;
        }
        if !known.share.has(&said.target) {
            return None;
        }
        let is_api_known = known.experimental.is_some() && known.release.is_some();
        if said.target.kind == Kind::GatewayClass && !is_api_known {
            return None;
        }
        let Wanted { says, is_pending } = Wanted::new(said, seen, &known.context(said));
        let counts_routes = matches!(said.target.kind, Kind::Gateway | Kind::ListenerSet);
        let (wanted, there) = (fingerprint(&says), seen.says);
        let written = self.written.as_ref().filter(|written| written.wanted == wanted);
        if wanted == there || written.is_some_and(|written| written.found == there) {
            self.since = None;
            return None;
        }
        let undone = written.map(|written| written.at + doubled(UNDONE, written.again, UNDONE_MOST));
        let since = *self.since.get_or_insert(now);
        let held = is_pending.then(|| since + HELD_BACK);
        let counted = self.written.as_ref().filter(|_| counts_routes).map(|written| written.at + COUNTED);
        let retry = self.failures.map(|(_, at)| at);
        Some([undone, held, counted, retry].into_iter().flatten().fold(now, Instant::max))
    }

    /// Begins to write: what is to be said now.
    pub(super) fn begin(&mut self, known: &Known) -> Option<Says> {
        let (said, seen) = self.both()?;
        let Wanted { says, .. } = Wanted::new(said, seen, &known.context(said));
        self.writing = Some(fingerprint(&says));
        Some(says)
    }
}

fn doubled(pause: Duration, times: u32, most: Duration) -> Duration {
    pause.saturating_mul(2_u32.saturating_pow(times)).min(most)
}
