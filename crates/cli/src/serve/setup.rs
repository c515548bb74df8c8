//! From what the operator says to what is needed to begin.

use std::path::{Path, PathBuf};

use anyhow::Context;
use certs::certgen::CertgenOptions;
use config::Configuration;
use envoy::XdsMode;
use files::Document;
use kubernetes::{Access, Client, Configured, Pace};
use model::Settings;

use super::Arguments;
use super::statuses::StatusArguments;

/// The namespace of Contour's own manifests.
const NAMESPACE: &str = "projectcontour";

/// What is needed to begin.
pub(super) struct Setup {
    pub(super) configuration: Configuration,
    pub(super) mode: XdsMode,
    pub(super) client: Client,
    /// For what may wait: it keeps the pace that the operator sets.
    pub(super) writer: Client,
    pub(super) contour_metrics: bool,
    pub(super) statuses: StatusArguments,
    /// The object that says how everything is configured, if one does.
    pub(super) configured: Option<Configured>,
    /// The namespace that this runs in.
    pub(super) namespace: String,
    /// How certificates for xDS are renewed, if they are.
    pub(super) renewal: Option<CertgenOptions>,
}

impl Setup {
    /// What the arguments, and the file or the object that they name, say.
    pub(super) async fn of(arguments: &Arguments) -> anyhow::Result<Self> {
        let said = &arguments.configuration;
        let (configuration, client, configured) = match &arguments.contour_config_name {
            None => {
                let configuration = said.configuration(None)?;
                let client = connect(&configuration).await?;
                (configuration, client, None)
            }
            Some(name) => {
                // How the cluster is reached is said by flags alone.
                let client = connect(&said.configuration(None)?).await?;
                let (object, configured) = object(&client, &namespace(arguments), name).await?;
                (said.configuration(Some(object))?, client, Some(configured))
            }
        };
        let writer = paced(&configuration.serving.cluster, &client).await?;
        let mode = arguments.xds_mode.into();
        let layout = arguments.layout.layout(mode)?;
        let settings = Settings { layout, ..configuration.settings };
        let configuration = Configuration { settings, ..configuration };
        let Arguments { contour_metrics, ref statuses, .. } = *arguments;
        let namespace = namespace(arguments);
        let renewal = arguments.renewal.options(&namespace, &configuration.serving.xds_security)?;
        Ok(Self {
            configuration,
            mode,
            client,
            writer,
            contour_metrics,
            statuses: statuses.clone(),
            configured,
            namespace,
            renewal,
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

/// The namespace that this runs in.
fn namespace(arguments: &Arguments) -> String {
    let said = arguments.namespace.clone().or_else(|| std::env::var("CONTOUR_NAMESPACE").ok());
    said.filter(|name| !name.is_empty()).unwrap_or_else(|| NAMESPACE.to_owned())
}

async fn object(client: &Client, namespace: &str, name: &str) -> anyhow::Result<(Document, Configured)> {
    let what = format!("ContourConfiguration {namespace}/{name}");
    let configured =
        kubernetes::contour_configuration(client, namespace, name).await.with_context(|| what.clone())?;
    let document = Document::parse(Path::new(&what), &configured.manifest).map_err(|fault| {
        anyhow::anyhow!("{}", files::render(&fault, files::Style::Plain).trim_end().to_owned())
    })?;
    Ok((document, configured))
}
