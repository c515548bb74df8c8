//! The running program: one thread that starts it, waits for it and starts it again.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, kill_process, waitid};

use crate::output::{Readers, Source};
use crate::watcher::Watcher;
use crate::{Guard, Program, Restart};

/// Which of its two outputs a program wrote a line to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// What is told while a program runs, from threads of this crate, one event at a time.
#[derive(Debug)]
pub enum Event<'a> {
    /// The program runs.
    Started {
        /// Its process id.
        pid: u32,
    },
    /// It wrote a line, given without its line end; bytes that are not UTF-8 are replaced.
    Line(Stream, &'a str),
    /// It ended. The lines that it wrote have been told before.
    Ended(ExitStatus),
    /// A restart failed before there was a process.
    CannotStart(&'a io::Error),
    /// It will be started again after the pause.
    Restarting {
        /// How long the pause is.
        after: Duration,
    },
}

/// The program could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {program}: {source}")]
pub struct StartFailed {
    program: String,
    source: io::Error,
}

/// A signal for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `SIGTERM`: end in order.
    Terminate,
    /// `SIGKILL`: end now.
    Kill,
    /// `SIGSTOP`: stand still.
    Freeze,
    /// `SIGCONT`: go on.
    Thaw,
}

/// How a program ended when it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Within its time, with this status.
    InTime(ExitStatus),
    /// It had to be killed when the time was over.
    Killed,
    /// It was not running: it had ended, or was waiting for its restart.
    WasDown,
}

/// A program that is looked after. Dropping it kills the program and waits for its end. The event
/// listener must not stop or drop it: that waits for the thread which the listener runs on.
#[derive(Debug)]
pub struct Supervised {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// There as long as the process is not reaped: the id cannot have been given to another.
    pid: Option<Pid>,
    starts: u32,
    stopping: bool,
    last_exit: Option<ExitStatus>,
    over: bool,
}

type Listener = Arc<Mutex<dyn FnMut(Event<'_>) + Send>>;

struct Supervisor {
    program: Program,
    shared: Arc<Shared>,
    listener: Listener,
}

impl Supervised {
    /// Starts the program and returns once there is a process, or none could be made. With a guard,
    /// a program that cannot be executed is an ended process with code 127 and a line that says so.
    pub fn start(
        program: Program,
        on_event: impl FnMut(Event<'_>) + Send + 'static,
    ) -> Result<Self, StartFailed> {
        let name = program.path.display().to_string();
        let failed = |source| StartFailed { program: name, source };
        let shared = Arc::new(Shared::default());
        let supervisor =
            Supervisor { program, shared: Arc::clone(&shared), listener: Arc::new(Mutex::new(on_event)) };
        let (first, started) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("supervisor".into()).spawn(move || supervisor.run(&first));
        let thread = match thread {
            Ok(thread) => thread,
            Err(source) => return Err(failed(source)),
        };
        match started.recv() {
            Ok(Ok(())) => Ok(Self { shared, thread: Mutex::new(Some(thread)) }),
            Ok(Err(source)) => Err(failed(source)),
            Err(_) => Err(failed(io::Error::other("the supervisor ended"))),
        }
    }

    /// The process id while the program runs.
    pub fn pid(&self) -> Option<u32> {
        self.shared.lock().pid.map(|pid| pid.as_raw_pid().unsigned_abs())
    }

    /// How often the program was started; 1 as long as it never died.
    pub fn starts(&self) -> u32 {
        self.shared.lock().starts
    }

    /// How the program ended last.
    pub fn last_exit(&self) -> Option<ExitStatus> {
        self.shared.lock().last_exit
    }

    /// Sends a signal. False when the program is not running at the moment.
    pub fn signal(&self, signal: Signal) -> bool {
        send(&self.shared.lock(), signal)
    }

    /// Waits until the program has ended for good: it was stopped, or ended and is not restarted.
    /// None when the time is over first.
    pub fn wait(&self, limit: Duration) -> Option<ExitStatus> {
        self.shared.wait_until(limit, |state| state.over).last_exit
    }

    /// Ends the program for good: `SIGTERM`, and `SIGKILL` when it has not ended within `grace`.
    /// Blocks until it is gone.
    pub fn stop(&self, grace: Duration) -> Stopped {
        let was_up = self.ask_to_stop(Signal::Terminate);
        let in_time = self.shared.wait_until(grace, |state| state.over);
        let stopped = match (was_up, in_time.over, in_time.last_exit) {
            (false, _, _) => Stopped::WasDown,
            (true, true, Some(status)) => Stopped::InTime(status),
            (true, _, _) => Stopped::Killed,
        };
        drop(in_time);
        self.kill();
        stopped
    }

    /// Ends the program for good with `SIGKILL` and waits until it is gone.
    pub fn kill(&self) {
        self.ask_to_stop(Signal::Kill);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic over there was the listener's; there is nothing left to clean up here.
            let _ = thread.join();
        }
    }

    fn ask_to_stop(&self, signal: Signal) -> bool {
        let mut state = self.shared.lock();
        state.stopping = true;
        self.shared.changed.notify_all();
        send(&state, signal)
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.kill();
    }
}

fn send(state: &State, signal: Signal) -> bool {
    let signal = match signal {
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
        Signal::Freeze => rustix::process::Signal::STOP,
        Signal::Thaw => rustix::process::Signal::CONT,
    };
    state.pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(&self, limit: Duration, done: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.lock(), limit, |state| !done(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Supervisor {
    /// The thread. It must outlive each child: a child may have asked to end with this thread.
    fn run(self, first: &SyncSender<io::Result<()>>) {
        let mut first = Some(first);
        let mut deaths = 0;
        loop {
            let began = Instant::now();
            match self.spawn() {
                Ok(Some(life)) => {
                    report_first(&mut first, Ok(()));
                    self.see_through(life);
                }
                Ok(None) => break,
                Err(error) if first.is_some() => {
                    report_first(&mut first, Err(error));
                    break;
                }
                Err(error) => self.tell(Event::CannotStart(&error)),
            }
            let Restart::After(backoff) = self.program.restart else { break };
            let (pause, count) = backoff.after(began.elapsed(), deaths);
            deaths = count;
            if !self.pause(pause) {
                break;
            }
        }
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
    }

    /// Starts the program, unless a stop was asked for. Under the lock, so that a stop finds either
    /// no process and none to come, or the process.
    fn spawn(&self) -> io::Result<Option<Life>> {
        let mut state = self.shared.lock();
        if state.stopping {
            return Ok(None);
        }
        let watcher = (self.program.guard == Guard::Watcher).then(Watcher::start).transpose()?;
        let process = self.program.command(watcher.as_ref()).spawn()?;
        state.pid = Some(Pid::from_child(&process));
        state.starts += 1;
        Ok(Some(Life { process, watcher }))
    }

    /// One life of the program: its lines, its end.
    fn see_through(&self, life: Life) {
        let Life { process: mut child, watcher } = life;
        self.tell(Event::Started { pid: child.id() });
        let readers = self.read_output(&mut child);
        // Wait without reaping: until the id is taken out of the state, it must not be given to
        // another process, which a signal of ours would then hit.
        let _ = waitid(WaitId::Pid(Pid::from_child(&child)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        readers.finish();
        drop(watcher);
        if let Some(status) = self.reap(&mut child) {
            self.tell(Event::Ended(status));
        }
    }

    fn reap(&self, child: &mut Child) -> Option<ExitStatus> {
        let mut state = self.shared.lock();
        state.pid = None;
        state.last_exit = child.wait().ok();
        state.last_exit
    }

    fn read_output(&self, child: &mut Child) -> Readers {
        let output = child.stdout.take().map(|pipe| Source::new(pipe, self.line_teller(Stream::Output)));
        let errors = child.stderr.take().map(|pipe| Source::new(pipe, self.line_teller(Stream::Error)));
        Readers::start(output.into_iter().chain(errors).collect())
    }

    fn line_teller(&self, stream: Stream) -> impl FnMut(&str) + Send + 'static {
        let listener = Arc::clone(&self.listener);
        move |line| tell(&listener, Event::Line(stream, line))
    }

    /// Waits before a restart. False when a stop was asked for.
    fn pause(&self, pause: Duration) -> bool {
        if self.shared.lock().stopping {
            return false;
        }
        self.tell(Event::Restarting { after: pause });
        !self.shared.wait_until(pause, |state| state.stopping).stopping
    }

    fn tell(&self, event: Event<'_>) {
        tell(&self.listener, event);
    }
}

/// A process and who watches that it does not outlive us.
struct Life {
    process: Child,
    watcher: Option<Watcher>,
}

fn report_first(first: &mut Option<&SyncSender<io::Result<()>>>, result: io::Result<()>) {
    if let Some(first) = first.take() {
        // The starter waits for exactly this; it can only be gone with the whole process.
        let _ = first.send(result);
    }
}

fn tell(listener: &Listener, event: Event<'_>) {
    let mut listener = listener.lock().unwrap_or_else(PoisonError::into_inner);
    listener(event);
}
