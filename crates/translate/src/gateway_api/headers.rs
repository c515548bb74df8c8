//! Changes of headers.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::gateway_api::http_route::headers::{HttpHeader, HttpHeaderFilter};
use model::{HeaderEdits, HeaderValue, HostRewrite};

/// What a filter does to headers of requests, and the host that it sets, for which Envoy has a place of its own. Of equal
/// names the first counts.
///
/// # Errors
/// What Envoy would not take.
pub(super) fn of_requests(filter: &HttpHeaderFilter) -> Result<(HeaderEdits, Option<HostRewrite>), String> {
    let (hosts, set): (Vec<_>, Vec<_>) = filter.set.iter().partition(|header| is_host(&header.name));
    let host = hosts.first().map(|header| rules::authority(&header.value)).transpose();
    let host = host.map_err(|why| why.to_string())?.map(|host| HostRewrite::Literal(host.into()));
    if filter.add.iter().any(|header| is_host(&header.name)) || filter.remove.iter().any(|name| is_host(name))
    {
        let message = "the header Host can be set here, or changed by a filter URLRewrite, and neither added nor removed";
        return Err(message.into());
    }
    Ok((edits(set.into_iter(), filter)?, host))
}

/// What a filter does to headers of answers. Of equal names the first counts.
///
/// # Errors
/// What Envoy would not take.
pub(super) fn of_answers(filter: &HttpHeaderFilter) -> Result<HeaderEdits, String> {
    let mut names = filter.set.iter().chain(&filter.add).map(|header| &header.name).chain(&filter.remove);
    if names.any(|name| is_host(name)) {
        let message = "Host is no header of answers; a filter RequestHeaderModifier can set it in requests";
        return Err(message.into());
    }
    edits(filter.set.iter(), filter)
}

fn is_host(name: &str) -> bool {
    name.eq_ignore_ascii_case("host")
}

fn edits<'a>(
    set: impl Iterator<Item = &'a HttpHeader>,
    filter: &HttpHeaderFilter,
) -> Result<HeaderEdits, String> {
    let mut remove = Vec::new();
    for name in &filter.remove {
        let name = rules::removed_header(name).map_err(|why| why.to_string())?;
        remove.push(Arc::from(name.as_str()));
    }
    remove.sort_unstable();
    remove.dedup();
    Ok(HeaderEdits { set: values(set)?, add: values(filter.add.iter())?, remove })
}

/// A header with its value.
type Named = (Arc<str>, HeaderValue);

/// Names with values as they are: nothing is put in.
fn values<'a>(headers: impl Iterator<Item = &'a HttpHeader>) -> Result<Vec<Named>, String> {
    let mut values = BTreeMap::new();
    for header in headers {
        let name = rules::set_header(&header.name).map_err(|why| why.to_string())?;
        // For Envoy a percent sign begins a command.
        let value = rules::header_value(&header.value).map_err(|why| why.to_string())?.replace('%', "%%");
        values.entry(Arc::from(name.as_str())).or_insert_with(|| value.into());
    }
    Ok(values.into_iter().collect())
}
