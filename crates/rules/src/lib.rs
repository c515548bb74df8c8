//! What a string or number of a user must be before it may reach Envoy.
//!
//! Each rule is a small pure function from what the user wrote to its canonical form, or to an
//! [`Invalid`] that says what was found, why it cannot be, and the way out. A rule exists because Envoy
//! refuses the value (and with it a whole route table, listener or cluster), or accepts it and then
//! splits responses, opens a policy or breaks requests; its test names the observed case.
//!
//! Nothing here reads an object or knows a field path (callers put it in front), durations are parsed
//! elsewhere, and expressions are judged by the `re2` crate.
//!
//! The three types to know: [`Invalid`], [`Host`] (a canonical host name) and [`HeaderName`].

mod address;
mod cookie;
mod duration;
mod format;
mod header;
mod host;
mod invalid;
mod log_format;
mod matching;
mod number;
mod origin;
mod path;
mod redirect;
mod status;
mod uri;

pub use address::{cidr, ip_address};
pub use cookie::{cookie_attribute, cookie_domain, cookie_name, cookie_path};
pub use duration::{MAX_DURATION, backoff, fill_interval, positive_timeout, timeout};
pub use format::{Substitutions, escape_header_value, host_from_header};
pub use header::{
    HeaderName, MAX_HEADER_BYTES, MAX_HEADERS, edited_headers, header_value, matched_header,
    rate_limit_headers, removed_header, set_header,
};
pub use host::{Host, authority, server_name};
pub use invalid::Invalid;
pub use log_format::{DEFAULT_LOG_FIELDS, log_field, log_line, log_operators};
pub use matching::{hash_parameter, matched_text, resource_name, retry_on, stored_text, token};
pub use number::{hundredths, max_requests, percent, port, weights};
pub use origin::{Origin, origin};
pub use path::{
    Compared, Path, PathPrefix, encoded_path, health_check_path, is_plain_path, merged_slashes, normal_path,
    path, redirect_path, rewrite_path, separated_prefix,
};
pub use redirect::{redirect_code, redirect_scheme};
pub use status::{
    MAX_DIRECT_BODY, StatusRange, direct_response_body, direct_response_status, expected_statuses,
    rate_limit_status, retriable_status,
};
pub use uri::{InvalidUri, ServerUri, server_uri};
