//! What a change costs outside the engine: until a real Envoy answers, with each layout, and to a thousand streams.
//!
//! A program of its own: `isobath-bench` counts allocations, and the counting would be measured here.
//! Figures are printed as Markdown tables. They are measured on whatever machine this runs on, so what
//! counts are ratios within one run; nothing here is an assertion, but a run that hangs panics.

mod controller;
mod end_to_end;
mod envoys;
mod floor;
mod layouts;
#[expect(dead_code, reason = "the benchmarks of the engine use the rest")]
mod machine;
mod streams;
mod summary;
mod threads;
mod world;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["end-to-end"] => end_to_end::all_sizes(),
        // A fresh process for each size: nothing of one size is left for the next.
        ["end-to-end-size", hosts] => end_to_end::one_size(number(hosts)),
        ["layouts"] => layouts::all(),
        ["layouts-changes", transport, hosts] => layouts::changes(transport_of(transport), number(hosts)),
        ["layouts-requests", hosts] => layouts::requests(number(hosts)),
        // The other side of both: what clients and backend cost must not count as the controller's.
        ["layouts-outside"] => layouts::outside(),
        ["streams"] => streams::run(),
        // The other side of `streams`: processor time is counted for each process.
        ["streams-clients", address, count, endpoints, folder] => {
            streams::clients(address, number(count), endpoints, folder.as_ref());
        }
        other => {
            eprintln!("usage: isobath-bench-wire end-to-end|layouts|streams, not {other:?}");
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

fn transport_of(text: &str) -> layouts::Transport {
    text.parse().unwrap_or_else(|why| {
        eprintln!("{why}");
        std::process::exit(2);
    })
}
