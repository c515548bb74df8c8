//! What a change allocates: the rows of `isobath-bench engine-size` with allocations and the heap, counted.
//!
//! A program of its own, because counting takes a part of the time that is measured there. How often memory is
//! asked for, and for how much, does not depend on the allocator: this is the system's.

#[expect(dead_code, reason = "this is run by the other program, which sees to all sizes")]
mod engine_bench;
mod machine;
mod world;

use engine_bench::Heap;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(size) = engine_bench::Size::read(&arguments) else {
        eprintln!("usage: isobath-bench-allocations LAYOUT HOSTS ROUTES, not {arguments:?}");
        std::process::exit(2);
    };
    engine_bench::one_size(size, Some(&counted));
}

fn counted() -> Heap {
    let stats = ALLOCATOR.stats();
    Heap {
        allocations: stats.allocations,
        bytes: stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated),
    }
}
