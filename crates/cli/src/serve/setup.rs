//! From what the operator says to what is needed to begin.

use std::path::{Path, PathBuf};

use anyhow::Context;
use certs::certgen::CertgenOptions;
use config::{Checked, Configuration, Finding};
use envoy::XdsMode;
use files::Document;
use kubernetes::{Access, Client, Configured, Pace, Provisioner};
use model::Settings;

use super::statuses::StatusArguments;
use super::tenancy::Tenancy;
use super::{Arguments, provisioning};
use crate::configuration::usable;

/// What is needed to begin.
pub(super) struct Setup {
    pub(super) configuration: Configuration,
    pub(super) mode: XdsMode,
    pub(super) client: Client,
    /// For what may wait: it keeps the pace that the operator sets.
    pub(super) writer: Client,
    pub(super) contour_metrics: bool,
    pub(super) statuses: StatusArguments,
    /// Which Gateways it serves.
    pub(super) tenancy: Tenancy,
    /// The object that says how everything is configured, if one does.
    pub(super) configured: Option<Configured>,
    /// The namespace that this runs in.
    pub(super) namespace: String,
    /// How certificates for xDS are renewed, if they are.
    pub(super) renewal: Option<CertgenOptions>,
    /// What makes the Envoys of Gateways, if this does.
    pub(super) provisioner: Option<Provisioner>,
}

impl Setup {
    /// What the arguments, and the file or the object that they name, say.
    pub(super) async fn of(arguments: &Arguments) -> anyhow::Result<Self> {
        let said = &arguments.configuration;
        let (configuration, client, configured) = match &arguments.contour_config_name {
            None => {
                let configuration = said.configuration()?;
                let client = connect(&configuration).await?;
                (configuration, client, None)
            }
            Some(name) => {
                // How the cluster is reached is said by flags alone.
                let client = connect(&said.configuration()?).await?;
                let (configuration, configured) = by_object(&client, arguments, name).await?;
                (configuration, client, Some(configured))
            }
        };
        let writer = paced(&configuration.serving.cluster, &client).await?;
        let mode = arguments.xds_mode.into();
        let layout = arguments.layout.layout(mode)?;
        let gateway_controller = arguments.provisioning.gateway_controller_name.as_str().into();
        let settings = Settings { layout, gateway_controller, ..configuration.settings };
        let configuration = Configuration { settings, ..configuration };
        let Arguments { contour_metrics, ref statuses, .. } = *arguments;
        let namespace = arguments.namespace.clone();
        let renewal = arguments.renewal.options(&namespace, &configuration.serving.xds_security)?;
        let provisioner = provisioning::provisioner(arguments, &writer, &namespace, &configuration.serving)?;
        Ok(Self {
            configuration,
            mode,
            client,
            writer,
            contour_metrics,
            statuses: statuses.clone(),
            tenancy: arguments.tenancy.tenancy(),
            configured,
            namespace,
            renewal,
            provisioner,
        })
    }

    /// What is logged when the environment does not say it. What the client says of failures, whoever asked says, too.
    pub(super) fn log_level(&self, arguments: &Arguments) -> &'static str {
        match (self.configuration.serving.verbose, arguments.kubernetes_debug) {
            (true, 0) => "info,isobath=debug,kube_client=off",
            (true, _) => "info,isobath=debug,kube_client=debug",
            (false, 0) => "info,kube_client=off",
            (false, _) => "info,kube_client=debug",
        }
    }
}

async fn connect(configuration: &Configuration) -> anyhow::Result<Client> {
    Ok(kubernetes::connect(&access(&configuration.serving.cluster)?).await?)
}

/// A client at the pace that the operator sets, or the same that everything else has.
async fn paced(cluster: &config::Cluster, client: &Client) -> anyhow::Result<Client> {
    let Some(per_second) = cluster.requests_per_second else { return Ok(client.clone()) };
    // A second's worth, as a rule.
    let second = if per_second < 1.0 { 1 } else { per_second.ceil() as u32 };
    let pace = Pace { per_second, at_once: cluster.requests_at_once.unwrap_or(second) };
    Ok(kubernetes::connect_paced(&access(cluster)?, pace).await?)
}

fn access(cluster: &config::Cluster) -> anyhow::Result<Access> {
    match (&cluster.kubeconfig, cluster.inside) {
        (_, true) => Ok(Access::InCluster),
        (Some(path), false) => Ok(Access::Kubeconfig(Path::new(&**path).to_owned())),
        (None, false) => {
            let home =
                std::env::var_os("HOME").context("--kubeconfig: is not given, and there is no $HOME")?;
            Ok(Access::Kubeconfig(PathBuf::from(home).join(".kube/config")))
        }
    }
}

/// What the ContourConfiguration of this name says. One with errors says so itself.
async fn by_object(
    client: &Client,
    arguments: &Arguments,
    name: &str,
) -> anyhow::Result<(Configuration, Configured)> {
    let namespace = &arguments.namespace;
    let what = format!("ContourConfiguration {namespace}/{name}");
    let mut configured =
        kubernetes::contour_configuration(client, namespace, name).await.with_context(|| what.clone())?;
    let document = Document::parse(Path::new(&what), &configured.manifest).map_err(|fault| {
        anyhow::anyhow!("{}", files::render(&fault, files::Style::Plain).trim_end().to_owned())
    })?;
    let Checked { configuration, findings } = arguments.configuration.checked(Some(document))?;
    configured.judge(findings.iter().filter_map(Finding::of_object).collect());
    if configuration.is_none() && arguments.statuses.are_written() {
        configured.refuse(client, &arguments.statuses.identity()).await;
    }
    Ok((usable(configuration)?, configured))
}
