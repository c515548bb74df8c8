//! `make bench`: measures, and writes what came of it down.

use std::process::Command;

use crate::Failed;
use crate::repository::root;

/// Where the figures stand.
const FILE: &str = "docs/benchmarks.md";

const HEAD: &str = "# What a change costs

Written by `make bench`; do not edit. Each section is one run on one machine, which other programs may have
used at the same time: compare what stands in one table, not two tables.
";

/// A part of `isobath-bench`, and what its tables say.
struct Part {
    title: &'static str,
    explanation: &'static str,
    argument: &'static str,
}

const PARTS: [Part; 6] = [
    Part {
        title: "In the engine",
        explanation: "From a decoded object to the changed resource, with tables and with scopes. *Engine up to \
                      the fragment* is everything up to the encoded virtual host, cluster or endpoints; \
                      *assembly* puts resources of several hosts together from such fragments: with tables that \
                      of all hosts, of which one change copies one piece. Small changes are medians. *Units* are \
                      the pieces that were recomputed. Allocations are counted in a run of their own. The goals, \
                      set for tables: one changed route or endpoint costs at most 50 µs and the same at 1,000 and \
                      100,000 hosts, within 1.5 times; the first configuration of 100,000 hosts with a route each \
                      costs 2 s, and a host 4 KiB.",
        argument: "engine",
    },
    Part {
        title: "From a saved file to the first answer",
        explanation: "A route is added to one of many hosts by saving a file; a client that asks without a pause \
                      on one connection waits for the first 200 of a real Envoy. *The floor* is a second Envoy \
                      with the same configuration, to which a minimal server in clear text sends the same \
                      change, prepared: what Envoy itself needs. Both take turns in one run; the goal is 1.5 \
                      times the floor. Client and Envoy keep both processors busy, so that whoever is woken waits. The parts are medians: until the file was noticed, read and decoded, the \
                      time of the engine, until the streams were woken, and from there until the answer.",
        argument: "end-to-end",
    },
    Part {
        title: "With each layout",
        explanation: "A host comes, its route and its certificate change, and it goes, in Envoys with each layout: \
                      *the floor* is a second Envoy with the same configuration, to which a minimal server sends \
                      the same change, prepared. *Controller* is the processor time of engine and xDS server, *to \
                      Envoy* all bytes on the wire, *a neighbour's longest wait* that of a client which asks \
                      another host without a pause. With more than 1,000 TLS hosts only certificates on demand \
                      are measured: a filter chain for each costs Envoy too much. Then what a proxied request \
                      costs Envoy's worker, in interleaved runs; with on-demand certificates it is as with \
                      scopes. The rule for the default: scopes, if the median is at most 10 % above the table for \
                      a host, and at most 40 % above it below a wildcard and for the catch-all.",
        argument: "layouts",
    },
    Part {
        title: "To many streams",
        explanation: "One endpoint changes; every stream has its own connection with mutual TLS, gets the change \
                      and acknowledges it. The clients are another process; the processor time is that of the \
                      whole server, in both modes, engine and acknowledgements included. Payloads are counted by \
                      the buffers that the messages of all streams are made of. The goals are 20 µs and one. \
                      *The least* is what any server does: bytes of the same number over the same TLS, and as many \
                      back.",
        argument: "streams",
    },
    Part {
        title: "In a cluster",
        explanation: "A real API server and etcd, a controller in a process of its own with its defaults, an Envoy with \
                      mutual TLS, all on this machine. As many HTTPProxies as said, each with one host, one route, \
                      one Service and one EndpointSlice, are created 32 at a time. *Route moved*: from the answer of \
                      the API server to the first answer of the other backend, 30 hosts, one after the other, with \
                      a client that asks without a pause; processor times are means. *Endpoint update*: processor \
                      time of the controller for each of 100 changes of an EndpointSlice, 20 in a second. *To Envoy*, \
                      and *asked by it*: bytes of its connection to the controller, as they are within TLS. The goals, with scopes: all `Valid` within 3 s at 1,000 and 15 s at 5,000, at most 1.05 writes, a \
                      route moved in 15 ms with 2 ms of the controller and 2 KiB to Envoy, no answer but 200, 0.5 ms \
                      for an endpoint update, 60 MB at 5,000, nothing sent again after a restart, and \
                      less than 1 MB asked. With `PEER_CONTOUR` naming a Contour, the same is done with that, its \
                      defaults and the same Envoy, up to 1,000 objects.",
        argument: "cluster",
    },
    Part { title: "With the Gateway API", explanation: WITH_GATEWAYS, argument: "gateways" },
];

const WITH_GATEWAYS: &str = "\
The scenarios of [gateway-api-bench](https://github.com/howardjohn/gateway-api-bench), done anew, in the same cluster of \
plain processes: a real API server and etcd, the controller in a process of its own with its defaults, Envoys with the \
certificates of their Gateways, all on this machine. Objects are created and deleted 32 at a time. Times begin with the \
first request to the API server, where nothing else is said.

- *Attached routes*: all routes of one Gateway at once, with one backend; until the Gateway's `attachedRoutes` is right, \
  and until it is 0 again. The goals: at most one write in a second, one for each route.
- *Route propagation*: routes are added one after the other, each with a host, a Service and endpoints of its own; the \
  Services are there before. A client asks for the host without a pause from before the route is there until 20 answers \
  after the first 200. The time begins with the answer of the API server. *Wrong* are answers other than 404 before the \
  first 200, and other than 200 after it. The goals: a p50 of at most 15 ms at 3,000 routes, the same at 100, none wrong.
- *Route changes under load*: one of these routes changes 20 times in a second, while four clients ask for it. The goal \
  is no failure.
- *Backend failover*: one of two endpoints leaves the EndpointSlice while its process goes on, and comes back; then its \
  process is killed, which the API server learns after 100 ms. The goal of the first is no failure; in \
  the second there are some until Envoy hears of it, and retries, which go to another endpoint, lessen them.
- *Route scale*: Gateways in namespaces of their own, each with a Service, and routes round among them; then a route \
  changes 20 times in a second, and the endpoints of a Gateway in between. Three Gateways have an Envoy: with 50 of them, \
  two cores would serve nobody else. The goal is one write for each route, and none of a Gateway while routes change.
- *ListenerSet scale*: ListenerSets of one Gateway, which has an Envoy; each has a listener in clear text with a host of \
  its own, and as many routes as all others, each with a path. The status of a ListenerSet counts its routes, too, and is \
  written at most once a second while they come.

What others need has been published for one machine with 16 cores (Ryzen 9950X) and 96 GB, with a cluster in kind and \
versions of 2025; ours are figures of the machine below, where the API server, the clients and Envoy share the \
processors with the controller. Times do not compare across machines; numbers of writes and failures do.

| published | figures |
|---|---|
| `attachedRoutes` of 1,000 routes: right after, 0 again after, writes | Cilium 1 s, 18 s, 193; Istio 2 s, 20 s, 311; kgateway 12 s, 16 s, 323; Envoy Gateway 23 s, 45 s, 1,383; NGINX 29 s, 15 s, 82 |
| propagation up to 3,000 routes | mean: agentgateway 16.6 ms, Istio 221 ms, Envoy Gateway 320 ms, growing to about 600 ms, NGINX 508 ms, growing to about 850 ms; answers 503: Envoy Gateway 14,808, Istio and agentgateway none |
| route changes under load | failures: Envoy Gateway, NGINX, Cilium; none: Istio, kgateway, agentgateway, Traefik, Kong |
| 50 × 100 routes with churn: most memory, mean of the cores | agentgateway 513 MiB, 0.10; NGINX 563 MiB, 0.41; Istio 726 MiB, 0.21; Envoy Gateway 3.41 GiB, 3.70 |
| 2,500 ListenerSets, 40,000 routes | agentgateway and Istio alone; Istio with 1.3 times the memory, 2.8 times the processor time and 30 times the bytes |";

/// Builds, measures and writes [`FILE`]. With names of parts, only these are measured, and the others stay as they are.
pub(crate) fn run(wanted: &[String]) -> Result<(), Failed> {
    if let Some(unknown) = wanted.iter().find(|name| PARTS.iter().all(|part| part.argument != **name)) {
        let names = PARTS.map(|part| part.argument).join(", ");
        return Err(Failed(format!("bench: there is no part {unknown}; there are {names}")));
    }
    build()?;
    let path = root().join(FILE);
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let is_wanted = |part: &Part| wanted.is_empty() || wanted.iter().any(|name| name == part.argument);
    let tables = PARTS.iter().filter_map(|part| match is_wanted(part) {
        true => Some(section(part)),
        false => kept(&before, part.title).map(Ok),
    });
    let tables = tables.collect::<Result<Vec<_>, _>>()?;
    let text = format!("{HEAD}\n{}", tables.join("\n"));
    std::fs::write(path, text).map_err(|error| Failed(format!("{FILE}: {error}")))
}

/// The section of this title as it stands in the page.
fn kept(page: &str, title: &str) -> Option<String> {
    let sections = page.split("\n## ").skip(1);
    let section = sections.into_iter().find(|section| section.lines().next() == Some(title))?;
    Some(format!("## {}\n", section.trim_end()))
}

/// As programs are released; those that run in a cluster, too.
fn build() -> Result<(), Failed> {
    let mut command = Command::new("hack/build-release");
    command.arg("--quiet").current_dir(root());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("hack/build-release: {status}"))),
        Err(error) => Err(Failed(format!("hack/build-release: {error}"))),
    }
}

/// Runs one part and puts its tables under their title.
fn section(part: &Part) -> Result<String, Failed> {
    let Part { title, explanation, argument } = part;
    eprintln!("measuring: {title}");
    let programs = root().join("target/trained/programs");
    let mut command = Command::new(programs.join("isobath-bench"));
    command.arg(argument).env("ISOBATH_TESTBED_BINARIES", programs);
    // What it says beside its tables is for whoever looks on.
    command.stderr(std::process::Stdio::inherit()).current_dir(root());
    let output = command.output().map_err(|error| Failed(format!("{argument}: {error}")))?;
    if !output.status.success() {
        return Err(Failed(format!("{argument}: {}", output.status)));
    }
    let tables = String::from_utf8_lossy(&output.stdout);
    print!("{tables}");
    Ok(format!("## {title}\n\n{explanation}\n\n{tables}"))
}
