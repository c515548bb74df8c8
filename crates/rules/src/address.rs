//! IP addresses and ranges.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::Invalid;

/// The bits of `::ffff:0:0`, which stand before the address of IPv4.
const MAPPED_BITS: u8 = 96;
const RANGE: &str = "address range";

/// An address, or a range in CIDR notation; an address is the range of itself, and host bits are cleared.
///
/// An IPv4-mapped range (`::ffff:10.0.0.0/104`) is the IPv4 range that it means: Envoy knows clients of IPv4
/// by their IPv4 address, and compares no range of the other family with it.
///
/// # Errors
/// Anything else: leading zeros, zones, prefix lengths out of range, a mapped address with less than 96 bits.
pub fn cidr(text: &str) -> Result<IpNet, Invalid> {
    let range = range(text).ok_or_else(|| {
        let way_out = "write it as 10.0.0.0/8, fd00::/8 or 10.1.2.3";
        Invalid::new(RANGE, text, "is no IP address or range", way_out)
    })?;
    Ok(unmapped(text, range)?.trunc())
}

/// As Go's `net.ParseCIDR`: the parser of [`IpNet`] takes leading zeros, which some read as octal.
fn range(text: &str) -> Option<IpNet> {
    let Some((address, length)) = text.split_once('/') else {
        return text.parse::<IpAddr>().ok().map(IpNet::from);
    };
    if !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    IpNet::new(address.parse().ok()?, length.parse().ok()?).ok()
}

fn unmapped(text: &str, range: IpNet) -> Result<IpNet, Invalid> {
    let IpNet::V6(v6) = range else { return Ok(range) };
    let Some(v4) = v6.addr().to_ipv4_mapped() else { return Ok(range) };
    let length = v6.prefix_len();
    if let Some(length) = length.checked_sub(MAPPED_BITS)
        && let Ok(range) = IpNet::new(v4.into(), length)
    {
        return Ok(range);
    }
    let way_out = format!(
        "write the IPv4 range, as {v4}/{}, and one of IPv6 beside it if that is meant",
        length.min(32)
    );
    Err(Invalid::new(RANGE, text, "is an IPv4-mapped address with a prefix shorter than 96 bits", way_out))
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
        for bad in [
            "",
            "010.0.0.1",
            "fe80::1%eth0",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "a",
            "10.0.0/8",
            "127.0.0.01/8",
            "127.000.000.001/32",
            "::ffff:127.0.0.01/128",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
        ] {
            assert!(cidr(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_mapped_range_is_one_of_ipv4() {
        for (written, meant) in [
            ("::ffff:127.0.0.1", "127.0.0.1/32"),
            ("::ffff:7f00:1", "127.0.0.1/32"),
            ("::ffff:127.1.2.3/104", "127.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::127.0.0.1", "::7f00:1/128"),
        ] {
            assert_eq!(cidr(written).unwrap().to_string(), meant, "{written}");
        }
        let refused = cidr("::ffff:127.0.0.0/95").unwrap_err();
        assert!(refused.way_out.contains("127.0.0.0/32"), "{refused}");
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
