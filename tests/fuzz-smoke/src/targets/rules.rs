//! The rules for values that reach Envoy: what they let through is safe where it goes.

use rules::{Host, Invalid, Substitutions};

/// Asks every rule about the bytes.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    names(&text);
    line(rules::escape_header_value(&text, &Substitutions::default()));
    line(rules::rewrite_path(&text));
    line(rules::redirect_path(&text));
    line(rules::health_check_path(&text));
    line(rules::authority(&text));
    line(rules::cookie_domain(&text));
    line(rules::path(&text).map(rules::Path::into_string));
    line(rules::cookie_path(&text).map(str::to_owned));
    line(rules::cookie_name(&text).map(str::to_owned));
    line(rules::redirect_scheme(&text).map(str::to_owned));
    line(rules::retry_on(&text).map(str::to_owned));
    line(rules::cidr(&text).map(|range| range.to_string()));
    line(rules::ip_address(&text).map(|address| address.to_string()));
}

fn names(text: &str) {
    line(rules::matched_header(text));
    line(rules::set_header(text).map(rules::HeaderName::into_string));
    if let Ok(host) = Host::parse(text) {
        assert_eq!(Host::parse(host.as_str()).as_ref(), Ok(&host), "a host has one spelling");
        assert!(!host.as_str().contains([' ', ':', '/', ';']));
    }
    line(Host::parse(text).map(Host::into_string));
}

/// What passes, and every message, is one line.
fn line(verdict: Result<String, Invalid>) {
    let shown = verdict.unwrap_or_else(|invalid| invalid.to_string());
    assert!(!shown.contains(['\r', '\n', '\0']), "{shown:?}");
}
