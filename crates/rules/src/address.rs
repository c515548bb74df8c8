//! IP addresses and ranges.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::Invalid;

/// An address, or a range in CIDR notation; an address is the range of itself, and host bits are cleared.
///
/// # Errors
/// Anything else: leading zeros, zones, prefix lengths out of range.
pub fn cidr(text: &str) -> Result<IpNet, Invalid> {
    let range =
        if text.contains('/') { text.parse().ok() } else { text.parse::<IpAddr>().ok().map(IpNet::from) };
    range.map(|range| range.trunc()).ok_or_else(|| {
        Invalid::new(
            "address range",
            text,
            "is no IP address or range",
            "write it as 10.0.0.0/8, fd00::/8 or 10.1.2.3",
        )
    })
}

/// The address of an endpoint or listener.
///
/// # Errors
/// Anything but an IPv4 or IPv6 address without a zone.
pub fn ip_address(text: &str) -> Result<IpAddr, Invalid> {
    text.parse().map_err(|_| {
        let way_out = "write an IPv4 or IPv6 address, without leading zeros, port or zone";
        Invalid::new("address", text, "is no IP address", way_out)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_always_has_a_length() {
        // ls-flt-rbac-nolen, ls-flt-rbac-cidrtext.
        assert_eq!(cidr("10.0.0.1").unwrap().to_string(), "10.0.0.1/32");
        assert_eq!(cidr("::1").unwrap().to_string(), "::1/128");
        assert_eq!(cidr("10.1.2.3/8").unwrap().to_string(), "10.0.0.0/8");
    }

    #[test]
    fn other_spellings_are_refused() {
        // ls-flt-rbac-zeros, ls-flt-rbac-zone, ls-fcm-cidrlen, ls-fcm-cidrlen129.
        for bad in ["", "010.0.0.1", "fe80::1%eth0", "10.0.0.0/33", "::/129", "10.0.0.0/", "a", "10.0.0/8"] {
            assert!(cidr(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_endpoint_has_an_address() {
        // cl-static-host, cl-static-emptyaddr, cl-static-zeros, cl-static-zone, ls-addr-bad, cl-pipe.
        assert!(ip_address("10.0.0.1").is_ok());
        for bad in
            ["", "foo.example.com", "010.0.0.1", "fe80::1%eth0", "localhost", "/var/run/x.sock", "1.2.3.4:80"]
        {
            assert!(ip_address(bad).is_err(), "{bad:?}");
        }
    }
}
