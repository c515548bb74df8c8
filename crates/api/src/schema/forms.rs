//! Forms of text: each a pattern for the schema, and the same as a function that says what is wrong with a text.

use crate::duration::{self, Timeout};

mod gateway_api;

pub(crate) use gateway_api::{
    ADDRESS_TYPE, CONTROLLER_NAME, CORS_ORIGIN, GATEWAY_DURATION, GROUP, GRPC_METHOD, GRPC_SERVICE,
    HEADER_VALUE, KIND, LABEL_VALUE, PATH_CHARACTERS, PROTOCOL, URI, WELL_KNOWN_CA, is_label_key,
};

/// Host name of a virtual host.
pub(crate) const FQDN: &str = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// Host name without wildcard.
pub(crate) const DNS_NAME: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// Name of a namespace; its length is bounded apart.
pub(crate) const LABEL: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// Header name or method.
pub(crate) const TOKEN: &str = r"^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$";
/// Path of a redirect.
pub(crate) const PATH: &str = r"^/[^\n\r]*$";
/// Name of a cookie.
pub(crate) const COOKIE_NAME: &str = r#"^[^()<>@,;:\\"/\[\]?={} \x00-\x1f\x7f]+$"#;
/// Value of a cookie's attribute.
pub(crate) const COOKIE_VALUE: &str = r"^[^;\x00-\x1f\x7f]+$";
/// A decimal number as text.
pub(crate) const DECIMAL: &str = r"^([0-9]+(\.[0-9]+)?|\.[0-9]+)$";
/// A Go duration.
pub(crate) const DURATION: &str = r"^(([0-9]+(\.[0-9]*)?|\.[0-9]+)(h|m|s|ms|us|µs|ns))+$";
/// A Go duration, or no limit.
pub(crate) const TIMEOUT: &str = r"^((([0-9]+(\.[0-9]*)?|\.[0-9]+)(h|m|s|ms|us|µs|ns))+|infinity|infinite)$";
/// A Go duration, or `0`.
pub(crate) const MAX_AGE: &str = r"^((([0-9]+(\.[0-9]*)?|\.[0-9]+)(h|m|s|ms|us|µs|ns))+|0)$";
/// A word with a DNS name as prefix, as types of conditions are.
pub(crate) const QUALIFIED_NAME: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$";
/// Reason of a condition.
pub(crate) const REASON: &str = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$";

/// What is wrong with a text, as the end of "found …, "; `None` if it has the form.
type Refusal = fn(&str) -> Option<String>;

/// Every pattern with its function; those of the Gateway API are apart.
pub(crate) const ALL: &[(&str, Refusal)] = &[
    (FQDN, |text| {
        let is_fqdn = is_dns_name(text.strip_prefix("*.").unwrap_or(text));
        expected(is_fqdn, "a lower-case DNS name, one leading \"*.\" allowed")
    }),
    (DNS_NAME, |text| expected(is_dns_name(text), "a lower-case DNS name")),
    (LABEL, |text| expected(is_label(text), "a name of lower-case letters, digits and \"-\", at most 63")),
    (TOKEN, |text| expected(is_token(text), "a token of letters, digits and !#$%&'*+-.^_`|~")),
    (PATH, |text| {
        let is_path = text.starts_with('/') && !text.contains(['\n', '\r']);
        expected(is_path, "a path that begins with \"/\"")
    }),
    (COOKIE_NAME, |text| {
        let refused = |c: char| c.is_ascii_control() || COOKIE_SEPARATORS.contains(c);
        let is_name = !text.is_empty() && !text.chars().any(refused);
        expected(is_name, "a cookie name without spaces, quotes and separators")
    }),
    (COOKIE_VALUE, |text| {
        let is_value = !text.is_empty() && !text.chars().any(|c| c.is_ascii_control() || c == ';');
        expected(is_value, "text without \";\" and control characters")
    }),
    (DECIMAL, |text| expected(is_decimal(text), "a decimal number such as \"1.0\"")),
    (DURATION, why_no_duration),
    (TIMEOUT, |text| match Timeout::parse(text) {
        Ok(Timeout::Infinite) => None,
        _ => why_no_duration(text).map(|why| format!("{why}, or infinity")),
    }),
    (MAX_AGE, |text| if text == "0" { None } else { why_no_duration(text) }),
    (QUALIFIED_NAME, |text| expected(is_qualified_name(text), "a word such as \"Valid\"")),
    (REASON, |text| expected(is_reason(text), "a word such as \"ErrorPresent\"")),
];

/// What is wrong with a text by this pattern.
pub(crate) fn refusal(pattern: &str, text: &str) -> Option<String> {
    let (_, refusal) = every().find(|(known, _)| *known == pattern)?;
    refusal(text)
}

fn every() -> impl Iterator<Item = &'static (&'static str, Refusal)> {
    ALL.iter().chain(gateway_api::ALL)
}

fn expected(holds: bool, what: &str) -> Option<String> {
    (!holds).then(|| format!("expected {what}"))
}

/// The pattern cannot bound the sum, and wants a unit after every number.
fn why_no_duration(text: &str) -> Option<String> {
    use duration::InvalidDuration::{MissingNumber, MissingUnit, TooLong, UnknownUnit};
    let why = match duration::parse(text) {
        Err(TooLong) => return None,
        Err(why) => why,
        Ok(_) if text.starts_with(['+', '-']) => MissingNumber,
        Ok(_) if text.contains('\u{3bc}') => UnknownUnit,
        Ok(_) if text == "0" => MissingUnit,
        Ok(_) => return None,
    };
    Some(why.to_string())
}

const COOKIE_SEPARATORS: &str = "()<>@,;:\\\"/[]?={} ";

pub(crate) fn is_dns_name(text: &str) -> bool {
    text.split('.').all(is_label)
}

pub(crate) fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        None => !text.is_empty() && digits(text),
        Some((whole, fraction)) => digits(whole) && !fraction.is_empty() && digits(fraction),
    }
}

fn is_qualified_name(text: &str) -> bool {
    let (is_prefixed, name) = match text.split_once('/') {
        Some((prefix, name)) => (is_dns_name(prefix), name),
        None => (true, text),
    };
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let ends_well = |c: char| c.is_ascii_alphanumeric();
    is_prefixed && name.chars().all(inner) && name.starts_with(ends_well) && name.ends_with(ends_well)
}

fn is_reason(text: &str) -> bool {
    let last = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let inner = |c: char| last(c) || c == ',' || c == ':';
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    starts && text.chars().all(inner) && text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_too_long_duration_is_left_to_those_who_know_its_field() {
        assert_eq!(refusal(DURATION, "99999999h"), None);
    }

    #[test]
    fn an_unknown_pattern_refuses_nothing() {
        assert_eq!(refusal("^a$", "b"), None);
    }

    /// Texts near a form, and of letters that any form treats apart.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "[-a-z0-9.*A/_,:]{0,8}",
            "[-+.0-9hmsnu\u{b5}\u{3bc}]{0,8}",
            "([0-9]{1,3}(h|m|s|ms|\u{b5}s)){1,3}",
            "(infinity|infinite|0|/|\\*\\.a|a/B|\\.5)[a\n\r]?",
            "(https?://|x:/|a\\.b)?(\\*\\.?)?[aB.:/%0-]{0,5}(:[0-9]{1,6})?",
            "[%./_ A][%a-f0-9G/_ \t.-]{0,6}",
            "[a.]{0,2}(IPAddress|Hostname|NamedAddress|System|a/b)[a/.]{0,2}",
            proptest::collection::vec(any::<char>(), 0..4).prop_map(String::from_iter),
            "[ -~\\x00-\\x1f\\x7f]{1,3}",
        ]
    }

    proptest! {
        #[test]
        fn the_function_says_what_the_pattern_says(text in texts()) {
            static EXPRESSIONS: LazyLock<Vec<regex::Regex>> =
                LazyLock::new(|| every().map(|(pattern, _)| regex::Regex::new(pattern).unwrap()).collect());
            for ((pattern, refusal), expression) in every().zip(&*EXPRESSIONS) {
                let matches = expression.is_match(&text);
                prop_assert_eq!(refusal(&text).is_none(), matches, "{} {:?}", pattern, text);
            }
        }
    }
}
