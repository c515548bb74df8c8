//! When to look at the files: at once after one finished write, a moment later while there is more going on.
//!
//! A state machine without clock: the caller says what time it is.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What happened in the watched folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A file may be in the middle of a write, or is gone, which may be half of a replacement.
    Begun(PathBuf),
    /// A file is being written, and the end of that will be told: nothing to look at before.
    Open(PathBuf),
    /// A file was closed after a write, or renamed to its place.
    Finished(PathBuf),
    /// Something else about a file, such as changed permissions.
    Touched(PathBuf),
    /// A folder has come or gone, or it is not known what happened.
    Other,
}

/// Decides when to look.
#[derive(Debug)]
pub struct Settle {
    /// How long nothing must happen, when it is not done at once.
    quiet: Duration,
    /// How long looking can be put off at most.
    longest: Duration,
    due: Option<Instant>,
    /// First signal since the last look.
    since: Option<Instant>,
    /// The last finished write.
    finished: Option<Instant>,
    /// Files that are being written.
    begun: BTreeSet<PathBuf>,
    /// Whether a file did not parse at the last look: its next look is not hurried by other files.
    waiting: bool,
}

impl Settle {
    /// A machine with nothing to do.
    pub fn new(quiet: Duration, longest: Duration) -> Self {
        Self {
            quiet,
            longest,
            due: None,
            since: None,
            finished: None,
            begun: BTreeSet::new(),
            waiting: false,
        }
    }

    /// When to look next; `None` while nothing has happened.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Something happened.
    pub fn event(&mut self, signal: Signal, now: Instant) {
        match signal {
            Signal::Begun(path) => {
                self.begun.insert(path);
                self.put_off(now);
            }
            Signal::Finished(path) => {
                self.begun.remove(&path);
                let burst = self.finished.is_some_and(|last| now < last + self.quiet);
                self.finished = Some(now);
                if burst || self.waiting || !self.begun.is_empty() {
                    self.put_off(now);
                } else {
                    self.due = Some(now);
                }
            }
            Signal::Open(_) => {}
            // The end of a replacement must not put off what is due already.
            Signal::Touched(_) | Signal::Other if self.due.is_some() => {}
            Signal::Touched(_) | Signal::Other => self.put_off(now),
        }
    }

    /// The caller looks now: nothing is due any more.
    pub fn looked(&mut self) {
        (self.due, self.since) = (None, None);
        self.begun.clear();
        self.waiting = false;
    }

    /// The caller looked and saw a file that does not parse: it should look again when nothing happened for a
    /// moment.
    pub fn look_again(&mut self, now: Instant) {
        self.waiting = true;
        self.put_off(now);
    }

    fn put_off(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        self.due = Some((now + self.quiet).min(since + self.longest).max(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_millis(50);

    /// Feeds signals at milliseconds and returns when a look is due, in milliseconds.
    fn due(signals: &[(u64, Signal)]) -> Option<u128> {
        let start = Instant::now();
        let mut settle = Settle::new(QUIET, Duration::from_secs(1));
        for (at, signal) in signals {
            settle.event(signal.clone(), start + Duration::from_millis(*at));
        }
        settle.due().map(|due| (due - start).as_millis())
    }

    fn begun(path: &str) -> Signal {
        Signal::Begun(path.into())
    }

    fn finished(path: &str) -> Signal {
        Signal::Finished(path.into())
    }

    #[test]
    fn nothing_is_due_before_something_happens() {
        assert_eq!(due(&[]), None);
    }

    #[test]
    fn one_finished_write_is_due_at_once() {
        assert_eq!(due(&[(10, finished("a"))]), Some(10));
        assert_eq!(due(&[(10, begun("a")), (11, begun("a")), (12, finished("a"))]), Some(12));
    }

    #[test]
    fn a_begun_write_waits_for_quiet() {
        assert_eq!(due(&[(10, begun("a"))]), Some(60));
        assert_eq!(due(&[(10, begun("a")), (30, begun("a"))]), Some(80));
    }

    #[test]
    fn a_second_write_in_the_window_waits_for_quiet() {
        assert_eq!(due(&[(10, finished("a")), (40, finished("b"))]), Some(90));
        assert_eq!(due(&[(10, finished("a")), (60, finished("b"))]), Some(60));
    }

    #[test]
    fn a_finished_write_waits_for_another_that_has_begun() {
        assert_eq!(due(&[(0, begun("b")), (10, finished("a"))]), Some(60));
        assert_eq!(
            due(&[(0, begun("b")), (70, begun("a")), (80, finished("a")), (140, finished("b"))]),
            Some(140)
        );
    }

    #[test]
    fn changed_permissions_do_not_put_off_a_finished_write() {
        for other in [Signal::Touched("a".into()), Signal::Other] {
            assert_eq!(due(&[(10, finished("a")), (10, other.clone())]), Some(10));
            assert_eq!(due(&[(10, other)]), Some(60));
        }
    }

    #[test]
    fn endless_writing_is_looked_at_after_the_longest_time() {
        let signals: Vec<_> = (0..200).map(|step| (step * 40, begun("log"))).collect();
        assert_eq!(due(&signals[..20]), Some(19 * 40 + 50));
        assert_eq!(due(&signals[..26]), Some(1000));
    }

    #[test]
    fn looking_clears_everything_but_the_window() {
        let start = Instant::now();
        let mut settle = Settle::new(QUIET, Duration::from_secs(1));
        settle.event(begun("b"), start);
        settle.event(finished("a"), start);
        settle.looked();
        assert_eq!(settle.due(), None);
        settle.look_again(start);
        assert_eq!(settle.due(), Some(start + QUIET));
        settle.looked();
        settle.event(finished("a"), start + QUIET / 2);
        assert_eq!(settle.due(), Some(start + QUIET / 2 + QUIET));
        settle.looked();
        settle.event(finished("a"), start + QUIET * 2);
        assert_eq!(settle.due(), Some(start + QUIET * 2));
    }

    #[test]
    fn a_file_that_does_not_parse_is_given_its_time_whatever_else_is_written() {
        let start = Instant::now();
        let mut settle = Settle::new(QUIET, Duration::from_secs(1));
        settle.look_again(start);
        settle.event(finished("a"), start + QUIET / 2);
        assert_eq!(settle.due(), Some(start + QUIET / 2 + QUIET));
    }
}
