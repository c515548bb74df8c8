//! Whether the ports that Envoy is to open are free.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use anyhow::bail;
use model::{Bind, Listener, Settings, Transport};

use super::occupant::{Carried, occupant};

/// Checks that Envoy will be able to listen: it would only say so in its log.
///
/// # Errors
/// The first port that cannot be opened, and the flag to choose another with.
pub(super) fn check(settings: &Settings, admin_port: u16) -> anyhow::Result<()> {
    let admin = Bind { address: Ipv4Addr::LOCALHOST.into(), port: admin_port };
    let ports = [
        ("--http-port", settings.http),
        ("--https-port", settings.https),
        ("--stats-port", settings.stats),
        ("--admin-port", admin),
    ];
    for (index, (flag, bind)) in ports.iter().enumerate() {
        if let Some((other, _)) = ports[..index].iter().find(|(_, earlier)| earlier == bind && bind.port != 0)
        {
            bail!("{flag}: {} is the same port as {other}", bind.port);
        }
        if let Some(why) = hindrance(*bind, Carried::Connections, &[]) {
            bail!("{flag}: {why}, or choose another port");
        }
    }
    Ok(())
}

/// Why Envoy is not going to listen as a Gateway wants it to, and the way out; `None` when nothing is in the way, or only
/// Envoys of this run that are ending.
pub(super) fn hindrance_of(listener: &Listener, ending: &[u32]) -> Option<String> {
    let carried = match listener.transport {
        Transport::Plaintext | Transport::Tls | Transport::Tcp => Carried::Connections,
        Transport::Udp => Carried::Datagrams,
    };
    let why = hindrance(listener.bind, carried, ending)?;
    Some(format!("listener {}: {why}, or give the listener another port", listener.id))
}

/// Why a port cannot be opened, and what to do about it. These processes give it back, and share it until then.
fn hindrance(bind: Bind, carried: Carried, ending: &[u32]) -> Option<String> {
    let address = SocketAddr::new(bind.address, bind.port);
    let opened = match carried {
        Carried::Connections => TcpListener::bind(address).map(drop),
        Carried::Datagrams => UdpSocket::bind(address).map(drop),
    };
    let error = opened.err()?;
    Some(match error.kind() {
        ErrorKind::AddrInUse => match occupant(address, carried) {
            Some(occupant) if ending.contains(&occupant.process) => return None,
            Some(occupant) => format!("{address} is in use by {occupant}; end it"),
            None => format!("{address} is in use by another program; end it"),
        },
        ErrorKind::PermissionDenied => {
            format!("{address} may not be opened by this user; start this as one who may")
        }
        _ => format!("{address} cannot be opened ({error}); make it available"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(http: u16, https: u16) -> Settings {
        let local = |port| Bind { address: [127, 0, 0, 1].into(), port };
        Settings { http: local(http), https: local(https), stats: local(0), ..Settings::default() }
    }

    #[test]
    fn a_port_in_use_is_named_with_its_flag() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let message = check(&settings(port, 0), 0).unwrap_err().to_string();
        assert!(message.starts_with(&format!("--http-port: 127.0.0.1:{port} is in use by ")), "{message}");
        let own = format!("(process {}); end it, or choose another port", std::process::id());
        assert!(message.ends_with(&own) || !cfg!(target_os = "linux"), "{message}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_envoy_of_the_run_that_is_ending_is_in_nobodys_way() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let bind = Bind { address: [127, 0, 0, 1].into(), port: taken.local_addr().unwrap().port() };
        let hinders = |ending: &[u32]| hindrance(bind, Carried::Connections, ending).is_some();
        let own = std::process::id();
        assert_eq!([hinders(&[]), hinders(&[own + 1]), hinders(&[own])], [true, true, false]);
    }

    #[test]
    fn two_flags_with_one_port_are_refused() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let message = check(&settings(free, free), 0).unwrap_err().to_string();
        assert!(message.starts_with("--https-port: "), "{message}");
    }
}
