//! What a change costs: in the engine, on the wire, and until Envoy answers.
//!
//! Figures are printed as Markdown tables. They are measured on whatever machine this runs on, so what
//! counts are ratios within one run; nothing here is an assertion.

mod engine_bench;
mod machine;
mod world;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // A fresh process for each size: resident memory is that of one world.
        ["engine-size", hosts, routes] => engine_bench::one_size(number(hosts), number(routes)),
        [] | ["engine"] => engine_bench::all_sizes(),
        other => {
            eprintln!("usage: isobath-bench [engine], not {other:?}");
            std::process::exit(2);
        }
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| {
        eprintln!("not a number: {text}");
        std::process::exit(2);
    })
}
