//! Changes of headers.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::gateway_api::http_route::headers::{HttpHeader, HttpHeaderFilter};
use model::{HeaderEdits, HeaderValue};

/// What a filter does to headers. Of equal names the first counts.
///
/// # Errors
/// What Envoy would not take.
pub(super) fn edits(filter: &HttpHeaderFilter) -> Result<HeaderEdits, String> {
    let mut remove = Vec::new();
    for name in &filter.remove {
        let name = rules::removed_header(name).map_err(|why| why.to_string())?;
        remove.push(Arc::from(name.as_str()));
    }
    remove.sort_unstable();
    remove.dedup();
    Ok(HeaderEdits { set: values(&filter.set)?, add: values(&filter.add)?, remove })
}

/// A header with its value.
type Named = (Arc<str>, HeaderValue);

/// Names with values as they are: nothing is put in.
fn values(headers: &[HttpHeader]) -> Result<Vec<Named>, String> {
    let mut values = BTreeMap::new();
    for header in headers {
        let name = rules::set_header(&header.name).map_err(|why| why.to_string())?;
        // For Envoy a percent sign begins a command.
        let value = rules::header_value(&header.value).map_err(|why| why.to_string())?.replace('%', "%%");
        values.entry(Arc::from(name.as_str())).or_insert_with(|| value.into());
    }
    Ok(values.into_iter().collect())
}
