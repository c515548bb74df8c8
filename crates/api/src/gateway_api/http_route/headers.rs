//! Changes of headers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::forms;

/// Changes of headers, in the order `set`, `add`, `remove`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpHeaderFilter {
    /// At most 16, with different names; replace what is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub set: Vec<HttpHeader>,
    /// At most 16, with different names; come beside what is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub add: Vec<HttpHeader>,
    /// At most 16 names, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "set"))]
    pub remove: Vec<String>,
}

/// A header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpHeader {
    /// Required.
    #[schemars(length(min = 1, max = 256), regex(pattern = forms::TOKEN))]
    pub name: String,
    /// Required; 1 to 4,096 characters.
    #[schemars(length(min = 1, max = 4096), regex(pattern = forms::HEADER_VALUE))]
    pub value: String,
}
