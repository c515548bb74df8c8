//! Which program has a port, as far as this user may see it: what the kernel of Linux shows in `/proc`.

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A program that has a port.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Occupant {
    pub(super) process: u32,
    name: String,
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.process)
    }
}

/// What is carried by a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    Connections,
    Datagrams,
}

impl Carried {
    /// The kernel's tables of sockets, and the state of those that keep others from a port.
    const fn tables(self) -> ([&'static str; 2], &'static str) {
        match self {
            Self::Connections => (["/proc/net/tcp", "/proc/net/tcp6"], "0A"),
            Self::Datagrams => (["/proc/net/udp", "/proc/net/udp6"], "07"),
        }
    }
}

/// The program that has an address, or all addresses with its port. `None` when that cannot be known.
pub(super) fn occupant(address: SocketAddr, carried: Carried) -> Option<Occupant> {
    let (tables, state) = carried.tables();
    let tables = tables.map(|table| fs::read_to_string(table).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines()).filter_map(Row::read);
    let sockets: Vec<_> = rows.filter(|row| row.state == state && row.keeps(address)).collect();
    let links: Vec<_> = sockets.iter().map(|row| format!("socket:[{}]", row.inode)).collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let process: u32 = numbers.find(|process| has_one_of(*process, &links))?;
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(Occupant { process, name: name.trim_end().to_owned() })
}

/// Whether one of these is among the open files of a process; those of other users are not shown.
fn has_one_of(process: u32, links: &[String]) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    let mut targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    targets.any(|target| links.iter().any(|link| target.as_os_str() == link.as_str()))
}

/// A socket.
struct Row<'a> {
    address: SocketAddr,
    state: &'a str,
    inode: &'a str,
}

impl<'a> Row<'a> {
    /// A line of a table; `None` for its head.
    fn read(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let address = address(words.nth(1)?)?;
        let state = words.nth(1)?;
        let inode = words.nth(5)?;
        Some(Self { address, state, inode })
    }

    fn keeps(&self, address: SocketAddr) -> bool {
        let ip = self.address.ip();
        self.address.port() == address.port() && (ip.is_unspecified() || ip == address.ip())
    }
}

/// An address in words of 32 bits as they are in memory, and a port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let word = |index: usize| {
        let digits = ip.get(8 * index..8 * index + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let ip = match ip.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn a_program_is_found_by_its_port_whichever_address_it_has() {
        for listening in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            let listener = TcpListener::bind(listening).unwrap();
            let asked = SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()));
            let found = occupant(asked, Carried::Connections).map(|found| found.process);
            assert_eq!(found, Some(std::process::id()), "{listening}");
        }
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let found = occupant(socket.local_addr().unwrap(), Carried::Datagrams);
        assert_eq!(found.map(|found| found.process), Some(std::process::id()));
    }

    #[test]
    fn a_port_of_another_address_is_not_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let asked = SocketAddr::from(([127, 0, 0, 2], listener.local_addr().unwrap().port()));
        assert_eq!(occupant(asked, Carried::Connections), None);
    }
}
