//! The statements of the protocol checklist (`reference/reliability.md` §2), each by a script that names it.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

mod answers;
mod content;
mod on_demand;
mod order;
mod reconnect;
mod rejection;
mod scopes;
mod script;
mod slow;
mod state;
mod subscriptions;
mod transport;
