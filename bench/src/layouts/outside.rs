//! The other process, as this one sees it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::order::{Loaded, Order, Watch, Watched, now};

/// The process with the backend and the clients; it ends with its input.
pub(super) struct Outside {
    process: Child,
    orders: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    /// The port of the backend.
    pub(super) backend: u16,
}

impl Outside {
    pub(super) fn start() -> Self {
        let this = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(this);
        command.arg("layouts-outside").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("this program can be started again");
        let orders = process.stdin.take();
        let output = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let backend = line(&mut lines).parse().expect("it says its port");
        Self { process, orders, lines, backend }
    }

    /// Does something once the clients ask; gives how long it took until the answer was the wanted one.
    pub(super) fn watch(&mut self, watch: Watch, act: impl FnOnce()) -> (Duration, Watched) {
        self.tell(&Order::Watch(watch));
        assert_eq!(line(&mut self.lines), "ready", "the clients fail");
        let began = now();
        act();
        let watched = Watched::parse(&line(&mut self.lines)).expect("well-formed");
        (watched.at.saturating_sub(began), watched)
    }

    /// The time until a host answers as wanted, from now; nobody may listen yet.
    pub(super) fn first_answer(&mut self, watch: Watch) -> Duration {
        let began = now();
        let (_, watched) = self.watch(watch, || ());
        watched.at.saturating_sub(began)
    }

    /// Sends so many requests on each of so many connections.
    pub(super) fn load(
        &mut self,
        address: SocketAddr,
        host: &str,
        (connections, requests): (usize, usize),
    ) -> Loaded {
        self.tell(&Order::Load { address, host: host.to_owned(), connections, requests });
        Loaded::parse(&line(&mut self.lines)).expect("well-formed")
    }

    fn tell(&mut self, order: &Order) {
        let orders = self.orders.as_mut().expect("it is there until the end");
        writeln!(orders, "{}", order.line()).and_then(|()| orders.flush()).expect("the clients run");
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        drop(self.orders.take());
        // It has nothing left to do; what it would say of its end matters to nobody.
        let _ = self.process.wait();
    }
}

fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    lines.next().expect("the clients run").expect("their output is text")
}
