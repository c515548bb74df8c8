//! Parts of one task, each polled only when it was called.
//!
//! The parts of a connection call one another all the time: a stream that has something to send calls the connection
//! that writes it, a request that was read calls its stream. With one waker for all, each such call would let the
//! runtime run the whole task once more, and poll every part of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;

/// How often parts may call one another before others of the runtime get their turn.
const ROUNDS: usize = 16;
/// How many parts in a row are told apart; of those that are added later, each is called with one of these.
const BITS: u32 = usize::BITS - 1;
/// The bit that says that the task runs, above those of the parts.
const RUNS: usize = 1 << BITS;

/// The parts of one task.
#[derive(Default)]
pub(super) struct Parts(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// The bits of those that were called, and [`RUNS`].
    state: AtomicUsize,
    task: AtomicWaker,
    added: AtomicU32,
}

/// One of them.
pub(super) struct Part {
    bit: usize,
    waker: Waker,
}

/// Those that were called.
#[derive(Clone, Copy)]
pub(super) struct Called(usize);

/// Calls one part.
struct Call {
    bit: usize,
    shared: Arc<Shared>,
}

impl Parts {
    /// A new part. It is called for the first time.
    pub(super) fn add(&self) -> Part {
        let bit = 1 << (self.0.added.fetch_add(1, Ordering::Relaxed) % BITS);
        let call = Arc::new(Call { bit, shared: Arc::clone(&self.0) });
        let part = Part { bit, waker: call.into() };
        part.call();
        part
    }

    /// Lets those be polled that were called, until that is ready or none is called any more. Not to be used again once
    /// it was ready.
    pub(super) fn poll<T>(&self, context: &Context<'_>, mut poll: impl FnMut(Called) -> Poll<T>) -> Poll<T> {
        self.0.task.register(context.waker());
        for _ in 0..ROUNDS {
            if let ready @ Poll::Ready(_) = poll(self.0.begin_round()) {
                return ready;
            }
            if self.0.rest() {
                return Poll::Pending;
            }
        }
        self.0.pause();
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Part {
    /// Calls it.
    pub(super) fn call(&self) {
        self.waker.wake_by_ref();
    }

    /// What it is to be polled with, if it was called.
    pub(super) fn context(&self, called: Called) -> Option<Context<'_>> {
        (called.0 & self.bit != 0).then(|| Context::from_waker(&self.waker))
    }
}

impl Shared {
    fn begin_round(&self) -> Called {
        Called(self.state.swap(RUNS, Ordering::AcqRel))
    }

    /// Ends a run, unless a part was called meanwhile.
    fn rest(&self) -> bool {
        self.state.compare_exchange(RUNS, 0, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Ends a run although parts are called.
    fn pause(&self) {
        self.state.fetch_and(!RUNS, Ordering::AcqRel);
    }
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = self.shared.state.fetch_or(self.bit, Ordering::AcqRel);
        // A task that runs looks at its parts before it rests; one of which a part was called is on its way.
        if before == 0 {
            self.shared.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Whether the task was woken since it was asked last.
    #[derive(Default)]
    struct Task(AtomicBool);

    impl Task {
        fn was_woken(&self) -> bool {
            self.0.swap(false, Ordering::SeqCst)
        }
    }

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    /// Two parts, and their task.
    struct Run {
        parts: Parts,
        both: [(char, Part); 2],
        task: Arc<Task>,
    }

    impl Run {
        fn new() -> Self {
            let parts = Parts::default();
            let both = ['a', 'b'].map(|name| (name, parts.add()));
            Self { parts, both, task: Arc::default() }
        }

        fn call(&self, names: &str) {
            self.both.iter().filter(|(name, _)| names.contains(*name)).for_each(|(_, part)| part.call());
        }

        /// Polls with parts that do this, and returns which were polled.
        fn poll(&self, mut then: impl FnMut(char, &Context<'_>)) -> String {
            let waker = Waker::from(Arc::clone(&self.task));
            let mut polled = String::new();
            let pending = self.parts.poll(&Context::from_waker(&waker), |called| {
                for (name, part) in &self.both {
                    if let Some(context) = part.context(called) {
                        polled.push(*name);
                        then(*name, &context);
                    }
                }
                Poll::<()>::Pending
            });
            assert_eq!(pending, Poll::Pending);
            polled
        }
    }

    #[test]
    fn only_called_parts_are_polled_and_the_task_is_woken_once() {
        let run = Run::new();
        assert_eq!(run.poll(|_, _| {}), "ab", "all, the first time");
        assert_eq!(run.poll(|_, _| {}), "");
        run.call("b");
        assert!(run.task.was_woken());
        run.call("ab");
        assert!(!run.task.was_woken(), "it is on its way already");
        assert_eq!(run.poll(|_, _| {}), "ab");
        run.call("b");
        assert_eq!(run.poll(|_, _| {}), "b");
    }

    #[test]
    fn parts_that_call_one_another_need_no_other_run() {
        let run = Run::new();
        let mut calls = ["", "a", "b", "b", ""].into_iter();
        assert_eq!(run.poll(|_, _| run.call(calls.next().unwrap_or_default())), "ababb");
        assert!(!run.task.was_woken());
    }

    #[test]
    fn parts_that_never_rest_let_others_run() {
        let run = Run::new();
        assert_eq!(run.poll(|_, context| context.waker().wake_by_ref()), "ab".repeat(ROUNDS));
        assert!(run.task.was_woken());
        assert_eq!(run.poll(|_, _| {}), "ab", "nothing is forgotten");
    }

    #[test]
    fn the_end_is_told() {
        let parts = Parts::default();
        let part = parts.add();
        let ready = parts.poll(&Context::from_waker(Waker::noop()), |called| match part.context(called) {
            Some(_) => Poll::Ready(7),
            None => Poll::Pending,
        });
        assert_eq!(ready, Poll::Ready(7));
    }

    #[test]
    fn very_many_parts_share_calls() {
        let parts = Parts::default();
        let all: Vec<_> = (0..2 * BITS).map(|_| parts.add()).collect();
        let polled = || {
            let mut polled = Vec::new();
            let pending = parts.poll(&Context::from_waker(Waker::noop()), |called| {
                polled.extend((0..all.len()).filter(|part| all[*part].context(called).is_some()));
                Poll::<()>::Pending
            });
            assert_eq!(pending, Poll::Pending);
            polled
        };
        assert_eq!(polled().len(), all.len());
        all[1].call();
        assert_eq!(polled(), [1, BITS as usize + 1]);
    }

    #[test]
    fn calls_of_other_threads_are_not_lost() {
        const CALLS: usize = 100_000;
        let run = Run::new();
        run.poll(|_, _| {});
        let made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..CALLS {
                    made.fetch_add(1, Ordering::SeqCst);
                    run.call("a");
                }
            });
            let mut seen = 0;
            while seen < CALLS {
                // The last call is seen only if the task is woken for it.
                if run.task.was_woken() {
                    run.poll(|_, _| seen = made.load(Ordering::SeqCst));
                }
                std::hint::spin_loop();
            }
        });
    }
}
