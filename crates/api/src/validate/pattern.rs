//! Forms of text: the patterns of the CRD, written as predicates.

/// A form of text and its name in messages.
#[derive(Clone, Copy)]
pub(super) struct Pattern {
    pub(super) matches: fn(&str) -> bool,
    /// Completes "expected …".
    pub(super) expected: &'static str,
}

/// Host name of a virtual host.
pub(super) const FQDN: Pattern = Pattern {
    matches: |text| is_dns_name(text.strip_prefix("*.").unwrap_or(text)),
    expected: "a lower-case DNS name, one leading \"*.\" allowed",
};

/// Host name without wildcard.
pub(super) const DNS_NAME: Pattern = Pattern { matches: is_dns_name, expected: "a lower-case DNS name" };

/// Name of a namespace.
pub(super) const LABEL: Pattern = Pattern {
    matches: |text| is_label(text) && text.len() <= 63,
    expected: "a name of lower-case letters, digits and \"-\", at most 63",
};

/// Name of a Service: a label that begins with a letter.
pub(super) const SERVICE_NAME: Pattern = Pattern {
    matches: |text| is_label(text) && text.len() <= 63 && text.starts_with(|c: char| c.is_ascii_lowercase()),
    expected: "a name of lower-case letters, digits and \"-\" that begins with a letter, at most 63",
};

/// Name of an object.
pub(super) const OBJECT_NAME: Pattern = Pattern {
    matches: |text| is_dns_name(text) && text.len() <= 253,
    expected: "a name of lower-case letters, digits, \"-\" and \".\", at most 253",
};

/// Header name or method.
pub(super) const TOKEN: Pattern = Pattern {
    matches: |text| !text.is_empty() && text.bytes().all(is_token_byte),
    expected: "a token of letters, digits and !#$%&'*+-.^_`|~",
};

/// Path of a redirect.
pub(super) const PATH: Pattern = Pattern {
    matches: |text| text.starts_with('/') && !text.contains(['\n', '\r']),
    expected: "a path that begins with \"/\"",
};

/// Name of a cookie.
pub(super) const COOKIE_NAME: Pattern = Pattern {
    matches: |text| {
        !text.is_empty() && !text.chars().any(|c| c.is_ascii_control() || COOKIE_SEPARATORS.contains(c))
    },
    expected: "a cookie name without spaces, quotes and separators",
};

const COOKIE_SEPARATORS: &str = "()<>@,;:\\\"/[]?={} \t";

/// Value of a cookie's attribute.
pub(super) const COOKIE_VALUE: Pattern = Pattern {
    matches: |text| !text.chars().any(|c| c.is_ascii_control() || c == ';'),
    expected: "text without \";\" and control characters",
};

/// A positive decimal number as text.
pub(super) const DECIMAL: Pattern =
    Pattern { matches: is_decimal, expected: "a decimal number such as \"1.0\"" };

fn is_dns_name(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        None => !text.is_empty() && digits(text),
        Some((whole, fraction)) => digits(whole) && !fraction.is_empty() && digits(fraction),
    }
}
