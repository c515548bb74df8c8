//! `isobath envoy shutdown-manager`.

use std::io::ErrorKind;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use admin::{Page, Pages, Server};
use anyhow::Context;
use clap::Args;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::output::Outcome;

/// How often the file is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Whoever ends a Pod waits for a bounded time; this is longer.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Answers at `/shutdown` once an Envoy may end, and at `/healthz`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file that says that Envoy may end.
    #[arg(long, default_value = "/admin/ok", value_name = "FILE")]
    ready_file: PathBuf,
    /// The port.
    #[arg(long, default_value_t = 8090, value_name = "PORT")]
    serve_port: u16,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    // A file of an earlier run would end Envoy before its clients have gone.
    match std::fs::remove_file(&arguments.ready_file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| arguments.ready_file.display().to_string());
        }
        _ => {}
    }
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, arguments.serve_port)).await;
    let listener = match listener {
        Ok(listener) => listener,
        // There are machines without IPv6.
        Err(_) => TcpListener::bind(("0.0.0.0", arguments.serve_port)).await?,
    };
    let stop = CancellationToken::new();
    let server = Server::new(pages(arguments.ready_file)).patient(LONGEST).serve(listener, stop.clone());
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        () = server => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(Outcome::Good)
}

fn pages(ready_file: PathBuf) -> Pages {
    Arc::new(move |path, _| match path {
        "/healthz" => Page::text(StatusCode::OK, "OK\n").now(),
        "/shutdown" => {
            let ready_file = ready_file.clone();
            Page::later(async move {
                while !ready_file.exists() {
                    tokio::time::sleep(LOOK).await;
                }
                Page::text(StatusCode::OK, "OK\n")
            })
        }
        _ => None,
    })
}
