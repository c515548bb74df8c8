//! Which requests a rule is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;
use crate::gateway_api::Check;
use crate::schema::forms;
use crate::validate::{At, Findings};

/// Requests that have everything of this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRouteMatch {
    /// Default: every path.
    #[schemars(extend("default" = {}))]
    pub path: HttpPathMatch,
    /// At most 16, with different names; all must match.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub headers: Vec<HttpHeaderMatch>,
    /// At most 16, with different names; all must match.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub query_params: Vec<HttpQueryParamMatch>,
    /// Default: every method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Choice<HttpMethod>>,
}

choices! {
    /// How a path is compared.
    PathMatchType {
        /// With the whole path.
        Exact = "Exact",
        /// With its first elements: `/a` matches `/a` and `/a/b`, not `/ab`.
        PathPrefix = "PathPrefix",
        /// With the whole path, as an expression of RE2.
        RegularExpression = "RegularExpression",
    }
}

/// A path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpPathMatch {
    /// Default `PathPrefix`.
    #[schemars(extend("default" = "PathPrefix"))]
    pub r#type: Choice<PathMatchType>,
    /// At most 1,024 characters; default `/`.
    #[schemars(length(max = 1024), extend("default" = "/"))]
    pub value: String,
}

impl Default for HttpPathMatch {
    fn default() -> Self {
        Self { r#type: PathMatchType::PathPrefix.into(), value: "/".to_owned() }
    }
}

choices! {
    /// How a value is compared.
    ValueMatchType {
        /// As it is.
        Exact = "Exact",
        /// As an expression of RE2, with the whole value.
        RegularExpression = "RegularExpression",
    }
}

/// A header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpHeaderMatch {
    /// Default `Exact`.
    #[schemars(extend("default" = "Exact"))]
    pub r#type: Choice<ValueMatchType>,
    /// Required; of equal names in different case the first counts.
    #[schemars(length(min = 1, max = 256), regex(pattern = forms::TOKEN))]
    pub name: String,
    /// Required; 1 to 4,096 characters.
    #[schemars(length(min = 1, max = 4096), regex(pattern = forms::HEADER_VALUE))]
    pub value: String,
}

impl Default for HttpHeaderMatch {
    fn default() -> Self {
        Self { r#type: ValueMatchType::Exact.into(), name: String::new(), value: String::new() }
    }
}

/// A query parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpQueryParamMatch {
    /// Default `Exact`.
    #[schemars(extend("default" = "Exact"))]
    pub r#type: Choice<ValueMatchType>,
    /// Required.
    #[schemars(length(min = 1, max = 256), regex(pattern = forms::TOKEN))]
    pub name: String,
    /// Required; 1 to 1,024 characters.
    #[schemars(length(min = 1, max = 1024))]
    pub value: String,
}

impl Default for HttpQueryParamMatch {
    fn default() -> Self {
        Self { r#type: ValueMatchType::Exact.into(), name: String::new(), value: String::new() }
    }
}

choices! {
    /// A method of HTTP.
    HttpMethod {
        /// `GET`.
        Get = "GET",
        /// `HEAD`.
        Head = "HEAD",
        /// `POST`.
        Post = "POST",
        /// `PUT`.
        Put = "PUT",
        /// `DELETE`.
        Delete = "DELETE",
        /// `CONNECT`.
        Connect = "CONNECT",
        /// `OPTIONS`.
        Options = "OPTIONS",
        /// `TRACE`.
        Trace = "TRACE",
        /// `PATCH`.
        Patch = "PATCH",
    }
}

impl Check for HttpRouteMatch {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.path.check(&at.field("path"), out);
    }
}

/// What a path may not contain, as nobody who looks at normalized paths would ever find it.
const NEVER_IN_PATHS: [&str; 6] = ["//", "/./", "/../", "%2f", "%2F", "#"];

impl Check for HttpPathMatch {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let (at, value) = (at.field("value"), &self.value);
        match self.r#type.known() {
            Some(PathMatchType::Exact | PathMatchType::PathPrefix) => {}
            Some(PathMatchType::RegularExpression) | None => return,
        }
        if !value.starts_with('/') {
            out.add(&at, format!("found {value:?}, expected a path that begins with \"/\""));
        } else if let Some(part) = NEVER_IN_PATHS.iter().find(|part| value.contains(*part)) {
            out.add(&at, format!("found {value:?}, which must not contain {part:?}"));
        } else if let Some(end) = ["/..", "/."].iter().find(|end| value.ends_with(*end)) {
            out.add(&at, format!("found {value:?}, which must not end with {end:?}"));
        } else if let Some(why) = forms::refusal(forms::PATH_CHARACTERS, value) {
            out.add(&at, format!("found {value:?}, {why}"));
        }
    }
}
