//! Where all processes of the cluster are started: a thread that lives as long as the cluster does.
//!
//! The kernel ends a child with the *thread* that started it, where it is asked to; Envoy asks for that itself. So
//! one thread starts them all, and its end, for whatever reason, is theirs.

use std::io;
use std::process::Stdio;
use std::thread;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::network::Holder;

/// Starts processes that end with it. Cheap to clone; the last clone ends them.
#[derive(Clone, Debug)]
pub(crate) struct Children {
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug)]
enum Order {
    Spawn(Box<Command>, oneshot::Sender<io::Result<Child>>),
    Hold(oneshot::Sender<io::Result<Holder>>),
}

impl Children {
    /// Starts the thread, in the network namespace of the caller. Needs a tokio runtime.
    pub(crate) fn start() -> Result<Self> {
        let (orders, mut incoming) = mpsc::unbounded_channel();
        let runtime = Handle::current();
        let work = move || {
            let _runtime = runtime.enter();
            while let Some(order) = incoming.blocking_recv() {
                carry_out(order);
            }
        };
        thread::Builder::new().name("children".to_owned()).spawn(work)?;
        Ok(Self { orders })
    }

    /// Starts a process that is killed when we end, or when the child is dropped.
    pub(crate) async fn spawn(&self, mut command: Command) -> Result<Child> {
        command.stdin(Stdio::null()).kill_on_drop(true);
        let what = format!("{:?}", command.as_std().get_program());
        self.order(|answer| Order::Spawn(Box::new(command), answer)).await.context(what)
    }

    /// Starts a process that holds a new network namespace.
    pub(crate) async fn hold_network(&self) -> Result<Holder> {
        self.order(Order::Hold).await.context("a network namespace for a pod")
    }

    async fn order<T>(&self, order: impl FnOnce(oneshot::Sender<io::Result<T>>) -> Order) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(order(answer)).ok().context("the cluster has ended")?;
        Ok(answered.await.context("the cluster has ended")??)
    }
}

/// A command that is killed with the thread that starts it.
pub(crate) fn bound(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

fn carry_out(order: Order) {
    // Whoever ordered it may have gone.
    match order {
        Order::Spawn(mut command, answer) => drop(answer.send(command.spawn())),
        Order::Hold(answer) => drop(answer.send(Holder::start(bound("unshare").into_std()))),
    }
}
