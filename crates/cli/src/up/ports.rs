//! Whether the ports that Envoy is to open are free.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::bail;
use model::{Bind, Settings};

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
        check_one(flag, *bind)?;
    }
    Ok(())
}

fn check_one(flag: &str, bind: Bind) -> anyhow::Result<()> {
    let address = SocketAddr::new(bind.address, bind.port);
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("{flag}: {address} is in use by another program; end it, or choose another port")
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            bail!("{flag}: {address} may not be opened by this user; choose a port above 1023")
        }
        Err(error) => bail!("{flag}: {address} cannot be opened: {error}"),
    }
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
        assert!(message.starts_with("--http-port: ") && message.contains("in use"), "{message}");
    }

    #[test]
    fn two_flags_with_one_port_are_refused() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let message = check(&settings(free, free), 0).unwrap_err().to_string();
        assert!(message.starts_with("--https-port: "), "{message}");
    }
}
