//! Every layout gives the same answers: requests by chance are sent to Envoys that have the same objects by different
//! layouts, and answers and what backends received are compared.
//!
//! `ISOBATH_TEST_SEED` runs the requests of another seed.

mod objects;
mod requests;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use harness::manifests::service;
use harness::{Options, World};
use model::Layout;
use testkit::{Answer, Backend, ClientTls, Connection, Failure, Request, Seen, Trust, Version};
use tokio::task::JoinSet;

use requests::Sample;

/// What differs from one request to the next, in requests as backends see them and in answers. A message of gRPC-Web is
/// what the backend saw, in another form.
const VOLATILE: [&str; 5] =
    ["x-request-id", "x-request-start", "date", "x-envoy-upstream-service-time", "grpc-message"];
/// Connections to each Envoy at one time, of each kind.
const LANES: u64 = 4;

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Answered {
        code: u16,
        headers: Vec<(String, String)>,
        said: Said,
    },
    /// The connection was closed instead.
    Closed,
    /// There was no connection.
    Refused,
    /// No client can write such a request.
    Unsayable,
}

#[derive(Clone, Debug, PartialEq)]
enum Said {
    /// A backend echoed what it received.
    Seen(Box<Seen>),
    Text(String),
}

impl Outcome {
    fn of(result: Result<Answer, Failure>) -> Self {
        match result {
            Ok(answer) => Self::answered(&answer),
            Err(Failure::Invalid(_)) => Self::Unsayable,
            Err(Failure::Lost(_)) => Self::Closed,
            Err(Failure::Tls(_)) => Self::Refused,
            Err(failure) => panic!("{failure}"),
        }
    }

    fn answered(answer: &Answer) -> Self {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut headers: Vec<_> =
            answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        headers.retain(|(name, _)| !VOLATILE.contains(&name.as_str()));
        let said = match answer.seen() {
            Some(seen) => Said::Seen(Box::new(steady(seen))),
            None => Said::Text(answer.text()),
        };
        // The length of the backend's answer is that of what it saw.
        if matches!(said, Said::Seen(_)) {
            headers.retain(|(name, _)| name != "content-length");
        }
        Self::Answered { code: answer.code(), headers, said }
    }

    /// A word for counting.
    fn label(&self) -> String {
        match self {
            Self::Answered { code, said: Said::Seen(seen), .. } => format!("{code} {}", seen.service),
            Self::Answered { code, said: Said::Text(_), .. } => code.to_string(),
            Self::Closed => "closed".into(),
            Self::Refused => "refused".into(),
            Self::Unsayable => "unsayable".into(),
        }
    }
}

/// What a backend saw, but for what differs each time.
fn steady(mut seen: Seen) -> Seen {
    seen.headers.retain(|(name, _)| !VOLATILE.contains(&name.as_str()));
    seen
}

/// One of the Envoys.
#[derive(Clone, Copy, Debug)]
struct Side {
    layout: Layout,
    http: SocketAddr,
    https: SocketAddr,
}

/// The connections to one Envoy that a series of requests uses again, by server name and version.
struct Lane {
    side: Side,
    open: BTreeMap<(&'static str, bool), Connection>,
}

impl Lane {
    /// Sends a request; without a server name in clear text.
    async fn send(&mut self, server_name: &'static str, sample: &Sample) -> Outcome {
        let target = if server_name.is_empty() { self.side.http } else { self.side.https };
        let mut request = sample.to(target, self.side.layout != Layout::Table);
        if !server_name.is_empty() {
            request.tls = Some(tls(server_name, request.version));
        }
        let result = self.on_open(server_name, &request).await;
        let result = match result {
            // The server had closed it after an earlier answer.
            Err(Failure::NotSent) => self.on_open(server_name, &request).await,
            result => result,
        };
        Outcome::of(result)
    }

    async fn on_open(&mut self, server_name: &'static str, request: &Request) -> Result<Answer, Failure> {
        let key = (server_name, request.version == Version::Http2);
        let mut connection = match self.open.remove(&key) {
            Some(connection) => connection,
            None => request.connect().await?,
        };
        let answer = connection.send(request).await?;
        self.open.insert(key, connection);
        Ok(answer)
    }
}

fn tls(server_name: &str, version: Version) -> ClientTls {
    let protocol = match version {
        Version::Http1 => "http/1.1",
        Version::Http2 => "h2",
    };
    ClientTls::new(server_name, &Trust::Anything).alpn(&[protocol])
}

/// Makes one of the requests of a seed, and the server name of its connection.
type Generator = fn(seed: u64, number: u64) -> (&'static str, Sample);

/// How often each outcome came about.
type Counts = BTreeMap<String, u32>;

/// Sends the requests with these numbers to all sides, and compares.
async fn compare(
    sides: Vec<Side>,
    generator: Generator,
    seed: u64,
    numbers: impl Iterator<Item = u64>,
) -> Result<Counts, String> {
    let mut lanes: Vec<_> = sides.iter().map(|side| Lane { side: *side, open: BTreeMap::new() }).collect();
    let mut counts = Counts::new();
    for number in numbers {
        let (server_name, sample) = generator(seed, number);
        let expected = lanes[0].send(server_name, &sample).await;
        for lane in &mut lanes[1..] {
            let outcome = lane.send(server_name, &sample).await;
            if outcome != expected {
                return Err(format!(
                    "ISOBATH_TEST_SEED={seed}, request {number}, server name \"{server_name}\", scope {:?}: {:#?}\n\
                     {:?} answers\n{outcome:#?}\nand {:?}\n{expected:#?}",
                    sample.scope, sample.request, lane.side.layout, sides[0].layout
                ));
            }
        }
        *counts.entry(expected.label()).or_default() += 1;
    }
    Ok(counts)
}

/// Compares so many requests in several lanes. Panics at a difference.
async fn compare_all(sides: &[Side], generator: Generator, requests: u64) -> Counts {
    let chosen = std::env::var("ISOBATH_TEST_SEED").ok();
    let seed = chosen.map_or(20_26, |text| text.parse().expect("ISOBATH_TEST_SEED is a number"));
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let numbers = (lane..requests).step_by(usize::try_from(LANES).unwrap());
        lanes.spawn(compare(sides.to_vec(), generator, seed, numbers));
    }
    let mut all = Counts::new();
    while let Some(ended) = lanes.join_next().await {
        let counts = ended.unwrap().unwrap_or_else(|difference| panic!("{difference}"));
        for (label, count) in counts {
            *all.entry(label).or_default() += count;
        }
    }
    all
}

/// Panics if an outcome is so rare that the comparison says little about it.
fn assert_common(counts: &Counts, labels: &[&str], least: u32) {
    for label in labels {
        let count = counts.get(*label).copied().unwrap_or_default();
        assert!(count >= least, "only {count} requests came to {label}: {counts:?}");
    }
}

/// A world for each layout, all with the same objects and backends.
async fn worlds(layouts: &[Layout]) -> (Vec<World>, [Backend; 2]) {
    let backends = [Backend::start("blue").await, Backend::start("green").await];
    let certificates = objects::certificates();
    let mut worlds = Vec::new();
    for layout in layouts {
        let mut world = World::with(Options::with_layout(*layout)).await;
        for (name, backend) in ["blue", "green"].into_iter().zip(&backends) {
            world.write(&format!("service-{name}"), &service("default", name, &[backend.port()]));
        }
        objects::write_plain(&world);
        objects::write_secure(&world, &certificates);
        world.sync().await;
        // What is said of objects that were read is about a missing Service, or a field that closes its route.
        let unread = world.diagnostics().iter().filter(|each| each.severity == files::Severity::Error);
        assert_eq!(unread.map(|each| &each.message).collect::<Vec<_>>(), [""; 0]);
        worlds.push(world);
    }
    (worlds, backends)
}

fn sides(worlds: &[World], layouts: &[Layout]) -> Vec<Side> {
    let side = |(world, layout): (&World, &Layout)| Side {
        layout: *layout,
        http: world.http(),
        https: world.https(),
    };
    worlds.iter().zip(layouts).map(side).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plaintext_requests_are_answered_by_scopes_as_by_the_table() {
    let layouts = [Layout::Table, Layout::Scoped];
    let (mut worlds, _backends) = worlds(&layouts).await;
    let generator: Generator = |seed, number| ("", requests::plain(seed, number));
    let counts = compare_all(&sides(&worlds, &layouts), generator, 20_000).await;
    let of_backends = ["200 blue", "200 green", "404 blue", "503 blue"];
    let of_envoy = ["200", "204", "301", "302", "400", "403", "404", "418", "500", "503"];
    assert_common(&counts, &[&of_backends[..], &of_envoy].concat(), 40);
    for world in &mut worlds {
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_over_tls_are_answered_alike_in_every_layout() {
    let layouts = [Layout::Table, Layout::Scoped, Layout::OnDemand];
    let (mut worlds, _backends) = worlds(&layouts).await;
    let counts = compare_all(&sides(&worlds, &layouts), requests::secure, 4_000).await;
    assert_common(
        &counts,
        &["200 blue", "200 green", "404 blue", "200", "302", "403", "418", "421", "500"],
        20,
    );
    for world in &mut worlds {
        world.assert_nothing_rejected().await;
    }
}
