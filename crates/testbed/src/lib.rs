//! A Kubernetes cluster of plain processes, for tests and by hand: real etcd, API server and controllers; pods that are
//! processes in network namespaces of their own; Services that lead to them. It starts in seconds and leaves nothing
//! behind, and nothing leads out of its network.
//!
//! It needs Linux and root. There is one node, no images (the name of an image chooses one of our programs: see
//! [`Programs`]), no `exec`, no persistent volumes, no IPv6. It fails by errors where it is used by hand, and by panics in
//! tests.
//!
//! Everything is born in the cluster's network namespace because the thread that starts it is there. A test is no
//! exception: [`test()`] runs its body on such a thread, so that its connections reach addresses of pods and Services.
//!
//! The three types to know: [`Cluster`], [`Bed`] (what a test has of it), [`Objects`] (what it applies).

mod bed;
mod children;
mod cluster;
mod control_plane;
mod credentials;
mod definitions;
mod faults;
mod kubelet;
mod network;
mod objects;
mod programs;
mod services;

pub use bed::{Bed, test, test_alone};
pub use cluster::Cluster;
pub use definitions::gateway_definitions;
pub use objects::{Mode, Objects};
pub use programs::{Programs, why_not};
