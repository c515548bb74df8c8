//! Probes: whether a container has started, is ready, and is to be restarted.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::future::pending;
use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use testkit::{ClientTls, Request, Trust};
use tokio::net::TcpStream;

use super::container::Inside;

/// Until the first success it is asked more often than the probe's period says, or every pod would take seconds.
const EAGER: Duration = Duration::from_millis(100);

/// Where the probes of a container go.
pub(super) struct Target<'a> {
    pub(super) address: &'a str,
    pub(super) container: &'a Container,
    pub(super) inside: &'a Inside,
}

/// The three probes of one container.
pub(super) struct Health<'a> {
    pub(super) target: Target<'a>,
    pub(super) on_started: &'a (dyn Fn() + Send + Sync),
}

impl Health<'_> {
    /// Tells when readiness changes; returns when the container is to be restarted.
    pub(super) async fn watch(&self, on_ready: impl Fn(bool)) {
        let container = self.target.container;
        if let Some(probe) = &container.startup_probe
            && !self.starts(probe).await
        {
            return;
        }
        (self.on_started)();
        tokio::select! {
            () = self.watch_readiness(container.readiness_probe.as_ref(), on_ready) => {}
            () = self.watch_liveness(container.liveness_probe.as_ref()) => {}
        }
    }

    /// Whether it succeeds before it has failed as often as it may.
    async fn starts(&self, probe: &Probe) -> bool {
        let deadline = tokio::time::Instant::now() + initial_delay(probe) + period(probe) * threshold(probe);
        while tokio::time::Instant::now() < deadline {
            if self.target.ask(probe).await {
                return true;
            }
            tokio::time::sleep(EAGER).await;
        }
        false
    }

    async fn watch_readiness(&self, probe: Option<&Probe>, on_ready: impl Fn(bool)) {
        let Some(probe) = probe else {
            on_ready(true);
            return pending().await;
        };
        let (mut failures, mut was_ready) = (0, false);
        loop {
            failures = if self.target.ask(probe).await { 0 } else { failures + 1 };
            let is_ready = failures == 0 || (was_ready && failures < threshold(probe));
            if is_ready != was_ready {
                on_ready(is_ready);
                was_ready = is_ready;
            }
            tokio::time::sleep(if is_ready { period(probe) } else { EAGER }).await;
        }
    }

    async fn watch_liveness(&self, probe: Option<&Probe>) {
        let Some(probe) = probe else { return pending().await };
        tokio::time::sleep(initial_delay(probe)).await;
        let mut failures = 0;
        while failures < threshold(probe) {
            tokio::time::sleep(period(probe)).await;
            failures = if self.target.ask(probe).await { 0 } else { failures + 1 };
        }
    }
}

impl Target<'_> {
    async fn ask(&self, probe: &Probe) -> bool {
        let limit = Duration::from_secs(u64::from(probe.timeout_seconds.unwrap_or(1).unsigned_abs()));
        let asked = async {
            if let Some(http) = &probe.http_get {
                self.http_get(http, limit).await
            } else if let Some(tcp) = &probe.tcp_socket {
                self.connects(&tcp.port).await
            } else if let Some(exec) = &probe.exec {
                self.inside.run(&exec.command.clone().unwrap_or_default()).await
            } else if let Some(grpc) = &probe.grpc {
                self.connects(&IntOrString::Int(grpc.port)).await
            } else {
                true
            }
        };
        tokio::time::timeout(limit, asked).await.unwrap_or_default()
    }

    async fn connects(&self, port: &IntOrString) -> bool {
        match self.socket(None, port) {
            Some(address) => TcpStream::connect(address).await.is_ok(),
            None => false,
        }
    }

    /// Whether the answer is one of success.
    pub(super) async fn http_get(&self, action: &HTTPGetAction, limit: Duration) -> bool {
        let Some(target) = self.socket(action.host.as_deref(), &action.port) else { return false };
        let headers = action.http_headers.iter().flatten();
        let host = headers.clone().find(|header| header.name.eq_ignore_ascii_case("host"));
        let host = host.map_or_else(|| target.to_string(), |header| header.value.clone());
        let mut request = Request::get(target, &host, action.path.as_deref().unwrap_or("/"));
        request.limit = limit.min(Duration::from_secs(24 * 60 * 60));
        for header in headers.filter(|header| !header.name.eq_ignore_ascii_case("host")) {
            request = request.header(&header.name, &header.value);
        }
        if action.scheme.as_deref() == Some("HTTPS") {
            request = request.tls(ClientTls::new("localhost", &Trust::Anything));
        }
        request.send().await.is_ok_and(|answer| (200..400).contains(&answer.code()))
    }

    fn socket(&self, host: Option<&str>, port: &IntOrString) -> Option<SocketAddr> {
        let address: IpAddr = host.unwrap_or(self.address).parse().ok()?;
        let number = match port {
            IntOrString::Int(number) => *number,
            IntOrString::String(name) => {
                let mut ports = self.container.ports.iter().flatten();
                let named = ports.find(|port| port.name.as_ref() == Some(name));
                named.map(|port| port.container_port).or_else(|| name.parse().ok())?
            }
        };
        Some(SocketAddr::new(address, u16::try_from(number).ok()?))
    }
}

fn initial_delay(probe: &Probe) -> Duration {
    seconds(probe.initial_delay_seconds, 0)
}

fn period(probe: &Probe) -> Duration {
    seconds(probe.period_seconds, 10)
}

fn threshold(probe: &Probe) -> u32 {
    probe.failure_threshold.unwrap_or(3).unsigned_abs().max(1)
}

fn seconds(number: Option<i32>, default: u32) -> Duration {
    Duration::from_secs(u64::from(number.map_or(default, i32::unsigned_abs)))
}
