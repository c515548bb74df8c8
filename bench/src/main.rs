//! What a change costs: in the engine, on the wire, and until Envoy answers.
//!
//! Figures are printed as Markdown tables. They are measured on whatever machine this runs on, so what
//! counts are ratios within one run; nothing here is an assertion, but a run that hangs panics.

mod cluster;
mod controller;
mod end_to_end;
mod engine_bench;
mod envoys;
mod floor;
mod gateways;
mod in_cluster;
mod layouts;
mod machine;
mod streams;
mod summary;
mod threads;
mod train;
mod world;

/// That of the `isobath` command.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["engine"] => engine_bench::all_sizes(),
        // A fresh process for each size: resident memory is that of one world.
        ["engine-size", ..] => engine_bench::one_size(size(&arguments[1..]), None),
        ["end-to-end"] => end_to_end::all_sizes(),
        ["end-to-end-size", layout, hosts] => end_to_end::one_size(layout, number(hosts)),
        ["layouts"] => layouts::all(),
        ["layouts-changes", transport, hosts] => layouts::changes(transport_of(transport), number(hosts)),
        ["layouts-requests", hosts] => layouts::requests(number(hosts)),
        // The other side of both: what clients and backend cost must not count as the controller's.
        ["layouts-outside"] => layouts::outside(),
        ["cluster"] => cluster::all_sizes(),
        ["cluster-size", program, objects] => cluster::one_size(&program_of(program), number(objects)),
        ["gateways"] => gateways::all(),
        ["gateways-routes", attached, propagated] => gateways::routes(number(attached), number(propagated)),
        ["gateways-fleets", gateways, routes] => gateways::fleets(number(gateways), number(routes)),
        ["gateways-listener-sets", sets, routes] => gateways::listener_sets(number(sets), number(routes)),
        ["streams"] => streams::run(),
        // What a release is optimized for (hack/build-release): whatever a controller does, without a cluster and Envoy.
        ["train"] => train::all(),
        // The other side of `streams`: processor time is counted for each process.
        ["streams-clients", folder, count, address, endpoints] => {
            let endpoints = (*endpoints).to_owned();
            streams::clients(address, number(count), &streams::Talk::Xds { endpoints }, folder.as_ref());
        }
        ["streams-clients", folder, count, address] => {
            streams::clients(address, number(count), &streams::Talk::Least, folder.as_ref());
        }
        other => {
            eprintln!(
                "usage: isobath-bench engine|end-to-end|layouts|streams|cluster|gateways, not {other:?}"
            );
            std::process::exit(2);
        }
    }
}

fn size(arguments: &[String]) -> engine_bench::Size {
    engine_bench::Size::read(arguments).unwrap_or_else(|| {
        eprintln!("not a layout, hosts and routes: {arguments:?}");
        std::process::exit(2);
    })
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| {
        eprintln!("not a number: {text}");
        std::process::exit(2);
    })
}

/// A layout of ours, or the path of a Contour.
fn program_of(text: &str) -> in_cluster::Program {
    match text {
        "scoped" => in_cluster::Program::Isobath(model::Layout::Scoped),
        "table" => in_cluster::Program::Isobath(model::Layout::Table),
        path => in_cluster::Program::Contour(path.into()),
    }
}

fn transport_of(text: &str) -> layouts::Transport {
    text.parse().unwrap_or_else(|why| {
        eprintln!("{why}");
        std::process::exit(2);
    })
}
