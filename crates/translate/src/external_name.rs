//! Which names an ExternalName Service may point to.
//!
//! Envoy can reach its own administration, the controller and the machine's metadata service; a Service
//! must not. Literals are refused in every spelling that a resolver takes; a name that merely resolves to
//! such an address cannot be seen from here, which is why the switch is off by default.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};

use model::Settings;

/// Names of the machine itself.
const LOCAL_NAMES: [&str; 3] = ["localhost", "localhost.localdomain", "local.projectcontour.io"];

/// Checks the target of an ExternalName Service.
///
/// # Errors
/// Why it cannot be used, in the words of the reference.
pub(crate) fn check(settings: &Settings, service: &dyn Display, target: &str) -> Result<(), String> {
    if !settings.external_names {
        return Err(format!(
            "{service} is an ExternalName service, these are not currently enabled. \
             See the config.enableExternalNameService config file setting"
        ));
    }
    let name = target.trim_end_matches('.').to_ascii_lowercase();
    if LOCAL_NAMES.contains(&name.as_str()) || name.ends_with(".localhost") {
        return Err(format!(
            "{service} is an ExternalName service that points to localhost, this is not allowed"
        ));
    }
    if literal(&name).is_some_and(is_internal) {
        return Err(format!(
            "{service} is an ExternalName service that points to a loopback, link-local or unspecified \
             IP address, this is not allowed"
        ));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if name.is_empty() || name.len() > 253 || !name.chars().all(is_name) {
        return Err(format!(
            "{service} is an ExternalName service with an externalName that is not a DNS name, \
             this is not allowed"
        ));
    }
    Ok(())
}

/// The address that a resolver reads from a literal, in any spelling.
fn literal(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let unscoped = inner.split('%').next().unwrap_or(inner);
    unscoped.parse().ok().or_else(|| classful(unscoped).map(IpAddr::V4))
}

/// An IPv4 address of one to four parts, each decimal, octal or hexadecimal, as `inet_aton` takes them.
fn classful(text: &str) -> Option<Ipv4Addr> {
    let parts = text.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|part| *part > 255) {
        return None;
    }
    let free_bits = 8 * (4 - u32::try_from(leading.len()).ok()?);
    if free_bits < 32 && *last >> free_bits != 0 {
        return None;
    }
    let leading = leading.iter().enumerate().map(|(place, part)| part << (24 - 8 * place));
    Some(Ipv4Addr::from(leading.fold(*last, |address, part| address | part)))
}

fn number(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local() || address.octets()[0] == 0,
        IpAddr::V6(address) => {
            let mapped = address.to_ipv4_mapped().or_else(|| address.to_ipv4());
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unicast_link_local()
                || mapped.is_some_and(|address| is_internal(IpAddr::V4(address)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(target: &str) -> Result<(), String> {
        check(&Settings { external_names: true, ..Settings::default() }, &"ns/x", target)
    }

    #[test]
    fn every_spelling_of_an_internal_address_is_refused() {
        for target in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0x7f.1",
            "127.0.0.1.",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "::127.0.0.1",
            "0.0.0.0",
            "0",
            "::",
            "169.254.169.254",
            "0xa9fea9fe",
            "fe80::1",
            "fe80::1%eth0",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "localhost.localdomain",
            "local.projectcontour.io.",
        ] {
            assert!(verdict(target).is_err(), "{target}");
        }
    }

    #[test]
    fn names_and_other_addresses_are_let_through() {
        for target in ["example.com", "example.com.", "10.0.0.1", "2001:db8::1", "256.1.1.1.example"] {
            assert_eq!(verdict(target), Ok(()), "{target}");
        }
    }

    #[test]
    fn nothing_is_let_through_unless_switched_on() {
        let refused = check(&Settings::default(), &"ns/x", "example.com").unwrap_err();
        assert!(refused.contains("not currently enabled"), "{refused}");
    }
}
