//! The xDS server: who may ask, what each Envoy has, what it gets next, and the gRPC server that carries it.
//!
//! Resources are opaque: a name, a version, bytes, and the names that the bytes mention. Order, acknowledgement,
//! rejection and reconnection are decided by a [`Session`], which has no IO and no clock: requests, configurations
//! and time go in, responses and observations come out.
//!
//! What it does *not* do: it knows no route and no Kubernetes object, builds no message, loads no certificate
//! file, and decides nothing about a fleet as a whole (quarantine and status belong to the engine).
//!
//! Three types to know: [`Hub`] (publish an [`Update`], watch the [`Observation`]s), [`Session`] (one Envoy over
//! all its streams), [`Server`] (streams in, over TLS or plaintext).

pub mod discovery;
mod fleet;
#[doc(hidden)]
pub mod fuzz;
mod hub;
pub mod identity;
mod observation;
mod on_demand;
mod rejection;
mod resource;
mod scrub;
pub mod server;
mod session;
mod settings;
mod snapshot;
mod subscription;
mod wire;

pub use fleet::FleetId;
pub use hub::{Hub, Progress, Traffic};
pub use observation::{HeldResource, NodeStatus, Observation, TypeStatus};
pub use on_demand::OnDemandSecrets;
pub use resource::{
    InvalidVersion, Name, Needs, Overdue, OwnName, Reference, Resource, ResourceType, Update, Version,
    Warming,
};
pub use scrub::scrub;
pub use server::{Clients, Io, Peers, Security, Server, Tls, TlsSource};
pub use session::{Close, Input, Output, Scope, Session, StreamId};
pub use settings::{Moment, Settings};
pub use snapshot::{ClosureGap, Entry, Generation, Snapshot, Table, closure_gaps};
pub use wire::{Encoder, Message, Protocol, Response};
