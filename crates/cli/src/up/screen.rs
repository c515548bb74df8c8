//! What a run shows: one line for each thing that happens, a table of hosts, problems in full.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use comfy_table::Table;
use files::{Diagnostic, Severity, Style, render};
use model::{Action, Host, Settings, Traffic, VirtualHost, VirtualHostKey};
use runtime::Published;

/// Standard output, shared by whoever has something to say.
pub(super) struct Screen {
    out: Mutex<Box<dyn Write + Send>>,
    style: Style,
}

impl Screen {
    /// The terminal, or the pipe.
    pub(super) fn new() -> Self {
        let out = io::stdout();
        let style = if out.is_terminal() { Style::Coloured } else { Style::Plain };
        Self { out: Mutex::new(Box::new(out)), style }
    }

    /// Shows a line. Whoever read it may have gone: the run goes on.
    pub(super) fn line(&self, text: &str) {
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Shows a problem with its source.
    pub(super) fn diagnostic(&self, diagnostic: &Diagnostic) {
        if diagnostic.severity == Severity::Note {
            return self.line(&format!("{}: {}", diagnostic.place(), diagnostic.title()));
        }
        self.line(render(diagnostic, self.style).trim_end());
    }

    /// Shows what a change came to, and how long Envoy took; `None` when it has not answered yet.
    pub(super) fn published(&self, published: &Published, acknowledged: Option<Duration>) {
        let Published { generation, set, removed, work, engine_time } = published;
        let answer = match acknowledged {
            Some(after) => format!("acknowledged after {}", milliseconds(after)),
            None => "not acknowledged yet".into(),
        };
        self.line(&format!(
            "change {generation}: {}{} units recomputed in {}, {} bytes, {answer}",
            names(set, removed),
            work.units(),
            milliseconds(*engine_time),
            work.bytes,
        ));
    }

    /// Shows that a change is in force that was shown before.
    pub(super) fn acknowledged(&self, generation: u64, after: Duration) {
        self.line(&format!("change {generation}: acknowledged after {}", milliseconds(after)));
    }

    /// Shows what every host does.
    pub(super) fn hosts(&self, settings: &Settings, hosts: &BTreeMap<VirtualHostKey, VirtualHost>) {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
        table.set_header(["host", "address", "serves"]);
        for (key, host) in hosts {
            let bind = if key.listener == settings.https_listener() { settings.https } else { settings.http };
            let scheme = if key.listener == settings.https_listener() { "https" } else { "http" };
            let address = format!("{scheme}://{}:{}", bind.address, bind.port);
            table.add_row([text(&key.host), address, serves(host)]);
        }
        self.line(&table.to_string());
    }
}

fn text(host: &Host) -> String {
    if host.is_any() { "* (any host)".into() } else { host.to_string() }
}

fn serves(host: &VirtualHost) -> String {
    match &host.traffic {
        Traffic::Tcp(_) if host.tls.is_none() => "TLS passed through".into(),
        Traffic::Tcp(_) => "TCP behind TLS".into(),
        Traffic::Http(routes) if routes.iter().all(|route| route.action == Action::UpgradeToHttps) => {
            "redirects to https".into()
        }
        Traffic::Http(routes) if routes.len() == 1 => "1 route".into(),
        Traffic::Http(routes) => format!("{} routes", routes.len()),
    }
}

/// The first few names, and how many more.
fn names(set: &[String], removed: &[String]) -> String {
    const SHOWN: usize = 4;
    let removed = removed.iter().map(|name| format!("-{name}"));
    let all: Vec<_> = set.iter().cloned().chain(removed).collect();
    let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => String::new(),
        count if count <= SHOWN => format!("{shown}; "),
        count => format!("{shown} and {} more; ", count - SHOWN),
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
