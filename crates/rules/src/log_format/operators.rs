//! The operators that may be written, and what each takes in parentheses.

/// What an operator takes in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arguments {
    /// Nothing.
    None,
    /// Nothing, or a text.
    Maybe,
    /// Nothing, or one of these words.
    Words(&'static [&'static str]),
    /// The name of a header, and perhaps another that stands in for it.
    Headers,
    /// A text.
    Text,
    /// A kind of metadata, and where in it.
    Metadata,
    /// A key, and perhaps the form of its value.
    FilterState,
}

use Arguments::{FilterState, Headers, Maybe, Metadata, None as Nothing, Text, Words};

const METADATA: [&str; 7] =
    ["ROUTE", "CLUSTER", "DYNAMIC", "UPSTREAM_HOST", "LISTENER", "VIRTUAL_HOST", "LISTENER_FILTER_CHAIN"];

impl Arguments {
    /// Why these are none that it takes.
    pub(super) fn refuse(self, given: Option<&str>) -> Option<String> {
        let text = given.unwrap_or_default();
        if text.contains(['\n', '\r']) {
            return Some("takes no line break".to_owned());
        }
        if !self.may_be_left_out() && text.is_empty() {
            return Some("needs something in parentheses".to_owned());
        }
        let wants = self.wants(given, text)?;
        Some(format!("takes {wants}"))
    }

    fn wants(self, given: Option<&str>, text: &str) -> Option<String> {
        match self {
            Nothing => given.map(|_| "nothing in parentheses".to_owned()),
            Maybe | Text => None,
            Words(words) => {
                (!text.is_empty() && !words.contains(&text)).then(|| format!("one of {}", words.join(", ")))
            }
            Headers => (!are_headers(text))
                .then(|| "the name of a header, and perhaps another behind a ?".to_owned()),
            Metadata => (!METADATA.contains(&text.split(':').next().unwrap_or_default()))
                .then(|| format!("TYPE:NAMESPACE:KEY, with a type among {}", METADATA.join(", "))),
            FilterState => (!is_filter_state(text))
                .then(|| "a key, and perhaps :PLAIN, :TYPED or :FIELD:NAME".to_owned()),
        }
    }

    /// Whether it may stand alone.
    pub(super) const fn may_be_left_out(self) -> bool {
        matches!(self, Nothing | Maybe | Words(_))
    }

    /// Whether a length may stand behind it.
    pub(super) const fn may_be_cut(self) -> bool {
        !self.may_be_left_out()
    }
}

/// Digits of a number that Envoy can hold.
pub(super) fn is_length(length: &str) -> bool {
    (1..=6).contains(&length.len()) && length.bytes().all(|digit| digit.is_ascii_digit())
}

fn are_headers(text: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.strip_prefix(':').unwrap_or(name);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    };
    match text.split_once('?') {
        Some((name, other)) => is_name(name) && is_name(other),
        None => is_name(text),
    }
}

fn is_filter_state(text: &str) -> bool {
    match text.split(':').collect::<Vec<_>>()[..] {
        [key] | [key, "PLAIN" | "TYPED"] => !key.is_empty(),
        [key, "FIELD", name] => !key.is_empty() && !name.is_empty(),
        _ => false,
    }
}

/// Every operator that may be written (reference contour.md, Appendix B).
pub(super) const OPERATORS: [(&str, Arguments); 84] = [
    ("BYTES_RECEIVED", Nothing),
    ("BYTES_SENT", Nothing),
    ("CONNECTION_ID", Nothing),
    ("CONNECTION_TERMINATION_DETAILS", Nothing),
    ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", Nothing),
    ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", Maybe),
    ("DOWNSTREAM_DIRECT_REMOTE_PORT", Nothing),
    ("DOWNSTREAM_HEADER_BYTES_RECEIVED", Nothing),
    ("DOWNSTREAM_HEADER_BYTES_SENT", Nothing),
    ("DOWNSTREAM_LOCAL_ADDRESS", Nothing),
    ("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Maybe),
    ("DOWNSTREAM_LOCAL_PORT", Nothing),
    ("DOWNSTREAM_LOCAL_SUBJECT", Nothing),
    ("DOWNSTREAM_LOCAL_URI_SAN", Nothing),
    ("DOWNSTREAM_PEER_CERT", Nothing),
    ("DOWNSTREAM_PEER_CERT_V_END", Maybe),
    ("DOWNSTREAM_PEER_CERT_V_START", Maybe),
    ("DOWNSTREAM_PEER_FINGERPRINT_1", Nothing),
    ("DOWNSTREAM_PEER_FINGERPRINT_256", Nothing),
    ("DOWNSTREAM_PEER_ISSUER", Nothing),
    ("DOWNSTREAM_PEER_SERIAL", Nothing),
    ("DOWNSTREAM_PEER_SUBJECT", Nothing),
    ("DOWNSTREAM_PEER_URI_SAN", Nothing),
    ("DOWNSTREAM_REMOTE_ADDRESS", Nothing),
    ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Maybe),
    ("DOWNSTREAM_REMOTE_PORT", Nothing),
    ("DOWNSTREAM_TLS_CIPHER", Nothing),
    ("DOWNSTREAM_TLS_SESSION_ID", Nothing),
    ("DOWNSTREAM_TLS_VERSION", Nothing),
    ("DOWNSTREAM_WIRE_BYTES_RECEIVED", Nothing),
    ("DOWNSTREAM_WIRE_BYTES_SENT", Nothing),
    ("DURATION", Nothing),
    ("ENVIRONMENT", Text),
    ("FILTER_CHAIN_NAME", Nothing),
    ("GRPC_STATUS", Words(&["CAMEL_STRING", "SNAKE_STRING", "NUMBER"])),
    ("GRPC_STATUS_NUMBER", Nothing),
    ("HOSTNAME", Nothing),
    ("LOCAL_REPLY_BODY", Nothing),
    ("METADATA", Metadata),
    ("PROTOCOL", Nothing),
    ("REQ", Headers),
    ("REQUESTED_SERVER_NAME", Words(&["SNI_ONLY", "SNI_FIRST", "HOST_FIRST"])),
    ("REQUEST_DURATION", Nothing),
    ("REQUEST_HEADERS_BYTES", Nothing),
    ("REQUEST_TX_DURATION", Nothing),
    ("REQ_WITHOUT_QUERY", Headers),
    ("RESP", Headers),
    ("RESPONSE_CODE", Nothing),
    ("RESPONSE_CODE_DETAILS", Maybe),
    ("RESPONSE_DURATION", Nothing),
    ("RESPONSE_FLAGS", Nothing),
    ("RESPONSE_HEADERS_BYTES", Nothing),
    ("RESPONSE_TRAILERS_BYTES", Nothing),
    ("RESPONSE_TX_DURATION", Nothing),
    ("ROUTE_NAME", Nothing),
    ("START_TIME", Maybe),
    ("TLS_JA3_FINGERPRINT", Nothing),
    ("TLS_JA4_FINGERPRINT", Nothing),
    ("TRAILER", Headers),
    ("UPSTREAM_CLUSTER", Nothing),
    ("UPSTREAM_FILTER_STATE", FilterState),
    ("UPSTREAM_HEADER_BYTES_RECEIVED", Nothing),
    ("UPSTREAM_HEADER_BYTES_SENT", Nothing),
    ("UPSTREAM_HOST", Nothing),
    ("UPSTREAM_LOCAL_ADDRESS", Nothing),
    ("UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Maybe),
    ("UPSTREAM_LOCAL_PORT", Nothing),
    ("UPSTREAM_PEER_CERT", Nothing),
    ("UPSTREAM_PEER_CERT_V_END", Maybe),
    ("UPSTREAM_PEER_CERT_V_START", Maybe),
    ("UPSTREAM_PEER_ISSUER", Nothing),
    ("UPSTREAM_PEER_SUBJECT", Nothing),
    ("UPSTREAM_PROTOCOL", Nothing),
    ("UPSTREAM_REMOTE_ADDRESS", Nothing),
    ("UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Maybe),
    ("UPSTREAM_REMOTE_PORT", Nothing),
    ("UPSTREAM_REQUEST_ATTEMPT_COUNT", Nothing),
    ("UPSTREAM_TLS_CIPHER", Nothing),
    ("UPSTREAM_TLS_SESSION_ID", Nothing),
    ("UPSTREAM_TLS_VERSION", Nothing),
    ("UPSTREAM_TRANSPORT_FAILURE_REASON", Nothing),
    ("UPSTREAM_WIRE_BYTES_RECEIVED", Nothing),
    ("UPSTREAM_WIRE_BYTES_SENT", Nothing),
    ("VIRTUAL_CLUSTER_NAME", Nothing),
];

#[cfg(test)]
mod tests {
    use super::OPERATORS;

    #[test]
    fn no_operator_stands_twice() {
        let mut names: Vec<_> = OPERATORS.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATORS.len());
    }
}
