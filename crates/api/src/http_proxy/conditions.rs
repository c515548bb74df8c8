//! Match conditions of routes and includes (reference contour.md 3.8).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One condition; a block is a list of them, all must hold. Exactly one of the fields is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct MatchCondition {
    /// Path prefix as plain text, begins with `/`; prefixes of an include chain are joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The whole path, begins with `/`. Routes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// RE2 expression for the whole path, begins with `/`. Routes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// A header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Box<HeaderMatchCondition>>,
    /// A query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_parameter: Option<Box<QueryParameterMatchCondition>>,
}

/// A header condition; the first operator given counts, in the order present, notpresent, contains, notcontains,
/// exact, notexact, regex.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HeaderMatchCondition {
    /// Required; also `:method` and `:authority`.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The header is there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub present: bool,
    /// The header is not there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub notpresent: bool,
    /// The value contains this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// The value does not contain this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notcontains: Option<String>,
    /// Compares without case; for exact, notexact, contains and notcontains.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_case: bool,
    /// The value equals this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// The value differs from this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notexact: Option<String>,
    /// RE2 expression for the whole value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Takes a missing header for an empty one; for the negative operators only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub treat_missing_as_empty: bool,
}

/// A query parameter condition; exactly one operator. Only the first value of a repeated parameter counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct QueryParameterMatchCondition {
    /// Required.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The value equals this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// The value begins with this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The value ends with this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// RE2 expression for the whole value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// The value contains this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Compares without case; not for regex and present.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_case: bool,
    /// The parameter is there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub present: bool,
}
