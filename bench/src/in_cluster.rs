//! What the parts with a real API server share: a cluster of plain processes (`testbed`), controllers in processes of
//! their own, backends, clients, and what is written in the API server.

mod backends;
mod objects;
mod process;
mod program;
mod traffic;
mod writes;

use std::sync::Arc;

use testbed::Cluster;

pub(crate) use backends::{Backend, FIRST, SECOND, endpoint_slice, service};
pub(crate) use objects::{Followed, change, create, create_all, delete_all, every, place};
pub(crate) use process::Process;
pub(crate) use program::{Program, XDS};
pub(crate) use traffic::Traffic;
pub(crate) use writes::{Writes, writes_of_one};

/// Measures in a cluster that is started for it.
pub(crate) fn run<F>(measure: impl FnOnce(Arc<Cluster>) -> F + Send + 'static)
where
    F: Future<Output = ()>,
{
    let cluster = Arc::new(Cluster::start().expect("a cluster"));
    let inside = Arc::clone(&cluster);
    let measured = cluster.inside(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(measure(inside));
    });
    if let Err(panic) = measured {
        std::panic::resume_unwind(panic);
    }
}
