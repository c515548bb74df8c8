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

/// One transaction that keeps what is hooked into the kernel: without its hooks for a moment, packets of open
/// connections would go out under addresses that the other side does not know.
fn text(destinations: &Destinations) -> String {
    let mut text = String::from("add table ip services\n");
    let mut targets = BTreeSet::new();
    for (chain, hook, priority) in
        [("from_node", "output", -100), ("from_pods", "prerouting", -100), ("back", "postrouting", 100)]
    {
        let _ = writeln!(
            text,
            "add chain ip services {chain} {{ type nat hook {hook} priority {priority}; }}\nflush chain ip services {chain}"
        );
    }
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let (mut single, mut many) = (Vec::new(), Vec::new());
        for ((_, from), to) in destinations.iter().filter(|((own, _), _)| *own == protocol) {
            match to.first() {
                Some(only) if to.len() == 1 => single.push(format!("{from} : {only}")),
                _ => {
                    let spreading = name("from", protocol, from);
                    many.push(format!("{from} : goto {spreading}"));
                    targets.extend(to.iter().map(|to| (protocol, to)));
                    text += &chain(&spreading, &spread(protocol, to));
                }
            }
        }
        text += &map(&format!("one_{protocol}"), "ipv4_addr . inet_service", &single);
        text += &map(&format!("many_{protocol}"), "verdict", &many);
    }
    // A chain must be known before another goes to it.
    let known = targets.into_iter().map(|(protocol, to)| {
        chain(&name("to", protocol, to), &format!("meta l4proto {protocol} dnat to {}:{}", to.host, to.port))
    });
    let mut text = known.collect::<String>() + &text;
    text.insert_str(0, "add table ip services\n");
    for chain in ["from_node", "from_pods"] {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let rules = [
                format!("dnat to ip daddr . {protocol} dport map @one_{protocol}"),
                format!("ip daddr . {protocol} dport vmap @many_{protocol}"),
            ];
            for rule in rules {
                let _ = writeln!(text, "add rule ip services {chain} {rule}");
            }
        }
    }
    // A pod that reaches itself, or a neighbour, by a Service must get its answers by the way they went.
    text +=
        "add rule ip services back ip saddr 10.88.0.0/16 ip daddr 10.88.0.0/16 ct status dnat masquerade\n";
    text
}

/// A chain with one rule, in place of what it was. One that nothing leads to any more stays, and does nothing.
fn chain(name: &str, rule: &str) -> String {
    format!(
        "add chain ip services {name}\nflush chain ip services {name}\nadd rule ip services {name} {rule}\n"
    )
}

fn map(name: &str, to: &str, elements: &[String]) -> String {
    let mut text = format!("add map ip services {name} {{ type ipv4_addr . inet_service : {to}; }}\n");
    let _ = writeln!(text, "flush map ip services {name}");
    if !elements.is_empty() {
        let _ = writeln!(text, "add element ip services {name} {{ {} }}", elements.join(", "));
    }
    text
}

fn spread(protocol: Protocol, to: &BTreeSet<Address>) -> String {
    let ways = to.iter().enumerate().map(|(at, to)| format!("{at} : goto {}", name("to", protocol, to)));
    let ways: Vec<String> = ways.collect();
    format!("numgen random mod {} vmap {{ {} }}", to.len(), ways.join(", "))
}

/// Of a chain. It is made of the address alone: one that named other addresses from one version to the next would lead
/// a connection astray while the kernel goes from chain to chain.
fn name(way: &str, protocol: Protocol, address: &Address) -> String {
    format!("{way}_{protocol}_{}_{}", address.host.replace('.', "_"), address.port)
}
