//! What every host does, in words: a table at the start, one line for each host that changes.

use std::collections::BTreeMap;

use comfy_table::{LineStyle, Table, TableStyle};
use model::{Action, Bind, Settings, Traffic, VirtualHost, VirtualHostKey};

use super::screen::Screen;
use crate::words::{backends, route, text};

/// Hosts that are followed: to describe more takes longer than a change may.
const FOLLOWED: usize = 500;
/// Rows of the table, and lines for one change.
const ROWS: usize = 40;
/// Routes of one host that are written out.
const ROUTES: usize = 4;

/// The hosts, as far as they were shown.
pub(super) struct Hosts {
    settings: Settings,
    /// What each does; `None` when there are too many to follow.
    known: Option<BTreeMap<VirtualHostKey, String>>,
}

impl Hosts {
    /// None are known.
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, known: Some(BTreeMap::new()) }
    }

    /// Whether changes of hosts are shown.
    pub(super) fn are_followed(&self) -> bool {
        self.known.is_some()
    }

    /// Shows all of them.
    pub(super) fn show_all(&mut self, hosts: &BTreeMap<VirtualHostKey, VirtualHost>, screen: &Screen) {
        if hosts.is_empty() {
            screen.line("no hosts are served yet");
        } else {
            screen.line(&self.table(hosts).to_string());
        }
        if hosts.len() > ROWS {
            screen.line(&format!("and {} more hosts", hosts.len() - ROWS));
        }
        self.know(hosts);
    }

    /// Shows those that differ from what was shown.
    pub(super) fn show_changes(&mut self, hosts: &BTreeMap<VirtualHostKey, VirtualHost>, screen: &Screen) {
        let Some(known) = self.known.take() else { return };
        self.know(hosts);
        let Some(now) = &self.known else {
            return screen
                .line(&format!("more than {FOLLOWED} hosts: their changes are not listed any more"));
        };
        let mut lines: Vec<String> = Vec::new();
        for (key, serves) in now {
            let sign = match known.get(key) {
                None => '+',
                Some(before) if before != serves => '~',
                Some(_) => continue,
            };
            lines.push(format!("  {sign} {}  {}", self.url(key), serves.replace('\n', ", ")));
        }
        let gone = known.keys().filter(|key| !now.contains_key(*key));
        lines.extend(gone.map(|key| format!("  - {}", self.url(key))));
        for line in lines.iter().take(ROWS) {
            screen.line(line);
        }
        if lines.len() > ROWS {
            screen.line(&format!("  and {} more hosts", lines.len() - ROWS));
        }
    }

    fn know(&mut self, hosts: &BTreeMap<VirtualHostKey, VirtualHost>) {
        let described = || hosts.iter().map(|(key, host)| (key.clone(), serves(host))).collect();
        self.known = (hosts.len() <= FOLLOWED).then(described);
    }

    fn table(&self, hosts: &BTreeMap<VirtualHostKey, VirtualHost>) -> Table {
        let mut table = Table::new();
        let line = LineStyle::none().fill('─').junction('─');
        table.load_style(TableStyle::new().top_border(line).header_separator(line).bottom_border(line));
        table.set_header(["host", "address", "routes"]);
        for (key, host) in hosts.iter().take(ROWS) {
            let (scheme, bind) = self.listener(key);
            let address = format!("{scheme}://{}", authority(bind));
            table.add_row([text(&key.host), address, serves(host)]);
        }
        table
    }

    fn url(&self, key: &VirtualHostKey) -> String {
        let (scheme, bind) = self.listener(key);
        format!("{scheme}://{}:{}", text(&key.host), bind.port)
    }

    fn listener(&self, key: &VirtualHostKey) -> (&'static str, Bind) {
        if key.listener == self.settings.https_listener() {
            ("https", self.settings.https)
        } else {
            ("http", self.settings.http)
        }
    }
}

fn authority(bind: Bind) -> String {
    std::net::SocketAddr::new(bind.address, bind.port).to_string()
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
    if !routes.is_empty() && routes.iter().all(|route| route.action == Action::UpgradeToHttps) {
        return "redirects to https".into();
    }
    let mut lines: Vec<_> = routes.iter().take(ROUTES).map(route).collect();
    if routes.len() > ROUTES {
        lines.push(format!("and {} more routes", routes.len() - ROUTES));
    }
    lines.join("\n")
}
