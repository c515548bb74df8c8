//! Which program is the controller, and its commands: Isobath and Contour have the same ones.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use model::Layout;
use serde_json::Value;
use tempfile::TempDir;
use testbed::Cluster;
use testkit::{Envoy, Launch};

/// Where it serves Envoys.
pub(crate) const XDS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8001);

/// The controller that is measured.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// Ours, with a layout.
    Isobath(Layout),
    /// The peer, where it is.
    Contour(PathBuf),
}

impl Program {
    /// What its row is called.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Isobath(Layout::Table) => "table".to_owned(),
            Self::Isobath(Layout::Scoped) => "scoped".to_owned(),
            Self::Isobath(Layout::OnDemand) => "on-demand".to_owned(),
            Self::Contour(path) => format!("Contour {}", version(path)),
        }
    }

    /// What the files of its certificate are called.
    const fn word(&self) -> &'static str {
        match self {
            Self::Isobath(_) => "isobath",
            Self::Contour(_) => "contour",
        }
    }

    fn command(&self, cluster: &Cluster) -> Command {
        let mut command = match self {
            Self::Isobath(_) => Command::new(&cluster.programs().isobath),
            Self::Contour(path) => Command::new(path),
        };
        command.stdin(Stdio::null());
        command
    }

    /// A folder with the certificates of controller and Envoy.
    pub(crate) fn certificates(&self, cluster: &Cluster) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = self.command(cluster);
        // Contour wants to know a cluster even where it writes files.
        command.args(["certgen", "--pem", "--kubeconfig"]).arg(cluster.kubeconfig()).arg(folder.path());
        run(&mut command);
        folder
    }

    /// What serves Envoys, with certificates from the folder.
    pub(crate) fn serve(&self, cluster: &Cluster, certificates: &Path) -> Command {
        let word = self.word();
        let file = |name: String| certificates.join(name).display().to_string();
        let mut command = self.command(cluster);
        command.arg("serve").arg("--kubeconfig").arg(cluster.kubeconfig());
        command.arg(format!("--contour-cafile={}", file("cacert.pem".to_owned())));
        command.arg(format!("--contour-cert-file={}", file(format!("{word}cert.pem"))));
        command.arg(format!("--contour-key-file={}", file(format!("{word}key.pem"))));
        command.args(["--ingress-status-address=192.0.2.1", "--envoy-http-access-log=/dev/null"]);
        command.arg("--leader-election-resource-namespace=default");
        if let Self::Isobath(layout) = self {
            let table = matches!(layout, Layout::Table);
            command.arg(format!("--route-layout={}", if table { "table" } else { "scoped" }));
            // Where the CA of Gateways is.
            command.env("ISOBATH_LOG", "error").env("ISOBATH_NAMESPACE", "default");
        }
        command
    }

    /// Starts an Envoy of this fleet, whose certificate in the folder has this name: `envoy` is what certificates that
    /// were made there are called.
    pub(crate) fn envoy(&self, cluster: &Cluster, certificates: &Path, name: &str, fleet: &str) -> Envoy {
        let bootstrap = self.bootstrap(cluster, certificates, name);
        let arguments = ["--service-cluster", fleet, "--service-node", name].map(str::to_owned).into();
        Envoy::launch(Launch { log_level: "warning".into(), arguments, ..Launch::new(bootstrap) })
    }

    fn bootstrap(&self, cluster: &Cluster, certificates: &Path, envoy: &str) -> Value {
        let file = |name: &str| certificates.join(name).display().to_string();
        // Contour does not say it on its standard output where it knows certificates.
        let bootstrap = certificates.join(format!("{envoy}.json"));
        let mut command = self.command(cluster);
        command.arg("bootstrap").arg(&bootstrap).arg(format!("--xds-address={}", XDS.ip()));
        command.arg(format!("--xds-port={}", XDS.port()));
        command.arg(format!("--envoy-cafile={}", file("cacert.pem")));
        command.arg(format!("--envoy-cert-file={}", file(&format!("{envoy}cert.pem"))));
        command.arg(format!("--envoy-key-file={}", file(&format!("{envoy}key.pem"))));
        run(&mut command);
        let written = std::fs::read(bootstrap).expect("a bootstrap is written");
        let mut bootstrap: Value = serde_json::from_slice(&written).expect("a bootstrap is JSON");
        // The Envoy gets a socket of its own for its administration interface.
        if let Some(bootstrap) = bootstrap.as_object_mut() {
            bootstrap.remove("admin");
        }
        bootstrap
    }
}

fn version(path: &Path) -> String {
    let said = run(Command::new(path).arg("version").stdin(Stdio::null()));
    // Contour says it on its standard error.
    let said = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let version = said.lines().find_map(|line| line.strip_prefix("version: "));
    version.unwrap_or_default().to_owned()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
