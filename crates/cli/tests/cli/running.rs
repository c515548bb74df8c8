//! A command that stays, and what it is to serve.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use testkit::{LIMIT, Port, eventually_blocking};

use crate::command::{isobath, workspace};

/// Between the name of an Envoy and its process, where it starts.
const STARTED: &str = ": started, process ";

/// `isobath up` on free ports.
pub(crate) struct Up {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// Envoys that were seen to start, with their processes; without those that were asked for.
    started: Vec<(String, u32)>,
    /// Its folder for temporary files.
    temporary: TempDir,
    http: Port,
    _others: [Port; 2],
}

impl Up {
    /// Starts it on manifests.
    pub(crate) fn start(manifests: &Path, more: &[&str]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let [http, https, stats] = [Port::reserve(), Port::reserve(), Port::reserve()];
        let mut command = isobath();
        command.arg("up").arg(manifests).args(more).current_dir(workspace());
        for (flag, port) in [("--http-port", &http), ("--https-port", &https), ("--stats-port", &stats)] {
            command.arg(flag).arg(port.number().to_string());
        }
        command.env("TMPDIR", temporary.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        forward(child.stdout.take().unwrap(), sender.clone());
        forward(child.stderr.take().unwrap(), sender);
        let (seen, started) = (Vec::new(), Vec::new());
        Self { child, lines, seen, started, temporary, http, _others: [https, stats] }
    }

    /// Waits for a line that holds `part`, after all that were waited for before.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.seen.push(line.clone());
            if let Some((name, process)) = line.split_once(STARTED) {
                self.started.push((name.to_owned(), process.parse().unwrap()));
            }
            if line.contains(part) {
                return line;
            }
        }
        panic!("no line with {part:?} came, only:\n{}", self.seen.join("\n"));
    }

    /// The process id of the next Envoy of the ingress that is started.
    pub(crate) fn envoy(&mut self) -> u32 {
        self.started("envoy")
    }

    /// The process id of the next Envoy that is started for a Gateway.
    pub(crate) fn envoy_of(&mut self, gateway: &str) -> u32 {
        self.started(&format!("envoy of Gateway default/{gateway}"))
    }

    /// The same for all Gateways of a class.
    pub(crate) fn envoy_of_class(&mut self, class: &str) -> u32 {
        self.started(&format!("envoy of GatewayClass {class}"))
    }

    /// Envoys start in any order.
    fn started(&mut self, name: &str) -> u32 {
        loop {
            if let Some(place) = self.started.iter().position(|(started, _)| started == name) {
                return self.started.remove(place).1;
            }
            self.line_with(STARTED);
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// How it ended, and everything that it said.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = eventually_blocking("the end", || {
            self.child.try_wait().unwrap().ok_or_else(|| self.seen.join("\n"))
        });
        let rest = self.lines.iter();
        (status, self.seen.iter().cloned().chain(rest).map(|line| line + "\n").collect())
    }

    /// Waits for its end, and gives what it left in its folder for temporary files.
    pub(crate) fn leaves(mut self) -> Vec<PathBuf> {
        eventually_blocking("the end", || self.child.try_wait().unwrap().ok_or_else(|| self.seen.join("\n")));
        self.temporary()
    }

    /// What is in its folder for temporary files.
    pub(crate) fn temporary(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.temporary.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Waits until a host is served with this status.
    pub(crate) fn serves(&self, host: &str, status: &str) {
        serves(self.http.address(), host, status);
    }

    /// Where a port of a Gateway is, as a row of the table says it after all lines that were waited for before.
    pub(crate) fn shown_address(&mut self, port: &Port) -> SocketAddr {
        let row = self.line_with(&format!(":{}", port.number()));
        let url = row.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        url.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address: {row}"))
    }

    /// A request in the background. Envoy may have its configuration a moment before it listens.
    pub(crate) fn request(&self, host: &'static str) -> thread::JoinHandle<std::io::Result<String>> {
        let port = self.http.number();
        let connect = || TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string());
        let stream = eventually_blocking("Envoy listens", connect);
        thread::spawn(move || ask(stream, host))
    }
}

/// Sends each line on; whoever takes them may have seen enough.
fn forward(output: impl Read + Send + 'static, lines: Sender<String>) {
    let all = BufReader::new(output).lines().map_while(Result::ok);
    thread::spawn(move || all.into_iter().try_for_each(|line| lines.send(line)));
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub(crate) fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Waits until a process is gone. A zombie is: whoever inherited it only has not looked yet.
pub(crate) fn is_gone(pid: u32) {
    eventually_blocking("no orphan", || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        match stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()) {
            None | Some('Z' | 'X') => Ok(()),
            Some(state) => Err(format!("process {pid} is in state {state}")),
        }
    });
}

/// Waits until a host is served with this status.
pub(crate) fn serves(address: SocketAddr, host: &str, status: &str) {
    let get = || ask(TcpStream::connect(address)?, host);
    eventually_blocking(host, || match get() {
        Ok(found) if found == status => Ok(()),
        Ok(found) => Err(found),
        Err(error) => Err(error.to_string()),
    });
}

fn ask(mut stream: TcpStream, host: &str) -> std::io::Result<String> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split(' ').nth(1).unwrap_or("no answer").to_owned())
}

/// A backend that answers when it is told to.
pub(crate) struct Backend {
    listener: TcpListener,
}

impl Backend {
    pub(crate) fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    /// A manifest that sends a host to it.
    pub(crate) fn manifest(&self, host: &str) -> String {
        let port = self.listener.local_addr().unwrap().port();
        format!(
            "\
apiVersion: v1
kind: Service
metadata: {{name: backend}}
spec: {{ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: backend, labels: {{kubernetes.io/service-name: backend}}}}
addressType: IPv4
ports: [{{port: {port}}}]
endpoints: [{{addresses: [127.0.0.1]}}]
---
{}",
            proxy("first", host)
        )
    }

    /// Takes one request: the answer is given with [`answer`].
    pub(crate) fn take(&self) -> TcpStream {
        let (mut stream, _) = self.listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        stream
    }
}

/// Answers a request that was taken.
pub(crate) fn answer(mut stream: TcpStream) {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
}

/// A root that sends everything to the Service `backend`.
pub(crate) fn proxy(name: &str, host: &str) -> String {
    format!(
        "\
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata: {{name: {name}}}
spec:
  virtualhost: {{fqdn: {host}}}
  routes:
  - services: [{{name: backend, port: 80}}]
"
    )
}
