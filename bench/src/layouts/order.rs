//! What the two processes say to one another, each in one line.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::step::{Transport, Wanted};

/// What the clients are told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// Ask until an answer is the wanted one, and a neighbour meanwhile.
    Watch(Watch),
    /// Ask so many times on so many connections.
    Load { address: SocketAddr, host: String, connections: usize, requests: usize },
}

/// A host to ask for until the answer is the wanted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watch {
    pub(super) transport: Transport,
    pub(super) address: SocketAddr,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) wanted: Wanted,
}

/// What came of a [`Watch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watched {
    /// When the wanted answer was there.
    pub(super) at: Duration,
    /// The longest that the neighbour waited for an answer.
    pub(super) longest: Duration,
    /// The neighbour's requests that failed.
    pub(super) failed: u64,
    /// How often the neighbour's connection was closed.
    pub(super) closed: u64,
}

/// What came of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) took: Duration,
    pub(super) failed: u64,
}

/// The time, on a clock that both processes have.
pub(super) fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    let part = |value: i64| u64::try_from(value).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

impl Order {
    /// The order as a line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Watch(Watch { transport, address, host, path, wanted }) => {
                format!("watch {transport} {address} {host} {path} {wanted}")
            }
            Self::Load { address, host, connections, requests } => {
                format!("load {address} {host} {connections} {requests}")
            }
        }
    }

    /// The order of a line.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["watch", transport, address, host, path, wanted] => Ok(Self::Watch(Watch {
                transport: transport.parse()?,
                address: parsed(address)?,
                host: (*host).to_owned(),
                path: (*path).to_owned(),
                wanted: wanted.parse()?,
            })),
            ["load", address, host, connections, requests] => Ok(Self::Load {
                address: parsed(address)?,
                host: (*host).to_owned(),
                connections: parsed(connections)?,
                requests: parsed(requests)?,
            }),
            _ => Err(format!("no order: {line}")),
        }
    }
}

impl Watched {
    pub(super) fn line(&self) -> String {
        let Self { at, longest, failed, closed } = self;
        format!("{} {} {failed} {closed}", at.as_nanos(), longest.as_nanos())
    }

    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let [at, longest, failed, closed] = numbers(line)?;
        let (at, longest) = (Duration::from_nanos(at), Duration::from_nanos(longest));
        Ok(Self { at, longest, failed, closed })
    }
}

impl Loaded {
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.took.as_nanos(), self.failed)
    }

    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let [took, failed] = numbers(line)?;
        Ok(Self { took: Duration::from_nanos(took), failed })
    }
}

fn numbers<const N: usize>(line: &str) -> Result<[u64; N], String> {
    let numbers = line.split(' ').map(parsed).collect::<Result<Vec<_>, _>>()?;
    numbers.try_into().map_err(|_| format!("not {N} numbers: {line}"))
}

fn parsed<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("not understood: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_was_meant() {
        let address = ([127, 0, 0, 1], 8080).into();
        let (host, path) = ("a.example.com".to_owned(), "/base".to_owned());
        let watch =
            Watch { transport: Transport::Tls, address, host: host.clone(), path, wanted: Wanted::OkAnew };
        for order in [Order::Watch(watch), Order::Load { address, host, connections: 4, requests: 100 }] {
            assert_eq!(Order::parse(&order.line()), Ok(order));
        }
        let at = Duration::from_nanos(7);
        let watched = Watched { at, longest: at * 2, failed: 3, closed: 4 };
        assert_eq!(Watched::parse(&watched.line()), Ok(watched));
        let loaded = Loaded { took: at, failed: 1 };
        assert_eq!(Loaded::parse(&loaded.line()), Ok(loaded));
        assert_eq!(Order::parse("wait"), Err("no order: wait".into()));
    }
}
