//! Redirects, and other hosts and paths for backends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;
use crate::gateway_api::Check;
use crate::gateway_api::check::check_union;
use crate::schema::forms;
use crate::validate::{At, Findings};

choices! {
    /// Scheme of a redirect.
    RedirectScheme {
        /// To clear text.
        Http = "http",
        /// To TLS.
        Https = "https",
    }
}

/// A redirect; what is not given stays as in the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRequestRedirectFilter {
    /// Default: that of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Choice<RedirectScheme>>,
    /// Default: that of the request; no wildcard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub hostname: Option<String>,
    /// Default: that of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<HttpPathModifier>,
    /// Default: that of the scheme if one is given, else that of the listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
    /// 301, 302, 303, 307, 308; default 302.
    #[schemars(extend("enum" = [301, 302, 303, 307, 308], "default" = 302))]
    pub status_code: i64,
}

impl Default for HttpRequestRedirectFilter {
    fn default() -> Self {
        Self { scheme: None, hostname: None, path: None, port: None, status_code: 302 }
    }
}

/// Another host and path for backends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpUrlRewriteFilter {
    /// Default: that of the request; no wildcard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub hostname: Option<String>,
    /// Default: that of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<HttpPathModifier>,
}

choices! {
    /// What of a path is replaced; the field of the same name says by what.
    HttpPathModifierType {
        /// All of it.
        ReplaceFullPath = "ReplaceFullPath",
        /// The prefix that was matched.
        ReplacePrefixMatch = "ReplacePrefixMatch",
    }
}

/// Another path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpPathModifier {
    /// Required.
    pub r#type: Choice<HttpPathModifierType>,
    /// At most 1,024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub replace_full_path: Option<String>,
    /// At most 1,024 characters; needs a rule with exactly one match, of a prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub replace_prefix_match: Option<String>,
}

impl HttpPathModifier {
    /// Whether the prefix that was matched is replaced.
    pub fn replaces_prefix(&self) -> bool {
        self.r#type == HttpPathModifierType::ReplacePrefixMatch.into() && self.replace_prefix_match.is_some()
    }
}

impl Check for HttpRequestRedirectFilter {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.path.check(&at.field("path"), out);
    }
}

impl Check for HttpUrlRewriteFilter {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.path.check(&at.field("path"), out);
    }
}

impl Check for HttpPathModifier {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        use HttpPathModifierType::{ReplaceFullPath, ReplacePrefixMatch};
        let fields = [
            ("replaceFullPath", ReplaceFullPath, self.replace_full_path.is_some()),
            ("replacePrefixMatch", ReplacePrefixMatch, self.replace_prefix_match.is_some()),
        ];
        check_union(("type", &self.r#type), &fields, at, out);
    }
}
