//! Requests from pages of other sites.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;
use crate::gateway_api::Check;
use crate::schema::forms;
use crate::validate::{At, Findings};

choices! {
    /// A method that pages of other sites may use.
    CorsMethod {
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
        /// Every method.
        All = "*",
    }
}

/// Answers preflight requests and adds the headers of CORS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpCorsFilter {
    /// At most 64, each once: `*` alone, or a scheme with a host, which may begin with `*.`, and perhaps a port.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 253), regex(pattern = forms::CORS_ORIGIN)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub allow_origins: Vec<String>,
    /// Whether pages may send credentials; default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_credentials: bool,
    /// At most 9, each once: `*` alone, or methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 9), extend("x-kubernetes-list-type" = "set"))]
    pub allow_methods: Vec<Choice<CorsMethod>>,
    /// At most 64, each once: `*` alone, or headers that pages may send.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 256), regex(pattern = forms::TOKEN)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub allow_headers: Vec<String>,
    /// At most 64, each once: headers of answers that pages may read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 256), regex(pattern = forms::TOKEN)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub expose_headers: Vec<String>,
    /// For how many seconds an answer to a preflight request holds; at least 1, default 5.
    #[schemars(range(min = 1, max = i32::MAX), extend("default" = 5))]
    pub max_age: i64,
}

impl Default for HttpCorsFilter {
    fn default() -> Self {
        Self {
            allow_origins: Vec::new(),
            allow_credentials: false,
            allow_methods: Vec::new(),
            allow_headers: Vec::new(),
            expose_headers: Vec::new(),
            max_age: 5,
        }
    }
}

impl Check for HttpCorsFilter {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let is_star = |text: &String| text == "*";
        let lists = [
            ("allowOrigins", self.allow_origins.len(), self.allow_origins.iter().any(is_star)),
            ("allowMethods", self.allow_methods.len(), self.allow_methods.contains(&CorsMethod::All.into())),
            ("allowHeaders", self.allow_headers.len(), self.allow_headers.iter().any(is_star)),
        ];
        for (field, _, _) in lists.iter().filter(|(_, count, has_star)| *has_star && *count > 1) {
            out.add(&at.field(field), "contains \"*\", which must stand alone");
        }
    }
}
