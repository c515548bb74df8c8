//! How often a payload is encoded: counted by the buffers that the messages of all streams are made of.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

use xds::{Encoder, Entry, Protocol, ResourceType, Response};

/// As many threads as the server has.
const THREADS: usize = 2;

/// Makes the messages of `streams` streams, `changes` times over, on as many threads as the server has;
/// returns how many payloads were made in all. One for each change is the least.
pub(super) fn payloads(entry: &Arc<Entry>, changes: usize, streams: usize) -> usize {
    (0..changes).map(|_| payloads_of_one_change(entry, streams)).sum()
}

fn payloads_of_one_change(entry: &Arc<Entry>, streams: usize) -> usize {
    // Kept until they are counted, so that no buffer is used twice.
    let (encoder, together) = (Encoder::default(), Barrier::new(THREADS));
    let messages: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    let encode = |stream| encoder.encode(&response(entry, stream));
                    (0..streams / THREADS).map(encode).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("encoding does not panic")).collect()
    });
    let payload = |message: &xds::Message| message.shared().last().map(|payload| payload.as_ptr());
    messages.iter().filter_map(payload).collect::<BTreeSet<_>>().len()
}

fn response(entry: &Arc<Entry>, stream: usize) -> Response {
    Response {
        protocol: Protocol::Delta,
        resource_type: ResourceType::ClusterLoadAssignment,
        version: String::new(),
        nonce: stream.to_string(),
        resources: vec![Arc::clone(entry)],
        removed: Vec::new(),
        refused: Vec::new(),
    }
}
