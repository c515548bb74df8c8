//! Runs a program, in practice Envoy, as a child that is looked after: its output line by line,
//! a restart with growing pauses when it dies, a graceful stop with a deadline, and no orphan.
//!
//! *No orphan* holds when we are killed with `SIGKILL` too. On Linux the kernel can signal a child
//! when its parent dies (`PR_SET_PDEATHSIG`), with two traps that shape this crate:
//!
//! - the "parent" is the *thread* that spawned the child, so each child gets a thread of its own
//!   that lives as long as it does (Envoy asks for `SIGTERM` itself unless hot restart is disabled,
//!   and would then exit at the end of whatever thread had started it);
//! - the child must ask for it, before `exec`. That takes no `unsafe` here: our own executable is
//!   started again as a [`guard`], asks, and becomes the program. Where `main` is not ours, as in
//!   tests, a watcher does instead: see [`Guard`].
//!
//! The crate is synchronous. Async callers forward [`Event`]s into a channel and call the blocking
//! [`Supervised::stop`] where blocking is allowed. It writes no bootstrap, fetches no Envoy and
//! prints nothing.
//!
//! The three types to know: [`Program`] (what to run), [`Supervised`] (it, running),
//! [`admin::Admin`] (Envoy's administration interface).

pub mod admin;
mod backoff;
pub mod drain;
mod find;
pub mod guard;
mod output;
mod program;
mod supervise;
pub mod sweeper;
mod watcher;

pub use backoff::Backoff;
pub use find::{ENVOY_VERSION, EnvoyNotFound, Search, find_envoy};
pub use program::{Guard, Program, Restart};
pub use supervise::{Event, Signal, StartFailed, Stopped, Stream, Supervised};
