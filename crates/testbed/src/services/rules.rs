//! The rules of the packet filter: from the address of a Service to one of its endpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// What a connection is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Tcp,
    Udp,
}

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    host: String,
    port: u16,
}

/// Where each address of a Service leads.
pub(super) type Destinations = BTreeMap<(Protocol, Address), BTreeSet<Address>>;

impl Protocol {
    pub(super) fn parse(text: Option<&str>) -> Self {
        if text == Some("UDP") { Self::Udp } else { Self::Tcp }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl Address {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }

    pub(super) fn host(&self) -> String {
        self.host.clone()
    }
}

/// As an element of a map of the packet filter.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} . {}", self.host, self.port)
    }
}

/// Puts these in the place of all that were there, at once.
pub(super) async fn install(destinations: &Destinations) -> Result<()> {
    let text = text(destinations);
    let outcome = tokio::task::spawn_blocking(move || feed(&text)).await?;
    if let Some(words) = outcome? {
        bail!("nft: {words}");
    }
    Ok(())
}

/// What it complains about.
fn feed(text: &str) -> io::Result<Option<String>> {
    let mut command = Command::new("nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut filter = command.spawn()?;
    if let Some(mut input) = filter.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let output = filter.wait_with_output()?;
    Ok((!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned()))
}

fn text(destinations: &Destinations) -> String {
    let mut table = String::from("table ip services {}\ndelete table ip services\ntable ip services {\n");
    let mut targets = BTreeSet::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let (mut single, mut many) = (Vec::new(), Vec::new());
        for (number, ((_, from), to)) in
            destinations.iter().enumerate().filter(|(_, ((own, _), _))| *own == protocol)
        {
            match to.first() {
                Some(only) if to.len() == 1 => single.push(format!("{from} : {only}")),
                _ => {
                    many.push(format!("{from} : goto {protocol}_{number}"));
                    targets.extend(to.iter().map(|to| (protocol, to)));
                    table += &spread(protocol, number, to);
                }
            }
        }
        table += &map(&format!("one_{protocol}"), "ipv4_addr . inet_service", &single);
        table += &map(&format!("many_{protocol}"), "verdict", &many);
    }
    let chains = targets.into_iter().map(|(protocol, to)| {
        format!(
            "chain {} {{ meta l4proto {protocol} dnat to {}:{}; }}\n",
            target(protocol, to),
            to.host,
            to.port
        )
    });
    // A chain must be known before another goes to it; what is written first in a table need not be.
    table.extend(chains);
    for (chain, hook) in [("from_node", "output"), ("from_pods", "prerouting")] {
        let _ = write!(table, "chain {chain} {{ type nat hook {hook} priority -100;");
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let _ = write!(table, " dnat to ip daddr . {protocol} dport map @one_{protocol};");
            let _ = write!(table, " ip daddr . {protocol} dport vmap @many_{protocol};");
        }
        table += " }\n";
    }
    // A pod that reaches itself, or a neighbour, by a Service must get its answers by the way they went.
    table += "chain back { type nat hook postrouting priority 100;";
    table += " ip saddr 10.88.0.0/16 ip daddr 10.88.0.0/16 ct status dnat masquerade; }\n}\n";
    table
}

fn map(name: &str, to: &str, elements: &[String]) -> String {
    let elements = match elements {
        [] => String::new(),
        some => format!(" elements = {{ {} }};", some.join(", ")),
    };
    format!("map {name} {{ type ipv4_addr . inet_service : {to};{elements} }}\n")
}

fn spread(protocol: Protocol, number: usize, to: &BTreeSet<Address>) -> String {
    let ways = to.iter().enumerate().map(|(at, to)| format!("{at} : goto {}", target(protocol, to)));
    let ways: Vec<String> = ways.collect();
    format!(
        "chain {protocol}_{number} {{ numgen random mod {} vmap {{ {} }}; }}\n",
        to.len(),
        ways.join(", ")
    )
}

fn target(protocol: Protocol, to: &Address) -> String {
    format!("to_{protocol}_{}_{}", to.host.replace('.', "_"), to.port)
}
