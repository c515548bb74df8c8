//! Ports for programs that bind them themselves, such as Envoy's listeners.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// A port that is free and that no other test takes, in this process or another, as long as the value
/// lives.
///
/// It lies below the range from which the kernel takes ports by itself. It is held by a lock on a file
/// in the folder for temporary files; the kernel lets go of it however the process ends.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

const RANGE: Range<u16> = 18_000..32_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

impl Port {
    /// Reserves a port. Panics when none is left.
    pub fn reserve() -> Self {
        // Processes start in different places, so that they rarely meet.
        let length = u32::from(RANGE.end - RANGE.start);
        let start = std::process::id().wrapping_mul(37) % length;
        for _ in RANGE {
            let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let offset = u16::try_from((start + step) % length).unwrap_or(0);
            if let Some(port) = Self::try_reserve(RANGE.start + offset) {
                return port;
            }
        }
        panic!("no free port in {RANGE:?}")
    }

    /// The number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The port on the loopback address.
    pub fn address(&self) -> std::net::SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }

    fn try_reserve(number: u16) -> Option<Self> {
        let lock = lock_file(number);
        lock.try_lock().ok()?;
        is_free(number).then_some(Self { number, _lock: lock })
    }
}

fn lock_file(number: u16) -> File {
    let folder = std::env::temp_dir().join("isobath-test-ports");
    fs::create_dir_all(&folder).expect("the folder for temporary files is writable");
    let options =
        File::options().write(true).create(true).truncate(false).open(folder.join(number.to_string()));
    options.expect("the folder for temporary files is writable")
}

/// UDP too, for HTTP/3.
fn is_free(number: u16) -> bool {
    let any = (Ipv4Addr::UNSPECIFIED, number);
    TcpListener::bind(any).is_ok() && UdpSocket::bind(any).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_not_given_twice() {
        let first = Port::reserve();
        assert!(Port::try_reserve(first.number()).is_none());
        let number = first.number();
        drop(first);
        assert!(Port::try_reserve(number).is_some());
    }

    #[test]
    fn a_port_in_use_is_not_given() {
        let port = Port::reserve();
        let number = port.number();
        let taken = TcpListener::bind(port.address()).unwrap();
        drop(port);
        assert!(Port::try_reserve(number).is_none());
        drop(taken);
    }
}
