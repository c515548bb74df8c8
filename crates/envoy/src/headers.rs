//! Changes to headers.

use envoy_protos::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_protos::envoy::config::core::v3::{HeaderValue, HeaderValueOption};
use model::HeaderEdits;

/// The headers that get a value, whatever they had or beside that.
pub(crate) fn to_set(edits: &HeaderEdits) -> Vec<HeaderValueOption> {
    let set = edits.set.iter().map(|(name, value)| set(name, value));
    set.chain(edits.add.iter().map(|(name, value)| append(name, value))).collect()
}

/// The headers that are taken away; Envoy does so before it sets others.
pub(crate) fn to_remove(edits: &HeaderEdits) -> Vec<String> {
    edits.remove.iter().map(|name| name.to_string()).collect()
}

/// One more value of a header, beside those that it has.
pub(crate) fn append(name: &str, value: &str) -> HeaderValueOption {
    option(name, value, HeaderAppendAction::AppendIfExistsOrAdd)
}

/// A value of a header in place of those that it has.
pub(crate) fn set(name: &str, value: &str) -> HeaderValueOption {
    option(name, value, HeaderAppendAction::OverwriteIfExistsOrAdd)
}

fn option(name: &str, value: &str, action: HeaderAppendAction) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(HeaderValue { key: name.to_owned(), value: value.to_owned(), ..Default::default() }),
        append_action: action.into(),
        // Without this, Envoy drops a header whose value was written as empty.
        keep_empty_value: value.is_empty(),
        ..Default::default()
    }
}
