//! `isobath status`: how a controller and its Envoys stand.

use std::fmt::Write as _;
use std::io::{self, Write};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use comfy_table::Table;
use http::Method;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::output::Outcome;

/// Shows how a controller and its Envoys stand: what each has acknowledged, what it rejects, and what users are told.
///
/// Exit code 1 when an Envoy is behind or rejects something, or when there are errors.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the controller serves its debug pages.
    #[arg(long, default_value = "127.0.0.1:6060", value_name = "ADDRESS")]
    server: String,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(fetch(&arguments.server))?;
    let shown = match arguments.output {
        Form::Text => text(&status),
        Form::Json => format!("{status:#}\n"),
    };
    io::stdout().write_all(shown.as_bytes())?;
    Ok(if is_well(&status) { Outcome::Good } else { Outcome::Problems })
}

async fn fetch(server: &str) -> anyhow::Result<Value> {
    let socket =
        TcpStream::connect(server).await.with_context(|| format!("{server}: no controller answers"))?;
    let (status, body) = admin::fetch(socket, Method::GET, "/debug/status").await?;
    if !status.is_success() {
        bail!("{server}: {status}");
    }
    serde_json::from_slice(&body).with_context(|| format!("{server}: this is no controller of Isobath"))
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value[field].as_array().into_iter().flatten()
}

fn is_well(status: &Value) -> bool {
    let envoys_are =
        list(status, "envoys").all(|envoy| envoy["lag"] == 0 && list(envoy, "rejects").next().is_none());
    let has_errors = list(status, "problems").any(|problem| problem["severity"] == "error");
    status["ready"] == true && envoys_are && !has_errors
}

/// A field as it is read: texts without quotes.
fn field(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn text(status: &Value) -> String {
    let ready =
        if status["ready"] == true { "ready" } else { "not ready: the first configuration is not complete" };
    let mut text = format!("isobath {}: {ready}\n\n", field(status, "version"));
    let mut add = |part: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{part}");
    };
    add(table(
        &["kind", "group", "state", "objects", "failures"],
        list(status, "watches"),
        "nothing is watched",
    ));
    add(table(
        &["node", "fleet", "release", "lag", "streams"],
        list(status, "envoys"),
        "no Envoy is connected",
    ));
    for envoy in list(status, "envoys") {
        for held in list(envoy, "rejects") {
            let (node, kind) = (field(envoy, "node"), field(held, "type"));
            add(format!("{node} rejects {kind} {}: {}", field(held, "name"), field(held, "message")));
        }
    }
    for problem in list(status, "problems") {
        let (severity, object) = (field(problem, "severity"), field(problem, "object"));
        add(format!("{severity}: {object}: {}", field(problem, "message")));
    }
    text
}

fn table<'v>(columns: &[&str], rows: impl Iterator<Item = &'v Value>, none: &str) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::TableStyle::new());
    table.set_header(columns.iter().copied());
    let mut is_empty = true;
    for row in rows {
        is_empty = false;
        table.add_row(columns.iter().map(|column| field(row, column)));
    }
    if is_empty { format!("{none}\n") } else { format!("{table}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_envoy_that_is_behind_or_rejects_something_is_not_well() {
        let status = |lag: u64, rejects: Value, severity: &str| {
            json!({
                "version": "1", "ready": true,
                "envoys": [{"node": "a", "lag": lag, "rejects": rejects}],
                "problems": [{"severity": severity, "object": "HTTPProxy a/b", "message": "is wrong"}],
            })
        };
        let held = json!([{"type": "Listener", "name": "l", "message": "no"}]);
        assert!(is_well(&status(0, json!([]), "warning")));
        assert!(!is_well(&status(1, json!([]), "warning")));
        assert!(!is_well(&status(0, held.clone(), "warning")));
        assert!(!is_well(&status(0, json!([]), "error")));
        let text = text(&status(0, held, "error"));
        assert!(text.contains("a rejects Listener l: no\n"), "{text}");
        assert!(text.contains("error: HTTPProxy a/b: is wrong\n"), "{text}");
        assert!(text.contains("nothing is watched\n"), "{text}");
    }
}
