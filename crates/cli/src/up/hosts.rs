//! What every host does, in words: a table at the start, one line for each host that changes.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use comfy_table::{LineStyle, Table, TableStyle};
use model::{Action, Listener, Traffic, Transport, VirtualHost, VirtualHostKey};

use super::screen::Screen;
use crate::words::{backends, route, text};

/// Hosts that are followed: to describe more takes longer than a change may.
const FOLLOWED: usize = 500;
/// Rows of the table, and lines for one change.
const ROWS: usize = 40;
/// Routes of one host that are written out.
const ROUTES: usize = 4;

/// What is served: every host, and the listeners that hosts are on.
pub(super) struct Served {
    pub(super) hosts: BTreeMap<VirtualHostKey, VirtualHost>,
    pub(super) listeners: Vec<Listener>,
}

/// What was shown of a host.
#[derive(PartialEq)]
struct Line {
    url: String,
    serves: String,
}

/// The hosts, as far as they were shown; `None` when there are too many to follow.
pub(super) struct Hosts(Option<BTreeMap<VirtualHostKey, Line>>);

impl Hosts {
    /// None are known.
    pub(super) const fn new() -> Self {
        Self(Some(BTreeMap::new()))
    }

    /// Whether changes of hosts are shown.
    pub(super) const fn are_followed(&self) -> bool {
        self.0.is_some()
    }

    /// Shows all of them.
    pub(super) fn show_all(&mut self, served: &Served, screen: &Screen) {
        let hosts = served.hosts.len();
        if hosts == 0 {
            screen.line("no hosts are served yet");
        } else {
            screen.line(&served.table().to_string());
        }
        if hosts > ROWS {
            screen.line(&format!("and {} more hosts", hosts - ROWS));
        }
        self.0 = served.lines();
    }

    /// Shows those that differ from what was shown.
    pub(super) fn show_changes(&mut self, served: &Served, screen: &Screen) {
        let Some(known) = std::mem::replace(&mut self.0, served.lines()) else { return };
        let Some(now) = &self.0 else {
            return screen
                .line(&format!("more than {FOLLOWED} hosts: their changes are not listed any more"));
        };
        let mut lines: Vec<String> = Vec::new();
        for (key, line) in now {
            let sign = match known.get(key) {
                None => '+',
                Some(before) if before != line => '~',
                Some(_) => continue,
            };
            lines.push(format!("  {sign} {}  {}", line.url, line.serves.replace('\n', ", ")));
        }
        let gone = known.iter().filter(|(key, _)| !now.contains_key(key));
        lines.extend(gone.map(|(_, line)| format!("  - {}", line.url)));
        for line in lines.iter().take(ROWS) {
            screen.line(line);
        }
        if lines.len() > ROWS {
            screen.line(&format!("  and {} more hosts", lines.len() - ROWS));
        }
    }
}

impl Served {
    fn lines(&self) -> Option<BTreeMap<VirtualHostKey, Line>> {
        let line = |(key, host): (&VirtualHostKey, &VirtualHost)| {
            Some((key.clone(), Line { url: url(key, self.listener(key)?), serves: serves(host) }))
        };
        (self.hosts.len() <= FOLLOWED).then(|| self.hosts.iter().filter_map(line).collect())
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        let line = LineStyle::none().fill('─').junction('─');
        table.load_style(TableStyle::new().top_border(line).header_separator(line).bottom_border(line));
        table.set_header(["host", "address", "routes"]);
        for (key, host) in self.hosts.iter().take(ROWS) {
            if let Some(listener) = self.listener(key) {
                table.add_row([text(&key.host), address(listener), serves(host)]);
            }
        }
        table
    }

    fn listener(&self, key: &VirtualHostKey) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.id == key.listener)
    }
}

const fn scheme(listener: &Listener) -> &'static str {
    match listener.transport {
        Transport::Plaintext => "http",
        Transport::Tls => "https",
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

/// Where a listener is, and whose it is unless it is the ingress's.
fn address(listener: &Listener) -> String {
    let Listener { id, bind, .. } = listener;
    let address = format!("{}://{}", scheme(listener), SocketAddr::new(bind.address, bind.port));
    if id.fleet().is_ingress() { address } else { format!("{address}\n{}", id.fleet()) }
}

fn url(key: &VirtualHostKey, listener: &Listener) -> String {
    let Listener { id, bind, .. } = listener;
    let url = format!("{}://{}:{}", scheme(listener), text(&key.host), bind.port);
    if id.fleet().is_ingress() { url } else { format!("{url} at {} ({})", bind.address, id.fleet()) }
}

/// What a host does, one route a line.
fn serves(host: &VirtualHost) -> String {
    let routes = match &host.traffic {
        Traffic::Tcp(targets) if host.tls.is_none() => {
            return format!("TLS passed through to {}", backends(&targets.clusters));
        }
        Traffic::Tcp(targets) => return format!("TCP to {}", backends(&targets.clusters)),
        Traffic::Udp(targets) => return format!("UDP to {}", backends(&targets.clusters)),
        Traffic::Http(routes) => routes,
    };
    if !routes.is_empty() && routes.iter().all(|route| matches!(route.action, Action::UpgradeToHttps(_))) {
        return "redirects to https".into();
    }
    let mut lines: Vec<_> = routes.iter().take(ROUTES).map(route).collect();
    if routes.len() > ROUTES {
        lines.push(format!("and {} more routes", routes.len() - ROUTES));
    }
    lines.join("\n")
}
