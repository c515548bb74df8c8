//! The other process: the backend, and the clients. What they cost must not count as the controller's.

use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, Instant};

use futures::future::join_all;
use testkit::{Answer, Backend, ClientTls, Connection, Failure, Request, Trust};

use super::objects::NEIGHBOUR;
use super::order::{Loaded, Order, Watch, Watched, now};
use super::step::{Transport, Wanted};

/// How long an answer may take to become the wanted one: Envoy may only just have been started.
const LIMIT: Duration = Duration::from_secs(120);
/// How long the neighbour is watched after the wanted answer: workers clear away what is replaced.
const AFTER: Duration = Duration::from_millis(50);
/// Between attempts to connect where nobody listens yet.
const PAUSE: Duration = Duration::from_millis(2);

/// Obeys the orders on standard input until it ends.
pub(crate) fn outside() {
    // The backend has a thread of its own, the clients another: no request waits for a thread to wake one more.
    let behind = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let behind = behind.expect("threads can be started");
    let backend = behind.block_on(Backend::start("bench"));
    say(&backend.port().to_string());
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let clients = clients.expect("a runtime can be made");
    for line in std::io::stdin().lines() {
        let order = Order::parse(&line.expect("orders are text")).expect("orders are well-formed");
        let result = match order {
            Order::Watch(order) => clients.block_on(watch(&order)).line(),
            Order::Load { address, host, connections, requests } => {
                let request = Request::get(address, &host, "/");
                clients.block_on(load(&request, connections, requests)).line()
            }
        };
        say(&result);
    }
}

fn say(line: &str) {
    let mut output = std::io::stdout();
    writeln!(output, "{line}").and_then(|()| output.flush()).expect("whoever started us reads");
}

/// Asks for both hosts without a pause until the one that changes answers as wanted.
async fn watch(order: &Watch) -> Watched {
    let mut neighbour = Neighbour::new(order);
    neighbour.first().await;
    let mut changing = Changing::new(order);
    changing.ask().await;
    say("ready");
    let is_over = Cell::new(false);
    let ending = async {
        let at = changing.until_wanted().await;
        tokio::time::sleep(AFTER).await;
        is_over.set(true);
        at
    };
    let (at, ()) = tokio::join!(ending, neighbour.until(&is_over));
    Watched { at, longest: neighbour.longest, failed: neighbour.failed, closed: neighbour.closed }
}

fn request(order: &Watch, host: &str, path: &str) -> Request {
    let request = Request::get(order.address, host, path);
    match order.transport {
        Transport::Http => request,
        Transport::Tls => request.tls(ClientTls::new(host, &Trust::Anything)),
    }
}

/// The client of the host that changes.
struct Changing {
    request: Request,
    wanted: Wanted,
    connection: Option<Connection>,
    first: Option<Answer>,
}

impl Changing {
    fn new(order: &Watch) -> Self {
        let request = request(order, &order.host, &order.path);
        Self { request, wanted: order.wanted, connection: None, first: None }
    }

    /// Asks once; true if the answer is the wanted one.
    async fn ask(&mut self) -> bool {
        let answer = self.answer().await;
        let is_wanted = match (self.wanted, &answer) {
            (Wanted::Ok | Wanted::OkAnew, Ok(answer)) => answer.code() == 200,
            (Wanted::NotFound, Ok(answer)) => answer.code() == 404,
            (Wanted::OtherCertificate, Ok(answer)) => self.is_other_certificate(answer),
            (Wanted::NoHandshake, Err(failure)) => matches!(failure, Failure::Tls(_) | Failure::Lost(_)),
            (Wanted::NoHandshake, Ok(_)) | (_, Err(_)) => false,
        };
        self.first = self.first.take().or(answer.ok());
        is_wanted
    }

    fn is_other_certificate(&self, answer: &Answer) -> bool {
        self.first.as_ref().is_some_and(|first| first.certificates != answer.certificates)
    }

    async fn answer(&mut self) -> Result<Answer, Failure> {
        let kept = self.connection.take().filter(|connection| !connection.is_closed());
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.request.connect().await?,
        };
        let answer = connection.send(&self.request).await?;
        if !self.wanted.is_on_new_connections() {
            self.connection = Some(connection);
        }
        Ok(answer)
    }

    async fn until_wanted(&mut self) -> Duration {
        let began = Instant::now();
        while !self.ask().await {
            let Self { request, wanted, .. } = self;
            assert!(began.elapsed() < LIMIT, "{}{} is not {wanted}", request.host, request.path);
        }
        now()
    }
}

/// A client of a host that does not change, which keeps its connection.
struct Neighbour {
    request: Request,
    connection: Option<Connection>,
    longest: Duration,
    failed: u64,
    closed: u64,
}

impl Neighbour {
    fn new(order: &Watch) -> Self {
        let request = request(order, NEIGHBOUR, "/");
        Self { request, connection: None, longest: Duration::ZERO, failed: 0, closed: 0 }
    }

    /// The first good answer, which may take until Envoy has its configuration.
    async fn first(&mut self) {
        let began = Instant::now();
        while !self.is_answered().await {
            assert!(began.elapsed() < LIMIT, "{} does not answer", self.request.host);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn until(&mut self, is_over: &Cell<bool>) {
        while !is_over.get() {
            let began = Instant::now();
            if !self.is_answered().await {
                self.failed += 1;
            }
            self.longest = self.longest.max(began.elapsed());
        }
    }

    async fn is_answered(&mut self) -> bool {
        if self.connection.as_ref().is_some_and(Connection::is_closed) {
            self.closed += 1;
            self.connection = None;
        }
        self.answer().await.is_ok_and(|answer| answer.code() == 200)
    }

    async fn answer(&mut self) -> Result<Answer, Failure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.request.connect().await?,
        };
        let answer = connection.send(&self.request).await?;
        self.connection = Some(connection);
        Ok(answer)
    }
}

/// So many requests on each of so many connections.
async fn load(request: &Request, connections: usize, requests: usize) -> Loaded {
    let open = join_all((0..connections).map(|_| request.connect())).await;
    let open: Vec<_> = open.into_iter().map(|open| open.expect("Envoy listens")).collect();
    let began = Instant::now();
    let failed = join_all(open.into_iter().map(|connection| ask_often(request, connection, requests))).await;
    Loaded { took: began.elapsed(), failed: failed.into_iter().sum() }
}

async fn ask_often(request: &Request, mut connection: Connection, requests: usize) -> u64 {
    let mut failed = 0;
    for _ in 0..requests {
        let answer = connection.send(request).await;
        failed += u64::from(!answer.is_ok_and(|answer| answer.code() == 200));
    }
    failed
}
