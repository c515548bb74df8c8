//! `isobath serve` as a process beside the cluster's, with ports and certificates of its own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use certs::{Generated, Options, generate};
use isobath_cluster_tests::eventually;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use testbed::Bed;
use testkit::{Envoy, Launch, Port, Request};

/// A controller that runs; dropped, it is killed.
pub(crate) struct Controller {
    process: Child,
    program: PathBuf,
    folder: TempDir,
    certificates: Generated,
    xds: Port,
    metrics: Port,
    debug: Port,
    /// Of its Envoy: HTTP, HTTPS, statistics.
    envoy: [Port; 3],
}

/// Now, in unix seconds.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

/// A CA, a controller's certificate and an Envoy's, made now or some days ago.
pub(crate) fn certificates(days_ago: i64) -> Generated {
    generate(&Options::loopback(now() - days_ago * 86_400)).unwrap()
}

impl Controller {
    /// Starts one for the bed's namespace with further flags and variables, and waits until it serves Envoys.
    pub(crate) async fn start(bed: &Bed, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::trusting(bed, |certificates| certificates.ca.clone(), flags, variables).await
    }

    /// The same; it trusts these CAs, in PEM.
    pub(crate) async fn trusting(
        bed: &Bed,
        trusted: impl FnOnce(&Generated) -> String,
        flags: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let watched = format!("--watch-namespaces={}", bed.namespace);
        Self::launch(bed, trusted, &[&[&*watched], flags].concat(), variables).await
    }

    /// One that looks at the whole cluster, as Gateways need it; it writes no statuses, which others may want to.
    pub(crate) async fn of_gateways(bed: &Bed, controller_name: &str) -> Self {
        let name = format!("--gateway-controller-name={controller_name}");
        let own_ca = |certificates: &Generated| certificates.ca.clone();
        Self::launch(bed, own_ca, &["--status=off", &name], &[]).await
    }

    /// The own controller of a Gateway in the bed's namespace; it writes no statuses either.
    pub(crate) async fn of_one_gateway(bed: &Bed, controller_name: &str, gateway: &str) -> Self {
        let flags = [
            "--status=off".to_owned(),
            format!("--gateway-controller-name={controller_name}"),
            format!("--watch-namespaces={}", bed.namespace),
            format!("--dedicated-to-gateway={}/{gateway}", bed.namespace),
        ];
        let own_ca = |certificates: &Generated| certificates.ca.clone();
        Self::launch(bed, own_ca, &flags.each_ref().map(String::as_str), &[]).await
    }

    async fn launch(
        bed: &Bed,
        trusted: impl FnOnce(&Generated) -> String,
        flags: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificates = certificates(0);
        write_identity(&folder.path().join("server"), &trusted(&certificates), &certificates.server);
        write_identity(&folder.path().join("client"), &certificates.ca, &certificates.client);
        let [xds, metrics, debug] = [Port::reserve(), Port::reserve(), Port::reserve()];
        let envoy = [Port::reserve(), Port::reserve(), Port::reserve()];
        let mut command = Command::new(&bed.cluster.programs().isobath);
        command.arg("serve").arg("--kubeconfig").arg(bed.cluster.kubeconfig());
        let file = |name: &str| folder.path().join("server").join(name).display().to_string();
        let namespace = &bed.namespace;
        command.args([
            format!("--contour-cafile={}", file("ca.crt")),
            format!("--contour-cert-file={}", file("tls.crt")),
            format!("--contour-key-file={}", file("tls.key")),
            format!("--leader-election-resource-namespace={namespace}"),
            format!("--envoy-service-namespace={namespace}"),
            format!("--xds-port={}", xds.number()),
            format!("--http-port={}", metrics.number()),
            format!("--health-port={}", metrics.number()),
            format!("--debug-http-port={}", debug.number()),
            format!("--envoy-service-http-port={}", envoy[0].number()),
            format!("--envoy-service-https-port={}", envoy[1].number()),
            format!("--stats-port={}", envoy[2].number()),
        ]);
        let log = File::create(folder.path().join("log")).unwrap();
        command.args(flags).envs(variables.iter().copied()).env("ISOBATH_NAMESPACE", namespace);
        let process =
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let program = bed.cluster.programs().isobath.clone();
        let controller = Self { process, program, folder, certificates, xds, metrics, debug, envoy };
        eventually("the controller serves Envoys", async || {
            let log = controller.log();
            if log.contains("serving xDS") { Ok(()) } else { Err(log) }
        })
        .await;
        controller
    }

    /// Everything that it has said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Where it serves Envoys.
    pub(crate) fn xds(&self) -> SocketAddr {
        self.xds.address()
    }

    /// Where its Envoy serves plain HTTP.
    pub(crate) fn http(&self) -> SocketAddr {
        self.envoy[0].address()
    }

    /// Where its Envoy serves HTTPS.
    pub(crate) fn https(&self) -> SocketAddr {
        self.envoy[1].address()
    }

    /// An Envoy that has what this controller gives it.
    pub(crate) async fn envoy(&self, node: &str) -> Envoy {
        let envoy = self.envoy_of("isobath", "client", node);
        envoy.ready().await;
        envoy
    }

    /// An Envoy of a Gateway in the bed's namespace, with its certificate. It is ready when there is something to serve.
    pub(crate) fn envoy_of_gateway(&self, bed: &Bed, gateway: &str, identity: &certs::Identity) -> Envoy {
        write_identity(&self.folder.path().join(gateway), &self.certificates.ca, identity);
        self.envoy_of(&format!("gateway/{}/{gateway}", bed.namespace), gateway, gateway)
    }

    /// An Envoy of the one Gateway that this controller is for.
    pub(crate) fn envoy_of_its_gateway(&self, bed: &Bed, gateway: &str) -> Envoy {
        self.envoy_of(&format!("gateway/{}/{gateway}", bed.namespace), "client", gateway)
    }

    /// An Envoy that says it is of this fleet, with the certificate in a folder.
    fn envoy_of(&self, fleet: &str, folder: &str, node: &str) -> Envoy {
        let file = |name: &str| self.folder.path().join(folder).join(name).display().to_string();
        let output = self.isobath(&[
            "bootstrap",
            "-",
            &format!("--xds-port={}", self.xds.number()),
            &format!("--envoy-cafile={}", file("ca.crt")),
            &format!("--envoy-cert-file={}", file("tls.crt")),
            &format!("--envoy-key-file={}", file("tls.key")),
        ]);
        let mut bootstrap: Value = serde_json::from_slice(&output.stdout).unwrap();
        // It gets a socket of its own for its administration interface.
        bootstrap.as_object_mut().unwrap().remove("admin");
        let arguments = ["--service-cluster", fleet, "--service-node", node].map(str::to_owned).into();
        Envoy::launch(Launch { arguments, ..Launch::new(bootstrap) })
    }

    /// What it and its Envoys prove who they are with.
    pub(crate) fn certificates(&self) -> &Generated {
        &self.certificates
    }

    /// Its metrics.
    pub(crate) async fn metrics(&self) -> String {
        self.page(8000, "/metrics").await
    }

    /// A page by the port that it has when nobody chooses another.
    pub(crate) async fn page(&self, port: u16, path: &str) -> String {
        let address = if port == 6060 { self.debug.address() } else { self.metrics.address() };
        let answer = Request::get(address, "localhost", path).send().await.unwrap();
        assert_eq!(answer.code(), 200, "{path}: {}", answer.text());
        String::from_utf8_lossy(&answer.body).into_owned()
    }

    /// A command of `isobath`.
    pub(crate) fn isobath(&self, arguments: &[&str]) -> Output {
        Command::new(&self.program).args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// What `isobath status` shows.
    pub(crate) fn status(&self, form: &str) -> String {
        let server = self.debug.address().to_string();
        text(&self.isobath(&["status", "--server", &server, "--output", form]))
    }

    /// `isobath cli` with these arguments, as an Envoy that the controller knows.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Command {
        self.cli_as("client", arguments)
    }

    /// The same with a certificate of one side, `client` or `server`.
    pub(crate) fn cli_as(&self, side: &str, arguments: &[&str]) -> Command {
        let file = |name: &str| self.folder.path().join(side).join(name);
        let mut command = Command::new(&self.program);
        command.arg("cli").arg("--cafile").arg(file("ca.crt"));
        command.arg("--cert-file").arg(file("tls.crt")).arg("--key-file").arg(file("tls.key"));
        command.args(["--server", &self.xds.address().to_string(), "--server-name", "localhost"]);
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Ends it as the kubelet does: everything that it said.
    pub(crate) fn end(mut self) -> String {
        let process = Pid::from_raw(self.process.id().cast_signed()).unwrap();
        kill_process(process, Signal::TERM).unwrap();
        assert!(self.process.wait().unwrap().success(), "{}", self.log());
        self.log()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write_identity(folder: &Path, ca: &str, identity: &certs::Identity) {
    fs::create_dir(folder).unwrap();
    let files = [("ca.crt", ca), ("tls.crt", &identity.certificate), ("tls.key", identity.key.expose())];
    files.into_iter().for_each(|(name, content)| fs::write(folder.join(name), content).unwrap());
}

/// Everything that a command said.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
