//! `isobath-echo`: a backend to try things with.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use isobath_echo::{Options, Protocol, Server, tls};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Answers each request with what it looked like on arrival.
#[derive(Parser)]
#[command(name = "isobath-echo", version)]
struct Flags {
    /// The address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The name that the answers give
    #[arg(long, default_value = "echo")]
    name: String,
    /// What to speak
    #[arg(long, value_enum, default_value = "http")]
    protocol: Speak,
    /// A PEM file with the certificate chain: serve TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// A PEM file with the certificate's private key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve TLS with a certificate made now for this DNS name (may be repeated)
    #[arg(long, value_name = "NAME", conflicts_with = "tls_cert")]
    tls_self_signed: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Speak {
    /// HTTP/1.1 and HTTP/2
    Http,
    /// An echo of the bytes
    Tcp,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Flags::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("isobath-echo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(flags: Flags) -> Result<(), Box<dyn Error>> {
    let options = options(&flags)?;
    let listener = TcpListener::bind(flags.listen).await;
    let listener = listener.map_err(|error| format!("--listen {}: {error}", flags.listen))?;
    let server = Server::start(listener, options)?;
    println!("{} listens on {}", flags.name, server.address());
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    // Idle connections would keep a draining server up; a backend to try things with just goes.
    drop(server);
    Ok(())
}

fn options(flags: &Flags) -> Result<Options, tls::InvalidTls> {
    let protocol = match flags.protocol {
        Speak::Http => Protocol::Http,
        Speak::Tcp => Protocol::Tcp,
    };
    let tls = match (&flags.tls_cert, &flags.tls_key) {
        (Some(certificate), Some(key)) => Some(tls::from_files(certificate, key)?),
        _ if flags.tls_self_signed.is_empty() => None,
        _ => Some(tls::self_signed(&flags.tls_self_signed)?.config),
    };
    Ok(Options { name: flags.name.clone(), protocol, tls })
}
