//! `isobath cli`: asks a controller what it would send to an Envoy.

mod stream;

use std::path::PathBuf;

use anyhow::bail;
use certs::TlsFiles;
use clap::{Args, Subcommand};
use xds::ResourceType;

use crate::output::Outcome;

/// Asks a controller what it would send to an Envoy, and prints each answer as JSON. Private keys are left out.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The CA of the controller's certificate.
    #[arg(long, env = "CLI_CAFILE", value_name = "FILE", global = true)]
    cafile: Option<PathBuf>,
    /// The certificate that is shown to the controller: that of an Envoy.
    #[arg(long, env = "CLI_CERT_FILE", value_name = "FILE", global = true)]
    cert_file: Option<PathBuf>,
    /// Its key.
    #[arg(long, env = "CLI_KEY_FILE", value_name = "FILE", global = true)]
    key_file: Option<PathBuf>,
    /// Where the controller serves xDS.
    #[arg(long, alias = "contour", default_value = "127.0.0.1:8001", value_name = "ADDRESS", global = true)]
    server: String,
    /// The name in the controller's certificate.
    #[arg(long, default_value = "isobath", value_name = "NAME", global = true)]
    server_name: String,
    /// The id of the node that is said to ask.
    #[arg(long, env = "CLI_NODE_ID", default_value = "IsobathCLI", value_name = "ID", global = true)]
    node_id: String,
    /// Asks for changes only.
    #[arg(long, global = true)]
    delta: bool,
    /// Rejects every answer, with these words.
    #[arg(
        long,
        value_name = "WORDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "rejected on request",
        global = true
    )]
    nack: Option<String>,
    /// Ends after the first answer.
    #[arg(long, global = true)]
    once: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Clusters.
    Cds(Names),
    /// The addresses behind clusters.
    Eds(Names),
    /// Listeners.
    Lds(Names),
    /// Route tables.
    Rds(Names),
    /// Certificates and what is trusted.
    Sds(Names),
    /// Scopes: the routes of each host.
    Srds(Names),
}

#[derive(Debug, Args)]
struct Names {
    /// The names of resources; none for all that are given without being named.
    #[arg(value_name = "RESOURCE")]
    resources: Vec<String>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let tls = arguments.tls()?;
    let (resource_type, names) = match arguments.what {
        What::Cds(names) => (ResourceType::Cluster, names),
        What::Eds(names) => (ResourceType::ClusterLoadAssignment, names),
        What::Lds(names) => (ResourceType::Listener, names),
        What::Rds(names) => (ResourceType::RouteConfiguration, names),
        What::Sds(names) => (ResourceType::Secret, names),
        What::Srds(names) => (ResourceType::ScopedRouteConfiguration, names),
    };
    let question = stream::Question {
        node_id: arguments.node_id,
        type_url: resource_type.url(),
        names: names.resources,
        rejection: arguments.nack,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let channel = stream::connect(arguments.server, arguments.server_name, tls).await?;
        if arguments.delta {
            stream::ask_for_changes(channel, question, arguments.once).await
        } else {
            stream::ask_for_all(channel, question, arguments.once).await
        }
    })?;
    Ok(Outcome::Good)
}

impl Arguments {
    /// The files for TLS, all or none.
    fn tls(&self) -> anyhow::Result<Option<TlsFiles>> {
        match (self.cafile.clone(), self.cert_file.clone(), self.key_file.clone()) {
            (Some(ca), Some(certificate), Some(key)) => Ok(Some(TlsFiles { ca, certificate, key })),
            (None, None, None) => Ok(None),
            _ => bail!("--cafile, --cert-file and --key-file: name all three, or none"),
        }
    }
}
