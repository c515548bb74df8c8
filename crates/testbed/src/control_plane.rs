//! etcd, the API server and the controller manager.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::process::{Child, Command};

use crate::children::{Children, bound};
use crate::credentials::Credentials;
use crate::network::{NODE, SERVICES};

/// How long each may take to become ready: a loaded machine is slow.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long it may take to say whether it is.
const ONE_ANSWER: Duration = Duration::from_secs(5);
const PERIOD: Duration = Duration::from_millis(50);

/// Every request is written down once, without what it carried.
const AUDIT_POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
";

const ETCD: &str = "http://127.0.0.1:2379";
const ETCD_PEERS: &str = "http://127.0.0.1:2380";

/// Where requests are written down, in the folder of the cluster.
pub(crate) const AUDIT_LOG: &str = "audit.log";

/// Those of Kubernetes' controllers that the cluster has. Without the one for node life cycles, nobody taints a node
/// whose agent was too slow on a loaded machine.
const CONTROLLERS: &[&str] = &[
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "statefulset-controller",
];

/// The three processes; each can be stopped and started again with what it knew.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    children: Children,
    programs: PathBuf,
    folder: PathBuf,
    credentials: Credentials,
    etcd: Option<Child>,
    api_server: Option<Child>,
    controllers: Option<Child>,
}

impl ControlPlane {
    /// Nothing runs yet.
    pub(crate) fn new(
        children: Children,
        programs: PathBuf,
        folder: PathBuf,
        credentials: Credentials,
    ) -> Self {
        Self { children, programs, folder, credentials, etcd: None, api_server: None, controllers: None }
    }

    /// Starts all three and waits until they are ready.
    pub(crate) async fn start(&mut self) -> Result<()> {
        fs::write(self.folder.join("audit-policy.yaml"), AUDIT_POLICY).context("the policy of the audit")?;
        self.start_etcd().await?;
        self.start_api_server().await?;
        self.controllers = Some(self.spawn(self.controller_manager()).await?);
        Ok(())
    }

    /// Starts etcd with the data that it had.
    pub(crate) async fn start_etcd(&mut self) -> Result<()> {
        self.etcd = Some(self.spawn(self.etcd()).await?);
        Ok(())
    }

    /// Starts the API server and waits until it is ready.
    pub(crate) async fn start_api_server(&mut self) -> Result<()> {
        self.api_server = Some(self.spawn(self.api_server()).await?);
        let client = self.credentials.client().await?;
        let deadline = Instant::now() + PATIENCE;
        while let Err(why) = ask_whether_ready(&client).await {
            let ended = self.api_server.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || Instant::now() > deadline {
                let words = self.last_words("kube-apiserver");
                bail!("the API server is not ready: {why:#}; its last words:\n{words}");
            }
            tokio::time::sleep(PERIOD).await;
        }
        Ok(())
    }

    /// Kills the API server.
    pub(crate) async fn stop_api_server(&mut self) -> Result<()> {
        kill(&mut self.api_server).await
    }

    /// Kills etcd.
    pub(crate) async fn stop_etcd(&mut self) -> Result<()> {
        kill(&mut self.etcd).await
    }

    async fn spawn(&self, mut command: Command) -> Result<Child> {
        let name = command.as_std().get_args().nth(3).unwrap_or_default();
        let name = PathBuf::from(name).file_name().unwrap_or_default().to_owned();
        let log = self.folder.join(name).with_extension("log");
        let log = File::options().create(true).append(true).open(&log).context("a log file")?;
        command.stdout(log.try_clone()?).stderr(log);
        self.children.spawn(command).await
    }

    fn program(&self, name: &str) -> Command {
        bound(self.programs.join(name))
    }

    fn etcd(&self) -> Command {
        let mut command = self.program("etcd");
        command.arg("--data-dir").arg(self.folder.join("etcd"));
        command.args(["--listen-client-urls", ETCD, "--advertise-client-urls", ETCD]);
        command.args(["--listen-peer-urls", ETCD_PEERS, "--initial-advertise-peer-urls", ETCD_PEERS]);
        command.args(["--initial-cluster", &format!("default={ETCD_PEERS}"), "--unsafe-no-fsync"]);
        command
    }

    fn api_server(&self) -> Command {
        let mut command = self.program("kube-apiserver");
        command.arg(format!("--etcd-servers={ETCD}"));
        command.args([&format!("--bind-address={NODE}"), "--secure-port=6443"]);
        command.args([&format!("--advertise-address={NODE}"), "--endpoint-reconciler-type=none"]);
        let files = [
            ("tls-cert-file", self.credentials.certificate()),
            ("tls-private-key-file", self.credentials.key()),
            ("client-ca-file", self.credentials.authority()),
            ("service-account-key-file", self.credentials.accounts_public_key()),
            ("service-account-signing-key-file", self.credentials.accounts_key()),
            ("token-auth-file", self.credentials.tokens()),
        ];
        command.args(files.map(|(flag, path)| format!("--{flag}={}", path.display())));
        command.arg(format!("--service-cluster-ip-range={SERVICES}"));
        command.args(["--service-account-issuer=https://kubernetes.default.svc", "--allow-privileged=true"]);
        command.arg(format!("--audit-policy-file={}", self.folder.join("audit-policy.yaml").display()));
        command.arg(format!("--audit-log-path={}", self.folder.join(AUDIT_LOG).display()));
        command.args(["--authorization-mode=Node,RBAC", "--kubelet-preferred-address-types=InternalIP"]);
        command
    }

    fn controller_manager(&self) -> Command {
        let mut command = self.program("kube-controller-manager");
        for flag in ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"] {
            command.arg(format!("--{flag}={}", self.credentials.kubeconfig().display()));
        }
        let key = self.credentials.accounts_key();
        command.arg(format!("--service-account-private-key-file={}", key.display()));
        command.arg(format!("--root-ca-file={}", self.credentials.authority().display()));
        command.args(["--leader-elect=false", "--bind-address=127.0.0.1"]);
        command.args(["--kube-api-qps=500", "--kube-api-burst=1000"]);
        command.arg(format!("--controllers={}", CONTROLLERS.join(",")));
        command
    }

    fn last_words(&self, name: &str) -> String {
        let log = fs::read_to_string(self.folder.join(name).with_extension("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

async fn ask_whether_ready(client: &kube::Client) -> Result<()> {
    let asked = client.request_text(http::Request::get("/readyz").body(Vec::new())?);
    tokio::time::timeout(ONE_ANSWER, asked).await.context("it gives no answer")??;
    Ok(())
}

/// Without asking first: an API server whose etcd is gone would take minutes to go.
async fn kill(child: &mut Option<Child>) -> Result<()> {
    match child.take() {
        Some(mut child) => Ok(child.kill().await?),
        None => Ok(()),
    }
}
